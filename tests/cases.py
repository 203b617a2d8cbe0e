"""What the kernels of both backends are tried on."""

from __future__ import annotations

from tinygan.autograd.kinks import Gate, LeakyReLU, ReLU

# N, (H, W), (kh, kw), C, O, stride, padding
CONVOLUTIONS = [
    (2, (7, 7), (5, 5), 3, 4, 1, "same"),
    (3, (14, 14), (5, 5), 2, 5, 2, "same"),
    (2, (28, 28), (5, 5), 1, 3, 2, "same"),
    (2, (28, 28), (3, 3), 1, 2, 2, 1),  # the stride does not divide: 28 -> 14 leaves a column unseen
    (1, (5, 3), (3, 2), 2, 3, 1, 0),
    (1, (3, 5), (1, 1), 3, 2, 1, 0),
    (2, (7, 5), (3, 2), 2, 3, 2, ((2, 1), (0, 1))),
    (2, (7, 10), (2, 4), 2, 3, 3, ((0, 3), (2, 0))),
    (2, (3, 5), (3, 5), 2, 7, 1, 0),  # one output pixel
    (2, (2, 3), (5, 7), 2, 3, 1, ((4, 3), (2, 5))),  # a kernel larger than the image
    (2, (5, 5), (2, 2), 2, 3, 3, 0),  # pixels that no tap meets
    (2, (4, 4), (3, 3), 2, 3, 1, 4),  # outputs that see padding only
]

# Slopes on both sides of 0 for which there is a fast way, and for which there is none.
KINKS = [
    ReLU(),
    *(LeakyReLU(slope) for slope in (0.2, 0.0, 1.0, -0.5, 3.0)),
    *(Gate(below, above) for below, above in ((0.0, 1.0), (0.2, 1.0), (2.0, -1.5))),
]
