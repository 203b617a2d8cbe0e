"""The networks and ops that other libraries compute in the benchmarks are tinygan's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import ops, race
from benchmarks.mirror import mirrored_padding
from benchmarks.op_cases import CASES, tinygan_job, torch_job
from benchmarks.turns import Worker
from benchmarks.worker import SETTINGS, networks, tinygan_step, torch_step
from tinygan import nn
from tinygan.autograd import Tensor

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
needs_dezero = pytest.mark.skipif(find_spec("dezero") is None, reason="DeZero is not installed")


def losses(step):
    return [step(True) for _ in range(race.CHECKED_STEPS)]


@needs_torch
def test_pytorch_trains_the_same_ring_and_a_planted_difference_is_found():
    setting = SETTINGS["ring"]
    expected = losses(tinygan_step(setting, 1))
    assert race.losses_agree(expected, losses(torch_step(setting, 1)))
    step = torch_step(setting, 1)
    game = next(cell.cell_contents for cell in step.__closure__ if hasattr(cell.cell_contents, "opt_d"))
    game.opt_d.param_groups[0]["lr"] *= 1.5
    assert not race.losses_agree(expected, losses(step))


@needs_torch
@pytest.mark.parametrize("step", ["dcgan", "dcgan64"])  # kernels of 5x5 and of 4x4
def test_pytorchs_mirrored_networks_are_tinygans(step):
    import torch

    from benchmarks.torch_models import from_tinygan, mirrored

    setting = SETTINGS[step]
    g, d = networks(setting)
    z = np.random.default_rng(0).standard_normal((4, 100), dtype=np.float32)
    images = g(Tensor(z))
    judged = d(images).data
    theirs = from_tinygan(g, (100,))(torch.from_numpy(z))
    np.testing.assert_allclose(theirs.detach().numpy(), mirrored(images.data), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(from_tinygan(d, setting.shape)(theirs).detach().numpy(), judged, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kernel, stride", [(4, 1), (2, 1), (2, 3)])
def test_what_has_no_mirror_image_is_refused(kernel, stride):
    with pytest.raises(ValueError, match="the mirror image is worked out for padding 'same'"):
        mirrored_padding(nn.Conv2D(1, 1, kernel, stride, "same"))


@needs_torch
@pytest.mark.parametrize("name", ["conv4s2-28x28-64-128", "transposed5s2-14x14-64-1", "dense-64x1024x784", "bce-64"])
def test_pytorchs_ops_are_tinygans(name):
    case = CASES[name]
    few = replace(case, shapes=((3, *case.shapes[0][1:]), *case.shapes[1:]))
    assert ops.results_agree(tinygan_job(few, 1).values(), torch_job(few, 1).values())


def losses_of_worker(side, step, batch, width=1):
    """In a process of its own: the other library sets what no other test shall find."""
    worker = Worker("benchmarks.worker", (side, step, 1, batch, width), 1)
    try:
        return worker.ask(f"losses {race.CHECKED_STEPS}")
    finally:
        worker.close()


@needs_dezero  # which needs a name in NumPy
@pytest.mark.parametrize("step", SETTINGS)
def test_dezero_trains_the_same_networks(step):
    expected = losses(tinygan_step(replace(SETTINGS[step], batch=4), 1))
    assert race.losses_agree(expected, losses_of_worker("dezero", step, 4))


@needs_jax  # which is told its threads by the environment
@pytest.mark.parametrize("step", ["ring", "wgan-gp", "small", "dcgan"])
def test_jax_trains_the_same_networks(step):
    expected = losses(tinygan_step(replace(SETTINGS[step], batch=4), 1))
    assert race.losses_agree(expected, losses_of_worker("jax", step, 4))


@needs_torch
@pytest.mark.slow  # it compiles
@pytest.mark.skipif(not any(map(shutil.which, ("g++", "c++", "clang++"))), reason="there is no C++ compiler")
@pytest.mark.parametrize("step", ["ring", "wgan-gp"])
def test_torch_compile_trains_the_same_networks(step):
    expected = losses(tinygan_step(replace(SETTINGS[step], batch=4), 1))
    assert race.losses_agree(expected, losses_of_worker("torch.compile", step, 4))


@needs_torch
@pytest.mark.parametrize("step", ["mlp", "dcgan"])
def test_pytorch_trains_the_same_wider_networks(step):
    expected = losses(tinygan_step(replace(SETTINGS[step], batch=8, width=2), 1))
    found = losses_of_worker("torch", step, 8, width=2)
    assert race.losses_agree(expected, found)
    assert not race.losses_agree(expected, losses(tinygan_step(replace(SETTINGS[step], batch=8), 1)))
