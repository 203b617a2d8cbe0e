"""Every number that decides whether a run is ill: what lies on it, just below and just above it."""

import math

import pytest

from tinygan.gan import health, losses
from tinygan.gan.health import Past, find

ROW = dict(distance=0.8, diversity=0.8, loss_d=1.2, d_real=0.6, d_fake_before=0.4, accuracy_real=0.7, accuracy_fake=0.6)


def lines(n=4, every=100, **changed):
    """n lines, the last at step n * every; a list stands for numbers that differ from line to line."""
    rows = [{"step": every * (i + 1), **ROW} for i in range(n)]
    for key, value in changed.items():
        for i, row in enumerate(rows):
            row[key] = value[i] if isinstance(value, list) else value
    return rows


def seen(symptom, rows, loss="lsgan"):
    """Whether these lines show it."""
    return bool(symptom(Past(rows, losses.get(loss))))


WON = dict(accuracy_real=1.0, accuracy_fake=1.0, loss_d=0.0)  # lsgan's D is at 0.5 if it cannot tell
FALLS = {share: [1.0, 1.0, (1 - share) * 1.0, (1 - share) * 1.0] for share in (health.FLAT, health.HARDLY)}


def up(value):
    return math.nextafter(value, math.inf)


def down(value):
    return math.nextafter(value, -math.inf)


# A symptom, the lines that do not show it any more, and the lines beside them that do.
LIMITS = {
    "no noise: diversity": (health.no_noise, lines(diversity=0.005), lines(diversity=down(0.005))),
    "collapse: diversity": (health.collapse, lines(diversity=0.25), lines(diversity=down(0.25))),
    "collapse: diversity rises by a tenth": (
        health.collapse,
        lines(diversity=[0.125, 0.125, up(1.1 * 0.125), up(1.1 * 0.125)]),
        lines(diversity=[0.125, 0.125, 1.1 * 0.125, 1.1 * 0.125]),
    ),
    "collapse: distance falls": (
        health.collapse,
        lines(diversity=0.1, distance=FALLS[health.FLAT]),
        lines(diversity=0.1, distance=[1.0, 1.0, up(0.97), up(0.97)]),
    ),
    "collapse: grey for a thousand steps": (
        health.collapse,
        lines(10, diversity=0.1, distance=down(0.6)),
        lines(11, diversity=0.1, distance=down(0.6)),
    ),
    "collapse: not grey": (
        health.collapse,
        lines(10, diversity=0.1, distance=down(0.6)),
        lines(10, diversity=0.1, distance=0.6),
    ),
    "collapse: the first two hundred": (
        health.collapse,
        lines(4, 50, diversity=0.1),
        lines(5, 50, diversity=0.1),
    ),
    "won: accuracy of the real": (
        health.won,
        lines(**WON | {"accuracy_real": 0.995}),
        lines(**WON | {"accuracy_real": up(0.995)}),
    ),
    "won: accuracy of the fakes": (
        health.won,
        lines(**WON | {"accuracy_fake": 0.995}),
        lines(**WON | {"accuracy_fake": up(0.995)}),
    ),
    "won: the loss": (
        health.won,
        lines(**WON | {"loss_d": 0.001 * 0.5}),
        lines(**WON | {"loss_d": down(0.001 * 0.5)}),
    ),
    "won: nine lines of ten": (
        health.won,
        lines(11, 25, **WON | {"loss_d": [0.0] * 2 + [1.0] * 2 + [0.0] * 7}),
        lines(10, 25, **WON | {"loss_d": [1.0] + [0.0] * 9}),
    ),
    "won: distance falls": (
        health.won,
        lines(**WON, distance=FALLS[health.HARDLY]),
        lines(**WON, distance=[1.0, 1.0, up(0.9), up(0.9)]),
    ),
    "lagging: D(G(z)) and D(x)": (
        health.lagging,
        lines(d_fake_before=[0.7, 0.7, 0.6, 0.7]),
        lines(d_fake_before=up(0.6)),
    ),
    "worse: distance": (
        health.worse,
        lines(12, distance=[0.01] * 8 + [0.25] * 4),
        lines(12, distance=[0.01] * 8 + [up(0.25)] * 4),
    ),
    "worse: twice the best": (
        health.worse,
        lines(12, distance=[0.25] * 8 + [0.5] * 4),
        lines(12, distance=[0.25] * 8 + [up(0.5)] * 4),
    ),
    "stuck: distance": (health.stuck, lines(8, distance=0.25), lines(8, distance=up(0.25))),
    "stuck: distance falls": (
        health.stuck,
        lines(8, 125, distance=[1.0] * 5 + [0.97] * 3),
        lines(8, 125, distance=[1.0] * 5 + [up(0.97)] * 3),
    ),
    "stuck: for 500 steps": (health.stuck, lines(5), lines(6)),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_itself_belongs_to_one_side(limit):
    symptom, healthy, sick = LIMITS[limit]
    assert not seen(symptom, healthy) and seen(symptom, sick)


def test_close_to_the_data_all_is_well():
    lagging = dict(d_fake_before=0.9)
    assert find(Past(lines(distance=down(0.1), **lagging), losses.get("ns"))) is None
    assert find(Past(lines(distance=0.1, **lagging), losses.get("ns")))[0] == "lagging"
    assert find(Past([], losses.get("ns"))) is None and find(Past(lines(3, **lagging), losses.get("ns"))) is None


def test_how_far_back_is_looked():
    """To the last line that lies so many steps back, but at four lines at least; not at all in a younger run."""
    loss = losses.get("ns")
    steps = [row["step"] for row in Past(lines(40, 10), loss).recent(100)]
    assert steps == list(range(300, 401, 10))
    assert [row["step"] for row in Past(lines(10, 100), loss).recent(100)] == [700, 800, 900, 1000]
    assert [row["step"] for row in Past(lines(8, 30), loss).recent(100)] == [120, 150, 180, 210, 240]
    assert Past(lines(10, 10), loss).recent(100) == [] and len(Past(lines(11, 10), loss).recent(100)) == 11
    assert Past(lines(3), loss).recent(100) == [] and len(Past(lines(4), loss).recent(100)) == 4
    for symptom, back in ((health.no_noise, 100), (health.collapse, 100), (health.lagging, 100), (health.worse, 50)):
        rows = lines(40, 10, diversity=0.001, d_fake_before=0.9, distance=[0.01] * 4 + [0.8] * 36)
        rows = symptom(Past(rows, loss))
        assert rows[-1]["step"] - rows[0]["step"] == back
    rows = health.won(Past(lines(40, 10, **WON), losses.get("lsgan")))
    assert rows[-1]["step"] - rows[0]["step"] == 200
    for n, back in ((60, 500), (100, 500), (102, 510), (200, 1000)):  # half of its life
        rows = health.stuck(Past(lines(n, 10), loss))
        assert rows[0]["step"] == n * 10 - back


def test_the_best_is_a_mean_of_four_lines():
    rows = lines(8, distance=[4.0, 3.0, 2.0, 0.0, 1.0, 5.0, 9.0, 9.0])
    assert Past(rows, losses.get("ns")).best() == 1.5
    assert Past(rows[:3], losses.get("ns")).best() == math.inf
    for distance in (
        [4.0, 3.0, 2.0, 1.0, 9.0, 9.0, 9.0, 9.0],
        [9.0, 9.0, 9.0, 9.0, 4.0, 3.0, 2.0, 1.0],
        [1.0, 2.0, 3.0, 4.0],
    ):
        assert Past(lines(len(distance), distance=distance), losses.get("ns")).best() == 2.5  # the first, or the last


def test_of_five_lines_the_middle_one_is_of_no_half():
    rows = lines(5, distance=[1.0, 2.0, 100.0, 3.0, 5.0])
    assert health.halves(rows, "distance") == (1.5, 4.0)
    assert health.halves(rows[:1], "distance") == health.halves([], "distance") == (0.0, math.inf)
    assert not health.flat([]) and health.mean(rows[:2], "distance") == 1.5


SAID = {
    "no noise": (dict(diversity=0.0), "all samples are one and the same: it has collapsed, or the noise z does"),
    "collapse": (dict(diversity=0.125), "samples differ from each other only 12% as much as real ones do"),
    "won": (WON, "the discriminator has won: for 200 steps it has told real from fake"),
    "lagging": (dict(d_fake_before=0.875), "for 100 steps it has taken fakes for more real than the data, "
                "D(G(z)) 0.88 against D(x) 0.60"),
    "worse": (dict(distance=[0.3] * 20 + [0.75] * 20), "their distance from the data is 0.75, and was 0.30"),
    "stuck": ({}, "the samples are as far from the data as 500 steps ago, distance 0.80"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name):
    changed, words = SAID[name]
    found = find(Past(lines(60 if name == "stuck" else 40, 10, **changed), losses.get("lsgan")))
    assert found is not None and found[0] == name and words in found[1]


def test_the_gravest_is_said_first():
    assert list(health.SYMPTOMS) == ["no noise", "collapse", "won", "lagging", "worse", "stuck"]
    everything = lines(80, 10, **WON | dict(diversity=0.0, d_fake_before=0.9, distance=[0.2] * 4 + [1.0] * 76))
    order = []
    for cure in (dict(diversity=0.1), dict(diversity=1.0), dict(loss_d=1.0), dict(d_fake_before=0.1), {}):
        order.append(find(Past(everything, losses.get("lsgan")))[0])
        everything = [row | cure for row in everything]
    assert order == ["no noise", "collapse", "won", "lagging", "worse"]
