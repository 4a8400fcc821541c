"""The cells of a new exercise: ``python -m tools.exercise pooling median``.

They are put at the end of the chapter, before its open question, with the ids and the
metadata that make them an exercise, and with a file for the answers that are kept.
What is left to write is marked by ``…``; ``tests/exercises/form.py`` names what is
missing, and ``python -m tools.outputs pooling --cells changed`` runs them.
"""

import argparse
import keyword
import re
import sys
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from d2lmini.course import exercises
from d2lmini.course.exercises import new_cell
from tools import book, outputs

ANSWERS = Path("tests/exercises/answers")
HINT = "<details><summary>Hint</summary>\n\n…\n\n</details>"
LABELS = {"predict": "Predict, then run", "write": "Write"}
#: What stands on the drawer of a cell while it is closed, and while it is open.
DRAWERS = {
    "solution": ("Show one solution", "Hide the solution"),
    "check": ("Show the check", "Hide the check"),
    "quiz": ("Show the source of the quiz", "Hide the source of the quiz"),
}
GIVEN = {"predict": "side = 3", "write": ""}
SOLUTIONS = {
    "predict": "### BEGIN SOLUTION\narea = side**2  # …\n### END SOLUTION",
    "write": """\
def {name}(x):
    \"\"\"…\"\"\"
    ### BEGIN SOLUTION
    return x  # …
    ### END SOLUTION""",
}
CHECKS = {
    "predict": """\
from d2lmini import check

marks = check.Cases(2)

marks.predicted(area, sum(side for _ in range(side)), "area")
marks.passed("{title}: correct.")""",
    "write": """\
from d2lmini import check

marks = check.Cases(2)


@marks
def compare(x):
    \"\"\"Demand what is computed in another way.\"\"\"
    check.same({name}(x), x, f"{name}({{x}})")


compare(1)
### BEGIN HIDDEN TESTS
compare(2)
### END HIDDEN TESTS
marks.passed("{title}: correct.")""",
}
KEPT = """\
\"\"\"Answers to {id}: what a check must refuse, and what it must accept.\"\"\"

# Two right ones that go about it differently, and three wrong ones at least, each with
# a part of the sentence that it must get: {{"name": ("source", "a part of it")}}.
RIGHT: dict[str, str] = {{}}
WRONG: dict[str, tuple[str, str]] = {{}}
"""


def new(chapter: str, slug: str, kind: str, root: Path = book.ROOT) -> list[str]:
    """Write a new exercise into ``chapter``; returns the ids of its cells.

    Raises ValueError if there is no such chapter, or if it has this exercise, or if
    answers to it are kept.
    """
    path = next((p for p in book.chapters(root) if p.stem == chapter), None)
    whole = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug)
    if path is None or not whole or keyword.iskeyword(slug):
        raise ValueError(
            f"There is no chapter {chapter}, or {slug!r} is no name of small letters, "
            "digits and hyphens, or a word of Python's own: give both as in `pooling "
            "median`."
        )
    nb = exercises.notebook(path)
    present = exercises.read(path)
    name = f"{chapter}-{slug}"
    if any(one.id == name for one in present):
        raise ValueError(f"{path.name} has an exercise {name} already.")
    kept = root / ANSWERS / chapter / f"{slug}.py"
    if kept.exists():
        raise ValueError(
            f"{kept} is there already: remove it, or give the exercise another name."
        )
    last = next((one for one in present if one.kind == "open"), None)
    ids = [cell["id"] for cell in nb.cells]
    place = ids.index(last.cells[0]["id"]) if last else len(nb.cells)
    number = len(present) if last else len(present) + 1
    made = cells(name, slug, kind, number)
    if last:
        text = nb.cells[place]
        text.source = re.sub(r"^### \d+", f"### {number + 1}", text.source)
    nb.cells[place:place] = made
    outputs.write(nb, path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(KEPT.format(id=name), encoding="utf-8", newline="\n")
    return [cell["id"] for cell in made]


def cells(name: str, slug: str, kind: str, number: int) -> list[NotebookNode]:
    """The cells of the exercise ``name``, in their order."""
    title = slug.replace("-", " ").capitalize()
    words = {"name": slug.replace("-", "_"), "title": title}
    task = (
        "Assign a number to area."
        if kind == "predict"
        else f"Write {words['name']} here."
    )
    about = {"title": title, "kind": kind, "minutes": 10, "gpu": False, "needs": []}
    last = f"*{LABELS[kind]} · 10 minutes · 2 points*"
    text = f"### {number} · {title}\n\n…\n\n{HINT}\n\n{last}"
    made = [new_cell("markdown", f"{name}-text", text)]
    if GIVEN[kind]:
        vary: dict[str, Any] = {"d2lmini": {"variants": {"side": [3, 4, 5]}}}
        made.append(_code(f"{name}-given", GIVEN[kind], vary, locked=True))
    own = {"d2lmini": {"exercise": about | {"task": task}}}
    own |= _drawer("solution", "hide-input")
    made.append(_code(name, SOLUTIONS[kind].format(**words), own, solution=True))
    check, folded = CHECKS[kind].format(**words), _drawer("check", "hide-cell")
    role = {"grade": True, "locked": True, "points": 2}
    made.append(_code(f"{name}-check", check, folded, **role))
    return made


def _drawer(what: str, tag: str) -> dict[str, Any]:
    show, hide = DRAWERS[what]
    prompts = {"code_prompt_show": show, "code_prompt_hide": hide}
    return {"mystnb": prompts, "tags": [tag]}


def _code(
    name: str, source: str, metadata: dict[str, Any], **role: Any
) -> NotebookNode:
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    whole = {**plain, "schema_version": 3, "grade_id": name, **role}
    return new_cell("code", name, source, {**metadata, "nbgrader": whole})


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    made = argparse.ArgumentParser(prog="python -m tools.exercise")
    made.add_argument("chapter", help="such as pooling")
    made.add_argument("slug", help="its short name, such as median")
    made.add_argument("--predict", action="store_true", help="not to write: to predict")
    return made


def main() -> None:
    """Write the cells and say where they are."""
    asked = parser().parse_args()
    try:
        made = new(asked.chapter, asked.slug, "predict" if asked.predict else "write")
    except ValueError as error:
        sys.exit(str(error))
    print(f"Written: {', '.join(made)}, and {ANSWERS}/{asked.chapter}/{asked.slug}.py")
    print(
        f"Then: python -m tools.outputs {asked.chapter} --cells changed; make student"
    )


if __name__ == "__main__":
    main()
