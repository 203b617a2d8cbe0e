"""The animation: which frames, how long, in which colours."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tinygan.plot import gif, save_gif, save_grid


def save_grey(folder, levels, size=(6, 4)):
    paths = []
    for i, level in enumerate(levels):
        paths.append(folder / f"{i:03d}.png")
        Image.new("L", size, int(level)).save(paths[-1])
    return paths


def read(path):
    """Return the frames' RGB pixels, their durations and the repeat count (0: for ever)."""
    with Image.open(path) as image:
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            durations.append(frame.info["duration"])
            frames.append(np.asarray(frame.convert("RGB")).astype(int))
        return frames, durations, image.info["loop"]


def test_frames_durations_and_order(tmp_path):
    paths = save_grey(tmp_path, [0, 80, 160, 255])
    save_gif(tmp_path / "a.gif", paths, milliseconds=120, hold_last=900)
    frames, durations, loop = read(tmp_path / "a.gif")
    assert [frame.shape for frame in frames] == [(4, 6, 3)] * 4
    np.testing.assert_allclose([f.mean() for f in frames], [0, 80, 160, 255], atol=3)
    assert durations == [120, 120, 120, 900]
    assert loop == 0


def test_long_sequences_keep_first_and_last(tmp_path):
    chosen = gif.thin([str(i) for i in range(1000)], 7)
    assert len(chosen) == 7
    assert (chosen[0], chosen[-1]) == ("0", "999")
    gaps = np.diff([int(c) for c in chosen])
    assert gaps.max() - gaps.min() <= 1
    assert gif.thin(["a", "b", "c"], 1) == ["c"]
    paths = save_grey(tmp_path, np.arange(20) * 13)
    save_gif(tmp_path / "a.gif", paths, max_frames=5)
    assert len(read(tmp_path / "a.gif")[0]) == 5


def test_no_frames_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        save_gif(tmp_path / "a.gif", [])


@pytest.mark.parametrize("options", [{"max_frames": 0}, {"max_side": 0}])
def test_limits_below_one_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match="at least 1"):
        save_gif(tmp_path / "a.gif", save_grey(tmp_path, [0]), **options)


def test_other_sizes_are_fitted_to_the_last(tmp_path):
    paths = []
    for i, size in enumerate([(40, 10), (4, 4), (20, 20)]):
        paths.append(tmp_path / f"{i}.png")
        Image.new("L", size, 255).save(paths[-1])
    save_gif(tmp_path / "a.gif", paths)
    frames, _, _ = read(tmp_path / "a.gif")
    assert {frame.shape for frame in frames} == {(20, 20, 3)}
    assert [int((frame > 200).all(axis=2).sum()) for frame in frames] == [20 * 5, 4 * 4, 20 * 20]


def test_large_grids_shrink_by_a_whole_factor_and_stay_crisp(tmp_path):
    images = np.random.default_rng(0).integers(0, 2, (4, 8, 8, 1)).astype(float)
    save_grid(tmp_path / "a.png", images, padding=0, scale=4)
    save_gif(tmp_path / "a.gif", [tmp_path / "a.png"], max_side=20)
    frames, _, _ = read(tmp_path / "a.gif")
    assert frames[0].shape == (16, 16, 3)
    assert set(np.unique(frames[0])) == {0, 255}


def test_colours_survive(tmp_path):
    colours = [(0, 114, 178), (230, 159, 0)]
    for i, colour in enumerate(colours):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{i}.png")
    save_gif(tmp_path / "a.gif", [tmp_path / "0.png", tmp_path / "1.png"])
    frames, _, _ = read(tmp_path / "a.gif")
    np.testing.assert_allclose([f[3, 3] for f in frames], colours, atol=8)


def test_a_damaged_frame_leaves_the_old_animation(tmp_path):
    paths = save_grey(tmp_path, [0, 255])
    save_gif(tmp_path / "a.gif", paths)
    before = (tmp_path / "a.gif").read_bytes()
    paths[1].write_bytes(paths[1].read_bytes()[:30])
    with pytest.raises(OSError):
        save_gif(tmp_path / "a.gif", paths)
    assert (tmp_path / "a.gif").read_bytes() == before
