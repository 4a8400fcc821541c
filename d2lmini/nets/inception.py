"""The Inception block in six other forms, and GoogLeNet with batch normalisation.

``normalise`` looks for two-dimensional convolutions among a net's layers: a net that is
one itself stays as it is, and so do the other kinds.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from d2lmini.nets.googlenet import (
    STAGES,
    Inception,
    Paths,
    conv,
    googlenet,
    out_channels,
)

Net = TypeVar("Net", bound=nn.Module)


def normalise(net: Net) -> Net:
    """Put batch normalisation behind every convolution of ``net``, in place.

    The convolutions lose their biases, which the normalisation would take off
    again (Ioffe & Szegedy, 2015).  Returns ``net``.
    """
    for name, layer in net.named_children():
        if isinstance(layer, nn.Conv2d):
            layer.bias = None
            pair = nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels))
            setattr(net, name, pair)
        else:
            normalise(layer)
    return net


class InceptionBN(Inception):
    """Every convolution of the four paths is normalised, before its ReLU."""

    def __init__(self, in_channels: int, paths: Paths) -> None:
        super().__init__(in_channels, paths)
        normalise(self)


class InceptionThenBN(Inception):
    """The four paths as they are, and what leaves them is normalised."""

    def __init__(self, in_channels: int, paths: Paths) -> None:
        super().__init__(in_channels, paths)
        self.norm = nn.BatchNorm2d(out_channels(paths))

    def forward(self, X: Tensor) -> Tensor:
        joined: Tensor = self.norm(super().forward(X))
        return joined


class InceptionTwoThrees(Inception):
    """Two 3×3 convolutions in place of the 5×5; the second one widens."""

    def __init__(self, in_channels: int, paths: Paths) -> None:
        super().__init__(in_channels, paths)
        narrow, wide = paths[2]
        self.five[1] = nn.Sequential(
            conv(narrow, narrow, 3, padding=1), conv(narrow, wide, 3, padding=1)
        )


class InceptionLinearThrees(Inception):
    """The two 3×3 without the ReLU between them, so one linear map, 5×5 wide."""

    def __init__(self, in_channels: int, paths: Paths) -> None:
        super().__init__(in_channels, paths)
        narrow, wide = paths[2]
        self.five[1] = nn.Sequential(
            nn.Conv2d(narrow, narrow, 3, padding=1), conv(narrow, wide, 3, padding=1)
        )


def row_column(narrow: int, wide: int, n: int) -> nn.Sequential:
    """1×n, then n×1: together they see n×n; the second one widens."""
    return nn.Sequential(
        nn.Conv2d(narrow, narrow, (1, n), padding=(0, n // 2)),
        nn.ReLU(),
        nn.Conv2d(narrow, wide, (n, 1), padding=(n // 2, 0)),
        nn.ReLU(),
    )


class InceptionAsymmetric(Inception):
    """1×n and n×1 in place of each n×n convolution (Szegedy et al., 2016)."""

    def __init__(self, in_channels: int, paths: Paths) -> None:
        super().__init__(in_channels, paths)
        self.three[1] = row_column(*paths[1], 3)
        self.five[1] = row_column(*paths[2], 5)


def asymmetric_first(in_channels: int, paths: Paths) -> Inception:
    """Rows and columns in GoogLeNet's first two blocks alone, on its largest maps.

    Raises ValueError for paths of other widths, which do not say where they stand.
    """
    if not any(paths in stage for stage in STAGES):
        raise ValueError(f"{paths} is none of GoogLeNet's blocks: give one of STAGES.")
    block = InceptionAsymmetric if paths in STAGES[0] else Inception
    return block(in_channels, paths)


class InceptionResidual(Inception):
    """What the four paths add to their input (Szegedy et al., 2017).

    A 1×1 convolution without ReLU mixes the paths; ``scale`` makes what it
    adds small at first.  The input is projected where its channels differ.
    """

    def __init__(self, in_channels: int, paths: Paths, scale: float = 0.2) -> None:
        super().__init__(in_channels, paths)
        channels = out_channels(paths)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.skip: nn.Module = nn.Identity()
        if in_channels != channels:
            self.skip = nn.Conv2d(in_channels, channels, 1)
        self.scale = scale

    def forward(self, X: Tensor) -> Tensor:
        added = self.mix(super().forward(X))
        return torch.relu(self.skip(X) + self.scale * added)


def googlenet_bn(
    num_classes: int = 10,
    in_channels: int = 1,
    *,
    stages: Sequence[Sequence[Paths]] = STAGES,
    block: Callable[[int, Paths], nn.Module] = Inception,
) -> nn.Sequential:
    """GoogLeNet, every convolution normalised, those of the stem as well."""
    return normalise(googlenet(num_classes, in_channels, stages=stages, block=block))
