"""The installed commands, which say in a sentence what they lack.

They come with every installation, and what they import only with the extra `course`.
"""

import sys
from importlib import import_module
from importlib.util import find_spec


def assign() -> None:
    """`d2lmini-assign`."""
    _run("d2lmini-assign", "assign")


def grade() -> None:
    """`d2lmini-grade`."""
    _run("d2lmini-grade", "grade")


def quizzes() -> None:
    """`d2lmini-quizzes`."""
    _run("d2lmini-quizzes", "bank")


def _run(name: str, module: str) -> None:
    if find_spec("nbgrader") is None:
        sys.exit(
            f"{name} needs nbgrader, which is not installed: in the clone of the book, "
            'run `pip install ".[course]"`.'
        )
    import_module(f"d2lmini.course.{module}").main()
