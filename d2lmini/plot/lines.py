"""Measurements over a few places, a line for each thing that was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from d2lmini.arguments import found, listed
from d2lmini.plot.canvas import (
    COLOURS,
    MARKERS,
    WIDTH,
    beneath,
    canvas,
    finish,
    in_legend,
    look,
)
from d2lmini.plot.numbers import exact, few, named, numbers, written
from d2lmini.plot.picture import Picture

Series = Mapping[str, Tensor | Sequence[float] | Sequence[Sequence[float]]]


def lines(
    series: Series,
    places: Sequence[str | float],
    *,
    title: str,
    xlabel: str,
    form: str = ".1%",
    alt: str | None = None,
) -> Picture:
    """Shares over ``places`` (numbers, or words in order), one line per name.

    Each of ``series`` is (places,), or (runs, places): then the line is the mean
    and a band runs from the least to the largest run.  ``form`` is how the alt
    text writes a value; without a % in it, the values are not shares, and their axis
    begins at 0, or below where they do.  Raises TypeError for what are not numbers or
    words, and ValueError for no series, more than six, or one of another length.
    """
    written(form)
    places = listed("places", places, "give a list of numbers or of words")
    tables = _tables(series, len(places))
    x, names = _places(places)
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 3.2)
        for i, (name, table) in enumerate(tables.items()):
            _line(ax, x, name, table, i)
        beneath(ax, x, names)
        if form.endswith("%"):
            ax.yaxis.set_major_formatter(PercentFormatter(1))
        elif not ax.dataLim.y0 < 0:
            ax.set_ylim(bottom=0)
        ax.set(title=title, xlabel=xlabel)
        figure.legend(loc="outside upper right", ncols=len(tables), fontsize=9)
        return finish(figure, alt or _read(tables, names, title, form))


def _places(places: list[Any]) -> tuple[list[float], list[str]]:
    """Where each of ``places`` lies, and what stands there."""
    if any(isinstance(place, str) for place in places):
        return list(range(len(places))), list(map(str, places))
    x = numbers("places", places)
    if x.ndim != 1:
        raise ValueError(f"places is {found(places)}: give a list of numbers or words.")
    if any(isinstance(place, Tensor) for place in places):  # which write "tensor(1)"
        places = list((exact(x) if x.is_floating_point() else x).numpy())
    return x.tolist(), list(map(str, places))


def _tables(series: Series, length: int) -> dict[str, Tensor]:
    """Each series as float64 (runs, places)."""
    named("series", series)
    few(series, "series to draw", len(COLOURS))
    tables = {}
    for name, values in series.items():
        table = numbers(f"{name!r}", values, finite=False).double()
        if table.ndim not in (1, 2) or table.shape[-1] != length or not len(table):
            raise ValueError(
                f"{name!r} has the shape {tuple(table.shape)}: give {length} numbers, "
                "one for each place, or several rows of them."
            )
        tables[name] = table.reshape(-1, length)
    return tables


def _line(ax: Axes, x: list[float], name: str, table: Tensor, i: int) -> None:
    style: Any = {"color": COLOURS[i], "marker": MARKERS[i], "label": in_legend(name)}
    ax.plot(x, table.mean(0).tolist(), **style)
    if len(table) > 1:
        low, high = table.min(0).values.tolist(), table.max(0).values.tolist()
        ax.fill_between(x, low, high, color=COLOURS[i], alpha=0.2, linewidth=0)


def _read(
    tables: dict[str, Tensor], places: Sequence[str], title: str, form: str
) -> str:
    """The alt text: every mean."""
    parts = [
        f"{name}: "
        + ", ".join(
            f"{mean:{form}} at {place}"
            for place, mean in zip(places, table.mean(0).tolist(), strict=True)
        )
        for name, table in tables.items()
    ]
    return f"{title}, as lines. " + "; ".join(parts) + "."
