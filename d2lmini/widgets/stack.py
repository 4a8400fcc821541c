"""The stack lab: one large kernel against 3×3 convolutions with the same field."""

from __future__ import annotations

from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Whole


class StackLab(Figure):
    """A convolution of `kernel` × `kernel`, and a stack of 3×3 that sees as much.

    All have `channels` channels in and out and keep maps of `side` × `side`.  Biases
    are left out.
    """

    module = "stack"
    kernel = Whole(7, 3, 13, odd=True).tag(sync=True)
    channels = Whole(64, 1, 1024).tag(sync=True)
    side = Whole(28, 1, 512).tag(sync=True)

    @property
    def layers(self) -> int:
        """Convolutions in the stack: each widens the field by two."""
        return int(self.kernel - 1) // 2

    @property
    def weights(self) -> tuple[int, int]:
        """Of the large kernel, and of the stack."""
        pairs = self.channels**2
        return self.kernel**2 * pairs, 9 * self.layers * pairs

    @property
    def work(self) -> tuple[int, int]:
        """Multiply–adds for one image: each weight once at every place."""
        large, stack = self.weights
        return large * self.side**2, stack * self.side**2

    def describe(self) -> str:
        """One line: both, and what the stack saves."""
        n, (large, stack) = self.kernel, self.weights
        return (
            f"StackLab: one {n}×{n} has {large:,} weights, {self.layers} of 3×3 have "
            f"{stack:,}, {stack / large:.0%}"
        )

    def still(self) -> str:
        """Weights and work of both as a table."""
        rows = [list(self.weights), list(self.work)]
        table = still.table(rows, "Weights, and multiply–adds: large kernel, stack")
        return still.row(table, caption=self.describe())
