"""ResNet-18 (He et al., 2016a).

``stages`` has (blocks, channels) of each stage; ``block(in_channels, out_channels,
stride)`` makes one, with a stride of 2 where it halves the maps.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.stages import checked

#: (blocks, channels) of each stage of ResNet-18.
RESNET18 = ((2, 64), (2, 128), (2, 256), (2, 512))


class Residual(nn.Module):
    """What two convolutions add to their input."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.added = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.skip: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:  # shapes must agree
            self.skip = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, X: Tensor) -> Tensor:
        return torch.relu(self.added(X) + self.skip(X))


def stem(in_channels: int, channels: int) -> list[nn.Module]:
    """(N, in_channels, H, W) → (N, channels, H / 4, W / 4)."""
    return [
        nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]


def resnet18(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    stages: Sequence[tuple[int, int]] = RESNET18,
    block: Callable[[int, int, int], nn.Module] = Residual,
) -> nn.Sequential:
    """(N, in_channels, H, W) → (N, num_classes), at 96 px in the book."""
    stages = checked(stages, (2, 64))
    width = stages[0][1]
    layers = stem(in_channels, width)
    for i, (blocks, channels) in enumerate(stages):
        for j in range(blocks):
            halve = i > 0 and j == 0  # the stem has halved for the first stage
            layers.append(block(width, channels, 2 if halve else 1))
            width = channels
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes)]
    return initialise(nn.Sequential(*layers), he)
