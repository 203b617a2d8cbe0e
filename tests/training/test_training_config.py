"""The options of a run: one list for the command line, the presets and the checks."""

import dataclasses

import pytest
from cli import call

from tinygan import data
from tinygan import train as train_tool
from tinygan.training import presets
from tinygan.training.build import build
from tinygan.training.config import Config, ConfigError, flag, option_type

FIELDS = dataclasses.fields(Config)


def test_the_command_line_has_each_option_and_no_default_of_its_own():
    args = vars(train_tool.parser().parse_args([]))
    assert {f.name for f in FIELDS} <= set(args)
    assert all(not value for value in args.values())


def test_with_no_option_it_is_the_mlp_preset_on_digits():
    assert presets.configure({}) == Config(**presets.PRESETS["mlp"].options)
    assert (Config.preset, Config.data) == ("mlp", "digits")


@pytest.mark.parametrize("f", FIELDS, ids=lambda f: f.name)
def test_each_default_can_be_given_on_the_command_line(f):
    if f.default is None:
        assert "None" in str(f.type)
        return
    if option_type(f) is bool:
        argv = [flag(f.name) if f.default else f"--no-{flag(f.name)[2:]}"]
    else:
        argv = [flag(f.name), str(f.default)]
    assert getattr(train_tool.parser().parse_args(argv), f.name) == f.default


def test_help_tells_each_option():
    text = call("train", "--help").out
    for f in FIELDS:
        assert flag(f.name) in text
        assert f.metadata["help"].split()[0] in text


def test_the_list_of_presets_is_whole():
    result = call("train", "--list-presets")
    assert result.status == 0 and result.err == ""
    for name, preset in presets.PRESETS.items():
        assert f"{name:8} {preset.about}\n" in result.out
        places = preset.options, preset.on_points, preset.on_real_images, preset.on_large_images
        for key, value in [item for place in places for item in place.items()]:
            assert f"{key}={value}" in result.out


@pytest.mark.parametrize("name", presets.PRESETS)
@pytest.mark.parametrize("quick", [False, True])
def test_each_preset_is_a_checked_config(name, quick):
    preset, config = presets.PRESETS[name], presets.configure(dict(preset=name), quick=quick)
    expected = {**preset.options, **(preset.quick if quick else {})}
    assert {key: getattr(config, key) for key in expected} == expected
    for interval in (config.sample_interval, config.checkpoint_interval):
        assert interval <= config.steps


@pytest.mark.parametrize("name", [n for n, preset in presets.PRESETS.items() if "images" in preset.fits])
def test_real_images_change_what_the_preset_says_and_what_is_given_wins(name):
    config = presets.configure(dict(preset=name, data="mnist", seed=5))
    expected = {**presets.PRESETS[name].options, **presets.PRESETS[name].on_real_images, "seed": 5}
    assert {key: getattr(config, key) for key in expected} == expected
    assert presets.configure(dict(preset=name, data="mnist", steps=7), quick=True).steps == 7


@pytest.mark.parametrize(
    "options, large",
    [
        (dict(data="faces"), True),
        (dict(data="faces", size="64"), True),
        (dict(data="faces", size="32"), False),
        (dict(data="faces", size="32x36"), True),
        (dict(data="digits"), False),
        (dict(data="<digits>"), False),
        (dict(data="mnist", size="64"), True),
        (dict(data="mnist"), False),
        (dict(data="<cats>"), True),
        (dict(data="<cats>", size="28"), False),
        (dict(data="digits", size="nonsense"), False),  # whoever reads the data says what is wrong with it
    ],
)
def test_large_images_change_what_the_preset_says_and_what_is_given_wins(options, large):
    preset, config = presets.PRESETS["dcgan"], presets.configure(dict(preset="dcgan", seed=5, **options))
    real = preset.on_real_images if options["data"] == "mnist" else {}
    expected = {**preset.options, **real, **(preset.on_large_images if large else {}), "seed": 5}
    assert {key: getattr(config, key) for key in expected} == expected
    assert preset.on_large_images and presets.configure(dict(preset="dcgan", steps=7, **options)).steps == 7


def test_the_sets_that_count_as_small_are_small():
    named = {name for name, row in data.SETS.items() if row.kind == "images"}
    assert named - set(presets.SMALL_IMAGES) == {"faces", "folder"}
    assert data.digits(n=10).sample_shape == (28, 28, 1)
    assert data.faces(n=1).sample_shape[0] > presets.LARGEST_SMALL


@pytest.mark.parametrize("data", ["ring", "grid"])
def test_points_change_what_the_preset_says_and_what_is_given_wins(data):
    """r3gan fits both kinds; on points it is the preset grid but for the name and the seed of its networks."""
    config = presets.configure(dict(preset="r3gan", data=data, lr=0.5))
    expected = {**presets.PRESETS["grid"].options, "data": data, "lr": 0.5}
    assert {key: getattr(config, key) for key in expected} == expected
    assert presets.configure(dict(preset="r3gan")).latent == 100


@pytest.mark.parametrize(
    "options, said",
    [
        (dict(spectral_norm=True, weight_clip=0.1), "--spectral-norm undoes what --weight-clip does"),
        (dict(unroll=1, weight_clip=0.1), "--unroll looks along plain gradient steps"),
        (dict(minibatch_std=True, penalty="r1"), "--penalty wants a judgement of each sample alone"),
        (dict(minibatch_std=True, batch_size=1), "give --batch-size above 1"),
    ],
)
def test_switches_that_do_not_go_together_are_refused_in_a_sentence(options, said):
    with pytest.raises(ConfigError, match=said):
        presets.configure(options)


@pytest.mark.parametrize(
    "argv, steps",
    [
        (["--epochs", 2], 2 * (10_000 // 64)),
        (["--epochs", 3, "--batch-size", 100], 300),
        (["--epochs", 1, "--batch-size", 100, "--pack", 2], 50),
        (["--epochs", 2, "--batch-size", 100, "--n-critic", 5], 40),
        (["--epochs", 1, "--batch-size", 10_000, "--n-critic", 5], 1),
    ],
)
def test_epochs_are_passes_over_the_data(argv, steps):
    """Each discriminator step takes one batch, so n_critic of them make a step that much longer."""
    assert len(data.load("digits")) == 10_000
    assert f"  steps = {steps}\n" in call("train", "--dry-run", *argv).out


def test_one_epoch_shows_each_sample_once():
    setup = build(presets.configure(dict(batch_size=2500)))
    setup.take_epochs(1)
    for _ in range(setup.config.steps):
        setup.next_reals()
    assert setup.batches.epoch == 0
    setup.next_reals()
    assert setup.batches.epoch == 1


@pytest.mark.parametrize("bad", [True, "3", 3.0, None])
def test_a_wrong_type_is_named(bad):
    config = Config(steps=bad)
    with pytest.raises(ConfigError, match="--steps must be a whole number, not"):
        config.check()


def test_whole_numbers_do_for_floats_and_none_where_it_is_the_default():
    Config(lr=1, lr_d=None, ema=0).check()


@pytest.mark.parametrize("f", [f for f in FIELDS if option_type(f) in (int, float)], ids=lambda f: f.name)
def test_each_number_has_bounds_that_hold(f):
    rule = f.metadata
    assert any(abs(rule[name]) < float("inf") for name in ("low", "above")), "every number has a least value"
    least = rule["low"] if abs(rule["low"]) < float("inf") else rule["above"]
    with pytest.raises(ConfigError, match=f"^{flag(f.name)} must be"):
        Config(**{f.name: option_type(f)(least - 1)}).check()
    if option_type(f) is float:
        for bad in (float("nan"), float("inf")):
            with pytest.raises(ConfigError, match=f"^{flag(f.name)} must be a finite number, not"):
                Config(**{f.name: bad}).check()


def test_tensorboard_is_asked_for_before_anything_is_made(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="--tensorboard needs a package"):
        Config(tensorboard=True).check()
