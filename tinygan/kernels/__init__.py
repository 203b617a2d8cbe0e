"""Everything tuned for a machine: a faster way to compute what an op or an optimiser defines.

The file of an op is all formula, written on `xp`; that is its definition, and it runs everywhere. Where a measurement
asked for more, a kernel stands here beside it: a plain function with the same arguments and the same result, which the
tests compare with the definition. Without these tables everything computes the same, to rounding, only slower.

A backend takes its table from here when it first computes, and the op asks it: `backend.kernels.get(type(self))`. The
key is the class itself, not its name, so an op of your own never meets a kernel by accident.
"""

from tinygan.kernels import cupy_kernels, cupy_updates, numpy_kernels, numpy_updates

TABLES = {
    "numpy": numpy_kernels.KERNELS | numpy_updates.KERNELS,
    "cupy": cupy_kernels.KERNELS | cupy_updates.KERNELS,
}
