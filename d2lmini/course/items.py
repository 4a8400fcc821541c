"""Quiz questions as items, and XML of them, for the files of learning platforms."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any
from xml.etree import ElementTree

from d2lmini.course import quizzes
from d2lmini.widgets.quiz import picture, rich

Element = ElementTree.Element


@dataclass(frozen=True)
class Item:
    """One question: its id (such as `lenet-2`), its chapter's title, and itself."""

    id: str
    chapter: str
    question: dict[str, Any]

    @property
    def choices(self) -> dict[str, dict[str, Any]]:
        """The choices by letter; empty for a number."""
        return quizzes.lettered(self.question)

    @property
    def right(self) -> list[str]:
        """The letters of the right choices."""
        return [letter for letter, one in self.choices.items() if one["right"]]

    @property
    def picture(self) -> tuple[str, bytes] | None:
        """The name and the bytes of its picture, if it has one."""
        found = picture(self.question)
        return None if found is None else (f"{self.id}.{found[0]}", found[1])

    @property
    def tolerance(self) -> float:
        """By how much a number may differ, as in the book's own quizzes."""
        return float(
            max(self.question["tolerance"], 1e-9 * abs(self.question["answer"]))
            if isinstance(self.question["answer"], float) or self.question["tolerance"]
            else 0
        )

    @property
    def said(self) -> Iterator[tuple[str, str, str]]:
        """For a number: each one that is foreseen, a name for it, what is said to it.

        The right one is called RIGHT and comes first.
        """
        yield plain(self.question["answer"]), "RIGHT", self.question["why"]
        for i, (value, why) in enumerate(self.question["wrong"], 1):
            yield plain(value), f"SLIP{i}", why

    def html(self, source: str = "") -> str:
        """The question as HTML; `source` is where its picture is, if it has one."""
        text = f"<p>{rich(self.question['text'])}</p>"
        if self.picture is not None:
            alt = escape(self.question["alt"])
            text += f'<p><img src="{escape(source)}" alt="{alt}" /></p>'
        return text


def plain(value: float) -> str:
    """`value` in digits, without a power of ten."""
    return f"{Decimal(f'{value:.15g}'):f}" if value % 1 else str(int(value))


def make(tag: str, *inner: Any, **attributes: Any) -> Element:
    """An element of `inner`: elements, and at most one text, which comes first."""
    made = Element(tag, {k.rstrip("_"): str(v) for k, v in attributes.items()})
    for one in inner:
        if isinstance(one, str):
            made.text = one
        else:
            made.append(one)
    return made


def written(root: Element) -> bytes:
    """`root` as a file, without indentation: in a paragraph it would be text."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root)


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """`files` as an archive that is the same for the same content."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def pictures(items: list[Item]) -> list[tuple[str, bytes]]:
    """The names and the bytes of the pictures of those `items` that have one."""
    return [one.picture for one in items if one.picture is not None]
