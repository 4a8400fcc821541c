"""How the numbers inside a network are spread, layer by layer."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from d2lmini.arguments import listed
from d2lmini.plot.canvas import COLOURS, WIDTH, canvas, finish, in_legend, look
from d2lmini.plot.numbers import Numbers, exact, few, nested, numbers
from d2lmini.plot.picture import Picture

BINS = 80
TAIL = 0.02  # share of the numbers that may lie beyond either end of the axis
STYLES = ("--", "-", ":", "-.")
MOST = math.lcm(len(COLOURS), len(STYLES))  # series that differ in one of the two
_NARROW = 1e-12  # of the numbers' size: bins of a narrower axis would be rounded away

Layers = Sequence[Numbers]
#: All numbers of a tensor, from the least to the largest: that gives exact shares and
#: counts, of any size, for one search each.
Ordered = np.ndarray[Any, Any]


def histograms(
    rows: Mapping[str, Mapping[str, Layers]],
    *,
    titles: Sequence[str],
    alt: str | None = None,
) -> Picture:
    """Densities of tensors of any shape: a row per network, a column per layer.

    ``rows`` maps the name of a row to its series, and a series' name to one
    tensor per column; series share a panel and differ in colour and dash.
    All panels share one axis, which leaves out the outermost two per cent of a
    tensor at either end; all numbers on it count.  ``titles`` name the columns.
    Raises TypeError for what are not numbers, and ValueError where a series has another
    number of tensors, and for more than twelve series.
    """
    titles = listed("titles", titles, "give a list, one for each column")
    rows = _checked(rows, titles)
    names = list(dict.fromkeys(name for series in rows.values() for name in series))
    few(names, "series to tell apart", MOST)
    edges = np.linspace(*_span(rows), BINS + 1)
    across = len(titles)
    with look():
        figure, axes = canvas(len(rows), across, WIDTH, 0.5 + 1.35 * len(rows))
        for place, (row, series) in enumerate(rows.items()):
            panels = axes[place * across : (place + 1) * across]
            panels[0].set_ylabel(row)
            for name, layers in series.items():
                for ax, values in zip(panels, layers, strict=True):
                    _draw(ax, values, edges, names.index(name), name)
        for ax, title in zip(axes, titles, strict=False):
            ax.set_title(title, fontsize=9)
        handles: dict[str, Artist] = {}
        for ax in axes[::across]:  # the first of each row has all of its series
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside upper center",
            ncols=len(names),
        )
        return finish(figure, alt or _read(rows, titles))


def _checked(
    rows: Mapping[str, Mapping[str, Layers]], titles: Sequence[str]
) -> dict[str, dict[str, list[Ordered]]]:
    """The same with the numbers of each tensor in order."""
    nested("rows", "the row", rows)
    lists = {
        row: {
            name: listed(f"{row!r}, {name!r}", layers, "give a tensor per column")
            for name, layers in series.items()
        }
        for row, series in rows.items()
    }
    if not lists or not all(lists.values()) or not titles:
        raise ValueError("there is nothing to draw: give a row and a title at least.")
    for row, series in lists.items():
        for name, layers in series.items():
            if len(layers) != len(titles):
                raise ValueError(
                    f"{row!r}, {name!r} has {len(layers)} tensors for {len(titles)} "
                    "titles: give one tensor per column."
                )
    return {
        row: {
            name: [_ordered(f"{row!r}, {name!r}", values) for values in layers]
            for name, layers in series.items()
        }
        for row, series in lists.items()
    }


def _ordered(what: str, values: Numbers) -> Ordered:
    return np.sort(exact(numbers(what, values)).flatten().numpy())


def _span(rows: Mapping[str, Mapping[str, Layers]]) -> tuple[float, float]:
    """The axis that holds nearly all numbers of every panel."""
    ends = [
        (float(values[left_out]), float(values[-1 - left_out]))
        for series in rows.values()
        for layers in series.values()
        for values in layers
        for left_out in [int(TAIL * len(values))]
    ]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    size = max(-low, high)
    if high - low > _NARROW * size:
        return low, high
    return low - (size / 2 or 1), high + (size / 2 or 1)


def _draw(ax: Axes, values: Ordered, edges: Ordered, number: int, name: str) -> None:
    below = np.searchsorted(values, edges)
    below[-1] = np.searchsorted(values, edges[-1], side="right")
    counts = np.diff(below)
    density = counts / counts.sum() / np.diff(edges)
    ax.stairs(
        density,
        edges,
        color=COLOURS[number % len(COLOURS)],
        linestyle=STYLES[number % len(STYLES)],
        linewidth=1.5,
        label=in_legend(name),
    )
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set(yticks=[], xlim=(float(edges[0]), float(edges[-1])), ylim=(0, None))


def _read(rows: Mapping[str, Mapping[str, Layers]], titles: Sequence[str]) -> str:
    """The alt text: mean and standard deviation of every curve."""
    parts = []
    for row, series in rows.items():
        for name, layers in series.items():
            spreads = ", ".join(
                f"{title} {values.mean(dtype=float):.1f} ± {_deviation(values):.1f}"
                for title, values in zip(titles, layers, strict=True)
            )
            parts.append(f"{row}, {name}: {spreads}")
    said = "Histograms by layer, as mean ± standard deviation. "
    return f"{said}{'; '.join(parts)}."


def _deviation(values: Ordered) -> float:
    """The standard deviation; that of one number is 0."""
    return float(values.std(dtype=float, ddof=min(1, len(values) - 1)))
