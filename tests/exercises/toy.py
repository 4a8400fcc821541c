"""A small chapter with exercises, for trying the machinery without the book.

It imports nothing, so that thirty kernels start in the time of three.
"""

import json

from nbformat.v4 import new_notebook

from d2lmini.course.exercises import new_cell
from d2lmini.widgets.quiz import pack

QUESTIONS = [
    {
        "text": "How many corners has a *square*?",
        "answer": 4,
        "why": "Four sides meet in four corners.",
        "wrong": [[3, "That is a triangle."]],
        "otherwise": "Count them.",
    },
    {
        "text": "Which `shape` is round?",
        "choices": [
            {"text": "a square", "why": "It has corners."},
            {"text": "a disc", "why": "No corners at all.", "right": True},
        ],
    },
]

AREA = """\
# The area of the picture.
### BEGIN SOLUTION
area = height * width
### END SOLUTION"""

AREA_CHECK = """\
assert area == height * width, f"area: found {area}, expected {height * width}."
print("Area: correct.")"""

MEAN = """\
def mean(values: list[float]) -> float:
    \"\"\"The mean of some numbers, at least one.\"\"\"
    ### BEGIN SOLUTION
    return total(values) / len(values)
    ### END SOLUTION"""

CHECK = """\
def demand(values, expected):
    found = {name}(values)
    assert found == expected, f"{name}({{values}}): found {{found}}, not {{expected}}."


demand({first})
### BEGIN HIDDEN TESTS
demand({second})
demand({third})
### END HIDDEN TESTS
print("{name}: correct.")"""

MEAN_CHECK = CHECK.format(
    name="mean", first="[1, 2], 1.5", second="[5], 5", third="[1, 1, 4], 2"
)

LARGEST = """\
def largest(values: list[float]) -> float:
    \"\"\"The largest of some numbers, at least one.\"\"\"
    ### BEGIN SOLUTION
    return max(values)
    ### END SOLUTION"""

LARGEST_CHECK = CHECK.format(
    name="largest", first="[1, 3], 3", second="[-2, -1, -5], -1", third="[7], 7"
)

GIVEN = "height, width = 100, 5  # pixels – of the picture"
VARIANTS = {"height": [64, 96, 100, 128], "width": [5, 7]}


def metadata(name, points=None, **role):
    found = {"grade": False, "solution": False, "locked": False, **role}
    found.update(schema_version=3, task=False, grade_id=name)
    if points is not None:
        found["points"] = points
    return found


def exercise(slug, title, kind, solution, check, points, **more):
    """The cells of one exercise; `given` and `needs` are optional."""
    name, given = f"toy-{slug}", more.get("given")
    about = {"title": title, "kind": kind, "minutes": 5, "gpu": False}
    about |= {"needs": more.get("needs", []), "task": f"Think of the {slug}."}
    label = {"predict": "Predict, then run", "write": "Write"}[kind]
    last = f"*{label} · 5 minutes · {points} points*"
    text = f"### {more['n']} · {title}\n\nWhich?\n\n{last}"
    yield new_cell("markdown", f"{name}-text", text)
    if given:
        own = {"d2lmini": {"variants": VARIANTS}}
        own["nbgrader"] = metadata(f"{name}-given", locked=True)
        yield new_cell("code", f"{name}-given", given, own)
    own = {"d2lmini": {"exercise": about}, "tags": ["hide-input"]}
    own["nbgrader"] = metadata(name, solution=True)
    yield new_cell("code", name, solution, own)
    own = {"nbgrader": metadata(f"{name}-check", points, grade=True, locked=True)}
    yield new_cell("code", f"{name}-check", check, own)


def question():
    """The cells of the open question."""
    about = {"title": "Why?", "kind": "open", "minutes": 15, "gpu": False, "needs": []}
    text = "### 4 · Why?\n\nWhy not?\n\n*Open question · 15 minutes · 3 points*"
    yield new_cell("markdown", "toy-why-text", text)
    own = {"d2lmini": {"exercise": about}}
    own["nbgrader"] = metadata("toy-why", 3, grade=True, solution=True)
    yield new_cell("markdown", "toy-why", "Because of what is known.", own)


def chapter():
    """The chapter as a notebook."""
    setup = "import math  # where a chapter has: import d2lmini"
    helper = "def total(values: list[float]) -> float:\n    return sum(values)"
    quiz = (
        f'from d2lmini.widgets import Quiz\n\nQuiz(\n    """\n{pack(QUESTIONS)}\n"""\n)'
    )
    cells = [
        new_cell("markdown", "title", "# 3 · Toy\n\nWhat is a toy?"),
        new_cell("code", "setup", f"{setup}\n\nnever = 1 / 0"),
        new_cell("markdown", "sums", "A sum, as in [chapter 1](toy.ipynb)."),
        new_cell("code", "total", helper),
        new_cell("markdown", "quiz-text", "## Check yourself"),
        new_cell("code", "quiz", quiz),
        new_cell("markdown", "exercises", "## Exercises\n\nCheck yourself."),
        *exercise("area", "Area", "predict", AREA, AREA_CHECK, 2, given=GIVEN, n=1),
        *exercise("mean", "Mean", "write", MEAN, MEAN_CHECK, 3, needs=["total"], n=2),
        *exercise(
            "largest",
            "Largest",
            "write",
            LARGEST,
            LARGEST_CHECK,
            4,
            n=3,
            needs=["total"],
        ),
        *question(),
    ]
    return new_notebook(cells=cells)


def book(folder):
    """Write a book of this one chapter into `folder`; return its `book/`."""
    path = folder / "book" / "part" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(chapter()), encoding="utf-8")
    return folder / "book"
