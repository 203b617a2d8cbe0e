"""To see it move: a laboratory with one small GAN, on a page or in a notebook, and the figure of a run that is on.

Nothing in the library imports this part, and only what draws a page imports Bokeh (extra ``live``).
"""

from tinygan.live.lab import Lab
from tinygan.live.notebook import lab
from tinygan.live.settings import Settings
from tinygan.live.watching import watch

__all__ = ["Lab", "Settings", "lab", "watch"]
