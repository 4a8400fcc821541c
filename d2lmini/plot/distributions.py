"""How the numbers inside a network are spread, layer by layer."""

import math
from collections.abc import Iterator, Mapping, Sequence
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
_PART = 100_000  # numbers looked at in float64 at once, so as not to copy all

Layers = Sequence[Numbers]
#: All numbers of a tensor, flat: where it is float32 or float64, its own memory.
Flat = np.ndarray[Any, Any]


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
) -> dict[str, dict[str, list[Flat]]]:
    """The same with the numbers of each tensor in a row."""
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
            name: [_flat(f"{row!r}, {name!r}", values) for values in layers]
            for name, layers in series.items()
        }
        for row, series in lists.items()
    }


def _flat(what: str, values: Numbers) -> Flat:
    return exact(numbers(what, values)).flatten().numpy()


def _span(rows: Mapping[str, Mapping[str, Layers]]) -> tuple[float, float]:
    """The axis that holds nearly all numbers of every panel."""
    ends = [
        _ends(values)
        for series in rows.values()
        for layers in series.values()
        for values in layers
    ]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    size = max(-low, high)
    if high - low > _NARROW * size:
        return low, high
    return low - (size / 2 or 1), high + (size / 2 or 1)


def _ends(values: Flat) -> tuple[float, float]:
    """The least and the largest number that are not left out.

    Exactly, but without putting all in order: a few tell where the tails are, and only
    numbers there are looked through.
    """
    left_out = int(TAIL * len(values))
    some = np.sort(values[:: len(values) // _PART + 1])
    inner = int(1.5 * TAIL * len(some))
    low, high = values[values <= some[inner]], values[values >= some[-1 - inner]]
    # Where the few mislead, all are looked through.
    low, high = (tail if len(tail) > left_out else values for tail in (low, high))
    return (
        float(np.partition(low, left_out)[left_out]),
        float(np.partition(high, -1 - left_out)[-1 - left_out]),
    )


def _parts(values: Flat) -> Iterator[Flat]:
    for part in np.array_split(values, len(values) // _PART + 1):
        yield part.astype(float)


def _draw(ax: Axes, values: Flat, edges: Flat, number: int, name: str) -> None:
    span = float(edges[0]), float(edges[-1])  # equal bins need no search
    each = [np.histogram(part, BINS, span)[0] for part in _parts(values)]
    counts = np.sum(each, axis=0)
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


def _deviation(values: Flat) -> float:
    """The standard deviation; that of one number is 0."""
    mean = values.mean(dtype=float)
    squares = sum(float(((part - mean) ** 2).sum()) for part in _parts(values))
    return math.sqrt(squares / max(1, len(values) - 1))
