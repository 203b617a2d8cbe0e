"""A laboratory to play with: one small GAN on points, live, on a page or in a notebook (extra ``live``).

Nothing in the library imports this part, and only what draws imports Bokeh.
"""

from tinygan.live.lab import Lab
from tinygan.live.notebook import lab
from tinygan.live.settings import Settings

__all__ = ["Lab", "Settings", "lab"]
