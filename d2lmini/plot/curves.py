"""The curves of a training."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from d2lmini.plot.canvas import COLOURS, MARKERS, WIDTH, canvas, finish, look
from d2lmini.plot.picture import Picture
from d2lmini.training.history import History


def curves(histories: Sequence[History], *, alt: str | None = None) -> Picture:
    """Training loss, and training and validation accuracy, of each epoch.

    One colour and marker per run; in the accuracy panel the dashed line is
    the training set and the full one the validation set.
    """
    if not histories:
        raise ValueError("there is no History to plot: give a list of at least one.")
    with look():
        figure, (left, right) = canvas(1, 2, WIDTH, 2.9)
        for i, history in enumerate(histories):
            _curve(left, right, history, COLOURS[i % 6], MARKERS[i % 6])
        left.set(xlabel="epoch", title="Training loss", ylim=(0, None))
        right.set(xlabel="epoch", title="Accuracy (dashed: training set)")
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        handles, labels = left.get_legend_handles_labels()
        if len(histories) > 1:
            columns = 4 if sum(map(len, labels)) < 60 else 2
            figure.legend(
                handles,
                labels,
                loc="outside upper center",
                ncols=columns,
                fontsize=9,
            )
        return finish(figure, alt or _read(histories), _origin(histories))


def _curve(left: Axes, right: Axes, run: History, colour: str, marker: str) -> None:
    x = range(1, len(run.epochs) + 1)
    style: Any = {"color": colour, "marker": marker}
    left.plot(x, [e.loss for e in run.epochs], label=run.name, **style)
    right.plot(x, [e.val_accuracy for e in run.epochs], **style)
    thin: Any = {"color": colour, "linestyle": "--", "linewidth": 1.2, "alpha": 0.8}
    right.plot(x, [e.train_accuracy for e in run.epochs], **thin)


def _read(histories: Sequence[History]) -> str:
    """The alt text of :func:`curves`: what the lines end at."""
    ends = [
        f"{h.name}: loss {h.epochs[0].loss:.2f} to {h.epochs[-1].loss:.2f}, validation "
        f"accuracy {h.epochs[-1].val_accuracy:.3f} after {len(h.epochs)} epochs"
        for h in histories
        if h.epochs
    ]
    return "Curves of training loss and accuracy by epoch. " + "; ".join(ends) + "."


def _origin(histories: Sequence[History]) -> str:
    return "; ".join(dict.fromkeys(h.origin for h in histories))
