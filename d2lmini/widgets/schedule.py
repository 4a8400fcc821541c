"""The schedule lab: a learning rate over a run, to be dragged."""

from __future__ import annotations

from typing import Any

from traitlets import Enum, TraitError, validate

from d2lmini.arguments import share
from d2lmini.training import schedules
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Whole, Within, nested, proposed

KINDS = ("one cycle", "cosine", "constant")
MOST_EPOCHS, MOST_BATCHES = 30, 10_000


class ScheduleLab(Figure):
    """The learning rate `lr` times a schedule, over `epochs` of `batches` steps each.

    `kind` is one of `KINDS`, as in `d2lmini.schedules`; `warm_up` is the share of the
    run that one cycle spends on the way up.  `step` is the one that is read off.
    """

    module = "schedule"
    kind = Enum(KINDS, KINDS[0]).tag(sync=True)
    lr = Within(0.01, 1e-4, 1).tag(sync=True)
    warm_up = Within(0.3, 0.02, 0.98).tag(sync=True)
    epochs = Whole(10, 1, MOST_EPOCHS).tag(sync=True)
    batches = Whole(430, 1, MOST_BATCHES).tag(sync=True)
    step = Whole(0, 0, MOST_EPOCHS * MOST_BATCHES - 1).tag(sync=True)

    @validate("epochs", "batches", "step")
    def _in_the_run(self, proposal: dict[str, Any]) -> Any:
        epochs, batches, step = proposed(proposal, "epochs", "batches", "step")
        if step >= epochs * batches:
            raise TraitError(
                f"step is {step}; the run has the steps 0 to {epochs * batches - 1}."
            )
        return proposal["value"]

    def rate(self, progress: float) -> float:
        """The learning rate at `progress` in [0, 1] of the run."""
        progress = share("progress", progress, example="0.5")
        if self.kind == "one cycle":
            factor = schedules.one_cycle(progress, warm_up=self.warm_up)
        elif self.kind == "cosine":
            factor = schedules.cosine(progress)
        else:
            factor = schedules.constant(progress)
        return float(self.lr) * factor

    def describe(self) -> str:
        """One line: the schedule, its highest rate and its length."""
        return (
            f"ScheduleLab: {self.kind}, highest rate {self.lr:g}, {self.epochs} epochs "
            f"of {self.batches} steps"
        )

    def still(self) -> str:
        """The rate at every tenth of the run, in thousandths."""
        rates = [[1000 * self.rate(i / 10) for i in range(11)]]
        table = still.table(nested(rates), "Rate · 1000 at each tenth of the run")
        return still.row(table, caption=self.describe())
