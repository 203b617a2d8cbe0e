"""Several ranks for the tests: as threads, which run everywhere, and as processes of a real mpiexec."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

from cli import ROOT, Result

from tinygan.training.distributed import Ranks

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows no other than to end at once

# -- threads ---------------------------------------------------------------------------------------


class World:
    """Ranks as threads. Each has a communicator with the few calls that `Ranks` makes, in mpi4py's words."""

    def __init__(self, size):
        self.size, self.barrier, self.slots = size, threading.Barrier(size, timeout=20), [None] * size
        self.calls = []

    def run(self, function):
        """What ``function(ranks)`` returns, or the exception it raises, on each rank."""
        results = [None] * self.size

        def work(rank):
            try:
                results[rank] = function(self.ranks(rank))
            except Exception as error:
                results[rank] = error

        threads = [threading.Thread(target=work, args=(rank,)) for rank in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def ranks(self, rank):
        words = dict(IN_PLACE="in place", SUM="sum", Exception=FakeError)
        return Ranks(SimpleNamespace(COMM_WORLD=Communicator(self, rank), **words))


class FakeError(RuntimeError):
    """In place of MPI.Exception."""


class Communicator:
    def __init__(self, world, rank):
        self.world, self.rank, self.size = world, rank, world.size

    def allgather(self, value):
        world = self.world
        world.slots[self.rank] = value
        world.barrier.wait()
        values = list(world.slots)
        world.barrier.wait()
        return values

    def Allreduce(self, sent, buffer, op):
        assert (sent, op) == ("in place", "sum")
        self.world.calls.append((self.rank, buffer.size))
        first, *others = self.allgather(buffer.copy())
        for other in others:
            first = first + other
        buffer[...] = first


class Echo(World):
    """One thread that stands for many: all other ranks send what it sends."""

    def ranks(self, rank=0):
        ranks = super().ranks(rank)
        ranks.comm.allgather = lambda value: [value] * self.size
        return ranks


# -- processes ---------------------------------------------------------------------------------------

# For Open MPI, which would not start as root (as in a container), nor more ranks than there are cores.
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}


def mpiexec() -> str | None:
    """The mpiexec beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("mpiexec")
    return str(beside) if beside.exists() else shutil.which("mpiexec")


@functools.cache
def missing() -> str | None:
    """Why two ranks cannot be started here, or None."""
    if mpiexec() is None:
        return "there is no mpiexec: pip install mpi4py mpich"
    hello = "from mpi4py import MPI; print(MPI.COMM_WORLD.allgather(MPI.COMM_WORLD.rank), flush=True)"
    try:
        done = finish(launch(2, "-c", hello), timeout=60)
    except subprocess.TimeoutExpired:
        return "mpiexec -n 2 does not end"
    return None if done.out.count("[0, 1]") == 2 else f"mpiexec -n 2 does not work here: {done.err.strip()[-200:]}"


def launch(size: int, *argv: object) -> subprocess.Popen:
    """``mpiexec -n SIZE python ARGV``, each rank with one thread."""
    env = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [mpiexec(), "-n", str(size), sys.executable, *map(str, argv)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, env=env, **pipes)


def finish(process: subprocess.Popen, timeout: float = 120) -> Result:
    """Its status and what it wrote; a run that hangs is ended, and fails the test."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Result(process.returncode, out, err)


def launch_training(size: int, *argv: object) -> subprocess.Popen:
    return launch(size, "-m", "tinygan.train", "--distributed", *argv)


def train(size: int, *argv: object) -> Path:
    """A distributed run that must succeed; its folder."""
    result = finish(launch_training(size, *argv))
    assert result.status == 0, result.err
    return Path(result.out.split(": ")[0])


def process_of(rank: int, words: object) -> int:
    """The process id of a rank whose command line holds `words`; Linux only."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
            environment = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has just ended, or is not ours
            continue
        numbered = {f"PMI_RANK={rank}", f"OMPI_COMM_WORLD_RANK={rank}"} & set(environment)
        if command[0] == sys.executable and str(words) in command and numbered:
            return int(folder.name)
    raise AssertionError(f"there is no rank {rank} of {words}")


def kill(process: int, number: int = KILL) -> None:
    os.kill(process, number)
