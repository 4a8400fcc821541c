"""What networks get right and wrong, class by class."""

from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from d2lmini.data import CLASSES
from d2lmini.plot.canvas import COLOURS, MARKERS, WIDTH, canvas, finish, look
from d2lmini.plot.picture import Picture

_CENTRED: Any = {"ha": "center", "va": "center", "fontsize": 8}


def per_class(counts: Mapping[str, Tensor], *, alt: str | None = None) -> Picture:
    """Accuracy of each class, from confusion matrices int (10, 10), as dots.

    ``counts`` maps the name of a network to its matrix (row true class), at
    most six.  Classes are sorted by the first network's accuracy, hardest on
    top; a line joins the dots of a class.  Raises ValueError for a matrix of
    another shape.
    """
    shares = {name: _shares(name, matrix) for name, matrix in _some(counts).items()}
    first = next(iter(shares.values()))
    order = first.argsort(stable=True).tolist()
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 3.8)
        _dots(ax, {name: values[order] for name, values in shares.items()})
        ax.set_yticks(range(len(CLASSES)), [CLASSES[i] for i in order])
        ax.set_xlabel("share of the class that is right")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper left", ncols=6, handletextpad=0.2)
    return finish(figure, alt or _read(shares))


def _some(counts: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    if not 1 <= len(counts) <= len(COLOURS):
        raise ValueError(
            f"there are {len(counts)} networks to compare: give 1 to {len(COLOURS)}."
        )
    return counts


def _shares(name: str, matrix: Tensor) -> Tensor:
    """Accuracy float64 (10,); 0 for a class without images."""
    n = len(CLASSES)
    if tuple(matrix.shape) != (n, n):
        raise ValueError(
            f"the counts of {name!r} are {tuple(matrix.shape)}: give a confusion "
            f"matrix ({n}, {n})."
        )
    matrix = matrix.cpu().double()
    return matrix.diagonal() / matrix.sum(1).clamp(min=1)


def _dots(ax: Axes, shares: Mapping[str, Tensor]) -> None:
    stacked = torch.stack(list(shares.values()))  # (networks, 10)
    places = list(range(stacked.shape[1]))
    low, high = stacked.min(0).values.tolist(), stacked.max(0).values.tolist()
    ax.hlines(places, low, high, color="#b5b5b5", linewidth=2.2, zorder=1)
    for i, (name, values) in enumerate(shares.items()):
        style = {"color": COLOURS[i], "marker": MARKERS[i], "s": 46}
        ax.scatter(values.tolist(), places, label=name, **style)  # type: ignore[arg-type]


def _read(shares: Mapping[str, Tensor]) -> str:
    """The alt text: each network's worst class, and the largest gain."""
    parts = []
    for name, values in shares.items():
        worst = int(values.argmin())
        parts.append(f"{name} is worst at {CLASSES[worst]}, {float(values[worst]):.1%}")
    (first, before), *others = shares.items()
    for name, after in others:
        gain, place = (t.item() for t in (after - before).max(0))
        parts.append(_gain(first, name, gain, CLASSES[int(place)], before, int(place)))
    return "Accuracy of each class, as dots. " + "; ".join(parts) + "."


def _gain(
    first: str, name: str, gain: float, word: str, before: Tensor, place: int
) -> str:
    if gain <= 0:
        return f"{name} gains on {first} in no class"
    old = float(before[place])
    return f"{name} gains most on {first} at {word}, from {old:.1%} to {old + gain:.1%}"


def confusion(counts: Tensor, *, alt: str | None = None) -> Picture:
    """A confusion matrix (10, 10): row true class, column predicted class.

    Every cell carries its number; the shade is its share of the row.
    """
    counts = counts.cpu()
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, WIDTH * 0.82)
        ax.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
        ax.grid(False)
        for row in range(len(counts)):
            for column in range(len(counts)):
                count, dark = int(counts[row, column]), shares[row, column] > 0.5
                text: Any = {"color": "white" if dark else "#333333"}
                ax.text(column, row, str(count or "·"), **text, **_CENTRED)
        places = range(len(CLASSES))
        ax.set_xticks(places, CLASSES, rotation=40, ha="right")
        ax.set_yticks(places, CLASSES)
        ax.set(xlabel="predicted class", ylabel="true class")
    return finish(figure, alt or _worst(counts))


def _worst(counts: Tensor) -> str:
    """The alt text of :func:`confusion`: the diagonal and the worst mix-up."""
    wrong = counts.clone().fill_diagonal_(0)
    true, guess = divmod(int(wrong.argmax()), len(CLASSES))
    right = int(counts.diagonal().sum())
    return (
        f"Confusion matrix of {int(counts.sum())} images, {right} of them right. The "
        f"most frequent mistake: {int(wrong.max())} of the class {CLASSES[true]} taken "
        f"for {CLASSES[guess]}."
    )
