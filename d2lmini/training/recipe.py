"""What a training run was made of, as plain values that can be compared."""

import functools
import zlib
from collections.abc import Callable
from types import CodeType
from typing import Any

import torch
from torch import nn

from d2lmini import mode
from d2lmini.data import Batches

Recipe = dict[str, Any]


def recipe(
    net: nn.Module,
    batches: Batches,
    *,
    epochs: int,
    lr: float,
    optimizer: Callable[..., torch.optim.Optimizer],
    schedule: Callable[[float], float],
    loss: Callable[..., torch.Tensor],
    precision: torch.dtype,
    average: float | None = None,
) -> Recipe:
    """All that decides the weights a run ends with, besides the random state."""
    resize = batches.resize or batches.images.images.shape[-1]
    values = {
        "net": type(net).__name__,
        "parameters": sum(p.numel() for p in net.parameters()),
        "layers": zlib.crc32(str(net).encode()),
        "data": batches.images.source,
        "examples": len(batches.images),
        "batch_size": batches.batch_size,
        "resize": resize,
        "augment": name_of(batches.augment) if batches.augment else "none",
        "data_seed": batches.seed,
        "epochs": epochs,
        "lr": lr,
        "optimizer": name_of(optimizer),
        "schedule": name_of(schedule),
        "loss": name_of(loss),
        "precision": str(precision).removeprefix("torch."),
        "quick": mode.quick(),
    }
    # Named only where there is one: recipes written without it stay what they were.
    return values if average is None else {**values, "average": average}


def difference(stored: Recipe, wanted: Recipe) -> str | None:
    """The first entry that differs, in words; None when none does."""
    for key in {**stored, **wanted}:
        if stored.get(key) != wanted.get(key):
            return f"{key} is {stored.get(key)} there and {wanted.get(key)} here"
    return None


def name_of(function: Any) -> str:
    """A name that two different functions do not share."""
    if isinstance(function, functools.partial):
        options = [f"{k}={v!r}" for k, v in sorted(function.keywords.items())]
        return f"{name_of(function.func)}({', '.join(options)})"
    name = str(getattr(function, "__qualname__", type(function).__name__))
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None or not name.endswith("<lambda>"):
        return name
    # All lambdas have one name: their code and constants tell them apart.
    return f"lambda:{zlib.crc32(code.co_code + repr(code.co_consts).encode()):08x}"
