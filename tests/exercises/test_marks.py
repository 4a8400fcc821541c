"""Late work, extra credit, grading again, shares: with nbgrader's own settings."""

import csv
import json
import re
import shutil
import subprocess
from functools import partial
from types import SimpleNamespace

import courses
import pytest
import yaml
from submissions import FULL, RIGHT, Submission, but
from traitlets.config import Config

from d2lmini.course import grade, gradebook, memory
from d2lmini.course.grading import ExecuteOn, LimitedKernel
from tools.book import ROOT

GUIDE = (ROOT / "book/guide/instructor.md").read_text(encoding="utf-8")

LATE = 'c.LateSubmissionPlugin.penalty_method = "zero"\n'
TWO = [
    Submission("jo", FULL, answers=RIGHT),
    Submission("mo", FULL, answers=RIGHT),
]


def points(folder):
    done = courses.grade(folder, "export", "--to=csv", "--file=all.csv")
    assert done.returncode == 0, done.stderr
    with (folder / "all.csv").open(encoding="utf-8") as file:
        return {row["student"]: float(row["points"]) for row in csv.DictReader(file)}


def change(folder, action):
    """Do `action` with the gradebook of the course in `folder`."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db", "d2lmini") as book:
        action(book)
        book.db.commit()


@pytest.mark.course
def test_late_work_extra_credit_and_grading_again(tmp_path):
    folder = courses.made(tmp_path, TWO, courses.HASTE + LATE)
    due = "2026-11-30 18:00 UTC"
    change(folder, lambda book: book.update_or_create_assignment("week3", duedate=due))
    stamp = folder / "submitted/jo/week3/timestamp.txt"
    stamp.write_text("2026-12-01 09:00:00 UTC\n", encoding="utf-8")
    assert courses.grade(folder, "week3").returncode == 0
    assert points(folder) == {"jo": 0, "mo": FULL}, "jo was late"

    def more(book):
        book.find_grade("toy-area-check", "week3", "week3", "mo").extra_credit = 1.5

    change(folder, more)
    assert points(folder)["mo"] == FULL + 1.5

    stamp.unlink()  # the platform was down: it was in time
    path = folder / "submitted/mo/week3/week3.ipynb"
    nb = json.loads(path.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        if cell["id"] == "toy-mean":
            cell["source"] = but(toy_mean="mean = 0")["toy-mean"]
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert courses.grade(folder, "week3").returncode == 0
    assert points(folder) == {"jo": FULL, "mo": FULL + 1.5 - 3}, "both are new versions"
    log = folder / "reports/week3.log"
    log.unlink()
    assert courses.grade(folder, "week3").returncode == 0 and not log.exists()
    assert courses.grade(folder, "week3", "--force").returncode == 0
    assert log.read_text(encoding="utf-8").count("=== ") == 2


@pytest.mark.parametrize("of", [1, 2, 7])
def test_shares_miss_nobody_and_take_nobody_twice(of):
    shares = [memory.Share.parse(f"{i}/{of}") for i in range(1, of + 1)]
    for student in ("Ada", "4711", "Łukasz", "jo.smith", "", "x" * 99):
        assert sum(share.holds(student) for share in shares) == 1


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "-1/2", "a/b", "1/0"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="part 2 of 8"):
        memory.Share.parse(text)


def test_a_folder_without_a_course_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no nbgrader_config\.py in"):
        gradebook.Course(tmp_path, "week3")


def test_a_setting_is_the_courses_own_else_what_grading_has():
    given = Config({"ExecuteOn": {"total_time": 7}})
    course = SimpleNamespace(app=SimpleNamespace(config=given))
    setting = partial(gradebook.Course.setting, course)
    assert setting(ExecuteOn, "total_time") == 7
    assert setting(ExecuteOn, "max_output") == ExecuteOn().max_output
    assert setting(LimitedKernel, "allow_unconfined") is False
    assert setting(LimitedKernel, "packages") == []


# --- what the guide shows and cannot be run here: its form


def fences(kind):
    return re.findall(rf"```{kind}\n(.*?)\n```", GUIDE, re.S)


def test_the_cluster_jobs_are_well_formed():
    (job,) = (yaml.safe_load(text) for text in fences("yaml"))
    spec = job["spec"]
    assert job["kind"] == "Job" and spec["completionMode"] == "Indexed"
    (container,) = spec["template"]["spec"]["containers"]
    assert f"/{spec['completions']}" in container["args"][0]
    (array,) = (text for text in fences("bash") if "#SBATCH" in text)
    assert array.startswith("#!/bin/bash\n#SBATCH")
    assert subprocess.run(["bash", "-n"], input=array, encoding="utf-8").returncode == 0


def test_the_guide_asks_for_options_that_there_are():
    for text in fences("bash"):
        for line in re.findall(r"d2lmini-grade [^#;|&\n]*", text):
            words = line.split()[1:]
            make = grade.PARSERS.get(words[0])
            given = [
                re.sub(r'"?\$\(?\w+[^/]*(?=/8)|"', "1", x).strip('"') for x in words
            ]
            (make().parse_args(given[1:]) if make else grade.parser().parse_args(given))


def test_the_container_is_made_of_what_is_there_and_has_no_rights():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [
        x for line in lines if line.startswith("COPY ") for x in line.split()[1:-1]
    ]
    assert copied and all((ROOT / one).exists() and f"!{one}" in kept for one in copied)
    users = [line for line in lines if line.startswith("USER ")]
    assert users and users[-1].split()[1] not in ("root", "0")


@pytest.mark.course
@pytest.mark.parametrize("program", ["hadolint", "shellcheck", "kubernetes-validate"])
def test_linters_of_others_find_nothing(program, tmp_path):
    path = shutil.which(program, path=str(ROOT / ".readers/bin"))
    if path is None:
        pytest.skip(f"{program} is not installed: make course-test")
    (tmp_path / "job.yaml").write_text(fences("yaml")[0], encoding="utf-8")
    (array,) = (text for text in fences("bash") if "#SBATCH" in text)
    (tmp_path / "array.sh").write_text(f"{array}\n", encoding="utf-8")
    given = {
        "hadolint": [ROOT / "Dockerfile", "--failure-threshold", "warning"],
        "shellcheck": [tmp_path / "array.sh"],
        "kubernetes-validate": ["--strict", tmp_path / "job.yaml"],
    }
    done = subprocess.run([path, *given[program]], capture_output=True)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
