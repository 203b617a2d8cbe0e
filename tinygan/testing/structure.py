"""Mistakes that show in the Jacobian: which output acts on which input, and what is missing there.

Only for small problems. `claimed` is the Jacobian that backward stands for, `true` the right one, both
(numbers of y, numbers of x): gx = claimed.T @ gy.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from tinygan.testing.entry import place
from tinygan.testing.evidence import Evidence, Found, axis_sets, in_words, same


def part_of_the_sum(e: Evidence) -> Found:
    """Contributions are missing, or there are some where there must be none; the others are right."""
    there, needed, wrong = e.claimed != 0, _acts(e.true), _differs(e).any(0)
    if same(e.claimed, np.where(there, e.true, 0)):
        several = needed[:, wrong].sum(0) >= 2
        last = needed & (np.cumsum(needed, 0) == needed.sum(0))  # each column's last contribution
        if wrong.any() and several.all() and (there == last)[:, wrong].all():
            return "assigned", f"{e.gx} keeps only the last of several contributions: add them (+=, np.add.at), not ="
        if e.x.shape == e.y.shape and same(e.claimed, np.diag(np.diag(e.true))):
            return "diagonal", f"{e.gx} has only the Jacobian's diagonal: each output depends on other inputs as well"
    wider = e.x.shape == e.y.shape and not same(e.claimed, np.diag(np.diag(e.claimed)))  # see other_axes
    if not wider and same(np.where(needed, e.claimed, 0), e.true):
        return "mask", f"{e.gx} is right where {e.name} counts, but it must be 0 elsewhere: is a mask missing?"
    return None


def one_place(e: Evidence) -> Found:
    """All that is wrong lies at one index of an axis, at the border, or at every second index."""
    for what, axis, shape in ((e.gx, 0, e.x.shape), ("gy", 1, e.y.shape)):
        wrong = _differs(e).any(axis)
        zero = not (e.claimed[:, wrong] if axis == 0 else e.claimed[wrong]).any()
        where = _where(np.reshape(wrong, shape), zero)
        # The numbers there are not the reason if, with all numbers in reverse order, the place is the same.
        if where and (_differs(e.at(e.put(np.flip(e.x)))).any(axis) == wrong).all():
            if what == e.gx:
                return "place", f"{what} is {'0' if zero else 'wrong'} {where}, and right elsewhere"
            return "place", f"{e.gx} {'leaves gy out' if zero else 'uses gy wrongly'} {where}, and is right elsewhere"
        if zero and what == "gy" and 0 < wrong.sum() < wrong.size:
            return "place", f"{e.gx} leaves out {wrong.sum()} of gy's {wrong.size} numbers, and uses the others rightly"
    return None


def missing_path(e: Evidence) -> Found:
    """A path through a mean, a variance, a norm or a sum along some axes is missing or wrong."""
    true, claimed = (m.reshape((-1, *e.x.shape)) for m in (e.true, e.claimed))
    for some in [s for s in axis_sets(e.x.shape) if np.prod([e.x.shape[i] for i in s]) > 2]:  # a line fits any two
        axes, over = tuple(i + 1 for i in some), f"over {in_words(some)}"
        lacks, error = f"{e.gx} lacks the path through", true - claimed
        centred = claimed - claimed.mean(axes, keepdims=True)
        if np.abs(true.sum(axes)).max() <= 1e-6 * np.abs(true).max():  # a shift of x changes nothing
            if same(centred, true):
                return "mean path", f"{lacks} the mean {over}: subtract its own mean there"
            if _along(error, np.exp(e.x - e.x.max(some, keepdims=True)), axes):
                return "sum path", f"{lacks} the sum {over}, or has it wrong"
            hit = _acts(error)
            if (hit.sum(axes) == 1).all() and same(error, np.where(hit, error[hit].mean(), 0)):
                return "one-hot", f"{e.gx} lacks a constant at one place {over}: subtract the one-hot target"
        deviation = e.x - e.x.mean(some, keepdims=True)
        for word, scale, v in (("variance", deviation, deviation), ("norm", e.x, e.x), ("sum", e.x, 0 * e.x + 1)):
            if np.abs((true * scale).sum(axes)).max() > 0.05 * np.abs(true * scale).max():
                continue  # a longer x does change the output: it is not divided by its own length
            for start, also in ((claimed, ""), (centred, "the mean and ")):
                if _along(true - start, v, axes):
                    return f"{word} path", f"{lacks} {also}the {word} {over}, or has it wrong"
    return None


def other_axes(e: Evidence) -> Found:
    """The direct path or the derivative forgotten, a factor transposed, or places mixed along wrong axes."""
    nd, shape, one = e.y.ndim, e.y.shape + e.x.shape, np.eye(e.x.size)
    true, claimed = e.true.reshape(shape), e.claimed.reshape(shape)
    for a, b in product(range(nd), range(nd, len(shape))):
        if shape[a] == shape[b] > 1 and same(claimed, np.swapaxes(true, a, b)):
            again = f"{e.gx} does to gy what forward does to {e.name}, instead of undoing it"
            factor = f"a factor of {e.gx} is used the wrong way round: w for w.T, or the reverse"
            return "transposed", again if len(shape) == 2 else factor
    if e.x.shape == e.y.shape and same(e.claimed, one):
        return "identity", f"{e.gx} is gy unchanged: multiply by the derivative"
    if e.x.shape == e.y.shape and same(e.true - e.claimed, one):
        return "skip path", f"{e.gx} lacks gy itself: {e.name} is also added to the output directly"
    got, want = _tied(claimed, nd), _tied(true, nd)
    if e.x.shape == e.y.shape and any(len(pairs) < nd for pairs in (got, want)):
        mixed, must = (tuple(a for a in range(nd) if (a, a) not in pairs) for pairs in (got, want))
        if mixed != must and mixed and must:
            words = f"{e.gx} mixes places along {in_words(mixed)}, but forward along {in_words(must)}"
            return "axes", f"{words}: is a sum or a mean over the wrong axis?"
    elif e.x.ndim < e.y.ndim and got != want and got and want:
        return "axes", f"{e.gx} is summed over the wrong axis of gy"
    return None


def shifted(e: Evidence) -> Found:
    """The right gradient, moved by one or two places along some axes."""
    true, claimed = (m.reshape((-1, *e.x.shape)) for m in (e.true, e.claimed))
    for axes, by in product(axis_sets(e.x.shape), (-2, -1, 1, 2)):
        here, there = (
            tuple(slice(max(0, s), min(0, s) or None) if i - 1 in axes else slice(None) for i in range(true.ndim))
            for s in (by, -by)
        )
        if claimed[here].any() and same(claimed[here], true[there]) and not same(claimed[here], true[here]):
            words = f"shifted by {abs(by)} along {in_words(axes)}: a slice or a padding is off"
            return "shifted", f"{e.gx} is {words}"
    return None


def nearly(e: Evidence) -> Found:
    error = np.abs(e.claimed - e.true).max() / np.abs(e.true).max()
    why = "is eps left out or in another place, or does something round (float16, float32)?"
    return ("nearly", f"{e.gx} is right to within {error:.1g}: {why}") if 0 < error < 0.01 else None


def same_numbers(e: Evidence) -> Found:
    """The right numbers, in other places."""
    gy = e.trials[0][1].ravel()
    for got, want in ((e.claimed, e.true), (e.claimed.T @ gy, e.true.T @ gy)):
        if np.unique(np.round(want, 6)).size > 3 and same(np.sort(got), np.sort(want)):
            return "order", f"{e.gx} has the right numbers in wrong places: an index, a stride or an order of axes"
    return None


SPECIFIC = (part_of_the_sum, missing_path, other_axes, shifted, one_place)


def _acts(jacobian: np.ndarray) -> np.ndarray:
    return np.abs(jacobian) > 1e-6 * np.abs(jacobian).max()


def _differs(e: Evidence) -> np.ndarray:
    return ~(np.abs(e.claimed - e.true) <= 1e-6 * np.abs(e.true).max())


def _where(wrong: np.ndarray, zero: bool) -> str | None:
    """Words for a mask that is one index of an axis, all but one, every second one, or the border."""
    if wrong.sum() == 1 < wrong.size:
        return f"at {place(tuple(np.argwhere(wrong)[0].tolist()))} alone"
    for axis, n in enumerate(wrong.shape):
        hit = wrong.any(tuple(i for i in range(wrong.ndim) if i != axis))
        (bad,), (good,) = np.nonzero(hit), np.nonzero(~hit)
        if n >= 3 - zero and len(bad) == 1:
            return f"at index {bad[0]}{' (the last)' if bad[0] == n - 1 else ''} of axis {axis}"
        whole = (wrong == np.expand_dims(hit, [i for i in range(wrong.ndim) if i != axis])).all()
        if whole and n >= 3 and len(good) == 1 and zero:
            return f"at every index of axis {axis} but {good[0]}"
        if whole and n >= 4 and any(np.array_equal(bad, np.arange(n)[start::2]) for start in (0, 1)):
            return f"at every second index of axis {axis}"
    for axes in axis_sets(wrong.shape):
        border = np.ones(wrong.shape, bool)
        border[tuple(slice(1, -1) if i in axes else slice(None) for i in range(wrong.ndim))] = False
        if not border.all() and np.array_equal(wrong, border):
            return f"at the border of {in_words(axes)}"
    return None


def _along(error: np.ndarray, v: np.ndarray, axes: tuple[int, ...]) -> bool:
    """Whether the error is a multiple of v along these axes, another multiple in each other place."""
    length = (v * v).sum(tuple(i - 1 for i in axes), keepdims=True)
    return same(error, (error * v).sum(axes, keepdims=True) / length * v)


def _tied(jacobian: np.ndarray, nd: int) -> set[tuple[int, int]]:
    """The pairs of an axis of y and one of x along which a number acts on its own index only."""
    acts, shape = _acts(jacobian), jacobian.shape
    pairs = {(a, b) for a, b in product(range(nd), range(nd, len(shape))) if shape[a] == shape[b] > 1}
    eyes = {(a, b): np.eye(shape[a], dtype=bool).reshape([n * (i in (a, b)) or 1 for i, n in enumerate(shape)])
            for a, b in pairs}  # fmt: skip
    return {(a, b - nd) for a, b in pairs if not (acts & ~eyes[a, b]).any()}
