import json
import sys

import numpy as np
import pytest
from standin import FakeCupy

from tinygan.backend import CupyBackend, using_backend
from tinygan.data import Batches, DataError, Images, MixtureBatches, batches, ring, to_range

N, B = 11, 3  # 3 whole batches an epoch, 2 images left over


def numbered(n=N, labelled=True):
    """Images whose pixels and labels both tell which image it is."""
    pixels = np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 5, 1), np.uint8)
    return Images("numbered", pixels, np.arange(n) if labelled else None)


def numbers(batch):
    return ((batch[:, 0, 0, 0].astype(np.float64) + 1) * 127.5).round().astype(int)


def draw(source, count):
    return [source.next() for _ in range(count)]


def assert_same(ours, theirs):
    for (batch, labels), (other, other_labels) in zip(ours, theirs, strict=True):
        assert np.array_equal(batch, other)
        assert np.array_equal(labels, other_labels)


def test_batches_are_float32_nhwc_with_their_own_labels():
    images = numbered()
    batch, labels = Batches(images, B, np.random.default_rng(0)).next()
    assert batch.shape == (B, 2, 5, 1)
    assert batch.dtype == np.float32
    assert np.array_equal(numbers(batch), labels)
    assert np.array_equal(batch, to_range(images.pixels[labels], -1.0, 1.0))


def test_range_is_as_asked():
    batch, _ = Batches(numbered(255), 255, np.random.default_rng(0), low=0.0, high=1.0).next()
    assert batch.min() == 0.0
    assert batch.max() == np.float32(254 / 255)


def test_an_epoch_repeats_no_image_and_drops_the_rest():
    source = Batches(numbered(), B, np.random.default_rng(0))
    assert source.batches_per_epoch == 3
    orders = []
    for epoch in range(4):
        seen = np.concatenate([numbers(source.next()[0]) for _ in range(3)])
        assert source.epoch == epoch
        assert len(set(seen.tolist())) == 9
        orders.append(tuple(seen.tolist()))
    assert len(set(orders)) == 4


def test_without_labels_there_are_none():
    _, labels = Batches(numbered(labelled=False), B, np.random.default_rng(0)).next()
    assert labels is None


def test_order_follows_the_seed():
    def first(seed):
        return draw(Batches(numbered(), B, np.random.default_rng(seed)), 5)

    assert_same(first(1), first(1))
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(first(1), first(2), strict=True))


@pytest.mark.parametrize("drawn", range(8))
@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_resume_is_bit_exact_everywhere_in_an_epoch(drawn, kind):
    rng = np.random.Generator(kind(5))
    source = Batches(numbered(), B, rng)
    draw(source, drawn)
    saved = json.loads(json.dumps(source.state()))
    expected, expected_epoch = draw(source, 10), source.epoch

    other_rng = np.random.Generator(kind(99))
    resumed = Batches(numbered(), B, other_rng)
    draw(resumed, 4)
    resumed.load_state(saved)
    assert_same(draw(resumed, 10), expected)
    assert resumed.epoch == expected_epoch
    assert other_rng.random() == rng.random()


def test_resume_also_holds_where_the_generator_is_shared():
    rng = np.random.default_rng(0)
    source = Batches(numbered(), B, rng)
    draw(source, 2)
    rng.standard_normal(17)  # somebody else's noise
    saved = source.state()
    expected = (rng.random(), draw(source, 5))

    other_rng = np.random.default_rng(1)
    resumed = Batches(numbered(), B, other_rng)
    resumed.load_state(saved)
    assert other_rng.random() == expected[0]
    assert_same(draw(resumed, 5), expected[1])


def test_state_is_a_snapshot():
    source = Batches(numbered(), B, np.random.default_rng(0))
    saved = source.state()
    before = json.dumps(saved)
    draw(source, 7)
    assert json.dumps(saved) == before


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(DataError, match="at most 11"):
        Batches(numbered(), 12, np.random.default_rng(0))
    assert Batches(numbered(), 11, np.random.default_rng(0)).batches_per_epoch == 1


@pytest.mark.parametrize("size", [0, -1, 2.0])
def test_batch_sizes_below_one_are_refused(size):
    with pytest.raises(DataError, match="batch size"):
        Batches(numbered(), size, np.random.default_rng(0))
    with pytest.raises(DataError, match="batch size"):
        MixtureBatches(ring(), size, np.random.default_rng(0))


def test_a_state_of_other_data_is_refused():
    saved = Batches(numbered(), B, np.random.default_rng(0)).state()
    with pytest.raises(DataError, match="11 images in batches of 3"):
        Batches(numbered(12), B, np.random.default_rng(0)).load_state(saved)
    with pytest.raises(DataError, match="batches of 2"):
        Batches(numbered(), 2, np.random.default_rng(0)).load_state(saved)


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: s.pop("rng"),
        lambda s: s.update(position=4),
        lambda s: s.update(position="x"),
        lambda s: s.update(rng={}),
        lambda s: s.update(rng_at_start_of_epoch={"bit_generator": "MT19937"}),
    ],
)
def test_a_damaged_state_is_refused(damage):
    source = Batches(numbered(), B, np.random.default_rng(0))
    saved = source.state()
    damage(saved)
    with pytest.raises(DataError, match="damaged"):
        source.load_state(saved)


def test_mixture_batches_resume_bit_exactly():
    source = MixtureBatches(ring(), 7, np.random.default_rng(0))
    draw(source, 3)
    saved = json.loads(json.dumps(source.state()))
    batch, labels = source.next()
    assert batch.shape == (7, 2) and batch.dtype == np.float32 and labels is None
    resumed = MixtureBatches(ring(), 7, np.random.default_rng(9))
    resumed.load_state(saved)
    assert np.array_equal(resumed.next()[0], batch)
    assert resumed.epoch == 0 and resumed.batches_per_epoch is None
    with pytest.raises(DataError, match="damaged"):
        resumed.load_state({})


def test_batches_picks_the_class():
    rng = np.random.default_rng(0)
    assert isinstance(batches(ring(), 4, rng), MixtureBatches)
    picked = batches(numbered(), 4, rng, 0.0, 1.0)
    assert isinstance(picked, Batches)
    assert (picked.low, picked.high) == (0.0, 1.0)


# -- on a device -----------------------------------------------------------------------------------------


def on_device(images, seed=0, **options):
    """`Batches` on the stand-in, and the stand-in."""
    cupy = FakeCupy()
    with using_backend(CupyBackend(cupy)):
        return Batches(images, B, np.random.default_rng(seed), **options), cupy


@pytest.mark.parametrize("low", [-1.0, 0.0])
def test_a_device_gives_the_same_batches_to_the_last_bit(low):
    pixels = np.random.default_rng(3).integers(0, 256, (N, 2, 5, 3), dtype=np.uint8)
    images = Images("noise", pixels, np.arange(N))
    here, (there, cupy) = Batches(images, B, np.random.default_rng(0), low=low), on_device(images, low=low)
    for _ in range(8):  # into the third epoch
        (batch, labels), (other, other_labels) = here.next(), there.next()
        assert type(other) is cupy.ndarray and type(other_labels) is np.ndarray
        assert other.dtype == np.float32 and other._host.tobytes() == batch.tobytes()
        assert np.array_equal(labels, other_labels) and here.state() == there.state()
    assert cupy.syncs == 0


def test_the_set_is_sent_once_and_the_order_once_an_epoch():
    images = numbered()
    source, cupy = on_device(images)
    table, order = 256 * 4, N * 8
    assert cupy.sent == images.pixels.nbytes + table + order
    launches = cupy.launches
    draw(source, 3)
    assert cupy.sent == images.pixels.nbytes + table + order and cupy.launches - launches == 3 * 2
    draw(source, 1)
    assert cupy.sent == images.pixels.nbytes + table + 2 * order


def test_a_set_too_large_for_the_device_stays_on_the_host(monkeypatch):
    monkeypatch.setattr(sys.modules[Batches.__module__], "UPLOAD", numbered().pixels.nbytes - 1)
    source, cupy = on_device(numbered())
    assert type(source.next()[0]) is np.ndarray and cupy.sent == 0


def test_a_run_may_change_the_machine():
    """What was saved on the host goes on on the device, and back."""
    here, (there, _) = Batches(numbered(), B, np.random.default_rng(5)), on_device(numbered(), seed=9)
    draw(here, 4)
    there.load_state(json.loads(json.dumps(here.state())))
    expected, found = draw(here, 5), draw(there, 5)
    assert_same(expected, [(batch._host, labels) for batch, labels in found])
    back = Batches(numbered(), B, np.random.default_rng(1))
    back.load_state(there.state())
    assert_same(draw(back, 5), draw(here, 5))


@pytest.mark.parametrize("where", ["host", "device"])
def test_mirrored_batches(where):
    pixels = np.random.default_rng(3).integers(0, 256, (64, 2, 5, 3), dtype=np.uint8)
    images = Images("noise", pixels, np.arange(64))

    def source(seed=0, mirror=True):
        if where == "host":
            return Batches(images, 16, np.random.default_rng(seed), mirror=mirror)
        cupy = FakeCupy()
        with using_backend(CupyBackend(cupy)):
            made = Batches(images, 16, np.random.default_rng(seed), mirror=mirror)
        made.cupy = cupy
        return made

    def host(batch):
        return batch if where == "host" else batch._host

    one, count = source(), 0
    for _ in range(12):
        batch, labels = one.next()
        assert host(batch).dtype == np.float32
        for image, label in zip(host(batch), labels, strict=True):
            whole = to_range(pixels[label], -1.0, 1.0)
            turned = np.array_equal(image, whole[:, ::-1])
            assert turned or np.array_equal(image, whole)
            count += turned
    assert 60 < count < 132  # of 192, half; five standard deviations
    assert where == "host" or one.cupy.syncs == 0
    assert np.array_equal(pixels, images.pixels)

    saved = json.loads(json.dumps(one.state()))
    expected = [host(one.next()[0]) for _ in range(6)]
    resumed = source(seed=9)
    resumed.load_state(saved)
    for batch in expected:
        assert np.array_equal(host(resumed.next()[0]), batch)
    here = Batches(images, 16, np.random.default_rng(9), mirror=True)
    here.load_state(saved)
    assert all(np.array_equal(here.next()[0], batch) for batch in expected)  # the same on both machines


def test_batches_passes_mirror_on():
    assert batches(numbered(), 4, np.random.default_rng(0), mirror=True).mirror
    assert not batches(numbered(), 4, np.random.default_rng(0)).mirror


# -- data that changed between two runs --------------------------------------------------------------------


def changed_label(images):
    return Images("numbered", images.pixels, images.labels[::-1].copy())


@pytest.mark.parametrize("other", [changed_label, lambda images: numbered(12), lambda images: numbered(labelled=False)])
def test_changed_data_are_refused_or_begin_a_new_epoch(other):
    source = Batches(numbered(), B, np.random.default_rng(0))
    draw(source, 4)
    saved = json.loads(json.dumps(source.state()))
    here = other(numbered())
    with pytest.raises(DataError, match="--data-changed") as caught:
        Batches(here, B, np.random.default_rng(0)).load_state(saved)
    assert "\n" not in str(caught.value)

    rng = np.random.default_rng(7)
    resumed = Batches(here, B, rng)
    resumed.load_state(saved, changed=True)
    assert resumed.epoch == source.epoch + 1
    expected = np.random.default_rng(1)
    expected.bit_generator.state = saved["rng"]
    order = expected.permutation(len(here))
    assert [numbers(resumed.next()[0]).tolist() for _ in range(3)] == order[:9].reshape(3, 3).tolist()
    again = Batches(here, B, np.random.default_rng(8))
    again.load_state(resumed.state())
    assert np.array_equal(again.next()[0], resumed.next()[0])


def test_unchanged_data_go_on_where_they_were_also_if_they_might_have_changed():
    source = Batches(numbered(), B, np.random.default_rng(0))
    draw(source, 4)
    saved, old = source.state(), source.state()
    del old["fingerprint"]  # as it was saved before there were fingerprints
    expected = draw(source, 5)
    for state, changed in ((saved, True), (old, True), (old, False)):
        resumed = Batches(numbered(), B, np.random.default_rng(3))
        resumed.load_state(state, changed=changed)
        assert_same(draw(resumed, 5), expected)


def test_another_batch_size_is_refused_also_for_changed_data():
    saved = Batches(numbered(), B, np.random.default_rng(0)).state()
    with pytest.raises(DataError, match="batches of 2: resume with the same data and batch size"):
        Batches(numbered(12), 2, np.random.default_rng(0)).load_state(saved, changed=True)


def test_a_damaged_range_is_refused_on_the_device_too():
    with pytest.raises(DataError, match="upwards"):
        on_device(numbered(), low=1.0, high=0.0)
