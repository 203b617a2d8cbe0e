"""The look that all figures share: colours, fonts, a blank canvas, and saving it."""

from typing import TYPE_CHECKING, Any

from tinygan.files import PathLike, whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue is always the data and D, orange always the fakes and G. The pair (Okabe and Ito, "Color
# Universal Design", 2008) stays apart for every common kind of colour blindness and in grey.
BLUE = "#0072B2"
ORANGE = "#E69F00"
DARK_ORANGE = "#9C5A00"
INK = "#2B2B2B"
GREY = "#767676"
LIGHT_GREY = "#DDDDDD"

DPI = 100  # pixels per inch: a figure of 6 by 5.4 inches is 600 by 540 pixels


def new_figure(width: float, height: float) -> "Figure":
    """Return a blank figure of `width` by `height` inches.

    It is made without pyplot, which keeps global state and may ask for a display.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def plain_axes(axes: "Axes") -> None:
    """Give `axes` thin grey lines and small labels, so that the data speak."""
    for spine in axes.spines.values():
        spine.set(color=GREY, linewidth=0.8)
    axes.tick_params(which="both", colors=GREY, labelcolor=INK, labelsize=9, width=0.8)
    axes.tick_params(which="major", length=3)


def save_figure(figure: "Figure", path: PathLike) -> None:
    """Write `figure` as a PNG; `path` is replaced only when the whole file is written."""
    with whole_file(path) as file:
        figure.savefig(file, format="png", dpi=DPI)


def plain_text(text: str) -> str:
    """Return `text` such that matplotlib draws a dollar sign instead of reading mathematics."""
    return text.replace("$", r"\$")


def title_style() -> dict[str, Any]:
    """Return the font settings of a title."""
    return {"fontsize": 11, "color": INK, "loc": "left"}
