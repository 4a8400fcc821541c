"""How large the gradient is when it reaches each layer of a network."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini.nets.borrowed import evaluating


def gradient_sizes(net: nn.Module, X: Tensor, y: Tensor) -> dict[str, float]:
    """Root mean square of the gradient of each layer's weights, first layer first.

    The gradient is that of the mean cross entropy on one batch, ``X`` float
    (N, C, H, W) and ``y`` int64 (N,), in evaluation mode, so that no dropout
    blurs it.  Layers are called conv 1, conv 2, …, dense 1, ….  Weights,
    gradients and mode of ``net`` stay as they were.  Raises ValueError for a net
    without such layers.
    """
    weights = _weights(net)
    with evaluating(net), torch.enable_grad():
        loss = F.cross_entropy(net(X), y)
        slopes = torch.autograd.grad(loss, list(weights.values()))
    sizes = [float(slope.float().square().mean().sqrt()) for slope in slopes]
    return dict(zip(weights, sizes, strict=True))


def _weights(net: nn.Module) -> dict[str, Tensor]:
    """The weights of convolutions and dense layers, by the layer's name."""
    seen = {"conv": 0, "dense": 0}
    weights: dict[str, Tensor] = {}
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            kind = "conv" if isinstance(layer, nn.Conv2d) else "dense"
            seen[kind] += 1
            weights[f"{kind} {seen[kind]}"] = layer.weight
    if not weights:
        raise ValueError(
            f"{type(net).__name__} has no convolution and no dense layer: there is "
            "no gradient to measure."
        )
    return weights
