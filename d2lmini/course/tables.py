"""Tables for spreadsheets, as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from d2lmini import storage


def write(lines: Iterable[Sequence[Any]], path: Path) -> None:
    """Write `lines` as a file, whole or not at all; no cell of it is computed."""
    made = io.StringIO()
    csv.writer(made).writerows([safe(value) for value in line] for line in lines)
    with storage.written(path) as file:
        file.write(made.getvalue().encode("utf-8", "replace"))


def safe(value: Any) -> Any:
    """`value` for a spreadsheet: text that it would compute is quoted."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
