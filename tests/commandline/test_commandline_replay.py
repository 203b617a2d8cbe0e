"""``python -m tinygan.replay``: the page of an old run, and what its user gets wrong."""

import json

import pytest
from cli import call, one_sentence


@pytest.fixture
def run(tmp_path, monkeypatch):
    """An old run that lost most of its files."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "old run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"options": {"loss": "ns"}, "command": "c"}))
    (folder / "stats.jsonl").write_text('{"step": 5, "loss_d": 1.0, "loss_g": null}\n{"step": 10, "los')
    return folder


def test_the_page_of_an_old_run(run):
    result = call("replay", "old run")
    assert (result.status, result.out) == (0, "open old run/replay.html in a browser\n")
    text = (run / "replay.html").read_text(encoding="utf-8")
    assert "The last step is 5." in text and "2 ln 2" in text and '"reload": 0' in text
    assert {each.name for each in run.iterdir()} == {"config.json", "stats.jsonl", "replay.html"}


@pytest.mark.parametrize(
    "argv, sentence",
    [
        ([], "the following arguments are required: RUN"),
        (["none"], "there is no run folder none"),
        (["."], ". is not a run folder: it holds no config.json and no checkpoint"),
        (["old run/config.json"], "there is no run folder old run/config.json"),
        (["old run", "--ouut"], "unknown option --ouut; python -m tinygan.replay --help lists them"),
        (["blocked"], "cannot read or write blocked/replay.html: Is a directory"),
    ],
)
def test_bad_input_is_one_sentence(run, argv, sentence):
    (run.parent / "blocked" / "replay.html").mkdir(parents=True)
    (run.parent / "blocked" / "config.json").write_text("{")
    result = call("replay", *argv)
    assert result.status == 2 and result.out == "" and one_sentence(result.err) == sentence
    assert not (run / "replay.html").exists()


@pytest.mark.parametrize(
    "config",
    ["", "[]", '{"options": []}', '{"options": {"loss": [1], "conditioning": {}}, "shape": 3, "command": 7}', "{}"],
)
def test_a_damaged_config_costs_the_options_alone(run, config):
    (run / "config.json").write_text(config)
    assert call("replay", run).status == 0
