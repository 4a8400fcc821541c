"""The weights that every network of the book starts from."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2lmini.arguments import found, function, instance
from d2lmini.nets.needs import CONVOLUTIONS

Net = TypeVar("Net", bound=nn.Module)
xavier = nn.init.xavier_uniform_
he = nn.init.kaiming_normal_


def initialise(net: Net, weights: Callable[[Tensor], Tensor]) -> Net:
    """Draw the weights of all dense and convolutional layers, in place.

    ``weights(W)``, which writes into ``W``, is :func:`xavier` for sigmoid networks
    (uniform with variance 2 / (fan in + fan out); Glorot & Bengio, 2010) or :func:`he`
    for ReLU networks (normal with variance 2 / fan in; He et al., 2015).  Biases start
    at zero; other layers, transposed convolutions too, stay as they are, and PyTorch's
    random state moves on.  Returns ``net``.  Raises TypeError for another kind of
    argument, and ValueError for ``weights`` that returns new ones, a layer without
    inputs or outputs, one that does not know its size yet, and one whose weights are
    no parameters (computed from others, or a buffer) or made in inference mode.
    """
    instance("net", net, nn.Module, "give a network, made with brackets: lenet()")
    function("weights", weights, "give a function such as nets.he")
    layers = [m for m in net.modules() if isinstance(m, (nn.Linear, *CONVOLUTIONS))]
    for layer in layers:
        _check(layer)
    for layer in layers:
        _draw(layer.weight, weights)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return net


def _draw(W: Tensor, weights: Callable[[Tensor], object]) -> None:
    """Let ``weights`` write into ``W``; ValueError where it makes others instead."""
    before = _version(W)
    made = weights(W)
    if not isinstance(made, Tensor) or made.shape != W.shape or _version(W) != before:
        return
    if made.untyped_storage().data_ptr() != W.untyped_storage().data_ptr():
        raise ValueError(
            f"weights returns {found(made)} of its own, which would be lost: give a "
            "function that writes into the tensor it gets, such as nets.he."
        )


def _version(W: Tensor) -> int:
    """Another one once ``W`` has been written into; in inference mode nobody counts."""
    return 0 if W.is_inference() else W._version


def _check(layer: Any) -> None:
    kind = type(layer).__name__
    if is_lazy(layer.weight):
        raise ValueError(f"a {kind} has no size yet: put a batch through it first.")
    if 0 in (shape := tuple(layer.weight.shape)):
        raise ValueError(
            f"a {kind} has weights of shape {shape}, so that nothing comes in or out: "
            "give it more channels or features, or the net a larger size."
        )
    given = (layer.weight, layer.bias)
    if not all(values is None or isinstance(values, nn.Parameter) for values in given):
        raise ValueError(
            f"the weights of a {kind} are no parameters, but computed from others at "
            "each pass, as weight_norm and pruning have it, or kept as a buffer: "
            "initialise the net before that is set up."
        )
    made = any(values is not None and values.is_inference() for values in given)
    if made and not torch.is_inference_mode_enabled():
        raise ValueError(
            f"the weights of a {kind} were made within torch.inference_mode, and "
            "cannot be changed outside: make the net outside as well."
        )
