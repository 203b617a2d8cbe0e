"""In which order to read tinygan: the files of an hour and of an afternoon, with their lines counted at each build."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent / "tinygan"
LINES = 20  # read in a minute, comments and docstrings included

# (file, what it shows)
HOUR = [
    ("autograd/tensor.py", "what a Tensor remembers: an array, the op that made it, whether a gradient is wanted"),
    ("autograd/op.py", "what an op is: `forward` on arrays, `backward` on Tensors, and what calling one does"),
    ("autograd/arithmetic.py", "the shortest ops: +, -, *, /, powers"),
    ("autograd/elementwise.py", "exp, log, tanh and their kin: compare each backward with the derivative you know"),
    ("autograd/shape.py", "broadcasting and its way back, `broadcast_to` and `sum_to`, and all that moves numbers"),
    ("autograd/grad.py", "the one walk back that finds all gradients"),
]
AFTERNOON = [
    ("autograd/linear.py", "the matrix product, and why its backward is made of two more"),
    ("autograd/kinks.py", "relu and its kin: slopes that jump"),
    ("autograd/conv.py", "convolution, its adjoint and the gradient of its kernel, each made of the other two"),
    ("nn/module.py", "a network is an object whose Tensors can be found"),
    ("nn/linear.py", "Dense, the first layer"),
    ("nn/activations.py", "layers without weights: one formula each"),
    ("optim.py", "SGD, RMSProp, Adam"),
    ("gan/losses.py", "seven losses, as functions of what D says"),
    ("gan/game.py", "two networks, and the step that trains both; the file that all else is for"),
    ("gan/average.py", "the moving average of a generator"),
    ("training/loop.py", "the loop around the step: when it measures, draws and saves"),
]


def lines_of(name: str) -> int:
    return len((ROOT / name).read_text(encoding="utf-8").splitlines())


def table(files: list[tuple[str, str]]) -> str:
    """The files in their order, and how long they take together."""
    rows = [f"| `{name}` | {lines_of(name)} | {about} |" for name, about in files]
    total = sum(lines_of(name) for name, _ in files)
    end = f"Together {total:,} lines, docstrings included: {total / LINES:.0f} minutes at {LINES} lines a minute."
    return "\n".join(["| in `tinygan/` | lines | what it shows |", "|---|---|---|", *rows, "", end, ""])
