import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, digits
from tinygan.data.digits import BOLD_FONTS, LIGHT_FONTS, render


@pytest.fixture(scope="module")
def thousand():
    return render(1000, np.random.default_rng(0))


def test_shape_type_and_balance(thousand):
    assert thousand.name == "digits"
    assert thousand.pixels.shape == (1000, 28, 28, 1)
    assert np.bincount(thousand.labels).tolist() == [100] * 10
    assert thousand.class_names == tuple("0123456789")


def test_labels_are_in_random_order(thousand):
    assert len(set(thousand.labels[:10].tolist())) > 3
    assert not np.array_equal(thousand.labels, np.arange(1000) % 10)


def test_ink_is_white_on_black_and_centred(thousand):
    ink = thousand.pixels[..., 0] / 255
    assert ink[:, [0, -1]].mean() < 1e-3 and ink[:, :, [0, -1]].mean() < 1e-3
    assert 0.08 < ink.mean() < 0.25  # 0.13 in MNIST
    assert (ink.max(axis=(1, 2)) > 0.9).mean() > 0.99
    rows = (ink > 0.3).any(axis=2)
    heights = rows.sum(axis=1)
    assert 18 < np.median(heights) < 22
    middle = (rows * np.arange(28)).sum(axis=1) / heights
    np.testing.assert_allclose(middle, 13.5, atol=2.5)


def test_images_are_varied(thousand):
    assert len(np.unique(thousand.pixels.reshape(1000, -1), axis=0)) == 1000


def test_a_nearest_mean_tells_them_apart(thousand):
    """Readable: even the crudest classifier reads most, as it reads 82 % of MNIST."""
    train = thousand.pixels.reshape(1000, -1).astype(np.float64)
    means = np.stack([train[thousand.labels == d].mean(axis=0) for d in range(10)])
    test = render(500, np.random.default_rng(1))
    flat = test.pixels.reshape(500, -1).astype(np.float64)
    distances = ((flat[:, None] - means) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == test.labels).mean() > 0.82


@pytest.mark.parametrize("size", [(8, 8), (16, 16), (64, 64), (48, 96), (128, 64), (256, 256)])
def test_other_sizes_show_the_same_digits(size):
    small, large = render(30, np.random.default_rng(0)), render(30, np.random.default_rng(0), size)
    assert large.pixels.shape == (30, *size, 1) and np.array_equal(large.labels, small.labels)
    side, (height, width) = min(size), size
    top, left = (height - side) // 2, (width - side) // 2
    square = large.pixels[:, top : top + side, left : left + side, 0]
    assert square.sum() == large.pixels.sum()  # as large for the shorter side, and in the middle
    for one, other in zip(square, small.pixels[..., 0], strict=True):
        seen = np.asarray(Image.fromarray(one).resize((28, 28), Image.Resampling.BILINEAR)) / 255
        assert np.corrcoef(seen.ravel(), other.ravel())[0, 1] > (0.95 if side > 20 else 0.65)


def test_sizes_are_kept_apart_in_the_cache(tmp_path):
    for size, shape in ((28, (28, 28)), ("16x32", (16, 32)), ((32, 16), (32, 16)), (None, (28, 28))):
        for _ in range(2):
            assert digits(10, cache_dir=tmp_path, size=size).sample_shape == (*shape, 1)
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(DataError, match="the nearest is 32"):
        digits(10, cache_dir=tmp_path, size=30)


def test_every_font_has_its_file():
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    missing = [f for f in LIGHT_FONTS + BOLD_FONTS if not (folder / f"{f}.ttf").is_file()]
    assert missing == []


def test_seeds(tmp_path):
    one = digits(20, seed=1, cache_dir=tmp_path / "a")
    again = digits(20, seed=1, cache_dir=tmp_path / "b")
    other = digits(20, seed=2, cache_dir=tmp_path / "a")
    assert np.array_equal(one.pixels, again.pixels) and np.array_equal(one.labels, again.labels)
    assert not np.array_equal(one.pixels, other.pixels)


def test_second_call_reads_the_cache(tmp_path, monkeypatch):
    first = digits(10, cache_dir=tmp_path)
    monkeypatch.setattr(sys.modules["tinygan.data.digits"], "render", None)
    again = digits(10, cache_dir=tmp_path)
    assert np.array_equal(again.pixels, first.pixels) and np.array_equal(again.labels, first.labels)


def test_cache_folder_follows_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_CACHE", str(tmp_path / "cache"))
    digits(10)
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.name.startswith("digits-v") and "-n10-seed0-matplotlib" in kept.name


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-30],
        lambda content: content[: len(content) // 2],
        lambda content: content[:200] + bytes([content[200] ^ 0xFF]) + content[201:],
        lambda content: b"not an archive",
    ],
    ids=["empty", "end lost", "half lost", "one byte changed", "text"],
)
def test_a_damaged_cache_is_made_anew(tmp_path, damage):
    first = digits(10, cache_dir=tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    again = digits(10, cache_dir=tmp_path)
    assert np.array_equal(again.pixels, first.pixels)
    with np.load(kept, allow_pickle=False) as mended:
        assert np.array_equal(mended["pixels"], first.pixels)


def test_any_changed_byte_is_harmless(tmp_path):
    first = digits(10, cache_dir=tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for place in np.random.default_rng(0).integers(len(whole), size=20):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert np.array_equal(digits(10, cache_dir=tmp_path).pixels, first.pixels)


def test_a_cache_with_other_content_is_made_anew(tmp_path):
    first = digits(10, cache_dir=tmp_path)
    (kept,) = tmp_path.iterdir()
    np.savez(kept, pixels=first.pixels[:5], labels=first.labels[:5])
    assert len(digits(10, cache_dir=tmp_path)) == 10
    np.savez(kept, pixels=np.array([{}], dtype=object), labels=first.labels)  # would need pickle
    assert len(digits(10, cache_dir=tmp_path)) == 10


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"in the way")
    assert len(digits(10, cache_dir=blocked)) == 10
    assert len(digits(10, cache_dir=blocked / "deeper")) == 10
    assert blocked.read_bytes() == b"in the way"


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 1.5}, {"n": "10"}, {"n": 10, "seed": -1}])
def test_impossible_numbers_are_refused(options, tmp_path):
    with pytest.raises(DataError, match="whole number"):
        digits(**options, cache_dir=tmp_path)


def test_missing_fonts_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("matplotlib.get_data_path", lambda: str(tmp_path))
    with pytest.raises(DataError, match="fonts"):
        digits(10, cache_dir=tmp_path)


def test_import_stays_light():
    code = "import sys, tinygan.data; print({'matplotlib', 'PIL'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr
