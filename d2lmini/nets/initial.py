"""The weights that every network of the book starts from."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
xavier = nn.init.xavier_uniform_
he = nn.init.kaiming_normal_


def initialise(net: Net, weights: Callable[[Tensor], Tensor]) -> Net:
    """Draw the weights of all dense and convolutional layers, in place.

    ``weights`` is :func:`xavier` for sigmoid networks (uniform with variance
    2 / (fan in + fan out); Glorot & Bengio, 2010) or :func:`he` for ReLU
    networks (normal with variance 2 / fan in; He et al., 2015).  Biases start
    at zero; other layers stay as they are, and PyTorch's random state moves on.
    Returns ``net``.
    """
    for layer in net.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            weights(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net
