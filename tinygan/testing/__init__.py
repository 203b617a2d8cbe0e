"""Is this gradient right? `gradcheck` for Tensors, `gradcheck_pair` for a pair in plain NumPy.

Reading order: `differences` (the numeric side), `problem` (what is checked), `compare` (the two
against each other), `entry` and `report` (what it says), `tensors` and `gradcheck` (the two ways in);
then `diagnosis`, which names the mistake by asking `evidence` for the patterns in `substitutes`
(something replaced), `structure` (Jacobians) and `formulas` (factors).
"""

from tinygan.testing.entry import Diagnosis
from tinygan.testing.gradcheck import gradcheck, gradcheck_pair
from tinygan.testing.report import GradcheckError, Report

__all__ = ["Diagnosis", "GradcheckError", "Report", "gradcheck", "gradcheck_pair"]
