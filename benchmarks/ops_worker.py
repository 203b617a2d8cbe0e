"""One side of the comparison of single ops, alone in its process.

``python -m benchmarks.ops_worker tinygan|torch THREADS`` reads orders from standard input, one a line, and answers
each with one line of JSON:

    case NAME     get ready for another op of `benchmarks.op_cases`:  whether it has a backward
    values FILE   compute it once, and save its result and gradients in an .npz file
    forward S     compute it for about S seconds:  the median time, in seconds
    backward S    the same for the gradients of all its inputs
"""

from __future__ import annotations

import json
import sys

import numpy as np

from benchmarks.op_cases import CASES, Job, tinygan_job, torch_job
from benchmarks.worker import median_time

SIDES = {"tinygan": tinygan_job, "torch": torch_job}


def answer(job: Job, order: str, argument: str) -> object:
    if order == "values":
        np.savez(argument, *job.values())
        return True
    if order == "forward":
        return median_time(job.forward, float(argument))
    y, backward = job.forward(), job.backward
    assert backward, "this op has no backward"
    return median_time(lambda: backward(y), float(argument))


def main() -> None:
    side, threads = sys.argv[1], int(sys.argv[2])
    job = None
    for line in sys.stdin:
        order, argument = line.strip().split(" ", 1)
        if order == "case":
            job = None  # frees the last one's arrays first
            job = SIDES[side](CASES[argument], threads)
            found: object = job.backward is not None
        else:
            assert job, "no case was chosen"
            found = answer(job, order, argument)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
