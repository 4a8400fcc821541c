"""What the places of a tensor see of an image, and a call that makes others of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
Seen = tuple[Span, Span]  # along the height, along the width


def _beyond(values: Places, taps: NDArray[np.int64], step: float) -> Places:
    last = len(values) - 1
    if last and np.isfinite(values).all():
        step = (values[-1] - values[0]) / last
    outside = np.minimum(taps, 0) + np.maximum(taps - last, 0)
    within: Places = values[np.clip(taps, 0, last)]
    return within + step * outside


def seen_by(X: Tensor) -> Seen | None:
    """What ``X`` sees of the image; None if it does not come from it."""
    return getattr(X, "d2l_seen", None)


class Call:
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
        self.seen = {x: s for x in known if (s := seen_by(x)) is not None}

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
        return together(lost_part(seen) for seen in self.seen.values())


def lost_part(seen: Seen) -> Seen:
    """Some unknown part of what ``seen`` sees along each side."""
    return seen[0].everywhere(lost=True), seen[1].everywhere(lost=True)


def fits(span: Span, X: Tensor) -> bool:
    """Whether ``X`` has a dimension along which the places of ``span`` can lie."""
    if span.dim is None:
        return True
    entries = max(1, span.inner * len(span.low))
    return -span.dim <= X.ndim and X.shape[span.dim] % entries == 0


def alone(span: Span, shape: Shape) -> bool:
    """Whether nothing shares the span's dimension with it."""
    return span.dim is None or len(span.low) == shape[span.dim]


def together(all_seen: Iterable[Any]) -> Seen:
    """What a place sees along each side that takes from all of these."""
    rows, columns = zip(*all_seen, strict=True)
    return union(rows), union(columns)


def union(spans: Sequence[Span]) -> Span:
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


def same(call: Call) -> Seen:
    """Place by place; tensors of several sizes broadcast from the right."""
    return together(call.seen.values())


def summed(span: Span, dim: int) -> Span:
    """The span after a sum along ``dim``."""
    return span.everywhere(lost=span.lost) if span.dim == dim else span


def numbers(value: Any, sides: int) -> list[int]:
    """One number for each of the ``sides``, where one may stand for all."""
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    return given * sides if len(given) == 1 else given
