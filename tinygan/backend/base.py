"""What the rest of the library may ask of an array library: one small class."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from tinygan.words import short

DEFAULT_DTYPE = np.float32
Array: TypeAlias = Any  # of NumPy or of CuPy: no type says that


class Backend:
    """An array library (`xp`) with one door in, one door out, and a table of tuned kernels.

    Attributes
    ----------
    name : str
        ``"numpy"`` or ``"cupy"``.
    xp : module
        The array library itself. The ops write their formulas on it: ``xp.exp(x)``.
    array_type : type
        The type of its arrays; a Tensor holds exactly one of them.
    kernels : dict
        ``{OpClass: function(op, xp, *arrays) -> array}``: a faster way to compute an op's `forward`
        on this backend. The op's own `forward` stays its definition, and tests the kernel. An optimiser's
        step is found under its class, and what is no op's forward under the function it replaces.
    cached : int
        How many numbers of a long array are best handled together, because a few arrays of this length
        fit a core's cache; 0 means all at once.
    """

    name: str
    xp: Any
    array_type: type
    cached: int = 0

    @cached_property
    def kernels(self) -> dict[Any, Callable[..., Any]]:
        # By name, on first use: kernels stand on the ops and the ops on backends, which import nothing above them.
        tables: dict[str, dict[Any, Callable[..., Any]]] = importlib.import_module("tinygan.kernels").TABLES
        return dict(tables.get(self.name, {}))

    def asarray(self, data: Any, dtype: Any = None) -> Any:
        """The one door in: turn numbers, nested lists or host arrays into an array of this backend.

        What is not yet an array becomes float32; an array keeps its dtype, unless `dtype` is given.
        """
        raise NotImplementedError(f"{type(self).__name__} must define asarray")

    def to_numpy(self, array: Any) -> np.ndarray:
        """The one door out: a NumPy array on the host. On a GPU this waits for the device."""
        raise NotImplementedError(f"{type(self).__name__} must define to_numpy")

    def move_towards(self, array: Any, target: Any, share: float) -> None:
        """array += share * (target - array), in place: a step of a moving average."""
        kernel = self.kernels.get(Backend.move_towards)
        if kernel:
            kernel(self, self.xp, array, target, share)
        else:
            array += share * (target - array)

    def synchronize(self) -> None:
        """Wait until everything asked of the device so far is done (at once on a CPU)."""

    def __repr__(self) -> str:
        return f"<Backend {self.name}>"


def on_host(data: Any, dtype: Any = None) -> np.ndarray:
    """`data` as NumPy's array, of its default dtype if there is none; ValueError for a number too large for it."""
    dtype = default_dtype(data, dtype)
    try:
        return np.asarray(data, dtype=dtype)
    except OverflowError:
        raise ValueError(f"{short(data)} does not fit into {np.dtype(dtype)}") from None


def default_dtype(data: Any, dtype: Any) -> Any:
    """The dtype for `data` on its way in: the one asked for, the array's own, or float32."""
    if data is None:  # NumPy would make it nan
        raise TypeError("None is neither a number nor an array")
    if dtype is not None or hasattr(data, "dtype") or _booleans(data):
        return dtype
    return DEFAULT_DTYPE


def _booleans(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and np.asarray(data).dtype.kind == "b"
