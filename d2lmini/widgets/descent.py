"""The descent lab: gradient descent on the two parameters of a line, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Bool, Enum, TraitError, validate

from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Controls, Grid, Whole, Within, doubles, nested

if TYPE_CHECKING:
    import torch

CONTROLS = ("rate", "rule", "inputs", "start")
RULES = ("descent", "momentum", "Adam")
POINTS = ((0, 1.2), (1, 1.3), (2, 2.4), (3, 2.2), (4, 3.4))
VIEW = ((-2.4, 3.6), (-1.5, 4.5))  # of w and of b
LONGEST = 60
LOST = 1e6  # a loss beyond this has left for good


class DescentLab(Figure):
    """Fit the line w·x + b to `points` [x, y] by descent on half the mean square.

    From `start` [w, b] it takes `steps` steps with the learning rate `lr`, each by
    `rule`: plain descent, with momentum 0.9, or Adam, all as in torch.  With
    `standardise`, x is shifted and scaled to mean 0 and variance 1 first.  A loss
    beyond a million ends the descent.  `controls` names those of `CONTROLS` that the
    reader may change.
    """

    module = "descent"
    points = Grid(POINTS).tag(sync=True)
    start = Grid((-1.5, 3.5), ndim=1).tag(sync=True)
    lr = Within(0.02, 1e-3, 10**0.5).tag(sync=True)
    steps = Whole(20, 0, LONGEST).tag(sync=True)
    rule = Enum(RULES, RULES[0]).tag(sync=True)
    standardise = Bool(False).tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)

    @validate("start")
    def _seen(self, proposal: dict[str, Any]) -> Any:
        start = proposal["value"]
        inside = len(start) == 2 and all(
            low <= v <= high for v, (low, high) in zip(start, VIEW, strict=True)
        )
        if not inside:
            w, b = (f"from {low} to {high}".replace("-", "−") for low, high in VIEW)
            raise TraitError(f"start is {start}; give [w, b] with w {w} and b {b}.")
        return start

    @validate("points")
    def _spread(self, proposal: dict[str, Any]) -> Any:
        points = proposal["value"]
        if len(points[0]) != 2 or len({x for x, _ in points}) < 2:
            raise TraitError(
                f"points are {points}; give pairs [x, y] with two x or more."
            )
        return points

    @property
    def inputs(self) -> torch.Tensor:
        """x as the line gets it, (points,) in float64."""

        x = doubles(self.points)[:, 0]
        return (x - x.mean()) / x.std(correction=0) if self.standardise else x

    @property
    def path(self) -> torch.Tensor:
        """[w, b] at the start and after each step, (places, 2) in float64."""
        import torch

        X = torch.stack((self.inputs, torch.ones_like(self.inputs)), 1)
        y = doubles(self.points)[:, 1]
        place = doubles(self.start).requires_grad_()
        optimizer = _optimizer(self.rule, place, self.lr)
        path = [place.detach().clone()]
        for _ in range(self.steps):
            loss = (X @ place - y).square().mean() / 2
            if float(loss.detach()) >= LOST:
                break
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            path.append(place.detach().clone())
        return torch.stack(path)

    @property
    def losses(self) -> torch.Tensor:
        """The loss at each place of `path`, (places,) in float64."""

        y = doubles(self.points)[:, 1]
        w, b = self.path.split(1, dim=1)  # type: ignore[no-untyped-call]
        losses: torch.Tensor = (w * self.inputs + b - y).square().mean(1) / 2
        return losses

    def describe(self) -> str:
        """One line: the rule, the rate, the steps and the loss after them."""
        return (
            f"DescentLab: {self.rule}, learning rate {self.lr:g}, loss "
            f"{float(self.losses[-1]):.3g} after {len(self.losses) - 1} steps"
        )

    def still(self) -> str:
        """Every fifth place with its loss."""
        import torch

        rows = nested(torch.cat((self.path, self.losses[:, None]), 1)[::5])
        return still.row(
            still.table(rows, "w, b and the loss, every fifth step"),
            caption=self.describe(),
        )


def _optimizer(rule: str, place: torch.Tensor, lr: float) -> torch.optim.Optimizer:
    import torch

    if rule == "Adam":
        return torch.optim.Adam([place], lr=lr)
    return torch.optim.SGD([place], lr=lr, momentum=0.9 if rule == "momentum" else 0)
