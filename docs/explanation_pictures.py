"""The pictures of the explanations: ``python docs/explanation_pictures.py``, a few seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from clinic_pictures import canvas  # beside this file
from PIL import Image

import tinygan as tg
from tinygan.plot import save_graph, style

IMAGES = Path(__file__).parent / "images" / "explanation"


def save(figure: Any, name: str) -> None:
    figure.tight_layout()
    style.save_figure(figure, IMAGES / name)
    shrink(IMAGES / name)


def shrink(path: Path) -> None:
    """A PNG of few colours is small."""
    Image.open(path).convert("RGB").quantize(32, kmeans=1).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


def dirac() -> None:
    """Paths of the Dirac-GAN: fakes at theta, data at 0, D(x) = psi x, the loss wgan."""
    paths: dict[str, list[tuple[float, float]]] = {}
    loss = tg.losses.get("wgan")
    for title, alternating, gamma in (
        ("both move at once", False, 0.0),
        ("one after the other", True, 0.0),
        ("at once, with R1", False, 0.5),
    ):
        theta = tg.Tensor([[1.0]], requires_grad=True)
        psi = tg.Tensor([[0.0]], requires_grad=True)
        data, rate, path = tg.Tensor([[0.0]]), 0.1, [(1.0, 0.0)]
        for _ in range(160):
            # |grad D(x)|^2 is psi^2 everywhere: R1 by hand.
            loss_d = loss.discriminator(data @ psi, theta.detach() @ psi) + gamma / 2 * (psi * psi).sum()
            (g_psi,) = tg.grad(loss_d, [psi])
            if alternating:
                psi.data -= rate * g_psi.data
            (g_theta,) = tg.grad(loss.generator(theta @ psi), [theta])
            if not alternating:
                psi.data -= rate * g_psi.data
            theta.data -= rate * g_theta.data
            path.append((theta.item(), psi.item()))
        paths[title] = path
    figure, axes = canvas(list(paths), 3.3, 3.3)
    for each, path in zip(axes, paths.values(), strict=True):
        each.axhline(0, color=style.LIGHT_GREY, lw=0.8)
        each.axvline(0, color=style.LIGHT_GREY, lw=0.8)
        each.plot(*zip(*path, strict=True), color=style.ORANGE, lw=1)
        each.plot(*path[0], "o", color=style.INK, ms=5)
        each.plot(0, 0, "+", color=style.BLUE, ms=12, mew=2)
        each.set(xlim=(-2.5, 2.5), ylim=(-2.5, 2.5), aspect="equal", xlabel="theta: where the fakes are")
    axes[0].set_ylabel("psi: D's slope")
    save(figure, "dirac.png")


def differences() -> None:
    """The error of a centred difference of exp at 1, by its step, in both precisions."""
    figure, (axes,) = canvas(["error of a centred difference of exp(x) at x = 1"], 5.2, 3.2)
    for dtype, colour in ((np.float64, style.BLUE), (np.float32, style.ORANGE)):
        steps = np.logspace(-13, 0, 200)
        one = dtype(1)
        slopes = [(np.exp(one + dtype(h)) - np.exp(one - dtype(h))) / dtype(2 * h) for h in steps]
        axes.loglog(steps, np.abs(np.array(slopes, float) - np.e) + 1e-17, color=colour, lw=1.2, label=dtype.__name__)
    axes.axvline(1e-5, color=style.GREY, lw=0.8, ls="--")
    axes.text(1.3e-5, 1e-1, "gradcheck's h", color=style.INK, fontsize=9)
    axes.set(xlabel="step h", ylabel="error", ylim=(1e-13, 10))
    axes.legend(frameon=False)
    save(figure, "differences.png")


def layouts() -> None:
    """Twelve numbers of a 2 x 2 image with three channels, in the order of memory."""
    figure = style.new_figure(6.6, 2.2)
    colours = (style.BLUE, style.ORANGE, style.LIGHT_GREY)
    for row, (name, order) in enumerate((("NHWC", "pixel"), ("NCHW", "channel"))):
        axes = figure.add_axes((0.12, 0.55 - 0.45 * row, 0.86, 0.32))
        for place in range(12):
            pixel, channel = (divmod(place, 3)) if order == "pixel" else divmod(place, 4)[::-1]
            ink = "white" if channel == 0 else style.INK
            axes.add_patch(_square(place, colours[channel]))
            axes.text(place + 0.5, 0.5, f"{pixel // 2},{pixel % 2}", ha="center", va="center", fontsize=9, color=ink)
        axes.text(-0.3, 0.5, name, ha="right", va="center", fontsize=11, color=style.INK)
        axes.set(xlim=(0, 12), ylim=(0, 1))
        axes.axis("off")
    save_path = IMAGES / "layouts.png"
    style.save_figure(figure, save_path)
    shrink(save_path)


def _square(place: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((place + 0.04, 0.05), 0.92, 0.9, color=colour, lw=0)


def gradient_of_a_gradient() -> None:
    """The graph of the gradient of tanh x, which is one like any other."""
    x = tg.Tensor(2.0, requires_grad=True, name="x")
    (gx,) = tg.grad(tg.ops.tanh(x), [x], create_graph=True)
    gx.name = "gx"
    save_graph(IMAGES / "gradient.png", gx)
    shrink(IMAGES / "gradient.png")


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    for draw in (dirac, differences, layouts, gradient_of_a_gradient):
        draw()
