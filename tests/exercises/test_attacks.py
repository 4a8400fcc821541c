"""The long course: submissions that break things, and honest ones that things break.

`make course-test` runs it; it takes minutes, and the tests of every day leave it out.
"""

import contextlib
import csv
import os
import resource
import socket
import tempfile
import time
from pathlib import Path

import attacks
import courses
import pytest

from d2lmini.course import walls

pytestmark = [
    pytest.mark.course,
    pytest.mark.skipif(not walls.find()[0], reason="this machine builds no walls"),
]

PATIENT = """
c.ExecuteOn.timeout = 40
c.ExecuteOn.iopub_timeout = 10
c.ExecuteOn.total_time = 120
c.LimitedKernel.memory = 2 * 2**30
c.LimitedKernel.disk = 2**26
c.LimitedKernel.files = 2000
c.LimitedKernel.processes = 128
"""


def ours():
    """The files that grading may leave behind: where it works, and its processes."""
    found = {str(one) for one in Path(tempfile.gettempdir()).glob("d2l-*")}
    for one in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            text = (one / "cmdline").read_bytes()
            if b"course/kernel.py" in text or b"d2lmini-outlives" in text:
                found.add(text.decode(errors="replace"))
    return found


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course after grading, with what was said, the time and what was left."""
    folder = courses.made(tmp_path_factory.mktemp("attacks"), attacks.ALL, PATIENT)
    with contextlib.ExitStack() as stack:
        for family, name in (
            (socket.AF_UNIX, "\0d2lmini-test"),
            (socket.AF_INET, ("127.0.0.1", attacks.PORT)),
        ):
            one = stack.enter_context(socket.socket(family))
            with contextlib.suppress(OSError):
                one.bind(name)
                one.listen()
        before, left = courses.hashes(folder), ours()
        begun = time.monotonic()
        said = courses.grade(folder, "week3", f"--jobs={os.cpu_count()}")
        seconds = time.monotonic() - begun
    assert courses.hashes(folder) == before, "grading changed what is not its own"
    return folder, said, seconds, ours() - left


@pytest.fixture(scope="module")
def rows(course):
    """The report's lines by student."""
    found = {}
    with (course[0] / "reports/week3.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["student"].lstrip("'"), []).append(row)
    return found


@pytest.mark.parametrize("one", attacks.ALL, ids=lambda one: one.student)
def test_each_gets_what_is_due(one, rows):
    points = [float(row["points"]) for row in rows[one.student] if row["points"]]
    assert sum(points) == one.score, rows[one.student]


def test_nobody_is_left_out(course, rows):
    assert set(rows) == {one.student for one in attacks.ALL}
    assert all(
        row["why"] for found in rows.values() for row in found if not row["points"]
    )
    assert course[1].returncode == 1, "some have no grade"


def test_persuasion_is_seen(rows):
    for name in attacks.PERSUADE:
        assert any(row["look"] for row in rows[f"persuade-{name}"]), name


def test_honest_code_is_not_suspected(rows):
    for one in attacks.HONEST:
        if not one.student.startswith("cell-"):
            assert not any(row["look"] for row in rows[one.student]), one.student


def test_nothing_is_left_behind(course):
    assert course[3] == set()


def test_figures(course, rows, capsys):
    folder, _, seconds, _ = course
    graded = sum(any(row["points"] for row in found) for found in rows.values())
    size = sum(x.stat().st_size for x in folder.rglob("*") if x.is_file())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    said = f"{graded} graded in {seconds:.0f} s, {graded / seconds * 60:.0f} a minute"
    with capsys.disabled():
        print(
            f"\n{said}; at most {peak:.2g} GiB a process; {size / 2**20:.0f} MiB stay"
        )
    assert size < 2**27
