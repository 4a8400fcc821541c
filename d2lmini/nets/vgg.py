"""The networks of VGG with 3×3 kernels alone (Simonyan & Zisserman, 2015).

``stages`` has (convolutions, channels) of each block; ``ratio``, a whole number,
divides the channels; ``size`` is that of the pictures, which each block halves.
"""

from collections.abc import Sequence

from torch import nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.stages import checked

#: (convolutions, channels) of each block of VGG-11.
VGG11 = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))


def vgg_block(convs: int, in_channels: int, out_channels: int) -> nn.Sequential:
    """(N, in, H, W) → (N, out, H / 2, W / 2)."""
    layers: list[nn.Module] = []
    for _ in range(convs):
        layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU()]
        in_channels = out_channels
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def vgg11(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    stages: Sequence[tuple[int, int]] = VGG11,
    ratio: int = 1,
    size: int = 224,
) -> nn.Sequential:
    """(N, in_channels, size, size) → (N, num_classes); ratio divides channels."""
    blocks: list[nn.Module] = []
    for convs, channels in checked(stages, (1, 64)):
        blocks.append(vgg_block(convs, in_channels, channels // ratio))
        in_channels = channels // ratio
    side = size // 2 ** len(stages)  # each block halves it
    net = nn.Sequential(
        *blocks,
        nn.Flatten(),
        nn.Sequential(nn.Linear(in_channels * side**2, 4096), nn.ReLU(), nn.Dropout()),
        nn.Sequential(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()),
        nn.Linear(4096, num_classes),
    )
    return initialise(net, he)
