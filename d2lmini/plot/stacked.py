"""Bars made of parts: what each of several things consists of."""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from d2lmini.plot.canvas import COLOURS, WIDTH, canvas, finish, in_legend, look
from d2lmini.plot.numbers import tables
from d2lmini.plot.picture import Picture
from d2lmini.plot.table import readable

Parts = Mapping[str, Mapping[str, float]]


def stacked(
    parts: Parts, *, title: str, xlabel: str, alt: str | None = None
) -> Picture:
    """A bar for each name, first on top, with its parts side by side.

    ``parts[name][kind]`` is how long a part is; every bar has the same kinds, in
    the order of the first one.  The sum stands at the end of its bar.  Raises
    ValueError for no bars, other kinds, more than six, or a part below zero.
    """
    parts = tables("parts", "the bar", "the part", parts)
    kinds = _kinds(parts)
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 0.9 + 0.42 * len(parts))
        _draw(ax, parts, kinds)
        ax.set_yticks(range(len(parts)), list(parts))
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.1)
        ax.set(title=title, xlabel=xlabel, xlim=(0, None))
        figure.legend(loc="outside lower center", ncols=len(kinds), fontsize=9)
        return finish(figure, alt or _read(parts, title, xlabel))


def _kinds(parts: Parts) -> list[str]:
    if not parts:
        raise ValueError("there are no bars to draw: give at least one.")
    kinds = list(next(iter(parts.values())))
    if not 1 <= len(kinds) <= len(COLOURS):
        raise ValueError(
            f"a bar has {len(kinds)} parts: give 1 to {len(COLOURS)} of them."
        )
    for name, lengths in parts.items():
        if set(lengths) != set(kinds):
            theirs, ours = (", ".join(map(str, each)) for each in (lengths, kinds))
            raise ValueError(
                f"the parts of {name!r} are {theirs}, and the first bar has {ours}: "
                "give all bars the same ones."
            )
        for kind, length in lengths.items():
            if not (math.isfinite(length) and length >= 0):
                raise ValueError(
                    f"the part {kind!r} of {name!r} is {length}: give 0 or more."
                )
    return kinds


def _draw(ax: Axes, parts: Parts, kinds: list[str]) -> None:
    """Each kind in all bars, after the kinds that come before it; then the sums."""
    ends = [0.0] * len(parts)
    for kind, colour in zip(kinds, COLOURS, strict=False):
        widths = [lengths[kind] for lengths in parts.values()]
        style: Any = {"left": ends, "color": colour, "edgecolor": "white"}
        bars = ax.barh(
            range(len(parts)), widths, height=0.66, label=in_legend(kind), **style
        )
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    ax.bar_label(bars, list(map(readable, ends)), padding=4, fontsize=9)


def _read(parts: Parts, title: str, xlabel: str) -> str:
    """The alt text: each sum, and the parts that are not zero."""
    bars = []
    for name, lengths in parts.items():
        whole = readable(float(sum(lengths.values())))
        each = [f"{kind} {readable(v)}" for kind, v in lengths.items() if v]
        bars.append(f"{name} {whole}: {', '.join(each)}" if each else f"{name} 0")
    return f"{title}, as bars of parts ({xlabel}). {'; '.join(bars)}."
