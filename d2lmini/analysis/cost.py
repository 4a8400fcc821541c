"""What a network costs before anything is measured."""

import copy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from d2lmini.analysis.summary import summary, tensors


class Cost(NamedTuple):
    """Counts for one picture."""

    parameters: int
    multiply_adds: int  # as summary counts them
    activations: int  # numbers that training keeps for the way back


def cost(net: nn.Module, shape: tuple[int, int, int]) -> Cost:
    """What ``net`` needs for one picture of ``shape`` (channels, height, width).

    Activations are the elements that all layers without layers of their own
    put out; one that hands its input on (flatten, identity) makes none.  Four
    bytes each in float32.  Nothing is computed: the pass runs on tensors
    without data.  Raises ValueError, naming the layer, for a shape that does
    not fit.
    """
    walk = summary(net, shape)
    return Cost(walk.parameters, walk.multiply_adds, _activations(net, shape))


def _activations(net: nn.Module, shape: tuple[int, int, int]) -> int:
    # In training mode, where dropout keeps a tensor too; and with two pictures,
    # since normalisation refuses one whose maps are down to one number.
    twin = copy.deepcopy(net).to("meta").train()
    made = 0

    def count(layer: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        nonlocal made
        before = {_memory(X) for X in tensors(given)}
        made += sum(Y.numel() for Y in tensors([out]) if _memory(Y) not in before)

    for layer in twin.modules():
        if not list(layer.children()):
            layer.register_forward_hook(count)
    with torch.no_grad():
        twin(torch.empty(2, *shape, device="meta"))
    return made // 2


def _memory(X: Tensor) -> int:
    """The same for tensors that share their memory."""
    return int(X.untyped_storage()._cdata)
