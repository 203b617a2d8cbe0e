"""Unrolled GANs: the generator's step looks K steps of the discriminator ahead.

In the plain game G moves against D as it is, and D then answers. A G that puts all its samples on one mode is
doing well at that moment; a few steps of D later it is not. Unrolling lets G see that answer. With D's weights w,
G's weights t, L_D(w, t) what D minimises and L_G what G minimises,

    w_0 = w,    w_(k+1) = w_k - lr * dL_D(w_k, t) / dw_k,    G minimises  L_G(w_K(t), t).

So G's gradient is dL_G/dt at fixed w_K, which a plain GAN has too, plus (dL_G/dw_K) (dw_K/dt): how D's answer
changes with G. The second term is the derivative of gradients; `grad(..., create_graph=True)` makes each w_k a
differentiable function of t and of w_(k-1), and the engine does the rest. D itself takes one ordinary step.

What was decided here:

- The inner steps see the same real and fake samples as G's loss, and are plain gradient descent (the authors'
  own code unrolls Adam; its equations, and this, do not).
- The inner loss is the loss alone, as in the paper. Gradient penalties hold D down in its own steps only: inside
  they would make each inner step a derivative of third order, and they take their samples as constants, so that
  G's gradient would no longer be the derivative of what it minimises.
- D's buffers (BatchNorm's averages, SpectralNorm's vectors) move in the inner steps, and are then what they were;
  Dropout draws new masks in each of them.
- `lr` must be so small that L_D falls along the inner steps. On the grid one of 0.01 no longer does it reliably, and
  looking ahead to a D that overshot is worse than not looking: hence 0.001 unless given.
- Of several ranks, each unrolls on its own samples; the mean over ranks is taken of G's gradient, at the end.

What it costs: each of the K steps is a forward and a backward pass of D on both batches, and then a backward pass
through these two. On the networks of the preset ring a step of the game took 2.3 to 2.7 times as long with K = 1 as
without, and 10 to 11 times with K = 5: about 1 + 2 K.

Source: Metz et al., "Unrolled Generative Adversarial Networks", ICLR 2017, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tinygan.autograd import Tensor, grad
from tinygan.autograd.op import Copy
from tinygan.nn import Module
from tinygan.nn.module import with_members


@contextmanager
def unrolled(discriminator: Module, loss: Callable[[], Tensor], steps: int, lr: float) -> Iterator[None]:
    """Inside the ``with`` block D's weights are w_K; after it D is what it was, to the last bit.

    Parameters
    ----------
    discriminator : Module
    loss : function
        Takes nothing and returns L_D, a 0-d Tensor, for the weights that D has when it is called. It keeps the
        fakes' history back to G.
    steps : int
        K; with 0 nothing happens.
    lr : float
        Of the inner steps.
    """
    if steps == 0:
        yield
        return
    weights = {id(w): w for w in discriminator.parameters()}
    buffers = {id(b): Copy()(b) for _, b in discriminator.buffers()}
    for _ in range(steps):
        with replaced(discriminator, {**weights, **buffers}):
            slopes = grad(loss(), list(weights.values()), create_graph=True)
        weights = {key: w - lr * slope for (key, w), slope in zip(weights.items(), slopes, strict=True)}
    with replaced(discriminator, {**weights, **buffers}):
        yield


@contextmanager
def replaced(module: Module, tensors: Mapping[int, Tensor]) -> Iterator[None]:
    """Inside the ``with`` block `module` has other Tensors: `tensors` maps the id of an old one to the new one.

    The old ones are not touched, and are back in their places afterwards, whatever happens inside.
    """

    def swap(member: Module | Tensor) -> Module | Tensor:
        return tensors.get(id(member), member) if isinstance(member, Tensor) else member

    places = [(vars(inner), name, value) for _, inner in module.modules() for name, value in vars(inner).items()]
    changed = [
        (place, name, value, new) for place, name, value in places if (new := with_members(value, swap)) is not value
    ]
    try:
        for place, name, _, new in changed:
            place[name] = new
        yield
    finally:
        for place, name, value, _ in changed:
            place[name] = value
