"""What figures are given, as tensors that can be drawn."""

from collections.abc import Mapping, Sequence, Sized
from typing import Any

import numpy as np
import torch
from torch import Tensor

from d2lmini.arguments import found, instance
from d2lmini.plot.table import readable

#: Anything that is plainly a block of numbers: a tensor, an array, a list of either.
Numbers = Any
LARGEST = 1e30  # so that squares of differences are still numbers, in float64
_SLACK = 0.01  # by which rounding may leave [0, 1]
_LARGE = 8  # rows and columns that (H, W, 3) must have to be no set of small kernels


def numbers(
    name: str, values: Numbers, *, finite: bool = True, remedy: str = ""
) -> Tensor:
    """``values`` on the CPU, detached; TypeError or ValueError for what is none.

    With ``finite``, NaN and infinity are refused as well, and always what is too large
    for a figure.
    """
    made = _tensor(values)
    if made is None:
        if isinstance(values, Tensor) and values.is_meta:
            remedy = "give one with numbers, of which the device meta has none"
        remedy = remedy or "give a tensor of numbers, or an array or a list of them"
        raise TypeError(f"{name} is {found(values)}: {remedy}.")
    if made.numel() == 0:
        raise ValueError(f"{name} is {found(made)}: there is nothing to draw.")
    if finite and not made.isfinite().all():
        raise ValueError(
            f"{name} holds values that are not finite (NaN or infinite): leave them "
            "out, or find where they come from."
        )
    return _bounded(name, made)


def number(name: str, value: Numbers) -> float:
    """``value`` as a float, NaN and infinity too; TypeError for what is not one."""
    made = _tensor(value)
    if made is None or made.numel() != 1:
        raise TypeError(f"{name} is {found(value)}: give a number.")
    return float(_bounded(name, made))


def _bounded(name: str, made: Tensor) -> Tensor:
    if made.is_floating_point():
        ends = made.nan_to_num(0, 0, 0).aminmax()
        if max(-float(ends.min), float(ends.max)) > LARGEST:
            raise ValueError(
                f"{name} holds values beyond {LARGEST:g}, which no figure shows: scale "
                "them first."
            )
    return made


def named(what: str, values: Any) -> None:
    """TypeError unless ``values`` are a dict, from names to what is drawn."""
    instance(what, values, Mapping, "give a dict, from a name to what it stands for")


def nested(what: str, inner: str, values: Any) -> None:
    """TypeError unless ``values`` are a dict of dicts, each of them an ``inner``."""
    named(what, values)
    for name, each in values.items():
        named(f"{inner} {name!r}", each)


def tables(what: str, inner: str, one: str, values: Any) -> dict[str, dict[str, float]]:
    """A dict of dicts of floats, each of them a ``one``; TypeError for others."""
    nested(what, inner, values)
    return {
        name: {key: number(f"{one} {key!r}", value) for key, value in each.items()}
        for name, each in values.items()
    }


def written(form: Any) -> None:
    """ValueError or TypeError for a format that no number can be written in."""
    instance("form", form, str, "give a format such as '.4f'")
    try:
        format(0.5, form)
    except ValueError:
        raise ValueError(f"form is {form!r}: give a format such as '.4f'.") from None


def few(values: Sized, what: str, most: int) -> None:
    """ValueError unless there are 1 to ``most`` of them."""
    if not 1 <= len(values) <= most:
        raise ValueError(f"there are {len(values)} {what}: give 1 to {most}.")


def _tensor(values: Numbers) -> Tensor | None:
    several = isinstance(values, list | tuple)
    try:
        if several and any(isinstance(value, Tensor) for value in values):
            values = _stacked(values)
        elif isinstance(values, np.ma.MaskedArray):
            hidden: Any = values.astype(float)  # and not what it masks
            values = torch.from_numpy(hidden.filled(np.nan))
        elif several or isinstance(values, (np.ndarray, int, float)):
            values = torch.from_numpy(np.array(values))  # as a tensor it is rounded
        made = torch.as_tensor(values, device="cpu").detach()
        return None if made.is_complex() else _plain(made)
    except (TypeError, ValueError, RuntimeError):  # text, ragged lists, a layer, None
        return None


def _stacked(values: Sequence[Numbers]) -> Tensor:
    """A list with tensors in it as one, in float64 where another type would round."""
    each = [made for value in values if (made := _tensor(value)) is not None]
    if len(each) < len(values):
        raise TypeError  # as for other lists of what are no numbers
    mixed = len({made.dtype for made in each}) > 1
    if mixed and any(made.is_floating_point() for made in each):
        each = [made.double() for made in each]
    return torch.stack(each)


def _plain(X: Tensor) -> Tensor:
    """``X`` dense, and of a type that PyTorch computes with."""
    if X.layout is not torch.strided:
        X = X.to_dense()
    if X.is_quantized:
        X = X.dequantize()
    if X.dtype in (torch.uint16, torch.uint32, torch.uint64):
        return X.long()
    small = X.is_floating_point() and X.element_size() == 1
    return X.float() if small else X


def exact(X: Tensor) -> Tensor:
    """``X`` in floating point, in float64 where float32 does not hold its numbers."""
    fits = X.element_size() < 4 or X.dtype == torch.float32
    return X.float() if fits else X.double()


def pictures(X: Numbers, captions: int | None = None, *, name: str = "X") -> Tensor:
    """Float (N, 1 or 3, H, W) of grey or colour pictures, channels first or last.

    One picture may come without the N, and grey ones without the channel; what may be
    either is told by the number of ``captions``, or refused.
    """
    given = X = numbers(name, X)
    if X.ndim == 2:
        X = X[None, None]
    elif X.ndim == 3:
        X = X[None] if _alone(name, X, captions) else X[:, None]
    elif X.ndim == 4 and X.shape[1] == 3 and X.shape[2] > X.shape[3] == 1:
        raise ValueError(
            f"{name} is {found(X)}: give {name}[..., 0][:, None] for grey pictures 3 "
            "high, or two columns of pixels at least for pictures in colour."
        )
    if X.ndim == 4 and X.shape[1] not in (1, 3):
        X = X.movedim(-1, 1)  # channels last
    if X.ndim != 4 or X.shape[1] not in (1, 3):
        raise ValueError(
            f"{name} is {found(given)}: give pictures (N, 1, H, W), (N, 3, H, W) or "
            "(N, H, W)."
        )
    return X  # type: ignore[no-any-return]


def _alone(name: str, X: Tensor, captions: int | None) -> bool:
    """Whether three dimensions are a picture with its channel, not grey ones."""
    many, high, wide = X.shape
    last = many > 3 and wide in (1, 3)  # the channel
    if captions == many or not (many == 3 or last):
        return False
    if captions == 1 or (last and min(many, high) >= _LARGE):
        return True
    one = "grey picture" if wide == 1 and last else "picture in colour"
    raise ValueError(
        f"{name} is {found(X)}: give {name}[None] for one {one}, or {name}[:, None] "
        f"for {'three' if many == 3 else many} grey ones."
    )


def bright(X: Tensor) -> tuple[Tensor, str]:
    """Pictures as float in [0, 1], and a note where that is not their own scale.

    Whole numbers of which some are above 1, and all from 0 to 255, are bytes; other
    numbers that leave [0, 1] are drawn from their least value to their largest.
    """
    whole = not X.is_floating_point()
    X = X.float()
    low, high = (float(end) for end in X.aminmax())
    if whole and low >= 0 and 1 < high <= 255:
        return X / 255, ""
    if low >= -_SLACK and high <= 1 + _SLACK:
        return X.clamp(0, 1), ""
    black, white = (readable(end) if whole else f"{end:.2g}" for end in (low, high))
    return (X - low) / ((high - low) or 1.0), f"black is {black}, white is {white}"
