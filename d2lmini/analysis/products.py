"""Products that PyTorch's own FLOP counter does not know."""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

Shape = tuple[int, ...]
aten = torch.ops.aten


def counter() -> FlopCounterMode:
    """Counts FLOPs, two for each multiply–add, of convolutions and products.

    To those that PyTorch counts come products with vectors, bilinear forms,
    deformable convolutions and attention on the CPU.
    """
    mapping: dict[Any, Callable[..., int]] = {
        aten.mv: lambda matrix, *_, **__: 2 * prod(matrix),
        aten.addmv: lambda _, matrix, *__, **___: 2 * prod(matrix),
        aten.dot: lambda vector, *_, **__: 2 * prod(vector),
        aten.vdot: lambda vector, *_, **__: 2 * prod(vector),
        aten.addbmm: lambda _, left, right, **__: 2 * prod(left) * right[-1],
        aten._addmm_activation: lambda _, a, b, **__: 2 * prod(a) * b[-1],
        aten.conv_tbc: _conv_tbc,
        aten._trilinear: _bilinear,
        aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    }
    # it is there as soon as somebody has imported torchvision
    if deformable := getattr(torch.ops.torchvision, "deform_conv2d", None):
        mapping[deformable] = _deformable
    return FlopCounterMode(display=False, custom_mapping=mapping)


def _conv_tbc(X: Shape, W: Shape, *_: Any, out_shape: Shape, **__: Any) -> int:
    return 2 * prod(out_shape) * W[0] * W[1]


def _deformable(X: Shape, W: Shape, *_: Any, out_shape: Shape, **__: Any) -> int:
    return 2 * prod(out_shape) * prod(W[1:])


def _bilinear(left: Shape, W: Shape, right: Shape, *_: Any, **__: Any) -> int:
    """A matrix for each output: by ``left``, and what comes of it by ``right``."""
    outputs, last = W[0], W[2]
    return 2 * prod(left) * outputs * last + 2 * prod(right) * outputs


def _attention(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Every query by every key, and the weights by the values."""
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
