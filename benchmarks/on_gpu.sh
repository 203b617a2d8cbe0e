#!/bin/sh
# All that only a GPU can answer, in one command and under eight minutes: see benchmarks/on_gpu.py.
cd "$(dirname "$0")/.." && exec "${PYTHON:-python3}" -m benchmarks.on_gpu "$@"
