"""What one student's notebook says stops the grading of nobody else."""

import json
import os
import threading
from multiprocessing.connection import Connection
from types import SimpleNamespace

import pytest

from d2lmini.course import grade, grading, intake, memory, pool, report
from d2lmini.storage import StorageError

HALF = "\ud800 x"  # half a character: JSON brings it, and no file takes it


class Worker(threading.Thread):
    """Grades as a worker does, and is no process."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe = Connection(os.dup(pipe.fileno()))

    def run(self):
        while (student := self.pipe.recv()) is not None:
            self.pipe.send(pool.Outcome(student))


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_noted_of_one_is_said_and_the_others_are_graded(
    monkeypatch, jobs
):
    monkeypatch.setattr(pool, "_end", lambda worker: None)  # kills no process of ours
    told = []

    def tell(outcome):
        told.append(outcome.student)
        if outcome.student == "ada":
            raise UnicodeError("surrogates not allowed")

    made = pool.Pool(Worker, 9)
    made.run(["ada", "jo", "mo", "zoe"], jobs, tell)
    assert sorted(told) == ["ada", "jo", "mo", "zoe"]
    errors = {student: one.error for student, one in made.results.items() if one.error}
    assert errors == {"ada": "It cannot be noted: surrogates not allowed"}


def test_half_a_character_is_kept_by_every_file(tmp_path):
    known = memory.Memory(tmp_path, "week3", memory.Share())
    outcome = pool.Outcome("ada", touched=(HALF,), log=HALF)
    known.remember("digest", outcome)
    assert json.loads(known.path.read_bytes())["ada"]["touched"] == ["? x"]
    report.write([report.Row("ada", HALF, "graded", look=HALF)], tmp_path / "it.csv")
    assert (tmp_path / "it.csv").read_bytes().count(b"? x") == 2
    course = SimpleNamespace(folder=tmp_path, name="week3")
    with grade._log(course, memory.Share()) as log:
        grade._told(outcome, 1, None, log)
    assert b"? x" in (tmp_path / "reports/week3.log").read_bytes()


def test_half_a_character_that_a_kernel_says_goes_no_further():
    said = {"status": "ok", "d2lmini": [HALF, ["\udfff"], 3]}
    it = grading.ExecuteOn()
    it.on_cell_executed(cell=None, cell_index=0, execute_reply={"content": said})
    assert it.touched == ["? x", "?", "3"]


def test_half_a_character_in_an_error_or_a_log_goes_no_further(monkeypatch):
    class Breaks:
        def __init__(self, **_):
            logger.handlers[0].stream.write(HALF)

        def start(self):
            raise RuntimeError(HALF)

    logger = SimpleNamespace(handlers=[], propagate=True)
    course = SimpleNamespace(
        app=SimpleNamespace(log=logger),
        directory=SimpleNamespace(),
        forget_time=lambda _: None,
    )
    monkeypatch.setattr(pool, "_converter", lambda: Breaks)
    found = pool.graded(course, "ada")
    assert (found.error, found.log) == ("RuntimeError: ? x", "? x")


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_costs_the_log_only():
    log = SimpleNamespace(write=full)
    grade._told(pool.Outcome("ada"), 1, None, log)


@pytest.mark.parametrize("kind", ["csv", "json", "log"])
def test_a_report_that_cannot_be_written_is_said_before_anybody_is_graded(
    tmp_path, monkeypatch, kind
):
    one = intake.Handin("ada", notebooks={"week3": None})
    monkeypatch.setattr(grade, "collected", lambda _: ({"ada": one}, None))
    monkeypatch.setattr(grade, "_graded_all", lambda *_: pytest.fail("it is graded"))
    (tmp_path / f"reports/week3.{kind}").mkdir(parents=True)
    course = SimpleNamespace(folder=tmp_path, name="week3")
    with pytest.raises(StorageError, match=rf"week3\.{kind} cannot be written"):
        grade.run(course, jobs=1, force=True, only=[], share=memory.Share())


def test_a_disk_that_is_full_while_they_are_graded_stops_nobody(tmp_path, monkeypatch):
    def fails(_):
        raise StorageError("week3.json cannot be written")

    monkeypatch.setattr(memory.Memory, "save", fails)
    course = SimpleNamespace(
        folder=tmp_path,
        name="week3",
        setting=lambda holder, name: getattr(holder, name).default(),
    )
    todo = {name * 300: intake.Handin(name * 300) for name in "xy"}  # no folder's names
    known = memory.Memory(tmp_path, "week3", memory.Share())
    assert grade._graded_all(course, todo, 1, memory.Share(), known).keys() == {*todo}
