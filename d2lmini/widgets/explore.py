"""Any figure function over a small grid of options, with the same controls anywhere.

All frames are drawn once and travel with the page.  In a kernel the chosen frame
is drawn anew whenever a control moves, so it follows variables that changed.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from traitlets import Int, List, TraitError, Unicode, observe, validate

from d2lmini import arguments
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.still import number
from d2lmini.widgets.traits import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

MOST = 64


def label(value: Any) -> str:
    """An option's value in words; NumPy's and a tensor's as Python's own."""
    value = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, int):
        return number(value)
    return words_of(getattr(value, "__name__", str(value)))


def words_of(name: str) -> str:
    """A Python name in words."""
    return name.replace("_", " ")


def checked(options: dict[str, Iterable[Any]]) -> dict[str, list[Any]]:
    """Options as lists; ValueError for none, an empty one, or too many frames."""
    if not options:
        raise ValueError("explore needs an option to vary, such as `size=[1, 3, 5]`.")
    lists: dict[str, list[Any]] = {}
    for name, values in options.items():
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise ValueError(
                f"{name}={values!r} is no list; write {name}=[{values!r}]."
            )
        lists[name] = list(values)
        if not lists[name]:
            raise ValueError(f"{name} is empty; give it a value or more.")
    count = math.prod(map(len, lists.values()))
    if count > MOST:
        raise ValueError(
            f"These options make {count} frames; {MOST} is the most a page should "
            "carry, so take fewer values."
        )
    return lists


@contextlib.contextmanager
def _apart(*, known: bool) -> Iterator[list[Any]]:
    """Within, pyplot knows of the reader's figures, whose managers it gives, only if
    they are `known`: otherwise nothing is drawn onto them unless a function names one.

    Afterwards it knows those of before again, and no other: nothing stays open.
    """
    from matplotlib import pyplot
    from matplotlib._pylab_helpers import Gcf

    before = Gcf.figs
    readers = list(before.values())
    Gcf.figs = OrderedDict(before if known else {})
    try:
        yield readers
    finally:
        for number in _fresh(readers):
            pyplot.close(number)
        Gcf.figs = before


def _fresh(readers: list[Any]) -> list[int]:
    """The numbers of the figures that are open and not the reader's."""
    from matplotlib._pylab_helpers import Gcf

    return [number for number, one in Gcf.figs.items() if one not in readers]


def drawn(
    f: Callable[..., Any], values: dict[str, Any], *, known: bool = False
) -> tuple[Drawing, str]:
    """The matplotlib figure that `f` returns, or else draws on, and its alt text.

    Where that is one of the reader's, some of it may have gone to a new one, by its
    number or as the current figure: then `f` draws again, with the reader's `known`.
    """
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure as Drawing

    from d2lmini.plot.picture import Picture

    with _apart(known=known) as readers:
        result, fresh = f(**values), _fresh(readers)
        if isinstance(result, Picture):
            return result.figure, result.alt
        if isinstance(result, Drawing):
            if known or not fresh or result.canvas.manager not in readers:
                return result, ""
        elif numbers := fresh or ([] if known else plt.get_fignums()):
            return plt.figure(numbers[-1]), ""
        else:
            raise ValueError(
                f"{label(f)} returned {type(result).__name__} and opened no figure; "
                "let it return a matplotlib figure or a Picture."
            )
    return drawn(f, values, known=True)


def png(drawing: Drawing, dpi: int) -> str:
    """The drawing as base64 of a small PNG."""
    from d2lmini.plot.picture import small_png

    return base64.b64encode(small_png(drawing, dpi, bbox_inches="tight")).decode()


def said(name: str, value: str) -> str:
    """An option and its value: "block 1", whether the value is "1" or "block 1"."""
    return value if value.lower().startswith(f"{name.lower()} ") else f"{name} {value}"


class Explore(Figure):
    """Frames behind controls; made by `explore`.

    `choice` holds the index of the chosen value for each option, `values` the
    values themselves by name.
    """

    module = "explore"
    title = Unicode().tag(sync=True)
    options: List[Any] = List().tag(sync=True)
    choice: List[Any] = List().tag(sync=True)
    frames: List[Any] = List().tag(sync=True)
    places: List[Any] = List().tag(sync=True)
    alts: List[Any] = List().tag(sync=True)
    dpi = Int(100)
    _built = False
    # [place, PNG] drawn after the first time; no part of a page's state
    _fresh: List[Any] = List().tag(sync=True)

    def __init__(
        self, f: Callable[..., Any], grid: dict[str, list[Any]], **state: Any
    ) -> None:
        self._f = f
        self._grid = grid
        state.setdefault("choice", [0] * len(grid))
        state["options"] = [
            [words_of(name), [label(v) for v in values]]
            for name, values in grid.items()
        ]
        super().__init__(**state)
        self._built = True

    @property
    def values(self) -> dict[str, Any]:
        """The chosen value of each option."""
        chosen = zip(self._grid.items(), self.choice, strict=True)
        return {name: values[i] for (name, values), i in chosen}

    @property
    def place(self) -> int:
        """Number of the chosen combination; the last option varies fastest."""
        place = 0
        for values, i in zip(self._grid.values(), self.choice, strict=True):
            place = place * len(values) + i
        return place

    @validate("choice")
    def _among(self, proposal: dict[str, Any]) -> list[int | None]:
        places = [whole(at) for at in proposal["value"]]
        ends = [len(values) for values in self._grid.values()]
        if len(places) != len(ends) or not all(
            place in range(end) for place, end in zip(places, ends, strict=True)
        ):
            most = ", ".join(str(end - 1) for end in ends)
            raise TraitError(
                f"choice is {proposal['value']}; give the place of each option's "
                f"value, counted from 0, at most {most}."
            )
        return places

    @observe("choice")
    def _redraw(self, change: dict[str, Any]) -> None:
        if self._built:
            drawing, _ = drawn(self._f, self.values)
            self._fresh = [self.place, png(drawing, self.dpi)]

    def describe(self) -> str:
        """One line: the options."""
        grid = ", ".join(f"{k} ({len(v)})" for k, v in self._grid.items())
        return f"Explore: {self.title}; {grid}"

    def still(self) -> str:
        """The first frame."""
        return still.image(self.frames[self.places[self.place]], self.alts[self.place])


def explore(
    f: Callable[..., Any],
    /,
    *,
    title: str = "",
    alt: str | Callable[..., str] | None = None,
    dpi: int = 100,
    **options: Iterable[Any],
) -> Explore:
    """Controls for each of `options` over the figures that `f(**values)` draws.

    Each option is a list of values; at most 64 combinations in all.  `alt` is the
    text alternative, or a function of the values that gives it; a Picture brings
    its own.
    """
    lists = checked(options)
    own = "give one for all frames, since title, alt and dpi are no options"
    arguments.instance("title", title, str, own)
    if not callable(alt):
        arguments.instance("alt", alt, (str, type(None)), own)
    dpi = arguments.whole("dpi", dpi)
    title = title or label(f).capitalize()
    frames: dict[str, int] = {}
    places, alts = [], []
    for combination in itertools.product(*lists.values()):
        values = dict(zip(lists, combination, strict=True))
        drawing, brought = drawn(f, values)
        places.append(frames.setdefault(png(drawing, dpi), len(frames)))
        words = ", ".join(said(words_of(n), label(v)) for n, v in values.items())
        more = f". {brought}" if brought and not alt else ""
        said_of = alt(**values) if callable(alt) else f"{alt or title}: {words}{more}"
        arguments.instance("What alt gives", said_of, str, "let it return words")
        alts.append(said_of)
    return Explore(
        f, lists, title=title, frames=list(frames), places=places, alts=alts, dpi=dpi
    )
