"""The signal lab: what ten layers do to a signal and to a gradient, before training."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from traitlets import Enum

from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Whole, Within, doubles, nested

if TYPE_CHECKING:
    import torch

DEPTH, WIDTH, COUNT = 10, 64, 32  # layers, units in each, pictures
UNITS = ("none", "tanh", "ReLU", "sigmoid")


class SignalLab(Figure):
    """A batch of 32 through ten dense layers of 64 units, and a gradient back.

    Weights are normal with the variance `gain`² / 64, biases zero, and `unit`, one of
    `UNITS`, follows each layer.  The batch and the gradient that arrives at layer 10
    are normal with variance 1.  `seed` draws all of them.
    """

    module = "signal"
    unit = Enum(UNITS, "tanh").tag(sync=True)
    gain = Within(1, 0.1, 10).tag(sync=True)
    seed = Whole(0, 0, 2**32 - 1).tag(sync=True)

    @property
    def layers(self) -> list[torch.Tensor]:
        """The batch, then the output of each layer: eleven times (32, 64), float64."""
        batch, _, weights = self._drawn()
        outputs = [batch]
        for W in weights:
            outputs.append(self._function()(outputs[-1] @ W.T))
        return outputs

    @property
    def signal(self) -> list[float]:
        """Root mean square of each of `layers`."""
        return [_size(Y) for Y in self.layers]

    @property
    def spread(self) -> list[float]:
        """How far apart the pictures are in each of `layers`: a unit's deviation."""
        return [float(Y.var(0, correction=0).mean().sqrt()) for Y in self.layers]

    @property
    def gradient(self) -> list[float]:
        """Root mean square of the gradient in each of `layers`, by autograd."""
        import torch

        batch, arriving, weights = self._drawn()
        outputs = [batch.requires_grad_()]
        for W in weights:
            outputs.append(self._function()(outputs[-1] @ W.T))
        return [_size(g) for g in torch.autograd.grad(outputs[-1], outputs, arriving)]

    def _function(self) -> Callable[[torch.Tensor], torch.Tensor]:
        import torch

        functions = (lambda Z: 1 * Z, torch.tanh, torch.relu, torch.sigmoid)
        return dict(zip(UNITS, functions, strict=True))[self.unit]

    def _drawn(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Batch and gradient, each (32, 64), and weights (10, 64, 64), float64."""

        noise = doubles(normals(self.seed))
        pictures, size = (2, COUNT, WIDTH), 2 * COUNT * WIDTH
        batch, arriving = noise[:size].view(pictures).clone()
        W = noise[size:].view(DEPTH, WIDTH, WIDTH)
        return batch, arriving, self.gain / math.sqrt(WIDTH) * W

    def describe(self) -> str:
        """One line: the units, the factor and what they do."""
        signal, gradient = self.signal, self.gradient
        return (
            f"SignalLab: {self.unit}, factor {self.gain:g}: signal times "
            f"{signal[-1] / signal[0]:.2g}, gradient times "
            f"{gradient[0] / gradient[-1]:.2g}"
        )

    def still(self) -> str:
        """Signal and gradient at each layer."""
        rows = nested([self.signal, self.gradient])
        return still.row(
            still.table(rows, "Signal, and gradient, at layers 0 to 10"),
            caption=self.describe(),
        )


def _size(Y: torch.Tensor) -> float:
    return float(Y.square().mean().sqrt())


@cache
def normals(seed: int) -> tuple[float, ...]:
    """As many normal numbers as the lab needs, by the rule that the browser follows.

    Uniform ones by mulberry32, made normal by Box and Muller's cosine.
    """
    state, mask = seed, 0xFFFFFFFF

    def uniform() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & mask
        t = ((state ^ state >> 15) * (1 | state)) & mask
        t = ((t + ((t ^ t >> 7) * (61 | t) & mask)) & mask) ^ t
        return (t ^ t >> 14) / 2**32

    return tuple(
        math.sqrt(-2 * math.log(1 - uniform())) * math.cos(2 * math.pi * uniform())
        for _ in range(2 * COUNT * WIDTH + DEPTH * WIDTH * WIDTH)
    )
