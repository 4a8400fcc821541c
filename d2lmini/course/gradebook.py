"""A course's folder and its gradebook, and whose an assignment is."""

import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb
from typing import Any

from d2lmini.course import marks, repair, settings

CONFIG = "nbgrader_config.py"


class Course:
    """A course's folder, its settings and its gradebook, by way of nbgrader."""

    def __init__(self, folder: Path, name: str = "") -> None:
        if not (folder / CONFIG).is_file():
            raise ValueError(
                f"There is no {CONFIG} in {folder}: go to the folder of your course, "
                "or copy it there from the book."
            )
        from nbgrader.apps import AutogradeApp

        os.chdir(folder)
        AutogradeApp.clear_instance()
        self.app: Any = AutogradeApp.instance()
        self.app.raise_config_file_errors = True  # nbgrader would go on without it
        try:
            self.app.initialize([], root=str(folder))
        except (Exception, SystemExit) as error:
            raise ValueError(unreadable(error)) from error
        settings.demand(self.app)
        marks.demand(self.app.config)
        self.folder, self.name = folder, name
        self.directory: Any = self.app.coursedir
        self.directory.assignment_id = name
        if self.url.startswith("sqlite") and "?" not in self.url:
            self.directory.db_url += "?timeout=60"  # others write to it as well

    @property
    def url(self) -> str:
        """Where the gradebook is."""
        return str(self.directory.db_url)

    @contextmanager
    def gradebook(self) -> Iterator[Any]:
        """The gradebook, open; ValueError if there is something else in its place."""
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import DatabaseError

        try:
            with Gradebook(self.url, self.directory.course_id) as book:
                yield book
        except DatabaseError as error:
            raise ValueError(unusable(self.url, error.orig)) from error

    def setting(self, holder: Any, name: str) -> Any:
        """What the configuration says of the trait `name` of `holder`, else its own."""
        found = self.app.config.get(holder.__name__, {})
        return found.get(name, getattr(holder, name).default())

    def expected(self) -> dict[str, list[repair.Cell]]:
        """The cells of each notebook of the assignment, as they were handed out."""
        from nbgrader.api import MissingEntry

        with self.gradebook() as book:
            try:
                found = book.find_assignment(self.name)
            except MissingEntry:
                known = ", ".join(sorted(x.name for x in book.assignments)) or "none"
                raise ValueError(
                    f"There is no assignment {self.name} in the gradebook (there is: "
                    f"{known}): `nbgrader generate_assignment {self.name}` enters it."
                ) from None
            return {
                notebook.name: [
                    repair.Cell(
                        name=x.name,
                        kind=x.cell_type,
                        source=marks.visible(x.source or ""),
                        locked=bool(x.locked),
                    )
                    for x in notebook.source_cells
                ]
                for notebook in found.notebooks
            }

    def students(self) -> list[str]:
        """Everybody in the gradebook."""
        with self.gradebook() as book:
            return [str(one.id) for one in book.students]

    def result(self, student: str) -> tuple[float, float, bool]:
        """A student's points, the most there are, and whether a person must look."""
        with self.gradebook() as book:
            found = book.find_submission(self.name, student)
            return found.score, found.max_score, bool(found.needs_manual_grade)

    def forget_time(self, student: str) -> None:
        """Forget when an earlier version came: nbgrader keeps it without a new time."""
        from nbgrader.api import MissingEntry

        with self.gradebook() as book, suppress(MissingEntry):
            book.find_submission(self.name, student).timestamp = None
            book.db.commit()

    def enter_zero(self, student: str) -> None:
        """Enter a submission without points, where there is none with points yet."""
        with self.gradebook() as book, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of nbgrader's use of its database
            book.update_or_create_student(student)
            found = book.update_or_create_submission(self.name, student)
            grades = [grade for one in found.notebooks for grade in one.grades]
            if all(x.auto_score is None and x.manual_score is None for x in grades):
                for grade in grades:
                    grade.auto_score, grade.needs_manual_grade = 0, False
                book.db.commit()


def unusable(url: str, error: BaseException | None) -> str:
    """The sentence for the gradebook at `url`, where its database raises `error`.

    Only one that is damaged is to be replaced: a copy in place of one that is merely
    busy would lose what others have just graded.
    """
    from sqlalchemy.engine import make_url

    where = make_url(url).set(query={})  # a password may stand there, too
    damaged = type(error) is sqlite3.DatabaseError  # of the others, each has its own
    remedy = (
        "it is damaged, so put a copy of it back"
        if damaged
        else "see that it can be reached and written to and that nothing else is "
        "holding it, and run this again"
    )
    why = " ".join(str(error).split())
    return (
        f"The gradebook cannot be used ({where.render_as_string(hide_password=True)}: "
        f"{why}): {remedy}."
    )


def unreadable(error: BaseException) -> str:
    """The sentence for a configuration in which `error` arose: which file and line."""
    if isinstance(error, SystemExit) and error.__context__:
        error = error.__context__  # for which nbgrader would have ended
    frames = [*walk_tb(error.__traceback__)]
    readers = [frame.f_locals.get("self") for frame, _ in frames]
    files = [str(getattr(one, "full_filename", "")) for one in readers]
    # one may read another, or there is JSON
    where = [CONFIG, *filter(None, files)][-1]
    lines = [line for frame, line in frames if frame.f_code.co_filename == where]
    said: object = error
    if isinstance(error, SyntaxError):
        lines += [error.lineno or 0] if error.filename == where else []
        said = error.msg
    line = f": line {lines[-1]}" if lines else ""
    again = f", or copy {CONFIG} from the book again" if where.endswith(CONFIG) else ""
    return (
        f"The course's configuration cannot be read ({where}{line}: "
        f"{type(error).__name__}: {said}): mend it{again}. Nothing was done."
    )


def shared(name: str, notebooks: Iterable[str]) -> tuple[str, str]:
    """The name that `name` shares with others, and its student; empty if it does not.

    An assignment of `--per-student` is called after its one notebook and its student:
    `week3-ada`, with `week3.ipynb`.
    """
    base, *others = [*notebooks] or [name]
    if others or not name.startswith(f"{base}-"):
        return "", ""
    return base, name.removeprefix(f"{base}-")


def owner(name: str, notebooks: Iterable[str], students: Iterable[str]) -> str:
    """Whose the assignment `name` is alone; empty if another of `students` had it."""
    _, own = shared(name, notebooks)
    return own if {own} >= {*students} else ""
