"""One picture of each kind and fault, against what must come of it."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from tinygan.data import DataError, folder
from tinygan.data.form import asked_form
from tinygan.data.pictures import PIXELS, read_picture, size_of

UPRIGHT = {  # how a picture is stored that the camera notes as 2 to 8
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}
GREY = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


def stored(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    file.seek(0)
    return file


def read(file, size=8, **looks):
    return read_picture(file, (size, size), asked_form(size, **looks)).pixels


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth, colour, rows, extra=b""):
    """A PNG written by hand: kinds that Pillow reads but does not write."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + parts)


@pytest.mark.parametrize("note", UPRIGHT)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_note_of_a_camera(note, kind):
    picture = Image.new("RGB", (48, 24), "blue")
    picture.paste("red", (0, 0, 24, 12))
    for turn in UPRIGHT[note]:
        picture = picture.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = note
    file = stored(picture, kind, exif=exif)
    pixels = read_picture(file, (8, 16), asked_form("8x16")).pixels.astype(int)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners[:, 0] > 200).tolist() == [True, False, False, False]
    file.seek(0)
    assert size_of(file) == (24, 48)


def test_a_damaged_note_does_not_cost_the_picture():
    file = stored(Image.fromarray(GREY), "JPEG", exif=b"Exif\0\0" + b"MM\0*\xff\xff\xff\xff", quality=95)
    assert abs(read(file)[..., 0].astype(int) - GREY).max() < 12


MODES = {
    "1": lambda: (Image.fromarray(GREY > 99), 255 * (GREY > 99)),
    "L": lambda: (Image.fromarray(GREY), GREY),
    "P": lambda: (Image.fromarray(GREY).convert("RGB").quantize(256), GREY),
    "LA": lambda: (Image.merge("LA", (Image.fromarray(GREY), Image.new("L", (8, 8), 255))), GREY),
    "RGBA": lambda: (Image.fromarray(GREY).convert("RGBA"), GREY),
    "I;16": lambda: (Image.fromarray(GREY.astype(np.uint16) * 257), GREY),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_modes(mode, kind):
    picture, grey = MODES[mode]()
    pixels = read(stored(picture, kind))
    assert np.array_equal(pixels, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize(
    ("values", "result"),
    [
        (GREY.astype(np.float32) / 255, GREY),
        (GREY.astype(np.float32), GREY),
        (GREY.astype(np.int32), GREY),
        (GREY.astype(np.int32) * 257, GREY),
        (GREY.astype(np.float32) - 9, "numbers from -9 to 243"),
        (GREY.astype(np.int32) * 10**6, "in place of brightness"),
    ],
)
def test_tiffs_of_numbers(values, result):
    file = stored(Image.fromarray(values), "TIFF")
    if isinstance(result, str):
        with pytest.raises(DataError, match=result):
            read(file)
    else:
        assert np.array_equal(read(file)[..., 0], result)


def test_kinds_of_png_that_are_rare():
    deep = np.stack([GREY, GREY[:, ::-1], 0 * GREY], axis=-1).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    assert np.array_equal(read(png(8, 8, 16, 2, rows))[..., 0], GREY)
    keyed = b"".join(b"\0" + bytes([255, 0, 255] * 4 + [0, 200, 0] * 4) for _ in range(8))  # magenta is transparent
    pixels = read(png(8, 8, 8, 2, keyed, chunk(b"tRNS", struct.pack(">HHH", 255, 0, 255))), background="black")
    assert pixels[0, 0].tolist() == [0, 0, 0] and pixels[0, 7].tolist() == [0, 200, 0]


def test_the_first_frame():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        file = stored(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert read(file)[0, 0].tolist() == [255, 0, 0], kind


def test_print_colours():
    pixels = read(stored(Image.new("RGB", (16, 16), (200, 30, 60)).convert("CMYK"), "JPEG", quality=95))
    assert abs(pixels[4, 4].astype(int) - (200, 30, 60)).max() < 6


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_large_jpeg_is_read_at_a_fraction_of_its_size(mode):
    smooth = np.add.outer(np.linspace(0, 127, 900), np.linspace(0, 127, 1600))
    picture = Image.fromarray(smooth.astype(np.uint8)).convert(mode)
    file = stored(picture, "JPEG", quality=95)
    whole = np.asarray(picture.convert("L").crop((350, 0, 1250, 900)).resize((16, 16), Image.Resampling.BOX), int)
    assert abs(read(file, 16)[..., 0].astype(int) - whole).max() <= 3


def solid(width, height):
    """A PNG of one bit a pixel, all white: some kilobytes for any size."""
    rows = b"".join([b"\0" + b"\xff" * ((width + 7) // 8)]) * height
    return png(width, height, 1, 0, rows)


def test_pictures_that_would_fill_the_memory_are_refused_with_the_true_reason():
    assert 16_320 * 12_240 > PIXELS
    with pytest.raises(DataError, match="16320 x 12240 pixels, more than 180 million"):
        read(solid(16_320, 12_240))


def test_no_warning_of_pillow_is_seen(tmp_path):
    (tmp_path / "scan.png").write_bytes(solid(10_000, 9_000).getvalue())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images = folder(tmp_path, size=8)
    assert images.pixels.min() == 255 and "shrunk from 10000 x 9000" in images.describe()
    assert Image.MAX_IMAGE_PIXELS is not None  # as it was


WHOLE = stored(Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))).getvalue()
WHOLE_JPEG = stored(Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8)), "JPEG").getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty file"),
        (b"not a picture", "not a picture"),
        (b"  <!DOCTYPE html><html>", "a web page, not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (WHOLE[: len(WHOLE) // 2], "cut short"),
        (WHOLE_JPEG[: len(WHOLE_JPEG) // 2], "cut short"),
        (WHOLE[:60] + bytes(200) + WHOLE[260:], "damaged"),
        (WHOLE[:20], "damaged|not a picture|cut short"),
    ],
)
def test_damaged_files_tell_why(content, told):
    with pytest.raises(DataError, match=told) as caught:
        read(io.BytesIO(content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(30))
def test_no_damage_raises_anything_else(seed):
    rng = np.random.default_rng(seed)
    content = bytearray(WHOLE if seed % 2 else WHOLE_JPEG)
    for place in rng.integers(0, len(content), 5):
        content[place] = rng.integers(256)
    try:
        assert read(io.BytesIO(bytes(content))).shape == (8, 8, 3)
    except DataError as error:
        assert "\n" not in str(error)


def test_crops_of_a_picture():
    wide = np.zeros((16, 32, 3), np.uint8)
    wide[:, :16] = 90
    wide[:, 16:] = 180
    picture = Image.fromarray(wide)
    assert read(stored(picture))[0, :, 0].tolist() == [90] * 4 + [180] * 4
    fit = read(stored(picture), crop="fit", background="#010203")
    assert fit[:, 0].tolist() == [[1, 2, 3]] * 2 + [[90] * 3] * 4 + [[1, 2, 3]] * 2
    form = asked_form(8, crop="random")
    left, right = (read_picture(stored(picture), (8, 8), form, place).pixels for place in (0.0, 1.0))
    assert (left == 90).all() and (right == 180).all()
    tall = read_picture(stored(picture.rotate(90, expand=True)), (8, 8), form, 0.0).pixels
    assert (tall == 180).all()
