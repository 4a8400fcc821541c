"""The receptive field of every tensor that a network makes of an image."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from d2lmini.nets.twin import tensors

UNKNOWN = "?"
Field = tuple[int, int] | str | None
Places = NDArray[np.float64]
Shape = tuple[int, ...]


class Span(NamedTuple):
    """What the places along one dimension of a tensor see of one side of the image.

    Place i sees the pixels low[i] to high[i]; those before 0 and after the last are
    padding.  A place that sees nothing has the pixels inf to -inf.
    """

    low: Places
    high: Places
    step: float  # pixels from place to place, for a map of only one; NaN: drawn by lot
    dim: int | None  # counted from the end; None: all places see the same
    inner: int = 1  # entries from place to place, where a view has merged dimensions
    lost: bool = False  # which place sees what part of it is not known

    @property
    def whole(self) -> tuple[float, float]:
        """The first and the last pixel that any place sees."""
        return float(self.low.min()), float(self.high.max())

    def everywhere(self, *, lost: bool = False) -> "Span":
        """Every place sees what they all see together, or some unknown part of it."""
        low, high = self.whole
        return Span(np.array([low]), np.array([high]), 0.0, None, 1, lost)

    def seen_at(self, taps: NDArray[np.int64], step: float, dim: int) -> "Span":
        """New places, one a row of ``taps``, which lists the places it looks at.

        The plane goes on beyond the border as it is within; -9999 is no place.
        """
        if np.isnan(self.step):
            return self.everywhere(lost=True)
        low, high = (_beyond(values, taps, self.step) for values in self[:2])
        none = taps == NOWHERE
        low[none], high[none] = np.inf, -np.inf
        low, high = np.floor(low.min(1).round(6)), np.ceil(high.max(1).round(6))
        return Span(low, high, step, dim if len(low) > 1 else None)


NOWHERE = -9999
SIDE = 4  # pixels wide, where only the height matters
Seen = tuple[Span, Span]  # along the height, along the width


def _beyond(values: Places, taps: NDArray[np.int64], step: float) -> Places:
    last = len(values) - 1
    if last and np.isfinite(values).all():
        step = (values[-1] - values[0]) / last
    outside = np.minimum(taps, 0) + np.maximum(taps - last, 0)
    within: Places = values[np.clip(taps, 0, last)]
    return within + step * outside


class ReceptiveFields(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the receptive field through whatever is computed within.

    For every tensor that comes from ``X`` (N, C, H, W) it keeps which pixels of the
    image each row and each column sees: exactly, for windows, pooling, resampling,
    slices, sums, products, reductions and changes of shape.  Padding counts as if
    the image went on.  Where channels or paths differ, a place sees what they see
    together.  What is not known is not guessed.
    """

    def __init__(self, X: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        X.d2l_seen = tuple(  # type: ignore[attr-defined]
            Span(pixels, pixels, 1.0, dim if len(pixels) > 1 else None)
            for pixels, dim in (
                (np.arange(float(X.shape[dim])), dim) for dim in (-2, -1)
            )
        )
        self._functions = _Functions(self)
        self.read = False  # whether a number has left for Python, and come back

    def __enter__(self) -> "ReceptiveFields":
        super().__enter__()  # type: ignore[no-untyped-call]
        self._functions.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        self._functions.__exit__(*error)  # type: ignore[no-untyped-call]
        super().__exit__(*error)  # type: ignore[no-untyped-call]

    def of(self, X: Tensor) -> Field:
        """Pixels high and wide of what one place of ``X`` (N, C, H, W) sees at most.

        "?" if that is not known, None if ``X`` has no height and width.
        """
        if X.ndim != 4:
            return None
        seen = _seen(X)
        if seen is None or any(span.lost for span in seen):
            return UNKNOWN
        high, wide = (int((span.high - span.low).max()) + 1 for span in seen)
        return high, wide

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        call = _Call(func, args, kwargs or {}, out)
        if call.name == "_local_scalar_dense":
            self.read |= any(x.dtype != torch.bool for x in call.seen)
        elif call.seen and call.name not in UNSEEING:
            for made, seen in zip(call.made, self._follow(call), strict=False):
                _keep(made, seen)
        return out

    def _follow(self, call: "_Call") -> list[Seen]:
        rule = RULES.get(call.name) or _rule(call)
        found = call.lost() if rule is None or self.read else rule(call)
        every = found if isinstance(found, list) else [found] * len(call.made)
        return [
            seen if all(_fits(span, made) for span in seen) else call.lost()
            for seen, made in zip(every, call.made, strict=False)
        ]


#: How the numbers of a tensor leave for Python; a truth value only for an ``if``.
LEAVING = {
    *("item", "tolist", "numpy", "__array__", "__dlpack__", "__reduce_ex__"),
    *("__float__", "__int__", "__index__", "__complex__", "data_ptr"),
    *("storage", "untyped_storage", "_typed_storage"),
}
#: What copies a tensor as it is, but takes the numbers out of a list of tensors.
MAKING = {"tensor", "as_tensor", "asarray", "new_tensor"}


class _Functions(TorchFunctionMode):
    """What ATen does not show of the functions that are called."""

    def __init__(self, fields: ReceptiveFields) -> None:
        super().__init__()
        self._fields = fields

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        left = _leaving(getattr(func, "__name__", ""), args, kwargs)
        self._fields.read |= any(_seen(x) for x in left)
        # Circular padding goes on like any other: the plane repeats itself.
        if func is F.pad and "circular" in (kwargs.get("mode"), *args[2:3]):
            args, kwargs["mode"] = args[:2], "replicate"
        return func(*args, **kwargs)


def _leaving(name: str, args: Any, kwargs: Any) -> Iterator[Tensor]:
    """The tensors whose numbers the function ``name`` hands to Python."""
    if name in LEAVING:
        yield from tensors((args, kwargs))
    elif name in MAKING:
        given = (*args, *kwargs.values())
        yield from tensors(x for x in given if isinstance(x, (list, tuple)))


def _seen(X: Tensor) -> Seen | None:
    return getattr(X, "d2l_seen", None)


def _keep(X: Tensor, seen: Seen) -> None:
    """Note what ``X`` sees; what it is a view of has now changed with it."""
    X.d2l_seen = seen  # type: ignore[attr-defined]
    base = X._base if X._is_view() else None
    if base is None or _seen(base) is seen:
        return
    old = [s for s in [_seen(base)] if s is not None]
    alike = base.ndim == X.ndim and base.shape[-2:] == X.shape[-2:]
    now = [seen if alike else _lost(seen)]
    base.d2l_seen = _together([*old, *now])  # type: ignore


class _Call:
    """One function of ATen: its name, its arguments by name, what it has made."""

    def __init__(self, func: Any, args: Any, kwargs: Any, out: Any) -> None:
        schema = func._schema
        self.name = schema.name.removeprefix("aten::").rstrip("_")
        self.given = {a.name: a.default_value for a in schema.arguments}
        names = [a.name for a in schema.arguments]
        self.given.update(zip(names, args, strict=False))
        self.given.update(kwargs)
        self.pointwise = torch.Tag.pointwise in func.tags
        self.made = list(tensors([out]))
        known = tensors(self.given)
        self.seen = {x: s for x in known if (s := _seen(x)) is not None}

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    @property
    def x(self) -> Tensor:
        """The tensor that the function is about."""
        return next(iter(tensors(self.given)))

    @property
    def shape(self) -> Shape:
        return tuple(self.made[0].shape)

    def each(self, change: Callable[[Span, int], Span]) -> Seen:
        """The spans of the tensor, each changed; with their side.

        Nothing is known where another one, such as weights, sees the image too.
        """
        if any(x is not self.x for x in self.seen):
            return self.lost()
        rows, columns = self.seen[self.x]
        return change(rows, 0), change(columns, 1)

    def lost(self) -> Seen:
        """Some unknown part of what the arguments see."""
        return _together(_lost(seen) for seen in self.seen.values())


def _lost(seen: Seen) -> Seen:
    return seen[0].everywhere(lost=True), seen[1].everywhere(lost=True)


def _fits(span: Span, X: Tensor) -> bool:
    """Whether ``X`` has a dimension along which the places of ``span`` can lie."""
    if span.dim is None:
        return True
    entries = max(1, span.inner * len(span.low))
    return -span.dim <= X.ndim and X.shape[span.dim] % entries == 0


def _together(all_seen: Iterable[Any]) -> Seen:
    rows, columns = zip(*all_seen, strict=True)
    return _union(rows), _union(columns)


def _union(spans: Sequence[Span]) -> Span:
    """What a place sees that takes from all of these, which broadcast together."""
    if all(span is spans[0] for span in spans):
        return spans[0]
    placed = [s for s in spans if s.dim is not None]
    kinds = {(s.dim, s.inner, len(s.low)) for s in placed}
    drawn = any(np.isnan(s.step) for s in placed)
    if len(kinds) > 1 or drawn or any(s.lost for s in spans):
        parts = [s.whole for s in spans]
        low, high = min(p[0] for p in parts), max(p[1] for p in parts)
        whole = [s.whole for s in spans if s.dim is None and not s.lost]
        lost = (low, high) not in whole
        return Span(np.array([low]), np.array([high]), 0.0, None, 1, lost)
    low = np.minimum.reduce(np.broadcast_arrays(*(s.low for s in spans)))
    high = np.maximum.reduce(np.broadcast_arrays(*(s.high for s in spans)))
    step = max(s.step for s in spans)
    dim, inner = (placed[0].dim, placed[0].inner) if placed else (None, 1)
    return Span(low, high, step, dim, inner)


# ---- where a side of the image lies ---------------------------------------------


def _alone(span: Span, shape: Shape) -> bool:
    """Whether nothing shares the span's dimension with it."""
    return span.dim is None or len(span.low) == shape[span.dim]


def _viewed(span: Span, old: Shape, new: Shape) -> Span:
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


def _same(call: _Call) -> Seen:
    """Place by place; tensors of several sizes broadcast from the right."""
    return _together(call.seen.values())


def _view(call: _Call) -> Seen:
    old = tuple(call.x.shape)
    return call.each(lambda span, _: _viewed(span, old, call.shape))


def _expanded(call: _Call) -> Seen:
    """Dimensions of one entry get more; all keep their place from the right."""
    return call.each(lambda span, _: _one_place(span))


def _one_place(span: Span) -> Span:
    return span if len(span.low) > 1 else span._replace(dim=None, inner=1)


def _permuted(call: _Call) -> Seen:
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
    if not _alone(span, shape):
        return span.everywhere(lost=True)
    step = span.step * (part.step or 1)
    return span._replace(low=span.low[part], high=span.high[part], step=step)


def _slice(call: _Call) -> Seen:
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
        return (
            _viewed(taken, tuple(cut), call.shape) if call.name == "select" else taken
        )

    return call.each(of)


def _split(call: _Call) -> list[Seen]:
    shape, dim, start, found = tuple(call.x.shape), call["dim"], 0, []
    for out in call.made:
        n = 1 if call.name == "unbind" else out.shape[dim]
        part, kept = slice(start, start + n), list(shape)
        kept[dim], start = n, start + n

        def of(
            span: Span, _: int, part: slice = part, kept: Any = kept, out: Any = out
        ) -> Span:
            cut = _cut(span, shape, dim, part)
            return _viewed(cut, tuple(kept), tuple(out.shape))

        found.append(call.each(of))
    return found


def _joined(call: _Call) -> Seen:
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
            spans.append(_viewed(seen[side], old, new) if seen else nothing)
            lengths.append(new[dim])
        sides.append(_chained(spans, lengths, dim))
    return sides[0], sides[1]


def _chained(spans: list[Span], lengths: list[int], dim: int) -> Span:
    """Along ``dim`` one part after the other; along others together."""
    placed = {span.dim for span in spans if span.dim is not None}
    if dim not in placed:
        return _union(spans)
    if placed != {dim} or any(
        span.dim == dim and len(span.low) != n
        for span, n in zip(spans, lengths, strict=True)
    ):
        return _union(spans).everywhere(lost=True)
    pairs = list(zip(spans, lengths, strict=True))
    low = np.concatenate([np.broadcast_to(s.low, n) for s, n in pairs])
    high = np.concatenate([np.broadcast_to(s.high, n) for s, n in pairs])
    return Span(low, high, max(s.step for s in spans), dim)


def _indexed(call: _Call) -> Seen | list[Seen]:
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


# ---- windows --------------------------------------------------------------------


def _numbers(value: Any, sides: int) -> list[int]:
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    return given * sides if len(given) == 1 else given


def _windowed(
    call: _Call, sides: int, taps: Callable[[int, int, int], tuple[Any, float]]
) -> Seen:
    """``taps(k, n, m)``: what m new places of side k look at among n, and the stretch.

    The last ``sides`` dimensions are those of the window.
    """
    shape = tuple(call.x.shape)

    def of(span: Span, side: int) -> Span:
        dim = side - 2 if span.dim is None and sides > 1 else span.dim
        if dim is None or span.lost or dim < -sides:
            return span
        if not _alone(span, shape):
            return span.everywhere(lost=True)
        if span.dim is None and shape[dim] > 1:
            return span  # all that there is, already
        looked, stretch = taps(dim + sides, shape[dim], call.shape[dim])
        return span.seen_at(looked, span.step * stretch, dim)

    return call.each(of)


def _grid(m: int, stride: float, start: int, offsets: Any) -> NDArray[np.int64]:
    places = np.floor(np.arange(m)[:, None] * stride).astype(int)
    taps: NDArray[np.int64] = places + start + np.asarray(offsets)[None, :]
    return taps


def _pooled(call: _Call) -> Seen:
    sides = int(call.name.split("pool")[1][0])
    kernel = _numbers(call["kernel_size"], sides)
    stride = _numbers(call["stride"] or kernel, sides)
    padding = _numbers(call["padding"], sides)
    dilation = _numbers(call.given.get("dilation", 1), sides)

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        offsets = np.arange(kernel[k]) * dilation[k]
        return _grid(m, stride[k], -padding[k], offsets), stride[k]

    return _windowed(call, sides, taps)


def _convolved(call: _Call) -> Seen:
    kernel = call["weight"].shape[2:]
    sides = len(kernel)
    stride, padding, dilation = (
        _numbers(call[name], sides) for name in ("stride", "padding", "dilation")
    )

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        offsets = np.arange(kernel[k]) * dilation[k]
        if not call["transposed"]:
            return _grid(m, stride[k], -padding[k], offsets), stride[k]
        reached = np.arange(m)[:, None] + padding[k] - offsets[None, :]
        met = reached % stride[k] == 0
        return np.where(met, reached // stride[k], NOWHERE), 1 / stride[k]

    channels = -sides - 1  # which are all summed up
    rows, columns = _windowed(call, sides, taps)
    if call["groups"] > 1:
        return _unless_along(channels, (rows, columns))
    return _summed(rows, channels), _summed(columns, channels)


def _summed(span: Span, dim: int) -> Span:
    return span.everywhere(lost=span.lost) if span.dim == dim else span


def _unless_along(dim: int, seen: Seen) -> Seen:
    """As they are, but unknown for a side of the image that lies along ``dim``."""
    rows, columns = (s.everywhere(lost=True) if s.dim == dim else s for s in seen)
    return rows, columns


def _adapted(call: _Call) -> Seen:
    sides = int(call.name.split("pool")[1][0])

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        first = np.arange(m) * n // m
        behind = -(-(np.arange(m) + 1) * n // m)
        offsets = np.arange((behind - first).max())
        looked = first[:, None] + offsets[None, :]
        return np.where(looked < behind[:, None], looked, NOWHERE), n / m

    return _windowed(call, sides, taps)


def _drawn(call: _Call) -> Seen:
    """Fractional pooling: windows of one size, at places drawn by lot."""
    kernel = _numbers(call["kernel_size"], 2)

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        apart = (n - kernel[k]) / max(1, m - 1)
        return _grid(m, apart, 0, np.arange(kernel[k])), float("nan")

    return _windowed(call, 2, taps)


def _resampled(call: _Call) -> Seen:
    """Upsampling and downsampling: the function itself is asked, on single ones."""
    name = call.name.lstrip("_")
    sides = int(name.split("d")[0][-1]) if "1d" in name or "2d" in name else 3
    scales = ("scales_d", "scales_h", "scales_w")[3 - sides :]
    if sides != 2 or "output_size" not in call.given:
        return call.each(lambda span, _: span.everywhere(lost=True))

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        one_each = torch.eye(n, dtype=torch.float32, device="cpu")
        ones = one_each.view(1, n, n, 1).expand(1, n, n, SIDE)
        given = {**call.given, "output_size": [m, SIDE]}
        given.update(scales_h=call.given.get(scales[k]), scales_w=None)
        given[next(iter(given))] = ones
        counts = getattr(torch.ops.aten, call.name).default(**given)
        looked = counts[0, :, :, 0].T.abs().numpy() > 1e-6
        places = np.where(looked, np.arange(n)[None, :], NOWHERE)
        return places, n / m

    return _windowed(call, 2, taps)


def _padded(call: _Call) -> Seen:
    pad: list[int] = call.given["pad" if "pad" in call.given else "padding"]
    sides = len(pad) // 2

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        return _grid(m, 1, -pad[2 * (sides - 1 - k)], [0]), 1.0

    return _windowed(call, sides, taps)


def _rolled(call: _Call) -> Seen:
    shifts, dims = _numbers(call["shifts"], 1), _numbers(call["dims"], 1)
    n = call.x.ndim
    if not dims:
        return call.each(lambda span, _: span.everywhere(lost=True))
    by = {d % n - n: s for d, s in zip(dims, shifts, strict=True)}

    def taps(k: int, _: int, m: int) -> tuple[Any, float]:
        return _grid(m, 1, -by.get(k - n, 0), [0]), 1.0

    return _windowed(call, n, taps)


def _flipped(call: _Call) -> Seen:
    dims = {d % call.x.ndim - call.x.ndim for d in call["dims"]}

    def of(span: Span, _: int) -> Span:
        if span.dim not in dims:
            return span
        return span._replace(low=span.low[::-1], high=span.high[::-1])

    return call.each(of)


def _shuffled(call: _Call) -> Seen:
    """Channels become pixels, or pixels channels."""

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        if call.name == "pixel_shuffle":
            r = call["upscale_factor"]
            return _grid(m, 1 / r, 0, [0]), 1 / r
        r = call["downscale_factor"]
        return _grid(m, r, 0, np.arange(r)), r

    return _unless_along(-3, _windowed(call, 2, taps))


def _regrouped(call: _Call) -> Seen:
    """Channels in another order."""
    return _unless_along(1 - call.x.ndim, _same(call))


def _halved(call: _Call) -> Seen:
    """One half gates the other."""
    n = call.x.ndim
    return _unless_along(call["dim"] % n - n, _same(call))


# ---- mixing ---------------------------------------------------------------------


def _mixed(call: _Call, dims: Sequence[int] | None) -> Seen:
    """Along ``dims`` (None: all) every place takes from every other."""
    n = call.x.ndim
    along = set(range(-n, 0)) if dims is None else {d % n - n for d in dims}
    return call.each(lambda span, _: span.everywhere() if span.dim in along else span)


def _reduced(call: _Call) -> Seen:
    dims = call["dim"]
    listed = None if dims is None or dims == [] else _numbers(dims, 1)
    rows, columns = _mixed(call, listed)
    if call["keepdim"] or call.shape == tuple(call.x.shape):
        return rows, columns
    n = call.x.ndim
    gone = range(n) if listed is None else [d % n for d in listed]
    kept = tuple(1 if d in gone else size for d, size in enumerate(call.x.shape))
    return _viewed(rows, kept, call.shape), _viewed(columns, kept, call.shape)


def _normalised(call: _Call) -> Seen:
    if "normalized_shape" in call.given:
        return _mixed(call, range(-len(call["normalized_shape"]), 0))
    if call.name == "native_group_norm":
        return _mixed(call, None)
    statistics = call.given.get("training", call.given.get("train", True))
    if "no_training" in call.name or not statistics:
        return _same(call)
    return _mixed(call, [d for d in range(call.x.ndim) if d != 1])


def _multiplied(call: _Call) -> Seen:
    """A matrix product: sums along the last dimension of the first factor."""
    pairs = {"addmm": ("mat1", "mat2"), "baddbmm": ("batch1", "batch2")}
    left, right = pairs.get(call.name, ("self", "mat2"))
    found = []
    for name, dim in ((left, -1), (right, -2)):
        if (seen := call.seen.get(call[name])) is not None:
            found.append(tuple(_summed(span, dim) for span in seen))
    if call.name in pairs and (seen := call.seen.get(call["self"])) is not None:
        found.append(seen)
    return _together(found)


def _attended(call: _Call) -> Seen:
    masked = call.given.get("is_causal") or any(
        call.given.get(name) is not None for name in ("attn_mask", "attn_bias")
    )
    found = []
    for name, dims in (("query", (-1,)), ("key", (-1, -2)), ("value", (-2,))):
        if (seen := call.seen.get(call[name])) is not None:
            for dim in dims:
                seen = _summed(seen[0], dim), _summed(seen[1], dim)
            found.append(seen)
    rows, columns = _together(found)
    if masked:
        return rows.everywhere(lost=True), columns.everywhere(lost=True)
    return rows, columns


Rule = Callable[[_Call], Any]
#: By name; those of the last lines are pointwise, though not tagged so.
_BY_NAME: tuple[tuple[Rule, str], ...] = (
    (_view, "view _unsafe_view _reshape_alias unsqueeze squeeze"),
    (_expanded, "expand"),
    (_permuted, "permute transpose t"),
    (_slice, "slice select"),
    (_split, "split split_with_sizes unsafe_split unsafe_split_with_sizes unbind"),
    (_joined, "cat stack"),
    (_indexed, "index index_select"),
    (_rolled, "roll"),
    (_flipped, "flip"),
    (_shuffled, "pixel_shuffle pixel_unshuffle"),
    (_convolved, "convolution _convolution"),
    (_multiplied, "mm bmm addmm baddbmm"),
    (_drawn, "fractional_max_pool2d"),
    (_same, "alias detach lift_fresh _to_copy copy fill zero dropout native_dropout"),
    (_halved, "glu"),
    (_regrouped, "channel_shuffle native_channel_shuffle"),
    (_same, "hardswish log_sigmoid_forward rrelu_with_noise _prelu_kernel"),
)
RULES = {name: rule for rule, names in _BY_NAME for name in names.split()}
#: What only has the size of its argument, or draws by it.
UNSEEING = {
    *("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    *("new_zeros", "new_ones", "new_empty", "new_full", "size"),
}


def _rule(call: _Call) -> Rule | None:
    """By the kind of function: its name, or what its arguments are called."""
    name = call.name.lstrip("_")
    for start, rule in (
        ("adaptive_", _adapted),
        *((f"{kind}_pool{n}d", _pooled) for kind in ("max", "avg") for n in "123"),
        ("upsample", _resampled),
        *(
            (f"{kind}_pad", _padded)
            for kind in ("constant", "reflection", "replication")
        ),
        ("scaled_dot_product", _attended),
    ):
        if name.startswith(start):
            return rule
    if any(f"{kind}_norm" in name for kind in ("batch", "layer", "group", "rms")):
        return _normalised
    if name in ("softmax", "log_softmax", "safe_softmax"):
        return lambda call: _mixed(call, [call["dim"]])
    if "keepdim" in call.given:
        return _reduced
    if name in ("mean", "sum", "max", "min", "prod", "std", "var") and not call.shape:
        return lambda call: _mixed(call, None)
    return _same if call.pointwise else None
