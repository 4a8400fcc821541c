"""LeNet-5 (LeCun et al., 1998), as its chapter writes it.

``pool`` is a class of layers, called with ``kernel_size`` and ``stride``; ``padding``
that of the first convolution, any whole number from 0.
"""

from torch import nn

from d2lmini.nets.initial import initialise, xavier


def lenet(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    pool: type[nn.Module] = nn.AvgPool2d,
    padding: int = 2,
) -> nn.Sequential:
    """(N, in_channels, 28, 28) → (N, num_classes); padding is 2 or 0."""
    side = 4 + padding // 2  # of the last feature maps
    net = nn.Sequential(
        nn.Conv2d(in_channels, 6, kernel_size=5, padding=padding),
        nn.Sigmoid(),
        pool(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5),
        nn.Sigmoid(),
        pool(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * side * side, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, num_classes),
    )
    return initialise(net, xavier)
