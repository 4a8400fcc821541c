"""LeNet with a batch normalisation before each sigmoid."""

from torch import nn

from d2lmini.nets.lenet import lenet


def lenet_bn() -> nn.Sequential:
    """(N, 1, 28, 28) → (N, 10); begins with the weights that LeNet would draw."""
    layers: list[nn.Module] = []
    for layer in lenet():
        if isinstance(layer, nn.Conv2d):
            norm: nn.Module = nn.BatchNorm2d(layer.out_channels)
        if isinstance(layer, nn.Linear):
            norm = nn.BatchNorm1d(layer.out_features)
        if isinstance(layer, nn.Sigmoid):
            layers.append(norm)
        layers.append(layer)
    return nn.Sequential(*layers)
