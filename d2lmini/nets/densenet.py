"""DenseNet (Huang et al., 2017), small, as the book uses it.

``blocks`` has the number of convolutions of each dense block; ``growth`` is how many
channels a convolution adds.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.stages import checked


def conv_block(in_channels: int, growth: int) -> nn.Sequential:
    """(N, in, H, W) → (N, growth, H, W)."""
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, growth, kernel_size=3, padding=1),
    )


class DenseBlock(nn.Module):
    """Each convolution sees what all before it have found."""

    def __init__(self, convs: int, in_channels: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            conv_block(in_channels + i * growth, growth) for i in range(convs)
        )

    def forward(self, X: Tensor) -> Tensor:
        for conv in self.convs:
            X = torch.cat([X, conv(X)], dim=1)
        return X


def transition(in_channels: int, out_channels: int) -> nn.Sequential:
    """(N, in, H, W) → (N, out, H / 2, W / 2)."""
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, out_channels, kernel_size=1),
        nn.AvgPool2d(2),
    )


def stem(in_channels: int, channels: int) -> list[nn.Module]:
    """(N, in_channels, H, W) → (N, channels, H / 4, W / 4), as in ResNet."""
    return [
        nn.Conv2d(in_channels, channels, 7, stride=2, padding=3),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]


def densenet(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    blocks: Sequence[int] = (4, 4, 4, 4),
    growth: int = 32,
) -> nn.Sequential:
    """(N, in_channels, H, W) → (N, num_classes), at 96 px in the book."""
    channels = 2 * growth
    layers = stem(in_channels, channels)
    for i, convs in enumerate(checked(blocks, 4)):
        if i > 0:
            layers.append(transition(channels, channels // 2))
            channels //= 2
        layers.append(DenseBlock(convs, channels, growth))
        channels += convs * growth
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    layers += [nn.Flatten(), nn.Linear(channels, num_classes)]
    return initialise(nn.Sequential(*layers), he)
