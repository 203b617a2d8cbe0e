"""The presets, in one table: networks from `tinygan.gan.models`, and the options they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tinygan.data.sets import Kind
from tinygan.gan import models
from tinygan.gan.networks import Networks


@dataclass(frozen=True)
class Preset:
    """Networks, the options they start from, and the data that fit them.

    Attributes
    ----------
    networks : Networks or None
        Of `tinygan.gan.models`; None where the user brings them.
    about : str
        One line for --list-presets.
    options : mapping
        What differs from `Config`'s defaults.
    on_real_images : mapping
        What differs further on MNIST and its like, which take longer than the rendered digits.
    quick : mapping
        What --quick changes: a first look within seconds.
    fits : tuple of str
        The kinds of data: some of "images", "points", "sequences" and "pairs".
    on_points : mapping
        What differs on points, of a preset that fits both.
    on_large_images : mapping
        What differs on images above 32 x 32, whose steps are dearer.
    """

    networks: Networks | None
    about: str
    options: Mapping[str, Any]
    on_real_images: Mapping[str, Any]
    quick: Mapping[str, Any]
    fits: tuple[Kind, ...] = ("images",)
    on_points: Mapping[str, Any] = field(default_factory=dict)
    on_large_images: Mapping[str, Any] = field(default_factory=dict)


def _quick(steps: int) -> dict[str, int]:
    return dict(steps=steps, sample_interval=steps // 2, checkpoint_interval=steps // 2, log_interval=10)


# Sharp modes need a large learning rate that falls, a light gradient penalty against cycling, and the
# average of the generator; without them eight modes are found and lost again, and 40 % of the points lie between.
_POINTS = dict(
    batch_size=256,
    latent=2,
    lr=3e-3,
    lr_half_life=2500,
    beta2=0.99,
    penalty="r1",
    ema=0.998,
    sample_interval=500,
    checkpoint_interval=1000,
)

_R3GAN = dict(loss="rsgan", penalty="r1+r2", beta1=0.0, beta2=0.99)
_GRID = {**_POINTS, **_R3GAN, **dict(steps=8000, penalty_weight=0.1, lr=1e-3, lr_half_life=4000)}
_MLP = dict(steps=3500, ema=0.995)  # the average's digits have far fewer stray white pixels
_MLP_ON_REAL_IMAGES = dict(steps=10_000, sample_interval=1000, checkpoint_interval=1000)
# The convolutional discriminator is so much stronger than this generator that at the script's own rates (1e-4 for both,
# beta1 0.9) it wins within 500 steps, and all samples are the same few pixels. A slope drawn to 0 keeps it teaching.
_SMALL = dict(simultaneous=True, lr=1e-3, lr_d=2e-4, penalty="r1", penalty_weight=1.0, ema=0.99)


# A step at 64 x 64 takes half a second on one core. With R1 and no momentum D stays steady at twice the rate, and there
# are faces after 300 small batches; without R1 there are grey ghosts, and D loses what it knew again and again.
_DCGAN_ON_LARGE_IMAGES = {
    **dict(steps=1100, batch_size=16, lr=1.2e-3, lr_half_life=500, beta1=0.0, beta2=0.99, ema=0.99),
    **dict(penalty="r1", penalty_weight=3.0, sample_interval=100, checkpoint_interval=275, log_interval=20),
}


def _of_classes(conditioning: str, about: str, **options: Any) -> Preset:
    """The preset mlp with a code behind z."""
    options = {**_MLP, "conditioning": conditioning, **options}
    return Preset(models.mlp, about, options, _MLP_ON_REAL_IMAGES, _quick(200))


# Infogan's own learning rates and length of z (Chen et al., NeurIPS 2016, appendix C.1). With 2e-4 for both networks
# the code is guessed just as well, but its ten ways hardly become the ten digits.
_INFOGAN: dict[str, Any] = dict(latent=62, lr=1e-3, lr_d=2e-4)

# Real strings are one-hot rows, and a softmax's are not: the penalty keeps the critic from being steep about that alone
# (Gulrajani et al., NeurIPS 2017, section 5.4).
_TEXT: dict[str, Any] = {
    **dict(data="dates", steps=3000, latent=32, loss="wgan", penalty="gp", penalty_weight=10.0, fresh_fakes=True),
    **dict(lr=5e-4, lr_d=1e-3, lr_half_life=1500, beta1=0.0, beta2=0.99),
}
# The L1 distance weighs less than in the paper (100): of small pictures, more of the details are left to D.
_PIX2PIX: dict[str, Any] = {
    **dict(data="sketches", source="left", steps=800, batch_size=16, lr=1e-3, lr_d=4e-4, lr_half_life=400, beta2=0.99),
    **dict(l1=20.0, samples=40, sample_interval=100, checkpoint_interval=200, log_interval=20),
}


PRESETS: dict[str, Preset] = {
    "mlp": Preset(
        models.mlp,
        "dense generator and discriminator: digits in a minute or two",
        _MLP,
        _MLP_ON_REAL_IMAGES,
        _quick(200),
    ),
    "cgan": _of_classes("cgan", "the MLP networks told which digit to make, and which to judge"),
    "acgan": _of_classes("acgan", "the same, but the discriminator must name the digit itself"),
    "infogan": _of_classes("infogan", "the same without labels: a code comes to mean something by itself", **_INFOGAN),
    "small": Preset(
        models.small,
        "small dense generator against a convolutional discriminator, simultaneous updates",
        dict(_SMALL, steps=2000),
        dict(steps=4000, sample_interval=500, checkpoint_interval=500),
        _quick(60),
    ),
    "deep": Preset(
        models.deep,
        "deep generator (dense stem, two upsamplings), dense discriminator with dropout",
        {
            **dict(steps=1000, batch_size=64, sample_interval=100, checkpoint_interval=100, weights_interval=500),
            # This generator is dear. Batches of 64, a large rate and one batch of fakes for both networks go further
            # in a third of the time than batches of 128 at 2e-4 do.
            **dict(simultaneous=True, lr=8e-4, dropout=0.3, ema=0.99),
        },
        dict(steps=1500),
        _quick(10),
    ),
    "dcgan": Preset(
        models.dcgan,
        "convolutions on both sides: the most varied digits, and faces of 64 x 64",
        {
            **dict(steps=1000, sample_interval=100, checkpoint_interval=100, log_interval=20),
            # Without BatchNorm D learns slowly: at 2e-4 a third of the digits is none after 3,000 steps.
            **dict(lr=6e-4, lr_half_life=2000, ema=0.995),
        },
        dict(steps=3000, sample_interval=250, checkpoint_interval=250),
        _quick(20),
        on_large_images=_DCGAN_ON_LARGE_IMAGES,
    ),
    "ring": Preset(
        models.points,
        "eight Gaussians on a circle, and the picture of the game",
        dict(_POINTS, data="ring", steps=7000, penalty_weight=0.01),
        {},
        _quick(500),
        fits=("points",),
    ),
    "grid": Preset(
        models.deep_points,
        "25 Gaussians on a grid, R3GAN's loss, and the picture of the game",
        dict(_GRID, data="grid"),
        {},
        _quick(500),
        fits=("points",),
    ),
    "wgan-gp": Preset(
        models.mlp,
        "the MLP networks with Wasserstein loss and gradient penalty, five critic steps",
        dict(steps=2000, loss="wgan", penalty="gp", penalty_weight=10.0, n_critic=5, lr=1e-4, beta1=0.0, beta2=0.9),
        dict(steps=10_000, sample_interval=1000, checkpoint_interval=1000),
        _quick(40),
    ),
    "r3gan": Preset(
        models.r3gan,
        "the modern baseline: rsgan with r1+r2 and no normalisation, for images and for points",
        dict(_R3GAN, steps=3000, lr=6e-4, lr_half_life=1500, penalty_weight=1.0, ema=0.995),
        dict(steps=10_000, lr_half_life=4000, sample_interval=1000, checkpoint_interval=1000),
        _quick(100),
        fits=("images", "points"),
        on_points=_GRID,
    ),
    "resnet": Preset(
        models.resnet,
        "R3GAN's loss with residual networks in a student's size: faces of 32 x 32 in minutes",
        {
            # Without BatchNorm G learns more slowly than D, which has half of its rate and a strong penalty. At two or
            # three times both rates faces come as soon, but digits never: G's tanh saturates in a hundred steps.
            **dict(_R3GAN, steps=1500, batch_size=16, lr=1e-3, lr_d=5e-4, lr_half_life=1000, penalty_weight=10.0),
            **dict(ema=0.99, sample_interval=250, checkpoint_interval=250, log_interval=20),
        },
        dict(steps=4000, lr_half_life=2000, sample_interval=500, checkpoint_interval=500),
        _quick(10),
    ),
    "text": Preset(
        models.text,
        "strings, of which a critic of WGAN-GP sees the probabilities: dates, molecules, your own words",
        _TEXT,
        {},
        _quick(200),
        fits=("sequences",),
    ),
    "gumbel": Preset(
        models.gumbel_text,
        "the same, with symbols drawn by a straight-through Gumbel-softmax",
        _TEXT,
        {},
        _quick(200),
        fits=("sequences",),
    ),
    "music": Preset(
        models.melody,
        "melodies of two bars, by convolutions along time",
        {
            **dict(data="melodies", steps=2000, latent=32, penalty="r1", penalty_weight=0.3, ema=0.99),
            **dict(lr=4e-3, beta1=0.0, beta2=0.99),
        },
        {},
        _quick(100),
        fits=("sequences",),
    ),
    "pix2pix": Preset(
        models.pix2pix,
        "sketches into cartoon faces; or pictures of your own into others, learnt from pairs of them",
        _PIX2PIX,
        {},
        _quick(20),
        fits=("pairs",),
    ),
}

# Where networks of one's own start from: Config's defaults.
OWN = "own"
OF_ONES_OWN = Preset(
    None,
    "",
    {},
    {},
    _quick(50),
    fits=("images", "points", "sequences", "pairs"),
    on_points=dict(batch_size=256, latent=2),
)
