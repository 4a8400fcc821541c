"""Network in Network (Lin et al., 2013)."""

from torch import nn

from d2lmini.nets.initial import he, initialise


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


def nin(num_classes: int = 10, in_channels: int = 1) -> nn.Sequential:
    """(N, in_channels, H, W) → (N, num_classes), at 224 px in the book."""
    net = nn.Sequential(
        nin_block(in_channels, 96, kernel=11, stride=4, padding=0),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nin_block(96, 256, kernel=5, stride=1, padding=2),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nin_block(256, 384, kernel=3, stride=1, padding=1),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Dropout(0.5),
        nin_block(384, num_classes, kernel=3, stride=1, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return initialise(net, he)
