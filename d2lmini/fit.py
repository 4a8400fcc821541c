"""Naming the layer that an input does not fit."""

import contextlib
from collections.abc import Iterator

from torch import Tensor, nn


@contextlib.contextmanager
def explain_misfit(net: nn.Module, X: Tensor) -> Iterator[None]:
    """Turn a failure of ``net(X)`` into one sentence that names the layer.

    Within the block, a RuntimeError from a layer becomes a ValueError with
    the layer, the shape that reached it and what it expects.
    """
    reached: list[tuple[str, nn.Module, tuple[int, ...]]] = []

    def note(name: str) -> object:
        def hook(layer: nn.Module, args: tuple[object, ...]) -> None:
            if args and isinstance(args[0], Tensor):
                reached[:] = [(name, layer, tuple(args[0].shape))]

        return hook

    leaves = [(n, m) for n, m in net.named_modules() if not list(m.children())]
    hooks = [m.register_forward_pre_hook(note(n)) for n, m in leaves]
    try:
        yield
    except RuntimeError as error:
        sentence = _sentence(net, tuple(X.shape[1:]), *reached[0]) if reached else ""
        if not sentence:
            raise
        raise ValueError(sentence) from error
    finally:
        for hook in hooks:
            hook.remove()


def _sentence(
    net: nn.Module,
    shape: tuple[int, ...],
    name: str,
    layer: nn.Module,
    reached: tuple[int, ...],
) -> str:
    """What is wrong between ``layer`` and ``reached``; empty when nothing is."""
    where = f"layer {name} ({type(layer).__name__}) of {type(net).__name__}"
    start = f"An input of {shape} does not fit: "
    if isinstance(layer, nn.Linear) and reached[-1] != layer.in_features:
        return (
            f"{start}{reached[-1]} features reach {where}, which takes "
            f"{layer.in_features}; change resize or the layer."
        )
    if isinstance(layer, nn.Conv2d):
        if reached[-3] != layer.in_channels:
            return (
                f"{start}{reached[-3]} channels reach {where}, which takes "
                f"{layer.in_channels}; build the net with in_channels={reached[-3]}."
            )
        if _too_small(layer, reached[-2:]):
            return (
                f"{start}only {reached[-2]}×{reached[-1]} pixels are left at {where}, "
                f"whose window is larger; use a larger resize."
            )
    pooled = isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d))
    if pooled and _too_small(layer, reached[-2:]):
        return (
            f"{start}only {reached[-2]}×{reached[-1]} pixels are left at {where}, "
            f"whose window is larger; use a larger resize."
        )
    return ""


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
