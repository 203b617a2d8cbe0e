"""Faults of a training step's code, each a change of its text: the clinic's runs that no setting makes ill."""

from __future__ import annotations

import re
from collections.abc import Sequence

# (what stands in a line, what is to stand there), as `re.sub` takes them.
FAULTS: dict[str, tuple[tuple[str, str], ...]] = {
    "both move": ((r"\.detach\(\)", ""), (r"D\.parameters\(\)", "D.parameters() + G.parameters()")),
    "wrong label": ((r"\w+\.generator\((D\(fake\)|D\(packed\(fake\)\)).*", r"bce_with_logits(\1, 0.0)"),),
    "same batch": ((r"sample\((\d+), rng\)", r"sample(\1, default_rng(7))"),),
    "range": ((r"^data = .*", "data = ring(radius=3.0, sigma=0.24)"), (r"^G = (.*)", r"G = Sequential(\1, Tanh())")),
}


def planted(fault: str, lines: Sequence[str]) -> list[str]:
    """The lines with that fault in them; as they are without one."""
    for healthy, sick in FAULTS.get(fault, ()):
        lines = [re.sub(healthy, sick, line) for line in lines]
    return list(lines)
