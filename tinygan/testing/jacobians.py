"""What the Jacobians of a small problem show, the claimed one beside the true one: rows that test both.

A Jacobian is (y.size, x.size): a row for each output, a column for each input.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from tinygan.testing.problem import CLOSE, LARGEST, Evidence, Function, in_figures, in_words, same

Rows = Iterator[tuple[str, str, Function]]
acts = lambda jacobian: np.abs(jacobian) > CLOSE * np.abs(jacobian).max()  # which outputs depend on which inputs
reached = lambda jacobian: acts(jacobian).any(0)  # the inputs that count


def dependence(e: Evidence) -> Rows:
    """Which inputs an output depends on, and what is wrong about that."""
    words = f"{e.gx} has only the Jacobian's diagonal: each output depends on other inputs as well"
    yield "diagonal", words, lambda got, want: same(got, np.diag(np.diag(want)))
    words = f"{e.gx} keeps only some of several contributions: add all (+=, np.add.at, a sum), not ="
    yield "assigned", words, lambda got, want: same(got, want * acts(got)) and (reached(got) == reached(want)).all()
    words = f"{e.gx} is right where {e.name} counts, but it must be 0 elsewhere: is a mask missing?"
    yield "mask", words, lambda got, want: want.any() and same(got * reached(want), want)
    words = f"{e.gx} is masked by another condition than the one in forward, or by the reverse of it"
    both = lambda got, want: reached(got) & reached(want)
    other = lambda got, want: 0 < reached(want).mean() < 1 and same(got * both(got, want), want * both(got, want))
    yield "mask", words, other
    words = f"{e.gx} has the right numbers in wrong places: an offset, tile for repeat, a reshape for a transpose?"
    yield "places", words, lambda got, want: any(same(np.sort(got, i), np.sort(want, i)) for i in (0, 1))
    yield from shifts(e)
    yield from places(e)
    if e.x.shape == e.y.shape:
        words = f"{e.gx} is wrong only in what each number adds to the output at its own place (a skip, a gate?)"
        off = lambda a: a - np.diag(np.diag(a))
        yield "direct path", words, lambda got, want: same(off(got), off(want)) and off(want).any()
    words = f"{e.gx} lacks a term, or has one too many, that {e.name} is not in: a target, a label, a constant"
    differ = lambda got, want: same(*(a - b for a, b in e.jacobians)) and not same(*(b for _, b in e.jacobians))
    yield "constant", words, differ


def shifts(e: Evidence) -> Rows:
    """The right numbers, moved by one along some axes; what leaves the array is lost, and 0 comes in."""
    for by in product((-1, 0, 1), repeat=e.x.ndim) if 1 <= e.x.ndim <= 4 else ():
        into, out = (
            [slice(max(s, 0), n + min(s, 0)) for n, s in zip(e.x.shape, d, strict=True)] for d in (by, [-s for s in by])
        )

        def moved(got: np.ndarray, want: np.ndarray, into: list[slice] = into, out: list[slice] = out) -> bool:
            shifted = np.zeros((len(want), *e.x.shape))
            shifted[:, *into] = want.reshape(shifted.shape)[:, *out]
            return bool(shifted.any()) and same(got, shifted.reshape(got.shape))

        if any(by):
            words = f"{e.gx} is shifted by one along {in_words(tuple(i for i, s in enumerate(by) if s))}"
            yield "places", words, moved


def places(e: Evidence) -> Rows:
    """Wrong at some indices of one axis, at the border, or above a number; right everywhere else."""
    right = [np.abs(a - b).max(0) <= CLOSE * np.abs(b).max() for a, b in e.jacobians]
    ok = np.logical_and(*right).reshape(e.x.shape)
    only = lambda rest: lambda got, want: want[:, rest].any() and same(got[:, rest], want[:, rest])
    grid = np.indices(e.x.shape).reshape(e.x.ndim, e.x.size)
    for axis in range(e.x.ndim):
        good = ok.all(tuple(i for i in range(e.x.ndim) if i != axis))
        for side, which in (("wrong", ~good), ("right", good)):
            block = np.flatnonzero(which)
            if 0 < len(block) < len(which) and block[-1] - block[0] + 1 == len(block):
                wrong = ~good[grid[axis]]
                zero = not any(claimed[:, wrong].any() for claimed, _ in e.jacobians)
                if (side == "right" or len(block) > 1) and not zero:  # that may be by chance
                    continue
                rest = f" (it is 0 {'there' if side == 'wrong' else 'elsewhere'})" if zero else ""
                rest += ": is a part, or a gate, left out?" if zero and len(block) > 1 else ""
                where = f"index {block[0]}" if len(block) == 1 else f"indices {block[0]} to {block[-1]}"
                yield "place", f"{e.gx} is {side} only at {where} of axis {axis}{rest}", only(~wrong)
    inside = np.all([(g > 0) & (g < g.max()) for g in grid], axis=0)
    yield "place", f"{e.gx} is wrong only at the border", only(inside)
    values, good = (np.concatenate(pair) for pair in ([e.here[e.k].ravel(), e.there[e.k].ravel()], right))
    for text, size in ((e.name, values), (f"-{e.name}", -values), (f"|{e.name}|", np.abs(values))):
        if 2 < good.sum() < good.size - 2 and size[good].max() < size[~good].min():
            if not size[good].max() <= 0 <= size[~good].min():  # else the sign says it better
                yield "place", f"{e.gx} is wrong only where {text} is large", lambda got, want: True


def coupled(e: Evidence) -> tuple[list[int], list[int]]:
    """The axes along which an output depends on other places of x than its own: as claimed, and in truth."""
    axes = [i for i in range(e.x.ndim) if e.x.ndim == e.y.ndim and e.x.shape[i] == e.y.shape[i] > 1]
    if not axes or max(e.x.size, e.y.size) > LARGEST:
        return [], []
    outputs, inputs = (np.indices(shape).reshape(len(shape), -1) for shape in (e.y.shape, e.x.shape))
    apart = {i: outputs[i][:, None] != inputs[i] for i in axes}
    found = [[[i for i in axes if acts(a)[apart[i]].any()] for a in pair] for pair in e.jacobians]
    return (found[0][0], found[0][1]) if found[0] == found[1] else ([], [])


def mixed(e: Evidence) -> Rows:
    """Numbers along an axis take part in each other's gradients, though f does not mix them."""
    claimed, true = coupled(e)
    more, fewer = tuple(i for i in claimed if i not in true), tuple(i for i in true if i not in claimed)
    always = lambda got, want: True
    if more and fewer:
        words = f"{e.gx} sums along {in_words(more)}, but f along {in_words(fewer)}"
        yield "axes", f"{words}: a sum, mean or softmax over the wrong axis?", always
    elif more:
        words = f"{e.gx} mixes numbers along {in_words(more)}, but an output of f depends on its own index there alone"
        yield "mixed", f"{words}: a sum over an axis too many, or the statistics of a batch?", always


def apart(e: Evidence) -> Rows:
    """The reverse."""
    claimed, true = coupled(e)
    if fewer := tuple(i for i in true if i not in claimed):
        words = (
            f"{e.gx} keeps the indices of {in_words(fewer)} apart, but an output of f depends on others there as well"
        )
        yield "apart", f"{words}: is a path missing, or a sum?", lambda got, want: True


def constant_ratio(e: Evidence) -> Rows:
    """The right gradient times a factor that is the same along an axis."""
    ratios = []
    for got, want in e.jacobians:
        largest, each = np.abs(want).argmax(0), np.arange(e.x.size)
        ratio = np.where(reached(want), got[largest, each] / want[largest, each], np.nan)  # NaN: any factor will do
        if not same(got, want * np.nan_to_num(ratio)):
            return
        ratios.append(ratio.reshape(e.x.shape))
    for axis, n in enumerate(e.x.shape):
        known = np.isfinite(ratios[0]) & np.isfinite(ratios[1])
        some = known.any(axis)
        low, high = (
            [f(r, axis, initial=i, where=known)[some] for r in ratios] for f, i in ((np.min, np.inf), (np.max, -np.inf))
        )
        if n > 1 < some.sum() and known.sum() - some.sum() >= 4 and all(map(same, low, high)):
            those = ", ".join(map(in_figures, low[0][:4])) + ", ..." * int(some.sum() > 4)
            rest = in_words(tuple(i for i in range(e.x.ndim) if i != axis))
            words = f"{e.gx} is the right one times a factor for each index of {rest}: {those}"
            yield "ratio", words, lambda got, want: True


def nearly(e: Evidence) -> Rows:
    words = f"{e.gx} is right to within 1%: another eps, a rounding (float16), or the slope of an approximation?"
    yield "nearly", words, lambda got, want: np.abs(got - want).max() < 0.01 * np.abs(want).max()
