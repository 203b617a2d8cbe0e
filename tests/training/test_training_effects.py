"""Options that would change nothing are refused, on the command line and in Python, but for those that nobody gave."""

import dataclasses
import json

import numpy as np
import pytest
from cli import call, one_sentence, train
from training.runs import TINY, newest

import tinygan as tg
from tinygan.training import checkpoint, presets
from tinygan.training.config import Config, ConfigError
from tinygan.training.effects import EFFECTS, OF_IMAGES
from tinygan.training.resuming import resumed_options
from tinygan.training.run_folder import RunFolder

REFUSED = {
    "no penalty": (dict(penalty_weight=1.0), "--penalty-weight weighs --penalty, which is none"),
    "the usual weight": (dict(penalty_weight=10.0), "--penalty-weight weighs --penalty, which is none"),
    "a penalty turned off": (dict(preset="ring", penalty="none", penalty_weight=1.0), "--penalty-weight weighs"),
    "no unrolling": (dict(unroll_lr=0.01), "--unroll-lr is for the steps that --unroll looks ahead"),
    "unrolling turned off": (dict(unroll=0, unroll_lr=0.01), "--unroll-lr is for the steps"),
    "sgd's beta1": (dict(optimizer="sgd", beta1=0.9), "--beta1 is Adam's, and --optimizer is sgd"),
    "rmsprop's beta2": (dict(optimizer="rmsprop", beta2=0.9), "--beta2 is Adam's, and --optimizer is rmsprop"),
    "batches of their own": (dict(minibatch_std=True, joint_batch=True), "--joint-batch does not go with --minibatch"),
    "squares cut to squares": (dict(size="32", crop="random"), "--crop is for pictures of another shape"),
    "digits cut": (dict(crop="fit"), "--crop is for pictures of another shape"),
    "digits on black": (dict(background="black"), "--background is for transparent pictures and --crop fit"),
    "no file can be damaged": (dict(strict=True), "--strict is for damaged files in a folder of pictures"),
    "strict with an array": (dict(strict=True, data="<array>"), "--strict is for damaged files"),
    "no measurement": (dict(eval_samples=100), "--eval-interval and --eval-samples need --metrics"),
    "nor at times": (dict(eval_interval=10), "--eval-interval and --eval-samples need --metrics"),
    "nothing is best": (dict(keep_best="fcd"), "--keep-best fcd is not measured"),
    "half a loss": (dict(half=True), "--half belongs to --loss lsgan"),
    "no labels": (dict(loss="wgan", label_smoothing=0.1), "--loss wgan has no labels to smooth"),
    "no files": (dict(data_dir="."), "--data-dir has no use for it"),
    **{f"{name} of points": (dict(preset="ring", **{name: value}), f"--{name} is for images") for name, value in {
        "augment": "color", "mirror": True, "size": "32", "channels": 3, "crop": "fit", "background": "black",
        "strict": True,
    }.items()},
}  # fmt: skip

TAKEN = {
    "a penalty": dict(penalty="r1", penalty_weight=1.0),
    "a preset's penalty": dict(preset="ring", penalty_weight=1.0),
    "a preset's weight": dict(preset="ring", penalty="none"),
    "unrolling": dict(unroll=2, unroll_lr=0.01),
    "another optimiser than the preset's": dict(preset="wgan-gp", optimizer="sgd"),
    "off what is off": dict(preset="ring", mirror=False, strict=False, size=None, augment="none", half=False),
    "two batches": dict(minibatch_std=True, joint_batch=False),
    "another shape": dict(size="28x32", crop="fit", background="black"),
    "no labels smoothed": dict(loss="wgan", label_smoothing=0.0),
    "an array's background": dict(data="<array>", background="black", crop="random"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_option_without_effect_is_refused(case):
    options, sentence = REFUSED[case]
    with pytest.raises((ConfigError, tg.data.DataError), match=sentence):
        presets.configure(options)


@pytest.mark.parametrize("case", TAKEN)
def test_an_option_with_an_effect_is_taken(case):
    config = presets.configure(TAKEN[case])
    assert TAKEN[case].items() <= vars(config).items()


def test_the_table_knows_its_options():
    assert {*EFFECTS, *OF_IMAGES} <= {f.name for f in dataclasses.fields(Config)}


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("penalty", ["none", "r1"])
@pytest.mark.parametrize("name", presets.PRESETS)
def test_what_a_preset_brings_is_never_refused(name, penalty, quick):
    presets.configure(dict(preset=name, penalty=penalty, optimizer="sgd"), quick)


@pytest.mark.parametrize("name", presets.PRESETS)
def test_all_options_of_a_run_are_options_of_another(name):
    config = presets.configure({"preset": name})
    assert presets.configure(vars(config)) == config


def test_command_line_and_python_say_the_same(tmp_path):
    result = call("train", "--penalty-weight", 3, "--outdir", tmp_path)
    sentence = one_sentence(result.err)
    assert result.status == 2 and sentence.startswith("--penalty-weight weighs")
    with pytest.raises(ConfigError) as caught:
        tg.Run("mlp", penalty_weight=3, outdir=tmp_path)
    assert str(caught.value) == sentence
    with pytest.raises(ConfigError, match="--mirror is for images, and --data <array> are points in the plane"):
        tg.Run("ring", np.zeros((8, 2)), mirror=True, outdir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_old_run_goes_on_with_what_it_has(tmp_path):
    """Also with an option that would be refused today, and where it is given again as it was."""
    run = train("--preset", "ring", *TINY, "--steps", 2, "--outdir", tmp_path)
    arrays, meta = newest(run)
    meta["config"].update(penalty="none", penalty_weight=3.0, unroll_lr=0.5, crop="fit")
    checkpoint.save(RunFolder(run).checkpoints()[-1], arrays, meta)
    content = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**content, "options": meta["config"]}))
    result = call("train", "--resume", run, "--steps", 4, "--unroll-lr", 0.5)
    assert result.status == 0, result.err
    with pytest.raises(ConfigError, match="--strict is for images"):
        resumed_options(meta, {"strict": True}, RunFolder(run), run)
