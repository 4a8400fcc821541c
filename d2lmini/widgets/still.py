"""Still pictures for pages on which no script runs."""

from __future__ import annotations

import base64
import struct
import zlib
from html import escape
from typing import Any


def number(value: float) -> str:
    """A number as the figures write it: two decimals at most, a true minus."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def table(values: Any, caption: str) -> str:
    """A captioned HTML table of a grid of numbers."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{number(v)}</td>" for v in row) + "</tr>"
        for row in values
    )
    return f"<table><caption>{escape(caption)}</caption><tbody>{rows}</tbody></table>"


def grey_png(values: Any, ends: tuple[float, float] | None = None) -> str:
    """A grid of numbers as base64 of a grey PNG, from black to white between `ends`.

    Without `ends`, these are its own least and its own largest number.

    The pixels are stored, not compressed, so that the bytes are the same with
    every version of zlib.
    """
    flat = [v for line in values for v in line]
    low, high = ends or (min(flat), max(flat))

    def grey(v: float) -> int:
        return min(max(round(255 * (v - low) / ((high - low) or 1)), 0), 255)

    lines = [bytes(grey(v) for v in line) for line in values]

    def chunk(kind: bytes, body: bytes) -> bytes:
        data = kind + body
        return struct.pack(">I", len(body)) + data + struct.pack(">I", zlib.crc32(data))

    size = struct.pack(">IIBBBBB", len(values[0]), len(values), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + line for line in lines), 0)
    png = chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + png).decode()


def picture(values: Any, caption: str, ends: tuple[float, float] | None = None) -> str:
    """A captioned grey picture of a grid of numbers."""
    text = escape(caption)
    return (
        f'<figure><img class="d2l-pixels" alt="{text}" width="{8 * len(values[0])}" '
        f'src="data:image/png;base64,{grey_png(values, ends)}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def grid(values: Any, caption: str, ends: tuple[float, float] | None = None) -> str:
    """Small grids as a table of numbers, large ones as a picture from `ends`.

    Pictures that are to be compared have the same ends.
    """
    large = is_picture(values)
    return picture(values, caption, ends) if large else table(values, caption)


def is_picture(values: Any) -> bool:
    """Whether `grid` draws them, as too many to be read in a table."""
    return len(values) > 12 or len(values[0]) > 12


def row(*parts: str, caption: str) -> str:
    """Parts side by side over one caption."""
    return (
        f'<div class="d2l-stills">{"".join(parts)}</div>'
        f'<p class="d2l-note">{escape(caption)}</p>'
    )


def image(png: str, alt: str) -> str:
    """An `<img>` of base64 PNG text."""
    return (
        f'<img class="d2l-image" alt="{escape(alt)}" '
        f'src="data:image/png;base64,{escape(png)}">'
    )


def words(rows: Any, caption: str) -> str:
    """A captioned HTML table of words."""
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>"
