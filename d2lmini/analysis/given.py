"""What a network is asked about, and what it gives back: what can be made use of."""

from typing import Any

import torch
from torch import Tensor, nn

from d2lmini.arguments import dtype_name, found, instance
from d2lmini.nets.borrowed import dtype_of


def of_images(what: str, X: Tensor, net: nn.Module) -> None:
    """TypeError or ValueError for numbers that ``net`` cannot see of images."""
    instance(what, X, Tensor, "give a batch of images, (N, C, H, W)")
    if X.layout is not torch.strided:
        raise ValueError(f"{what} is {X.layout}: give it dense, as to_dense() does.")
    if not X.is_floating_point() or X.element_size() == 1 or X.is_meta:
        raise ValueError(
            f"{what} is {'meta' if X.is_meta else X.dtype}: give the float images that "
            "the network sees, with brightness from 0 to 1."
        )
    seen = dtype_of(net, X.dtype)
    if not X.to(seen).isfinite().all():
        raise ValueError(
            f"{what} holds NaN or infinity as {dtype_name(seen)}: give images of "
            "finite numbers."
        )


def of_logits(net: nn.Module, logits: Any, count: int) -> None:
    """TypeError or ValueError for what is no sound row of logits for each image."""
    instance("the output of the net", logits, Tensor, "let it return its logits alone")
    if logits.ndim != 2 or len(logits) != count or not logits.shape[1]:
        raise ValueError(
            f"the net gives {tuple(logits.shape)} for {count} images: it must give "
            "one row of logits for each, (N, classes)."
        )
    if not logits.is_floating_point():
        raise TypeError(f"the net gives {found(logits)}: let it give float logits.")
    sound(net, logits)


def sound(net: nn.Module, logits: Tensor) -> None:
    """ValueError where the largest logit is none, and any class would pass for it.

    One of minus infinity is a logit: that of a class which is out of the question.
    """
    if not logits.amax(1).isfinite().all():
        raise ValueError(
            f"{type(net).__name__} answers with NaN or infinity: look for either in "
            "its weights, or for numbers that overflow."
        )


def of_gradients(net: nn.Module, *slopes: Tensor) -> None:
    """ValueError for a gradient that is not finite."""
    if not all(slope.isfinite().all() for slope in slopes):
        raise ValueError(
            f"the gradient through {type(net).__name__} is NaN or infinite: look in "
            "its forward for a root, a logarithm or a division at 0, or for numbers "
            "that overflow."
        )
