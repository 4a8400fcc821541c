"""Naming the layer that an input does not fit."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

LARGEST = 256  # pixels a side from which no larger size is tried
POOLS = (nn.MaxPool2d, nn.AvgPool2d)


class _Reached(NamedTuple):
    """A layer, and the shape that has come to it."""

    name: str
    layer: nn.Module
    shape: tuple[int, ...]


@contextlib.contextmanager
def explain_misfit(net: nn.Module, X: Tensor) -> Iterator[None]:
    """Turn a failure of ``net(X)`` into one sentence that names the layer.

    Within the block, a RuntimeError from a layer becomes a ValueError with
    the layer, the shape that reached it and what it expects; where an image
    is too small, with the size that the net needs.
    """
    with _watching(net) as reached:
        try:
            yield
        except RuntimeError as error:
            sentence = _sentence(net, X, reached[0]) if reached else ""
            if not sentence:
                raise
            raise ValueError(sentence) from error


@contextlib.contextmanager
def _watching(net: nn.Module) -> Iterator[list[_Reached]]:
    """A list that holds the layer which is running, or ran last."""
    reached: list[_Reached] = []

    def note(name: str) -> object:
        def hook(layer: nn.Module, args: tuple[object, ...]) -> None:
            if args and isinstance(args[0], Tensor):
                reached[:] = [_Reached(name, layer, tuple(args[0].shape))]

        return hook

    leaves = [(n, m) for n, m in net.named_modules() if not list(m.children())]
    hooks = [m.register_forward_pre_hook(note(n)) for n, m in leaves]
    try:
        yield reached
    finally:
        for hook in hooks:
            hook.remove()


def _sentence(net: nn.Module, X: Tensor, at: _Reached) -> str:
    """What is wrong between a layer and its input; empty when nothing is."""
    layer, shape = at.layer, at.shape
    where = f"layer {at.name} ({type(layer).__name__}) of {type(net).__name__}"
    start = f"An input of {tuple(X.shape[1:])} does not fit: "
    if isinstance(layer, nn.Linear) and shape[-1] != layer.in_features:
        return (
            f"{start}{shape[-1]} features reach {where}, which takes "
            f"{layer.in_features}; change resize or the layer."
        )
    takes = _channels(layer)
    if takes and len(shape) > 2 and shape[-3] != takes:
        return (
            f"{start}{shape[-3]} channels reach {where}, which takes {takes}; "
            f"{_remedy(X, shape)}."
        )
    if _window_misfits(at):
        return (
            f"{start}only {shape[-2]}×{shape[-1]} pixels are left at {where}, whose "
            f"window is larger, so that nothing is left after {_ordinal(net, layer)}; "
            f"{_needed(net, X)}."
        )
    return ""


def _channels(layer: nn.Module) -> int:
    """How many channels a layer takes; 0 when it takes any."""
    if isinstance(layer, nn.Conv2d):
        return layer.in_channels
    return layer.num_features if isinstance(layer, nn.BatchNorm2d) else 0


def _remedy(X: Tensor, shape: tuple[int, ...]) -> str:
    if shape == tuple(X.shape):  # the input itself
        return f"build the net with in_channels={shape[-3]}"
    return f"let that layer take {shape[-3]} channels"


def _window_misfits(at: _Reached) -> bool:
    windowed = isinstance(at.layer, (nn.Conv2d, *POOLS))
    return windowed and _too_small(at.layer, at.shape[-2:])


def _ordinal(net: nn.Module, layer: nn.Module) -> str:
    """Which of its kind a layer is, in words: "pool 3"."""
    pools = isinstance(layer, POOLS)
    kind: tuple[type[nn.Module], ...] = POOLS if pools else (nn.Conv2d,)
    same = [m for m in net.modules() if isinstance(m, kind)]
    number = 1 + next(i for i, m in enumerate(same) if m is layer)
    return f"{'pool' if pools else 'convolution'} {number}"


def _needed(net: nn.Module, X: Tensor) -> str:
    """The smallest square image that every window of ``net`` fits, in words."""
    state = {
        name: torch.empty_like(value, device="meta")
        for name, value in (*net.named_parameters(), *net.named_buffers())
    }

    def fits(size: int) -> bool:
        image = torch.empty(2, X.shape[1], size, size, device="meta")
        with _watching(net) as reached:
            try:
                functional_call(net, state, (image,))
            except (RuntimeError, ValueError):
                return not (reached and _window_misfits(reached[0]))
        return True

    low = high = min(X.shape[-2:])
    while not fits(high) and high < LARGEST:
        low, high = high, 2 * high
    if low == high or not fits(high):
        return "use a larger resize"
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return f"the net needs at least {high} px"


def _too_small(layer: nn.Module, size: tuple[int, ...]) -> bool:
    """Whether the window of ``layer`` is larger than the padded input."""

    def pair(value: object) -> tuple[int, int]:
        return value if isinstance(value, tuple) else (value, value)

    kernel = pair(getattr(layer, "kernel_size", 1))
    padding = getattr(layer, "padding", 0)
    if isinstance(padding, str):  # "same" always fits, "valid" pads nothing
        padding = 0 if padding == "valid" else kernel
    dilation = pair(getattr(layer, "dilation", 1))
    return any(
        n + 2 * p < d * (k - 1) + 1
        for n, p, d, k in zip(size, pair(padding), dilation, kernel, strict=True)
    )
