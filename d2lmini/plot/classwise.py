"""What networks get right and wrong, class by class."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from d2lmini.arguments import found
from d2lmini.data.classes import names
from d2lmini.plot.canvas import COLOURS, MARKERS, WIDTH, canvas, finish, in_legend, look
from d2lmini.plot.numbers import Numbers, few, named, numbers
from d2lmini.plot.picture import Picture

MOST_NUMBERS = 25  # classes beyond which the cells have no room for numbers


def per_class(
    counts: Mapping[str, Numbers],
    *,
    classes: Sequence[str] | None = None,
    alt: str | None = None,
) -> Picture:
    """Accuracy of each class, from confusion matrices (classes, classes), as dots.

    ``counts`` maps the name of a network to its matrix (row true class), at
    most six.  Classes are sorted by the first network's accuracy, hardest on
    top, and those without images, which have no dot, below; a line joins the dots of
    a class.  ``classes`` name them; None means as the session's data do.  Raises
    ValueError for anything but such matrices.
    """
    named("counts", counts)
    few(counts, "networks to compare", len(COLOURS))
    matrices = {net: _matrix(repr(net), m) for net, m in counts.items()}
    sizes = {len(matrix) for matrix in matrices.values()}
    if len(sizes) > 1:
        raise ValueError(
            f"the matrices have {' and '.join(map(str, sorted(sizes)))} classes: give "
            "those of the same data."
        )
    words = names(classes, sizes.pop())
    shares = {net: _shares(matrix).diagonal() for net, matrix in matrices.items()}
    first = next(iter(shares.values()))
    order = first.argsort(stable=True).tolist()
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 1.2 + 0.26 * len(words))
        _dots(ax, {net: values[order] for net, values in shares.items()})
        ax.set_yticks(range(len(words)), [words[i] for i in order])
        ax.set_xlabel("share of the class that is right")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper left", ncols=6, handletextpad=0.2)
    return finish(figure, alt or _read(shares, words))


def _matrix(what: str, values: Numbers) -> Tensor:
    """A confusion matrix float64 (n, n), of counts or of shares."""
    matrix = numbers(f"the matrix {what}" if what else "counts", values)
    if matrix.ndim != 2 or len(matrix) != matrix.shape[1] or bool((matrix < 0).any()):
        raise ValueError(
            f"the counts{f' of {what}' * bool(what)} are {found(matrix)}: give a "
            "confusion matrix (classes, classes) with nothing below 0."
        )
    return matrix.double()


def _shares(matrix: Tensor) -> Tensor:
    """Of each row, the parts of its sum, float64; NaN for a class without images."""
    return matrix / matrix.sum(1, keepdim=True)


def _dots(ax: Axes, shares: Mapping[str, Tensor]) -> None:
    stacked = torch.stack(list(shares.values()))  # (networks, 10)
    places = list(range(stacked.shape[1]))
    low, high = stacked.min(0).values.tolist(), stacked.max(0).values.tolist()
    ax.hlines(places, low, high, color="#b5b5b5", linewidth=2.2, zorder=1)
    for i, (name, values) in enumerate(shares.items()):
        style = {"color": COLOURS[i], "marker": MARKERS[i], "s": 46}
        ax.scatter(values.tolist(), places, label=in_legend(name), **style)  # type: ignore[arg-type]


def _read(shares: Mapping[str, Tensor], words: Sequence[str]) -> str:
    """The alt text: each network's worst class, and the largest gain."""
    parts = []
    for net, values in shares.items():
        if values.isnan().all():
            parts.append(f"{net} has no images")
            continue
        worst = int(values.nan_to_num(torch.inf).argmin())
        parts.append(f"{net} is worst at {words[worst]}, {float(values[worst]):.1%}")
    (first, before), *others = shares.items()
    for net, after in others:
        place = int((after - before).nan_to_num(-torch.inf).argmax())
        old, new = float(before[place]), float(after[place])
        if new > old:
            where = f"{words[place]}, from {old:.1%} to {new:.1%}"
            parts.append(f"{net} gains most on {first} at {where}")
        else:
            parts.append(f"{net} gains on {first} in no class")
    return "Accuracy of each class, as dots. " + "; ".join(parts) + "."


def confusion(
    counts: Numbers, *, classes: Sequence[str] | None = None, alt: str | None = None
) -> Picture:
    """A confusion matrix (classes, classes): row true class, column predicted class.

    Every cell carries its number, a count or a share, up to ``MOST_NUMBERS`` classes;
    the shade is its share of the row.  ``classes`` name them; None means as the
    session's data do.  Raises TypeError or ValueError for anything but such a matrix.
    """
    matrix = _matrix("", counts)
    words = names(classes, len(matrix))
    digits = 0 if _counted(numbers("counts", counts)) else 2
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, WIDTH * 0.82)
        ax.imshow(_shares(matrix).nan_to_num(0).numpy(), cmap="Blues", vmin=0, vmax=1)
        ax.grid(False)
        if len(words) <= MOST_NUMBERS:
            _write(ax, matrix, digits)
        small: Any = {"fontsize": min(10, 220 / len(words))}
        ax.set_xticks(range(len(words)), words, rotation=40, ha="right", **small)
        ax.set_yticks(range(len(words)), words, **small)
        ax.set(xlabel="predicted class", ylabel="true class")
    return finish(figure, alt or _worst(matrix, words, digits))


def _counted(matrix: Tensor) -> bool:
    """Whether these are counts; shares may be whole numbers too, 0 and 1."""
    if not matrix.is_floating_point():
        return True
    return bool((matrix == matrix.round()).all()) and float(matrix.sum(1).max()) > 1


def _write(ax: Axes, matrix: Tensor, digits: int) -> None:
    """The number of each cell, light on dark."""
    style: Any = {"ha": "center", "va": "center", "fontsize": min(8, 90 / len(matrix))}
    for row, shares in enumerate(_shares(matrix)):
        for column, share in enumerate(shares):
            value = float(matrix[row, column])
            colour = "white" if share > 0.5 else "#333333"
            text = f"{value:.{digits}f}" if value else "·"
            ax.text(column, row, text, color=colour, **style)


def _worst(matrix: Tensor, words: Sequence[str], digits: int) -> str:
    """The alt text of :func:`confusion`: the diagonal and the worst mix-up."""
    if digits:
        mean = float(_shares(matrix).diagonal().nanmean().nan_to_num(0))
        right = f"{mean:.1%} of a class right"
        said = f"Confusion matrix of shares, on average {right}."
    else:
        right = f"{int(matrix.diagonal().sum())} of them right"
        said = f"Confusion matrix of {int(matrix.sum())} images, {right}."
    wrong = matrix.clone().fill_diagonal_(0)
    if not wrong.any():
        return f"{said} There is no mistake."
    true, guess = divmod(int(wrong.argmax()), len(words))
    most = f"{float(wrong.max()):.{digits}f} of the class {words[true]}"
    return f"{said} The most frequent mistake: {most} taken for {words[guess]}."
