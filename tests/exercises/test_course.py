"""A course from beginning to end: assign, hand in, grade, give feedback, export."""

import csv
import json
import os
import subprocess
import sys
import time

import courses
import pytest
import submissions

from d2lmini.course import walls

#: Whose code asks for a look, innocent as it may be.
LOOKED_AT = {"mia", "udo"}

#: Who needs walls around a submission, which not every machine can build.
BEHIND_WALLS = {"mia", "tea", "udo"}


#: One of each kind; `make course-test` grades the whole class.
FEW = [
    "ada",
    "cleo",
    "finn",
    "hana",
    "kim",
    "leo",
    "max",
    "mia",
    "nora",
    "quinn",
    "ria",
    "tea",
    "udo",
    "wim",
    "yan",
    "zoe",
]


@pytest.fixture(
    scope="module", params=["few", pytest.param("all", marks=pytest.mark.course)]
)
def handed_in(request):
    """The submissions that this machine can grade safely."""
    found = submissions.CLASS
    if request.param == "few":
        found = [one for one in found if one.student in FEW]
    if not walls.find()[0]:
        found = [one for one in found if one.student not in BEHIND_WALLS]
    return found


@pytest.fixture(scope="module")
def course(tmp_path_factory, handed_in):
    """A course folder after everything has been done once; its log and seconds."""
    folder = courses.made(tmp_path_factory.mktemp("course"), handed_in)
    begun = time.monotonic()
    before = courses.hashes(folder)
    said = courses.grade(folder, "week3", "--jobs=2")
    seconds = time.monotonic() - begun
    assert courses.hashes(folder) == before, "grading changed what is not its own"
    for more in (["feedback", "week3"], ["export", "--to", "csv"]):
        done = courses.grade(folder, *more)
        assert done.returncode == 0, done.stderr
    return folder, said, seconds


@pytest.fixture(scope="module")
def scores(course):
    with (course[0] / "reports/grades-csv.csv").open(encoding="utf-8") as file:
        return {row["student"]: float(row["points"]) for row in csv.DictReader(file)}


def test_each_gets_what_is_due(scores, course, handed_in):
    log = (course[0] / "reports/week3.log").read_text(encoding="utf-8")
    wrong = {
        one.student: (scores[one.student], one.score, logged(log, one.student))
        for one in handed_in
        if scores[one.student] != one.score
    }
    assert not wrong


def logged(log, student):
    """What the log says of one student."""
    return log.partition(f"=== {student} ")[2].partition("\n=== ")[0]


def test_the_report_names_every_file_and_why(course, handed_in):
    folder, said, _ = course
    with (folder / "reports/week3.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == {one.student for one in handed_in}
    for one in handed_in:
        row = rows[one.student]
        assert row["state"] == ("graded" if one.text is None else "not taken"), row
        assert one.text is None or "no notebook" in row["why"] or "empty" in row["why"]
        assert row["look"] == "" or one.student in LOOKED_AT, row
    assert said.returncode == 1, "two have no notebook"
    assert "Without a grade: max, wim." in said.stdout
    assert len(said.stdout.splitlines()) < 40, "it fits a screen"


def test_grading_time_is_reported(course, handed_in, record_property, capsys):
    seconds = course[2]
    record_property("grading_seconds", round(seconds, 1))
    with capsys.disabled():
        each = seconds / len(handed_in)
        print(f"\n{len(handed_in)} graded in {seconds:.0f} s, {each:.1f} s each")


def test_everyone_gets_feedback_also_on_what_could_not_be_graded(course, handed_in):
    folder = course[0]
    for one in handed_in:
        page = folder / "feedback" / one.student / "week3" / "week3.html"
        assert page.stat().st_size < 3e6, "output is not cut off"
        text = page.read_text(encoding="utf-8")
        assert ("This was not graded" in text) == (one.text is not None), one.student
        assert "site-packages" not in text and "demand([1, 1, 4], 2)" not in text


def test_feedback_says_what_was_wrong(course):
    page = (course[0] / "feedback/finn/week3/week3.html").read_text(encoding="utf-8")
    assert "mean([5]): found 1.5, not 5." in page
    page = (course[0] / "feedback/zoe/week3/week3.html").read_text(encoding="utf-8")
    assert "Assign to answer_toy_2 one of the letters A, B." in page


def test_the_open_question_waits_for_a_person(course):
    program = (
        "from nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db') as book:\n"
        "    for s in book.assignment_submissions('week3'):\n"
        "        print(s.student.id, s.needs_manual_grade)\n"
    )
    path = os.pathsep.join((sys.exec_prefix + "/bin", os.environ["PATH"]))
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=course[0],
        env=os.environ | {"PATH": path},  # for alembic
        capture_output=True,
        encoding="utf-8",
    ).stdout
    assert "ada" in said


def test_the_release_shows_neither_answers_nor_hidden_tests(course):
    text = (course[0] / "release/week3/week3.ipynb").read_text(encoding="utf-8")
    for secret in ("SOLUTION", "HIDDEN", "Because of what", "demand([5]", "No corners"):
        assert secret not in text
    nb = json.loads(text)
    ids = [
        c["metadata"]["nbgrader"]["grade_id"]
        for c in nb["cells"]
        if "nbgrader" in c["metadata"]
    ]
    assert len(ids) == len(set(ids)) == 14
