"""The page of a run: what it holds, that nothing in it is taken for HTML, how large it gets, what is encoded again."""

import base64
import io
import json
import math
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tinygan.plot import replay as page
from tinygan.plot import svg
from tinygan.plot.curves import Curve
from tinygan.plot.replay import Pictures, Replay, chosen, replay_html, save_replay

HOSTILE = "</script><script>alert(1)</script><img src=http://x.y onerror='alert(2)'>&\"${title}"
ROWS = [
    {"step": s, "loss_d": 1.0 + 1 / s, "loss_g": 0.7, "d_real": 0.6, "d_fake_before": 0.4, "grad_norm_d": 10.0**-s}
    for s in range(1, 9)
]
MEASURED = [{"step": s, "modes": s, "n": 2500, "flat": 14.872084410170931} for s in range(0, 9, 4)]


class Tags(HTMLParser):
    """The start tags of a page, the text in each kind of element, and those that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (self.open, tag)
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture
def frames(tmp_path):
    """Pictures of 40 x 20 pixels for the steps 0, 2, 4, 6, 8."""
    found = []
    for step in range(0, 9, 2):
        path = tmp_path / f"fakes_{step:06d}.png"
        Image.fromarray(np.full((20, 40), 25 * step, np.uint8)).save(path)
        found.append((step, path))
    return found


def data(text):
    return json.loads(re.search(r'<script type="application/json" id="run">(.*)</script>', text)[1])


def test_the_page_is_whole_and_asks_for_nothing(frames):
    text = replay_html(Replay("run", frames, 8, frames[0][1], 2, ROWS, MEASURED, {"2 ln 2": 1.39}), Pictures())
    found = Tags(text)
    assert not found.open and "$" not in text
    assert not {"link", "iframe", "object"} & {tag for tag, _ in found.tags}
    addresses = [attrs[name] for _, attrs in found.tags for name in ("src", "href") if name in attrs]
    assert addresses and all(each.startswith("data:image/webp;base64,") for each in addresses)
    policy = next(attrs["content"] for tag, attrs in found.tags if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:;") and "://" not in re.sub("<script.*", "", text)
    run = data(text)
    assert [each["step"] for each in run["frames"]] == [0, 2, 4, 6, 8] and run["reload"] == 0
    assert [each["at"] for each in run["frames"]] == [0, 0.25, 0.5, 0.75, 1]
    outputs = sum(tag == "output" for tag, _ in found.tags) - 1  # that of the slider
    assert {len(each["values"]) for each in run["frames"]} == {outputs} == {2 + 3 + 2 + 2}
    assert run["frames"][2]["values"] == ["1.25", "0.7", "0.6", "0.4", "\u2013", "0.0001", "\u2013", "4", "14.9"]
    assert run["frames"][0]["values"][:2] == ["\u2013", "\u2013"]  # no row yet


def test_nothing_that_a_run_says_becomes_html(frames):
    rows = [{"step": 1, HOSTILE: 1.0}]
    replay = Replay(
        HOSTILE,
        frames,
        8,
        frames[0][1],
        1,
        ROWS,
        rows,
        {HOSTILE: 1.0},
        [(1, HOSTILE)],
        {HOSTILE: HOSTILE},
        HOSTILE,
        HOSTILE,
    )
    plain = Replay(
        "t", frames, 8, frames[0][1], 1, ROWS, [{"step": 1, "m": 1.0}], {"m": 1.0}, [(1, "w")], {"k": "v"}, "c", "s"
    )
    hostile, harmless = Tags(replay_html(replay, Pictures())), Tags(replay_html(plain, Pictures()))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in harmless.tags]
    for tag in ("title", "h1", "li", "dt", "dd"):
        assert HOSTILE in "".join(hostile.texts[tag])


def test_a_run_without_pictures_or_numbers_has_a_page_too(tmp_path):
    text = replay_html(Replay("run", [], 1, tmp_path / "none.png"), Pictures())
    assert not Tags(text).open and text.count("no values yet") == 3 and 'class="reals"><img' not in text
    assert [(each["step"], each["picture"]) for each in data(text)["frames"]] == [(1, "")]


def test_a_damaged_picture_is_left_out(frames):
    frames[1][1].write_bytes(frames[1][1].read_bytes()[:40])
    frames[2][1].write_bytes(b"picture")
    frames[3][1].unlink()
    assert [step for step, _ in chosen(frames, 1, Pictures())] == [0, 8]


@pytest.mark.parametrize("count, steps", [(0, []), (1, [0]), (4, [0, 1, 2, 3]), (5, [0, 2, 4]), (6, [0, 2, 4, 5])])
def test_many_pictures_are_thinned_by_halves(monkeypatch, tmp_path, count, steps):
    monkeypatch.setattr(page, "MOST_FRAMES", 4)
    monkeypatch.setattr(page, "encoded", lambda path, enlarged: "x")
    (tmp_path / "a").touch()
    assert [step for step, _ in chosen([(i, tmp_path / "a") for i in range(count)], 1, Pictures())] == steps


def test_what_was_left_out_stays_left_out(monkeypatch, tmp_path):
    """So each picture is encoded once; and what is no longer shown is not kept in memory."""
    encoded = []
    monkeypatch.setattr(page, "MOST_FRAMES", 8)
    monkeypatch.setattr(page, "encoded", lambda path, enlarged: encoded.append(path) or "x")
    pictures, frames = Pictures(), []
    for step in range(100):
        frames.append((step, tmp_path / f"{step}.png"))
        frames[-1][1].touch()
        found = [each for each, _ in chosen(frames, 1, pictures)]
        pictures.forget_others()
        assert found[0] == 0 and found[-1] == step and len(found) <= 8 and len(pictures.known) <= 16
    assert len(encoded) == len(set(encoded)) == 100


def test_large_pictures_are_fewer(monkeypatch, frames):
    monkeypatch.setattr(page, "encoded", lambda path, enlarged: "x" * 1000)
    monkeypatch.setattr(page, "MOST_LETTERS", 3000)
    assert [step for step, _ in chosen(frames, 1, Pictures())] == [0, 4, 8]


def test_a_picture_that_changed_is_read_again(frames):
    pictures = Pictures()
    before = pictures.get(frames[0][1], 1)
    Image.fromarray(np.full((20, 40), 255, np.uint8)).save(frames[0][1])
    os_time = frames[0][1].stat().st_mtime_ns + 10**9
    os.utime(frames[0][1], ns=(os_time, os_time))
    assert pictures.get(frames[0][1], 1) != before


@pytest.mark.parametrize(
    "size, enlarged, shown", [((40, 20), 2, (20, 10)), ((2800, 10), 2, (700, 3)), ((1401, 9), 1, (467, 3))]
)
def test_pictures_lose_their_enlargement_and_fit(tmp_path, size, enlarged, shown):
    Image.new("L", size).save(tmp_path / "a.png")
    address = Pictures().get(tmp_path / "a.png", enlarged)
    with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as image:
        assert image.format == "WEBP" and image.size == shown


def test_a_page_stays_below_3_mb(monkeypatch, tmp_path):
    """Of the most numbers, and of pictures that are as large as those of noise."""
    monkeypatch.setattr(page, "encoded", lambda path, enlarged: "x" * 45_000)
    (tmp_path / "a").touch()
    frames = [(step, tmp_path / "a") for step in range(60)]
    rows = [
        {"step": s / 100, **dict.fromkeys(("loss_d", "loss_g", "d_real", "grad_norm_d"), s * 1.1)} for s in range(6000)
    ]
    save_replay(tmp_path / "replay.html", Replay("run", frames, 60, rows=rows))
    assert 1_300_000 < (tmp_path / "replay.html").stat().st_size < 3_000_000


# -- the curves ----------------------------------------------------------------------------------------


def test_a_line_has_gaps_where_numbers_are_missing_and_a_lone_value_is_a_dot():
    x, y = np.linspace(0, 1, 5), np.array([0, 0.5, math.nan, 1, math.nan])
    assert svg.path(x, y) == "M0.0000 1.0000L0.0000 1.0000L0.2500 0.5000M0.7500 0.0000L0.7500 0.0000"


def test_long_lines_are_thinned_and_keep_their_ends():
    x = np.linspace(0, 1, 10_001)
    words = svg.path(x, x).split("L")
    assert len(words) <= svg.MOST_POINTS + 3 and words[1] == "0.0000 1.0000" and words[-1] == "1.0000 0.0000"


def test_values_stand_at_their_heights():
    """The mark, the tick and the line of the same value agree."""
    rows = [{"step": 0, "a": 0.0}, {"step": 10, "a": 4.0}]
    text = svg.panel_html(svg.Panel("p", (Curve("a", "A", "#0072B2"),), rows, {"here": 2.0}), 10)
    assert 'class="mark" style="top:50.0%"' in text and 'class="y" style="top:50.0%">2<' in text
    low = 1 - 0.16 / 4.32
    assert f"L0.0000 {low:.4f}" in text and f"L1.0000 {1 - low:.4f}" in text


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-300, 1e199, 14.872084410170931])
@pytest.mark.parametrize("log", [False, True])
def test_a_constant_is_a_line_within_the_panel(value, log):
    rows = [{"step": s, "a": value * (1 + s * 1e-16)} for s in range(3)]
    text = svg.panel_html(svg.Panel("p", (Curve("a", "A", "#0072B2"),), rows, {}, log), 2)
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ (\S+?)(?=[ML\"])", text)]
    assert all(0 <= y <= 1 for y in heights) and (heights or (log and value <= 0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_no_number_is_not_drawn(value):
    rows = [{"step": s, "a": value} for s in range(3)]
    assert "no values yet" in svg.panel_html(svg.Panel("p", (Curve("a", "A", "#0072B2"),), rows, {}), 2)


def test_a_critic_has_no_mark_at_one_half():
    marks = {
        name: svg.panels_of([{"step": 1, "d_real": x}], [], {})[1].marks for name, x in (("D", 0.9), ("critic", 3.0))
    }
    assert marks == {"D": {"1/2": 0.5}, "critic": {}}
