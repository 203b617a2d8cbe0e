"""Several ranks train the same networks: one all-reduce for each network and step, the same weights to the last bit."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from cli import call, one_sentence
from cli import train as train_alone
from training import mpi as at_work
from training.mpi import Echo, World, finish, launch, launch_training, process_of, train
from training.runs import TINY, assert_same_arrays, assert_same_run, newest, rows

from tinygan import data
from tinygan.autograd import Tensor
from tinygan.backend import backend_of, to_numpy
from tinygan.data import Images
from tinygan.training import checkpoint, distributed, loop, presets
from tinygan.training.build import build
from tinygan.training.config import ConfigError
from tinygan.training.distributed import Ranks, program
from tinygan.training.run_folder import RunFolder

RING = ("--preset", "ring", *TINY, "--dropout", 0.2, "--instance-noise", 0.1, "--ema", 0.9)


@pytest.fixture
def mpi():
    """Skip, with the reason, where two ranks cannot be started."""
    if at_work.missing():
        pytest.skip(at_work.missing())


# -- without MPI: ranks as threads ------------------------------------------------------------------


def tensors(seed):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=shape).astype(np.float32)) for shape in ((2, 3), (), (5,))]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_mean_is_the_mean_on_all_ranks_from_one_all_reduce(size, backend):
    world = World(size)
    ours = [tensors(rank) for rank in range(size)]
    results = world.run(lambda ranks: ranks.mean(ours[ranks.rank]))
    for i, (first, *others) in enumerate(zip(*results, strict=True)):
        expected = np.mean([to_numpy(mine[i]) for mine in ours], axis=0)
        np.testing.assert_allclose(to_numpy(first), expected, rtol=1e-6, atol=1e-7)
        assert first.shape == ours[0][i].shape and first.dtype == np.float32
        assert all(to_numpy(first).tobytes() == to_numpy(other).tobytes() for other in others)
    assert world.calls.count((0, 6 + 1 + 5 + 1)) == (0 if size == 1 else 1)  # the last number asks to stop
    assert len(world.calls) == (0 if size == 1 else size)


def test_mpi_is_called_when_the_device_has_finished(backend, monkeypatch):
    """MPI does not wait for CuPy's stream."""
    events, here = [], type(backend_of(tensors(0)[0].data))
    monkeypatch.setattr(here, "synchronize", lambda self: events.append("synchronised"))
    ranks = Echo(2).ranks()
    ranks.comm.Allreduce = lambda *args, **options: events.append("all-reduce")
    ranks.mean(tensors(0))
    assert events == ["synchronised", "all-reduce"]


def test_what_has_no_gradient_is_averaged_on_the_way(backend):
    """BatchNorm's running averages; a single rank leaves them alone."""

    def average(ranks):
        ranks.carried = [Tensor([1.0 + ranks.rank, 2.0])]
        ranks.mean(tensors(ranks.rank))
        return to_numpy(ranks.carried[0]).tolist()

    assert World(2).run(average) == [[1.5, 2.0]] * 2
    assert World(1).run(average) == [[1.0, 2.0]]


def test_that_one_was_asked_to_stop_reaches_all_with_the_next_gradients():
    def ask(ranks):
        answers = []
        for step in range(4):
            answers.append(ranks.stopping(ranks.rank == 1 and step == 2))
            ranks.mean(tensors(0))
        return answers

    assert World(2).run(ask) == [[False, False, False, True]] * 2
    assert Ranks().stopping(True) is True  # alone: at once


def test_a_nan_of_one_rank_reaches_all():
    def average(ranks):
        return to_numpy(ranks.mean([Tensor([np.nan if ranks.rank else 1.0])])[0])

    assert np.isnan(World(2).run(average)).all()


def test_trouble_of_one_rank_is_known_to_all():
    assert World(2).run(lambda ranks: ranks.first("ill" if ranks.rank else None)) == ["ill", "ill"]
    assert World(2).run(lambda ranks: ranks.first(None)) == [None, None]

    def work(ranks):
        with ranks.together():
            if ranks.rank == 1:
                raise OSError("the disk of rank 1 is full")
        return "done"

    first, second = World(2).run(work)
    assert isinstance(first, ConfigError) and str(first) == "rank 1: the disk of rank 1 is full"
    assert isinstance(second, OSError)


def test_an_error_of_mpi_is_one_sentence():
    """Some MPIs do not end the other ranks when one is lost, but let their next all-reduce fail."""
    ranks = Echo(2).ranks()
    ranks.all_know = True  # or mpi4py would be told to abort
    with pytest.raises(ConfigError, match=r"lost the other ranks \(peer is gone\): go on from the last checkpoint"):
        with ranks.all_or_none(known=loop.TrainingStopped):
            raise at_work.FakeError("peer is gone")


def test_ranks_that_differ_are_refused_and_named():
    same = dict(
        options=["--lr", "1"], versions="NumPy 2", backend="numpy", data="ab", networks=None, step=0, weights={}
    )
    assert World(2).run(lambda ranks: ranks.check_same(**same)) == [None, None]
    for odd, who in (([1], "rank 1 differs from rank 0 in its"), ([0], "ranks 1, 2 differ from rank 0 in their")):
        for what in same:
            errors = World(3).run(
                lambda ranks, odd=odd, what=what: ranks.check_same(**{**same, what: ranks.rank in odd or same[what]})
            )
            assert all(isinstance(error, ConfigError) and f"{who} {what}" in str(error) for error in errors)
    assert set(same) == set(distributed.SAME)


def with_other_data(setup):
    setup.dataset = data.Images("digits", 255 - setup.dataset.pixels, setup.dataset.labels)


def with_other_labels(setup):
    setup.dataset = data.Images("digits", setup.dataset.pixels, setup.dataset.labels[::-1])


def with_other_weights(setup):
    weight = setup.game.generator.parameters()[0]
    weight.data = weight.data * 2


def with_other_options(setup):
    setup.config.lr = 0.5


def with_other_networks(setup):
    setup.networks = SimpleNamespace(sha256="ab")


OTHER = {
    "data": [with_other_data, with_other_labels],
    "weights": [with_other_weights],
    "options": [with_other_options],
    "networks": [with_other_networks],
}


@pytest.mark.parametrize(("what", "change"), [(what, change) for what, changes in OTHER.items() for change in changes])
def test_ranks_that_would_train_something_else_are_refused(what, change):
    """Neither would notice by itself: the gradients of both have the same shapes."""
    world = World(2)

    def begin(ranks):
        setup = build(presets.configure(dict(preset="mlp", batch_size=8, samples=4)), ranks)
        if ranks.rank == 1:
            change(setup)
        setup.check_ranks(0)

    lines = [str(error) for error in world.run(begin)]
    assert lines[0] == lines[1] and f"rank 1 differs from rank 0 in its {what}: " in lines[0]


def test_points_that_differ_are_refused():
    def begin(ranks):
        points = np.random.default_rng(ranks.rank).normal(size=(50, 2))
        config = presets.configure(dict(preset="ring", batch_size=8, samples=4))
        build(config, ranks, dataset=data.load(points)).check_ranks(0)

    assert all("in its data: " in str(error) for error in World(2).run(begin))


def test_ranks_share_the_images_in_equal_parts_and_nothing_twice():
    images = Images("digits", np.arange(11, dtype=np.uint8).reshape(11, 1, 1, 1), np.arange(11))
    shares = [World(3).ranks(rank).share(images) for rank in range(3)]
    assert [len(share) for share in shares] == [3, 3, 3]
    seen = [int(pixel) for share in shares for pixel in share.pixels.ravel()]
    assert sorted(seen) == list(range(9))
    assert all((share.pixels.ravel() == share.labels).all() for share in shares)
    assert Ranks().share(images) is images
    with pytest.raises(data.DataError, match="share of rank 1 of 2"):
        data.batches(World(2).ranks(1).share(images), 6, np.random.default_rng(0))


@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_ranks_begin_with_the_same_weights_and_draw_their_own_numbers(preset):
    config = presets.configure(dict(preset=preset, batch_size=8, samples=4))
    one, other = (build(config, World(2).ranks(rank)) for rank in (0, 1))
    for a, b in ((one.game.generator, other.game.generator), (one.game.discriminator, other.game.discriminator)):
        assert_same_arrays(a.state_dict(), b.state_dict())
    assert (one.z == other.z).all()  # the pictures' noise
    assert (one.next_reals() != other.next_reals()).any()
    assert (one.game.noise(4).data != other.game.noise(4).data).any()
    assert (one.drop_rng.random(4) != other.drop_rng.random(4)).any()


def test_the_ranks_of_a_machine_take_its_gpus_in_turn(monkeypatch):
    used = []
    cuda = SimpleNamespace(
        Device=lambda number: SimpleNamespace(use=lambda: used.append(number)),
        runtime=SimpleNamespace(getDeviceCount=lambda: 2),
    )
    for name, neighbours in (("cupy", 3), ("numpy", 1)):
        chosen = SimpleNamespace(name=name, xp=SimpleNamespace(cuda=cuda))
        monkeypatch.setattr(distributed, "current_backend", lambda chosen=chosen: chosen)
        for number in range(neighbours):
            ranks = World(neighbours + 1).ranks(number)
            ranks.neighbour = number
            ranks.use_own_gpu()
    assert used == [0, 1, 0]


GAMES = {
    "alternating": dict(),
    "simultaneous": dict(simultaneous=True),
    "fresh fakes, moving average": dict(fresh_fakes=True, ema=0.9),
    "three critic steps": dict(n_critic=3, loss="wgan", weight_clip=0.1),
    "unrolled, minibatch std, spectral norm": dict(unroll=2, minibatch_std=True, spectral_norm=True, penalty="none"),
    "a code": dict(conditioning="infogan"),
}


@pytest.mark.parametrize("switches", GAMES)
def test_a_step_takes_one_all_reduce_for_each_update_of_a_network(switches):
    config = presets.configure(dict(preset="ring", batch_size=8, samples=4, **GAMES[switches]))
    world = Echo(2)
    setup = build(config, world.ranks())
    for _ in range(2):
        setup.game.step(setup.next_reals, measure=True)
    sizes = [sum(t.size for t in net.parameters()) for net in (setup.game.discriminator, setup.game.generator)]
    carried = 1 + sum(t.size for t in setup.ranks.carried)
    step = [(0, sizes[0] + carried)] * config.n_critic + [(0, sizes[1] + carried)]
    assert world.calls == 2 * step


def test_a_checkpoint_is_refused_by_another_number_of_ranks(tmp_path):
    config = presets.configure(dict(preset="ring", batch_size=8, samples=4))
    arrays, meta = build(config, Echo(2).ranks()).state(0)
    assert len(meta["ranks"]) == 2
    for size, said in ((1, "not on 1"), (3, "not on 3")):
        with pytest.raises(checkpoint.CheckpointError, match=f"on 2 ranks, {said}: go on with mpiexec -n 2 "):
            build(config, Echo(size).ranks()).load_state(arrays, meta, "it")
    build(config, Echo(2).ranks()).load_state(arrays, meta, "it")
    with pytest.raises(checkpoint.CheckpointError, match="on 1 rank, not on 2: go on with python -m tinygan.train"):
        build(config, Echo(2).ranks()).load_state(*build(config).state(0), "it")


# -- the command line, without mpiexec -----------------------------------------------------------------


class FakeMPI4py(ModuleType):
    """What ``from mpi4py import MPI`` finds in a process on its own."""

    def __init__(self):
        super().__init__("mpi4py")
        self.MPI = ModuleType("mpi4py.MPI")
        self.MPI.COMM_WORLD = World(1).ranks(0).comm
        self.MPI.COMM_WORLD.Split_type = lambda kind: self.MPI.COMM_WORLD
        self.MPI.COMM_TYPE_SHARED = 0
        self.MPI.Exception = at_work.FakeError
        self.MPI.Get_library_version = lambda: "Fake MPI v1, of the tests"


def test_without_mpi4py_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    result = call("train", "--distributed", "--outdir", tmp_path / "runs")
    assert result.status == 2 and "pip install 'tinygan[mpi]'" in one_sentence(result.err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("variable", ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE"])
def test_the_mpiexec_of_another_mpi_is_recognised(monkeypatch, variable):
    """Each process would take itself for the only one, and train alone."""
    monkeypatch.setitem(sys.modules, "mpi4py", FakeMPI4py())
    monkeypatch.setenv(variable, "2")
    result = call("train", "--distributed")
    assert result.status == 2 and "mpiexec started 2 processes" in one_sentence(result.err)
    assert "(Fake MPI v1) sees 1" in result.err


def test_one_rank_is_an_ordinary_run(monkeypatch, tmp_path, quick_pictures):
    monkeypatch.setitem(sys.modules, "mpi4py", FakeMPI4py())
    ordinary = train_alone(*RING, "--steps", 4, "--log-interval", 1, "--outdir", tmp_path / "a")
    distributed = train_alone("--distributed", *RING, "--steps", 4, "--log-interval", 1, "--outdir", tmp_path / "b")
    assert_same_run(ordinary, distributed)
    assert "mpiexec" not in (distributed / "README.txt").read_text()


def test_other_ranks_write_nothing(tmp_path):
    """The loop of a rank other than 0, beside one that does what it does."""
    world = Echo(2)
    setup = build(presets.configure(dict(preset="ring", batch_size=8, samples=4, steps=3)), world.ranks(1))
    before = setup.state(0)[0]
    loop.train(setup, RunFolder(tmp_path))
    assert not list(tmp_path.iterdir())
    assert any((array != before[name]).any() for name, array in setup.state(3)[0].items())


# -- two processes ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found():
    if at_work.missing():
        pytest.skip(at_work.missing())
    result = finish(launch(2, Path(__file__).with_name("two_ranks.py")))
    assert result.status == 0, result.err
    return json.loads(result.out)  # rank 1 is silent


@pytest.mark.slow
def test_the_mean_gradient_is_that_of_the_joined_batch(found):
    assert found["float64"] < 1e-12 and found["float32"] < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["mlp", "deep"])
def test_after_some_steps_both_ranks_hold_the_same_bits(found, preset):
    """Weights, running averages of BatchNorm, moments, the moving average; of data and noise nothing."""
    one, other = found[preset]["states"]
    assert one == other and any("running_mean" in name for name in one)
    assert found[preset]["shared_images"] == 0 and found[preset]["images"] == [5000, 5000]
    assert all(mine != theirs for mine, theirs in found[preset]["own"])


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["ring", "mlp"])
def test_twenty_steps_are_ten_and_ten(mpi, tmp_path, preset):
    options = ("--preset", preset, *TINY, "--dropout", 0.2, "--log-interval", 5, "--sample-interval", 10)
    whole = train(2, *options, "--steps", 20, "--outdir", tmp_path)
    halves = train(2, *options, "--steps", 10, "--outdir", tmp_path)
    assert train(2, "--resume", halves, "--steps", 20) == halves
    assert_same_run(whole, halves)
    places = newest(whole)[1]["ranks"]
    assert len(places) == 2 and places[0]["noise_rng"] != places[1]["noise_rng"]
    for text in ((whole / "README.txt").read_text(), json.loads((whole / "config.json").read_text())["command"]):
        assert program(2) in text


@pytest.mark.slow
def test_resume_needs_the_same_number_of_ranks(mpi, tmp_path):
    run = train(2, *RING, "--steps", 2, "--outdir", tmp_path)
    alone = call("train", "--resume", run, "--steps", 4)
    three = finish(launch_training(3, "--resume", run, "--steps", 4))
    for result in (alone, three):
        assert result.status == 2 and f"go on with {program(2)} --resume" in only_sentence(result.err)


def only_sentence(err):
    """Our one line in what also holds what mpiexec says about it."""
    assert "Traceback" not in err, err
    (line,) = [line for line in err.splitlines() if line.startswith("python -m tinygan.train")]
    return line


BAD = {
    "an option": (("--lr", -1), "--lr must be above 0"),
    "an unknown option": (("--sede", 1), "did you mean --seed?"),
    "no such run": (("--resume", "nowhere"), "there is no run folder nowhere"),
    "too few images for each": (("--batch-size", 6000), "the share of rank 0 of 2"),
    "no place to write, which rank 0 alone finds": (("--outdir", __file__), "cannot make a run folder"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_of_one_rank(mpi, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    options, said = BAD[case]
    result = finish(launch_training(2, *options))
    assert result.status == 2 and said in only_sentence(result.err), result.err
    assert result.out == "" and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("what", ["words", "options", "versions", "data", "networks", "weights"])
def test_other_ranks_end_before_there_is_a_folder(mpi, tmp_path, what):
    """Rank 1 has something else than rank 0, under the same command line."""
    script = Path(__file__).with_name("odd_rank.py")
    result = finish(launch(2, script, what, "--distributed", *RING, "--outdir", tmp_path), timeout=60)
    said = {"words": "options"}.get(what, what)
    assert result.status == 2 and f"rank 1 differs from rank 0 in its {said}" in only_sentence(result.err)
    assert result.out == "" and not list(tmp_path.iterdir())


def begin(tmp_path, *options):
    """A long run of two ranks that has begun to train, and its folder."""
    process = launch_training(2, *RING, *options, "--steps", 10**6, "--outdir", tmp_path)
    wait_for(process, lambda: list(tmp_path.glob("*/stats.jsonl")))
    (run,) = tmp_path.glob("*")
    return process, run


def wait_for(process, condition):
    until = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def goes_on(run, tmp_path, *options):
    """Resume for some more steps, and compare with a run that was never stopped."""
    step = newest(run)[1]["step"] + 10
    train(2, "--resume", run, "--steps", step)
    whole = train(2, *RING, *options, "--steps", step, "--outdir", tmp_path / "whole")
    (arrays, meta), (other_arrays, other_meta) = newest(run), newest(whole)
    assert_same_arrays(arrays, other_arrays)
    assert meta == other_meta and rows(run) == rows(whole)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_all_and_the_last_checkpoint_goes_on(mpi, tmp_path, rank):
    options = ("--log-interval", 1, "--checkpoint-interval", 5, "--sample-interval", 10**6)
    process, run = begin(tmp_path, *options)
    wait_for(process, lambda: newest(run)[1]["step"] > 0)
    at_work.kill(process_of(rank, tmp_path))
    result = finish(process, timeout=60)
    assert result.status != 0
    assert f"this goes on: {program(2)} --resume {run}\n" in result.out
    goes_on(run, tmp_path, *options)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_asked_to_stop_stops_all_at_the_same_step(mpi, tmp_path, rank):
    options = ("--log-interval", 1, "--sample-interval", 10**6)
    process, run = begin(tmp_path, *options)
    at_work.kill(process_of(rank, tmp_path), signal.SIGINT)
    result = finish(process, timeout=60)
    step = newest(run)[1]["step"]
    assert result.status == 130 and f"stopped after step {step} of 1000000" in only_sentence(result.err)
    assert f"go on with: {program(2)} --resume {run}" in result.err
    goes_on(run, tmp_path, *options)


@pytest.mark.slow
def test_ctrl_c_of_mpiexec_does_not_hang(mpi, tmp_path):
    """MPICH hands it to the ranks, which save; Open MPI ends them at once."""
    process, run = begin(tmp_path, "--log-interval", 1, "--sample-interval", 10**6)
    process.send_signal(signal.SIGINT)
    result = finish(process, timeout=60)
    assert result.status != 0 and "Traceback" not in result.err
    train(2, "--resume", run, "--steps", newest(run)[1]["step"] + 2)


@pytest.mark.slow
def test_an_error_that_one_rank_meets_on_its_way_ends_all(mpi, tmp_path):
    """Rank 0 cannot write while rank 1 waits for its gradients."""
    process, run = begin(tmp_path, "--log-interval", 1, "--sample-interval", 10**6)
    stats = run / "stats.jsonl"
    stats.rename(run / "old")
    while not stats.is_dir():  # a line may just have been written
        stats.unlink(missing_ok=True)
        stats.mkdir(exist_ok=True) if not stats.exists() else None
    result = finish(process, timeout=60)
    assert result.status == 2 and f"cannot read or write {stats}" in only_sentence(result.err)


@pytest.mark.slow
def test_a_nan_is_found_by_all_and_said_once(mpi, tmp_path):
    options = ("--preset", "ring", *TINY, "--optimizer", "sgd", "--lr", 1e30, "--log-interval", 1)
    result = finish(launch_training(2, *options, "--outdir", tmp_path))
    assert result.status == 1 and "is not a finite number any more" in only_sentence(result.err)


def test_rank_0_measures_and_all_ranks_are_in_the_best_checkpoint(mpi, tmp_path):
    measured = ("--metrics", "energy", "--keep-best", "energy", "--eval-interval", 1, "--eval-samples", 100)
    plain = train(2, *RING, "--steps", 5, "--outdir", tmp_path / "plain")
    run = train(2, *RING, "--steps", 5, *measured, "--outdir", tmp_path / "measured")
    assert_same_arrays(newest(plain)[0], newest(run)[0])
    _, meta = checkpoint.load(run / "best.npz")
    row = min(rows(run, "metrics.jsonl")[1:], key=lambda row: row["energy"])
    assert (meta["best"]["step"], meta["best"]["value"]) == (row["step"], row["energy"])
    assert len(meta["ranks"]) == 2 and meta["ranks"][0] != meta["ranks"][1]
    assert finish(launch_training(2, "--resume", run, "--steps", 7)).status == 0
