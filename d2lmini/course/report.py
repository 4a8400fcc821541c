"""What became of every file, as a table for a person."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from d2lmini.course import intake, suspicion, tables
from d2lmini.course.exercises import counted
from d2lmini.course.gradebook import Course, owner
from d2lmini.course.memory import Memory
from d2lmini.course.pool import Outcome

NOBODY = "?"  # whose a file is that names no student


@dataclass
class Row:
    """A line of the report: one file of one student."""

    student: str
    file: str
    state: str  # graded, failed, not taken, kept, nothing
    points: float | None = None
    of: float | None = None
    why: str = ""
    look: str = ""


def reported(
    course: Course,
    handed_in: dict[str, intake.Handin],
    stray: intake.Handin,
    outcomes: dict[str, Outcome],
    memory: Memory,
) -> Iterator[Row]:
    """The lines of the report: of all who handed in, of nobody, of all who did not."""
    for student, one in sorted(handed_in.items(), key=lambda x: x[0].casefold()):
        error = outcomes[student].error if student in outcomes else ""
        done = (course.folder / "autograded" / student / course.name).is_dir()
        if all(file.state == "kept" for file in one.files):
            yield Row(student, "", "failed", why=without(one))
        for file in one.files:
            row = Row(student, file.name, file.state, why=file.why)
            if file.state == "taken":
                touched = memory.known.get(student, {}).get("touched", [])
                _settle(row, course, one, error if error or done else "Not graded.")
                row.look = "; ".join([*signs(one), *touched]) if row.points else ""
            yield row
    for file in stray.files:
        yield Row(NOBODY, file.name, "not taken", why=file.why)
    only = owner(course.name, course.expected(), handed_in)
    for student in course.students():
        if student not in handed_in and only in ("", student):
            yield Row(student, "", "nothing", why="Nothing was handed in.")


def without(one: intake.Handin) -> str:
    """Why there is nothing to grade in files of which each is what it should be."""
    if not one.files:
        return "The folder is empty."
    names = [file.name for file in one.files]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"There is no notebook among the files: {', '.join(names[:3])}{more}."


def _settle(row: Row, course: Course, one: intake.Handin, error: str) -> None:
    """Say in `row` what became of a notebook that was taken."""
    notes = "; ".join(one.notes)
    if error:
        row.state, row.why = "failed", error
    else:
        row.state = "graded"
        row.points, row.of, waiting = course.result(row.student)
        parts = [notes, "an answer waits for a person" * waiting]
        row.why = "; ".join(part for part in parts if part)
    row.why = f"{row.why[:1].upper()}{row.why[1:]}".rstrip(".") + "." * bool(row.why)


def signs(one: intake.Handin) -> list[str]:
    """What asks for a look in the student's own cells."""
    return suspicion.signs(cell for nb in one.notebooks.values() for cell in nb.cells)


def write(rows: list[Row], path: Path) -> None:
    """Write the report as CSV: one line a file."""
    tables.write([[one.name for one in fields(Row)], *map(astuple, rows)], path)


def shown(rows: list[Row]) -> Iterator[str]:
    """The report for a terminal: what needs no word in one line, the rest below."""
    table = [("student", "file", "state", "points", "")]
    for row in rows:
        points = "" if row.points is None else f"{row.points:g} of {row.of:g}"
        look = f"Have a look: {row.look}." if row.look else ""
        why = " ".join(x for x in (row.why, look) if x)
        if row.state != "kept":
            table.append((row.student, row.file, row.state, points, why))
    wide = [max(len(_plain(x)) for x in column) for column in zip(*table, strict=True)]
    for line in table:
        cells = (_plain(x).ljust(n) for x, n in zip(line, wide[:4], strict=False))
        yield f"{'  '.join(cells)}  {_plain(line[4])}".rstrip()


def _plain(text: str) -> str:
    """`text` without characters that would steer a terminal."""
    return "".join(x if x.isprintable() else "?" for x in text)[:400]


def summary(rows: list[Row], seconds: float) -> str:
    """One sentence for all."""
    graded_ones = {row.student for row in rows if row.state == "graded"}
    left = left_out(rows)
    rate = f", {len(graded_ones) / seconds * 60:.0f} a minute" if seconds > 5 else ""
    text = f"{counted(len(graded_ones), 'student')} graded in {seconds:.0f} s{rate}."
    return f"{text} Without a grade: {', '.join(map(_plain, left))}." if left else text


def left_out(rows: list[Row]) -> list[str]:
    """Who handed something in and has no grade."""
    done = {row.student for row in rows if row.state == "graded"}
    bad = {row.student for row in rows if row.state in ("failed", "not taken", "kept")}
    return sorted(bad - done)
