"""Grade an assignment and say what became of every file: `d2lmini-grade`."""

import argparse
import hashlib
import multiprocessing
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat

from d2lmini import storage
from d2lmini.course import export, feedback, intake, room
from d2lmini.course.exercises import counted
from d2lmini.course.gradebook import Course, shared
from d2lmini.course.memory import Memory, Share
from d2lmini.course.pool import Outcome, Pool, worker
from d2lmini.course.report import NOBODY, Row, left_out, reported, shown, summary, write
from d2lmini.storage import StorageError

REPORTS = "reports"
GRACE = 240  # seconds that a worker may take beyond those of a submission


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
    from nbgrader.plugins import FileNameCollectorPlugin

    expected = course.expected()
    pattern = course.setting(FileNameCollectorPlugin, "named_regexp")
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
    course: Course, *, jobs: int, force: bool, only: list[str], share: Share
) -> list[Row]:
    """Grade what was handed in and has not been graded as it is; return the report."""
    handed_in, stray = collected(course)
    if unknown := sorted(set(only) - set(handed_in)):
        raise ValueError(f"Nothing was handed in by {', '.join(unknown)}.")
    for kind in ("csv", "json", "log"):  # better now than when all are graded
        storage.check(course.folder / REPORTS / f"{course.name}{share}.{kind}")
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
    rows = reported(course, handed_in, stray, outcomes, memory)
    return [row for row in rows if share.holds(row.student)]


def _graded_all(
    course: Course,
    todo: dict[str, intake.Handin],
    jobs: int,
    share: Share,
    memory: Memory,
) -> dict[str, Outcome]:
    """Grade `todo`; who is graded stays so, also if somebody stops the rest."""
    from d2lmini.course import grading

    patience = GRACE + course.setting(grading.ExecuteOn, "total_time")
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
                with suppress(StorageError):  # `run` tries again, and says so
                    memory.remember(digests[outcome.student], outcome)

            for outcome in broken:
                pool.results[outcome.student] = outcome
                tell(outcome)
            pool.run(sorted(set(todo) - set(pool.results)), jobs, tell)
    return pool.results


@contextmanager
def _log(course: Course, share: Share) -> Iterator[Any]:
    place = course.folder / REPORTS
    place.mkdir(exist_ok=True)
    path = place / f"{course.name}{share}.log"
    log = path.open("w", encoding="utf-8", errors="replace")
    try:
        yield log
    finally:
        with suppress(OSError):  # a full disk, which has been said
            log.close()


def _told(outcome: Outcome, count: int, pool: Pool, log: Any) -> None:
    with suppress(OSError):  # a full disk costs the log only
        log.write(f"=== {outcome.student} ({outcome.seconds:.1f} s)\n{outcome.log}\n")
        log.flush()
    if sys.stderr.isatty():
        print(f"\r{len(pool.results)} of {count} ", end="", file=sys.stderr, flush=True)


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
    except (ValueError, StorageError) as error:
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
    course = Course(Path.cwd())
    path = asked.file or course.folder / REPORTS / f"grades-{asked.to}.csv"
    count = export.write(course, asked.to, asked.names, path)
    print(f"{path}: {counted(count, 'student')}")
    return 0


def _refuse_without_walls(course: Course) -> None:
    from d2lmini.course import grading, settings, walls

    settings.demand_walls(course.app)
    way, reason = walls.find()
    kernel = grading.LimitedKernel
    if way is None and not course.setting(kernel, "allow_unconfined"):
        raise ValueError(grading.refused(reason))
    further = walls.named(course.setting(kernel, "packages"))
    if way and walls.Room(course.folder, further).exposes(course.folder):
        raise ValueError(grading.EXPOSED.format(course.folder))
    if way is None:
        print("Without walls: each submission can do what you can.", file=sys.stderr)


if __name__ == "__main__":
    main()
