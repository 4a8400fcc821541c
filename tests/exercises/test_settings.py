"""A configuration that is broken, absent or another's: nothing runs without walls."""

import json
import os
import sqlite3
import sys
from contextlib import closing

import courses
import pytest
from nbgrader import api, apps
from sqlalchemy.exc import OperationalError

from d2lmini.course import export, grade, pool
from d2lmini.course.gradebook import Course
from tools.book import ROOT

OURS = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
LINES = OURS.count("\n")
PLAIN = "c = get_config()\n"
AUTOGRADE = "c.Autograde.autograde_preprocessors"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Without traces of one course in another: nbgrader keeps one for all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(pool.tempfile, "tempdir", None)
    # alembic says it, and takes a second to; test_course.py asks it
    monkeypatch.setattr(api, "get_alembic_version", str)
    yield
    apps.AutogradeApp.clear_instance()


class Handed:
    """What Eve hands in: a cell that leaves a file behind."""

    student = "eve"

    def write(self, release, path):
        left = f"open({str(path.parents[3] / 'left')!r}, 'w').close()"
        cells = [c for c in release["cells"] if c["metadata"].get("nbgrader")]
        next(c for c in cells if c["metadata"]["nbgrader"]["solution"])["source"] = left
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(release), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{OURS}c.X.y = zero\n", rf"line {LINES + 1}: NameError: name 'zero' is not"),
        (f"{OURS}c.X.y = (\n", rf"line {LINES + 1}: SyntaxError: '\(' was never clos"),
        (f"{OURS}exit()\n", rf"line {LINES + 1}: SystemExit"),
        (f"{OURS}c.LimitedKernel.memory = '4G'\n", "LimitedKernel.memory .* not .*4G"),
        (f"{OURS}c.LateSubmissionPlugin.penalty_method = 'zer'\n", "'none', 'zero'"),
        (PLAIN, "leaves ExecuteOn out"),
        (
            f"{OURS}{AUTOGRADE} = ['nbgrader.preprocessors.Execute']\n",
            "leaves Execute",
        ),
        (
            f"{OURS}{AUTOGRADE}.append(Execute)\n",
            "has Execute, and .* without",
        ),
        (f"{OURS}c.Autograde.sanitize_preprocessors = []\n", "leaves RestoreCells out"),
        (
            f"{OURS}{AUTOGRADE}.append('no.such.Step')\n",
            "names 'no.such.Step', and that cannot be imported .*'no'",
        ),
        (f"{OURS}{AUTOGRADE}.append('')\n", "names '', and that cannot be imported"),
    ],
)
def test_no_submission_is_graded_with(tmp_path, text, said):
    (tmp_path / "nbgrader_config.py").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"(?s){said}.*Nothing was done\.$"):
        grade._refuse_without_walls(Course(tmp_path, "week3"))


@pytest.mark.parametrize(
    ("more", "name", "text", "said"),
    [
        (
            "",
            "nbgrader_config.json",
            "{bad",
            r"\.json: JSONDecodeError: .*: mend it\. N",
        ),
        (
            "load_subconfig('of.py')",
            "of.py",
            "zero",
            r"of\.py: line 1: Name.* mend it\.",
        ),
        (
            "c.CourseDirectory.root = course",
            "-",
            "",
            r"TraitError: The 'root' trait .*y ",
        ),
    ],
)
def test_the_file_that_cannot_be_read_is_named(tmp_path, more, name, text, said):
    (tmp_path / "nbgrader_config.py").write_text(f"{OURS}{more}\n", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"cannot be read \(.*{said}"):
        Course(tmp_path)


def test_settings_that_can_be_done_are_left_alone(tmp_path):
    more = """
c.ExecuteOn.timeout = None
c.ExecuteOn.extra_arguments.append("x")
c.LateSubmissionPlugin.penalty_method = "zero"
c.Autograde.pre_convert_hook = "os.path.join"
c.LimitedKernel.allow_unconfined = True
c.Elsewhere.unknown = 5
"""
    (tmp_path / "nbgrader_config.py").write_text(OURS + more, encoding="utf-8")
    grade._refuse_without_walls(Course(tmp_path, "week3"))


def test_a_configuration_that_breaks_later_is_what_each_is_told(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = (", encoding="utf-8")

    class Pipe:
        asked, sent = iter(["ada", "mo", None]), []

        def recv(self):
            return next(self.asked)

        def send(self, outcome):
            self.sent.append((outcome.student, "SyntaxError" in outcome.error))

    pool.worker(Pipe(), str(tmp_path), "week3", str(tmp_path))
    assert Pipe.sent == [("ada", True), ("mo", True)]


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_nbgrader_itself_starts_nothing_without_our_configuration(tmp_path, capfd):
    folder = courses.made(tmp_path, [Handed()])
    (folder / "nbgrader_config.py").write_text("c = (", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        courses.here(folder, apps.AutogradeApp, "week3")
    assert ended.value.code == 1
    assert "needs-the-walls-of-nbgrader_config.py" in capfd.readouterr().err
    assert not (folder / "left").exists()


def test_a_gradebook_that_is_none_or_empty_is_said(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(OURS, encoding="utf-8")
    with pytest.raises(ValueError, match="no assignment in the gradebook, and so no g"):
        export.lines(Course(tmp_path), [])
    (tmp_path / "gradebook.db").write_text("no database\n" * 9, encoding="utf-8")
    with pytest.raises(ValueError, match=r"\(sqlite.*not a database\): .* a copy"):
        Course(tmp_path).students()


def test_a_gradebook_that_is_busy_is_not_to_be_replaced(tmp_path):
    more = f'c.CourseDirectory.db_url = "sqlite:///{tmp_path}/gradebook.db?timeout=0"'
    (tmp_path / "nbgrader_config.py").write_text(f"{OURS}{more}\n", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ValueError, match="database is locked") as refused:
            Course(tmp_path).students()
    assert "run this again" in str(refused.value) and "copy" not in str(refused.value)


def test_a_gradebook_behind_a_password_is_named_without_it(tmp_path, monkeypatch):
    more = 'c.CourseDirectory.db_url = "postgresql://ada:s3cret@db/gb?password=s3cret"'
    (tmp_path / "nbgrader_config.py").write_text(f"{OURS}{more}\n", encoding="utf-8")

    def unanswered(*_):
        raise OperationalError("", {}, Exception("refused\n\tIs it running?\n"))

    monkeypatch.setattr(api, "Gradebook", unanswered)
    said = r"\(postgresql://ada:\*\*\*@db/gb: refused Is it running\?\): see that"
    with pytest.raises(ValueError, match=said) as refused:
        Course(tmp_path).students()
    assert "s3cret" not in str(refused.value)
