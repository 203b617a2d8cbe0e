"""Misuse ends in a sentence that names the function and the shapes."""

from __future__ import annotations

import numpy as np
import pytest

from tinygan.autograd import Tensor, ops


def of(*shape):
    return Tensor(np.ones(shape, np.float32))


IMAGES, KERNEL = of(2, 7, 5, 3), of(3, 3, 3, 2)

SENTENCES = [
    (lambda: of(2, 3) + of(5, 3), r"add: the shapes \(2, 3\) and \(5, 3\) do not broadcast"),
    (lambda: of(2, 3) - np.ones(2), r"sub: the shapes \(2, 3\) and \(2,\) do not broadcast"),
    (lambda: of(2, 3) * of(2), r"mul: the shapes \(2, 3\) and \(2,\)"),
    (lambda: of(2, 3) / of(2), r"div: the shapes \(2, 3\) and \(2,\)"),
    (lambda: of(2, 3) ** of(2), r"pow: the shapes \(2, 3\) and \(2,\)"),
    (lambda: ops.maximum(of(2, 3), of(2)), r"maximum: the shapes \(2, 3\) and \(2,\)"),
    (lambda: ops.minimum(of(2, 3), of(2)), r"minimum: the shapes \(2, 3\) and \(2,\)"),
    (lambda: ops.where(of(5) > 0, of(2, 3), 0), r"where: the shapes \(5,\) and \(2, 3\)"),
    (lambda: of(2, 3) @ of(2, 3), r"matmul: shapes \(2, 3\) and \(2, 3\) do not fit: 3 columns on the left, 2 rows"),
    (lambda: of(3) @ of(2), r"matmul: shapes \(3,\) and \(2,\) do not fit"),
    (lambda: of() @ of(2, 3), r"matmul needs vectors or matrices, not shapes \(\) and \(2, 3\)"),
    (lambda: of(2, 3, 5) @ of(7, 5, 2), r"matmul: the leading axes of \(2, 3, 5\) and \(7, 5, 2\) do not broadcast"),
    (lambda: of(2, 3).reshape(4, 2), r"reshape: 6 numbers of shape \(2, 3\) do not fit into \(4, 2\)"),
    (lambda: of(2, 3).reshape(-1, 4), r"reshape: 6 numbers of shape \(2, 3\) do not fit into \(-1, 4\)"),
    (lambda: of(2, 3).reshape(-1, -1), r"reshape: 6 numbers of shape \(2, 3\) do not fit into \(-1, -1\)"),
    (lambda: of(2, 3).transpose(0, 0), r"transpose: \(0, 0\) is not an order of the 2 axes of shape \(2, 3\)"),
    (lambda: of(2, 3).transpose((0, 1, 2)), r"transpose: \(0, 1, 2\) is not an order of the 2 axes"),
    (lambda: ops.broadcast_to(of(2, 3), (2, 5)), r"broadcast_to: shape \(2, 3\) does not broadcast to \(2, 5\)"),
    (lambda: ops.broadcast_to(of(2, 3), (3,)), r"broadcast_to: shape \(2, 3\) does not broadcast to \(3,\)"),
    (lambda: ops.sum_to(of(2, 3), (2, 5)), r"sum_to: shape \(2, 5\) does not broadcast to \(2, 3\)"),
    (lambda: ops.sum_to(of(3), (2, 3)), r"sum_to: shape \(2, 3\) does not broadcast to \(3,\)"),
    (lambda: ops.concatenate([of(2, 3), of(2, 5)]), r"concatenate along axis 0: the shapes \[\(2, 3\), \(2, 5\)\]"),
    (lambda: ops.concatenate([of(2, 3)], axis=2), r"concatenate: axis 2 does not exist in shape \(2, 3\)"),
    (lambda: ops.concatenate([]), "concatenate needs at least one Tensor"),
    (lambda: ops.stack([of(2, 3), of(3, 2)]), r"stack: the shapes \[\(2, 3\), \(3, 2\)\] are not one and the same"),
    (lambda: ops.stack([of(2, 3)], axis=5), "stack: axis 5 does not exist in a result of 3 axes"),
    (lambda: ops.pad(of(2, 3), ((1, 1),)), r"pad: \(\(1, 1\),\) is not a pair of widths.*each axis of shape \(2, 3\)"),
    (lambda: ops.pad(of(2, 3), -1), "pad: -1 is not a pair of widths, 0 or more"),
    (lambda: of(2, 3).sum(axis=2), "sum: axis 2 does not name distinct axes of a Tensor with 2 axes"),
    (lambda: of(2, 3).mean(axis=(0, 0)), r"mean: axis \(0, 0\) does not name distinct axes"),
    (lambda: of(2, 3).max(axis=-3), "max: axis -3 does not name distinct axes"),
    (lambda: ops.one_hot([0, 3], 3), "one_hot: labels must be whole numbers from 0 to 2"),
    (lambda: ops.one_hot([0, -1], 3), "one_hot: labels must be whole numbers from 0 to 2"),
    (lambda: ops.one_hot(np.array([0.0, 1.0]), 3), "one_hot: labels must be whole numbers"),
    (
        lambda: ops.conv2d(of(7, 5, 3), KERNEL),
        r"conv2d needs images \(N, H, W, C\) and a kernel.*\(7, 5, 3\) and \(3, 3, 3, 2\)",
    ),
    (
        lambda: ops.conv2d(IMAGES, of(3, 3, 2, 3)),
        r"conv2d: the images \(2, 7, 5, 3\) have 3 channels.*\(3, 3, 2, 3\) expects 2",
    ),
    (lambda: ops.conv2d(IMAGES, KERNEL, stride=0), "conv2d: the stride must be a whole number of at least 1, not 0"),
    (
        lambda: ops.conv2d(IMAGES, KERNEL, stride=1.5),
        "conv2d: the stride must be a whole number of .* not 1.5",
    ),
    (lambda: ops.conv2d(IMAGES, KERNEL, padding=-1), "conv2d: padding must be a whole number, 0 or more, .* not -1"),
    (
        lambda: ops.conv2d(IMAGES, KERNEL, padding="valid"),
        "conv2d: padding must be a whole number, 0 or more, 'same' or .* not 'valid'",
    ),
    (lambda: ops.conv2d(IMAGES, KERNEL, padding=(1, 1)), r"conv2d: padding must be .* not \(1, 1\)"),
    (
        lambda: ops.conv2d(IMAGES, of(9, 3, 3, 2)),
        r"conv2d: a kernel of \(9, 3\) does not fit into an image of \(7, 5\)",
    ),
    (
        lambda: ops.conv1d(IMAGES, of(3, 3, 2)),
        r"conv1d needs sequences \(N, L, C\) and a kernel \(k, C, O\), not shapes \(2, 7, 5, 3\) and \(3, 3, 2\)",
    ),
    (lambda: ops.conv1d(of(2, 7, 3), KERNEL), r"conv1d needs sequences .*\(2, 7, 3\) and \(3, 3, 3, 2\)"),
    (
        lambda: ops.conv1d(of(2, 7, 3), of(3, 2, 3)),
        r"conv1d: the sequences \(2, 7, 3\) have 3 channels \(axis 2\), but .*\(3, 2, 3\) expects 2 \(its axis 1\)",
    ),
    (
        lambda: ops.conv1d(of(2, 4, 3), of(7, 3, 2), padding=(1, 0)),
        r"conv1d: a kernel of length 7 does not fit into a sequence of length 4 with padding \(1, 0\)",
    ),
    (lambda: ops.conv1d(of(2, 4, 3), of(3, 3, 2), 0), "conv1d: the stride must be a whole number of at least 1, not 0"),
    (
        lambda: ops.conv_transpose2d(IMAGES, KERNEL),
        r"conv_transpose2d: the images \(2, 7, 5, 3\) .*expects 2 \(its axis 3\)",
    ),
    (
        lambda: ops.conv_transpose2d(IMAGES, of(3, 3, 2, 3), stride=2, output_padding=2),
        r"conv_transpose2d: output_padding must lie in \[0, stride\), but it is 2 at stride 2",
    ),
    (
        lambda: ops.conv_transpose2d(IMAGES, of(3, 3, 2, 3), stride=2, padding="same", output_padding=1),
        "conv_transpose2d: output_padding has no meaning with padding 'same'",
    ),
    (
        lambda: ops.conv_transpose2d(of(2, 1, 1, 3), of(3, 3, 2, 3), padding=2),
        r"conv_transpose2d: an image of \(1, 1\) with kernel \(3, 3\) and padding 2 leaves nothing",
    ),
    (lambda: ops.max_pool2d(of(2, 3), 2), r"max_pool2d needs images \(N, H, W, C\).*\(2, 3\)"),
    (
        lambda: ops.max_pool2d(of(1, 2, 3, 1), 5),
        r"max_pool2d: a kernel of \(5, 5\) does not fit into an image of \(2, 3\)",
    ),
    (lambda: ops.avg_pool2d(IMAGES, 2, stride=0), "avg_pool2d: the stride must be a whole number"),
    (lambda: ops.upsample2d(IMAGES, 0), "upsample2d needs images .* a factor of 1 or more, not .* and 0"),
    (
        lambda: ops.batch_norm(of(7, 3), of(2), of(3)),
        r"batch_norm of \(7, 3\) needs gamma and beta of shape \(features,\), not \(2,\) and \(3,\)",
    ),
]


@pytest.mark.parametrize("call, sentence", SENTENCES, ids=[s for _, s in SENTENCES])
def test_the_error_names_function_and_shapes(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_where_wants_booleans():
    with pytest.raises(TypeError, match=r"where: the condition must be of booleans \(such as x > 0\), not float32"):
        ops.where(of(2, 3), 1.0, 0.0)


@pytest.mark.parametrize("index", [5, (0, 0, 0), (slice(None), 3), "row"], ids=repr)
def test_an_index_that_does_not_fit(index):
    with pytest.raises(IndexError):
        of(2, 3)[index]
