"""The look that all figures of the book share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text

from d2lmini import mode
from d2lmini.arguments import instance, real, whole
from d2lmini.plot.picture import Picture, plain

#: Okabe & Ito's colours, told apart by every kind of colour vision; the
#: markers say the same without any colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P")

#: So many curves have a colour and a marker that no other one has.
MOST_CURVES = len(COLOURS) * len(MARKERS)

#: Orange below zero, blue above, white at zero, as in the interactive figures.
SIGNED = LinearSegmentedColormap.from_list("signed", ("#D55E00", "white", "#0072B2"))
WIDTH = 7.2  # inches of the page's text column
_ROW = 450  # points of it, at least, below the axes
_LETTER, _GAP = 6, 3  # points that a letter of a tick's label takes, and what parts two

_LOOK: Any = {
    "figure.facecolor": "white",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#767676",
    "axes.labelcolor": "#333333",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
}


def told_apart(number: int) -> dict[str, str]:
    """Colour and marker of a curve; from the seventh on, the pair is a new one."""
    turn, place = divmod(number, len(COLOURS))
    marker = MARKERS[(place + turn) % len(MARKERS)]
    return {"color": COLOURS[place], "marker": marker}


@contextmanager
def look() -> Iterator[None]:
    """Within this block matplotlib draws as the book does, afterwards as before.

    Of the settings that it finds, the fonts stay.
    """
    with mpl.rc_context({**plain(), **_LOOK}):
        yield


def canvas(
    rows: int, columns: int, width: float, height: float
) -> tuple[Figure, list[Axes]]:
    """A figure of ``rows`` by ``columns`` axes, and these row by row.

    ``width`` and ``height`` are inches, of which the text on a page has 7.2.  The
    figure is outside pyplot, so that no notebook shows it twice.  Raises TypeError or
    ValueError for what are not such numbers above 0.
    """
    rows, columns = whole("rows", rows), whole("columns", columns)
    width, height = real("width", width, above=0), real("height", height, above=0)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def beneath(ax: Axes, places: Sequence[float], names: Sequence[str]) -> None:
    """Write ``names`` below ``places``, slanted where they would overlap in a row."""
    ax.set_xticks(places, names)
    widest = _LETTER * max(map(len, names), default=0)
    if len(names) * (widest + _GAP) > _ROW:
        for text in ax.get_xticklabels():
            text.set(rotation=40, ha="right", rotation_mode="anchor")


def finish(
    figure: Figure, alt: str, origin: str | None = None, note: str = ""
) -> Picture:
    """``figure`` with its ``alt`` text, as a notebook shows it.

    Below it stands where its numbers come from, if that matters: ``origin`` is that of
    a run, and the session's where it is None; ``note`` is what else must be known.
    Both are in the alt text too.  The figure is changed in place: a dollar in its words
    no longer begins a formula.  Raises TypeError for what is no figure or no text.
    """
    instance("figure", figure, Figure, "give the figure that canvas made")
    instance("alt", alt, str, "give a sentence that stands for the figure")
    parts = (*mode.notes(), note) if origin is None else (origin, note)
    if line := " · ".join(part for part in parts if part):
        figure.supxlabel(line, fontsize=8, color="#555555", ha="left", x=0.01)
        alt = f"{alt} ({line})"
    literal(figure)
    return Picture(figure, alt)


def in_legend(name: str) -> str:
    """``name`` as a label: one that begins with ``_`` would not be in the legend."""
    return f" {name}" if str(name).startswith("_") else str(name)


def literal(figure: Figure) -> None:
    """Show all names as they are written: a dollar in one begins no formula."""
    for text in _texts(figure):
        if "$" in text.get_text():
            text.set_parse_math(False)


def _texts(artist: Artist) -> Iterator[Text]:
    """All texts of a figure but the ticks' of axes that are switched off.

    To ask an axis for its ticks makes them, which takes longer than to draw a small
    picture without any.
    """
    unseen = isinstance(artist, Axes) and not artist.axison
    for child in artist.get_children():
        if isinstance(child, Text):
            yield child
        if not (unseen and isinstance(child, Axis)):
            yield from _texts(child)
