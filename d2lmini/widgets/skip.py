"""The skip lab: the gradient in a chain, with a sum, and with concatenation."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from traitlets import Bool

from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Whole, Within, doubles, nested

if TYPE_CHECKING:
    import torch

COUNT, WIDTH, GROWTH, DEEPEST = 16, 24, 6, 32
KINDS = ("chain", "sum", "concatenation")


class SkipLab(Figure):
    """A batch of 16 through `depth` layers, in each of `KINDS`, and a gradient back.

    A layer multiplies the ReLU of its input by weights with the variance
    `gain`² / inputs.  The chain hands on that product; the sum adds the layer's input
    to it; concatenation adds 6 new units to all that there were.  With
    `normalise`, a layer first divides its input by its root mean square, which the way
    back takes for a constant.  A gradient of size 1 arrives at the end.
    """

    module = "skip"
    depth = Whole(16, 1, DEEPEST).tag(sync=True)
    gain = Within(1, 0, 2).tag(sync=True)
    normalise = Bool(False).tag(sync=True)

    def gradients(self, kind: str) -> list[float]:
        """Root mean square of the gradient in each layer's output, by autograd.

        The first is that of the input; there are `depth` + 1.
        """
        import torch

        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; take one of {list(KINDS)}.")
        batch, arriving, chain, dense = _drawn()
        outputs = [batch.requires_grad_()]
        X = outputs[0]
        for i in range(self.depth):
            size = float(X.detach().square().mean().sqrt()) if self.normalise else 0
            W = (dense if kind == "concatenation" else chain)[i][:, : X.shape[1]]
            new = (
                torch.relu(X / (size or 1)) @ W.T * (self.gain / math.sqrt(X.shape[1]))
            )
            outputs.append(X + new if kind == "sum" else new)
            X = torch.cat((X, new), 1) if kind == "concatenation" else outputs[-1]
        slopes = torch.autograd.grad(X, outputs, arriving[:, : X.shape[1]])
        return [float(slope.square().mean().sqrt()) for slope in slopes]

    def describe(self) -> str:
        """One line: depth, factor, and the first gradient by the last of each."""
        found = ((kind, self.gradients(kind)) for kind in KINDS)
        words = ", ".join(f"{kind} {g[0] / g[-1]:.2g}" for kind, g in found if g[-1])
        return (
            f"SkipLab: {self.depth} layers, factor {self.gain:g}: the gradient at the "
            f"input, as a multiple of that at the last layer: {words}"
        )

    def still(self) -> str:
        """The gradient at the input and after every fourth layer, a row each."""
        rows = nested([self.gradients(kind)[::4] for kind in KINDS])
        table = still.table(rows, "Gradients: chain, sum, concatenation")
        return still.row(table, caption=self.describe())


def _drawn() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Batch, arriving gradient, and weights of the two kinds, with variance 1."""

    most = WIDTH + DEEPEST * GROWTH
    shapes = ((COUNT, WIDTH), (COUNT, most))
    shapes += ((DEEPEST, WIDTH, WIDTH), (DEEPEST, GROWTH, most))  # type: ignore[assignment]
    noise = doubles(uniforms(sum(map(math.prod, shapes))))
    parts = noise.split([math.prod(shape) for shape in shapes])  # type: ignore[no-untyped-call]
    batch, *others = (p.view(s) for p, s in zip(parts, shapes, strict=True))
    return batch.clone(), *others


@cache
def uniforms(count: int) -> tuple[float, ...]:
    """Uniform numbers of mean 0 and variance 1, by mulberry32 as in the browser."""
    state, mask, found = 1, 0xFFFFFFFF, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) & mask
        t = ((state ^ state >> 15) * (1 | state)) & mask
        t = ((t + ((t ^ t >> 7) * (61 | t) & mask)) & mask) ^ t
        found.append(((t ^ t >> 14) / 2**32 - 0.5) * math.sqrt(12))
    return tuple(found)
