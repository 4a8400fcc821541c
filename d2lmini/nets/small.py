"""ResNet-18 for small pictures: as deep, without the stem that quarters the sides."""

from collections.abc import Sequence

from torch import nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.resnet import Residual
from d2lmini.nets.stages import checked

#: (blocks, channels) of each stage: ResNet-18 with half the channels.
HALF = ((2, 32), (2, 64), (2, 128), (2, 256))


def small_resnet(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    stages: Sequence[tuple[int, int]] = HALF,
) -> nn.Sequential:
    """(N, in_channels, H, W) → (N, num_classes), at 28 px in the book.

    One 3×3 convolution stands in place of the stem, as He et al. (2016a, section 4.2)
    have it for pictures of 32 px, so that the first stage works on whole pictures.
    """
    stages = checked(stages, (2, 32))
    width = stages[0][1]
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    for i, (blocks, channels) in enumerate(stages):
        for j in range(blocks):
            layers.append(Residual(width, channels, 2 if i > 0 and j == 0 else 1))
            width = channels
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes)]
    return initialise(nn.Sequential(*layers), he)
