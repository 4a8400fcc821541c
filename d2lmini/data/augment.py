"""Augmentation of a whole batch at once, one random draw per image.

Each function takes ``X`` float (N, C, H, W) in [0, 1], which stays as it is, and a
CPU generator, and returns a new batch of the same shape.  The data give them that; a
function does not look, so call none by hand with uint8 pixels, numbers up to 255, a
single image or no generator.  Drawing on the CPU gives every device the same changes
for the same seed.  Join several with :func:`chain`, change an option with
``functools.partial``; one that cannot be is refused where the partial is given to
:func:`chain` or to the data.  The sides that :func:`erase` draws are rounded to whole
pixels, and so are the share and the shape.

A run is resumed if these functions are, docstrings and all, what they were: a change
to one of them refuses the files of all who used it.
"""

import functools
import math
import operator
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from d2lmini.arguments import Demands, function, options

Augment = Callable[[Tensor, torch.Generator], Tensor]


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
    draw makes longer than the image is cut to it.
    """
    N, _, H, W = X.shape
    least, most = area
    draw = _drawn(5, N, generator=generator)
    share = (least + (most - least) * draw[1]) * H * W
    shape = narrowest ** (1 - 2 * draw[2])  # even in its logarithm
    height = (share * shape).sqrt().round().clamp(1, H)
    width = (share / shape).sqrt().round().clamp(1, W)
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


def brightness(X: Tensor, generator: torch.Generator, *, by: float = 0.3) -> Tensor:
    """Multiply each image by a factor in [1 - by, 1 + by]; stays in [0, 1]."""
    factor = 1 + by * (2 * _drawn(len(X), generator=generator) - 1)
    return (X * factor.to(X).view(-1, 1, 1, 1)).clamp(0, 1)


_DEMANDS: Demands = {
    "padding": (
        crop,
        "a whole number from 0",
        lambda n: not isinstance(n, bool) and operator.index(n) >= 0,
    ),
    "probability": (erase, "a number from 0 to 1", lambda p: 0 <= p <= 1),
    "narrowest": (erase, "a number above 0, such as 0.3", lambda n: 0 < n < math.inf),
    "area": (
        erase,
        "(least, most), two shares of the image such as (0.02, 0.25)",
        lambda area: len(area) == 2 and all(0 <= end <= 1 for end in area),
    ),
    "by": (  # far beyond, a factor is infinite, and black becomes NaN
        brightness,
        "a number from -100 to 100, such as 0.3",
        lambda by: abs(by) <= 100,
    ),
}


def check_options(step: Augment) -> None:
    """TypeError or ValueError for a partial of one of these that cannot work."""
    options(step, _DEMANDS)


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
        check_options(step)
    return Chain(steps)


def _name(step: Augment) -> str:
    if isinstance(step, functools.partial):
        options = [f"{key}={value!r}" for key, value in sorted(step.keywords.items())]
        return f"{_name(step.func)}({', '.join(options)})"
    return str(getattr(step, "__qualname__", type(step).__name__))
