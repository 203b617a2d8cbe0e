# %% [markdown]
# # 09 Convolution three ways
#
# After this page you can write a convolution in three ways, and say what a transposed convolution is and where its
# checkerboards come from. It takes a few seconds.
#
# <details><summary>The picture this page ends in (it gives an answer away)</summary>
#
# ![Above: a digit, and the same digit after four small kernels, which show its horizontal edges, vertical edges,
# outline, and a blurred copy. Below: transposed convolutions of a constant image; with kernel 3 and stride 2 a
# checkerboard, with kernel 4 none; new DCGANs show a fine pattern.](images/09_convolution.png)
#
# </details>

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

import tinygan as tg
from tinygan.plot.style import BLUE, ORANGE

rng = np.random.default_rng(0)

# %% [markdown]
# ## A kernel looks at a small window
#
# A dense layer must learn the same line again for every place. A convolution slides one small **kernel** over the
# image, and at each place adds up pixel times weight. Images are arrays (N, H, W, C): number, height, width, channels.
# Kernels are (kh, kw, C, O), O for the channels out.
#
# **Predict, then run.** The image has 6 x 6 pixels, the kernel 3 x 3, no padding. How many positions are there? And
# with **stride** 2, when the kernel jumps two pixels?

# %% tags=["hide-output"]
image, kernel = np.ones((1, 6, 6, 1), np.float32), np.ones((3, 3, 1, 1), np.float32)
for stride, padding in ((1, 0), (2, 0), (1, "same"), (2, "same")):
    y = tg.to_numpy(tg.ops.conv2d(tg.Tensor(image), tg.Tensor(kernel), stride, padding))
    print(f"stride {stride}, padding {padding!r:6}: {y.shape[1]} x {y.shape[2]} outputs\n{y[0, :, :, 0]}")

# %% [markdown]
# The rule is $\lfloor (H + \text{padding} - k) / \text{stride} \rfloor + 1$, where $\lfloor\,\rfloor$ rounds down, $k$
# is the kernel's size and padding counts both sides. Padding "same" adds zeros so that, with stride 1, the size stays.
#
# ## One: loops
#
# The definition:


# %%
def conv_loops(x, w, stride=1):
    n, height, width, _ = x.shape
    kh, kw, _, out = w.shape
    oh, ow = (height - kh) // stride + 1, (width - kw) // stride + 1
    y = np.zeros((n, oh, ow, out), x.dtype)
    for image in range(n):
        for row in range(oh):
            for column in range(ow):
                window = x[image, row * stride : row * stride + kh, column * stride : column * stride + kw]
                for o in range(out):
                    y[image, row, column, o] = (window * w[..., o]).sum()
    return y


# %% [markdown]
# ## Two: patches, and one matrix product
#
# Each output is a dot product of a window with a kernel. Many at once are a matrix product, which is fast. So make
# every window a row of a tall matrix $P$: then $y = P w$ ("im2col", image to columns). The price: each pixel is copied
# up to 9 times.


# %%
def conv_patches(x, w, stride=1):
    kh, kw, channels, out = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    n, oh, ow = windows.shape[:3]
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(n * oh * ow, kh * kw * channels)
    return (patches @ w.reshape(-1, out)).reshape(n, oh, ow, out)


# %% [markdown]
# ## Three: a sum over taps
#
# Now swap the loops. For each place $(i, j)$ in the kernel, called a **tap**, shift the whole image by $(i, j)$ and
# multiply each pixel's channels by the matrix $w_{ij}$. The sum over all taps is the result. No pixel is copied.


# %%
def conv_taps(x, w, stride=1):
    kh, kw, _, out = w.shape
    oh, ow = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.zeros((len(x), oh, ow, out), x.dtype)
    for i in range(kh):
        for j in range(kw):
            shifted = x[:, i : i + stride * oh : stride, j : j + stride * ow : stride]
            y += shifted @ w[i, j]
    return y


# %% [markdown]
# **Predict, then run.** Are the three equal to the last bit, or only nearly? Why?

# %% tags=["hide-output"]
x = rng.standard_normal((2, 11, 9, 3)).astype(np.float32)
w = rng.standard_normal((3, 3, 3, 5)).astype(np.float32)
for stride in (1, 2):
    library = tg.to_numpy(tg.ops.conv2d(tg.Tensor(x), tg.Tensor(w), stride))
    for ours in (conv_loops, conv_patches, conv_taps):
        y = ours(x, w, stride)
        print(f"stride {stride}  {ours.__name__:13} {y.shape}  largest difference {np.abs(y - library).max():.1e}")
        assert np.allclose(y, library, atol=1e-5)

# %% [markdown]
# Only nearly: float32 sums in another order are rounded differently.
#
# ## Which is fastest?
#
# **Predict, then run.** Order the three for 1 input channel, and for 64.

# %% tags=["hide-output"]
for channels in (1, 64):
    x = rng.standard_normal((32, 14, 14, channels)).astype(np.float32)
    w = rng.standard_normal((5, 5, channels, 64)).astype(np.float32)
    for ours in (conv_loops, conv_patches, conv_taps):
        few = x[:1] if ours is conv_loops else x  # the loops would take long for 32 images
        best = np.inf
        for _ in range(1 if ours is conv_loops else 5):
            start = time.perf_counter()
            ours(few, w)
            best = min(best, (time.perf_counter() - start) / len(few))
        print(f"{channels:2} channels: {ours.__name__:13} {1e3 * best:8.3f} ms an image")

# %% [markdown]
# Loops lose by far. With 1 channel patches win. With 64, each tap is a large matrix product, so taps catch up.
#
# ## What kernels see
#
# Each of these looks for one feature; a discriminator finds its own.

# %%
digit = tg.data.digits(100).pixels[:1].astype(np.float32) / 255
kernels = {
    "horizontal edges": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    "vertical edges": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "outline": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
}
w = np.stack([np.array(k, np.float32) for k in kernels.values()], axis=-1)[:, :, None]
features = tg.to_numpy(tg.ops.conv2d(tg.Tensor(digit), tg.Tensor(w), 1, "same"))
print("digit", digit.shape, "kernels", w.shape, "features", features.shape)

signed = LinearSegmentedColormap.from_list("signed", [ORANGE, "white", BLUE])
upper = {"a digit": digit[0, :, :, 0], **dict(zip(kernels, features[0].transpose(2, 0, 1), strict=True))}


def draw(axes, pictures, cmap=None):
    for ax, (title, shown) in zip(axes, pictures.items(), strict=True):
        limit = np.abs(shown).max()
        ax.imshow(shown, cmap=cmap or signed, vmin=0 if cmap else -limit, vmax=limit)
        ax.set_title(title, fontsize=10)
        ax.set(xticks=[], yticks=[])


draw(plt.subplots(1, 5, figsize=(9.5, 2.2), layout="constrained")[1], upper)
plt.show()

# %% [markdown]
# ## There and back: the transposed convolution
#
# A convolution is linear: $y = A x$, with a matrix $A$ that we never write down. Its transpose $A^T$ goes from small
# images to large, as a generator needs. One line defines it ($\langle a, b \rangle$ sums all $a_i b_i$):
#
# $$\langle A a, b \rangle = \langle a, A^T b \rangle \quad \text{for all } a, b.$$
#
# $A^T$ doesn't undo $A$. It sends each output's number, times the same weights, back to the pixels it came from. What
# arrives is added up. The gradient with respect to $x$ does the same. (The hardest idea here: take your time.)

# %%
a = tg.Tensor(rng.standard_normal((2, 14, 14, 3)), requires_grad=True)
w = tg.Tensor(rng.standard_normal((5, 5, 3, 4)))
b = tg.Tensor(rng.standard_normal((2, 7, 7, 4)))
there, back = tg.ops.conv2d(a, w, 2, "same"), tg.ops.conv_transpose2d(b, w, 2, "same")
print("conv", a.shape, "->", there.shape, "   transposed", b.shape, "->", back.shape)
print(f"<conv(a), b> = {(there * b).sum().item():.9f}")
print(f"<a, convT(b)> = {(a * back).sum().item():.9f}")
(ga,) = tg.grad(there, [a], gy=b)
assert np.allclose(tg.to_numpy(ga), tg.to_numpy(back))

# %% [markdown]
# ## Checkerboards
#
# **Predict, then run.** Let image and kernel be all ones, and stride 2. After the transposed convolution each pixel
# counts the copies of the kernel that reach it. With kernel 3, are all equal? With kernel 4?

# %% tags=["hide-output"]
boards, ones = {}, tg.Tensor(np.ones((1, 5, 5, 1), np.float32))
for k in (3, 4, 5):
    boards[k] = tg.to_numpy(tg.ops.conv_transpose2d(ones, tg.Tensor(np.ones((k, k, 1, 1), np.float32)), 2))[0, :, :, 0]
    print(f"kernel {k}: the middle of the result\n{boards[k][4:8, 4:8].astype(int)}")

# %% [markdown]
# If the stride doesn't divide the kernel's size, some pixels are reached more often. The DCGAN of tutorial 10 (kernel
# 5, stride 2) begins with this pattern and must learn to remove it. Two cures: a kernel size that the stride divides,
# or first enlarge, then convolve as usual.

# %%
enlarge = tg.nn.Sequential(tg.nn.UpSample2D(2), tg.nn.Conv2D(1, 1, 3, padding="same"))
enlarge[1].W.data = np.ones((3, 3, 1, 1))
cured = tg.to_numpy(enlarge(ones))[0, :, :, 0]
print("enlarged, then convolved:", np.unique(cured[1:-1, 1:-1]))

z, images = tg.Tensor(rng.standard_normal((8, 100), dtype=np.float32)), []
for _ in range(40):
    new_dcgan, _ = tg.models.dcgan((28, 28, 1), rng=rng)
    with tg.no_grad():
        images.append(tg.to_numpy(new_dcgan(z)))
pattern = np.concatenate(images).std(axis=0)[:, :, 0]
print("spread of new DCGANs' pixels, in the middle:", pattern[12:16, 12:16].round(2), sep="\n")

# %% tags=["picture"]
figure, axes = plt.subplots(2, 5, figsize=(9.5, 4.3), layout="constrained")
lower = {f"transposed, kernel {k}": board for k, board in boards.items()}
draw(axes[0], upper)
draw(axes[1], lower | {"enlarged, convolved": cured, "new DCGANs, spread": pattern}, "Blues")
plt.show()

# %% [markdown]
# **Exercises** (graded). `python -m tinygan.check ex08` (conv2d with padding), `ex09` (its two gradients), `ex10` (the
# transposed convolution).
#
# <details><summary>Answer</summary>
#
# ex08: pad, loop over the outputs, and at each take `np.tensordot(window, w, axes=3)`. ex09: the same loops. At each
# output, `gy[:, p, q]` times the kernel is added to the window in gx (the gradient of x), and `gy[:, p, q]` times the
# window to gw. ex10: for each pixel of $b$ add the kernel times that pixel, `np.tensordot(b[:, p, q], w, axes=(1, 3))`,
# to the window it came from. `--hint`, `--hint 2`, `--hint 3` lead you there.
#
# </details>
#
# ## Recap
#
# - A convolution is a dot product at every place: loops, patches and taps give the same sum.
# - Its gradient, the transposed convolution, goes from small to large.
# - If the stride doesn't divide the kernel's size, expect checkerboards.
#
# Next: tutorial 10 draws digits with these layers.
