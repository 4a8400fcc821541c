"""Write an nbgrader assignment from exercises of any chapters: `d2lmini-assign`."""

import argparse
import copy
import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from d2lmini import storage
from d2lmini.course import marks, quizzes
from d2lmini.course.exercises import (
    Exercise,
    Variant,
    chapters,
    counted,
    new_cell,
    notebook,
    number,
    read,
)

INTRODUCTION = """# {name}

{count} · {points} · about {minutes}

Where a cell raises `NotImplementedError`, put your answer in its place, and keep the
names that it asks for: the checks look for them. Run the cell below it. It says whether
the answer is right, or what is wrong, and of a number to predict only whether it is too
high or too low. When your work is graded, each answer is tried on further inputs, and
each of several cases counts. Below a quiz question, the check says only whether the
answer has the right form, and below *Once more* it says nothing.

- Every cell is run from top to bottom in a fresh kernel. A cell that takes more than a
  minute, or asks for more memory than a laptop has, counts as unanswered.
- Please leave the cells between as they are: what is deleted or changed in them is put
  back, and what is added counts for nothing.
- Before you hand in, choose **Restart kernel and run all cells** and save. Hand in this
  one file under the name that it has, `{name}.ipynb`.
"""

AGAIN = """**Once more.** The same question with other numbers. Nobody says whether your
answer is right before it is graded."""

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
            return with_solutions(folder)
    raise ValueError(
        f"No chapters were found in {given or start}: run it inside a clone of the "
        "book, or name the folder with --book."
    )


def with_solutions(book: Path) -> Path:
    """`book`; ValueError if it is the edition for students, which has no solutions."""
    for path in sorted(book.glob("*/*.ipynb")):
        for one in read(path):
            answer = one.cell("")
            if (
                one.kind == "open"
                or answer is None
                or "BEGIN SOLUTION" in answer.source
            ):
                continue
            raise ValueError(
                f"{book} has no solution of {one.id}; is it the students' edition? "
                "Give --book the folder of the clone itself."
            )
        break  # one chapter tells
    return book


def every(book: Path, private: Path | None = None) -> dict[str, Exercise]:
    """All exercises and quiz questions of `book` by id, in its order.

    Those of the notebooks in the folder `private` follow.
    """
    found: dict[str, Exercise] = {}
    own = sorted(private.glob("*.ipynb")) if private is not None else []
    if private is not None and not own:
        raise ValueError(f"There is no notebook in {private}, so no private exercise.")
    for path in (*chapters(book), *own):
        for one in (*read(path), *quizzes.read(path)):
            if one.id in found:
                raise ValueError(f"{path.name}: another exercise is called {one.id}.")
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
    name: str,
    exercises: list[Exercise],
    book: Path,
    variant: str | None = None,
    *,
    again: bool = False,
) -> NotebookNode:
    """The source notebook of an assignment: what nbgrader generates from.

    `variant` is the seed of a cohort, or of a student, which draws the numbers that may
    vary; None keeps the book's own.  With `again`, each prediction is asked for once
    more, with other numbers and a check that stays silent until it is graded.
    """
    cells = [_introduction(name, exercises), _setup(exercises, book)]
    present: set[str] = set()
    for count, one in enumerate(exercises, 1):
        for cell in _context(one, present):
            cells.append(cell)
        numbers = one.draw(variant) if variant is not None else {}
        twice = again and one.kind == "predict" and bool(one.variants)
        for cell in one.with_variant(numbers):
            if cell["id"] == one.cells[0]["id"]:
                cell.source = re.sub(r"^### \d+ · ", f"### {count} · ", cell.source)
                cell.source = placed(cell.source, one, book)
            elif cell.cell_type == "markdown":  # an answer to an open question
                cell.source = linked(cell.source, one, book)
            kept = bare(cell)
            cells.append(worth(kept, half(one)) if twice else kept)
        if twice:
            cells += once_more(one, one.draw_other(f"{name}/{variant}", numbers))
    untyped: Any = nbformat.v4
    nb: NotebookNode = untyped.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    return nb


def placed(text: str, one: Exercise, book: Path) -> str:
    """`text` of an exercise away from its chapter: its name, links that hold."""
    path = chapter_of(one, book)
    if path is None:
        return text
    title = notebook(path).cells[0].source.split("\n")[0].lstrip("# ")
    head, _, rest = linked(text, one, book).partition("\n\n")
    chapter = linked(f"[{title}]({path.name})", one, book)
    origin = f'*From the chapter {chapter}, which is "this chapter" here.*'
    return f"{head}\n\n{origin}\n\n{rest}"


def chapter_of(one: Exercise, book: Path) -> Path | None:
    """The notebook of an exercise; None of a private one."""
    return next(book.glob(f"*/{one.chapter}.ipynb"), None)


def linked(text: str, one: Exercise, book: Path) -> str:
    """`text` of the chapter of `one` with links that hold elsewhere.

    They lead to the book's site, whose address the clone's `_config.yml` gives; where
    there is none, their words stay.
    """
    path = chapter_of(one, book)
    if path is None:
        return text
    config = book.parent / "_config.yml"
    known = config.read_text(encoding="utf-8") if config.exists() else ""
    address = re.search(r"github\.com/([\w-]+)/([\w.-]+)", known)
    site = f"https://{address[1].lower()}.github.io/{address[2]}" if address else ""

    def moved(link: re.Match[str]) -> str:
        words, target = link.groups()
        file, _, part = target.partition("#")
        page = (path.parent / file).resolve().relative_to(book.parent.resolve())
        goal = f"{site}/{page.with_suffix('.html').as_posix()}"
        return f"[{words}]({goal}{'#' * bool(part)}{part})" if site else words

    return re.sub(r"\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)", moved, text)


def once_more(one: Exercise, numbers: Variant) -> Iterator[NotebookNode]:
    """The given numbers, the answer and a hidden check, for other `numbers`."""
    yield new_cell("markdown", f"{one.id}-again-text", AGAIN)
    for cell in one.with_variant(numbers)[1:]:
        kept = worth(bare(cell), half(one))
        part = kept["id"].removeprefix(one.id)
        kept["id"] = kept.metadata["nbgrader"]["grade_id"] = f"{one.id}-again{part}"
        if part == "-check":
            kept.source = f"# Checked when it is graded.\n{marks.hidden(kept.source)}"
        yield kept


def half(one: Exercise) -> float:
    """Half the points of `one`: a whole number where it is one."""
    return one.points // 2 if one.points % 2 == 0 else one.points / 2


def worth(cell: NotebookNode, points: float) -> NotebookNode:
    """`cell`, whose check gives `points`; others as they are."""
    if "points" in cell.metadata.get("nbgrader", {}):
        cell.metadata["nbgrader"]["points"] = points
        cell.source = re.sub(
            r"check\.Cases\([\d.]+\)", f"check.Cases({points})", cell.source
        )
    return cell


def _introduction(name: str, exercises: list[Exercise]) -> NotebookNode:
    count, points, minutes, _ = summed(exercises)
    text = INTRODUCTION.format(name=name, count=count, points=points, minutes=minutes)
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
    """Write `nb` to `path`; ValueError if other is there and `force` is false."""
    write_all({path: nb}, force=force)


def write_all(notebooks: dict[Path, NotebookNode], *, force: bool = False) -> None:
    """Write each of `notebooks` to its path, or none: ValueError where other is there.

    With `force`, it is replaced.
    """
    untyped: Any = nbformat
    texts = {}
    for path, nb in notebooks.items():
        untyped.validate(nb)
        texts[path] = f"{untyped.writes(nb)}\n".encode()
        if path.is_dir():
            raise ValueError(f"{path} is a folder: --to takes the name of a file.")
        if path.exists() and not force and path.read_bytes() != texts[path]:
            raise ValueError(
                f"{path} is there already, and not the same: --force writes "
                f"{'it' if len(notebooks) == 1 else 'all'} anew."
            )
    for path, text in texts.items():
        with storage.written(path) as file:
            file.write(text)


def listing(known: Iterable[Exercise], book: Path) -> Iterator[str]:
    """The lines of `--list`: exercises one by one, quiz questions by chapter."""
    numbers = {path.stem: number(path) for path in chapters(book)}
    known = list(known)
    head = ("id", "chapter", "kind", "points", "minutes", "GPU", "variants", "title")
    rows = [head]
    rows += [
        (
            one.id,
            f"{numbers.get(one.chapter, 'private')} {one.chapter}",
            one.kind,
            str(one.points),
            str(one.minutes),
            "yes" if one.gpu else "no",
            str(len(one.all_variants())) if one.variants else "-",
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
    it.add_argument(
        "--per-student",
        metavar="LIST",
        type=Path,
        help="a text file of ids: one assignment each, with numbers of their own",
    )
    it.add_argument("--once", action="store_true", help="ask no prediction twice")
    it.add_argument("--private", type=Path, metavar="FOLDER", help="exercises of yours")
    it.add_argument("--to", type=Path, help="default: source/NAME/NAME.ipynb")
    it.add_argument("--book", type=Path, help="default: book/, here or above")
    it.add_argument("--force", action="store_true", help="replace an existing file")
    return it


def run(asked: argparse.Namespace) -> None:
    """Do what was asked; ValueError with one sentence where that cannot be."""
    book = find_book(asked.book, Path.cwd())
    known = every(book, asked.private)
    if asked.list:
        print("\n".join(listing(known.values(), book)))
        return
    if not asked.name or not asked.ids:
        raise ValueError(
            "Give a name and the exercises, as in `d2lmini-assign week3 "
            "lenet-parameters`; --list shows them."
        )
    if not re.fullmatch(r"[^\W_][\w-]*", asked.name):
        raise ValueError(
            f"{asked.name!r} cannot name a folder: use letters and digits."
        )
    picked = chosen(asked.ids, known)
    made = {
        asked.to or folder / f"{asked.name}.ipynb": assignment(
            asked.name, picked, book, seed, again=not asked.once
        )
        for folder, seed in students(asked)
    }
    write_all(made, force=asked.force)
    print(f"{named([*made])}: {', '.join(summed(picked))}")


def named(paths: list[Path]) -> str:
    """One file by its name, several by their number, the first and the last."""
    if len(paths) == 1:
        return str(paths[0])
    return f"{len(paths)} notebooks, {paths[0]} to {paths[-1]}"


def summed(picked: list[Exercise]) -> Iterator[str]:
    """What these exercises come to."""
    yield counted(len(picked), "exercise")
    yield counted(sum(one.points for one in picked), "point")
    yield counted(sum(one.minutes for one in picked), "minute")
    yield "needs a GPU" if any(one.gpu for one in picked) else "no GPU needed"


def students(asked: argparse.Namespace) -> Iterator[tuple[Path, str | None]]:
    """The folder and the seed of each notebook that is asked for."""
    if asked.per_student is None:
        yield Path("source", asked.name), asked.variant
        return
    try:
        text = asked.per_student.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{asked.per_student} cannot be read: {error}.") from None
    ids = [line.strip() for line in text.splitlines() if line.strip()]
    if not ids:
        raise ValueError(f"{asked.per_student} is empty: write one id a line.")
    if asked.to:
        raise ValueError(
            "--to is one file, and --per-student writes many: leave one of them out."
        )
    for one, other in pairwise(sorted(ids, key=str.casefold)):
        if one.casefold() == other.casefold():
            raise ValueError(
                f"{one!r} and {other!r} in {asked.per_student} would share a folder "
                "(on macOS and Windows, capitals make no difference): take one out, or "
                "give it another id."
            )
    if odd := [one for one in ids if not re.fullmatch(r"[\w@+ -][\w@.+ -]*", one)]:
        raise ValueError(f"{odd[0]!r} in {asked.per_student} cannot name a folder.")
    for one in ids:
        yield Path("source", f"{asked.name}-{one}"), f"{asked.variant}/{one}"


def main() -> None:
    """Take the command line."""
    try:
        run(parser().parse_args())
        sys.stdout.flush()
    except (ValueError, storage.StorageError) as error:
        sys.exit(str(error))
    except BrokenPipeError:  # as after `| head`: nobody reads the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
