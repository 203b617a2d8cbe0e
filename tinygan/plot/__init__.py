"""Pictures of a run: sample grids, 2-D points and paths, the game, curves and their animation; and of a graph.

Every function takes NumPy arrays (`save_graph` a Tensor) and writes one file. Matplotlib and Pillow are imported when a
picture is drawn, so ``import tinygan.plot`` costs nothing.
"""

from tinygan.plot.curves import save_curves
from tinygan.plot.game import cell_centres, save_game
from tinygan.plot.gif import save_gif
from tinygan.plot.graph import graph_dot, save_graph
from tinygan.plot.grid import image_grid, save_grid
from tinygan.plot.panels import save_panels
from tinygan.plot.paths import save_paths
from tinygan.plot.points import save_points
from tinygan.plot.sequences import roll_images, text_images

__all__ = [
    "cell_centres",
    "graph_dot",
    "image_grid",
    "roll_images",
    "save_curves",
    "save_game",
    "save_gif",
    "save_graph",
    "save_grid",
    "save_panels",
    "save_paths",
    "save_points",
    "text_images",
]
