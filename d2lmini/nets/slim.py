"""Networks of AlexNet's kind, each built from a plan that a study changes.

A plan checks its stages and widths.  Its pooling has stride 2, its ``dense`` must be a
tuple or a list (an iterator would be used up by the check), its ``size`` a whole number
and its ``norm`` True or False.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from d2lmini.nets.initial import he, initialise
from d2lmini.nets.stages import checked


@dataclass(frozen=True)
class Plan:
    """A network of AlexNet's kind, as data.

    ``stages``: channels, kernel, stride and pooling window of each convolution
    (window 0: no pooling; all others move by two).  ``dense``: the widths of the
    hidden dense layers; without any, each channel is averaged.  ``size``: height
    and width of the pictures.  ``norm``: normalise after each convolution.
    """

    stages: Sequence[tuple[int, int, int, int]]
    dense: Sequence[int]
    size: int
    norm: bool = False

    def __post_init__(self) -> None:
        checked(self.stages, (96, 11, 4, 0))
        if any(units < 1 for units in self.dense):
            raise ValueError(
                f"dense is {self.dense!r}: give widths from 1, or () for none."
            )


def padding(kernel: int, stride: int) -> int:
    """As in AlexNet: a convolution that moves by one keeps the size."""
    return kernel // 2 if stride == 1 else 0


def sides(plan: Plan) -> list[int]:
    """Height of the maps after each stage; ValueError where nothing is left."""
    found, side = [], plan.size
    for i, (_, kernel, stride, pool) in enumerate(plan.stages, start=1):
        side = (side + 2 * padding(kernel, stride) - kernel) // stride + 1
        if pool:
            side = (side - pool) // 2 + 1
        if side < 1:
            raise ValueError(
                f"of {plan.size}×{plan.size} pixels nothing is left after stage {i}: "
                "give a larger size, or smaller kernels, strides and windows."
            )
        found.append(side)
    return found


def stage(
    in_channels: int, channels: int, kernel: int, stride: int, pool: int, norm: bool
) -> list[nn.Module]:
    """A convolution, its activation, and its pooling if it has one."""
    margin = padding(kernel, stride)
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, channels, kernel, stride, margin, bias=not norm)
    ]
    if norm:  # which has a bias of its own
        layers.append(nn.BatchNorm2d(channels))
    layers.append(nn.ReLU())
    if pool:
        layers.append(nn.MaxPool2d(kernel_size=pool, stride=2))
    return layers


#: AlexNet itself, as its own chapter writes it out.
ALEXNET = Plan(
    stages=(
        (96, 11, 4, 3),
        (256, 5, 1, 3),
        (384, 3, 1, 0),
        (384, 3, 1, 0),
        (256, 3, 1, 3),
    ),
    dense=(4096, 4096),
    size=224,
)


def slim(
    num_classes: int = 10, in_channels: int = 1, *, plan: Plan = ALEXNET
) -> nn.Sequential:
    """(N, in_channels, plan.size, plan.size) → (N, num_classes)."""
    layers: list[nn.Module] = []
    width, side = in_channels, sides(plan)[-1]
    for channels, kernel, stride, pool in plan.stages:
        layers += stage(width, channels, kernel, stride, pool, plan.norm)
        width = channels
    if plan.dense:
        layers.append(nn.Flatten())
        width *= side**2
    else:
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    for units in plan.dense:
        layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(0.5)]
        width = units
    layers.append(nn.Linear(width, num_classes))
    return initialise(nn.Sequential(*layers), he)


#: For the first goal: ten times as fast as AlexNet, at 0.90 or more.
SLIM_FAST = Plan(
    stages=((48, 3, 1, 3), (128, 3, 1, 3), (192, 3, 1, 0), (128, 3, 1, 3)),
    dense=(),
    size=28,
    norm=True,
)

#: For the second: a fiftieth of the parameters, at 0.88 or more.
SLIM_SMALL = Plan(
    stages=((24, 3, 1, 3), (64, 3, 1, 3), (96, 3, 1, 0), (64, 3, 1, 3)),
    dense=(),
    size=28,
    norm=True,
)
