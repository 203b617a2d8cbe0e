"""The benchmarks of results: what is compared fits the training's options, and the tables' sums are right."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import baselines, comparison, few_labels, losses, presets, runs, stacked, switches, table
from benchmarks.comparison import Column
from benchmarks.runs import Job, Outcome
from tinygan.commandline import guarded

REAL = {"modes": 25, "high_quality": 0.99, "reverse_kl": 0.01, "energy": 0.0001, "fcd": 0.0, "precision": 0.7}


def outcome(failed="", **numbers):
    rows = {} if failed else {"generator": numbers, "real": dict.fromkeys(numbers, 1.0)}
    return Outcome(Path("nowhere"), rows, failed, "" if failed else "n = 10,000 samples in each row")


@pytest.fixture
def trained(monkeypatch):
    """No training: every job has the figures of its seed. The jobs asked for, in their order."""
    jobs: list[Job] = []

    def run_all(asked, out, at_once):
        jobs.extend(asked)
        found = {}
        for job in asked:
            seed = int(job.options.split()[-1])
            numbers = dict(REAL, modes=20 + seed, fcd=seed + 10 * ("--weight-clip" in job.options), recall=0.5)
            numbers |= dict(score=9.0, kid=0.002, classes=10, class_kl=0.1)
            if "cgan" in job.options:
                numbers["label_accuracy"] = 0.9
            found[job] = dataclasses.replace(outcome(**numbers), run=Path(job.name))
        return found

    monkeypatch.setattr(runs, "run_all", run_all)
    monkeypatch.setattr(Outcome, "seconds_per_step", lambda self: 0.01)
    monkeypatch.setattr(Outcome, "at_the_end", lambda self, key: 0.95 if "infogan" in str(self.run) else math.nan)
    return jobs


def all_jobs(args_and_rows):
    return [Job(name, f"{common} {own} --seed 0") for common, rows in args_and_rows for name, own in rows.items()]


def test_every_row_is_a_game_that_the_training_knows():
    games = [(f"--preset r3gan --data {data}", game.rows()) for data, game in baselines.GAMES.items()]
    for job in all_jobs([(losses.COMMON, losses.LOSSES), (switches.PLAIN, switches.SWITCHES), *games]):
        assert job.settings()["seed"] == 0, job


def test_the_rows_of_a_table_differ_in_what_they_name_only():
    plain, *others, whole = (job.settings() for job in all_jobs([(switches.PLAIN, switches.SWITCHES)]))
    for name, settings in zip(list(switches.SWITCHES)[1:-1], others, strict=True):
        different = {key for key in plain if settings[key] != plain[key]} - {"penalty_weight"}
        assert len(different) == 1, (name, different)
    assert whole == Job("preset-grid", "--preset grid --seed 0").settings()
    same = ("preset", "data", "batch_size", "latent", "ema", "steps", "spectral_norm", "dropout", "pack")
    for job in all_jobs([(losses.COMMON, losses.LOSSES)]):
        settings = job.settings()
        assert [settings[key] for key in same] == ["mlp", "mnist", 64, 100, 0.995, 10_000, False, 0.0, 1]


def test_a_rows_options_win_and_seeds_come_first(trained):
    args = losses.parse(["--losses", "wgan,ns", "--seeds", "2", "--steps", "7"])
    rows = comparison.train(args, "losses", "--lr 1", {"wgan": "--lr 2", "ns": ""}, 2)
    assert [job.name for job in trained] == [f"losses/{row}-seed{seed}" for seed in (0, 1) for row in ("wgan", "ns")]
    assert trained[0].options.split() == [*comparison.FEW_PICTURES.split(), *"--lr 1 --lr 2 --steps 7 --seed 0".split()]
    assert [found.rows["generator"]["modes"] for found in rows["ns"]] == [20, 21]


def test_the_references_are_those_of_any_run_that_has_them():
    alone = Outcome(Path("nowhere"), {"generator": {"modes": 3.0}})
    rows = {"a": [outcome(failed="step 3: NaN"), alone], "b": [outcome(modes=2.0), alone]}
    assert comparison.references(rows) == [("real", {"modes": 1.0})]
    assert comparison.references({"a": [alone]}) == []


def test_a_cell_shows_mean_error_extremes_and_what_is_missing():
    rows = [{"x": 0.5}, {"x": 0.7}, {"x": math.nan}, {}]
    assert Column("x", "", 1, scale=100).show(rows) == "60.0 +- 10.0, 2 of 4"
    assert Column("x", "", 2, extremes=True).show(rows[:2]) == "0.60 +- 0.10 (0.50..0.70)"
    assert Column("x", "", 2, extremes=True).show(rows[:1]) == "0.50" and Column("y", "", 2).show(rows) == "-"


def test_failed_runs_are_counted_named_and_left_out_of_the_means():
    rows = {"a": [outcome("5: NaN"), outcome(x=2.0), outcome(x=4.0)], "b": [outcome("9: NaN")] * 3}
    lines = list(comparison.table(rows, (Column("x", "X", 1),), rank_of_all=lambda name: f"<{name}>"))
    assert lines[0].endswith("  rank of all") and lines[0].split()[:2] == ["runs", "X"]
    assert "3, 1 failed" in lines[1] and "3.0 +- 1.0" in lines[1] and lines[1].endswith("<a>")
    assert "3, 3 failed" in lines[2] and "-" in lines[2]
    assert lines[3].split() == ["real", "1.0"]
    assert lines[-1] == "\nn = 10,000 samples in each row"  # as told by the runs that did not fail
    assert lines[4:-1] == ["a, seed 0, failed at step 5: NaN"] + [
        f"b, seed {s}, failed at step 9: NaN" for s in range(3)
    ]


def test_the_ranking_is_by_the_mean_and_leaves_out_what_always_failed():
    rows = {"ns": [outcome(fcd=3.0), outcome(fcd=5.0)], "mm": [outcome("1: NaN")], "wgan": [outcome(fcd=3.9)]}
    assert losses.ranking(rows) == ["wgan", "ns"]


def test_the_cost_of_a_step_is_relative(tmp_path):
    def with_rates(name, *rates):
        (tmp_path / name).mkdir()
        lines = [f'{{"step": {i}, "steps_per_second": {rate}}}\n' for i, rate in enumerate(rates)]
        (tmp_path / name / "stats.jsonl").write_text("".join(lines))
        return [dataclasses.replace(outcome(x=1.0), run=tmp_path / name)]

    plain, twice = with_rates("plain", 100, 100, 3), with_rates("twice", 50, 50, 50)
    assert comparison.relative_cost(twice, plain) == "2.00" and comparison.relative_cost(plain, plain) == "1.00"


@pytest.mark.parametrize(
    ("program", "argv", "parts"),
    [
        (losses, ["--losses", "ns,wgan", "--seeds", "3"], ["1.00 +- 0.58 (0.00..2.00)", "11.00", "by FCD: ", "6.8"]),
        (switches, ["--switches", "plain,pack-2"], ["cost of a step", "21.0 +- 0.6", "1.00"]),
        (baselines, ["--data", "ring,grid", "--seeds", "2"], ["on ring", "on grid", "wgan-gp", "reverse KL"]),
        (baselines, ["--data", "stacked", "--seeds", "1"], ["modes of 1000", "--backend cupy"]),
        (presets, ["--presets", "mlp"], ["KID", "9.00", "0.002"]),
        (stacked, ["--presets", "r3gan,dcgan"], ["seed 0.", "modes of 1000", "KL", "3,600", "1,000", "0.100"]),
    ],
)
def test_the_tables_from_the_command_line(program, argv, parts, trained, capsys):
    program.main(argv)
    said = capsys.readouterr().out
    assert all(part in said for part in parts), said
    assert f"{program.PROGRAM} {' '.join(argv)}" in said


def test_only_conditional_models_have_a_label_accuracy(trained, capsys, monkeypatch):
    monkeypatch.setitem(presets.FITTING, "cgan", None)
    presets.main(["--presets", "mlp"])
    assert "label accuracy" not in capsys.readouterr().out
    presets.main(["--presets", "mlp,cgan"])
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert rows["cgan"].endswith("0.900") and rows["mlp"].endswith("-")


def test_a_falling_rate_keeps_its_share_of_a_shorter_run():
    """The preset r3gan halves its rate every 4,000 of 10,000 steps; mlp never does."""
    jobs = [Job(name, stacked.row(name, 500) + " --data stacked") for name in ("r3gan", "mlp")]
    assert [(job.settings()["steps"], job.settings()["lr_half_life"]) for job in jobs] == [(500, 200), (500, 0)]


def test_the_steps_of_stacked_are_those_asked_for(trained, capsys):
    stacked.main(["--presets", "mlp,r3gan", "--steps", "50", "--seeds", "2"])
    title, _, _, mlp, r3gan, *_ = capsys.readouterr().out.splitlines()
    assert "seeds 0 to 1; mean +- standard error" in title and mlp.endswith("  50") and r3gan.endswith("  50")
    made = [(job.name, job.settings()["steps"]) for job in trained[:2]]
    assert made == [("stacked/mlp-seed0", 50), ("stacked/r3gan-seed0", 50)]


def test_the_caption_says_how_many_seeds(trained, capsys):
    presets.main(["--presets", "mlp"])
    assert capsys.readouterr().out.startswith("The presets on MNIST, seed 0, their own number of steps.\n")
    presets.main(["--presets", "mlp,cgan", "--seeds", "3", "--steps", "1000"])
    said = capsys.readouterr().out
    shown = "seeds 0 to 2, 1,000 steps; mean +- standard error over the seeds."
    assert said.startswith(f"The presets on MNIST, {shown}\n") and "1.00 +- 0.58" in said  # an FCD of 0, 1 and 2
    assert [job.name for job in trained[1:]] == [f"presets/{row}-seed{s}" for s in range(3) for row in ("mlp", "cgan")]


def test_only_infogan_has_a_code_accuracy(trained, capsys):
    presets.main(["--presets", "mlp,acgan"])
    assert "code accuracy" not in capsys.readouterr().out
    presets.main(["--presets", "mlp,infogan", "--seeds", "2"])
    head, mlp, infogan, real = capsys.readouterr().out.splitlines()[2:6]
    assert head.endswith("code accuracy") and mlp.endswith("-") and infogan.endswith("0.950 +- 0.000")
    assert real.split()[-1] == "1.0"  # it has nothing in that column


def test_what_the_training_took_down_is_the_mean_of_its_end(tmp_path):
    def with_values(name, values):
        (tmp_path / name).mkdir()
        text = "".join(f'{{"step": {i}, "right": {value}}}\n' for i, value in enumerate(values))
        (tmp_path / name / "stats.jsonl").write_text(text)
        return dataclasses.replace(outcome(x=1.0), run=tmp_path / name)

    one, other = with_values("one", [9.0] * 18 + [0.5, 0.7]), with_values("other", [0.8])
    assert one.at_the_end("right") == pytest.approx(0.6) and math.isnan(one.at_the_end("left"))
    assert comparison.of_training([one, other, outcome("3: NaN")], "right", 2) == "0.70 +- 0.10"
    assert comparison.of_training([one], "left", 2) == "-"


def test_other_presets_have_a_place_of_their_own(trained, tmp_path, monkeypatch):
    page = tmp_path / "results.md"
    places = [f"<!-- table: benchmarks.presets{more} -->\nold\n<!-- end -->\n" for more in ("", " mlp,deep")]
    page.write_text("".join(places))
    monkeypatch.setattr(table, "RESULTS", page)
    drawn = []
    monkeypatch.setattr(presets, "draw", lambda name, outcome: drawn.append(str(outcome.run)) or Path(f"{name}.png"))
    presets.main(["--presets", "mlp,deep", "--seeds", "3", "--write"])
    assert page.read_text().startswith(places[0]) and "seeds 0 to 2" in page.read_text()
    assert drawn == ["presets/mlp-seed0", "presets/deep-seed0"]


def test_the_presets_leave_their_pictures_in_the_documents(trained, tmp_path, monkeypatch):
    page = tmp_path / "results.md"
    page.write_text("before\n<!-- table: benchmarks.presets -->\nold\n<!-- end -->\nafter\n")
    monkeypatch.setattr(table, "RESULTS", page)
    monkeypatch.setattr(presets, "PICTURES", tmp_path)
    monkeypatch.setattr(presets, "draw", lambda name, outcome: tmp_path / f"{name}-mnist.png")
    presets.main(["--write"])
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("<!-- end -->\nafter\n") and "old" not in text
    assert text.index("KID") < text.index("images/mlp-mnist.png") < text.index("images/deep-mnist.png")


def test_few_labels_are_learnt_once_for_each_setting(tmp_path, monkeypatch, capsys):
    trained = []

    def error(data, way, setting, seed):
        trained.append((data, way, setting.steps, seed))
        return 0.01 * seed + 0.1 * (way == "alone")

    monkeypatch.setattr(few_labels, "error", error)
    few_labels.main(["--data", "digits", "--seeds", "2", "--out", str(tmp_path)])
    assert trained == [("digits", way, 1000, seed) for seed in (1, 2) for way in ("alone", "gan", "ns")]
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("digits")]
    assert "11.50 +- 0.50 (11.00..12.00)" in rows[0] and "1.50 +- 0.50 (1.00..2.00)" in rows[1]
    few_labels.main(["--data", "digits", "--seeds", "3", "--out", str(tmp_path)])
    assert trained[6:] == [("digits", way, 1000, 3) for way in ("alone", "gan", "ns")]
    few_labels.main(["--data", "digits", "--seeds", "1", "--steps", "7", "--out", str(tmp_path)])
    assert trained[9:] == [("digits", way, 7, 1) for way in ("alone", "gan", "ns")]


def test_both_ways_begin_with_the_same_labels_and_weights(monkeypatch):
    """And one trains D alone, on labels alone."""
    games = []
    new = few_labels.new_game

    def watched(way, setting, rng):
        games.append(new(way, setting, rng))
        games[-1].before = [np.array(p.data) for p in games[-1].generator.parameters()]
        games[-1].first = np.array(games[-1].discriminator[0].W.data)
        return games[-1]

    monkeypatch.setattr(few_labels, "new_game", watched)
    monkeypatch.setattr(
        few_labels, "load", lambda data: (few_labels.tg.data.digits(200), few_labels.tg.data.digits(50))
    )
    setting = few_labels.Setting((8, 4), 8, 4, 3)
    errors = [few_labels.error("digits", way, setting, 1) for way in few_labels.WAYS]
    assert all(0 <= error <= 1 for error in errors)
    alone, gan, ns = games
    assert gan.matching and not ns.matching
    assert np.array_equal(alone.first, gan.first)
    assert not np.array_equal(alone.first, alone.discriminator[0].W.data)
    moved = [any((p.data != b).any() for p, b in zip(g.generator.parameters(), g.before, strict=True)) for g in games]
    assert moved == [False, True, True]
    assert np.array_equal(alone.labelled.data, gan.labelled.data) and len(alone.labelled) == 100


@pytest.mark.parametrize(
    "name",
    [
        "benchmarks.losses",
        "benchmarks.switches",
        "benchmarks.health",
        "benchmarks.few_labels",
        "benchmarks.presets",
        "benchmarks.presets acgan,infogan,r3gan",
        "benchmarks.stacked",
        *(f"benchmarks.baselines {data}" for data in baselines.DEFAULT),
        *(f"benchmarks.mode_collapse {data} {budget}" for data in ("ring", "grid") for budget in ("small", "40k")),
    ],
)
def test_the_page_has_a_place_for_each_table(name):
    assert "new" in table.replace_table(table.RESULTS.read_text(), name, "new")


@pytest.mark.parametrize(
    ("program", "argv", "part"),
    [
        (losses, ["--losses", "nss"], "did you mean ns?"),
        (losses, ["--steps", "0"], "1 or more"),
        (losses, ["--steps", "1e3"], "1e3"),
        (losses, ["--loss", "ns"], "did you mean --losses?"),
        (losses, ["--jobs", "none"], "'none' is not a whole number"),
        (losses, ["--seeds", "-1"], "-1"),
        (losses, ["ns"], "unknown argument ns"),
        (losses, ["--losses", "ns", "--out", __file__, "--seeds", "1"], "cannot read or write"),
        (switches, ["--switches", "pack-2"], "name it too"),
        (switches, ["--switches", ""], "is unknown"),
        (baselines, ["--data", "digits"], "choose from ring"),
        (baselines, ["--backend", "torch"], "torch"),
        (baselines, ["--seeds", "2.5"], "2.5"),
        (stacked, ["--presets", "grid"], "unknown"),
        (presets, ["--presets", "ring"], "unknown"),
        (presets, ["--presets", "mlp,"], "unknown"),
        (few_labels, ["--data", "mnits"], "did you mean mnist?"),
        (few_labels, ["--steps", "0"], "1 or more"),
        (presets, ["--seeds", "0"], "1 or more"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(program, argv, part, capsys):
    with pytest.raises(SystemExit) as ended:
        guarded(program.PROGRAM, lambda: program.main(argv))
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == ""
    assert said.err.count("\n") == 1 and part in said.err
