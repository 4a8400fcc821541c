"""The softmax lab: logits to move, their probabilities, the loss of the true class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from traitlets import List, TraitError, validate

from d2lmini.arguments import listed
from d2lmini.data import CLASSES
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Grid, Whole, Within, doubles, nested, proposed

if TYPE_CHECKING:
    import torch

LIMIT = 10.0
MOST = 64  # classes
EXAMPLE = (0.5, -3.0, 0.0, -1.0, 0.5, 1.5, 0.5, 2.5, 1.0, 3.0)


class SoftmaxLab(Figure):
    """From logits to probabilities to a loss.

    `logits` are one number a class, from −10 to 10, and `labels` the classes' names.
    All logits are multiplied by `scale`, then `shift` is added.  `target` is the true
    class, counted from 0.
    """

    module = "softmax"
    logits = Grid(EXAMPLE, most=(MOST,)).tag(sync=True)
    labels: List[Any] = List(list(CLASSES)).tag(sync=True)
    target = Whole(9, 0, MOST - 1).tag(sync=True)
    scale = Within(1, 0, 4).tag(sync=True)
    shift = Within(0, -LIMIT, LIMIT).tag(sync=True)

    def __init__(
        self,
        logits: Any = EXAMPLE,
        *,
        labels: Sequence[str] | None = None,
        **state: Any,
    ) -> None:
        names = CLASSES if labels is None else labels
        names = listed("labels", names, "give a list of the classes' names")
        super().__init__(logits=logits, labels=names, **state)

    @validate("logits", "labels", "target")
    def _fits(self, proposal: dict[str, Any]) -> Any:
        logits, labels, target = proposed(proposal, "logits", "labels", "target")
        if max(abs(v) for v in logits) > LIMIT:
            raise TraitError(f"logits are {logits}; the lab takes −10 to 10.")
        if not all(isinstance(label, str) for label in labels):
            raise TraitError(f"labels are {labels}; give the classes' names, in words.")
        if len(logits) != len(labels):
            raise TraitError(
                f"There are {len(logits)} logits and {len(labels)} labels; give one "
                "logit to each class."
            )
        if not 0 <= target < len(labels):
            raise TraitError(
                f"target is {target}; give a class from 0 to {len(labels) - 1}."
            )
        return proposal["value"]

    @property
    def moved(self) -> torch.Tensor:
        """The logits after `scale` and `shift`, (classes,) in float64."""

        logits = doubles(self.logits)
        moved: torch.Tensor = self.scale * logits + self.shift
        return moved

    @property
    def probabilities(self) -> torch.Tensor:
        """What softmax makes of them, (classes,) in float64."""
        probabilities: torch.Tensor = self.moved.softmax(0)
        return probabilities

    @property
    def loss(self) -> float:
        """The cross-entropy with the true class, in nats."""
        return -float(self.moved.log_softmax(0)[self.target])

    def describe(self) -> str:
        """One line: the true class, its probability and its loss."""
        return (
            f"SoftmaxLab: true class {self.labels[self.target]}, probability "
            f"{self.probabilities[self.target]:.3f}, loss {self.loss:.3f}"
        )

    def still(self) -> str:
        """Logits and probabilities as a table."""
        rows = nested([self.moved.tolist(), self.probabilities.tolist()])
        return still.row(
            still.table(rows, "Logits, and their probabilities"),
            caption=f"{', '.join(self.labels)}. {self.describe()}",
        )
