"""How the pages show what a benchmark printed, and pictures of several panels."""

import json
import re
from pathlib import Path

import lessons
import numpy as np
import pytest
import ring_replay
import tables
from PIL import Image

DOCS = Path(tables.__file__).parent
TEXT = "".join((DOCS / page).read_text("utf-8") for page in ("results.md", "performance.md"))
PRINTS = {name: printed for name, printed, _ in tables.DUMP.findall(TEXT)}
GROUPED = """\
Made up.

                   ratio                ms a step
step   threads     (below 1: faster)   tinygan   peer
mlp    1           0.99 (0.84-1.04)      20.41  21.61
mlp    best        1.09 (1.02-1.17)      15.39  14.11  target 0.75: missed

A last word.

python -m made.up
"""
VERDICTS = """\
       modes                              quality, %
pack   here          paper                here          paper
1      7.3 +- 0.7    6.3 +- 0.5    within 87.2 +- 6.4   98.2 +- 0.2   off
oracle 8.0 +- 0.0    -                    98.8 +- 0.2   -

python -m made.up
"""


def test_a_print_becomes_a_table():
    title, head, rows, rest = tables.read(GROUPED)
    assert (title, rest) == ("Made up.", "A last word.")
    assert head == ["step", "threads", "ratio, (below 1: faster)", "ms a step, tinygan", "ms a step, peer", ""]
    assert rows[0] == ["mlp", "1", "0.99 (0.84-1.04)", "20.41", "21.61", ""]
    assert rows[1][-1] == "target 0.75: missed"


def test_a_verdict_stands_behind_its_number():
    _, head, rows, _ = tables.read(VERDICTS)
    assert head == ["pack", "modes, here", "modes, paper", "quality, %, here", "quality, %, paper"]
    assert rows == [
        ["1", "7.3 +- 0.7", "6.3 +- 0.5 (within)", "87.2 +- 6.4", "98.2 +- 0.2 (off)"],
        ["oracle", "8.0 +- 0.0", "-", "98.8 +- 0.2", "-"],
    ]


@pytest.mark.parametrize("name", [name for name, printed in PRINTS.items() if printed.count("\n") > 3])
def test_every_number_of_a_print_is_in_its_table(name):
    title, head, rows, rest = tables.read(PRINTS[name])
    assert rows and all(len(row) == len(head) for row in rows)
    shown = " ".join([title, rest, *head, *(cell for row in rows for cell in row)])
    body = PRINTS[name].rsplit("\n\n", 1)[0]
    assert sorted(re.findall(r"[\d.]+", body)) == sorted(re.findall(r"[\d.]+", shown))


def test_charts_draw_the_columns_that_they_name():
    for name, chart in tables.SHOWN.items():
        if name not in PRINTS:
            assert f"<!-- table: {name} -->\nNot measured yet" in TEXT, name
            continue
        _, head, rows, _ = tables.read(PRINTS[name])
        if isinstance(chart, tables.Growth):
            assert all(len(points) > 1 for sides in tables.growth(rows).values() for points in sides.values()), name
            continue
        rows = [row for row in rows if chart.only is None or chart.only in row[1:]]
        for column in chart.columns:
            values = [tables.number(row[column]) for row in rows if row[column]]
            assert len(values) > 1 and np.isfinite(values).all(), (name, head[column])


GROWN = """\
Made up.

                             ratio                  ms a step         peak MB            tinygan
step        threads  peer    (below 1: faster)  tinygan     peer  tinygan    peer  GFLOP/s   floor
mlp 16            1  other    0.50 (0.40-0.60)    10.00    20.00       71     355     20.9    25 %
mlp 16            2  other    0.90 (0.80-0.95)    15.00    18.00       73     356     20.9    25 %
mlp 16         best  other    0.55 (0.50-0.60)    10.00    18.00       71     356     20.9    25 %  target 0.80: reached
mlp 64            1  other        -               30.00        -       75       -     58.0    37 %

python -m made.up
"""


def test_growth_takes_each_sides_fastest_threads():
    _, _, rows, _ = tables.read(GROWN)
    found = {"tinygan": [(16, 10, 71), (64, 30, 75)], "other": [(16, 18, 356)]}
    assert tables.growth(rows) == {"mlp": found}
    assert tables.described({"mlp": found})["other, mlp"] == ["16: 18 ms, 356 MB"]


def test_bars_of_peers_stand_in_groups():
    chart = tables.Chart({3: "ratio"}, "", only="best", by=2)
    rows = [
        ["mlp", "best", "A", "0.5 (x)"],
        ["mlp", "1", "A", "7"],
        ["mlp", "best", "B", "0.6"],
        ["ring", "best", "A", "2"],
    ]
    names, series = tables.grouped(chart, rows)
    assert names == ["mlp", "ring"] and series["A"] == [0.5, 2] and series["B"][0] == 0.6 and np.isnan(series["B"][1])


@pytest.mark.parametrize("name, printed", [("benchmarks.cpu --batch", GROWN), ("benchmarks.cpu", GROWN)])
def test_charts_are_drawn_for_light_and_dark_pages(name, printed, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "CHARTS", tmp_path)
    shown = tables.shown(
        f"<!-- table: none -->\nNot yet.\n<!-- end -->\n<!-- table: {name} -->\n```\n{printed}```\n<!-- end -->"
    )
    assert shown.startswith("<!-- table: none -->\nNot yet.\n<!-- end -->\n```{image}") and "dropdown" in shown
    assert len(list(tmp_path.iterdir())) == 2 and all(path.stat().st_size > 1000 for path in tmp_path.iterdir())


def test_a_wide_picture_is_cut_where_it_is_blank():
    pytest.importorskip("sphinx", reason="the package sphinx is not installed")
    import strips

    pixels = np.full((100, 400, 3), 255, np.uint8)
    for left in (5, 140, 280):
        pixels[20:80, left : left + 110] = 0
    cuts = strips.panels(Image.fromarray(pixels))
    assert [right - left for left, right in cuts] == [127, 138, 135] and cuts[0][0] == 0 and cuts[-1][1] == 400
    assert strips.panels(Image.fromarray(pixels[:, :200])) == [(0, 200)]
    pixels[50] = 0  # a line through all of them: there is no place to cut
    assert strips.panels(Image.fromarray(pixels)) == [(0, 400)]


def test_the_parts_of_a_wide_picture_are_named_in_the_language_of_the_page():
    pytest.importorskip("sphinx", reason="the package sphinx is not installed")
    import strips

    assert [strips.alt("Two rings", i, "tutorials/08") for i in (0, 1)] == ["Two rings", "The same picture, part 2"]
    assert [strips.alt("两个圆环", i, "zh/08") for i in (0, 2)] == ["两个圆环", "同一张图的第 3 部分"]


def test_a_wide_picture_on_a_chinese_page_has_no_english(tmp_path):
    pytest.importorskip("sphinx", reason="the package sphinx is not installed")
    from types import SimpleNamespace

    import strips
    from docutils import nodes
    from docutils.utils import new_document

    pixels = np.full((100, 400, 3), 255, np.uint8)
    for left in (5, 140, 280):
        pixels[20:80, left : left + 110] = 0
    (tmp_path / "zh").mkdir()
    Image.fromarray(pixels).save(tmp_path / "zh" / "wide.png")
    document = new_document("08")
    document += nodes.image(uri="/zh/wide.png", alt="三个方块")
    document.settings.env = SimpleNamespace(srcdir=tmp_path, docname="zh/08", doc2path=lambda name: "zh/08.md")
    strips.CutStrips(document).apply()
    assert [node["alt"] for node in document.findall(nodes.image)] == [
        *("三个方块", "同一张图的第 2 部分", "同一张图的第 3 部分")
    ]


def test_a_changed_source_is_noticed(tmp_path, monkeypatch):
    source = tmp_path / "00_one.py"
    source.write_text("# %%\nprint(1)\n", encoding="utf-8")
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    assert not lessons.is_current(source)
    text = json.dumps({"cells": [], "metadata": {"tinygan": {"source": lessons.sha256(source)}}})
    lessons.notebook_of(source).write_text(text, encoding="utf-8")
    assert lessons.is_current(source)
    source.write_bytes(b"# %%\r\nprint(1)\r\n")  # the same text, as Windows has it
    assert lessons.is_current(source)
    source.write_text("# %%\nprint(2)\n", encoding="utf-8")
    assert not lessons.is_current(source)


def test_the_run_that_opens_the_site_is_a_page_as_runs_have_it_now():
    page, template = (path.read_text("utf-8") for path in (ring_replay.PAGE, ring_replay.TEMPLATE))
    assert ring_replay.is_current(page, template), "replay.html has changed: run python docs/ring_replay.py"


@pytest.mark.parametrize("old", ["250", "</button>", "<html", "JSON.parse", "</html>"])
def test_an_old_page_is_noticed(old):
    page, template = (path.read_text("utf-8") for path in (ring_replay.PAGE, ring_replay.TEMPLATE))
    assert old in template and not ring_replay.is_current(page, template.replace(old, "new", 1))
    assert not ring_replay.is_current(page + "more", template)
