"""A network that a function borrows comes back as it was."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def borrowed(net: nn.Module) -> Iterator[None]:
    """Afterwards each layer is in the mode that it was in, and the weights lie in
    memory as they lay; what they are may have changed."""
    with modes_kept(net), layout_kept(net):
        yield


@contextlib.contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Every layer in evaluation mode meanwhile, and afterwards as it was.

    ``net.train(was_training)`` would set all layers alike, and so thaw one that was
    frozen on purpose.
    """
    with modes_kept(net):
        net.eval()
        yield


@contextlib.contextmanager
def modes_kept(net: nn.Module) -> Iterator[None]:
    """Afterwards each layer is in the mode, training or evaluation, that it was in."""
    modes = {layer: layer.training for layer in net.modules()}
    try:
        yield
    finally:
        for layer, training in modes.items():
            layer.training = training


@contextlib.contextmanager
def layout_kept(net: nn.Module) -> Iterator[None]:
    """Afterwards the weights lie in memory in the order that they lay in."""
    strides = {weight: weight.stride() for weight in net.parameters()}
    try:
        yield
    finally:
        for weight, before in strides.items():
            if weight.stride() != before and weight.ndim == len(before):
                data = torch.empty_strided(
                    weight.shape, before, dtype=weight.dtype, device=weight.device
                )
                weight.data = data.copy_(weight.data)


def lay_out(net: nn.Module, layout: torch.memory_format) -> None:
    """Put the weights of convolutions in another order in memory; values stay."""
    for weight in net.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=layout)
