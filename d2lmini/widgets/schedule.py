"""The schedule lab: a learning rate over a run, to be dragged."""

from __future__ import annotations

from traitlets import Enum, Int, TraitError

from d2lmini.training import schedules

from . import still
from .base import Figure
from .traits import Within, nested

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
    epochs = Int(10).tag(sync=True)
    batches = Int(430).tag(sync=True)
    step = Int(0).tag(sync=True)

    def __init__(self, **state: object) -> None:
        super().__init__(**state)
        for name, most in (("epochs", MOST_EPOCHS), ("batches", MOST_BATCHES)):
            if not 1 <= getattr(self, name) <= most:
                raise TraitError(f"{name} is {getattr(self, name)}; give 1 to {most}.")
        if not 0 <= self.step < self.epochs * self.batches:
            raise TraitError(
                f"step is {self.step}; the run has the steps 0 to "
                f"{self.epochs * self.batches - 1}."
            )

    def rate(self, progress: float) -> float:
        """The learning rate at `progress` in [0, 1] of the run."""
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
