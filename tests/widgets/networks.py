"""Random small networks of all layers that the figures' engine has."""

import random

import torch
from torch import nn


class Residual(nn.Module):
    """A block whose input is added to its output."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, X):
        return torch.relu(self.block(X) + X)


class Branches(nn.Module):
    """Blocks side by side, their channels one after the other."""

    def __init__(self, *blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, X):
        return torch.cat([block(X) for block in self.blocks], dim=1)


def unit(rng):
    return rng.choice((nn.ReLU, nn.Sigmoid, nn.Tanh))()


def convolution(rng, inputs, side):
    """A convolution that fits, and its output's channels."""
    groups = rng.choice([g for g in (1, 1, 2, inputs) if inputs % g == 0])
    outputs = groups * rng.randint(1, 3)
    kernel = rng.choice([k for k in (1, 2, 3, 5) if k <= side + 2])
    dilation = (
        2 if kernel > 1 and 2 * (kernel - 1) + 1 <= side and rng.random() < 0.2 else 1
    )
    layer = nn.Conv2d(
        inputs,
        outputs,
        (kernel, rng.choice((1, kernel))),
        stride=rng.choice((1, 1, 2, (1, 2))),
        padding=rng.choice((0, kernel // 2)) if kernel <= side else kernel // 2 + 1,
        dilation=dilation,
        groups=groups,
        bias=rng.random() < 0.7,
    )
    return layer, outputs


def pooling(rng):
    kernel = rng.choice((2, 3, (2, 1)))
    stride = rng.choice((None, 1, 2))
    kind = rng.choice((nn.MaxPool2d, nn.AvgPool2d))
    return kind(
        kernel, stride=stride, padding=rng.choice((0, 0, 1)) if kernel != (2, 1) else 0
    )


def block(rng, channels):
    """A layer or several that keep the picture's size, and the channels after them."""
    kind = rng.random()
    if kind < 0.3:
        same = nn.Conv2d(channels, channels, 3, padding=1)
        return Residual(nn.Sequential(same, nn.BatchNorm2d(channels))), channels
    if kind < 0.5:
        more = rng.randint(1, 3)
        wide = nn.Conv2d(channels, more, 1)
        return Branches(nn.Identity(), nn.Sequential(wide, unit(rng))), channels + more
    if kind < 0.8:
        norm = nn.BatchNorm2d(channels, affine=rng.random() < 0.8, momentum=0.3)
        return norm, channels
    return nn.Dropout(0.0), channels


def build(seed):
    """A random network and the shape (C, H, W) that it takes."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    shape = (rng.randint(1, 3), rng.randint(5, 11), rng.randint(5, 11))
    layers, channels = [], shape[0]
    X = torch.zeros(2, *shape)
    for _ in range(rng.randint(1, 4)):
        side = min(X.shape[2:])
        choice = rng.random()
        if choice < 0.45:
            layer, after = convolution(rng, channels, side)
        elif choice < 0.6 and side >= 3:
            layer, after = pooling(rng), channels
        else:
            layer, after = block(rng, channels)
        with torch.no_grad():
            X, channels = layer(X), after
        layers += [layer, unit(rng)]
    if rng.random() < 0.3:
        layers.append(rng.choice((nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d))(1))
        X = X[:, :, :1, :1]
    layers += [nn.Flatten(), nn.Linear(X[0].numel(), 6), unit(rng)]
    if rng.random() < 0.5:
        layers.append(nn.BatchNorm1d(6))
    net = nn.Sequential(*layers, nn.Linear(6, 4, bias=rng.random() < 0.8))
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return net, shape
