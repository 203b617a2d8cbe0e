"""Tensor: an array that remembers which op made it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import tinygan.autograd as autograd
from tinygan.autograd import mode
from tinygan.autograd.operators import Operators
from tinygan.backend import backend_of, current_backend

if TYPE_CHECKING:
    from tinygan.autograd.op import Op


class Clock:
    """Time, as the engine counts it: how often the data of any Tensor was changed."""

    changes = 0


class Tensor(Operators):
    """An array that remembers the op that made it.

    Parameters
    ----------
    data : array, nested list or number
        An array keeps its dtype, and shares its memory if it is on the current backend already and no gradient
        is required. Numbers and lists become float32 (booleans stay booleans).
    requires_grad : bool
        Whether `grad` may be asked for gradients with respect to this Tensor.
    name : str, optional
        Appears in every error about this Tensor.

    A deep copy, and a pickled one, has the numbers and no history: of a parameter a parameter, of a result a constant.

    Attributes
    ----------
    op : Op or None
        The op that made it; None for one made by hand.
    grad : Tensor or None
        Used by the convenience `backward()` only; `tinygan.grad` never touches it.

    Examples
    --------
    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="x")
    >>> (x @ x.T).sum(axis=0)
    Tensor([16. 36.], dtype=float32, requires_grad=True)
    """

    __slots__ = ("_data", "_changed", "requires_grad", "op", "name", "grad")
    __array_ufunc__ = None  # so that `ndarray * Tensor` asks the Tensor

    def __init__(self, data: Any, requires_grad: bool = False, name: str | None = None):
        self._data: Any = current_backend().asarray(data._data if isinstance(data, Tensor) else data)
        if requires_grad and self._data.dtype.kind != "f":
            raise TypeError(f"only floating-point Tensors can require a gradient, not {self._data.dtype}")
        if self._data.dtype.kind not in "fiub":
            raise TypeError(f"a Tensor holds real numbers, integers or booleans, not {self._data.dtype}")
        self._changed = [0]  # when, by `Clock`; a list, because views and detached Tensors share it
        if requires_grad:
            self._data = self._data.copy()  # an optimiser will change it, and the caller's array is not ours
        elif isinstance(data, Tensor):
            self._changed = data._changed
        if mode.state.recorder is not None and isinstance(data, (bool, int, float, list, tuple)):
            mode.state.recorder.constant(self._data)
        self.requires_grad = requires_grad
        self.op: Op | None = None
        self.name = name
        self.grad: Tensor | None = None

    @classmethod
    def _wrap(cls, array: Any) -> Tensor:
        """A Tensor around an array that is known to belong to a backend (what ops return)."""
        self = cls.__new__(cls)
        self._data, self._changed, self.requires_grad = array, [0], False
        self.op = self.name = self.grad = None
        return self

    @classmethod
    def _constant(cls, array: Any) -> Tensor:
        """A Tensor around numbers that are the same whenever the step they are in is taken."""
        if mode.state.recorder is not None:
            mode.state.recorder.constant(array)
        return cls._wrap(array)

    def like(self, value: Any) -> Tensor:
        """`value` as a Tensor where this one lives. Numbers and arrays take this Tensor's dtype.

        Beside whole numbers a fraction stays a float, and what is too large or too small for the dtype is an int64.
        """
        if isinstance(value, Tensor):
            return value
        dtype: Any = self.dtype if self.dtype.kind == "f" else None
        if isinstance(value, int) and self.dtype.kind in "iu":
            limits = np.iinfo(self.dtype)
            dtype = self.dtype if limits.min <= value <= limits.max else np.int64
        array = backend_of(self._data).asarray(value, dtype)
        return Tensor._constant(array) if isinstance(value, (bool, int, float)) else Tensor._wrap(array)

    def _beside(self, value: Any) -> Tensor:
        """`value` as a Tensor, to be compared with this one: beside whole numbers a fraction keeps its digits."""
        if isinstance(value, float) and self.dtype.kind in "iu":
            return Tensor._constant(backend_of(self._data).asarray(value, np.float64))
        return self.like(value)

    # -- the array -------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The array. Assigning to it, or ``t.data -= ...``, is noticed by `grad`.

        The shape must stay, and the dtype does: what is assigned is cast to it. An array that fits is taken
        over, not copied: optimisers and moving averages will write into it.
        """
        if mode.state.recorder is not None:
            mode.state.recorder.stop("it reads `.data`, of which no op knows what becomes")
        return self._data

    @data.setter
    def data(self, array: Any) -> None:
        array = np.asarray(array) if isinstance(array, np.generic) else array  # what 0-d arithmetic gives
        backend_of(array)
        if array.shape != self._data.shape:
            raise ValueError(f"{self.name or 'a Tensor'} has shape {self.shape}; its data cannot become {array.shape}")
        self.set_data(array if array.dtype == self._data.dtype else array.astype(self._data.dtype))

    def set_data(self, array: Any) -> None:
        """Take an array of any dtype, and note the time of the change."""
        self._data = np.asarray(array) if isinstance(array, np.generic) else array
        self.changed_in_place()
        if mode.state.recorder is not None:
            mode.state.recorder.assign(self)

    def assign(self, other: Tensor) -> None:
        """Take over the numbers of `other`, which has the same shape. (Memory is shared from then on.)"""
        self.data = other._data

    def changed_in_place(self) -> None:
        """Note that the numbers in `data` are new: graphs that were recorded with the old ones are void."""
        Clock.changes += 1
        self._changed[0] = Clock.changes

    @property
    def xp(self) -> Any:
        """The array library that holds `data`."""
        return backend_of(self._data).xp

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> np.dtype:
        return self._data.dtype

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def T(self) -> Tensor:
        return self.transpose()

    def item(self) -> float:
        """The value of a Tensor with one element, as a Python number (on a GPU this waits for it)."""
        if mode.state.recorder is not None:
            mode.state.recorder.stop("it turns a Tensor into a number or a bool of Python")
        return backend_of(self._data).to_numpy(self._data).item()

    def detach(self) -> Tensor:
        """The same array (memory is shared), without its history: a constant."""
        y = Tensor._wrap(self._data)
        y._changed, y.name = self._changed, self.name
        return y

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A copy of the numbers alone: what was computed is copied without its history, as a constant."""
        return _restored(self._data.copy(), self.requires_grad and self.op is None, self.name)

    def __copy__(self) -> Tensor:
        """The same array and the same history, in another object."""
        y = Tensor._wrap(self._data)
        for slot in self.__slots__:
            setattr(y, slot, getattr(self, slot))
        return y

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled are the numbers alone, as in a deep copy."""
        return _restored, (self._data, self.requires_grad and self.op is None, self.name)

    def backward(self, gy: Any = None) -> None:
        """Add the gradients of this Tensor to `.grad` of every Tensor it was made from.

        A convenience for readers who come from PyTorch. It adds, so a second call doubles `.grad`;
        `tinygan.grad` returns the gradients instead, and leaves nothing behind.
        """
        xs = autograd.leaves(self)
        for x, gx in zip(xs, autograd.grad(self, xs, gy), strict=True):
            x.grad = gx if x.grad is None else x.grad + gx

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a Tensor cannot be assigned to in part, because its graph would be wrong: build the new one "
            "with tg.ops.where, concatenate or pad (or change t.data before the Tensor is used)"
        )

    # Comparisons give constants: Tensors of booleans, through which no gradient flows. `==` stays
    # identity, so that Tensors can be keys and members of lists.

    def __gt__(self, other: Any) -> Tensor:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Any) -> Tensor:
        return self._compared(operator.ge, other)

    def __lt__(self, other: Any) -> Tensor:
        return self._compared(operator.lt, other)

    def __le__(self, other: Any) -> Tensor:
        return self._compared(operator.le, other)

    def _compared(self, compare: Callable[[Any, Any], Any], other: Any) -> Tensor:
        beside, xp = self._beside(other), self.xp
        y = Tensor._wrap(xp.asarray(compare(self._data, beside._data)))
        if mode.state.recorder is not None:
            mode.state.recorder.line(compare.__name__, lambda a, b: xp.asarray(compare(a, b)), (self, beside), (y,))
        return y

    # -- Python's questions ------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a 0-d Tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __round__(self, digits: int | None = None) -> float:
        return round(self.item(), digits)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __bool__(self) -> bool:
        return bool(self.item())

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("a Tensor does not turn into an array by itself: use tg.to_numpy(tensor), or tensor.data")

    def __repr__(self) -> str:
        values = np.array2string(backend_of(self._data).to_numpy(self._data), precision=4, prefix="Tensor(")
        extras = f", name={self.name!r}" if self.name else ""
        extras += ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({values}, dtype={self.dtype}{extras})"


def _restored(array: Any, requires_grad: bool, name: str | None) -> Tensor:
    """A copied or unpickled Tensor, which has no history."""
    y = Tensor._wrap(array)
    y.requires_grad, y.name = requires_grad, name
    return y


def as_tensors(*values: Any) -> Sequence[Tensor]:
    """All values as Tensors; numbers and arrays take the dtype and the place of the first Tensor.

    Arrays beside a Tensor are copied: the caller may fill them anew before the gradient needs them.
    """
    for v in values:
        if not isinstance(v, Tensor):
            break
    else:
        return values  # the usual case, at the least cost
    first = next((v for v in values if isinstance(v, Tensor)), None)
    if first is None:
        return [Tensor(v) for v in values]
    return [v if isinstance(v, Tensor) else first.like(v.copy() if hasattr(v, "dtype") else v) for v in values]
