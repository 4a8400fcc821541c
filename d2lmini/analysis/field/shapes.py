"""Where a side of the image lies, whatever shape the tensor gets."""

from math import prod
from typing import Any

import numpy as np
from torch import Tensor

from d2lmini.analysis.field.spans import Call, Seen, Shape, Span, alone, union


def viewed(span: Span, old: Shape, new: Shape) -> Span:
    """The same entries in the same order, under another shape."""
    if span.dim is None:
        return span
    n = len(span.low)
    if n == 1:
        return _one_place(span)
    apart = span.inner * prod(old[len(old) + span.dim + 1 :])
    for dim in range(-1, -len(new) - 1, -1):
        after = prod(new[len(new) + dim + 1 :])
        if after <= apart < after * new[dim]:
            inner = apart // after
            if apart % after == 0 and new[dim] % (inner * n) == 0:
                return span._replace(dim=dim, inner=inner)
    return span.everywhere(lost=True)


def view(call: Call) -> Seen:
    """The same entries in the same order."""
    old = tuple(call.x.shape)
    return call.each(lambda span, _: viewed(span, old, call.shape))


def expanded(call: Call) -> Seen:
    """Dimensions of one entry get more; all keep their place from the right."""
    return call.each(lambda span, _: _one_place(span))


def _one_place(span: Span) -> Span:
    return span if len(span.low) > 1 else span._replace(dim=None, inner=1)


def permuted(call: Call) -> Seen:
    """Dimensions in another order."""
    n = call.x.ndim
    if call.name == "permute":
        order = [d % n for d in call["dims"]]
    else:
        order = list(range(n))
        pair = (-2, -1) if call.name == "t" else (call["dim0"], call["dim1"])
        a, b = (d % n for d in pair)
        order[a], order[b] = order[b], order[a]

    def moved(span: Span, _: int) -> Span:
        if span.dim is None:
            return span
        return span._replace(dim=order.index(span.dim % n) - n)

    return call.each(moved)


def _cut(span: Span, shape: Shape, dim: int, part: slice) -> Span:
    if span.dim != dim % len(shape) - len(shape):
        return span
    if not alone(span, shape):
        return span.everywhere(lost=True)
    step = span.step * (part.step or 1)
    return span._replace(low=span.low[part], high=span.high[part], step=step)


def sliced(call: Call) -> Seen:
    """A slice, or one place, of one dimension."""
    shape = tuple(call.x.shape)
    if call.name == "select":
        i = call["index"] % shape[call["dim"]]
        part = slice(i, i + 1)
    else:
        part = slice(call["start"], call["end"], call["step"])
    cut = list(shape)
    cut[call["dim"]] = len(range(*part.indices(shape[call["dim"]])))

    def of(span: Span, _: int) -> Span:
        taken = _cut(span, shape, call["dim"], part)
        return viewed(taken, tuple(cut), call.shape) if call.name == "select" else taken

    return call.each(of)


def parted(call: Call) -> list[Seen]:
    """Pieces one behind the other along one dimension."""
    shape, dim, start, found = tuple(call.x.shape), call["dim"], 0, []
    for out in call.made:
        n = 1 if call.name == "unbind" else out.shape[dim]
        part, kept = slice(start, start + n), list(shape)
        kept[dim], start = n, start + n

        def of(
            span: Span, _: int, part: slice = part, kept: Any = kept, out: Any = out
        ) -> Span:
            cut = _cut(span, shape, dim, part)
            return viewed(cut, tuple(kept), tuple(out.shape))

        found.append(call.each(of))
    return found


def joined(call: Call) -> Seen:
    """Tensors one behind the other, along a dimension or a new one."""
    parts: list[Tensor] = list(call["tensors"])
    shapes = [tuple(part.shape) for part in parts]
    dim = call["dim"] % len(call.shape) - len(call.shape)
    if call.name == "stack":
        at = dim + len(call.shape)
        grown = [(*s[:at], 1, *s[at:]) for s in shapes]
    else:
        grown = shapes
    sides = []
    for side in (0, 1):
        spans: list[Span] = []
        lengths = []
        for part, old, new in zip(parts, shapes, grown, strict=True):
            seen = call.seen.get(part)
            nothing = Span(np.array([np.inf]), np.array([-np.inf]), 0.0, None)
            spans.append(viewed(seen[side], old, new) if seen else nothing)
            lengths.append(new[dim])
        sides.append(_chained(spans, lengths, dim))
    return sides[0], sides[1]


def _chained(spans: list[Span], lengths: list[int], dim: int) -> Span:
    """Along ``dim`` one part after the other; along others together.

    Parts of a single place lie along no dimension, and along the sides of the image
    (the last two) come one after the other all the same.
    """
    placed = {span.dim for span in spans if span.dim is not None}
    rows = not placed and dim >= -2 and len({span.whole for span in spans}) > 1
    if dim not in placed and not rows:
        return union(spans)
    if placed - {dim} or any(
        span.lost or (span.dim == dim and len(span.low) != n)
        for span, n in zip(spans, lengths, strict=True)
    ):
        return union(spans).everywhere(lost=True)
    pairs = list(zip(spans, lengths, strict=True))
    low = np.concatenate([np.broadcast_to(s.low, n) for s, n in pairs])
    high = np.concatenate([np.broadcast_to(s.high, n) for s, n in pairs])
    return Span(low, high, max(s.step for s in spans), dim)


def indexed(call: Call) -> Seen | list[Seen]:
    """Picked by a list along one dimension: known along all others."""
    shape = tuple(call.x.shape)
    if call.name == "index_select":
        dim = call["dim"]
    else:
        used = [i for i, index in enumerate(call["indices"]) if index is not None]
        dim = used[0] if len(used) == 1 and len(call.shape) == len(shape) else None

    def of(span: Span, _: int) -> Span:
        picked = dim is None or span.dim == dim % len(shape) - len(shape)
        return span.everywhere(lost=True) if picked else span

    return call.each(of)
