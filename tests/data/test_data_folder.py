import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, folder, load


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, np.uint8)).save(path, **options)
    return path


def plain(value, height=12, width=12):
    return np.full((height, width, np.size(value)), value, np.uint8).squeeze()


def test_grey_pictures_come_back_exactly(tmp_path):
    rng = np.random.default_rng(0)
    arrays = rng.integers(0, 256, (3, 8, 12))
    for i, array in enumerate(arrays):
        save(tmp_path / f"{i}.png", array)
    images = folder(tmp_path)
    assert images.name == tmp_path.name
    assert images.labels is None
    assert np.array_equal(images.pixels, arrays[..., None])


def test_colour_stays_colour_and_one_is_enough(tmp_path):
    save(tmp_path / "a.png", plain((10, 20, 30)))
    save(tmp_path / "b.png", plain(40))
    images = folder(tmp_path, size=8)
    assert images.pixels.shape == (2, 8, 8, 3)
    assert images.pixels[0, 0, 0].tolist() == [10, 20, 30]
    assert images.pixels[1, 0, 0].tolist() == [40, 40, 40]


def test_channels_as_asked(tmp_path):
    save(tmp_path / "a.png", plain((200, 100, 50)))
    grey = folder(tmp_path, size=8, channels=1)
    assert (grey.pixels == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()
    save(tmp_path / "a.png", plain(9))
    assert folder(tmp_path, size=8, channels=3).pixels.shape == (1, 8, 8, 3)


def test_the_central_square_is_kept_and_averaged(tmp_path):
    wide = np.zeros((16, 48), np.uint8)
    wide[:, 16:32] = 100
    wide[:2, 16:18] = [[0, 100], [100, 200]]
    save(tmp_path / "wide.png", wide)
    assert (folder(tmp_path, size=8).pixels == 100).all()


def test_subfolders_are_labels(tmp_path):
    for name, value in (("cat", 1), ("dog", 2)):
        for i in range(2):
            save(tmp_path / name / "deep" / f"{i}.png", plain(value))
    images = folder(tmp_path, size=8)
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert images.pixels[:, 0, 0, 0].tolist() == [1, 1, 2, 2]


def test_one_subfolder_or_loose_pictures_make_no_labels(tmp_path):
    save(tmp_path / "cat" / "0.png", plain(1))
    assert folder(tmp_path, size=8).labels is None
    save(tmp_path / "dog" / "0.png", plain(2))
    save(tmp_path / "loose.png", plain(3))
    save(tmp_path / "more.png", plain(4))
    images = folder(tmp_path, size=8)
    assert images.labels is None and len(images) == 4
    assert "no labels: 2 pictures outside the class folders (loose.png, more.png), 2 inside" in images.describe()


def test_jpeg_is_read_and_turned_as_the_camera_says(tmp_path):
    array = plain(0, 16, 16)
    array[:8] = 255  # bright above
    exif = Image.Exif()
    exif[0x0112] = 3  # held upside down
    save(tmp_path / "photo.JPG", array, exif=exif, quality=95)
    pixels = folder(tmp_path, size=16).pixels
    assert pixels.shape == (1, 16, 16, 1)
    assert pixels[0, 12:].min() > 240 and pixels[0, :4].max() < 15


def test_transparency_is_laid_on_white(tmp_path):
    array = np.zeros((8, 8, 4), np.uint8)
    array[:4, :, 3] = 255  # black above, nothing below
    save(tmp_path / "logo.png", array)
    assert folder(tmp_path, size=8).pixels[0, :, 0, 0].tolist() == [0] * 4 + [255] * 4


def test_sixteen_bits_are_scaled(tmp_path):
    Image.fromarray(np.full((8, 8), 257 * 100, np.uint16)).save(tmp_path / "deep.png")
    assert (folder(tmp_path, size=8).pixels == 100).all()


def test_other_files_are_passed_over(tmp_path):
    save(tmp_path / "a.png", plain(1))
    (tmp_path / "notes.txt").write_text("hello")
    assert len(folder(tmp_path)) == 1


def refused(told, *args, **options):
    with pytest.raises(DataError, match=told) as caught:
        folder(*args, **options)
    message = str(caught.value)
    assert "\n" not in message and message.isascii()
    return message


def test_missing_empty_and_not_a_folder(tmp_path):
    assert str(tmp_path / "no") in refused("does not exist", tmp_path / "no")
    assert str(tmp_path) in refused("holds no PNG or JPEG", tmp_path)
    file = save(tmp_path / "a.png", plain(1))
    assert str(file) in refused("not a folder", file)


@pytest.mark.parametrize("content", [b"", b"not a picture", None], ids=["empty", "text", "half"])
def test_a_file_that_is_no_picture_is_named(tmp_path, content):
    bad = save(tmp_path / "b.png", np.random.default_rng(0).integers(0, 256, (40, 40)))
    bad.write_bytes(bad.read_bytes()[:700] if content is None else content)
    assert str(bad) in refused("cannot be read as a picture", tmp_path)


@pytest.mark.parametrize("options", [{"size": 0}, {"size": 2.5}, {"channels": 2}])
def test_impossible_options_are_refused(tmp_path, options):
    save(tmp_path / "a.png", plain(1))
    refused("must be", tmp_path, **options)


def test_load_takes_the_folder_as_data_dir(tmp_path):
    save(tmp_path / "a.png", plain(1))
    assert load("folder", data_dir=tmp_path, size=8).sample_shape == (8, 8, 1)
    with pytest.raises(DataError, match="--data-dir"):
        load("folder")
