"""Networks as points: what they cost and how good they are."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import pts_to_poststep
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from d2lmini.arguments import truth
from d2lmini.plot.canvas import COLOURS, WIDTH, canvas, finish, literal, look
from d2lmini.plot.labels import Box, Label, placed
from d2lmini.plot.numbers import few, named, numbers
from d2lmini.plot.picture import Picture
from d2lmini.plot.table import readable

Points = Mapping[str, tuple[float, float]]
Given = Mapping[str, Sequence[float]]

MOST = 12  # labels that still find a place
_GAP = 5.0  # points of the page between the middle of a marker and its label
_AIR = 1.5  # around a label, so that two do not read as one
_RADIUS = 4.0  # of a marker, with its rim


def scatter(
    points: Given,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    xlog: bool = False,
    front: bool = False,
    alt: str | None = None,
) -> Picture:
    """A point (x, y) for each name, with the name beside it.

    A point of four numbers, (x, y, low, high), has an upright bar as well: the range
    that chance leaves to ``y``.  With ``front``, a stepped line joins the Pareto front,
    the points that no other beats: none has a smaller ``x`` and a larger ``y``.  The
    points of the front are full, the others hollow; a front of one point has no line.
    Raises TypeError for what is not a number or a truth value, and ValueError for no
    points, more than twelve, or numbers that cannot be drawn.
    """
    xlog, front = truth("xlog", xlog), truth("front", front)
    made = _checked(points, xlog)
    places = {name: (x, y) for name, (x, y, *_) in made.items()}
    best = pareto(places) if front else list(places)
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 4.0)
        if xlog:
            ax.set_xscale("log")
        _draw(ax, made, best)
        if front:
            shown = _join(ax, [places[name] for name in best])
            figure.legend(handles=[shown], loc="outside upper right", fontsize=9)
        ax.margins(0.1)
        ax.ticklabel_format(axis="y", style="plain", useOffset=False)
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
        picture = finish(
            figure, alt or _read(made, best if front else [], title, xlabel, ylabel)
        )
        _name(figure, ax, places)
        return picture


def pareto(points: Given) -> list[str]:
    """The names that no other beats, the smallest x first.

    One point beats another if it is better in x (smaller) or y (larger), and
    no worse in the other.  Points may have a range of ``y`` as well, as in
    :func:`scatter`.  Raises TypeError for what are not numbers, and ValueError for what
    are not points.
    """
    places = {name: (x, y) for name, (x, y, *_) in _made(points).items()}

    def beaten(x: float, y: float) -> bool:
        others = places.values()
        return any(p <= x and q >= y and (p, q) != (x, y) for p, q in others)

    left = [name for name, point in places.items() if not beaten(*point)]
    return sorted(left, key=lambda name: places[name])


def _made(points: Given) -> dict[str, list[float]]:
    named("points", points)
    made = {}
    for name, given in points.items():
        point = numbers(f"the point {name!r}", given, finite=False).flatten().tolist()
        if len(point) not in (2, 4) or not all(map(math.isfinite, point)):
            raise ValueError(
                f"the point {name!r} is {tuple(point)}: give two finite numbers, or "
                "four, (x, y, low, high)."
            )
        if len(point) == 4 and not point[2] <= point[1] <= point[3]:
            raise ValueError(
                f"the point {name!r} is {tuple(point)}: give (x, y, low, high), with y "
                "from low to high."
            )
        made[name] = point
    return made


def _checked(points: Given, xlog: bool) -> dict[str, list[float]]:
    made = _made(points)
    few(made, "points to draw", MOST)
    for name, (x, *_) in made.items():
        if xlog and x <= 0:
            raise ValueError(
                f"the point {name!r} lies at x = {x}, which a logarithmic axis "
                "does not have: give an x above 0, or xlog=False."
            )
    return made


def _draw(ax: Axes, points: Given, best: Sequence[str]) -> None:
    for name, (x, y, *ends) in points.items():
        if ends:
            ax.plot([x, x], ends, color=COLOURS[0], linewidth=1.2, zorder=1)
        face = COLOURS[0] if name in best else "white"
        style: Any = {"s": 42, "facecolor": face, "edgecolor": COLOURS[0], "zorder": 3}
        ax.scatter([x], [y], linewidth=1.6, **style)


def _join(ax: Axes, best: Sequence[tuple[float, float]]) -> Line2D:
    """From each point on, its y is the best that is to be had, up to the next.

    Returns what the legend shows: a full point, on the line if there is one.
    """
    style: Any = {"color": COLOURS[1], "linewidth": 1.4, "zorder": 2}
    if len(best) > 1:
        x, y = zip(*best, strict=True)
        ax.step(x, y, where="post", **style)
    else:
        style["linestyle"] = "none"
    dot: Any = {"marker": "o", "markersize": 6.5, "markerfacecolor": COLOURS[0]}
    dot |= {"markeredgecolor": COLOURS[0], "label": "Pareto front"}
    return Line2D([], [], **style, **dot)


def _name(figure: Figure, ax: Axes, points: Points) -> None:
    """Write the names, each where it is in nobody's way."""
    style: Any = {"textcoords": "offset points", "fontsize": 9, "color": "#333333"}
    style |= {"ha": "left", "va": "bottom", "zorder": 2.5}
    # Where there is no free place, a line ends before the name that it would cross.
    style["path_effects"] = [withStroke(linewidth=2 * _AIR, foreground="white")]
    texts = [ax.annotate(name, at, (0, 0), **style) for name, at in points.items()]
    literal(figure)
    for text in texts:
        text.set_in_layout(False)  # else the axes would shrink where it stands
    FigureCanvasAgg(figure)  # measures text
    figure.draw_without_rendering()  # now every point has its place in pixels
    places = ax.transData.transform([*points.values()]).tolist()
    dot = figure.dpi / 72
    air = 2 * _AIR * dot
    labels = [
        Label(x, y, size.width + air, size.height + air)
        for (x, y), size in zip(places, map(Text.get_window_extent, texts), strict=True)
    ]
    room = ax.get_window_extent()
    inside = Box(room.x0, room.y0, room.x1, room.y1)
    boxes = placed(labels, _taken(ax, places, dot), inside, _GAP * dot)
    for text, (x, y), box in zip(texts, places, boxes, strict=True):
        text.set_position(((box.left - x) / dot + _AIR, (box.low - y) / dot + _AIR))


def _taken(ax: Axes, places: Sequence[Sequence[float]], dot: float) -> list[Box]:
    """What the markers and the front's steps cover, in pixels."""
    reach = _RADIUS * dot
    markers = [Box(x - reach, y - reach, x + reach, y + reach) for x, y in places]
    steps = [pts_to_poststep(*np.asarray(line.get_xydata()).T).T for line in ax.lines]
    ends = [ax.transData.transform(corners).tolist() for corners in steps]
    return markers + [
        Box(min(x, p) - dot, min(y, q) - dot, max(x, p) + dot, max(y, q) + dot)
        for corners in ends
        for (x, y), (p, q) in pairwise(corners)
    ]


def _read(
    points: Given, best: Sequence[str], title: str, xlabel: str, ylabel: str
) -> str:
    """The alt text: every point, and which of them no other beats."""
    parts = []
    for name, (x, y, *ends) in points.items():
        between = f" ({' to '.join(f'{end:.4f}' for end in ends)})" if ends else ""
        parts.append(f"{name} at {readable(x)} and {readable(y)}{between}")
    front = f" On the Pareto front: {'; '.join(best)}." if best else ""
    return f"{title}, as points ({xlabel} and {ylabel}): {'; '.join(parts)}.{front}"
