"""Grade an assignment and say what became of every file: `d2lmini-grade`."""

import argparse
import csv
import hashlib
import json
import multiprocessing
import os
import queue
import signal
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import nbformat

from d2lmini.course import intake, repair, room, suspicion, watch
from d2lmini.course.exercises import counted

CONFIG = "nbgrader_config.py"
REPORTS = "reports"
NOBODY = "?"  # whose a file is that names no student
GRACE = 240  # seconds that a worker may take beyond those of a submission
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


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


@dataclass
class Outcome:
    """What grading one submission came to."""

    student: str
    error: str = ""
    points: float = 0.0
    of: float = 0.0
    open: bool = False  # a person has still to read an answer
    touched: tuple[str, ...] = ()
    seconds: float = 0.0
    log: str = ""


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
        self.app.initialize([], root=str(folder))
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
        """The gradebook, open."""
        from nbgrader.api import Gradebook

        with Gradebook(self.url, self.directory.course_id) as book:
            yield book

    def setting(self, holder: str, name: str, default: Any = None) -> Any:
        """What the configuration says of a class of ours."""
        found = self.app.config.get(holder, {})
        return found.get(name, default)

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
                    repair.Cell(x.name, x.cell_type, visible(x.source), bool(x.locked))
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


def visible(source: str) -> str:
    """`source` without hidden tests, as students have it."""
    kept, hidden = [], False
    for line in (source or "").split("\n"):
        hidden = hidden or HIDDEN[0] in line
        if not hidden:
            kept.append(line)
        hidden = hidden and HIDDEN[1] not in line
    return "\n".join(kept)


# --- one submission, in a process of its own -------------------------------------


def worker(pipe: Connection, folder: str, name: str, stage: str) -> None:
    """Grade the students that come in through `pipe`, until None comes."""
    tempfile.tempdir = stage
    course = Course(Path(folder), name)
    course.directory.submitted_directory = str(Path(stage) / "submitted")
    while (asked := pipe.recv()) is not None:
        pipe.send(graded(course, asked))


def graded(course: Course, student: str) -> Outcome:
    """Let nbgrader grade the staged submission of `student`."""
    import io
    import logging

    from nbgrader.converters.base import NbGraderException

    from d2lmini.course.grading import ExecuteOn

    said = io.StringIO()
    log = course.app.log
    log.handlers[:] = [logging.StreamHandler(said)]
    log.propagate = False
    begun = time.monotonic()
    ExecuteOn.latest = []
    outcome = Outcome(student)
    try:
        course.directory.student_id = student
        course.forget_time(student)
        _converter(course)(coursedir=course.directory, parent=course.app).start()
        outcome.points, outcome.of, outcome.open = course.result(student)
        outcome.touched = tuple(ExecuteOn.latest)
    except (NbGraderException, Exception) as error:
        outcome.error = _sentence(said.getvalue()) or f"{type(error).__name__}: {error}"
    outcome.seconds = time.monotonic() - begun
    outcome.log = said.getvalue()
    return outcome


def _converter(course: Course) -> Any:
    """nbgrader's Autograde for one student, whatever his id may look like."""
    from nbgrader.converters import Autograde

    class One(Autograde):  # type: ignore[misc]  # nbgrader has no types
        def init_notebooks(self) -> None:
            names = self.coursedir.assignment_id, self.coursedir.student_id
            folder = self._format_source(*names)
            found = sorted(str(one) for one in Path(folder).glob("*.ipynb"))
            self.assignments = {folder: found}

    One.__name__ = "Autograde"  # whose settings it has
    made = One
    made.force = True
    return made


def _sentence(log: str) -> str:
    """The last error in nbgrader's log."""
    lines = log.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("Traceback"):
            found = [x for x in lines[i:] if x[:1].isalpha() and ": " in x]
            found = [x for x in found if not x.startswith(("Traceback", "There was"))]
            return found[0].strip()[:300] if found else ""
    return ""


# --- all of them ------------------------------------------------------------------


class Pool:
    """Workers that grade, each replaced when it dies or does not answer."""

    def __init__(self, make: Callable[[Connection], Any], patience: float) -> None:
        self.make, self.patience = make, patience
        self.results: dict[str, Outcome] = {}
        self.workers: list[Any] = []
        self.starting, self.over = threading.Lock(), False

    def run(self, students: list[str], jobs: int, tell: Callable[..., None]) -> None:
        """Grade `students`, `jobs` at a time; `tell` hears of each."""
        waiting: queue.Queue[str] = queue.Queue()
        for student in students:
            waiting.put(student)
        threads = [
            threading.Thread(target=self._serve, args=(waiting, tell), daemon=True)
            for _ in range(min(jobs, len(students)))
        ]
        try:
            for one in threads:
                one.start()
            for one in threads:
                while one.is_alive():  # so that Ctrl-C is heard
                    one.join(0.5)
        finally:
            self._stop()

    def _serve(self, waiting: "queue.Queue[str]", tell: Callable[..., None]) -> None:
        process, pipe = self._start()
        while True:
            try:
                student = waiting.get_nowait()
            except queue.Empty:
                break
            outcome = self._ask(pipe, student)
            if self.over:
                return
            if outcome is None:
                _end(process)
                process, pipe = self._start()
                outcome = Outcome(student, error="The grader itself did not survive.")
            self.results[student] = outcome
            tell(outcome)
        pipe.send(None)
        process.join(10)

    def _start(self) -> tuple[Any, Connection]:
        ours, theirs = multiprocessing.Pipe()
        process = self.make(theirs)
        with self.starting:
            if self.over:
                sys.exit()  # this thread
            process.start()
            self.workers.append(process)
        theirs.close()
        return process, ours

    def _stop(self) -> None:
        """End what still runs: nothing does, unless somebody stopped us."""
        with self.starting:
            self.over = True
        for one in self.workers:
            if one.is_alive():
                _end(one)

    def _ask(self, pipe: Connection, student: str) -> Outcome | None:
        try:
            pipe.send(student)
            if not pipe.poll(self.patience):
                return None
            found: Outcome = pipe.recv()
            return found
        except (EOFError, OSError):
            return None


def _end(process: Any) -> None:
    """End a worker and all that it has started."""
    for pid in watch.descendants(process.pid):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    process.kill()
    process.join()


def stage(one: intake.Handin, folder: Path) -> None:
    """Write what nbgrader is to grade: notebooks that are sound, and plain files."""
    folder.mkdir(parents=True)
    untyped: Any = nbformat
    for name, nb in one.notebooks.items():
        (folder / f"{name}.ipynb").write_text(untyped.writes(nb), encoding="utf-8")
    if one.stamp and _is_time(one.stamp):
        (folder / "timestamp.txt").write_text(one.stamp, encoding="utf-8")
    for file in one.files:
        parts = [x for x in file.name.split("/") if x not in ("", ".", "..")]
        place = folder.joinpath(*parts)
        if file.state != "kept" or place.suffix == ".ipynb":
            continue
        if parts == ["timestamp.txt"]:
            file.state, file.why = "not taken", "When it came, a student cannot say."
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.data)
        except (OSError, ValueError) as error:
            file.state, file.why = "not taken", f"It cannot be written: {error}."


def _is_time(text: str) -> bool:
    from nbgrader.utils import parse_utc

    try:
        return bool(parse_utc(text.strip()))
    except (ValueError, OverflowError):
        return False


def digest(one: intake.Handin) -> str:
    """What was handed in, in a few characters."""
    found = hashlib.sha256(one.stamp.encode())
    for file in sorted(one.files, key=lambda x: x.name):
        found.update(file.name.encode() + b"\0" + hashlib.sha256(file.data).digest())
    return found.hexdigest()[:16]


def collected(course: Course) -> tuple[dict[str, intake.Handin], intake.Handin]:
    """All that was handed in, by student, and what belongs to nobody."""
    expected = course.expected()
    pattern = course.setting("FileNameCollectorPlugin", "named_regexp", "")
    found = intake.submitted(course.folder, course.name)
    stray = intake.downloaded(course.folder, course.name, pattern, found)
    base, student = shared(course.name, expected)
    if base:  # of what the whole class handed in, the one file that is meant
        everybody: dict[str, intake.Handin] = {}
        intake.downloaded(course.folder, base, pattern, everybody)
        if student in everybody:
            own = found.setdefault(student, intake.Handin(student))
            own.files += everybody[student].files
    for one in found.values():
        intake.choose(one, expected)
    return found, stray


def run(
    course: Course, *, jobs: int, force: bool, only: list[str], share: "Share"
) -> list[Row]:
    """Grade what was handed in and has not been graded as it is; return the report."""
    handed_in, stray = collected(course)
    if unknown := sorted(set(only) - set(handed_in)):
        raise ValueError(f"Nothing was handed in by {', '.join(unknown)}.")
    handed_in = {k: v for k, v in handed_in.items() if share.holds(k)}
    memory = Memory(course.folder / REPORTS, course.name, share)
    todo = {
        student: one
        for student, one in handed_in.items()
        if (not only or student in only) and one.notebooks
        if force or student in only or memory.is_new(course, student, digest(one))
    }
    outcomes = _graded_all(course, todo, jobs, share, memory) if todo else {}
    for student, one in handed_in.items():
        outcome = outcomes.get(student)
        if student != NOBODY and (not one.notebooks or (outcome and outcome.error)):
            course.enter_zero(student)
    memory.save()
    rows = _rows(course, handed_in, stray, outcomes, memory)
    return [row for row in rows if share.holds(row.student)]


def _graded_all(
    course: Course,
    todo: dict[str, intake.Handin],
    jobs: int,
    share: "Share",
    memory: "Memory",
) -> dict[str, Outcome]:
    """Grade `todo`; who is graded stays so, also if somebody stops the rest."""
    from d2lmini.course import grading

    patience = GRACE + course.setting("ExecuteOn", "total_time", 300)
    with room.room(grading.short_folder(spare=40)) as place:
        broken = []
        for student, one in todo.items():
            try:
                stage(one, place / "submitted" / student / course.name)
            except (OSError, ValueError) as error:  # nobody else pays for it
                said = f"It cannot be laid out to be graded: {error}"
                broken.append(Outcome(student, error=said[:300]))
        start = multiprocessing.get_context("spawn").Process
        arguments = (str(course.folder), course.name, str(place))
        pool = Pool(
            lambda pipe: start(target=worker, args=(pipe, *arguments)), patience
        )
        digests = {student: digest(one) for student, one in todo.items()}
        with _log(course, share) as log:

            def tell(outcome: Outcome) -> None:
                _told(outcome, len(todo), pool, log)
                memory.remember(digests[outcome.student], outcome)

            for outcome in broken:
                pool.results[outcome.student] = outcome
                tell(outcome)
            pool.run(sorted(set(todo) - set(pool.results)), jobs, tell)
    return pool.results


@contextmanager
def _log(course: Course, share: "Share") -> Iterator[Any]:
    place = course.folder / REPORTS
    place.mkdir(exist_ok=True)
    with (place / f"{course.name}{share}.log").open("w", encoding="utf-8") as log:
        yield log


def _told(outcome: Outcome, count: int, pool: Pool, log: Any) -> None:
    log.write(f"=== {outcome.student} ({outcome.seconds:.1f} s)\n{outcome.log}\n")
    log.flush()
    if sys.stderr.isatty():
        print(f"\r{len(pool.results)} of {count} ", end="", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Share:
    """A part of all students: number `number` of `of` parts that miss nobody."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """As in `2/8`; ValueError for what is no such part."""
        number, _, of = text.partition("/")
        found = cls(int(number), int(of)) if number.isdigit() and of.isdigit() else None
        if found is None or not 1 <= found.number <= found.of:
            raise ValueError(f"--share is {text}, and must be as 2/8: part 2 of 8.")
        return found

    def holds(self, student: str) -> bool:
        """Whether `student` is in this part."""
        return zlib.crc32(student.encode()) % self.of == self.number - 1

    def __str__(self) -> str:
        return "" if self.of == 1 else f"-{self.number}-of-{self.of}"


class Memory:
    """What was graded before, and as what: so that a new version is seen."""

    def __init__(self, folder: Path, name: str, share: Share) -> None:
        self.path = folder / f"{name}{share}.json"
        self.known: dict[str, Any] = {}
        self.writing = threading.Lock()
        for path in sorted({*folder.glob(f"{name}-*-of-*.json"), self.path}):
            try:
                self.known |= json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue

    def is_new(self, course: Course, student: str, found: str) -> bool:
        """Whether `student` has not been graded with just these files."""
        done = course.folder / "autograded" / student / course.name
        return not done.is_dir() or self.known.get(student, {}).get("digest") != found

    def remember(self, found: str, outcome: Outcome) -> None:
        """Keep what was graded, unless that failed, and write it down."""
        look = list(outcome.touched)
        kept = {"digest": found, "touched": look, "seconds": round(outcome.seconds, 1)}
        with self.writing:
            self.known[outcome.student] = {} if outcome.error else kept
        self.save()

    def save(self) -> None:
        """Write it down, in one step: nobody reads half of it."""
        self.path.parent.mkdir(exist_ok=True)
        with self.writing:
            text = json.dumps(self.known, indent=1, ensure_ascii=False)
            half = self.path.with_suffix(".new")
            half.write_text(text + "\n", encoding="utf-8")
            half.replace(self.path)


def _rows(
    course: Course,
    handed_in: dict[str, intake.Handin],
    stray: intake.Handin,
    outcomes: dict[str, Outcome],
    memory: Memory,
) -> Iterator[Row]:
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


def signs(one: intake.Handin) -> list[str]:
    """What asks for a look in the student's own cells."""
    return suspicion.signs(cell for nb in one.notebooks.values() for cell in nb.cells)


# --- the report -------------------------------------------------------------------


def write(rows: list[Row], path: Path) -> None:
    """Write the report as CSV: one line a file."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(asdict(Row("", "", ""))))
        table.writeheader()
        for row in rows:
            table.writerow({k: safe(v) for k, v in asdict(row).items()})


def safe(value: Any) -> Any:
    """`value` for a spreadsheet: text that it would compute is quoted."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


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


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    it = argparse.ArgumentParser(
        prog="d2lmini-grade",
        description="Grade what was handed in for an assignment, in the folder of the "
        "course, and say what became of every file.",
        epilog="Then: `d2lmini-grade feedback NAME` writes everybody's page, and "
        "`d2lmini-grade export --to canvas|moodle|csv [NAME …]` the grades.",
    )
    it.add_argument("name", help="of the assignment, such as week3")
    it.add_argument("students", nargs="*", help="default: all who handed in")
    it.add_argument("--jobs", type=int, default=2, metavar="N", help="at once")
    it.add_argument("--force", action="store_true", help="grade again who was graded")
    it.add_argument("--share", default="1/1", metavar="I/N", help="one part of all")
    it.set_defaults(do=_grade)
    return it


def feedback_parser() -> argparse.ArgumentParser:
    """What `d2lmini-grade feedback` takes."""
    it = argparse.ArgumentParser(prog="d2lmini-grade feedback")
    it.add_argument("name", help="of the assignment")
    it.add_argument("--show-hidden-tests", action="store_true")
    it.set_defaults(do=_feedback)
    return it


def export_parser() -> argparse.ArgumentParser:
    """What `d2lmini-grade export` takes."""
    it = argparse.ArgumentParser(prog="d2lmini-grade export")
    it.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    it.add_argument("--to", choices=("canvas", "moodle", "csv"), default="csv")
    it.add_argument("--file", type=Path, help="default: reports/grades-FORMAT.csv")
    it.set_defaults(do=_export)
    return it


PARSERS = {"feedback": feedback_parser, "export": export_parser}


def main() -> None:
    """Take the command line."""
    given = sys.argv[1:]
    make = PARSERS.get(given[0]) if given else None
    asked = make().parse_args(given[1:]) if make else parser().parse_args(given)
    room.leave_in_order()
    try:
        sys.exit(asked.do(asked))
    except KeyboardInterrupt:
        print("Stopped. Run it again to grade who is left.", file=sys.stderr)
        sys.exit(130)
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _grade(asked: argparse.Namespace) -> int:
    if asked.jobs < 1:
        raise ValueError(f"--jobs is {asked.jobs}, and must be 1 or more.")
    course = Course(Path.cwd(), asked.name)
    _refuse_without_walls(course)
    begun, share = time.monotonic(), Share.parse(asked.share)
    only = asked.students
    rows = run(course, jobs=asked.jobs, force=asked.force, only=only, share=share)
    report = f"{REPORTS}/{course.name}{share}.csv"
    write(rows, course.folder / report)
    print("\n".join(shown(rows)))
    print(summary(rows, time.monotonic() - begun))
    print(f"In full: {report}; nbgrader's log beside it.")
    return 1 if left_out(rows) else 0


def _feedback(asked: argparse.Namespace) -> int:
    from d2lmini.course import feedback

    course = Course(Path.cwd(), asked.name)
    course.expected()
    reasons: dict[str, list[str]] = {}
    handed_in, _ = collected(course)
    for student, one in handed_in.items():
        why = [f"{x.name}: {x.why}" for x in one.files if x.state == "not taken"]
        reasons[student] = why or ["There was no notebook among your files."]
    count = feedback.write_all(course, asked.show_hidden_tests, reasons)
    print(f"{counted(count, 'page')}: feedback/STUDENT/{course.name}/")
    return 0


def _export(asked: argparse.Namespace) -> int:
    from d2lmini.course import export

    course = Course(Path.cwd())
    path = asked.file or course.folder / REPORTS / f"grades-{asked.to}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    count = export.write(course, asked.to, asked.names, path)
    print(f"{path}: {counted(count, 'student')}")
    return 0


def _refuse_without_walls(course: Course) -> None:
    from d2lmini.course import grading, walls

    way, reason = walls.find()
    if way is None and not course.setting("LimitedKernel", "allow_unconfined", False):
        raise ValueError(grading.refused(reason))
    further = walls.named(course.setting("LimitedKernel", "packages", []))
    if way and walls.Room(course.folder, further).exposes(course.folder):
        raise ValueError(grading.EXPOSED.format(course.folder))
    if way is None:
        print("Without walls: each submission can do what you can.", file=sys.stderr)


if __name__ == "__main__":
    main()
