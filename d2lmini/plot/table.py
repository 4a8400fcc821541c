"""A small table of results, as text and as HTML."""

import html
import math
import numbers
import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from torch import Tensor

from d2lmini.arguments import found, instance, listed

Value = str | int | float | None
Lines = Sequence[Sequence[str]]


class Table:
    """``rows`` of results under ``head``, the names of the columns.

    The first entry of a row names it.  A column of numbers, of whatever kind, is
    aligned to the right; None is a dash.  ``formats`` maps a column's name to a format
    of Python's (``".4f"``) for its numbers; without one they are as :func:`readable`
    has them.  Raises ValueError for a row of another length than ``head``, and for
    a format that names no column or suits no number; TypeError for an entry that is
    neither text nor a number.
    """

    def __init__(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[Value]],
        *,
        formats: Mapping[str, str] | None = None,
    ) -> None:
        self.head = tuple(map(str, listed("head", head, "give a list of names")))
        lines = enumerate(listed("rows", rows, "give a list of rows"), 1)
        self.rows = tuple(
            tuple(listed(f"row {i}", row, "give a list of entries")) for i, row in lines
        )
        instance("formats", formats or {}, Mapping, "give a dict, column to format")
        self.formats = dict(formats or {})
        self._check()
        shown = [list(map(self._cell, self.head, row)) for row in self.rows]
        self._lines: Lines = [self.head, *shown]
        self._right = {
            i
            for i, column in enumerate(zip(*self.rows, strict=True))
            if not any(isinstance(value, str) for value in column)
        }

    def _check(self) -> None:
        if not self.head:
            raise ValueError("a table needs a column: give head at least one name.")
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.head):
                raise ValueError(
                    f"row {number} has {len(row)} entries under {len(self.head)} "
                    "columns: give one for each, None where there is nothing."
                )
        if unknown := [name for name in self.formats if name not in self.head]:
            raise ValueError(
                f"there is a format for {unknown[0]!r}, which is no column: the "
                f"columns are {', '.join(self.head)}."
            )

    def _cell(self, name: str, value: Value) -> str:
        if value is None:
            return "–"
        if isinstance(value, str):
            return value
        number = _number(name, value)
        if name not in self.formats:
            return str(number) if isinstance(number, bool) else readable(number)
        try:
            return _signed(format(number, self.formats[name]))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"the format {self.formats[name]!r} of the column {name!r} does not "
                f"suit {value}: give one like '.4f' or ',d'."
            ) from error

    def __str__(self) -> str:
        return as_text(self._lines, self._right)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._lines, self._right)


def _number(name: str, value: Any) -> Any:
    """``value`` as a number of Python's own; TypeError for what is none."""
    empty = isinstance(value, Tensor) and value.is_meta
    if isinstance(value, (np.generic, Tensor)) and value.ndim == 0 and not empty:
        value = value.item()
    if isinstance(value, Fraction):  # which has no formats of its own
        value = float(value)
    if not isinstance(value, numbers.Number) or isinstance(value, complex):
        raise TypeError(
            f"an entry of the column {name!r} is {found(value)}: give a number, "
            "text or None."
        )
    return value


def readable(value: int | float) -> str:
    """A number as the book writes it: 0.8904, 12.5, 5000, 11,175,370, −3.

    With four significant digits, or all before the point where they are more; groups
    of three begin with numbers of five digits.
    """
    if not isinstance(value, numbers.Integral):  # NumPy's float32, a fraction
        value = float(value)
        if not 1000 <= abs(value) < 1e15 and not math.isinf(value):  # so NaN as well
            return _signed(f"{value:.4g}")
    if value in (float("inf"), -float("inf")):
        return "∞" if value > 0 else "−∞"
    whole = round(value)
    grouped = f"{whole:,}" if abs(whole) >= 10_000 else str(whole)
    return _signed(grouped)


def _signed(text: str) -> str:
    """A formatted number with the sign of the book; a zero has none."""
    return re.sub(r"-(?=0[0.,]*(e\+00)?%?\s*$)", "", text).replace("-", "−")


def as_text(lines: Lines, right: Collection[int]) -> str:
    """``lines``, the head first, in columns; those numbered in ``right`` end flush."""
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = (
        [
            text.rjust(width) if i in right else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, wide, strict=True))
        ]
        for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in aligned)


def as_html(lines: Lines, right: Collection[int]) -> str:
    """``lines`` as a table of the book; screen readers hear a cell's two names."""
    # Said cell by cell: notebooks and the site have opposite defaults.
    side = [
        ' style="text-align: right"' if i in right else "" for i in range(len(lines[0]))
    ]
    head, *body = (list(map(html.escape, line)) for line in lines)

    def entry(text: str, style: str) -> str:
        if re.fullmatch(r"\([\d, ]+\)", text):  # a shape, which no line may break
            style = ' style="white-space: nowrap"'
        return f"<td{style}>{text}</td>"

    columns = "".join(
        f'<th scope="col"{s}>{text}</th>' for s, text in zip(side, head, strict=True)
    )
    rows = "".join(
        f'<tr><th scope="row"{side[0]}>{first}</th>'
        + "".join(map(entry, rest, side[1:]))
        + "</tr>"
        for first, *rest in body
    )
    return (
        f'<table class="d2l-table"><thead><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
