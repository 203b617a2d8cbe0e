"""Data-parallel training: several processes ("ranks"), started by mpiexec, train the same two networks together.

Every rank holds the same weights. In a step each computes the gradients of a batch of its own; their mean over
all ranks is the gradient of the batches joined (but for what looks at a batch as a whole: BatchNorm, MinibatchStd,
the loss ragan, unrolling), and all ranks take the same step with it. What each rank draws for itself is its share
of the data, its noise and its dropout.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan.autograd import Tensor
from tinygan.autograd.outside import several
from tinygan.backend import backend_of, current_backend, to_numpy
from tinygan.data import Mixture, Points
from tinygan.data.stored import Stored
from tinygan.training.config import ConfigError
from tinygan.words import listed

# What all ranks must have alike, and how to mend it.
SAME = {
    "options": "start all with one command",
    "versions": "install the same versions for all",
    "backend": "give all the same --backend",
    "data": "let all read the same files",
    "networks": "let all read the same file of networks",
    "step": "let all read the same run folder",
    "weights": "take the same versions of Python and NumPy, on the same kind of processor, and the same files",
}
INSTALL = "pip install 'tinygan[mpi]' mpich (or another MPI in place of mpich)"


class Ranks:
    """This process and those it trains with: nobody, or all that mpiexec started.

    Parameters
    ----------
    mpi : module, optional
        ``mpi4py.MPI``. Without it this process is alone, and nothing below changes or sends anything.

    Attributes
    ----------
    rank : int
        Which of the processes this is, 0 to size - 1. Rank 0 alone writes and speaks.
    size : int
    carried : list of Tensor
        What moves without a gradient, BatchNorm's running averages: it travels with every gradient.
    """

    held = ("carried",)  # for `compiled`: all else is what the ranks tell each other

    def __init__(self, mpi: Any = None):
        self.mpi = mpi
        self.comm: Any = mpi.COMM_WORLD if mpi else None
        self.rank: int = mpi.COMM_WORLD.rank if mpi else 0
        self.size: int = mpi.COMM_WORLD.size if mpi else 1
        self.neighbour = 0  # the number of this process among those of its machine
        self.carried: list[Tensor] = []
        self.asked = self.someone_asked = False  # to stop
        self.all_know = False  # of the error that is being raised

    @classmethod
    def join(cls) -> Ranks:
        """All processes that mpiexec started; those with another rank than 0 fall silent.

        Raises
        ------
        ConfigError
            If mpi4py or an MPI library is missing, or mpiexec belongs to another MPI.
        """
        _speak_only_as(_from_launcher("RANK", 0))  # before anything can go wrong
        try:
            from mpi4py import MPI
        except (ImportError, RuntimeError) as error:  # the latter when there is mpi4py, but no MPI library
            why = str(error).split("\n")[0]
            raise ConfigError(f"--distributed needs mpi4py and an MPI ({why}): {INSTALL}") from None
        ranks = cls(MPI)
        _speak_only_as(ranks.rank)
        started = _from_launcher("SIZE", ranks.size)
        if started != ranks.size:
            library = " ".join(MPI.Get_library_version().split()[:3]).rstrip(",")
            numbers = f"mpiexec started {started} processes, but the MPI of mpi4py ({library}) sees {ranks.size}"
            raise ConfigError(f"{numbers}: use the mpiexec that belongs to it")
        ranks.neighbour = MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED).rank
        return ranks

    # -- what each rank has for itself -------------------------------------------------------------

    def rng(self, seed: np.random.SeedSequence) -> np.random.Generator:
        """This rank's own stream of random numbers, of those that grow from `seed`."""
        return np.random.default_rng(seed if self.size == 1 else seed.spawn(self.size)[self.rank])

    def share(self, dataset: Stored | Mixture | Points) -> Stored | Mixture | Points:
        """This rank's part: every size-th image or sequence. All parts are equally long: an epoch ends on all at once.

        Of points, which never run out, each rank draws with its own random numbers.
        """
        if self.size == 1 or not isinstance(dataset, Stored):
            return dataset
        mine = slice(self.rank, len(dataset) // self.size * self.size, self.size)
        labels = None if dataset.labels is None else dataset.labels[mine]
        name = f"{dataset.name}, the share of rank {self.rank} of {self.size}"
        pixels = np.ascontiguousarray(dataset.pixels[mine])
        return dataclasses.replace(dataset, name=name, pixels=pixels, labels=labels)

    def use_own_gpu(self) -> None:
        """Let the ranks of one machine take its GPUs in turn; call it before there are arrays on one."""
        if self.size > 1 and current_backend().name == "cupy":
            cuda = current_backend().xp.cuda
            cuda.Device(self.neighbour % cuda.runtime.getDeviceCount()).use()

    # -- what they do together: every rank must come to each of these calls --------------------------

    def mean(self, tensors: list[Tensor]) -> list[Tensor]:
        """The mean of each tensor over all ranks, from one all-reduce; `carried` is set to its mean as well.

        MPI promises all ranks the same bits, so weights that were equal stay equal.
        """
        if self.size == 1:
            return tensors
        means = several("mean over ranks", self._mean, *tensors, *self.carried)
        for t, mean in zip(self.carried, means[len(tensors) :], strict=True):
            t.assign(mean)
        return means[: len(tensors)]

    def _mean(self, *sent: Any) -> list[Any]:
        xp = backend_of(sent[0]).xp
        asked = xp.full(1, self.asked, dtype=sent[0].dtype)
        flat = xp.concatenate([*(array.reshape(-1) for array in sent), asked])
        backend_of(flat).synchronize()  # MPI does not know CuPy's stream: what it sends must be there
        self.comm.Allreduce(self.mpi.IN_PLACE, flat, op=self.mpi.SUM)
        self.someone_asked = bool(to_numpy(flat[-1:])[0] > 0)
        flat /= self.size
        means, start = [], 0
        for i, array in enumerate(sent):
            mean = flat[start : start + array.size].reshape(array.shape)
            # What is carried stays: as a view it would keep all of `flat` in memory.
            means.append(mean.copy() if i >= len(sent) - len(self.carried) else mean)
            start += array.size
        return means

    def stopping(self, asked: bool) -> bool:
        """Whether to stop, with the same answer on all ranks.

        That this rank was asked to travels with the next gradients: no message of its own is needed.
        """
        self.asked = asked
        return asked if self.size == 1 else self.someone_asked

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks, on all ranks."""
        return [value] if self.size == 1 else self.comm.allgather(value)

    def first(self, value: Any) -> Any:
        """The first of all ranks' values that is not None, or None."""
        return next((each for each in self.gather(value) if each is not None), None)

    def check_same(self, **values: Any) -> None:
        """Raise ConfigError on all ranks if one has another value than rank 0 has; the names are those of `SAME`."""
        of_all = self.gather(values)
        for what, mend in SAME.items():
            odd = [rank for rank, theirs in enumerate(of_all) if theirs.get(what) != of_all[0].get(what)]
            if odd:
                self.all_know = True
                one = len(odd) == 1
                who = f"rank {odd[0]} differs" if one else f"ranks {listed(list(map(str, odd)))} differ"
                fault = f"{who} from rank 0 in {'its' if one else 'their'} {what}"
                if what in ("versions", "backend", "step"):
                    fault += f" ({of_all[odd[0]].get(what)}, not {of_all[0].get(what)})"
                raise ConfigError(f"{fault}: {mend}")

    # -- errors: none may wait for ever for one that is gone -----------------------------------------

    @contextmanager
    def together(self) -> Iterator[None]:
        """What fails inside on one rank fails on all; nothing inside may send or wait."""
        failed: BaseException | None = None
        try:
            yield
        except BaseException as error:
            failed = error
        said = None if failed is None else f"rank {self.rank}: {str(failed) or type(failed).__name__}"
        of_another = self.first(said)
        if of_another is not None:
            self.all_know = True
            raise failed or ConfigError(of_another)

    @contextmanager
    def all_or_none(self, known: type[BaseException]) -> Iterator[None]:
        """Around everything: an error that only this rank has ends the others, too.

        Parameters
        ----------
        known : exception class
            Raised only when all ranks raise it.
        """
        try:
            yield
        except BaseException as error:
            if self.size > 1 and not self.all_know and not isinstance(error, known):
                from mpi4py.run import set_abort_status

                # As Python ends, mpi4py will abort all ranks. Else it would wait there for the others to end.
                set_abort_status(130 if isinstance(error, KeyboardInterrupt) else 2)
                sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            if self.mpi and isinstance(error, self.mpi.Exception):
                lost = f"rank {self.rank} lost the other ranks ({error})"
                raise ConfigError(f"{lost}: go on from the last checkpoint with --resume") from None
            raise


def warn_of_separate_runs() -> None:
    """Say so if mpiexec started several processes that were not told to train together."""
    started = _from_launcher("SIZE", 1)
    if started > 1 and _from_launcher("RANK", 0) == 0:
        print(f"warning: these are {started} separate runs; --distributed would make them one", file=sys.stderr)


def program(size: int) -> str:
    """How a run on so many ranks is started; the options follow."""
    alone = "python -m tinygan.train"
    return alone if size == 1 else f"mpiexec -n {size} {alone} --distributed"


def _speak_only_as(rank: int) -> None:
    """All but rank 0 print into the void from here on."""
    if rank > 0:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")


def _from_launcher(what: str, default: int) -> int:
    """RANK or SIZE as mpiexec says it in the environment: Open MPI's, or MPICH's and Intel's."""
    return int(os.environ.get(f"OMPI_COMM_WORLD_{what}") or os.environ.get(f"PMI_{what}") or default)
