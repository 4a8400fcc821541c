"""A course's folder for tests: made, filled, graded, compared."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest
import toy
from nbgrader import apps

from d2lmini.course import assign, walls
from tools.book import ROOT

IDS = ["toy-area", "toy-mean", "quiz:toy:1", "toy-largest", "quiz:toy:2", "toy-why"]

# As nbgrader_config.py, but less patient.
HASTE = """
c.ExecuteOn.timeout = 4
c.ExecuteOn.iopub_timeout = 4
"""


UNCONFINED = "c.LimitedKernel.allow_unconfined = True\n"


def made(folder, handed_in, haste=HASTE):
    """Make a course in `folder`: an assignment, handed out, and these submissions."""
    book = toy.book(folder)
    known = assign.every(book)
    nb = assign.assignment("week3", assign.chosen(IDS, known), book, "2026")
    assign.write(nb, folder / "source" / "week3" / "week3.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(haste + ("" if walls.find()[0] else UNCONFINED))
    here(folder, apps.GenerateAssignmentApp, "week3")
    text = (folder / "release/week3/week3.ipynb").read_text(encoding="utf-8")
    release = json.loads(text)
    for cell in release["cells"]:
        cell["source"] = "".join(cell["source"])
    for one in handed_in:
        one.write(release, folder / "submitted" / one.student / "week3/week3.ipynb")
    return folder


def grade(folder, *arguments):
    """Run `d2lmini-grade` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "d2lmini.course.grade", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )


def hashes(folder):
    """What each file in `folder` holds, those left out that grading writes."""
    written = ("autograded", "reports", "gradebook.db")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in written
    }


def here(folder, app, *arguments):
    """Do an nbgrader command in `folder` and in this process: it starts sooner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(os, "environ", os.environ.copy())
        app.clear_instance()
        running = app.instance()
        running.initialize(list(arguments))
        running.start()
        app.clear_instance()
