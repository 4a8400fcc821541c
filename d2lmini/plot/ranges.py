"""Measured values with the range that chance leaves to each, as dots and bars."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from d2lmini.arguments import truth
from d2lmini.plot.canvas import COLOURS, WIDTH, canvas, finish, look
from d2lmini.plot.numbers import few, named, numbers, written
from d2lmini.plot.picture import Picture

MOST = 12  # rows that one figure holds
_PARTS = 5  # of the axis at most: long names of rows leave it little room


def ranges(
    rows: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    zero: bool = False,
    form: str = ".4f",
    alt: str | None = None,
) -> Picture:
    """A row for each name: a dot at ``value`` on a bar from ``low`` to ``high``.

    ``rows`` holds (value, low, high).  With ``zero``, they are differences: a line
    stands at zero, and where a bar reaches it the dot is hollow, a tie.  ``form`` is
    how the alt text writes a number.  Raises TypeError for what is not a number or a
    truth value, and ValueError for no rows, more than twelve, and numbers that are not
    in order.
    """
    written(form)
    zero = truth("zero", zero)
    made = _checked(rows)
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 0.9 + 0.32 * len(made))
        for place, (value, low, high) in enumerate(made.values()):
            hollow = zero and low <= 0 <= high
            ax.plot(
                [low, high], [place, place], color=COLOURS[0], solid_capstyle="butt"
            )
            face = "white" if hollow else COLOURS[0]
            ax.scatter(
                [value], [place], s=42, facecolor=face, edgecolor=COLOURS[0], zorder=3
            )
        if zero:
            ax.axvline(0, color="#333333", linewidth=1, zorder=1)
        ax.xaxis.set_major_locator(MaxNLocator(_PARTS, steps=[1, 2, 2.5, 5, 10]))
        ax.set_yticks(range(len(made)), list(made))
        ax.set_ylim(len(made) - 0.5, -0.5)  # the first name above
        ax.grid(axis="y", visible=False)
        ax.set(title=title, xlabel=xlabel)
        return finish(figure, alt or _read(made, title, xlabel, zero, form))


def _checked(rows: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    named("rows", rows)
    few(rows, "rows to draw", MOST)
    made = {}
    for name, given in rows.items():
        found = numbers(f"the row {name!r}", given).double().flatten().tolist()
        if len(found) != 3 or not found[1] <= found[0] <= found[2]:
            raise ValueError(
                f"the row {name!r} is {tuple(found)}: give (value, low, high), with "
                "low the least and high the largest."
            )
        made[name] = found
    return made


def _read(
    made: Mapping[str, Sequence[float]], title: str, xlabel: str, zero: bool, form: str
) -> str:
    """The alt text: every row."""
    parts = []
    for name, (value, low, high) in made.items():
        tie = ", a tie" if zero and low <= 0 <= high else ""
        parts.append(f"{name}: {value:{form}} ({low:{form}} to {high:{form}}{tie})")
    return f"{title}, as dots with ranges ({xlabel}). {'; '.join(parts)}."
