"""Augmentation of a whole batch at once, one random draw per image.

Each function takes ``X`` float (N, C, H, W) in [0, 1], which stays as it is, and a
CPU generator, and returns a new batch of the same shape.  Drawing on the CPU gives
every device the same changes for the same seed.  Join several with :func:`chain`,
change an option with ``functools.partial``; one that cannot be raises TypeError or
ValueError.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from d2lmini.arguments import found, function, listed, real, share, whole
from d2lmini.data.batches import LARGEST, Augment


def _drawn(*shape: int, generator: torch.Generator) -> Tensor:
    """Even draws from [0, 1), float32 on the CPU, whatever PyTorch's defaults are."""
    return torch.rand(shape, generator=generator, dtype=torch.float32, device="cpu")


def flip(X: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half."""
    chosen = _drawn(len(X), generator=generator) < 0.5
    return torch.where(chosen.to(X.device).view(-1, 1, 1, 1), X.flip(-1), X)


def crop(X: Tensor, generator: torch.Generator, *, padding: int = 2) -> Tensor:
    """Shift each image by up to ``padding`` pixels each way; zeros move in.

    The same as padding by that much and cropping at a random place.
    """
    padding = whole("padding", padding, least=0, most=LARGEST)
    N, _, H, W = X.shape
    padded = F.pad(X, [padding] * 4)
    shift = torch.randint(2 * padding + 1, (2, N), generator=generator, device="cpu")
    shift = shift.to(X.device)
    rows = shift[0].view(N, 1, 1, 1) + torch.arange(H, device=X.device).view(H, 1)
    columns = shift[1].view(N, 1, 1, 1) + torch.arange(W, device=X.device)
    images = torch.arange(N, device=X.device).view(N, 1, 1, 1)
    channels = torch.arange(X.shape[1], device=X.device).view(-1, 1, 1)
    return padded[images, channels, rows, columns]  # (N, C, H, W)


def erase(
    X: Tensor,
    generator: torch.Generator,
    *,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.25),
    narrowest: float = 0.3,
) -> Tensor:
    """Random erasing (Zhong et al., 2020): noise in a rectangle of some images.

    With ``probability``, a rectangle that covers a share of the image within ``area``,
    and whose height over width lies between ``narrowest`` and its inverse, gets an
    even draw from [0, 1] at each pixel.  It lies wholly inside, so a side that the
    draw makes longer than the image is cut to it.  Its sides are rounded to whole
    pixels, and so are the share and the shape.
    """
    probability = share("probability", probability, example="0.5")
    narrowest = real("narrowest", narrowest, above=0, example="0.3")
    N, _, H, W = X.shape
    least, most = _ends(area)
    draw = _drawn(5, N, generator=generator)
    pixels = (least + (most - least) * draw[1]) * H * W
    shape = narrowest ** (1 - 2 * draw[2])  # even in its logarithm
    height = (pixels * shape).sqrt().round().clamp(1, H)
    width = (pixels / shape).sqrt().round().clamp(1, W)
    top, left = (
        ((H - height + 1) * draw[3]).floor(),
        ((W - width + 1) * draw[4]).floor(),
    )
    rows, columns = (torch.arange(side, device="cpu") for side in (H, W))
    tall = (rows >= top[:, None]) & (rows < (top + height)[:, None])  # (N, H)
    wide = (columns >= left[:, None]) & (columns < (left + width)[:, None])  # (N, W)
    inside = tall[:, None, :, None] & wide[:, None, None, :]
    inside &= (draw[0] < probability).view(-1, 1, 1, 1)
    noise = _drawn(*X.shape, generator=generator)
    return torch.where(inside.to(X.device), noise.to(X), X)


def _ends(area: tuple[float, float]) -> tuple[float, float]:
    remedy = "give (least, most), two shares of the image such as (0.02, 0.25)"
    ends = [share("area", end, example="0.25") for end in listed("area", area, remedy)]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"area is {found(area)}: {remedy}.")
    return ends[0], ends[1]


def brightness(X: Tensor, generator: torch.Generator, *, by: float = 0.3) -> Tensor:
    """Multiply each image by a factor in [1 - by, 1 + by]; stays in [0, 1]."""
    by = share("by", by, example="0.3")
    factor = 1 + by * (2 * _drawn(len(X), generator=generator) - 1)
    return (X * factor.to(X).view(-1, 1, 1, 1)).clamp(0, 1)


class Chain:
    """Applies ``steps`` in order; made by :func:`chain`."""

    def __init__(self, steps: tuple[Augment, ...]) -> None:
        self.steps = steps
        self.__qualname__ = repr(self)  # as a function is named

    def __call__(self, X: Tensor, generator: torch.Generator) -> Tensor:
        for step in self.steps:
            X = step(X, generator)
        return X

    def __repr__(self) -> str:
        return f"chain({', '.join(map(_name, self.steps))})"


def chain(*steps: Augment) -> Chain:
    """One augmentation that applies ``steps`` in order; without any, X stays X."""
    remedy = "give functions of (X, generator), as chain(flip, crop)"
    for step in steps:
        function("a step of chain", step, remedy, takes=2)
    return Chain(steps)


def _name(step: Augment) -> str:
    if isinstance(step, functools.partial):
        options = [f"{key}={value!r}" for key, value in sorted(step.keywords.items())]
        return f"{_name(step.func)}({', '.join(options)})"
    return str(getattr(step, "__qualname__", type(step).__name__))
