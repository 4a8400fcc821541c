"""The bottleneck lab: what each path of an Inception block costs."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, TraitError, validate

from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Grid, Whole

PATHS = ("1×1", "3×3", "5×5", "pooling")


class BottleneckLab(Figure):
    """An Inception block over `channels` maps of `side` × `side` numbers.

    `widths` are the channels that leave the paths 1×1, 3×3, 5×5 and pooling;
    `narrow3` and `narrow5` those between the 1×1 convolution and the large kernel.
    Without `narrowed` the large kernels read all channels, and pooling hands on all.
    `paths` says of each whether it is there, 1 or 0.
    """

    module = "bottleneck"
    channels = Whole(192, 8, 832).tag(sync=True)
    side = Whole(12, 1, 112).tag(sync=True)
    narrow3 = Whole(96, 4, 384).tag(sync=True)
    narrow5 = Whole(16, 4, 384).tag(sync=True)
    widths = Grid((64, 128, 32, 32), ndim=1).tag(sync=True)
    narrowed = Bool(True).tag(sync=True)
    paths = Grid((1, 1, 1, 1), ndim=1).tag(sync=True)

    @validate("widths", "paths")
    def _four(self, proposal: dict[str, Any]) -> Any:
        name, found = proposal["trait"].name, proposal["value"]
        least, most = (1, 512) if name == "widths" else (0, 1)
        whole = all(v == int(v) and least <= v <= most for v in found)
        if len(found) != 4 or not whole:
            raise TraitError(
                f"{name} is {found}; give four whole numbers from {least} to {most}."
            )
        return found

    def costs(self) -> list[tuple[int, int, int]]:
        """(channels, parameters, multiply–adds) of each path; zeros if it is off."""
        one, three, five, pooled = map(int, self.widths)
        if self.narrowed:
            layers = [
                [(self.channels, one, 1)],
                [(self.channels, self.narrow3, 1), (self.narrow3, three, 3)],
                [(self.channels, self.narrow5, 1), (self.narrow5, five, 5)],
                [(self.channels, pooled, 1)],
            ]
        else:
            layers = [[(self.channels, one, 1)], [(self.channels, three, 3)]]
            layers += [[(self.channels, five, 5)], []]
            pooled = self.channels
        found = []
        outs = (one, three, five, pooled)
        for on, out, path in zip(self.paths, outs, layers, strict=True):
            weights = sum(i * o * k * k for i, o, k in path)
            held = weights + sum(o for _, o, _ in path)
            found.append((out, held, weights * self.side**2) if on else (0, 0, 0))
        return found

    def describe(self) -> str:
        """One line: what goes in, what comes out, what it costs."""
        out, held, work = map(sum, zip(*self.costs(), strict=True))
        return (
            f"BottleneckLab: {self.channels} channels of {self.side}×{self.side} in, "
            f"{out} out, {held:,} parameters, {work:,} multiply–adds"
        )

    def still(self) -> str:
        """Channels, parameters and multiply–adds of each path."""
        rows = [list(cost) for cost in self.costs()]
        table = still.table(rows, "Channels, parameters and work of each path")
        return still.row(table, caption=self.describe())
