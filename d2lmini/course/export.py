"""Grades as files that the gradebooks of learning platforms take."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from d2lmini.course import tables
from d2lmini.course.gradebook import Course, owner

#: A line of grades: the student, and the points in each assignment.
Line = tuple[Any, dict[str, float | None]]
Table = Iterator[list[Any]]


def lines(
    course: Course, names: list[str]
) -> tuple[list[tuple[str, float]], list[Line]]:
    """The assignments with their points, and every student's; None: not handed in.

    ValueError for a name that is no assignment's.
    """
    with course.gradebook() as book:
        every = columns(book.assignments)
        if not every:
            raise ValueError(
                "There is no assignment in the gradebook, and so no grade: `nbgrader "
                "generate_assignment` enters one."
            )
        known = {str(one.name): [one] for one in book.assignments} | every
        if missing := [name for name in names if name not in known]:
            there = ", ".join(every) or "none"
            raise ValueError(f"There is no assignment {missing[0]}; there is: {there}.")
        chosen = {name: known[name] for name in names or sorted(every)}
        scores: dict[str, dict[str, float | None]] = {
            student.id: dict.fromkeys(chosen) for student in book.students
        }
        for name, group in chosen.items():
            for submission in (x for one in group for x in one.submissions):
                penalty = submission.late_submission_penalty or 0
                points = max(0.0, submission.score - penalty)
                scores[submission.student.id][name] = points
        people = sorted(book.students, key=lambda x: str(x.id).casefold())
        most = [(k, max(x.max_score for x in group)) for k, group in chosen.items()]
        return most, [(_person(x), scores[x.id]) for x in people]


def columns(assignments: Iterable[Any]) -> dict[str, list[Any]]:
    """The assignments by what they are called here.

    Those that are one student's each, as `week3-ada`, are together `week3`.
    """
    found = {str(one.name): [one] for one in assignments}
    groups: dict[str, list[Any]] = {}
    for name, (one,) in found.items():
        notebooks = [str(x.name) for x in one.notebooks]
        if owner(name, notebooks, (x.student.id for x in one.submissions)):
            groups.setdefault(notebooks[0], []).append(one)
    for base, group in groups.items():
        if base not in found and any(one.submissions for one in group):
            rest = {k: other for k, other in found.items() if other[0] not in group}
            found = rest | {base: group}
    return found


def _person(student: Any) -> dict[str, str]:
    fields = ("id", "first_name", "last_name", "email", "lms_user_id")
    return {name: str(getattr(student, name, "") or "") for name in fields}


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def canvas(assignments: list[tuple[str, float]], students: list[Line]) -> Table:
    """As Canvas imports under Grades ▸ Import: students by their SIS login.

    Its second line gives the points possible.  A title that Canvas does not know
    becomes a new assignment.
    """
    names = [name for name, _ in assignments]
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]
    yield ["    Points Possible", "", "", "", "", *(f"{x:g}" for _, x in assignments)]
    for about, scores in students:
        name = ", ".join(x for x in (about["last_name"], about["first_name"]) if x)
        own = [_points(scores[one]) for one in names]
        yield [name or about["id"], about["lms_user_id"], "", about["id"], "", *own]


def moodle(assignments: list[tuple[str, float]], students: list[Line]) -> Table:
    """As Moodle imports under Grades ▸ Import ▸ CSV file: map "Username".

    Moodle's names are in small letters.  An empty grade leaves what is there.
    """
    names = [name for name, _ in assignments]
    yield ["Username", "First name", "Last name", "Email address", *names]
    for about, scores in students:
        person = [about["first_name"], about["last_name"], about["email"]]
        own = [_points(scores[one]) for one in names]
        yield [about["id"].lower(), *person, *own]


def plain(assignments: list[tuple[str, float]], students: list[Line]) -> Table:
    """One line a student and assignment, for a spreadsheet."""
    yield ["student", "last name", "first name", "email", "assignment", "points", "of"]
    for about, scores in students:
        person = [about[x] for x in ("id", "last_name", "first_name", "email")]
        for name, most in assignments:
            yield [*person, name, _points(scores[name]), f"{most:g}"]


FORMATS: dict[str, Callable[[list[tuple[str, float]], list[Line]], Table]] = {
    "canvas": canvas,
    "moodle": moodle,
    "csv": plain,
}


def write(course: Course, to: str, names: list[str], path: Path) -> int:
    """Write the grades in the format `to`; return the number of students."""
    assignments, students = lines(course, names)
    tables.write(FORMATS[to](assignments, students), path)
    return len(students)
