"""A stand-in for CuPy that runs on the CPU and is stricter than CuPy itself.

    cupy = FakeCupy()
    with using_backend(CupyBackend(cupy)):
        ...
    cupy.syncs    # how often the host would have waited for the device
    cupy.launches # how many kernels and products the device was asked for
    cupy.sent     # bytes copied from the host
    cupy.seen     # {("sum", "axis"), ("zeros", "dtype"), ...}: what was asked of CuPy

An array **holds** a NumPy array and is none, so nothing that works by accident on a NumPy subclass works
here. What CuPy refuses is refused: turning into a NumPy array by itself, and mixing with NumPy arrays in
an operator, an index or a function. What makes the host wait (`float(x)`, `if x:`, a boolean mask) is
allowed, as in CuPy, and counted. Only functions and keywords listed from the real package exist.

`ElementwiseKernel` (see `standin.kernels`) needs g++; without it the attribute is missing, and the backend
does without kernels.
"""

from __future__ import annotations

import operator
import os
import shutil
from types import SimpleNamespace
from typing import Any

import numpy as np

from standin.notes import log

COMPILER = shutil.which("g++") if os.name == "posix" else None
NO_FUNCTION = ("newaxis", "pi", "e", "inf", "nan")  # and the dtypes: the same objects in both packages
WAITING = ("nonzero", "flatnonzero", "argwhere", "unique", "asnumpy", "bincount", "compress", "extract")
ON_THE_HOST = ("may_share_memory", "shares_memory")  # these look at addresses alone, and give a bool of Python
OF_C = ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos")  # with the compiler's own, as in kernels
NEVER = "draw random numbers on the host, with numpy.random.Generator: the same seed then gives the same run"


class ndarray:
    """A device array: holds `_host`, a NumPy array that nobody else may touch."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_host", "base")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host: np.ndarray, base: ndarray | None = None):
        self._host, self.base = host, base

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: wrap(self._host.T, self))

    def __getattr__(self, name: str) -> Any:
        """A method, if CuPy has it."""
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"ndarray.{name}"
        log.note(full)

        def method(*args: Any, **keywords: Any) -> Any:
            log.note(full, keywords)
            log.syncs += name in WAITING
            given = {k: unwrap(v, full) for k, v in keywords.items()}
            return wrap(getattr(self._host, name)(*[unwrap(a, full) for a in args], **given), self)

        return method

    # -- what CuPy refuses ---------------------------------------------------------------------------

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method != "__call__" or not any(isinstance(x, np.generic) for x in inputs):
            raise TypeError(f"numpy.{ufunc.__name__} was called on a CuPy array")
        return wrap(ufunc(*[unwrap(x, ufunc.__name__) for x in inputs], **keywords), self)  # np.float32(2) * x

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was called on a CuPy array")

    # -- what makes the host wait ----------------------------------------------------------------------

    def item(self) -> Any:
        log.syncs += 1
        return self._host.item()

    def get(self) -> np.ndarray:
        log.syncs += 1
        return self._host.copy()

    def tolist(self) -> Any:
        log.syncs += 1
        return self._host.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return operator.index(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __repr__(self) -> str:
        return f"cupy.{self.get()!r}"

    # -- indexing --------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> ndarray:
        log.syncs += _has_mask(index)
        return wrap(self._host[_index(index)], self)

    def __setitem__(self, index: Any, value: Any) -> None:
        log.launches += 1
        log.syncs += _has_mask(index) and isinstance(value, ndarray)
        self._host[_index(index)] = unwrap(value, "__setitem__")


def _binary(name: str) -> Any:
    compute = getattr(operator, name.replace("__r", "__") if name in REFLECTED else name)

    def method(self: ndarray, other: Any) -> Any:
        if not isinstance(other, (ndarray, np.ndarray, np.generic, bool, int, float)):
            return NotImplemented
        a, b = self._host, unwrap(other, name)
        return wrap(compute(b, a) if name in REFLECTED else compute(a, b), self)

    return method


def _in_place(name: str) -> Any:
    def method(self: ndarray, other: Any) -> ndarray:
        host = getattr(operator, name)(self._host, unwrap(other, name))
        log.launches += 1
        assert host is self._host  # CuPy changes the array, 0-d ones too
        return self

    return method


def _unary(name: str) -> Any:
    return lambda self: wrap(getattr(operator, name)(self._host), self)


ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
REFLECTED = tuple(f"__r{name}__" for name in ARITHMETIC)
for _name in (
    *(f"__{n}__" for n in ARITHMETIC),
    *REFLECTED,
    *(f"__{n}__" for n in ("lt", "le", "gt", "ge", "eq", "ne")),
):
    setattr(ndarray, _name, _binary(_name))
for _name in ARITHMETIC:
    setattr(ndarray, f"__i{_name}__", _in_place(f"__i{_name}__"))
for _name in ("__neg__", "__pos__", "__abs__", "__invert__"):
    setattr(ndarray, _name, _unary(_name))


def unwrap(value: Any, where: str) -> Any:
    """The NumPy values behind an argument; NumPy arrays themselves are refused."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"{where}: Unsupported type <class 'numpy.ndarray'> (a NumPy array met a CuPy array)")
    if isinstance(value, (list, tuple)):
        return type(value)(unwrap(v, where) for v in value)
    return value


def wrap(result: Any, *sources: Any) -> Any:
    """A result as CuPy gives it: every number is a 0-d array, and a view knows its base."""
    if isinstance(result, (list, tuple)):
        return type(result)(wrap(r, *sources) for r in result)
    if isinstance(result, (np.generic, bool)):
        log.launches += 1
        return ndarray(np.asarray(result))
    if not isinstance(result, np.ndarray):
        return result
    for source in sources:
        if isinstance(source, ndarray):
            if result is source._host:
                return source
            if np.may_share_memory(result, source._host):
                return ndarray(result, source if source.base is None else source.base)
    log.launches += 1
    return ndarray(result)


def _index(index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if not (part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice, ndarray))):
            raise TypeError(f"an index of {type(part).__name__} would be copied to the device at every use")
    return unwrap(index, "index")


def _has_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, ndarray) and part.dtype.kind == "b" for part in parts)


class Function:
    """A function of the module, which takes and gives device arrays."""

    def __init__(self, name: str, function: Any):
        log.note(name)
        self.name, self.function = name, function

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        log.note(self.name, keywords)
        log.syncs += self.name in WAITING or (self.name == "where" and len(args) == 1)
        if self.name == "where" and not isinstance(args[0], ndarray):
            raise TypeError("cupy.where needs a condition that is an array")
        if "out" in keywords:
            self.function(*[unwrap(a, self.name) for a in args], **{k: unwrap(v, k) for k, v in keywords.items()})
            log.launches += 1
            return keywords["out"]
        if (
            self.name in OF_C
            and COMPILER
            and not keywords
            and getattr(args[0], "dtype", None) in ("float32", "float64")
        ):
            from standin.kernels import of_c  # CuPy's functions and a kernel's are the same, to the last bit

            return wrap(of_c(self.name, *args))
        given = {k: unwrap(v, self.name) for k, v in keywords.items()}
        if self.name in ON_THE_HOST:
            return bool(self.function(*[unwrap(a, self.name) for a in args], **given))
        result = wrap(self.function(*[unwrap(a, self.name) for a in args], **given), *args)
        if self.name.startswith("empty"):
            log.launches -= 1  # memory, and nothing to run
            result._host.fill(np.nan if result.dtype.kind == "f" else 99)  # what nobody wrote shows
        return result

    def at(self, array: ndarray, index: Any, value: Any = None) -> None:
        """In place, an element again for each time it is named: `cupy.add.at`."""
        log.syncs += _has_mask(index)
        self.function.at(array._host, _index(index), unwrap(value, f"{self.name}.at"))


class FakeCupy:
    """The module: hand it to `tinygan.backend.CupyBackend`. Making one empties the log."""

    ndarray = ndarray
    cuda = SimpleNamespace(
        get_current_stream=lambda: SimpleNamespace(synchronize=lambda: setattr(log, "syncs", log.syncs + 1)),
        runtime=SimpleNamespace(getDeviceCount=lambda: 1),
    )

    def __init__(self, prefix: str = "", model: Any = np):
        self._prefix, self._model = prefix, model
        if not prefix:
            log.__init__()  # type: ignore[misc]

    seen = property(lambda self: log.seen)
    kernels = property(lambda self: log.kernels)
    syncs = property(lambda self: log.syncs)
    launches = property(lambda self: log.launches)
    sent = property(lambda self: log.sent)

    def __getattr__(self, name: str) -> Any:
        if name == "random":
            raise AttributeError(NEVER)
        if name == "linalg":
            return FakeCupy("linalg.", np.linalg)
        if name == "ElementwiseKernel":
            if not COMPILER:
                raise AttributeError("the stand-in compiles kernels with g++, which is not installed")
            from standin.kernels import ElementwiseKernel  # it works on the arrays of this file

            return ElementwiseKernel
        thing = getattr(self._model, name, None)
        if name in NO_FUNCTION or isinstance(thing, type) and issubclass(thing, (np.number, np.bool_)):
            return thing
        return Function(self._prefix + name, thing)

    def asarray(self, a: Any, dtype: Any = None) -> ndarray:
        """The door in: the one function that takes NumPy arrays. It copies."""
        if isinstance(a, ndarray):
            return a if dtype is None or a.dtype == dtype else wrap(a._host.astype(dtype))
        sent = ndarray(np.array(a, dtype=dtype))
        log.sent += sent.nbytes
        return sent

    def array(self, obj: Any, dtype: Any = None) -> ndarray:
        return wrap(np.array(obj._host, dtype=dtype)) if isinstance(obj, ndarray) else self.asarray(obj, dtype)

    def asnumpy(self, a: ndarray) -> np.ndarray:
        """The door out."""
        return a.get()
