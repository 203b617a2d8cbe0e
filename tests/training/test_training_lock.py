"""Two processes never train one run: the second is refused, whatever it is, and a dead one is no obstacle."""

import errno
import gc
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
import types

import pytest
from cli import ROOT, call, one_sentence, posix_only, start, train
from training.mpi import World
from training.runs import TINY, newest

import tinygan as tg
from tinygan.training import lock as locks
from tinygan.training import loop
from tinygan.training.lock import LOCK, Lock
from tinygan.training.run_folder import RunError

SMALL = dict(steps=4, batch_size=4, samples=4, log_interval=1, sample_interval=2, checkpoint_interval=2)
HOLD = """
import os, sys, time
from pathlib import Path
from tinygan.training.lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.take()
child = os.fork() if "fork" in sys.argv else 0
if not child:  # the child, where there is one
    print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, quick_pictures):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return tmp_path


@pytest.fixture
def holder(tmp_path):
    """Starts processes that hold the lock of this folder; ended with the test."""
    started = []

    def hold(*words):
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", HOLD, str(tmp_path), *words]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, int(process.stdout.readline())

    yield hold
    for process in started:
        process.kill()
        process.communicate()


def content(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_the_second_process_is_refused_in_a_sentence_and_changes_nothing(tmp_path):
    run = train("--preset", "ring", *TINY, "--steps", 2, "--outdir", tmp_path)
    first = Lock(run)
    first.take()
    before = content(run)
    result = call("train", "--resume", run, "--steps", 4)
    said = one_sentence(result.err)
    assert result.status == 2 and result.out == "" and content(run) == before
    assert f"{run} is being trained by this process already" in said
    assert call("train", "--resume", run, "--steps", 4, "--dry-run").status == 0  # this writes nothing
    assert call("sample", run, "--out", tmp_path / "a.png").status == 0  # nor does this, there
    assert tg.Run.resume(run).samples(3).shape == (3, 2) and content(run) == before
    first.release()
    assert call("train", "--resume", run, "--steps", 4).status == 0 and newest(run)[1]["step"] == 4


def test_the_sentence_names_the_other_process(tmp_path, holder):
    process, pid = holder()
    with pytest.raises(RunError) as refused:
        Lock(tmp_path).take()
    assert f"{tmp_path} is being trained by process {pid} on {socket.gethostname()}, since 20" in str(refused.value)
    assert "wait until it has ended, or end it first" in str(refused.value)
    with pytest.raises(RunError, match=f"process {pid} on"):
        Lock(tmp_path).check()
    process.kill()  # on Windows, too, the system frees what a dead process had
    process.wait()
    Lock(tmp_path).check()
    Lock(tmp_path).take()


STRANGE = ("", "\0\xff\n", "process 0\non a", "process x on y", "free since 2026", "process 1 on \x1b[2J", "a" * 10**6)


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_what_is_no_name_in_the_file_is_not_repeated(tmp_path, text):
    mine = Lock(tmp_path)
    mine.take()
    (tmp_path / LOCK).write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match="is being trained by another process: wait until"):
        Lock(tmp_path).take()


@posix_only
def test_a_child_does_not_keep_the_lock_of_its_dead_parent(tmp_path, holder):
    """A forked child has a copy of every open file: its end frees nothing, nor does its life hold anything."""
    process, child = holder("fork")
    process.kill()
    process.wait()
    try:
        os.kill(child, 0)  # it is alive
        Lock(tmp_path).take()
    finally:
        os.kill(child, signal.SIGKILL)


@posix_only
def test_a_child_that_ends_does_not_free_the_lock_of_its_parent(tmp_path, holder):
    process, child = holder("fork")
    os.kill(child, signal.SIGKILL)
    with pytest.raises(RunError, match=f"process {process.pid} on"):
        Lock(tmp_path).take()


@pytest.mark.parametrize("old", ["process 1 on elsewhere, since 2020-01-01 00:00", "", "\0\0\0"])
def test_an_old_file_is_no_obstacle(tmp_path, old):
    (tmp_path / LOCK).write_text(old)
    lock = Lock(tmp_path)
    assert lock.take() == [] and f"process {os.getpid()} on " in (tmp_path / LOCK).read_text()
    lock.release()
    assert "process" not in (tmp_path / LOCK).read_text()


def test_what_is_collected_is_free(tmp_path):
    lock = Lock(tmp_path)
    lock.take()
    del lock
    gc.collect()
    Lock(tmp_path).take()


def test_runs_of_one_program_keep_out_of_each_other(here):
    run = tg.Run("ring", outdir=here, **SMALL)
    seen = []

    def on_step(step, numbers):
        if step == 3:
            other = tg.Run.resume(run.path, steps=6)
            with pytest.raises(RunError, match="is being trained by this process already") as refused:
                other.train()
            seen.append((other.step, str(refused.value)))

    run.train(on_step=on_step)
    assert seen and seen[0][0] == 2
    # After its end others may, and it knows that they did.
    tg.Run.resume(run.path, steps=6).train()
    before = content(run.path)
    with pytest.raises(RunError, match="has been trained by another process since it was read here: go on from its"):
        run.train(8)
    assert content(run.path) == before
    tg.Run.resume(run.path, steps=8).train()
    assert newest(run.path)[1]["step"] == 8


def test_a_run_that_nobody_touched_goes_on_and_moved_files_are_no_offence(here):
    run = tg.Run("ring", outdir=here, **SMALL)
    run.train()
    (run.path / LOCK).unlink()
    (run.path / "checkpoint-000002.npz").unlink()
    run.train(6)
    run.train(8)
    assert newest(run.path)[1]["step"] == 8


def test_a_checkpoint_written_since_the_run_was_read_is_seen_though_its_writer_was_killed(here):
    """It held the lock all the time: the text in the file is still the same."""
    run = tg.Run("ring", outdir=here, **SMALL)
    run.train()
    (run.path / LOCK).write_text("process 1 on elsewhere, since 2026-01-01 00:00\n")
    slow = tg.Run.resume(run.path, steps=8)
    (run.path / "checkpoint-000006.npz").write_bytes((run.path / "checkpoint-000004.npz").read_bytes())
    with pytest.raises(RunError, match="has been trained by another process since"):
        slow.train()


@pytest.mark.parametrize("ending", [KeyboardInterrupt, ValueError])
def test_a_run_that_stops_early_frees_it(here, ending):
    run = tg.Run("ring", outdir=here, **SMALL)

    def stop(step, numbers):
        raise ending

    with pytest.raises(ending):
        run.train(on_step=stop)
    tg.Run.resume(run.path).train()


def test_windows_locks_a_byte_far_behind_the_text(here, monkeypatch):
    """What is locked there nobody else can read. The file is run again as Windows would, with its module in place."""
    calls = []
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.LK_NBLCK, msvcrt.LK_UNLCK = "lock", "unlock"
    msvcrt.locking = lambda fd, how, size: calls.append((how, os.lseek(fd, 0, os.SEEK_CUR), size))
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(sys, "platform", "win32")
    lock = runpy.run_path(locks.__file__)["Lock"](here)
    assert lock.take() == [] and (here / LOCK).read_text().startswith(f"process {os.getpid()} on ")
    lock.release()
    assert calls == [("lock", 2**30, 1), ("unlock", 2**30, 1)]
    assert (here / LOCK).read_text().startswith("free since 2") and (here / LOCK).stat().st_size < 100


NO_LOCKS = ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "EINVAL")


@pytest.mark.parametrize("name", NO_LOCKS)
def test_a_file_system_without_locks_is_said_in_one_line_and_the_run_goes_on(here, monkeypatch, name):
    def fail(fd):
        raise OSError(getattr(errno, name), "not here")

    monkeypatch.setattr(locks, "_lock", fail)
    result = call("train", "--preset", "ring", *TINY, "--steps", 2, "--outdir", here)
    (line,) = [line for line in result.out.splitlines() if "locks" in line]
    assert result.status == 0 and "lies on a file system without locks (not here): train it with no other" in line
    (run,) = here.glob("*-ring-*")
    assert line in (run / "log.txt").read_text()
    again = call("train", "--resume", run, "--steps", 4)
    assert again.status == 0 and again.out.count("without locks") == 1


@pytest.mark.parametrize("name", ["EAGAIN", "EACCES", "EDEADLK"])
def test_what_the_systems_say_of_a_lock_that_is_held(here, monkeypatch, name):
    def fail(fd):
        raise OSError(getattr(errno, name), "held")

    monkeypatch.setattr(locks, "_lock", fail)
    with pytest.raises(RunError, match="is being trained by another process"):
        Lock(here).take()


@posix_only
@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_what_is_no_file_is_refused_and_left_alone(here, kind):
    run = train("--preset", "ring", *TINY, "--steps", 2, "--outdir", here)
    (run / LOCK).unlink()
    victim = here / "victim"
    victim.write_text("keep me")
    made = {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: os.symlink(victim, path)}
    made[kind](run / LOCK)
    result = call("train", "--resume", run, "--steps", 4)
    assert result.status == 2 and str(run / LOCK) in one_sentence(result.err)
    assert victim.read_text() == "keep me" and newest(run)[1]["step"] == 2


def test_of_several_ranks_rank_0_takes_it_and_all_learn_of_a_refusal(here):
    run = tg.Run("ring", outdir=here, **SMALL)
    run.train()
    mine = Lock(run.path)
    mine.take()
    taken = []

    def begin(ranks):
        each = tg.Run("ring", outdir=here, **SMALL)
        each.folder, each.setup.ranks, each.begun = run.folder, ranks, True
        each.train()

    assert [str(error).removeprefix("rank 0: ") for error in World(2).run(begin)] == [
        f"{run.path} is being trained by this process already: wait until that has ended"
    ] * 2
    assert not taken


@posix_only
@pytest.mark.slow
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_two_processes(tmp_path, way):
    """As users start them: the second is refused while the first trains, and goes on after its end."""
    process = start("train", "--preset", "ring", *TINY, "--steps", 10**6, "--outdir", tmp_path)
    while not (found := list(tmp_path.glob("*/stats.jsonl"))):
        assert process.poll() is None
    run = found[0].parent
    refused = start("train", "--resume", run)
    _, said = refused.communicate(timeout=60)
    assert refused.returncode == 2 and f"is being trained by process {process.pid} on " in one_sentence(said)
    process.send_signal(way)
    process.communicate(timeout=60)
    step = newest(run)[1]["step"] + 2
    assert call("train", "--resume", run, "--steps", step).status == 0 and newest(run)[1]["step"] == step


def test_the_loop_never_runs_without_it(here, monkeypatch):
    """Held from before the first file until after the last, by the command line and by tg.Run alike."""
    held = []

    def train_(setup, run, *rest):
        with pytest.raises(RunError, match="this process already"):
            Lock(run.path).take()
        held.append(run.path.name)

    monkeypatch.setattr(loop, "train", train_)
    call("train", "--preset", "ring", *TINY, "--steps", 2, "--outdir", here)
    tg.Run("ring", outdir=here, **SMALL).train()
    assert len(held) == 2
