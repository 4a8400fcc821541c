"""What a place sees that takes from all others along a dimension."""

from collections.abc import Sequence

from d2lmini.analysis.field.shapes import viewed
from d2lmini.analysis.field.spans import (
    Call,
    Seen,
    numbers,
    same,
    summed,
    together,
)


def mixed(call: Call, dims: Sequence[int] | None) -> Seen:
    """Along ``dims`` (None: all) every place takes from every other."""
    n = call.x.ndim
    along = set(range(-n, 0)) if dims is None else {d % n - n for d in dims}
    return call.each(lambda span, _: span.everywhere() if span.dim in along else span)


def reduced(call: Call) -> Seen:
    """A sum, mean or maximum along some dimensions, kept or not."""
    dims = call["dim"]
    listed = None if dims is None or dims == [] else numbers(dims, 1)
    rows, columns = mixed(call, listed)
    if call["keepdim"] or call.shape == tuple(call.x.shape):
        return rows, columns
    n = call.x.ndim
    gone = range(n) if listed is None else [d % n for d in listed]
    kept = tuple(1 if d in gone else size for d, size in enumerate(call.x.shape))
    return viewed(rows, kept, call.shape), viewed(columns, kept, call.shape)


def normalised(call: Call) -> Seen:
    """Statistics of a layer, a group or, in training, a batch."""
    if "normalized_shape" in call.given:
        return mixed(call, range(-len(call["normalized_shape"]), 0))
    if call.name == "native_group_norm":
        return mixed(call, None)
    statistics = call.given.get("training", call.given.get("train", True))
    if "no_training" in call.name or not statistics:
        return same(call)
    return mixed(call, [d for d in range(call.x.ndim) if d != 1])


def multiplied(call: Call) -> Seen:
    """A matrix product: sums along the last dimension of the first factor."""
    pairs = {"addmm": ("mat1", "mat2"), "baddbmm": ("batch1", "batch2")}
    left, right = pairs.get(call.name, ("self", "mat2"))
    found = []
    for name, dim in ((left, -1), (right, -2)):
        if (seen := call.seen.get(call[name])) is not None:
            found.append(tuple(summed(span, dim) for span in seen))
    if call.name in pairs and (seen := call.seen.get(call["self"])) is not None:
        found.append(seen)
    return together(found)


def attended(call: Call) -> Seen:
    """Each query sees all keys and values."""
    masked = call.given.get("is_causal") or any(
        call.given.get(name) is not None for name in ("attn_mask", "attn_bias")
    )
    found = []
    for name, dims in (("query", (-1,)), ("key", (-1, -2)), ("value", (-2,))):
        if (seen := call.seen.get(call[name])) is not None:
            for dim in dims:
                seen = summed(seen[0], dim), summed(seen[1], dim)
            found.append(seen)
    rows, columns = together(found)
    if masked:
        return rows.everywhere(lost=True), columns.everywhere(lost=True)
    return rows, columns
