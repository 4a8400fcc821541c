"""Trying an answer: the cells of an exercise, run in order in one namespace."""

import ast
import contextlib
import functools
import io
import runpy
from dataclasses import dataclass
from pathlib import Path

import torch

from d2lmini.course import exercises
from d2lmini.course.marks import visible
from tools import book

ANSWERS = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Outcome:
    """What the check said of an answer: an error or None, and what it printed."""

    error: Exception | None
    score: float | None  # partial credit: the value of the check's last line
    printed: str
    complained: str  # on stderr, for which nbgrader gives no points

    @property
    def passed(self) -> bool:
        return self.error is None and self.score is None

    @property
    def sentence(self) -> str:
        return self.printed if self.error is None else str(self.error)


@functools.cache
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
    """Execute a cell; returns the value of its last line, as Jupyter shows it."""
    begin, last = compiled(source, name)
    exec(begin, namespace)
    return last and eval(last, namespace)


@functools.cache
def compiled(source, name):
    """A cell without its last line, and that, or None where it has no value."""
    tree, last = ast.parse(source), None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        expression = ast.Expression(tree.body.pop().value)
        last = compile(expression, f"<{name}>", "eval")
    return compile(tree, f"<{name}>", "exec"), last


def attempt(exercise, answer=None, variant=None, namespace=None, hidden=True):
    """Give `answer`, the source of the solution cell; the chapter's own if None."""
    score = None
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    torch.default_generator.manual_seed(0)  # checks are run on the processor
    said, complained = io.StringIO(), io.StringIO()
    cells = exercise.with_variant(variant or {})
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        for cell in (*exercise.context, *cells[1:]):
            own = cell["id"] == exercise.id
            if cell["id"] == f"{exercise.id}-check":
                said.truncate(said.seek(0))  # what follows is the check's
                try:
                    source = cell.source if hidden else visible(cell.source)
                    score = run(source, namespace, cell["id"])
                except Exception as error:
                    return Outcome(error, None, said.getvalue(), complained.getvalue())
            elif cell.cell_type == "code":
                given = answer if own and answer is not None else cell.source
                run(given, namespace, cell["id"])
    return Outcome(None, score, said.getvalue(), complained.getvalue())


@functools.cache
def answers(path):
    """What a file of answers names; nothing where there is none."""
    return runpy.run_path(str(path)) if path.exists() else {}


def kept(exercise):
    """The right and the wrong answers that are kept; two empty dicts without any.

    CHANGED are wrong ones too: the chapter's own solution with one thing replaced.
    """
    slug = exercise.id.removeprefix(f"{exercise.chapter}-")
    found = answers(ANSWERS / exercise.chapter / f"{slug}.py")
    right, wrong = dict(found.get("RIGHT", {})), dict(found.get("WRONG", {}))
    for name, (old, new, sentence) in found.get("CHANGED", {}).items():
        source = exercise.cell("").source
        assert source.count(old) == 1, f"{exercise.id} {name}: {old!r} stands not once"
        wrong[name] = source.replace(old, new), sentence
    return right, wrong
