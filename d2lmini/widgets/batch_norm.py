"""The batch-normalisation lab: one feature, its batch, and the moving averages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from traitlets import Bool, List, TraitError, validate

from d2lmini import arguments
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Controls, Grid, Whole, Within, doubles, nested, whole

if TYPE_CHECKING:
    import torch

CONTROLS = ("data", "size", "scale", "eps", "momentum", "mode")
LARGEST_BATCH = 64
LONGEST = 40  # batches that the moving averages can take in
DRAWS = 1024  # of the noise; a longer walk through it starts again in front
DIGITS = 3
LAST_SEED = 2**32 - 1


def normal_draws(seed: int) -> list[float]:
    """`DRAWS` numbers from the standard normal distribution, rounded."""
    import torch

    seed = arguments.whole("seed", seed, least=0, most=LAST_SEED)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(DRAWS, generator=generator, dtype=torch.float32, device="cpu")
    draws: list[float] = nested(noise, DIGITS)
    return draws


def batch_size(size: Any, least: int = 1) -> int:
    """`size` as a whole number that a batch may hold; else TraitError."""
    number = whole(size)
    if number is None or not least <= number <= LARGEST_BATCH:
        raise TraitError(
            f"size is {size!r}; a batch holds {least} to {LARGEST_BATCH} numbers"
            f"{' in training' if least > 1 else ''}."
        )
    return number


class BatchNormLab(Figure):
    """Batch normalisation of one feature, in training and in prediction.

    The batch holds `size` numbers mean + spread · noise; `gamma`, `beta`, `eps`
    and `momentum` are torch's.  `seen` lists the batches that came before, each
    as [mean, spread, size, whether in training]: only those in training move the
    averages.  `seed` draws the noise.  `controls` names those of `CONTROLS` that
    the reader may change.
    """

    module = "batch_norm"
    noise = Grid([0], most=(4 * DRAWS,)).tag(sync=True)
    mean = Within(3, -5, 5).tag(sync=True)
    spread = Within(2, 0, 3).tag(sync=True)
    size = Whole(16, 1, LARGEST_BATCH).tag(sync=True)
    gamma = Within(1, -10, 10).tag(sync=True)
    beta = Within(0, -20, 20).tag(sync=True)
    eps = Within(1e-5, 1e-12, 1000).tag(sync=True)
    momentum = Within(0.1, 0, 1).tag(sync=True)
    training = Bool(True).tag(sync=True)
    seen: List[Any] = List().tag(sync=True)
    selected = Whole(0, 0, LARGEST_BATCH).tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)

    def __init__(self, *, seed: int = 0, **state: Any) -> None:
        state.setdefault("noise", normal_draws(seed))
        super().__init__(**state)

    @validate("seen")
    def _possible(self, proposal: dict[str, Any]) -> Any:
        batches = proposal["value"]
        if len(batches) > LONGEST:
            raise TraitError(f"seen has {len(batches)} batches; {LONGEST} at most.")
        return [self._seen_batch(batch) for batch in batches]

    def _seen_batch(self, batch: Any) -> list[Any]:
        known = isinstance(batch, (list, tuple)) and len(batch) == 4
        if not known or not isinstance(batch[3], bool):
            raise TraitError(
                f"seen holds {batch!r}; give [mean, spread, size, training], "
                "with training True or False."
            )
        mean, spread, size, training = batch
        traits = self.traits()
        return [
            traits["mean"].validate(self, mean),
            traits["spread"].validate(self, spread),
            batch_size(size, 2 if training else 1),
            training,
        ]

    @property
    def problem(self) -> str:
        """Why this batch cannot be normalised; empty when it can."""
        if self.training and self.size == 1:
            return (
                "A batch of one number has no spread: the number is its own mean, "
                "and the unbiased variance divides by 1 − 1 = 0. torch refuses to "
                "train on it. Take 2 numbers or more, or switch to prediction."
            )
        return ""

    @property
    def batch(self) -> torch.Tensor:
        """The numbers before batch normalisation, (size,) in float64."""
        start = sum(batch[2] for batch in self.seen)
        return self._draw(start, self.mean, self.spread, self.size)

    @property
    def moving(self) -> list[tuple[float, float]]:
        """Moving mean and variance at the start and after each batch seen.

        They start at 0 and 1; a batch in training replaces the share `momentum`
        of them by its mean and its unbiased variance.
        """
        mean, variance, start = 0.0, 1.0, 0
        line = [(mean, variance)]
        for at, spread, size, training in self.seen:
            X = self._draw(start, at, spread, size)
            start += size
            if training:
                mean += self.momentum * (float(X.mean()) - mean)
                variance += self.momentum * (float(X.var(correction=1)) - variance)
            line.append((mean, variance))
        return line

    @property
    def statistics(self) -> tuple[float, float] | None:
        """Mean and variance that this batch is normalised by, or None."""
        if self.problem:
            return None
        if not self.training:
            return self.moving[-1]
        X = self.batch
        return float(X.mean()), float(X.var(correction=0))

    @property
    def output(self) -> torch.Tensor | None:
        """The numbers after batch normalisation; None when `problem` says why."""
        if self.statistics is None:
            return None
        mean, variance = self.statistics
        normal = (self.batch - mean) / math.sqrt(variance + self.eps)
        result: torch.Tensor = self.gamma * normal + self.beta
        return result

    def _draw(self, start: int, mean: float, spread: float, size: int) -> torch.Tensor:

        z = [self.noise[(start + i) % len(self.noise)] for i in range(size)]
        return mean + spread * doubles(z)

    def describe(self) -> str:
        """One line: mode and size."""
        mode = "training" if self.training else "prediction"
        return f"BatchNormLab: {mode}, batch of {self.size}, {len(self.seen)} before it"

    def still(self) -> str:
        """The first numbers of the batch before and after."""
        rows = [("x", self.batch)]
        if self.output is not None:
            rows.append(("y", self.output))
        tables = [
            still.table(
                [nested(v[:8])], f"{name}, before" if name == "x" else "y, after"
            )
            for name, v in rows
        ]
        return still.row(
            *tables,
            caption=f"The first numbers of a batch of {self.size} before and after "
            f"batch normalisation, γ = {self.gamma:g}, β = {self.beta:g}. "
            f"{self.problem}",
        )
