"""The curves of a training."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from d2lmini.arguments import found, listed, whole
from d2lmini.plot.canvas import (
    MOST_CURVES,
    WIDTH,
    canvas,
    finish,
    in_legend,
    look,
    told_apart,
)
from d2lmini.plot.picture import Picture

#: Where an epoch stands, in epochs from the start, and its mean loss and accuracy.
Point = tuple[float, float, float]


class Epoch(Protocol):
    """What :func:`curves` reads of one pass over the training set."""

    @property
    def loss(self) -> float: ...

    @property
    def train_accuracy(self) -> float: ...

    @property
    def val_accuracy(self) -> float: ...


class Run(Protocol):
    """What :func:`curves` reads of a run; :class:`d2lmini.History` has it."""

    @property
    def name(self) -> str: ...

    @property
    def origin(self) -> str: ...

    @property
    def epochs(self) -> Sequence[Epoch]: ...


def curves(
    runs: Run | Sequence[Run],
    *,
    epochs: int | None = None,
    so_far: Sequence[Point] = (),
    alt: str | None = None,
) -> Picture:
    """Training loss, and training and validation accuracy, of each epoch.

    One colour and marker per run; in the accuracy panel the dashed line is the
    training set and the solid one the validation set.  With ``epochs``, the axis spans
    a run of that length from the start, or the longest of ``runs`` if that is longer;
    ``so_far`` are points (epochs, loss, accuracy) of the last run's epoch that is under
    way, joined by a dotted line.  Raises TypeError for what is no run, point or number
    of epochs, and ValueError for no run, more than 36, or ``epochs`` below 1.
    """
    runs, so_far = _listed(runs), _points(so_far)
    if epochs is not None:
        reached = (*(len(run.epochs) for run in runs), *(x for x, *_ in so_far))
        epochs = max(whole("epochs", epochs), *map(math.ceil, reached))
    with look():
        figure, (left, right) = canvas(1, 2, WIDTH, 2.9)
        for i, run in enumerate(runs):
            _curve(left, right, run, told_apart(i))
        colour = told_apart(len(runs) - 1)["color"]
        _under_way(left, right, runs[-1], so_far, colour)
        left.set(xlabel="epoch", title="Training loss")
        if not left.dataLim.y0 < 0:  # where a loss of one's own may lie
            left.set_ylim(bottom=0)
        right.set(xlabel="epoch", title="Accuracy (dashed: training set)")
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            if epochs is not None:
                axes.set_xlim(0 if so_far else 0.5, epochs + 0.5)
        if len(runs) > 1:
            columns = 4 if sum(len(run.name) for run in runs) < 60 else 2
            figure.legend(loc="outside upper center", ncols=columns, fontsize=9)
        origins = dict.fromkeys(run.origin for run in runs)
        return finish(figure, alt or _read(runs), "; ".join(origins))


def _listed(runs: Run | Sequence[Run]) -> Sequence[Run]:
    """``runs`` as a list, also of a single one."""
    several = isinstance(runs, Iterable) and not hasattr(runs, "epochs")
    each: list[Any] = list(runs) if several else [runs]  # type: ignore[arg-type]
    if not each:
        raise ValueError("there is no History to plot: give a list of at least one.")
    if len(each) > MOST_CURVES:
        raise ValueError(
            f"{len(each)} runs cannot be told apart: give at most {MOST_CURVES}."
        )
    for run in each:
        if not _is_run(run):
            wrong = run if isinstance(runs, (list, tuple)) else runs
            raise TypeError(
                f"curves draws runs, not {found(wrong)}: give what train returned."
            )
    return each


def _is_run(run: Any) -> bool:
    named = hasattr(run, "name") and hasattr(run, "origin")
    return named and isinstance(getattr(run, "epochs", None), Sequence)


def _points(so_far: Sequence[Point]) -> list[Point]:
    """``so_far`` as floats; TypeError for what are not three numbers each."""
    remedy = "give a list of points (epochs, loss, accuracy)"
    points = listed("so_far", so_far, remedy)
    try:
        made = [(float(x), float(loss), float(right)) for x, loss, right in points]
    except (TypeError, ValueError):
        raise TypeError(f"so_far is {found(so_far)}: {remedy}.") from None
    if not all(math.isfinite(x) for x, *_ in made):
        raise ValueError(f"so_far is at an epoch that is not finite: {remedy}.")
    return made


def _curve(left: Axes, right: Axes, run: Run, style: Any) -> None:
    x = range(1, len(run.epochs) + 1)
    left.plot(x, [e.loss for e in run.epochs], label=in_legend(run.name), **style)
    right.plot(x, [e.val_accuracy for e in run.epochs], **style)
    thin = {"color": style["color"], "linestyle": "--", "linewidth": 1.2, "alpha": 0.8}
    right.plot(x, [e.train_accuracy for e in run.epochs], **thin)


def _under_way(
    left: Axes, right: Axes, run: Run, so_far: Sequence[Point], colour: str
) -> None:
    """Points of the epoch that has not ended, from where the last one did."""
    if not so_far:
        return
    points = list(so_far)
    if run.epochs:
        last = run.epochs[-1]
        points.insert(0, (len(run.epochs), last.loss, last.train_accuracy))
    x, loss, accuracy = zip(*points, strict=True)
    style: Any = {"color": colour, "linestyle": ":", "linewidth": 1.2}
    for axes, y in ((left, loss), (right, accuracy)):
        axes.plot(x, y, **style)
        axes.plot(x[-1], y[-1], color=colour, marker="o", fillstyle="none")


def _read(runs: Sequence[Run]) -> str:
    """The alt text of :func:`curves`: what the lines end at."""
    ends = [
        f"{run.name}: loss {run.epochs[0].loss:.2f} to {run.epochs[-1].loss:.2f}, "
        f"validation accuracy {run.epochs[-1].val_accuracy:.3f} after "
        f"{len(run.epochs)} epochs"
        for run in runs
        if run.epochs
    ]
    said = "Curves of training loss and accuracy by epoch."
    return f"{said} {'; '.join(ends)}." if ends else said
