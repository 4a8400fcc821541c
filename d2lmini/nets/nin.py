"""Network in Network (after Lin et al., 2014), with AlexNet's plan.

``stages`` has channels, kernel, stride and padding of each block but the last;
``block(in_channels, channels, kernel, stride, padding)`` makes one.
"""

from collections.abc import Callable, Sequence

from torch import nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.stages import checked


def nin_block(
    in_channels: int, out_channels: int, kernel: int, stride: int, padding: int
) -> nn.Sequential:
    """A convolution and two dense layers per pixel, ReLU after each."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1),
        nn.ReLU(),
    )


#: Channels, kernel, stride and padding of each block before the last.
NIN = ((96, 11, 4, 0), (256, 5, 1, 2), (384, 3, 1, 1))


def nin(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    stages: Sequence[tuple[int, int, int, int]] = NIN,
    block: Callable[[int, int, int, int, int], nn.Module] = nin_block,
) -> nn.Sequential:
    """(N, in_channels, H, W) → (N, num_classes), at 224 px in the book."""
    layers: list[nn.Module] = []
    for channels, kernel, stride, padding in checked(stages, NIN[0]):
        layers.append(block(in_channels, channels, kernel, stride, padding))
        layers.append(nn.MaxPool2d(kernel_size=3, stride=2))
        in_channels = channels
    layers += [nn.Dropout(0.5), block(in_channels, num_classes, 3, 1, 1)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return initialise(nn.Sequential(*layers), he)
