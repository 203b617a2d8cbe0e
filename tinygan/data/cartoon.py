"""One cartoon face: its description, and the picture drawn from it.

Lengths are in units of 1/64 of the picture's side, whatever that is. What belongs to the head is described from the
head's centre, then turned, scaled and moved with it by one affine map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygan.data.drawing import ALONG, ARCH, CIRCLE, TURN, Colour, Pen, lit, mix, rgb, shade

EXPRESSIONS: tuple[str, ...] = ("happy", "sad", "surprised", "neutral")
HAIR = ("bald", "short", "spikes", "parted", "fringe", "long", "curls", "bun", "bunches")
COLLARS = ("round", "pointed", "band")

UNITS = 64  # the side of a picture
FINE = 4  # a picture is drawn at least so many times its size
FINEST = 256  # pixels: and at least so large
CENTRE = np.array([32.0, 33.0])  # of an average head
WHITE, INK = (250.0, 250.0, 248.0), (38.0, 28.0, 30.0)
MOUTH, TONGUE, TEAR = (110.0, 26.0, 36.0), (226.0, 108.0, 112.0), (140.0, 200.0, 245.0)

OPEN_EYES = {"happy": 0.95, "sad": 0.85, "surprised": 1.3, "neutral": 1.0}
# Of an eyebrow: height above the eye, rise of the inner end, height of the arch.
BROWS = {"happy": (6.3, 0, 1.2), "sad": (6.0, 2.0, 0.2), "surprised": (8.6, 0, 1.7), "neutral": (5.8, 0, 0.5)}


@dataclass(frozen=True)
class Face:
    """What is to be seen."""

    expression: str  # one of EXPRESSIONS
    hair: str  # one of HAIR
    collar: str  # one of COLLARS
    skin: Colour
    hair_colour: Colour
    iris: Colour
    shirt: Colour
    background: Colour
    glasses: Colour | None  # of the frame, or none
    square_glasses: bool
    open_smile: bool  # of a happy face
    tear: bool  # of a sad face
    mirror: float  # 1, or -1 for a parting and a tear on the other side
    shift: tuple[float, float]
    tilt: float  # radians, clockwise
    scale: float
    width: float  # half of the head's
    height: float  # half of the head's
    jaw: float  # by which part the head is narrower at the chin
    eye_gap: float  # from the middle of the face to the middle of an eye
    eye_size: float  # 1 on average, as `nose`
    gaze: tuple[float, float]
    brow: float  # thickness
    nose: float
    mouth: float  # half of its width
    light: tuple[float, float]  # where the light falls; the picture reaches from -1 to 1


def draw(face: Face, size: int) -> np.ndarray:
    """The face as a picture.

    Parameters
    ----------
    face : Face
        What to draw.
    size : int
        Side of the picture in pixels.

    Returns
    -------
    ndarray, shape (size, size, 3), uint8
    """
    from PIL import Image  # here, as `import tinygan.data` must stay light

    times = max(FINE, FINEST // size)
    image = Image.new("RGB", (times * size, times * size), rgb(face.background))
    unit = times * size / UNITS
    shoulders = Pen(image, 1.1 * unit * np.eye(2), unit * (CENTRE + (face.shift[0] / 2, 0)))
    cos, sin = face.scale * unit * np.cos(face.tilt), face.scale * unit * np.sin(face.tilt)
    head = Pen(image, np.array([[cos, -sin], [sin, cos]]), unit * (CENTRE + face.shift))
    _hair_behind(head, face)
    _body(shoulders, face)
    _head(head, face)
    _hair_before(head, face)
    _eyes(head, face)
    _glasses(head, face)
    _mouth(head, face)
    return lit(np.asarray(image.reduce(times)), face.light)


def _outline(face: Face, turn: np.ndarray, grow: float = 0.0) -> np.ndarray:
    """Points of the head's outline at the angles `turn`, clockwise from the right, moved outwards by `grow`."""
    cos, sin = np.cos(turn), np.sin(turn)
    x = (face.width + grow) * cos * (1 - face.jaw * np.clip(sin, 0, 1) ** 2)
    return np.stack([x, (face.height + grow) * sin], axis=1)


def _hair_behind(pen: Pen, face: Face) -> None:
    w, h, dark = face.width, face.height, shade(face.hair_colour, 0.82)
    half_turn = np.linspace(np.pi, 2 * np.pi, 24)
    if face.hair == "long":
        ends = [[w + 4.5, 12], [w + 4, 19], [w - 1, 22], [1 - w, 22], [-w - 4, 19], [-w - 4.5, 12]]
        pen.fill(np.concatenate([_outline(face, half_turn, 3.0), ends]), dark)
    elif face.hair == "fringe":
        ends = [[w + 3, 9.5], [w - 0.5, 12], [0.5 - w, 12], [-w - 3, 9.5]]
        pen.fill(np.concatenate([_outline(face, half_turn, 2.0), ends]), dark)
    elif face.hair == "curls":
        pen.ellipse(0, -3.5, w + 4, h + 1.5, dark)
        for x, y in _outline(face, np.linspace(np.pi - 0.45, 2 * np.pi + 0.45, 13), 2.2):
            pen.ellipse(x, y, 4.6, 4.6, face.hair_colour)
    elif face.hair == "bun":
        pen.ellipse(0, -h - 2.6, 5.8, 4.8, dark)
    elif face.hair == "bunches":
        for side in (-1, 1):
            pen.ellipse(side * (w + 3.5), 4, 4.6, 7.5, dark)
            pen.ellipse(side * (w + 1.6), -3.2, 2.0, 2.0, mix(face.shirt, WHITE, 0.2))


def _body(pen: Pen, face: Face) -> None:
    neck = shade(face.skin, 0.86)  # in the chin's shadow
    pen.ellipse(0, 37, 22, 17, face.shirt)
    if face.collar == "pointed":
        pen.fill(np.array([[-6.5, 19.5], [6.5, 19.5], [0, 29.5]]), neck)
    else:
        if face.collar == "band":
            pen.ellipse(0, 20.5, 9, 5.6, mix(face.shirt, WHITE, 0.6))
        pen.ellipse(0, 20, 7, 4, neck)
    pen.fill(np.array([[-5.5, 8], [5.5, 8], [6, 21], [-6, 21]]), neck)


def _head(pen: Pen, face: Face) -> None:
    for side in (-1, 1):
        pen.ellipse(side * face.width, 1.5, 2.8, 3.8, shade(face.skin, 0.93))
        pen.ellipse(side * (face.width + 0.5), 1.5, 1.3, 2.2, shade(face.skin, 0.78))
    pen.fill(_outline(face, TURN), face.skin)
    for side in (-1, 1):
        pen.ellipse(side * (face.eye_gap + 2.2), 5.6, 2.9, 2.0, mix(face.skin, (235.0, 90.0, 90.0), 0.22))
    pen.stroke(1.9 * face.nose * ALONG, 3.6 + 1.1 * face.nose * ARCH, 1.3, shade(face.skin, 0.7))


def _hair_before(pen: Pen, face: Face) -> None:
    if face.hair == "bald":
        return
    across = np.linspace(1, -1, 21)
    # `end`: how far below the middle of the head it reaches at the sides, in radians; `line`: where it ends on the
    # forehead, from right to left, as a part of the head's height.
    end, thick = -0.05, 1.4
    if face.hair == "spikes":
        line = -0.6 + 0.42 * across**4 + 0.068 * (np.arange(21) % 2)
    elif face.hair == "parted":
        line = -0.82 + np.where(across > 0.45, 3.2, 0.34) * (across - 0.45) ** 2
    elif face.hair == "fringe":
        end, thick, line = 0.2, 2.0, -0.46 + 0.55 * across**14
    elif face.hair == "long":
        end, thick, line = 0.3, 2.4, -0.86 + 1.05 * np.abs(across) ** 1.7
    elif face.hair in ("bun", "bunches"):
        line = -0.7 + 0.6 * across**4
    else:
        line = -0.58 + 0.5 * across**6
    outer = _outline(face, np.linspace(np.pi - end, 2 * np.pi + end, 25), thick)
    if face.hair == "spikes":
        outer[1:-1:2] *= 1.16
    inner = np.stack([across * outer[-1, 0], face.height * line], axis=1)
    pen.fill(np.concatenate([outer, inner]) * (face.mirror, 1), face.hair_colour)
    if face.hair == "curls":
        for x, y in _outline(face, np.linspace(np.pi + 0.3, 2 * np.pi - 0.3, 8), -1.5):
            pen.ellipse(x, y, 3.4, 3.4, face.hair_colour)
    elif face.hair not in ("spikes", "parted"):  # the others are smooth enough to gleam
        x, y = _outline(face, np.linspace(1.15, 1.4, len(ALONG)) * np.pi, -1.2).T
        pen.stroke(-face.mirror * x, y, 1.3, mix(face.hair_colour, WHITE, 0.25))


def _eyes(pen: Pen, face: Face) -> None:
    rx, ry, iris = 3.5 * face.eye_size, 3.0 * face.eye_size * OPEN_EYES[face.expression], 2.1 * face.eye_size
    height, rise, arch = BROWS[face.expression]
    hair = (92.0, 66.0, 50.0) if face.hair == "bald" else face.hair_colour
    for side in (-1, 1):
        x, y = side * face.eye_gap, -0.8
        pupil = x + face.gaze[0], y + face.gaze[1]
        pen.ellipse(x, y, rx, ry, WHITE)
        pen.ellipse(*pupil, iris, iris, face.iris)
        pen.ellipse(*pupil, 0.58 * iris, 0.58 * iris, INK)
        pen.ellipse(pupil[0] - 0.7, pupil[1] - 0.8, 0.65, 0.65, WHITE)
        pen.stroke(x + 1.08 * rx * ALONG, y - ry * np.sqrt(ARCH + 0.02), 1.0, INK)
        brow = y - height + rise * ALONG - arch * ARCH
        pen.stroke(x + side * 3.6 * face.eye_size * ALONG, brow, face.brow, shade(hair, 0.5))


def _glasses(pen: Pen, face: Face) -> None:
    if face.glasses is None:
        return
    power = 0.45 if face.square_glasses else 1.0
    rim = np.sign(CIRCLE) * np.abs(CIRCLE) ** power * (0.5 * face.eye_gap + 2.3, 4.9)
    ring = np.concatenate([rim, rim[:1], 0.8 * rim[:1], 0.8 * rim[::-1]])
    for side in (-1, 1):
        pen.fill(ring + (side * face.eye_gap, -0.3), face.glasses)
        temple = np.linspace(face.eye_gap + rim[0, 0], face.width - 0.2, len(ALONG))
        pen.stroke(side * temple, np.full(len(ALONG), -0.8), 1.1, face.glasses)
    pen.stroke(2.2 * ALONG, -0.6 - 0.6 * ARCH, 1.1, face.glasses)


def _mouth(pen: Pen, face: Face) -> None:
    half, y, x = face.mouth, 0.56 * face.height, face.mouth * ALONG
    lips = mix(shade(face.skin, 0.32), (140.0, 30.0, 40.0), 0.45)
    if face.expression == "surprised":
        pen.ellipse(0, y + 0.8, 0.52 * half, 0.66 * half, MOUTH)
        pen.ellipse(0, y + 0.8 + 0.36 * half, 0.32 * half, 0.24 * half, TONGUE)
    elif face.expression == "happy" and face.open_smile:
        top = np.stack([x, y - 1.8 + 0.6 * ARCH], axis=1)
        bottom = np.stack([x, y - 1.8 + 0.95 * half * ARCH], axis=1)
        teeth = np.stack([0.86 * x, y - 1.4 + 2.0 * ARCH], axis=1)
        pen.fill(np.concatenate([top, bottom[::-1]]), MOUTH)
        pen.fill(np.concatenate([top * (0.86, 1), teeth[::-1]]), WHITE)
    elif face.expression == "happy":
        pen.stroke(x, y - 1.6 + 0.55 * half * ARCH, 1.9, lips)
    elif face.expression == "sad":
        pen.stroke(0.8 * x, y + 2.6 - 0.6 * half * ARCH, 1.9, lips)
    else:
        pen.stroke(0.7 * x, y + 0.2 + 0.6 * ARCH, 1.9, lips)
    if face.expression == "sad" and face.tear:
        place = face.mirror * (face.eye_gap + 1.2)
        pen.ellipse(place, 6.0, 1.5, 1.9, TEAR)
        pen.fill(np.array([[place - 1.3, 5.4], [place, 2.6], [place + 1.3, 5.4]]), TEAR)
