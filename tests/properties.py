"""Hypothesis's `given` without its clock: it would fail an example of 200 ms, as any may take on a busy machine."""

from __future__ import annotations

import hypothesis


def given(*strategies, **named):
    """``hypothesis.given`` with no time limit for an example."""
    return lambda test: hypothesis.settings(deadline=None)(hypothesis.given(*strategies, **named)(test))
