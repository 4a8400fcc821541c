"""How large the gradient is when it reaches each layer of a network."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini.arguments import instance
from d2lmini.nets.borrowed import evaluating
from d2lmini.nets.misfit import explain_misfit, is_network


def gradient_sizes(net: nn.Module, X: Tensor, y: Tensor) -> dict[str, float]:
    """Root mean square of the gradient of each layer's weights, first layer first.

    The gradient is that of the mean cross entropy on one batch, ``X`` float
    (N, C, H, W) and ``y`` int64 (N,), in evaluation mode, so that no dropout
    blurs it.  Layers are called conv 1, conv 2, …, dense 1, ….  Those that are
    frozen or that ``net(X)`` does not use are left out.  Weights, gradients and mode
    of ``net`` stay as they were.  Raises ValueError for a net without such layers,
    for one that does not give a row of logits for each image, and for images that do
    not fit.
    """
    is_network("net", net)
    instance("X", X, Tensor, "give a batch of images, (N, C, H, W)")
    instance("y", y, Tensor, "give the labels of the batch, int64 (N,)")
    weights = _weights(net)
    first = next(iter(weights.values()))
    X, y = X.to(first.device, first.dtype), y.to(first.device)
    with evaluating(net), explain_misfit(net, X), torch.enable_grad():
        logits = net(X)
        _check(logits, y)
        slopes = torch.autograd.grad(
            F.cross_entropy(logits, y), list(weights.values()), allow_unused=True
        )
    return {
        name: float(slope.float().square().mean().sqrt())
        for name, slope in zip(weights, slopes, strict=True)
        if slope is not None
    }


def _check(logits: Any, y: Tensor) -> None:
    """One row of logits for each label, and a column for each class."""
    instance("the output of the net", logits, Tensor, "let it return its logits alone")
    if logits.ndim != 2 or y.ndim != 1 or len(logits) != len(y):
        raise ValueError(
            f"the net gives {tuple(logits.shape)} for labels {tuple(y.shape)}: it must "
            "give one row of logits for each of N labels, (N, classes)."
        )
    if (last := int(y.max())) >= logits.shape[1]:
        raise ValueError(
            f"the net has {logits.shape[1]} outputs and there is a label {last}: let "
            "its last layer have one output for each class."
        )


def _weights(net: nn.Module) -> dict[str, Tensor]:
    """The weights of convolutions and dense layers that learn, by the layer's name."""
    seen = {"conv": 0, "dense": 0}
    weights: dict[str, Tensor] = {}
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            kind = "conv" if isinstance(layer, nn.Conv2d) else "dense"
            seen[kind] += 1
            if layer.weight.requires_grad:
                weights[f"{kind} {seen[kind]}"] = layer.weight
    if not any(seen.values()):
        raise ValueError(
            f"{type(net).__name__} has no convolution and no dense layer: there is "
            "no gradient to measure."
        )
    if not weights:
        raise ValueError(
            f"every layer of {type(net).__name__} is frozen: there is no gradient to "
            "measure; set requires_grad of some weights."
        )
    return weights
