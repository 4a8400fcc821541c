"""What figures are given, as tensors that can be drawn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from d2lmini.arguments import found, instance

#: Anything that is plainly a block of numbers: a tensor, an array, a list of either.
Numbers = Any
LARGEST = 1e30  # so that squares of differences are still numbers, in float64
_SLACK = 0.01  # by which rounding may leave [0, 1]


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
    if isinstance(value, (int, float)):
        value = np.array(value)  # a tensor would round it
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


def few(values: Mapping[str, Any], what: str, most: int) -> None:
    """ValueError unless there are 1 to ``most`` of them."""
    if not 1 <= len(values) <= most:
        raise ValueError(f"there are {len(values)} {what}: give 1 to {most}.")


def _tensor(values: Numbers) -> Tensor | None:
    several = isinstance(values, list | tuple)
    try:
        if several and any(isinstance(value, Tensor) for value in values):
            each = (torch.as_tensor(value, device="cpu") for value in values)
            values = torch.stack(list(each))
        elif isinstance(values, np.ma.MaskedArray):
            hidden: Any = values.astype(float)  # and not what it masks
            values = torch.from_numpy(hidden.filled(np.nan))
        elif several or isinstance(values, np.ndarray):
            values = torch.from_numpy(np.array(values))
        made = torch.as_tensor(values, device="cpu").detach()
        return None if made.is_complex() else _plain(made)
    except (TypeError, ValueError, RuntimeError):  # text, ragged lists, a layer, None
        return None


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


def pictures(X: Numbers, captions: int | None = None) -> Tensor:
    """Float (N, 1 or 3, H, W) of grey or colour pictures, channels first or last.

    One picture may come without the N, and grey ones without the channel; three
    layers are three pictures only where there are three ``captions``.
    """
    given = X = numbers("X", X)
    if X.ndim == 3 and X.shape[0] == 3 and captions is None:
        raise ValueError(
            f"X is {found(X)}: give X[None] for one picture in colour, or X[:, None] "
            "for three grey ones."
        )
    if X.ndim == 3 and X.shape[-1] == 3 and X.shape[0] > 3:
        X = X[None]  # (1, H, W, 3)
    elif X.ndim == 3 and (X.shape[0] != 3 or captions == 3):
        X = X[:, None]  # (N, 1, H, W)
    elif X.ndim in (2, 3):
        X = X.reshape(1, -1, *X.shape[-2:])  # (1, 1 or 3, H, W)
    if X.ndim == 4 and X.shape[1] not in (1, 3):
        X = X.movedim(-1, 1)  # channels last
    if X.ndim != 4 or X.shape[1] not in (1, 3):
        raise ValueError(
            f"X is {found(given)}: give pictures (N, 1, H, W), (N, 3, H, W) or "
            "(N, H, W)."
        )
    return X  # type: ignore[no-any-return]


def bright(X: Tensor) -> tuple[Tensor, str]:
    """Pictures as float in [0, 1], and a note where that is not their own scale.

    Whole numbers above 1 are 0 to 255; what lies outside of [0, 1] is drawn from its
    least value to its largest.
    """
    whole = not X.is_floating_point()
    X = X.float() / (255 if whole and X.max() > 1 else 1)
    low, high = (float(end) for end in X.aminmax())
    if low >= -_SLACK and high <= 1 + _SLACK:
        return X.clamp(0, 1), ""
    note = f"black is {low:.2g}, white is {high:.2g}"
    return (X - low) / ((high - low) or 1.0), note
