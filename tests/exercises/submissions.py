"""Simulated submissions of one assignment, and what each must score.

Points: area 2, mean 3, first question 1, largest 4, second question 1.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from d2lmini.course.exercises import new_cell

FULL = 11

RIGHT = {
    "toy-area": "area = width * height",
    "toy-mean": "def mean(values):\n    return sum(values) / len(values)",
    "quiz-toy-1": "answer_toy_1 = 4",
    "toy-largest": "def largest(values):\n    return sorted(values)[-1]",
    "quiz-toy-2": "answer_toy_2 = 'B'",
}

BUSY = "while True:\n    pass"
STUBBORN = """\
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass"""
LOUD = "for _ in range(100):\n    print('x' * 999_999)"
SPY = """\
import json
from pathlib import Path

for folder in [Path.cwd(), *Path.cwd().parents]:
    for path in sorted(folder.glob("source/*/*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["id"] == "toy-mean":
                exec("".join(cell["source"]))"""
FORGER = """\
import sqlite3

for up in ("..", "../..", "../../.."):
    with sqlite3.connect(up + "/gradebook.db") as grades:
        grades.execute("UPDATE grade SET auto_score = 99, manual_score = 99")"""
KILLER = "import os\n\nos.kill(os.getppid(), 9)\nos._exit(1)"
HUNGRY = "values = bytearray(20 * 2**30)\n" + RIGHT["toy-mean"]


@dataclass(frozen=True)
class Submission:
    """What a student hands in: a change to the released notebook, and its score."""

    student: str
    score: float
    change: Callable[[dict], None] = lambda nb: None
    answers: dict | None = None
    text: str | None = None  # in place of a notebook
    lay: Callable[[Path, str], None] | None = None  # in place of one file: a folder

    def write(self, release, path):
        """Write it to `path`; `release` is the notebook as it was handed out."""
        nb = copy.deepcopy(release)
        for cell in nb["cells"]:
            if cell["id"] in (self.answers or {}):
                cell["source"] = self.answers[cell["id"]]
        self.change(nb)
        path.parent.mkdir(parents=True)
        text = json.dumps(nb) if self.text is None else self.text
        if self.lay:
            self.lay(path.parent, text)
        else:
            path.write_text(text, encoding="utf-8")


def but(**other):
    """The right answers but for these; names with _ for -."""
    return RIGHT | {name.replace("_", "-"): text for name, text in other.items()}


def only(*names):
    return {name: RIGHT[name] for name in names}


def without(*endings):
    def change(nb):
        nb["cells"] = [c for c in nb["cells"] if not c["id"].endswith(endings)]

    return change


def rewritten(name, source):
    def change(nb):
        next(c for c in nb["cells"] if c["id"] == name)["source"] = source

    return change


def added(source, place=2):
    def change(nb):
        nb["cells"].insert(place, new_cell("code", "mine", source))

    return change


def richer(nb):
    for cell in nb["cells"]:
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = 100


def doubled(nb):
    """The cells of one exercise a second time, below."""
    nb["cells"] += copy.deepcopy([c for c in nb["cells"] if "mean" in c["id"]])
    for count, cell in enumerate(nb["cells"]):
        cell["id"] = f"cell-{count}"


def emptied(nb):
    nb["cells"] = []


def function(name, *lines):
    return "\n".join([f"def {name}(values):", *(f"    {line}" for line in lines)])


CLASS = [
    Submission("ada", FULL, answers=RIGHT),
    Submission(
        "ben",
        FULL,
        answers=but(
            toy_mean=function(
                "mean",
                "t = 0.0",
                "for v in values:",
                "    t += v",
                "return t / len(values)",
            )
        ),
    ),
    Submission("cleo", 0),
    Submission("dan", 2, answers=only("toy-area")),
    Submission("eva", 3, answers=only("toy-area", "quiz-toy-1")),
    Submission("finn", 8, answers=but(toy_mean=function("mean", "return 1.5"))),
    Submission("gus", 8, answers=but(toy_mean="def mean(values:\n    return")),
    Submission("hana", 7, answers=but(toy_largest=BUSY)),
    Submission(
        "ida", 7, answers=but(toy_largest=function("largest", *BUSY.split("\n")))
    ),
    Submission(
        "jan", 8, without("mean-check"), but(toy_mean=function("mean", "return 0"))
    ),
    Submission("kim", FULL, without("-check"), RIGHT),
    Submission("leo", FULL, added(LOUD), RIGHT),
    Submission("mia", 8, answers=but(toy_mean=SPY)),
    Submission("max", 0, text=""),
    Submission("liv", 0, emptied),
    Submission(
        "nora", 8, rewritten("toy-mean-check", "pass"), but(toy_mean="mean = 0")
    ),
    Submission(
        "otto",
        9,
        rewritten("toy-area-given", "height, width = 1, 1"),
        but(toy_area="area = 1"),
    ),
    Submission("pia", 7, answers=but(toy_largest=STUBBORN)),
    Submission("quinn", 8, answers=but(toy_mean=HUNGRY)),
    Submission("ria", 8, answers=but(toy_mean="import os\n\nos._exit(1)")),
    Submission(
        "sam", 8, answers=but(toy_mean=function("mean", "import os", "os.abort()"))
    ),
    Submission("tea", 8, answers=but(toy_mean=KILLER)),
    Submission("udo", 8, added(FORGER), but(toy_mean=function("mean", "return 0"))),
    Submission("vera", 8, answers=but(toy_mean="import sys\n\nsys.exit()")),
    Submission("wim", 0, text="I have sent it by post."),
    Submission("xenia", FULL, richer, RIGHT),
    Submission("yan", FULL, doubled, RIGHT),
    Submission("zoe", 10, answers=but(quiz_toy_2="answer_toy_2 = 'b'")),
    Submission("nils", FULL, added("import warnings\n\nwarnings.warn('so')"), RIGHT),
    Submission("rob", 8, without("mean", "mean-check", "given", "setup"), RIGHT),
    Submission("olga", 10, answers=but(quiz_toy_1="answer_toy_1 = float('nan')")),
]
