"""``python -m tinygan.check``: how far you are in the exercises; ``python -m tinygan.check ex05``: more about one."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from tinygan.check import guard
from tinygan.check.engine import HOME, Exercise, Result, exercises, submission
from tinygan.check.exam import BLANK
from tinygan.commandline import Parser, guarded
from tinygan.files import whole_file
from tinygan.given import LARGEST_SEED
from tinygan.outputs import check_not_read

PROGRAM = "python -m tinygan.check"


def main(argv: Sequence[str] | None = None) -> None:
    p = Parser(prog=PROGRAM, description="Check the exercises of tutorials/exercises.")
    p.add_argument("exercise", nargs="*", help="such as ex05; without one: the list of all")
    p.add_argument("--hint", type=int, nargs="?", const=1, metavar="N", help="show hint N of an exercise (1)")
    p.add_argument("--begin", metavar="DIR", help="write what you begin with into DIR; your own files there stay")
    p.add_argument("--watch", action="store_true", help="check again after each save; Ctrl-C ends it")
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--gradescope", metavar="FILE", help="also write Gradescope's results.json")
    p.add_argument("--folder", metavar="DIR", help="your files: here if there are ex*.py, else tutorials/exercises")
    p.add_argument("--source", metavar="DIR", help="the instructor's sources: by default source/ beside your files")
    p.add_argument("--seed", type=int, default=0, help="draws the inputs (0)")
    p.add_argument("--time-limit", type=float, default=10.0, metavar="S", help="seconds for an exercise (10)")
    args = p.parse_args(argv)
    if not 0 <= args.seed <= LARGEST_SEED or not 0 < args.time_limit <= 3600:
        seed = f"--seed must be 0 or more and at most {LARGEST_SEED}"
        p.error(f"{seed}, and --time-limit above 0 and at most 3600 seconds")
    if args.begin:
        return begin(Path(args.begin).expanduser())
    folder, asked = exercises(args.folder, args.source, args.exercise)
    if args.hint is not None:
        if len(args.exercise) != 1:
            p.error(f"--hint N goes with one exercise: {PROGRAM} {asked[0].name} --hint 1")
        return print(fill(asked[0].hint(args.hint), 80))
    if args.gradescope:
        if os.path.isdir(args.gradescope):
            p.error(f"--gradescope {args.gradescope} is a folder: give the name of a file")
        check_not_read(
            Path(args.gradescope),
            *(e.path for e in asked),
            *(folder / e.path.name for e in asked),
            option="--gradescope",
        )
        args.own = guard.shut()
        for note in guard.notes(asked):
            print(f"{PROGRAM}: note: {note}", file=sys.stderr)
    saved, results = None, list[Result]()
    if args.watch:  # what a shell started in the background ignores Ctrl-C, but then this would never end
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        while not results or args.watch:
            now = [path.stat().st_mtime_ns for path in (folder / each.path.name for each in asked) if path.exists()]
            if now != saved:
                saved = now
                show(args, folder, asked, results)
            time.sleep(0.3 * args.watch)
    except KeyboardInterrupt:
        print()
    raise SystemExit(2 if all(r.status == BLANK for r in results) else 0 if all(results) else 1)


def begin(folder: Path) -> None:
    """Write the stubs, but none over a file that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    stubs = sorted(HOME.glob("ex*.py"))
    new = [path for path in stubs if not (folder / path.name).exists()]
    for path in new:
        with whole_file(folder / path.name) as file:
            file.write(path.read_bytes())
    print(
        f"{len(new)} exercises to begin with are in {folder}; {len(stubs) - len(new)} were there and stay as they are"
    )


def show(args: Any, folder: Path, asked: list[Exercise], results: list[Result]) -> None:
    """Check anew, and print or write what was asked for; what is printed is in `results` already, also at Ctrl-C."""
    results.clear()
    for exercise in asked:
        if args.gradescope:  # now, and not at the end alone: a submission may find a way to end this process
            guard.write(args.gradescope, asked, results)
        results.append(r := submission(exercise, folder, args.seed, args.time_limit))
        if args.gradescope:
            guard.end_what_is_left(args.own)
        line = str(r) if args.exercise else f"{r.status:13}  {r.points} of {r.out_of}  {r.title}"
        print(end="" if args.json else f"{line}\n", flush=True)
    score = sum(r.points for r in results)
    if args.json:
        print(json.dumps({"points": score, "exercises": [vars(r) for r in results]}, indent=1))
    elif not args.exercise:
        print(f"{score} of {sum(r.out_of for r in results)} points; {PROGRAM} {results[0].name} tells more about one")
    if args.gradescope:
        guard.write(args.gradescope, asked, results)


if __name__ == "__main__":
    guarded(PROGRAM, main)
