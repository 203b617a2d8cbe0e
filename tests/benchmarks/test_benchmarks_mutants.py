"""Mutants: each is another program, with one fault, where the program computes and not where it speaks."""

from __future__ import annotations

import ast
import random
from collections import Counter

from benchmarks.faults import faults, mutant
from benchmarks.mutants import around, drawn, folder_of_tests, seen

TEXT = '''
def clipped(x: int, low: float = 0.5) -> int:
    """At least 3."""
    if x < low and not f(x, 2):
        raise ValueError(f"{x} is below {low + 1}")
    total = -x
    total += 1
    print(total)
    return total * x

def __repr__(self):
    return 2 * "text"

def kept(x):
    own = x.copy()
    own[0] = max(x) if isinstance(x, list) else x.mean(axis=1)
    return own
'''


def test_every_mutant_differs_in_one_place_and_can_be_run():
    n = len(list(faults(ast.parse(TEXT))))
    texts = [mutant(TEXT, k)[0] for k in range(n)]
    plain = ast.unparse(ast.parse(TEXT))
    assert len(set(texts)) == n and plain not in texts
    for text in texts:
        compile(text, "mutant", "exec")
        assert '"""At least 3."""' in text and ("{low + 1}" in text or "raise" not in text)  # what is said stays
    wanted = ("x <= low", "x < low or", "f(2, x)", "total -= 1", "total = x", "return total / x", "low: float=1.5")
    wanted += (
        "x < low and f(x",
        "own = x\n",
        "min(x)",
        "x.sum(axis=1)",
        "x.mean()",
        "own[-1]",
        "    pass\n    return own",
    )
    for change in wanted:
        assert any(change in text and change not in plain for text in texts), change
    assert any("print(total)" not in text for text in texts) and any("raise" not in text for text in texts)
    assert all("return 2 * 'text'" in text and "isinstance(list, x)" not in text for text in texts)


def test_the_parts_have_their_turns_and_the_kinds_are_drawn_alike():
    texts = {"tinygan/nn/a.py": TEXT + "\nTABLE = [" + "1, " * 500 + "]", "tinygan/optim.py": TEXT}
    chosen = drawn(texts, 50, random.Random(0))
    assert len(set(chosen)) == 50 and chosen == drawn(texts, 50, random.Random(0)) != drawn(texts, 50, random.Random(1))
    assert Counter(file for file, _ in chosen) == {"tinygan/nn/a.py": 25, "tinygan/optim.py": 25}
    kinds = [list(faults(ast.parse(texts[file])))[k][0] for file, k in chosen if "nn" in file]
    assert Counter(kinds)["number"] < 20 and len(set(kinds)) >= 8


def test_what_was_done_is_said_in_words():
    said = [mutant(TEXT, k)[2] for k in range(len(list(faults(ast.parse(TEXT)))))]
    assert "line 4: if x < low and (not f(x, 2)):  ->  if x <= low and (not f(x, 2)):" in said
    assert "line 9: return total * x  ->  return total / x" in said


def test_the_folder_of_tests_its_part_judge_it(tmp_path):
    assert folder_of_tests("tinygan/optim.py") == "tests/optim" and folder_of_tests("tinygan/nn/conv.py") == "tests/nn"
    tests = tmp_path / "tests" / "nn"
    tests.mkdir(parents=True)
    (tests / "test_it.py").write_text("def test_it():\n    assert True\n")
    assert seen(tmp_path, "tinygan/nn/conv.py") == ""
    (tests / "test_conv.py").write_text("def test_it():\n    assert False\n")
    assert seen(tmp_path, "tinygan/nn/conv.py") == "failed"
    (tests / "test_conv.py").write_text("def test_it():\n    while True: pass\n")
    assert seen(tmp_path, "tinygan/nn/conv.py", limit=1) == "endless"


def test_the_functions_around_a_line_are_found():
    text = "class Flip:\n    def forward(self, x):\n        return -x\n\ndef pad(x):\n    return x\n"
    assert around(text, 3) == ["Flip"] and around(text, 6) == ["pad"] and around(text, 4) == []
