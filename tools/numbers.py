"""Chapter numbers and titles from one place: ``python -m tools.numbers``.

A chapter's number is its place in ``_toc.yml``; its title is its own first heading.
Links repeat them ("[chapter 6](lenet.ipynb)", "[6 · LeNet](lenet.ipynb)"), so that a
page reads the same wherever it is opened.  This writes both anew in every heading and
link after a chapter has been put in, moved or renamed, and derives the student
edition.  ``--check`` changes nothing and says what is wrong.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools import book, student

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"# (?:\d+ · )?(.+)")
#: The words of a link that name a chapter by its number, without and with its title.
NUMBER = re.compile(r"((?:(?:chapters?|study|studies)\s+)?)\d+", re.IGNORECASE)
TITLE = re.compile(r"\d+ · .+", re.DOTALL)
#: A number that no link carries; a zero byte stands for a link that carries one.
STRAY = re.compile(r"\bchapters?\s+\d+\b|\0(?:,| and| to| or)\s+\d+\b", re.IGNORECASE)


class Chapter(NamedTuple):
    """What other pages repeat of a chapter."""

    number: int
    title: str


class Book:
    """The chapters of the book under ``root``, numbered as ``_toc.yml`` orders them."""

    def __init__(self, root: Path = book.ROOT) -> None:
        self.root = root = root.resolve()
        self.chapters: dict[Path, Chapter] = {}
        for number, path in enumerate(book.chapters(root), start=1):
            first = nbformat.read(path, as_version=4).cells[0].source
            heading = HEADING.match(first)
            if heading is None:
                raise ValueError(
                    f"{path.name} begins with {first[:40]!r}: its first cell must "
                    "begin with its title, as in '# 6 · LeNet'."
                )
            self.chapters[path] = Chapter(number, heading[1].strip())

    def pages(self) -> list[Path]:
        """Every page whose text may name a chapter."""
        names = ("README.md", "ARCHITECTURE.md", "benchmarks/*.md")
        outside = (page for name in names for page in sorted(self.root.glob(name)))
        return [*book.pages(self.root), *outside]

    def wanted(self, page: Path) -> str:
        """What the file ``page`` should hold."""
        text = page.read_text(encoding="utf-8")
        if page not in self.chapters:
            return self.renumbered(text, page)
        nb = nbformat.reads(text, as_version=4)
        before = [cell.source for cell in nb.cells]
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = self.renumbered(cell.source, page)
        own = "# {} · {}".format(*self.chapters[page])
        nb.cells[0].source = HEADING.sub(lambda _: own, nb.cells[0].source, count=1)
        same = before == [cell.source for cell in nb.cells]
        return text if same else nbformat.writes(nb) + "\n"

    def renumbered(self, text: str, page: Path) -> str:
        """``text`` of ``page``, its links saying the chapters' numbers and titles."""

        def link(found: re.Match[str]) -> str:
            words, target = found.groups()
            chapter = self._behind(target, page)
            if chapter and TITLE.fullmatch(words):
                words = f"{chapter.number} · {chapter.title}"
            elif chapter and (number := NUMBER.fullmatch(words)):
                words = f"{number[1]}{chapter.number}"
            return f"[{words}]({target})"

        return LINK.sub(link, text)

    def _behind(self, target: str, page: Path) -> Chapter | None:
        """The chapter that a link leads to, here or as a copy on a host."""
        name = target.partition("#")[0]
        hosted = re.search(r"://.*?/(?:student/)?(book/.+\.ipynb)$", name)
        file = self.root / hosted[1] if hosted else page.parent / name
        return self.chapters.get(file.resolve())

    def strays(self, text: str, page: Path) -> Iterator[str]:
        """Chapters named in ``text`` by a number that no link carries."""

        def blank(found: re.Match[str]) -> str:
            numbered = NUMBER.fullmatch(found[1]) or TITLE.fullmatch(found[1])
            return "\0" if numbered and self._behind(found[2], page) else ""

        for found in STRAY.finditer(LINK.sub(blank, text)):
            yield found[0].strip("\0, ")

    def complaints(self) -> Iterator[str]:
        """Every wrong number or title, and every number that stands by itself."""
        for page in self.pages():
            name = page.relative_to(self.root).as_posix()
            wanted = set(self.wanted(page).splitlines())
            for line in page.read_text(encoding="utf-8").splitlines():
                if line not in wanted:
                    yield f"{name} has another number or title: {line.strip()}"
            for stray in (s for part in _parts(page) for s in self.strays(part, page)):
                yield f"{name} says {stray!r} without a link to the chapter."
        for path in sorted((self.root / "d2lmini").rglob("*.py")):
            for found in STRAY.finditer(path.read_text(encoding="utf-8")):
                name = path.relative_to(self.root).as_posix()
                yield f"{name} says {found[0]!r}: the package knows no numbers."


def _parts(page: Path) -> list[str]:
    """The texts of a page: a notebook's cells, whatever their type."""
    if page.suffix != ".ipynb":
        return [page.read_text(encoding="utf-8")]
    return [cell.source for cell in nbformat.read(page, as_version=4).cells]


def update(root: Path = book.ROOT) -> list[Path]:
    """Write numbers and titles anew; return the pages that changed."""
    here = Book(root)
    texts = {page: here.wanted(page) for page in here.pages()}
    changed = [p for p in texts if p.read_text(encoding="utf-8") != texts[p]]
    for page in changed:
        page.write_text(texts[page], encoding="utf-8", newline="\n")
    return changed


def main() -> None:
    """Mend what can be mended; name the rest and exit with an error."""
    parser = argparse.ArgumentParser(prog="python -m tools.numbers")
    parser.add_argument("--check", action="store_true", help="change nothing")
    if not parser.parse_args().check:
        for page in update():
            print(f"{page.relative_to(book.ROOT)}: written")
        student.main()
    if found := list(Book().complaints()):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
