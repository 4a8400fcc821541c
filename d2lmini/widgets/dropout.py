"""The dropout lab: what a layer's output becomes in a training step, and on average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from d2lmini.arguments import whole
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.labs import picture
from d2lmini.widgets.traits import Grid, Whole, Within, doubles, nested

if TYPE_CHECKING:
    import torch

SIDE, MOST_STEPS, MOST_SEED = 28, 400, 9999


class DropoutLab(Figure):
    """A layer's output, drawn as the picture `image`, under dropout with `p`.

    `seed` is the training step that is shown; from it on, `steps` of them are
    averaged.  In each step a number is zero with probability `p`, and otherwise
    divided by 1 − `p`.
    """

    module = "dropout"
    image = Grid([[0]], most=(SIDE, SIDE)).tag(sync=True)
    p = Within(0.5, 0, 0.95).tag(sync=True)
    steps = Whole(1, 1, MOST_STEPS).tag(sync=True)
    seed = Whole(0, 0, MOST_SEED).tag(sync=True)

    def __init__(self, image: Any, **state: Any) -> None:
        super().__init__(image=picture(image, SIDE), **state)

    def kept(self, step: int) -> torch.Tensor:
        """Which numbers stay in training step `step`: bool, in the image's shape."""
        step = whole("step", step, least=0)
        rows, columns = len(self.image), len(self.image[0])
        first = step * rows * columns + 1
        drawn = [chance(first + n) for n in range(rows * columns)]
        numbers: torch.Tensor = doubles(drawn)
        kept: torch.Tensor = numbers.view(rows, columns) >= self.p
        return kept

    def output(self, step: int) -> torch.Tensor:
        """What leaves the layer in training step `step`, float64."""
        import torch

        image = doubles(self.image)
        return torch.where(self.kept(step), image / (1 - self.p), 0.0)

    def describe(self) -> str:
        """One line: the probability, and how many numbers this step drops."""
        kept = self.kept(self.seed)
        return (
            f"DropoutLab: p = {self.p:g}, {int((~kept).sum())} of {kept.numel()} "
            "numbers dropped in this step"
        )

    def still(self) -> str:
        """The output without dropout, and in this step."""
        pixels = [v for row in self.image for v in row]
        ends = (min(0, *pixels), 2 * max(pixels))
        said = ". White is 2 times the largest number without dropout"
        return still.row(
            still.grid(self.image, "Without dropout", ends),
            still.grid(nested(self.output(self.seed), 3), "In this step", ends),
            caption=self.describe() + said * still.is_picture(self.image),
        )


def chance(n: int) -> float:
    """A number in [0, 1) for each `n`, by the rule that the browser follows."""
    mask = 0xFFFFFFFF
    n &= mask
    t = ((n ^ n >> 16) * 0x21F0AAAD) & mask
    t = ((t ^ t >> 15) * 0x735A2D97) & mask
    return (t ^ t >> 15) / 2**32
