"""The comparison: things side by side, in a sortable table and a scatter plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from html import escape
from typing import Any

from traitlets import Bool, Dict, TraitError, Unicode, validate

from d2lmini.arguments import found, instance, listed
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import finite, whole

BETTER = ("less", "more", "")
SCALES = ("linear", "log")
RESERVED = ("name", "page")
EXACT = Context(prec=800, rounding=ROUND_HALF_UP)  # no float has more digits
NOTE = "★ best of its column.  – no value."


@dataclass(frozen=True)
class Column:
    """What is compared: where it stands in the rows, and how it is shown.

    ``better`` is "less", "more" or "" for neither; ``scale`` is "linear" or
    "log".  ``digits`` is the number of decimals, None for a short form such as
    46.8 M.
    """

    key: str
    heading: str
    better: str = ""
    scale: str = "linear"
    unit: str = ""
    digits: int | None = None

    @classmethod
    def of(cls, given: Any) -> Column:
        """A column, tuple or dict as a checked column; ValueError if it is none."""
        try:
            if isinstance(given, Mapping):
                column = cls(**given)
            else:
                column = given if isinstance(given, cls) else cls(*given)
        except TypeError:
            raise ValueError(
                f"{given!r} is no column: give (key, heading, better, scale, unit, "
                "digits), at least the first two, or a dict of these."
            ) from None
        return column._checked()

    def _checked(self) -> Column:
        texts = (self.key, self.heading, self.unit)
        if not all(isinstance(text, str) for text in texts) or not self.key:
            raise ValueError(f"{self} needs words for key, heading and unit.")
        if self.key in RESERVED:
            raise ValueError(f"A column cannot have the key {self.key!r}: rows use it.")
        for name, known in (("better", BETTER), ("scale", SCALES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} of the column {self.key!r} is {getattr(self, name)!r}: "
                    f"give one of {', '.join(map(repr, known))}."
                )
        if self.digits is None:
            return self
        digits = whole(self.digits)
        if digits is None or not 0 <= digits <= 12:
            raise ValueError(
                f"digits of the column {self.key!r} is {self.digits!r}: give None or "
                "a whole number from 0 to 12."
            )
        return replace(self, digits=digits)


def columns_of(given: Sequence[Any]) -> list[Column]:
    """The columns, checked; ValueError for none, or two of one key."""
    columns = [Column.of(column) for column in listed("columns", given, "give a list")]
    keys = [column.key for column in columns]
    if not keys:
        raise ValueError('There is no column: give one or more, as ("x", "size").')
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ValueError(f"Two columns have the key {twice!r}: give each its own.")
    return columns


def rows_of(
    given: Sequence[Mapping[str, Any]], columns: list[Column]
) -> list[dict[str, Any]]:
    """The rows as dicts of name, page and values, in the columns' order."""
    rows = [_row(row, columns) for row in listed("rows", given, "give a list")]
    names = [row["name"] for row in rows]
    if not rows:
        raise ValueError('There is no row: give one or more, as {"name": "LeNet"}.')
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"Two rows have the name {twice!r}: give each its own.")
    return rows


def _row(given: Mapping[str, Any], columns: list[Column]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f'A row is {found(given)}: give a dict, as {{"name": "a"}}.')
    name, page = given.get("name"), given.get("page") or ""
    if not isinstance(name, str) or not name or not isinstance(page, str):
        raise ValueError(f"The row {dict(given)!r} needs words for name (and page).")
    keys = [column.key for column in columns]
    unknown = [key for key in given if key not in (*RESERVED, *keys)]
    if unknown:
        raise ValueError(
            f"{name} has {unknown[0]!r}, which is no column's key; "
            f"the keys are {', '.join(keys)}."
        )
    values = [_value(given.get(column.key), name, column) for column in columns]
    return {"name": name, "page": page, "values": values}


def _value(given: Any, name: str, column: Column) -> int | float | None:
    """A plain number or None; ValueError for what the column cannot show."""
    if given is None:
        return None
    value = finite(given)
    if value is None:
        raise ValueError(
            f"{column.key} of {name} is {found(given)}: give a finite number, or None."
        )
    if column.scale == "log" and value <= 0:
        raise ValueError(
            f"{column.key} of {name} is {value!r}, and a logarithmic axis begins "
            'above 0: give None, or the column the scale "linear".'
        )
    return int(value) if value == int(value) else float(value)


def short(value: float | None, digits: int | None = None) -> str:
    """A number for people: fixed decimals, or three digits and k, M, G or T."""
    if value is None:
        return "–"
    number = Decimal(value)
    if digits is not None:
        return _signed(f"{EXACT.quantize(number, Decimal(1).scaleb(-digits)):f}")
    if not number:
        return "0"
    last = Decimal(1).scaleb(number.adjusted() - 2, EXACT)
    number = EXACT.quantize(number, last)
    size = number.adjusted()
    if -4 <= size < 3:
        return _signed(_plain(number))
    if 3 <= size < 15:
        thousands = size // 3
        lead = _plain(number.scaleb(-3 * thousands, EXACT))
        return _signed(f"{lead} {' kMGT'[thousands]}")
    return _signed(f"{_plain(number.scaleb(-size, EXACT))}e{size}")


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(text: str) -> str:
    """Commas from five digits on, a true minus, and none before nothing."""
    if not text.strip("-0."):
        text = text.removeprefix("-")
    whole, dot, rest = text.partition(".")
    if len(whole.removeprefix("-")) > 4 and whole.removeprefix("-").isdigit():
        whole = f"{int(whole):,}"
    return f"{whole}{dot}{rest}".replace("-", "−")


class Comparison(Figure):
    """Rows compared: a table sorted by any column, and a plot of any two.

    Each of ``rows`` is a dict: its "name", maybe the "page" that tells more, and a
    number or None under the keys of ``columns`` (see :class:`Column`; tuples in
    that order will do).  ``x`` and ``y`` are the keys of the plot's axes, ``what``
    heads the names, ``sort`` is a key or "name" ("" keeps the order), ``front``
    draws the Pareto front, ``lit`` names the row that is lit.  Raises ValueError
    for rows or columns that cannot be shown, TraitError for an unknown key, TypeError
    for what is no list, or no words.
    """

    module = "comparison"
    x = Unicode().tag(sync=True)
    y = Unicode().tag(sync=True)
    sort = Unicode().tag(sync=True)
    descending = Bool(False).tag(sync=True)
    front = Bool(False).tag(sync=True)
    lit = Unicode().tag(sync=True)
    data: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[Any],
        *,
        x: str,
        y: str,
        title: str = "Comparison",
        what: str = "network",
        **state: Any,
    ) -> None:
        for text, words in (("title", title), ("what", what)):
            instance(text, words, str, "give words")
        checked = columns_of(columns)
        data = {
            "title": title,
            "what": what,
            "columns": [asdict(column) for column in checked],
            "rows": rows_of(rows, checked),
        }
        super().__init__(data=data, x=x, y=y, **state)

    @validate("x", "y", "sort")
    def _known(self, proposal: dict[str, Any]) -> str:
        name, key = proposal["trait"].name, str(proposal["value"])
        keys = [column["key"] for column in self.data.get("columns", [])]
        more = ["name", ""] if name == "sort" else []
        if keys and key not in keys + more:
            raise TraitError(
                f"{name} is {key!r}, which is no column's key; "
                f"the keys are {', '.join(keys)}."
            )
        return key

    @validate("lit")
    def _named(self, proposal: dict[str, Any]) -> str:
        name, rows = str(proposal["value"]), self.data.get("rows", [])
        if name and rows and name not in [row["name"] for row in rows]:
            raise TraitError(f"No row is called {name!r}.")
        return name

    def _column(self, key: str) -> tuple[Column, dict[str, int | float]]:
        """A column, and its values by name, those left out that are missing."""
        keys = [column["key"] for column in self.data["columns"]]
        at = keys.index(key)
        found = {row["name"]: row["values"][at] for row in self.data["rows"]}
        there = {name: value for name, value in found.items() if value is not None}
        return Column(**self.data["columns"][at]), there

    @property
    def order(self) -> list[str]:
        """The names as the table shows them; rows without a value stand last."""
        names: list[str] = [row["name"] for row in self.data["rows"]]
        if self.sort == "name":
            return sorted(names, key=str.lower, reverse=self.descending)
        if not self.sort:
            return names
        _, values = self._column(self.sort)
        there = [name for name in names if name in values]
        there.sort(key=values.__getitem__, reverse=self.descending)
        return there + [name for name in names if name not in values]

    @property
    def best(self) -> dict[str, list[str]]:
        """By key, the names with the column's best value; none if all are alike."""
        winners = {}
        for key in (column["key"] for column in self.data["columns"]):
            column, values = self._column(key)
            if column.better and len(set(values.values())) > 1:
                end = min if column.better == "less" else max
                first = end(values.values())
                winners[key] = [name for name, v in values.items() if v == first]
            else:
                winners[key] = []
        return winners

    @property
    def on_front(self) -> list[str]:
        """The names that no other beats in both axes, by x.

        One beats another if it is at least as good in both and better in one.
        Empty if an axis has no better direction.
        """
        (across, xs), (up, ys) = self._column(self.x), self._column(self.y)
        if not (across.better and up.better):
            return []
        sign_x, sign_y = (1 if c.better == "less" else -1 for c in (across, up))
        points = [(sign_x * xs[n], sign_y * ys[n], n) for n in xs if n in ys]
        points.sort(key=lambda p: p[:2])
        front: list[str] = []
        lowest: tuple[float, float] | None = None  # the last point taken
        for px, py, name in points:  # from the best x on
            if lowest is None or py < lowest[1] or (px, py) == lowest:
                front.append(name)
                lowest = (px, py)
        return sorted(front, key=xs.__getitem__)

    @property
    def problem(self) -> str:
        """Why there is nothing to plot; empty when there is."""
        (across, xs), (up, ys) = self._column(self.x), self._column(self.y)
        if xs.keys() & ys.keys():
            return ""
        return f"No {self.data['what']} has both {across.heading} and {up.heading}."

    def describe(self) -> str:
        """One line: what is compared, and the axes of the plot."""
        (across, _), (up, _) = self._column(self.x), self._column(self.y)
        names = ", ".join(row["name"] for row in self.data["rows"])
        return (
            f"{self.data['title']}: {len(self.data['columns'])} columns for {names}; "
            f"plotted: {up.heading} over {across.heading}"
        )

    def still(self) -> str:
        """The table in its order, with what is best marked."""
        columns = [Column(**column) for column in self.data["columns"]]
        rows = {row["name"]: row for row in self.data["rows"]}
        heads = (f"{c.heading} ({c.unit})" if c.unit else c.heading for c in columns)
        head = "".join(
            f'<th scope="col">{escape(text)}</th>'
            for text in (self.data["what"], *heads)
        )
        body = "".join(self._line(rows[name], columns) for name in self.order)
        return (
            f'<div class="d2l-scroll"><table><caption>{escape(self.data["title"])}'
            f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f'</div><p class="d2l-note">{NOTE}</p>'
        )

    def _line(self, row: dict[str, Any], columns: list[Column]) -> str:
        """One row of the still table."""
        name, page, best = row["name"], row["page"], self.best
        title = escape(name)
        if page:
            title = f'<a href="{escape(page)}">{title}</a>'
        cells = ""
        for column, value in zip(columns, row["values"], strict=True):
            mark = "★ " if name in best[column.key] else ""
            exact = "" if value is None else f' title="{value}"'
            cells += f"<td{exact}>{mark}{short(value, column.digits)}</td>"
        return f'<tr><th scope="row">{title}</th>{cells}</tr>'
