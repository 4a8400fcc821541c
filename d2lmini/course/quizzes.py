"""Quiz questions of the chapters as exercises that can be graded."""

import ast
import pprint
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from d2lmini.course.exercises import Exercise, new_cell, notebook
from d2lmini.widgets.quiz import LETTERS, unpack

PACKED = "eN"  # how packed questions begin: zlib at its best level, in base64

CHOICE = """\
assert type({name}) is str and {name} in {letters}, {task!r}
### BEGIN HIDDEN TESTS
why = {why}
assert {name} in {right}, why[{name}]
### END HIDDEN TESTS"""

NUMBER = """\
{name} = {name}.item() if hasattr({name}, "item") else {name}  # of numpy or torch
assert type({name}) in (int, float), {task!r}
### BEGIN HIDDEN TESTS
slips = {slips}
slips = [why for number, why in slips if abs({name} - number) <= {tolerance}]
otherwise = {otherwise}
assert abs({name} - {right}) <= {tolerance}, (slips or [otherwise])[0]
### END HIDDEN TESTS"""


def questions(path: Path) -> list[dict[str, Any]]:
    """The questions of the quizzes in the chapter at `path`, in their order."""
    return in_notebook(notebook(path))


def title(path: Path) -> str:
    """The title of the chapter at `path`, without its number; its name without one."""
    cells = notebook(path).cells
    found = re.match(r"# (?:\d+ · )?(.+)", cells[0].source if cells else "")
    return found[1].strip() if found else path.stem


def in_notebook(nb: NotebookNode) -> list[dict[str, Any]]:
    """The questions of the quizzes in `nb`, in the order in which they are shown."""
    found: list[dict[str, Any]] = []
    for cell in nb.cells:
        if cell.cell_type == "code" and PACKED in cell.source:
            for text in _strings(cell.source):
                if text.strip().startswith(PACKED):
                    found += unpack(text)
    return found


def _strings(source: str) -> list[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell with a magic holds no quiz
        return []
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return [node.value for node in nodes if isinstance(node.value, str)]


def read(path: Path) -> list[Exercise]:
    """The questions of the chapter at `path`, each as an exercise of one point.

    The second question of LeNet has the id `quiz:lenet:2`.
    """
    return [graded(path.stem, n, one) for n, one in enumerate(questions(path), 1)]


def graded(chapter: str, n: int, question: dict[str, Any]) -> Exercise:
    """Question `n` as three cells: text, an answer to assign, its hidden check."""
    name = f"answer_{chapter}_{n}".replace("-", "_")
    letters = tuple(lettered(question))
    unit = f" ({question['unit']})" if question.get("unit") else ""
    kind = f"one of the letters {', '.join(letters)}" if letters else f"a number{unit}"
    task = " ".join(f"Assign to {name} {kind}.".split())
    title = textwrap.shorten(question["text"].replace("`", ""), 60, placeholder=" …")
    return Exercise(
        id=f"quiz:{chapter}:{n}",
        chapter=chapter,
        title=title,
        kind="quiz",
        minutes=2,
        points=1,
        gpu=False,
        task=task,
        needs=(),
        cells=_cells(question, name, task, letters),
        context=(),
    )


def lettered(question: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The choices of a question by letter; empty for a number."""
    choices = question.get("choices", ())
    return dict(zip(LETTERS[: len(choices)], choices, strict=True))


def _cells(
    question: dict[str, Any], name: str, task: str, letters: tuple[str, ...]
) -> tuple[NotebookNode, ...]:
    slug = name.replace("_", "-").replace("answer", "quiz", 1)
    choices = lettered(question).items()
    lines = [f"{x}. {plain(c['text'])}" for x, c in choices]
    said = task.replace(name, f"`{name}`")
    asked = [plain(question["text"]), *_pictured(question)]
    text = "\n\n".join(["### 1 · Question", *asked, *lines, said])
    right: Any = [x for x, c in choices if c["right"]]
    check = _choice_check if letters else _number_check
    answer = repr(right[0] if letters else question["answer"])
    solution = f"# {task}\n### BEGIN SOLUTION\n{name} = {answer}\n### END SOLUTION"
    role: dict[str, Any] = {"schema_version": 3, "task": False}
    roles: dict[str, dict[str, Any]] = {
        "": {"grade": False, "solution": True, "locked": False},
        "-check": {"grade": True, "solution": False, "locked": True, "points": 1},
    }
    sources = {"": solution, "-check": check(question, name, task)}
    about = {"": {"d2lmini": {"exercise": {"task": task}}}, "-check": {}}
    words = new_cell("markdown", f"{slug}-text", text)
    if "picture" in question:
        kind, _, data = question["picture"].removeprefix("data:").partition(";base64,")
        words.attachments = {"picture": {kind: data}}
    return (
        words,
        *(
            new_cell(
                "code",
                f"{slug}{part}",
                sources[part],
                {**about[part], "nbgrader": {"grade_id": f"{slug}{part}"} | role | own},
            )
            for part, own in roles.items()
        ),
    )


def _pictured(question: dict[str, Any]) -> Iterator[str]:
    """Its picture, which the cell brings along as an attachment."""
    if "picture" in question:
        yield f"![{plain(question['alt'])}](attachment:picture)"


def _choice_check(question: dict[str, Any], name: str, task: str) -> str:
    choices = lettered(question)
    return CHOICE.format(
        name=name,
        task=task,
        letters=tuple(choices),
        why=_literal({letter: choice["why"] for letter, choice in choices.items()}),
        right=tuple(letter for letter, choice in choices.items() if choice["right"]),
    )


def _number_check(question: dict[str, Any], name: str, task: str) -> str:
    return NUMBER.format(
        name=name,
        task=task,
        slips=_literal(question["wrong"]),
        otherwise=_literal(question["otherwise"]),
        right=question["answer"],
        tolerance=max(question["tolerance"], 1e-9 * abs(question["answer"])),
    )


def _literal(value: Any) -> str:
    return pprint.pformat(value, width=80, sort_dicts=False)


def plain(text: str) -> str:
    """`text` as Markdown that shows it as it is, code between backticks included."""
    parts = text.split("`")
    escaped = (re.sub(r"([*_<$\\])", r"\\\1", part) for part in parts[::2])
    parts[::2] = list(escaped)
    return "`".join(parts)
