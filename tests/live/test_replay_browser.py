"""replay.html in a browser: from disk, without a network; slider, keys, play, cursor; it reloads and then stops."""

import dataclasses
import time

import numpy as np
import pytest
from PIL import Image

from tinygan.plot.replay import Replay, save_replay

pytestmark = pytest.mark.browser
STEPS = range(0, 1001, 100)


@pytest.fixture
def replay(tmp_path):
    """A run of 1,000 steps whose pictures are greys that tell the step."""
    frames = []
    for step in STEPS:
        path = tmp_path / f"fakes_{step:06d}.png"
        Image.fromarray(np.full((64, 64), step // 5, np.uint8)).save(path)
        frames.append((step, path))
    rows = [
        {"step": s, "loss_d": 1 + s / 1000, "loss_g": 2 - s / 1000, "grad_norm_d": 1.0} for s in range(50, 1001, 50)
    ]
    measured = [{"step": s, "modes": s // 200} for s in STEPS]
    words = [(450, "the discriminator has won")]
    return Replay("00000-ring", frames, 1000, frames[0][1], 1, rows, measured, {"2 ln 2": 1.386}, words, {"lr": 0.1})


@pytest.fixture
def opened(window):
    """function(path, **options): the page, without a network."""
    return lambda path, **options: window(path.as_uri(), offline=True, **options)


def seen(page):
    """What the page shows: (slider, step, grey of the picture, place of the cursor, loss of D, pale words)."""
    return page.evaluate(
        """async () => {
        const fakes = document.getElementById("fakes"), canvas = document.createElement("canvas");
        await fakes.decode();
        canvas.getContext("2d").drawImage(fakes, 0, 0);
        const cursor = document.querySelector(".cursor"), plot = cursor.parentElement;
        return {
          slider: +document.getElementById("slider").value,
          step: document.getElementById("step").textContent,
          grey: canvas.getContext("2d").getImageData(5, 5, 1, 1).data[0],
          cursor: cursor.offsetLeft / plot.clientWidth,
          loss: document.querySelector("#curves output").textContent,
          later: document.querySelectorAll("li.later").length,
        };
    }"""
    )


def until(page, place, text):
    """Wait until that text stands there. (The page allows no eval, which playwright's own conditions need.)"""
    page.locator(f'{place}:text-is("{text}")').wait_for()


def check(page, index):
    """That everything stands at the picture of this number."""
    step, found = STEPS[index], seen(page)
    assert found["slider"] == index and found["step"] == f"step {step:,}"
    assert found["grey"] == pytest.approx(step // 5, abs=3)
    assert found["cursor"] == pytest.approx(step / 1000, abs=0.01)
    assert found["loss"] == (f"{1 + step / 1000:.3g}" if step else "\u2013")
    assert found["later"] == (step < 450)


def test_slider_keys_and_curves_move_picture_cursor_and_numbers(opened, replay, tmp_path):
    save_replay(tmp_path / "replay.html", replay)
    with opened(tmp_path / "replay.html") as page:
        check(page, 10)
        for key, index in [
            ("ArrowLeft", 9),
            ("ArrowLeft", 8),
            ("Home", 0),
            ("ArrowLeft", 0),
            ("ArrowRight", 1),
            ("End", 10),
        ]:
            page.keyboard.press(key)
            check(page, index)
        page.locator("#slider").fill("4")
        check(page, 4)
        page.locator("#slider").focus()
        page.keyboard.press("ArrowRight")  # once, although the slider has the key too
        check(page, 5)
        plot = page.locator(".plot").first
        plot.click(position={"x": plot.bounding_box()["width"] * 0.72, "y": 30})
        check(page, 7)


def test_play_runs_to_the_end_and_stops(opened, replay, tmp_path):
    save_replay(tmp_path / "replay.html", replay)
    with opened(tmp_path / "replay.html") as page:
        page.locator("#play").click()
        assert page.locator("#play").text_content() == "pause" and seen(page)["slider"] < 5
        until(page, "#step", "step 300")
        page.keyboard.press("Space")  # the button has the focus: it takes the key itself
        assert page.locator("#play").text_content() == "play"
        page.locator("h1").click()
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Space")
        until(page, "#play", "play")
        check(page, 10)


def test_it_reloads_keeps_its_place_and_stops_with_the_run(opened, replay, tmp_path):
    path, half = tmp_path / "replay.html", dataclasses.replace(replay, frames=replay.frames[:6])
    on = dict(reload=1, silent=time.time() + 1000)
    save_replay(path, dataclasses.replace(half, state="on", **on))
    with opened(path) as page:
        assert seen(page)["step"] == "step 500"
        save_replay(path, dataclasses.replace(replay, state="more", **on))  # follows the newest
        until(page, "#state", "more")
        check(page, 10)
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        save_replay(path, dataclasses.replace(replay, state="ended"))
        until(page, "#state", "ended")
        check(page, 1)
        page.evaluate("window.mark = 1")
        page.wait_for_timeout(1500)
        assert page.evaluate("window.mark") == 1


def test_a_page_that_is_replaced_all_the_time_is_always_whole(opened, replay, tmp_path):
    path = tmp_path / "replay.html"
    save_replay(path, replay)
    with opened(path) as page:
        for i in range(12):
            save_replay(path, dataclasses.replace(replay, state=str(i)))
            page.reload(wait_until="commit")
            save_replay(path, replay)
            until(page, "#step", "step 1,000")
        check(page, 10)


def test_after_a_long_silence_it_says_so_and_rests(opened, replay, tmp_path):
    save_replay(tmp_path / "replay.html", dataclasses.replace(replay, state="on", reload=1, silent=time.time() - 1))
    with opened(tmp_path / "replay.html") as page:
        page.evaluate("window.mark = 1")
        until(page, "#state", "Nothing new for a long time: has the run been stopped?")
        assert page.evaluate("window.mark") == 1


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_wide_and_narrow_light_and_dark(opened, replay, tmp_path, width, scheme):
    save_replay(tmp_path / "replay.html", replay)
    with opened(tmp_path / "replay.html", viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(24, 24, 24)"}[scheme]
        fakes, curves = (page.locator(each).bounding_box() for each in ("#fakes", "#curves"))
        beside = curves["x"] >= fakes["x"] + fakes["width"]
        assert beside == (width > 760) and fakes["width"] > 300
