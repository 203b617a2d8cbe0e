"""What the README says is run as it is written."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_blocks_run_one_after_the_other(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 2
    names: dict = {"__name__": "readme"}
    for code in blocks:
        exec(compile(code, "README.md", "exec"), names)
        printed = capsys.readouterr().out
        assert printed and "nan" not in printed
        for line in re.findall(r"print\(.*\)  # (.*)", code):  # a comment behind a print is what it prints
            assert line in printed


def test_commands_name_real_options_and_modules():
    from tinygan.train import parser

    options = {text for action in parser()._actions for text in action.option_strings}
    for line in re.findall(r"-m tinygan\.train(.*)", README):
        for option in re.findall(r"(--[a-z-]+)", line.split("#")[0]):
            assert option in options, option
    for module in re.findall(r"-m tinygan\.(\w+)", README):
        assert any((ROOT / "tinygan" / name).exists() for name in (f"{module}.py", f"{module}/__main__.py")), module


def test_links_inside_the_repository_resolve():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_the_two_commands_are_single_lines():
    for marker in ("the first command", "the test command"):
        block = re.search(rf"<!-- {marker} -->\n```\n(.*?)```", README, re.DOTALL)
        assert block and block[1].count("\n") == 1 and block[1].startswith("python3 -m venv")
