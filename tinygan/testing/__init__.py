"""Is this gradient right? `gradcheck` for Tensors, `gradcheck_pair` for a pair in plain NumPy.

Reading order: `gradcheck`, `problem`, `report`; then `diagnosis`, which names the mistake.
"""

from tinygan.testing.gradcheck import gradcheck, gradcheck_pair
from tinygan.testing.report import Diagnosis, GradcheckError, Report

__all__ = ["Diagnosis", "GradcheckError", "Report", "gradcheck", "gradcheck_pair"]
