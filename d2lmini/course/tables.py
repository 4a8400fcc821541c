"""Cells of a table for a spreadsheet."""

from typing import Any


def safe(value: Any) -> Any:
    """`value` for a spreadsheet: text that it would compute is quoted."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
