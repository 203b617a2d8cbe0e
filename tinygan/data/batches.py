"""Endless batches whose place in the data can be saved and found again to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygan.backend import current_backend
from tinygan.data.errors import DataError
from tinygan.data.images import to_range
from tinygan.data.mixture import Mixture
from tinygan.data.points import Points
from tinygan.data.rng import damaged, rng_state, set_rng_state
from tinygan.data.stored import Stored
from tinygan.given import whole_number
from tinygan.words import short

Batch = tuple[Any, np.ndarray | None]
UPLOAD = 1 << 30  # bytes: a set of images up to this size is copied to the GPU, once


class Batches:
    """Batches of images or sequences; each epoch is one pass over the set in a fresh random order.

    What is left of an epoch when no whole batch fits is dropped, so that every batch has the
    same size; as the order changes, no image is left out for long.

    Parameters
    ----------
    images : Images or Sequences
        The set.
    batch_size : int
        Images in a batch.
    rng : numpy.random.Generator
        Draws one permutation at the start of each epoch.
    low, high : float
        Range of the batches: that of the generator's last activation.
    mirror : bool
        Whether each image is turned left-right with probability 1/2, drawn from `rng` for each batch.

    Attributes
    ----------
    epoch : int
        The pass, counted from 0, to which the latest batch belongs.
    batches_per_epoch : int
        Whole batches in one pass.

    Raises
    ------
    DataError
        If `batch_size` is not a whole number >= 1 or is larger than the set.
    """

    def __init__(
        self,
        images: Stored,
        batch_size: int,
        rng: np.random.Generator,
        low: float = -1.0,
        high: float = 1.0,
        mirror: bool = False,
    ) -> None:
        _check_batch_size(batch_size)
        if batch_size > len(images):
            raise DataError(
                f"a batch of {batch_size} does not fit the {len(images)} {images.one}{'s' * (len(images) > 1)} of "
                f"{short(images.name)}: choose a batch size of at most {len(images)} (--batch-size)"
            )
        self.images = images
        self.batch_size = batch_size
        self.low, self.high = low, high
        self.mirror = mirror
        self.batches_per_epoch = len(images) // batch_size
        self.epoch = 0
        self._rng = rng
        backend = current_backend()
        self._device = backend if backend.name != "numpy" and images.pixels.nbytes <= UPLOAD else None
        if self._device:
            self._pixels = self._device.asarray(images.pixels)
            self._scaled = self._device.asarray(to_range(np.arange(256, dtype=np.uint8), low, high))  # of each byte
        self._shuffle()

    def _shuffle(self) -> None:
        self._rng_at_start = rng_state(self._rng)
        self._order = self._rng.permutation(len(self.images))
        self._position = 0  # batches of this epoch already drawn
        if self._device:
            self._order_there = self._device.asarray(self._order)

    def next(self) -> Batch:
        """The next batch.

        Returns
        -------
        batch : array, shape (B, H, W, C) or (B, L, V), float32, in [low, high]
            On the host, or on the device if the set is there.
        labels : ndarray, shape (B,), int64, or None
            On the host.
        """
        if self._position == self.batches_per_epoch:
            self.epoch += 1
            self._shuffle()
        first = self._position * self.batch_size
        place = slice(first, first + self.batch_size)
        self._position += 1
        labels, chosen = self.images.labels, self._order[place]
        turned = self._rng.random(self.batch_size) < 0.5 if self.mirror else None
        if self._device:
            batch = self._scaled[self._pixels[self._order_there[place]]]
            if turned is not None:  # copied there, which nobody waits for
                turned = self._device.asarray(turned[:, np.newaxis, np.newaxis, np.newaxis])
                batch = self._device.xp.where(turned, batch[:, :, ::-1], batch)
        else:
            pixels = self.images.pixels[chosen]
            if turned is not None:
                pixels[turned] = pixels[turned, :, ::-1]
            batch = to_range(pixels, self.low, self.high)
        return batch, None if labels is None else labels[chosen]

    def state(self) -> dict[str, Any]:
        """The place in the data, in types that JSON can hold.

        It keeps the random state from which the epoch's order was drawn instead of the order
        itself: some hundred bytes for a set of any size.
        """
        return {
            "images": len(self.images),
            "fingerprint": self.images.fingerprint,
            "batch_size": self.batch_size,
            "epoch": self.epoch,
            "position": self._position,
            "rng_at_start_of_epoch": self._rng_at_start,
            "rng": rng_state(self._rng),
        }

    def load_state(self, state: dict[str, Any], changed: bool = False) -> None:
        """Go to the place that `state` returned; `rng`, too, is left as it was then.

        Parameters
        ----------
        state : dict
            What `state` returned.
        changed : bool
            Whether the images may be others than they were: then a new epoch of those that are here begins.

        Raises
        ------
        DataError
            If the state is damaged, or belongs to another batch size or, unless `changed`, to other images.
        """
        try:
            images, batch_size = state["images"], state["batch_size"]
            epoch, position = state["epoch"], state["position"]
            rng_at_start, rng_now = state["rng_at_start_of_epoch"], state["rng"]
            fingerprint = state.get("fingerprint", self.images.fingerprint)  # older states have none
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise damaged(error) from error
        same = images == len(self.images) and fingerprint == self.images.fingerprint
        if not type(epoch) is type(position) is int:
            raise damaged(f"epoch {short(epoch)}, position {short(position)}")
        if batch_size != self.batch_size or not (same or changed):
            raise DataError(self._other(images, batch_size))
        if not same:
            set_rng_state(self._rng, rng_now)
            self._shuffle()
            self.epoch = epoch + 1
            return
        if not 0 <= position <= self.batches_per_epoch or epoch < 0:
            raise damaged(f"epoch {epoch}, position {position}")
        set_rng_state(self._rng, rng_at_start)
        self._shuffle()
        self.epoch, self._position = epoch, position
        set_rng_state(self._rng, rng_now)

    def _other(self, images: Any, batch_size: Any) -> str:
        """The sentence about a place in other data."""
        here = f"{len(self.images)} in batches of {self.batch_size}"
        if (images, batch_size) == (len(self.images), self.batch_size):
            here = "others, or they have other labels"
        mend = "resume with the same data and batch size"
        if batch_size == self.batch_size:
            mend = "resume with the same data, or go on with these, in a new epoch, by --data-changed"
        there = f"the saved place in the data is for {images} images in batches of {batch_size}"
        return f"{there}, but here are {here}: {mend}"


class MixtureBatches:
    """Fresh samples of a mixture, or of other points, with the interface of `Batches`.

    `epoch` stays 0 and `batches_per_epoch` is None: new samples never run out.
    """

    batches_per_epoch: int | None = None
    epoch = 0

    def __init__(self, mixture: Mixture | Points, batch_size: int, rng: np.random.Generator) -> None:
        _check_batch_size(batch_size)
        self.mixture = mixture
        self.batch_size = batch_size
        self._rng = rng

    def next(self) -> Batch:
        """The next batch, (B, 2) float32, and None: a mixture has no labels."""
        return self.mixture.sample(self.batch_size, self._rng), None

    def state(self) -> dict[str, Any]:
        """The random state, in types that JSON can hold."""
        return {"fingerprint": self.mixture.fingerprint, "rng": rng_state(self._rng)}

    def load_state(self, state: dict[str, Any], changed: bool = False) -> None:
        """Go to the place that `state` returned; with `changed` also if the points come from another source.

        Raises
        ------
        DataError
            If the state is damaged or, unless `changed`, belongs to other points.
        """
        try:
            rng, fingerprint = state["rng"], state.get("fingerprint", self.mixture.fingerprint)
        except (AttributeError, KeyError, TypeError) as error:
            raise damaged(error) from error
        if fingerprint != self.mixture.fingerprint and not changed:
            raise DataError(
                f"the saved place in the data is for other points than those of {short(self.mixture.name)}: "
                "resume with the same data, or go on with these by --data-changed"
            )
        set_rng_state(self._rng, rng)


def batches(
    dataset: Stored | Mixture | Points,
    batch_size: int,
    rng: np.random.Generator,
    low: float = -1.0,
    high: float = 1.0,
    mirror: bool = False,
) -> Batches | MixtureBatches:
    """`Batches` of images or sequences; of a mixture or points `MixtureBatches`, where low, high and mirror do nothing.

    Raises
    ------
    DataError
        If `batch_size` is not a whole number >= 1 or is larger than the set of images.
    """
    if isinstance(dataset, Stored):
        return Batches(dataset, batch_size, rng, low, high, mirror)
    return MixtureBatches(dataset, batch_size, rng)


def _check_batch_size(batch_size: int) -> None:
    whole_number("the batch size", batch_size, error=DataError)
