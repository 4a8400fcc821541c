"""GoogLeNet (Szegedy et al., 2015).

Its auxiliary classifiers, local response normalisations and dropout are left out.
``stages`` has the ``Paths`` of each block of each stage; ``block(in_channels, paths)``
makes one, whose output has ``out_channels(paths)``.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.stages import checked

#: Output channels along the four paths of a block:
#: 1×1; 1×1 then 3×3; 1×1 then 5×5; pooling then 1×1.
Paths = tuple[int, tuple[int, int], tuple[int, int], int]


def conv(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0
) -> nn.Sequential:
    """A convolution and its ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding), nn.ReLU()
    )


class Inception(nn.Module):
    """Four paths over the same input, concatenated over the channels."""

    def __init__(self, in_channels: int, paths: Paths) -> None:
        super().__init__()
        one, (narrow3, three), (narrow5, five), pooled = paths
        self.one = conv(in_channels, one, 1)
        self.three = nn.Sequential(
            conv(in_channels, narrow3, 1), conv(narrow3, three, 3, padding=1)
        )
        self.five = nn.Sequential(
            conv(in_channels, narrow5, 1), conv(narrow5, five, 5, padding=2)
        )
        self.pooled = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pooled, 1)
        )

    def forward(self, X: Tensor) -> Tensor:
        paths = (self.one, self.three, self.five, self.pooled)
        return torch.cat([path(X) for path in paths], dim=1)


STAGES: tuple[tuple[Paths, ...], ...] = (
    ((64, (96, 128), (16, 32), 32), (128, (128, 192), (32, 96), 64)),
    (
        (192, (96, 208), (16, 48), 64),
        (160, (112, 224), (24, 64), 64),
        (128, (128, 256), (24, 64), 64),
        (112, (144, 288), (32, 64), 64),
        (256, (160, 320), (32, 128), 128),
    ),
    ((256, (160, 320), (32, 128), 128), (384, (192, 384), (48, 128), 128)),
)


def out_channels(paths: Paths) -> int:
    """Channels of a block's output: those of its four paths, side by side."""
    one, (_, three), (_, five), pooled = paths
    return one + three + five + pooled


def googlenet(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    stages: Sequence[Sequence[Paths]] = STAGES,
    block: Callable[[int, Paths], nn.Module] = Inception,
) -> nn.Sequential:
    """(N, in_channels, H, W) → (N, num_classes), at 96 px in the book."""
    pool = (3, 2, 1)  # kernel, stride, padding
    layers: list[nn.Module] = [
        conv(in_channels, 64, 7, stride=2, padding=3),
        nn.MaxPool2d(*pool),
        conv(64, 64, 1),
        conv(64, 192, 3, padding=1),
        nn.MaxPool2d(*pool),
    ]
    channels = 192
    for i, stage in enumerate(checked(stages, [STAGES[0][0]])):
        layers += [nn.MaxPool2d(*pool)] * (i > 0)
        for paths in stage:
            layers.append(block(channels, paths))
            channels = out_channels(paths)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)]
    return initialise(nn.Sequential(*layers), he)
