"""The stack lab: one large kernel against 3×3 convolutions with the same field."""

from __future__ import annotations

from traitlets import Int, TraitError

from . import still
from .base import Figure

LEAST, MOST = 3, 13  # odd kernels


class StackLab(Figure):
    """A convolution of `kernel` × `kernel`, and a stack of 3×3 that sees as much.

    All have `channels` channels in and out and keep maps of `side` × `side`.  Biases
    are left out.
    """

    module = "stack"
    kernel = Int(7).tag(sync=True)
    channels = Int(64).tag(sync=True)
    side = Int(28).tag(sync=True)

    def __init__(self, **state: object) -> None:
        super().__init__(**state)
        if self.kernel not in range(LEAST, MOST + 1, 2):
            raise TraitError(
                f"kernel is {self.kernel}; give an odd number from {LEAST} to {MOST}."
            )
        for name, most in (("channels", 1024), ("side", 512)):
            if not 1 <= getattr(self, name) <= most:
                raise TraitError(f"{name} is {getattr(self, name)}; give 1 to {most}.")

    @property
    def layers(self) -> int:
        """Convolutions in the stack: each widens the field by two."""
        return (self.kernel - 1) // 2

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
