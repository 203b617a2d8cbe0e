"""Endless batches whose place in the data can be saved and found again to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygan.backend import current_backend
from tinygan.data.errors import DataError
from tinygan.data.images import Images, to_range
from tinygan.data.mixture import Mixture

Batch = tuple[Any, np.ndarray | None]
UPLOAD = 1 << 30  # bytes: a set of images up to this size is copied to the GPU, once


class Batches:
    """Batches of images; each epoch is one pass over the set in a fresh random order.

    What is left of an epoch when no whole batch fits is dropped, so that every batch has the
    same size; as the order changes, no image is left out for long.

    Parameters
    ----------
    images : Images
        The set.
    batch_size : int
        Images in a batch.
    rng : numpy.random.Generator
        Draws one permutation at the start of each epoch.
    low, high : float
        Range of the batches: that of the generator's last activation.

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
        images: Images,
        batch_size: int,
        rng: np.random.Generator,
        low: float = -1.0,
        high: float = 1.0,
    ) -> None:
        _check_batch_size(batch_size)
        if batch_size > len(images):
            raise DataError(
                f"a batch of {batch_size} does not fit the {len(images)} images of "
                f"{images.name!r}: choose a batch size of at most {len(images)}"
            )
        self.images = images
        self.batch_size = batch_size
        self.low, self.high = low, high
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
        batch : array, shape (B, H, W, C), float32, in [low, high]
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
        if self._device:
            batch = self._scaled[self._pixels[self._order_there[place]]]
        else:
            batch = to_range(self.images.pixels[chosen], self.low, self.high)
        return batch, None if labels is None else labels[chosen]

    def state(self) -> dict[str, Any]:
        """The place in the data, in types that JSON can hold.

        It keeps the random state from which the epoch's order was drawn instead of the order
        itself: some hundred bytes for a set of any size.
        """
        return {
            "images": len(self.images),
            "batch_size": self.batch_size,
            "epoch": self.epoch,
            "position": self._position,
            "rng_at_start_of_epoch": self._rng_at_start,
            "rng": rng_state(self._rng),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go to the place that `state` returned; `rng`, too, is left as it was then.

        Raises
        ------
        DataError
            If the state is damaged, or belongs to another number of images or batch size.
        """
        try:
            images, batch_size = state["images"], state["batch_size"]
            epoch, position = int(state["epoch"]), int(state["position"])
            rng_at_start, rng_now = state["rng_at_start_of_epoch"], state["rng"]
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(error) from error
        if (images, batch_size) != (len(self.images), self.batch_size):
            raise DataError(
                f"the saved place in the data is for {images} images in batches of {batch_size}, "
                f"but here are {len(self.images)} in batches of {self.batch_size}: "
                "resume with the same data and batch size"
            )
        if not 0 <= position <= self.batches_per_epoch or epoch < 0:
            raise _damaged(f"epoch {epoch}, position {position}")
        set_rng_state(self._rng, rng_at_start)
        self._shuffle()
        self.epoch, self._position = epoch, position
        set_rng_state(self._rng, rng_now)


class MixtureBatches:
    """Fresh samples of a mixture, with the interface of `Batches`.

    `epoch` stays 0 and `batches_per_epoch` is None: new samples never run out.
    """

    batches_per_epoch: int | None = None
    epoch = 0

    def __init__(self, mixture: Mixture, batch_size: int, rng: np.random.Generator) -> None:
        _check_batch_size(batch_size)
        self.mixture = mixture
        self.batch_size = batch_size
        self._rng = rng

    def next(self) -> Batch:
        """The next batch, (B, 2) float32, and None: a mixture has no labels."""
        return self.mixture.sample(self.batch_size, self._rng), None

    def state(self) -> dict[str, Any]:
        """The random state, in types that JSON can hold."""
        return {"rng": rng_state(self._rng)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go to the place that `state` returned.

        Raises
        ------
        DataError
            If the state is damaged.
        """
        try:
            rng = state["rng"]
        except (KeyError, TypeError) as error:
            raise _damaged(error) from error
        set_rng_state(self._rng, rng)


def batches(
    dataset: Images | Mixture,
    batch_size: int,
    rng: np.random.Generator,
    low: float = -1.0,
    high: float = 1.0,
) -> Batches | MixtureBatches:
    """`Batches` of images or `MixtureBatches`; a mixture has no range, so low and high do nothing.

    Raises
    ------
    DataError
        If `batch_size` is not a whole number >= 1 or is larger than the set of images.
    """
    if isinstance(dataset, Mixture):
        return MixtureBatches(dataset, batch_size, rng)
    return Batches(dataset, batch_size, rng, low, high)


def rng_state(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a random generator, in types that JSON can hold."""
    state: dict[str, Any] = _plain(rng.bit_generator.state)
    return state


def set_rng_state(rng: np.random.Generator, state: dict[str, Any]) -> None:
    """Put a random generator into a state that `rng_state` returned.

    Raises
    ------
    DataError
        If the state is damaged or belongs to another kind of generator.
    """
    try:
        rng.bit_generator.state = state
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _damaged(error) from error


def _plain(value: Any) -> Any:
    """Arrays to lists, at any depth; some bit generators keep arrays in their state."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _check_batch_size(batch_size: int) -> None:
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise DataError(f"the batch size must be a whole number of at least 1, not {batch_size!r}")


def _damaged(what: object) -> DataError:
    return DataError(f"the saved place in the data is damaged ({what!r}): resume from another checkpoint")
