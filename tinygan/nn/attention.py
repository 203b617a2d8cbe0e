"""SelfAttention: every pixel sees all others, where a convolution sees its neighbours."""

from __future__ import annotations

import numpy as np

from tinygan.autograd import Tensor, ops
from tinygan.given import is_whole
from tinygan.nn.conv import Conv2D
from tinygan.nn.init import Initialiser
from tinygan.nn.linear import check_features
from tinygan.nn.module import Module
from tinygan.words import short


class SelfAttention(Module):
    """y = x + gamma * o(x): images (N, H, W, C) to images of the same shape.

    At pixel j, o is made of what all pixels i say (h), each by its share in what j asks for::

        share_ji = softmax over i of f(x_i) . g(x_j)          o_j = v(sum over i of share_ji h(x_i))

    f, g, h and v are 1x1 convolutions without bias. gamma starts at 0: at first the layer does nothing, and the network
    learns what is near before what is far. The shares are (N, H W, H W) numbers, so the layer belongs where images are
    small: the paper's best place is 32x32.

    Source: Zhang et al., "Self-Attention Generative Adversarial Networks", ICML 2019, eq. 1 to 3.

    Parameters
    ----------
    channels : int
        C.
    inner : int, optional
        How many channels f, g and h have; C / 8 unless given, and at least 1.
    init, rng
        As in `Dense`.

    Attributes
    ----------
    f, g, h, v : Conv2D
    gamma : Tensor ()
        Trained.

    Examples
    --------
    >>> images = Tensor(np.ones((2, 5, 3, 16), np.float32))
    >>> layer = SelfAttention(16)
    >>> bool((layer(images).data == images.data).all()), len(layer.parameters())
    (True, 5)
    """

    def __init__(
        self,
        channels: int,
        inner: int | None = None,
        *,
        init: Initialiser | None = None,
        rng: np.random.Generator | None = None,
    ):
        rng = rng or np.random.default_rng()
        if inner is None:
            inner = max(1, channels // 8) if is_whole(channels) else 1
        if not is_whole(channels) or not is_whole(inner):
            both = f"{short(channels)} and {short(inner)}"
            raise ValueError(f"SelfAttention needs at least one channel outside and inside, not {both}")
        self.channels, self.inner = channels, inner
        self.f, self.g, self.h = (Conv2D(channels, self.inner, 1, bias=False, init=init, rng=rng) for _ in range(3))
        self.v = Conv2D(self.inner, channels, 1, bias=False, init=init, rng=rng)
        self.gamma = Tensor(np.zeros((), np.float32), requires_grad=True, name=f"{self}.gamma")

    def extra(self) -> str:
        return f"{self.channels}, inner={self.inner}"

    def forward(self, x: Tensor) -> Tensor:
        x = check_features(self, x, self.channels, ndim=4)
        n, height, width, _ = x.shape
        f, g, h = (part(x).reshape((n, height * width, self.inner)) for part in (self.f, self.g, self.h))
        shares = ops.softmax(g @ f.transpose((0, 2, 1)))  # (N, j, i)
        return x + self.gamma * self.v((shares @ h).reshape((n, height, width, self.inner)))
