"""What a run folder says of itself: README.txt and config.json, and a copy of the user's own networks."""

from __future__ import annotations

import dataclasses

from tinygan.data import Images, Mixture, Pairs, Sequences, short_name
from tinygan.evaluation import most
from tinygan.shell import quoted
from tinygan.training.config import given_in_python
from tinygan.training.loop import how_to_go_on
from tinygan.training.run_folder import BEST, RunFolder
from tinygan.training.setup import Setup

ENOUGH = 20  # images that can be judged at a time

README = """This folder is one training run of tinygan.

Look first at    {first}: samples at the beginning, and on the way, always of the same noise
then at          replay.html, in a browser: pictures and curves to leaf through, also while the run is on
then at          {pictures}
then at          reals.png: what it learns from; curves.png: the losses, D(x) and D(G(z)), gradient norms over the steps

config.json      all options, versions and the seed: {command}
                 repeats the run
log.txt          the commands, what was read, and every warning
stats.jsonl      a line every {log_interval} steps: step, losses, D(x), D(G(z)) before and after D's step,
                 accuracies, gradient norms, steps per second
metrics.jsonl    how good the samples are: a line for every picture, or every --eval-interval
checkpoint-*.npz everything needed to go on: {go_on} with more steps
generator.npz    the trained generator: python -m tinygan.sample {folder} --out samples.{ending}{own}
lock             keeps a second process from training in this folder, and names the first; leave it here
{more}"""


def write_papers(setup: Setup, run: RunFolder, command: str) -> None:
    """The copy of the networks, README.txt, config.json, in this order: from a folder with options a run can begin."""
    config, folder = setup.config, quoted([run.path])
    more = own = ""
    if given_in_python(config.networks):
        own = " --networks FILE.py:NAME"
        more += "                 (FILE.py:NAME says where your networks are)\n"
    if setup.networks.file:
        setup.networks.file.copy_to(run.path)
        more += "networks.py      your own networks, as they were when the run began; the commands here use this copy\n"
    condition = setup.condition
    if condition and len(setup.dataset.sample_shape) == 3 and condition.classes <= config.samples:
        what = "class" if condition.needs_labels else "way of the code"
        more += f"fakes_*.png      a column for each {what}; the images of a row differ in nothing else\n"
    if config.keep_best != "none":
        command_of_best = f"python -m tinygan.sample {quoted([run.path / BEST])} --out samples.{ending_of(setup)}{own}"
        more += f"best.npz         the checkpoint with the best {config.keep_best}: {command_of_best}\n"
    if can_be_measured(setup):
        more += f"how good it is:  python -m tinygan.evaluate {folder}{own}\n"
    text = README.format(
        first=f"fakes_init.png, then {run.picture(config.steps).name}",
        pictures="training.gif",
        command=command or "the lines of Python that began it",
        log_interval=config.log_interval,
        folder=folder,
        ending=ending_of(setup),
        own=own,
        go_on=how_to_go_on(setup, run),
        more=more,
    )
    run.write_text("README.txt", text)
    about = setup.about(0)
    extra = {"shape": list(about.shape), "range": list(about.range), "networks_sha256": about.networks_sha256}
    run.write_config(dataclasses.asdict(config), command, extra)


def ending_of(setup: Setup) -> str:
    """Of a file of samples: pictures, text or sound."""
    if isinstance(setup.dataset, Sequences):
        return "txt" if setup.dataset.words else "wav"
    return "png"


def can_be_measured(setup: Setup) -> bool:
    """Whether `python -m tinygan.evaluate` can judge the run: the data can be had again, and there are enough."""
    dataset, name = setup.dataset, setup.config.judged_as
    if given_in_python(setup.config.data):
        return False
    return (
        most(name, dataset) >= ENOUGH
        if isinstance(dataset, Images)
        else isinstance(dataset, (Mixture, Sequences, Pairs))
    )


def title(setup: Setup) -> str:
    """What the run's folder is called behind its number: networks, data, loss."""
    config = setup.config
    what = config.data[1:-1] if given_in_python(config.data) else config.data
    if config.data == "folder" and config.data_dir:
        what = config.data_dir
    return f"{short_name(setup.networks.called(config))}-{short_name(what)}-{config.loss}"


def describe(setup: Setup) -> str:
    """The data, the networks with their shapes, and every option."""
    game, (*outer, channels) = setup.game, setup.dataset.sample_shape
    more = setup.condition.channels if setup.condition else 0
    options = "\n".join(f"  {name} = {value}" for name, value in dataclasses.asdict(setup.config).items())
    return (
        f"data\n  {setup.dataset.describe()}\n\n"
        f"generator\n{game.generator.summary(setup.behind.input_shape)}\n\n"
        f"discriminator\n{game.discriminator.summary((*outer, setup.config.pack * channels + more))}\n\n"
        f"options\n{options}"
    )
