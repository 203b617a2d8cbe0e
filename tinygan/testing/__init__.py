"""Is this gradient right? `gradcheck` for Tensors, `gradcheck_pair` for a pair in plain NumPy.

Reading order: `differences` (the numeric side), `problem` (what is checked), `compare` (the two
against each other), `report` (what it says), `tensors` and `gradcheck` (the two ways in).
"""

from tinygan.testing.gradcheck import gradcheck, gradcheck_pair
from tinygan.testing.report import GradcheckError, Report

__all__ = ["GradcheckError", "Report", "gradcheck", "gradcheck_pair"]
