"""Write what students begin with: ``python tutorials/exercises/make_stubs.py [DIR]``.

Without DIR: the stubs of this folder, from source/. With DIR: a class's copy, which has the stubs and, under
DIR/source, what checks them, with the solutions cut out. A file that is there and differs is not overwritten.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SOLUTION = re.compile(r"^( *)# BEGIN SOLUTION\n.*?# END SOLUTION\n", re.M | re.S)


def without_solution(source: str) -> str:
    """The source with `raise NotImplementedError` in the place of each solution.

    ValueError if a marker is mistyped or missing: what it should hide would be handed out.
    """
    text, count = SOLUTION.subn(r"\1raise NotImplementedError\n", source)
    if not count or source.count("SOLUTION") != 2 * count or source.count("\n# BEGIN SPEC\n") != 1:
        raise ValueError("its lines # BEGIN SOLUTION and # END SOLUTION, in pairs, and one # BEGIN SPEC must be exact")
    return text


def stub(source: str) -> str:
    """What a student begins with."""
    return without_solution(source).partition("# BEGIN SPEC")[0].rstrip() + "\n"


def solution(source: str) -> str:
    """A file that passes."""
    return source.partition("# BEGIN SPEC")[0].rstrip() + "\n"


def write(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") != text:
        print(f"{path} is left as it is: somebody has changed it (delete it to have it made again)")
    else:
        path.write_text(text, encoding="utf-8")


def main(folder: Path = HERE) -> None:
    texts = {}
    for path in sorted((HERE / "source").glob("ex*.py")):
        try:
            source = path.read_text(encoding="utf-8")
            texts[folder / path.name] = stub(source)
            texts[folder / "source" / path.name] = without_solution(source)
        except ValueError as error:
            sys.exit(f"{path} would give its solution away, so nothing is written: {error}")
    (folder / "source").mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        if path.parent.resolve() != HERE.resolve() / "source":
            write(path, text)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
