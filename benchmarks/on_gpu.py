"""All that only a GPU can answer, in one command: ``benchmarks/on_gpu.sh``.

Five parts, each in a process of its own with a time limit of its own (and what those before it did not need), together
under eight minutes on one card:

    versions   the card, the driver, CuPy, NumPy, PyTorch
    tests      pytest -m gpu
    parity     the first steps of every preset, called and played back, against NumPy's
    runs       every preset from the command line, with a --resume
    race       one training step beside PyTorch's, eager and as a CUDA graph: dcgan at 64, 256 and 1024, and others

If a part fails, or is cut off, the next begins. After each part two files are written to the folder $OUT (``out``):
``on_gpu.txt``, a summary first and then all that was printed, and ``on_gpu.json``, with every number. The summary is
printed at the end. Exit status: 0 if all is well, 1 if not, or if something was missing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

# Nothing of tinygan is imported here: where a package is missing, each part says so, and the files are written.
PROGRAM = "python -m benchmarks.on_gpu"
ROOT = Path(__file__).resolve().parent.parent
FACT = "fact: "  # what begins a line of numbers
PARTS = {"versions": 20.0, "tests": 150.0, "parity": 60.0, "runs": 80.0, "race": 160.0}  # seconds, 470 together


def do(name: str) -> int:
    """Do one part in this process; its sentence is its last fact."""

    def say(**facts: Any) -> None:
        print(f"{FACT}{json.dumps(facts)}", flush=True)

    try:
        from benchmarks import on_gpu_parts as parts
    except ModuleNotFoundError as error:
        say(ended="missing", sentence=f"the package {error.name} is not installed: pip install {error.name}")
        return 1
    try:
        ended, sentence = "well", getattr(parts, name)(say)
    except parts.Missing as error:
        ended, sentence = "missing", str(error)
    except parts.Failed as error:
        ended, sentence = "failed", str(error)
    say(ended=ended, sentence=sentence)
    return int(ended != "well")


def watched(command: Sequence[str], seconds: float, text: Path) -> int | None:
    """Run a command, with what it prints in a file. Its exit status; None if it, with all it started, was cut off."""
    with text.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                end_all(process)


def end_all(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def result_of(status: int | None, seconds: float, text: str) -> dict[str, Any]:
    """What is known of a part from what it printed."""
    facts = [json.loads(line.removeprefix(FACT)) for line in text.splitlines() if line.startswith(FACT)]
    result = {"ended": "failed", "sentence": "", "seconds": round(seconds, 1), "facts": facts}
    if facts and "ended" in facts[-1]:
        result.update(facts.pop())
    elif status is None:
        words = "; ".join(fact["words"] for fact in facts if "words" in fact) or f"{len(facts)} findings"
        result.update(ended="cut off", sentence=f"it was cut off after {seconds:.0f} seconds; until then: {words}")
    else:
        result["sentence"] = (text.strip().splitlines() or [f"it ended with status {status}"])[-1]
    return result


def summary(results: Mapping[str, Mapping[str, Any]]) -> str:
    """A sentence for each part, under one that says how it went."""
    well = [name for name, result in results.items() if result["ended"] == "well"]
    lines = [f"{len(well)} of {len(PARTS)} parts went well: {', '.join(well) or 'none'}."]
    for name in PARTS:
        result = results.get(name)
        if result is None:
            lines.append(f"{name}: not begun")
        else:
            lines.append(f"{name} ({result['ended']}, {result['seconds']:.0f} s): {result['sentence']}")
    return "\n".join(lines)


def write(out: Path, results: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str]) -> None:
    """Both files, whole at any time."""
    pages = [summary(results), *(f"== {name} ==\n{text}" for name, text in texts.items())]
    for name, content in (("on_gpu.txt", "\n\n".join(pages)), ("on_gpu.json", json.dumps(results, indent=1))):
        new = out / f"{name}.new"
        new.write_text(f"{content}\n", encoding="utf-8")
        new.replace(out / name)


def measure(out: Path, names: Sequence[str]) -> int:
    """Do the parts one after the other; the exit status."""
    out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}
    texts: dict[str, str] = {}
    limit = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            limit += PARTS[name]
            print(f"{name}: up to {limit:.0f} seconds", flush=True)
            file, start = Path(folder, name), time.monotonic()
            status = watched([sys.executable, "-m", "benchmarks.on_gpu", "--part", name], limit, file)
            seconds = time.monotonic() - start
            limit = max(0.0, limit - seconds)
            texts[name] = file.read_text(encoding="utf-8", errors="replace")
            results[name] = result_of(status, seconds, texts[name])
            write(out, results, texts)
    print(summary(results))
    print(f"all of it: {out / 'on_gpu.txt'}, every number: {out / 'on_gpu.json'}")
    return int(any(result["ended"] != "well" for result in results.values()))


class Parser(argparse.ArgumentParser):
    """A command line whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: error: {message}\n")


def names(text: str) -> list[str]:
    """Some of the parts, with commas between."""
    found = text.split(",")
    if unknown := [name for name in found if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is unknown: choose from {', '.join(PARTS)}")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    p = Parser(prog=PROGRAM, description="All that only a GPU can answer: tests, parity, runs, and times.")
    p.add_argument("--only", type=names, default=list(PARTS), metavar="LIST", help=",".join(PARTS))
    p.add_argument("--part", choices=list(PARTS), help="do one part in this process, without a limit or files")
    args = p.parse_args(argv)
    return do(args.part) if args.part else measure(Path(os.environ.get("OUT") or "out"), args.only)


if __name__ == "__main__":
    sys.exit(main())
