"""Write an nbgrader assignment from exercises of any chapters: `d2lmini-assign`."""

import argparse
import copy
import difflib
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from d2lmini.course import quizzes
from d2lmini.course.exercises import (
    Exercise,
    chapters,
    new_cell,
    notebook,
    number,
    read,
)

INTRODUCTION = """# {name}

{count} · {points} points · about {minutes} minutes

Where a cell raises `NotImplementedError`, put your answer in its place. Run the cell
below it: it says whether the answer is right, or where it first goes wrong. When it is
graded, it is tried on further inputs. Please leave the cells between as they are.
"""

LOCKED = {
    "grade": False,
    "solution": False,
    "locked": True,
    "schema_version": 3,
    "task": False,
}


def find_book(given: Path | None, start: Path) -> Path:
    """The folder of chapters: `given`, or `book` in `start` or a folder above it."""
    if given is not None:
        candidates = [given, given / "book"]
    else:
        candidates = [folder / "book" for folder in (start, *start.parents)]
    for folder in candidates:
        if any(folder.glob("*/*.ipynb")):
            return folder
    raise ValueError(
        f"No chapters were found in {given or start}: run it inside a clone of the "
        "book, or name the folder with --book."
    )


def every(book: Path) -> dict[str, Exercise]:
    """All exercises and quiz questions of `book` by id, in its order."""
    found: dict[str, Exercise] = {}
    for path in chapters(book):
        for one in (*read(path), *quizzes.read(path)):
            found[one.id] = one
    return found


def chosen(ids: list[str], known: dict[str, Exercise]) -> list[Exercise]:
    """The exercises with these `ids`; ValueError for one unknown, or twice."""
    for name in ids:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(
                f"There is no exercise {name}: {hint or 'd2lmini-assign --list'}"
                + ("" if hint else " shows all.")
            )
        if ids.count(name) > 1:
            raise ValueError(f"{name} is asked for {ids.count(name)} times.")
    return [known[name] for name in ids]


def assignment(
    name: str, exercises: list[Exercise], book: Path, variant: str | None = None
) -> NotebookNode:
    """The source notebook of an assignment: what nbgrader generates from.

    `variant` is a cohort's seed, which draws the numbers that may vary; None keeps
    the book's own.
    """
    cells = [_introduction(name, exercises), _setup(exercises, book)]
    present: set[str] = set()
    for count, one in enumerate(exercises, 1):
        for cell in _context(one, present):
            cells.append(cell)
        numbers = one.draw(variant) if variant is not None else {}
        for cell in one.with_variant(numbers):
            if cell.cell_type == "markdown":
                cell.source = re.sub(r"^### \d+ · ", f"### {count} · ", cell.source)
            cells.append(bare(cell))
    untyped: Any = nbformat.v4
    nb: NotebookNode = untyped.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    return nb


def _introduction(name: str, exercises: list[Exercise]) -> NotebookNode:
    text = INTRODUCTION.format(
        name=name,
        count=f"{len(exercises)} exercise{'s' * (len(exercises) != 1)}",
        points=sum(one.points for one in exercises),
        minutes=sum(one.minutes for one in exercises),
    )
    return new_cell("markdown", "introduction", text.rstrip())


def _setup(exercises: list[Exercise], book: Path) -> NotebookNode:
    """The first lines of the chapter's own setup: import, or install on Colab."""
    source = "import d2lmini"
    for path in chapters(book):
        if path.stem == exercises[0].chapter:
            code = (c.source for c in notebook(path).cells if c.cell_type == "code")
            setup = next((text for text in code if source in text), source)
            source = setup.split("\n\n")[0]
    return locked(new_cell("code", "setup", source))


def _context(one: Exercise, present: set[str]) -> Iterator[NotebookNode]:
    """What `one` builds on and is not there yet, with a line on where it is from."""
    new = [c for c in one.context if f"{one.chapter}-{c['id']}" not in present]
    if new:
        text = f"From the chapter on {one.chapter.replace('-', ' ')}, for what follows:"
        yield new_cell("markdown", f"{one.id}-context", text)
    for cell in new:
        name = f"{one.chapter}-{cell['id']}"
        present.add(name)
        yield locked(new_cell("code", name, cell.source))


def locked(cell: NotebookNode) -> NotebookNode:
    """`cell`, which nbgrader will restore if a student changes it."""
    cell.metadata["nbgrader"] = {**LOCKED, "grade_id": cell["id"]}
    return cell


def bare(cell: NotebookNode) -> NotebookNode:
    """A copy of `cell` with what nbgrader and the stub need, and no outputs."""
    cell = copy.deepcopy(cell)
    about = cell.metadata.get("d2lmini", {}).get("exercise")
    kept: dict[str, Any] = {"d2lmini": {"exercise": about}} if about else {}
    if "nbgrader" in cell.metadata:
        kept["nbgrader"] = cell.metadata["nbgrader"]
    return new_cell(cell.cell_type, cell["id"], cell.source, kept)


def write(nb: NotebookNode, path: Path, *, force: bool = False) -> None:
    """Write `nb` to `path`; ValueError if there is a file and `force` is false."""
    if path.exists() and not force:
        raise ValueError(f"{path} is there already: --force writes it anew.")
    path.parent.mkdir(parents=True, exist_ok=True)
    untyped: Any = nbformat
    untyped.validate(nb)
    path.write_text(untyped.writes(nb) + "\n", encoding="utf-8")


def listing(known: Iterable[Exercise], book: Path) -> Iterator[str]:
    """The lines of `--list`: exercises one by one, quiz questions by chapter."""
    numbers = {path.stem: number(path) for path in chapters(book)}
    known = list(known)
    rows = [("id", "chapter", "kind", "points", "minutes", "GPU", "title")]
    rows += [
        (
            one.id,
            f"{numbers[one.chapter]} {one.chapter}",
            one.kind,
            str(one.points),
            str(one.minutes),
            "yes" if one.gpu else "no",
            one.title,
        )
        for one in known
        if one.kind != "quiz"
    ]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, wide, strict=True)
        yield "  ".join(text.ljust(width) for text, width in cells).rstrip()
    for chapter in numbers:
        count = sum(one.kind == "quiz" and one.chapter == chapter for one in known)
        if count:
            yield f"quiz:{chapter}:1 … quiz:{chapter}:{count}  (1 point each)"


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    it = argparse.ArgumentParser(
        prog="d2lmini-assign",
        description="Write an nbgrader assignment from exercises of the book.",
    )
    it.add_argument("name", nargs="?", help="of the assignment, such as week3")
    it.add_argument("ids", nargs="*", metavar="ID", help="exercises, in their order")
    it.add_argument("--list", action="store_true", help="show all exercises")
    it.add_argument("--variant", metavar="SEED", help="draw this cohort's numbers")
    it.add_argument("--to", type=Path, help="default: source/NAME/NAME.ipynb")
    it.add_argument("--book", type=Path, help="default: book/, here or above")
    it.add_argument("--force", action="store_true", help="replace an existing file")
    return it


def run(asked: argparse.Namespace) -> None:
    """Do what was asked; ValueError with one sentence where that cannot be."""
    book = find_book(asked.book, Path.cwd())
    known = every(book)
    if asked.list:
        print("\n".join(listing(known.values(), book)))
        return
    if not asked.name or not asked.ids:
        raise ValueError(
            "Give a name and the exercises, as in `d2lmini-assign week3 "
            "lenet-parameters`; --list shows them."
        )
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", asked.name):
        raise ValueError(
            f"{asked.name!r} cannot name a folder: use letters and digits."
        )
    picked = chosen(asked.ids, known)
    path = asked.to or Path("source", asked.name, f"{asked.name}.ipynb")
    write(assignment(asked.name, picked, book, asked.variant), path, force=asked.force)
    points, minutes = sum(x.points for x in picked), sum(x.minutes for x in picked)
    gpu = "needs a GPU" if any(x.gpu for x in picked) else "no GPU needed"
    print(f"{path}: {len(picked)} exercises, {points} points, {minutes} minutes, {gpu}")


def main() -> None:
    """Take the command line."""
    try:
        run(parser().parse_args())
    except ValueError as error:
        sys.exit(str(error))
