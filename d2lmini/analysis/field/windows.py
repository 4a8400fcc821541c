"""What a place sees that looks through a window."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from d2lmini.analysis.field.spans import (
    NOWHERE,
    Call,
    Seen,
    Span,
    alone,
    numbers,
    same,
    summed,
)

SIDE = 4  # pixels wide, where only the height matters


def _windowed(
    call: Call, sides: int, taps: Callable[[int, int, int], tuple[Any, float]]
) -> Seen:
    """``taps(k, n, m)``: what m new places of side k look at among n, and the stretch.

    The last ``sides`` dimensions are those of the window.
    """
    shape = tuple(call.x.shape)

    def of(span: Span, side: int) -> Span:
        dim = side - 2 if span.dim is None and sides > 1 else span.dim
        if dim is None or span.lost or dim < -sides:
            return span
        if not alone(span, shape):
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


def pooled(call: Call) -> Seen:
    """Pooling of one to three dimensions, as its windows lie."""
    sides = int(call.name.split("pool")[1][0])
    kernel = numbers(call["kernel_size"], sides)
    stride = numbers(call["stride"] or kernel, sides)
    padding = numbers(call["padding"], sides)
    dilation = numbers(call.given.get("dilation", 1), sides)

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        offsets = np.arange(kernel[k]) * dilation[k]
        return _grid(m, stride[k], -padding[k], offsets), stride[k]

    return _windowed(call, sides, taps)


def convolved(call: Call) -> Seen:
    """A convolution, or a transposed one, over all channels of a group."""
    kernel = call["weight"].shape[2:]
    sides = len(kernel)
    stride, padding, dilation = (
        numbers(call[name], sides) for name in ("stride", "padding", "dilation")
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
    return summed(rows, channels), summed(columns, channels)


def _unless_along(dim: int, seen: Seen) -> Seen:
    """As they are, but unknown for a side of the image that lies along ``dim``."""
    rows, columns = (s.everywhere(lost=True) if s.dim == dim else s for s in seen)
    return rows, columns


def adapted(call: Call) -> Seen:
    """Pooling to a given size: windows that differ by a place."""
    sides = int(call.name.split("pool")[1][0])

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        first = np.arange(m) * n // m
        behind = -(-(np.arange(m) + 1) * n // m)
        offsets = np.arange((behind - first).max())
        looked = first[:, None] + offsets[None, :]
        return np.where(looked < behind[:, None], looked, NOWHERE), n / m

    return _windowed(call, sides, taps)


def drawn(call: Call) -> Seen:
    """Fractional pooling: windows of one size, at places drawn by lot."""
    kernel = numbers(call["kernel_size"], 2)

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        apart = (n - kernel[k]) / max(1, m - 1)
        return _grid(m, apart, 0, np.arange(kernel[k])), float("nan")

    return _windowed(call, 2, taps)


def resampled(call: Call) -> Seen:
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


def padded(call: Call) -> Seen:
    """Places more at the border, or fewer."""
    pad: list[int] = call.given["pad" if "pad" in call.given else "padding"]
    sides = len(pad) // 2

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        return _grid(m, 1, -pad[2 * (sides - 1 - k)], [0]), 1.0

    return _windowed(call, sides, taps)


def rolled(call: Call) -> Seen:
    """Places moved on, and in again at the other end."""
    shifts, dims = numbers(call["shifts"], 1), numbers(call["dims"], 1)
    n = call.x.ndim
    if not dims:
        return call.each(lambda span, _: span.everywhere(lost=True))
    by = {d % n - n: s for d, s in zip(dims, shifts, strict=True)}

    def taps(k: int, _: int, m: int) -> tuple[Any, float]:
        return _grid(m, 1, -by.get(k - n, 0), [0]), 1.0

    return _windowed(call, n, taps)


def flipped(call: Call) -> Seen:
    """Places in the opposite order."""
    dims = {d % call.x.ndim - call.x.ndim for d in call["dims"]}

    def of(span: Span, _: int) -> Span:
        if span.dim not in dims:
            return span
        return span._replace(low=span.low[::-1], high=span.high[::-1])

    return call.each(of)


def shuffled(call: Call) -> Seen:
    """Channels become pixels, or pixels channels."""

    def taps(k: int, n: int, m: int) -> tuple[Any, float]:
        if call.name == "pixel_shuffle":
            r = call["upscale_factor"]
            return _grid(m, 1 / r, 0, [0]), 1 / r
        r = call["downscale_factor"]
        return _grid(m, r, 0, np.arange(r)), r

    return _unless_along(-3, _windowed(call, 2, taps))


def regrouped(call: Call) -> Seen:
    """Channels in another order."""
    return _unless_along(1 - call.x.ndim, same(call))


def halved(call: Call) -> Seen:
    """One half gates the other."""
    n = call.x.ndim
    return _unless_along(call["dim"] % n - n, same(call))
