"""Trying an answer: the cells of an exercise, run in order in one namespace."""

import contextlib
import io
import runpy
from dataclasses import dataclass
from pathlib import Path

import torch

from d2lmini.course import exercises
from tools import book

ANSWERS = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Outcome:
    """What the check said of an answer: an error or None, and what it printed."""

    error: Exception | None
    printed: str
    complained: str  # on stderr, for which nbgrader gives no points

    @property
    def passed(self) -> bool:
        return self.error is None


def readable():
    """The exercises of each chapter; of one that cannot be read, the ValueError."""
    found = {}
    for path in book.chapters():
        try:
            found[path] = exercises.read(path)
        except ValueError as error:
            found[path] = error
    return found


def run(source, namespace, name="answer"):
    exec(compile(source, f"<{name}>", "exec"), namespace)


def attempt(exercise, answer=None, variant=None, namespace=None):
    """Give `answer`, the source of the solution cell; the chapter's own if None."""
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    torch.manual_seed(0)
    said, complained = io.StringIO(), io.StringIO()
    cells = exercise.with_variant(variant or {})
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        for cell in (*exercise.context, *cells[1:]):
            own = cell["id"] == exercise.id
            if cell["id"] == f"{exercise.id}-check":
                said.truncate(said.seek(0))  # what follows is the check's
                try:
                    run(cell.source, namespace, cell["id"])
                except Exception as error:
                    return Outcome(error, said.getvalue(), complained.getvalue())
            elif cell.cell_type == "code":
                given = answer if own and answer is not None else cell.source
                run(given, namespace, cell["id"])
    return Outcome(None, said.getvalue(), complained.getvalue())


def kept(exercise):
    """The right and the wrong answers that are kept; two empty dicts without any."""
    slug = exercise.id.removeprefix(f"{exercise.chapter}-")
    path = ANSWERS / exercise.chapter / f"{slug}.py"
    found = runpy.run_path(str(path)) if path.exists() else {}
    return found.get("RIGHT", {}), found.get("WRONG", {})
