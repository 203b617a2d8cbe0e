"""Every option of a run, once: its default, its meaning and its bounds. The command line is made of this."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import math
import sys
import typing
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from tinygan import data as datasets
from tinygan.data.pairs import HALVES
from tinygan.evaluation import metrics_of
from tinygan.gan.augment import POLICIES
from tinygan.gan.conditioning import CONDITIONINGS
from tinygan.gan.losses import LOSSES
from tinygan.gan.penalties import PENALTIES
from tinygan.words import did_you_mean, short

MOST_STEPS = 10**9


class ConfigError(ValueError):
    """An option that cannot be; the message is one sentence that names it."""


def option(
    default: Any,
    help: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    choices: Collection[str] = (),  # as it is: a loss that is added later counts
    resumable: bool = False,
) -> Any:
    """A field of `Config`: `low` and `high` may be reached, `above` and `below` may not."""
    bounds = dict(low=low, high=high, above=above, below=below)
    return field(default=default, metadata=dict(help=help, choices=choices, resumable=resumable, **bounds))


@dataclass
class Config:
    """The options of a run. `tinygan.training.presets` says what each preset changes."""

    preset: str = option("mlp", "which networks and settings to start from (see --list-presets)")
    networks: str | None = option(None, "networks of your own, as FILE.py:NAME, in the place of the preset's")
    data: str = option(
        "digits",
        f"what to learn: {', '.join(datasets.NAMES)}, or the PATH of your own: a folder or .zip of pictures, .npz, "
        ".npy, .csv, CIFAR's or MNIST's files, or a .txt with a string on each line",
    )
    data_dir: str | None = option(None, "folder of the IDX files, or of the images for --data folder", resumable=True)
    size: str | None = option(None, "bring the images to N x N or HxW pixels, multiples of 4")
    channels: int | None = option(None, "1 makes the images grey, 3 colour", low=1, high=3)
    crop: str = option(
        "center",
        "what to keep of pictures of another shape: the centre, all of it on a background (fit), or a random part",
        choices=("center", "fit", "random"),
    )
    background: str = option("white", "the colour behind transparent pictures: a name or #rrggbb")
    strict: bool = option(False, "refuse a folder with damaged pictures, instead of passing over them", resumable=True)
    source: str = option(
        "none",
        "each picture of your own is a pair, side by side: which half is to be turned into the other",
        choices=("none", *HALVES),
    )
    mirror: bool = option(False, "show half of the images turned left to right, at random")
    backend: str = option("numpy", "NumPy on the CPU, CuPy on an NVIDIA GPU", choices=("numpy", "cupy"), resumable=True)
    loss: str = option("ns", "which loss both networks play for", choices=LOSSES)
    steps: int = option(
        3000, "steps in all (one discriminator and one generator update each)", low=1, high=10**9, resumable=True
    )
    batch_size: int = option(64, "samples (or packs of samples) judged at once, on each rank", low=1, high=1_000_000)
    lr: float = option(2e-4, "learning rate of both optimisers", above=0)
    lr_d: float | None = option(None, "learning rate of the discriminator, if another", above=0)
    optimizer: str = option("adam", "the optimiser of both networks", choices=("adam", "rmsprop", "sgd"))
    beta1: float = option(0.5, "Adam's beta1", low=0, below=1)
    beta2: float = option(0.999, "Adam's beta2", low=0, below=1)
    lr_half_life: int = option(0, "steps in which the learning rate falls to half; 0 keeps it", low=0, high=MOST_STEPS)
    seed: int = option(0, "seed of weights, data order and noise", low=0, high=2**63 - 1)
    latent: int = option(100, "length of the noise vector z", low=1, high=10_000)

    conditioning: str = option("none", "what stands behind z: a class, or a code", choices=("none", *CONDITIONINGS))

    l1: float = option(100.0, "of pairs: weight of the mean distance |target - generator's picture| in its loss", low=0)

    n_critic: int = option(1, "discriminator steps for each generator step", low=1, high=1000)
    simultaneous: bool = option(False, "take both gradients at the old parameters, then move both networks")
    fresh_fakes: bool = option(False, "draw new noise for the generator's step instead of reusing the fakes")
    joint_batch: bool = option(True, "show the discriminator real and fake samples in one batch, not in two")
    penalty: str = option("none", f"gradient penalties, joined by '+': none, {', '.join(PENALTIES)} (as in r1+r2)")
    penalty_weight: float = option(10.0, "weight of each penalty (lambda or gamma)", above=0)
    label_smoothing: float = option(0.0, "one-sided label smoothing: reals count as real by 1 - s", low=0, below=1)
    half: bool = option(False, "lsgan with the paper's factor 1/2")
    instance_noise: float = option(0.0, "standard deviation of noise on all the discriminator sees", low=0)
    weight_clip: float = option(0.0, "cut the discriminator's weights to [-c, c]; 0 is off", low=0)
    pack: int = option(1, "samples judged together (PacGAN's m)", low=1, high=64)
    unroll: int = option(0, "the generator's step looks so many discriminator steps ahead; 0 is off", low=0, high=100)
    unroll_lr: float = option(0.001, "learning rate of the steps that --unroll takes (plain gradient descent)", above=0)
    dropout: float = option(0.0, "dropout in the discriminator", low=0, below=1)
    minibatch_std: bool = option(
        False,
        "show the discriminator how much each batch varies; real and fake samples then come in two batches, whatever "
        "--joint-batch says",
    )
    spectral_norm: bool = option(False, "divide each weight of the discriminator by its largest singular value")
    augment: str = option(
        "none",
        "differentiable augmentation of all the discriminator sees, for small sets: none, or of "
        f"{', '.join(POLICIES)} some joined by '+' (as in color+shift+cutout)",
    )
    ema: float = option(0.0, "decay of a moving average of the generator, such as 0.999; 0 is off", low=0, below=1)

    compile: bool = option(True, "write a step down once and play it back: the same numbers, sooner", resumable=True)
    log_interval: int = option(50, "steps between lines of stats.jsonl", low=1, high=MOST_STEPS, resumable=True)
    sample_interval: int = option(500, "steps between pictures", low=1, high=MOST_STEPS, resumable=True)
    checkpoint_interval: int = option(500, "steps between checkpoints", low=1, high=MOST_STEPS, resumable=True)
    weights_interval: int = option(
        0, "steps between copies of the generator; 0 keeps the last", low=0, high=MOST_STEPS, resumable=True
    )
    samples: int = option(100, "samples in each picture (2-D runs show ten times as many)", low=1, high=10_000)
    metrics: str = option(
        "none",
        "what to measure on the way, joined by '+' (as in fcd+recall), or all: of points modes, high_quality, "
        "reverse_kl, energy, jensen_shannon; of digits score, fcd, kid, precision, recall, classes, class_kl and, with "
        "classes to ask for, label_accuracy; of stacked modes, class_kl; of pairs l1, sharpness; of strings "
        "validity, uniqueness, novelty; of melodies in_key, one_key, ends, rhythm, distinct, novelty",
        resumable=True,
    )
    eval_interval: int = option(
        0, "steps between measurements; 0 measures with every picture", low=0, high=MOST_STEPS, resumable=True
    )
    eval_samples: int = option(0, "samples of each measurement; 0 is 2,500", low=0, high=26_000, resumable=True)
    keep_best: str = option("none", "keep the checkpoint with the best of this metric as best.npz", resumable=True)
    tensorboard: bool = option(False, "also write TensorBoard events (needs the extra 'tensorboard')", resumable=True)

    def check(self) -> None:
        """Raise ConfigError, in one sentence, if an option has a wrong type, value or companion."""
        self.check_each()
        if not given_in_python(self.data):
            datasets.check(self.data, self.data_dir)
        elif self.data_dir is not None:
            raise ConfigError("--data-dir goes with a data set's name, not with data given in Python: leave it out")
        self.augmentations()
        self.penalties()
        self.measured()
        if self.n_critic > 1 and self.simultaneous:
            raise ConfigError(
                "--n-critic above 1 does not go with --simultaneous, which takes one step of each network: give "
                "--no-simultaneous"
            )
        if self.spectral_norm and self.weight_clip:
            raise ConfigError("--spectral-norm undoes what --weight-clip does to the weights: give one of them")
        if self.unroll and self.weight_clip:
            raise ConfigError("--unroll looks along plain gradient steps: it does not go with --weight-clip")
        if self.minibatch_std and self.penalties():
            raise ConfigError(
                "--penalty wants a judgement of each sample alone, which --minibatch-std mixes: give --penalty none"
            )
        if self.minibatch_std and self.batch_size == 1:
            raise ConfigError("--minibatch-std tells how much the samples of a batch differ: give --batch-size above 1")
        if self.conditioning != "none" and self.pack > 1:
            raise ConfigError("--conditioning gives each sample a code of its own: it does not go with --pack above 1")
        if self.half and self.loss != "lsgan":
            raise ConfigError("--half belongs to --loss lsgan")
        if self.label_smoothing and not LOSSES[self.loss].has_labels:
            raise ConfigError(f"--loss {self.loss} has no labels to smooth: leave --label-smoothing at 0")
        if self.tensorboard and importlib.util.find_spec("tensorboardX") is None:
            raise ConfigError("--tensorboard needs a package: pip install 'tinygan[tensorboard]'")

    def check_each(self) -> None:
        """The same, but for the companions, which matter to training alone."""
        for f in dataclasses.fields(self):
            _check_option(f, getattr(self, f.name))

    def augmentations(self) -> list[str]:
        """The names in `augment`, checked."""
        names = [] if self.augment == "none" else self.augment.split("+")
        for name in names:
            if name not in POLICIES:
                raise ConfigError(f"unknown augmentation {short(name)}{did_you_mean(name, ['none', *POLICIES])}")
        return names

    def penalties(self) -> list[str]:
        """The names in `penalty`, checked."""
        names = [] if self.penalty == "none" else self.penalty.split("+")
        if len(set(names)) < len(names):
            raise ConfigError(f"--penalty {self.penalty} names a penalty twice: raise --penalty-weight instead")
        for name in names:
            if name not in PENALTIES:
                raise ConfigError(f"unknown penalty {short(name)}{did_you_mean(name, ['none', *PENALTIES])}")
        return names

    @property
    def labelled(self) -> bool:
        """Whether the generator is asked for classes of the data."""
        return self.conditioning != "none" and CONDITIONINGS[self.conditioning].needs_labels

    @property
    def judged_as(self) -> str:
        """The name by which a judge of samples is found: the data's, unless they come in another size or colour."""
        return self.data if self.size is None and self.channels is None else f"<{self.data}, changed>"

    def measured(self) -> list[str]:
        """The names in `metrics`, checked against the data, and `keep_best` among them."""
        fitting = [metric.key for metric in metrics_of(self.judged_as, self.labelled, self.source != "none")]
        if self.metrics not in ("none", "all"):
            names = self.metrics.split("+")
        else:
            names = fitting if self.metrics == "all" else []
        if self.metrics != "none" and not fitting:
            raise ConfigError(f"--metrics {self.metrics}: no metric knows --data {self.data}; leave it at none")
        if len(set(names)) < len(names):
            raise ConfigError(f"--metrics {self.metrics} names a metric twice")
        for name in names:
            if name in ("none", "all"):
                raise ConfigError(f"--metrics {self.metrics}: {name} stands alone, without other names")
            if name not in fitting:
                what = f"no metric of --data {self.data} is called {short(name)}"
                known = f"{did_you_mean(name, fitting)}, joined by '+', or all"
                raise ConfigError(f"--metrics {self.metrics}: {what}{known}")
        if self.keep_best not in ("none", *names):
            if not names:
                raise ConfigError(f"--keep-best {self.keep_best} is not measured: add --metrics {self.keep_best}")
            measured = f"not among what is measured, --metrics {self.metrics}"
            raise ConfigError(f"--keep-best {self.keep_best} is {measured}{did_you_mean(self.keep_best, names)}")
        if self.metrics == "none" and (self.eval_interval or self.eval_samples):
            raise ConfigError("--eval-interval and --eval-samples need --metrics, such as --metrics all")
        return names


def flag(name: str) -> str:
    """The command line's spelling of an option: lr_decay -> --lr-decay."""
    return "--" + name.replace("_", "-")


def given_in_python(text: str | None) -> bool:
    """Whether data or networks were given as objects, which an option can only name: "<faces>"."""
    return text is not None and text.startswith("<")


def option_type(f: dataclasses.Field[Any]) -> type:
    """The plain type of an option: int for `int`, float for `float | None`."""
    hint = _hints()[f.name]
    return next(t for t in (typing.get_args(hint) or (hint,)) if t is not type(None))


@functools.cache
def _hints() -> dict[str, Any]:
    return typing.get_type_hints(Config)


def _check_option(f: dataclasses.Field[Any], value: Any) -> None:
    kind: Any = option_type(f)
    rule = f.metadata
    if value is None and f.default is None:
        return
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) <= sys.float_info.max else math.inf
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        what = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind]
        raise ConfigError(f"{flag(f.name)} must be {what}, not {short(value)}")
    if rule["choices"] and value not in rule["choices"]:
        raise ConfigError(f"unknown {f.name.replace('_', ' ')} {short(value)}{did_you_mean(value, rule['choices'])}")
    if kind is float and not math.isfinite(value):
        raise ConfigError(f"{flag(f.name)} must be a finite number, not {short(value)}")
    if kind in (int, float):
        if not (rule["low"] <= value <= rule["high"] and rule["above"] < value < rule["below"]):
            raise ConfigError(f"{flag(f.name)} must be {_bounds(rule)}, not {short(value)}")


def _bounds(rule: Any) -> str:
    said = []
    for name, words in (("low", "at least"), ("above", "above"), ("high", "at most"), ("below", "below")):
        if math.isfinite(rule[name]):
            said.append(f"{words} {rule[name]:g}" if rule[name] < 1e6 else f"{words} {rule[name]}")
    return " and ".join(said)
