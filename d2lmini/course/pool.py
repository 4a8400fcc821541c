"""Workers that grade submissions, each in a process of its own."""

import multiprocessing
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from d2lmini.course import outputs, settings, watch
from d2lmini.course.gradebook import Course


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


def worker(pipe: Connection, folder: str, name: str, stage: str) -> None:
    """Grade the students that come in through `pipe`, until None comes."""
    tempfile.tempdir = stage
    refused = ""
    try:
        course = Course(Path(folder), name)
        settings.demand_walls(course.app)
        course.directory.submitted_directory = str(Path(stage) / "submitted")
    except ValueError as error:  # somebody has changed the configuration since
        refused = str(error)
    while (asked := pipe.recv()) is not None:
        pipe.send(Outcome(asked, refused) if refused else graded(course, asked))


def graded(course: Course, student: str) -> Outcome:
    """Let nbgrader grade the staged submission of `student`."""
    import io
    import logging

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
        _converter()(coursedir=course.directory, parent=course.app).start()
        outcome.points, outcome.of, outcome.open = course.result(student)
        outcome.touched = tuple(ExecuteOn.latest)
    except Exception as error:
        outcome.error = _sentence(said.getvalue()) or f"{type(error).__name__}: {error}"
    outcome.seconds = time.monotonic() - begun
    # Half a character, which a kernel may say, fits no file.
    outcome.error = outputs.text(outcome.error)
    outcome.log = outputs.text(said.getvalue())
    return outcome


def _converter() -> Any:
    """nbgrader's Autograde for one student, whatever his id may look like."""
    from nbgrader.converters import Autograde

    class One(Autograde):  # type: ignore[misc]  # nbgrader has no types
        def init_notebooks(self) -> None:
            names = self.coursedir.assignment_id, self.coursedir.student_id
            folder = self._format_source(*names)
            found = sorted(str(one) for one in Path(folder).glob("*.ipynb"))
            self.assignments = {folder: found}

    One.__name__ = "Autograde"  # whose settings it has
    One.force = True
    return One


def _sentence(log: str) -> str:
    """The last error in nbgrader's log."""
    lines = log.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("Traceback"):
            found = [x for x in lines[i:] if x[:1].isalpha() and ": " in x]
            found = [x for x in found if not x.startswith(("Traceback", "There was"))]
            return found[0].strip()[:300] if found else ""
    return ""


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
            try:
                tell(outcome)
            except Exception as error:  # nobody else pays for it
                outcome.error = outcome.error or f"It cannot be noted: {error}"[:300]
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
