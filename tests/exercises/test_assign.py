"""Assignments from any exercises: complete, in order, and other for each cohort."""

import ast
import contextlib
import io
import json
import re
import sys

import numpy as np
import pytest
import torch
import toy
from attempts import readable, run
from nbgrader.nbgraderformat import MetadataValidator

from d2lmini.course import assign, exercises, quizzes
from d2lmini.widgets.quiz import check
from tools.book import ROOT

BOOK = ROOT / "book"
ALL = [one for found in readable().values() if isinstance(found, list) for one in found]


@pytest.fixture
def book(tmp_path):
    return toy.book(tmp_path)


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    """Run d2lmini-assign in `tmp_path`; return what it printed or its last words."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["d2lmini-assign", *arguments])
        try:
            assign.main()
        except SystemExit as end:
            return str(end.code)
        return capsys.readouterr().out

    return call


def written(path):
    return exercises.notebook(path)


def test_an_assignment_is_written_where_nbgrader_looks(book, command, tmp_path):
    said = command("week3", "toy-mean", "quiz:toy:2", "toy-area")
    assert said.startswith("source/week3/week3.ipynb: 3 exercises, 6 points")
    nb = written(tmp_path / "source/week3/week3.ipynb")
    ids = [cell["id"] for cell in nb.cells]
    assert ids == [
        "introduction",
        "setup",
        "toy-mean-context",
        "toy-total",
        "toy-mean-text",
        "toy-mean",
        "toy-mean-check",
        "quiz-toy-2-text",
        "quiz-toy-2",
        "quiz-toy-2-check",
        "toy-area-text",
        "toy-area-given",
        "toy-area",
        "toy-area-check",
    ]
    MetadataValidator().validate_nb(nb)
    headings = re.findall(r"(?m)^### (\d) ·", "\n".join(c.source for c in nb.cells))
    assert headings == ["1", "2", "3"]


def test_context_comes_once(book):
    known = assign.every(book)
    both = [known["toy-mean"], known["toy-largest"]]  # both build on it
    ids = [cell["id"] for cell in assign.assignment("a", both, book).cells]
    assert ids.count("toy-total") == 1


def test_the_list_names_everything(book, command):
    said = command("--list")
    for name in ("toy-area", "toy-mean", "toy-largest", "toy-why", "quiz:toy:2"):
        assert name in said
    row = next(line for line in said.splitlines() if line.startswith("toy-area"))
    assert re.split(r"\s{2,}", row)[1:] == ["3 toy", "predict", "2", "5", "no", "Area"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["w", "toy-mena"], "There is no exercise toy-mena: did you mean toy-mean"),
        (["w", "xyzzy"], "There is no exercise xyzzy: d2lmini-assign --list shows"),
        (["w", "toy-mean", "toy-mean"], "toy-mean is asked for 2 times."),
        (["w"], "Give a name and the exercises"),
        ([], "Give a name and the exercises"),
        (["a/b", "toy-mean"], "'a/b' cannot name a folder"),
        (["--book", "elsewhere", "--list"], "No chapters were found in elsewhere"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(book, command, arguments, sentence):
    said = command(*arguments)
    assert said.startswith(sentence) and "\n" not in said


def test_a_file_is_replaced_only_by_force(book, command, tmp_path):
    command("w", "toy-mean", "--to", "w.ipynb")
    before = (tmp_path / "w.ipynb").read_text(encoding="utf-8")
    assert "is there already" in command("w", "toy-area", "--to", "w.ipynb")
    assert (tmp_path / "w.ipynb").read_text(encoding="utf-8") == before
    command("w", "toy-area", "--to", "w.ipynb", "--force")
    assert (tmp_path / "w.ipynb").read_text(encoding="utf-8") != before


def given(book, seed):
    known = assign.every(book)
    nb = assign.assignment("w", [known["toy-area"]], book, seed)
    cell = next(c for c in nb.cells if c["id"] == "toy-area-given")
    names = exercises.literals(cell.source)
    return cell.source, {name: ast.literal_eval(x) for name, x in names.items()}


def test_a_seed_changes_the_numbers_and_nothing_else(book):
    plain, numbers = given(book, None)
    assert plain == toy.GIVEN and numbers == {"height": 100, "width": 5}
    drawn = {seed: given(book, seed) for seed in map(str, range(20))}
    assert given(book, "7") == drawn["7"]  # the same again
    assert len({text for text, _ in drawn.values()}) > 4
    for text, found in drawn.values():
        assert found["height"] in toy.VARIANTS["height"]
        assert found["width"] in toy.VARIANTS["width"]
        assert text.endswith("  # pixels – of the picture")


def test_a_draw_is_the_same_on_every_machine(book):
    """Python promises these numbers: random() and the seeding by text stay."""
    one = assign.every(book)["toy-area"]
    assert one.draw("2026") == {"height": 64, "width": 7}


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("a = 1", {"a": 2}, "a = 2"),
        ("a, b = 1, (2, 3)  # é", {"b": [4, 5], "a": -6}, "a, b = -6, (4, 5)  # é"),
        ("a = [1, 2]\nb = 'é', 1", {"a": [3]}, "a = [3]\nb = 'é', 1"),
        ("é, b = 1, 2", {"b": 33}, "é, b = 1, 33"),
    ],
)
def test_numbers_are_put_in_place(source, values, expected):
    assert exercises.assigned(source, values) == expected


@pytest.mark.parametrize("source", ["a = f(1)", "a += 1", "print(1)", "a = b = 1"])
def test_only_plain_assignments_can_vary(source):
    with pytest.raises(ValueError):
        exercises.literals(source)


def test_a_name_that_is_not_assigned_cannot_vary():
    with pytest.raises(ValueError, match="b cannot vary"):
        exercises.assigned("a = 1", {"b": 2})


@pytest.mark.parametrize("n", [1, 2])
def test_a_question_is_graded_with_its_explanation(book, n):
    one = quizzes.read(next(book.glob("*/*.ipynb")))[n - 1]
    disc = "AB"[[c["right"] for c in check(toy.QUESTIONS[1])["choices"]].index(True)]
    square = "AB".replace(disc, "")
    right, wrong, why = [
        (4, 3, "That is a triangle."),
        (disc, square, "It has corners."),
    ][n - 1]
    name = f"answer_toy_{n}"
    run(one.cells[2].source, {name: right})
    for answer, sentence in [
        (wrong, why),
        (None, f"Assign to {name}"),
        (True, f"Assign to {name}"),
        ([right], f"Assign to {name}"),
    ]:
        with pytest.raises(AssertionError, match=re.escape(sentence)):
            run(one.cells[2].source, {name: answer})


@pytest.mark.parametrize("answer", [np.int64(4), np.float32(4), torch.tensor(4)])
def test_a_number_counts_whatever_holds_it(book, answer):
    one = quizzes.read(next(book.glob("*/*.ipynb")))[0]
    run(one.cells[2].source, {"answer_toy_1": answer})


@pytest.mark.parametrize("unit", ['"', "'", '""" + 1 / 0', "\\", "a\nb", "{x}"])
def test_a_unit_is_text_and_never_code(unit):
    question = check({**toy.QUESTIONS[0], "unit": unit})
    one = quizzes.graded("toy", 1, question)
    run(one.cells[1].source, {})
    run(one.cells[2].source, {"answer_toy_1": 4})
    with pytest.raises(AssertionError, match="Assign to answer_toy_1 a number"):
        run(one.cells[2].source, {"answer_toy_1": "four"})


def test_every_question_of_the_book_accepts_its_own_answer_alone():
    for path in exercises.chapters(BOOK):
        for one in quizzes.read(path):
            namespace = {}
            run(one.cells[1].source, namespace)
            run(one.cells[2].source, namespace)
            (name,) = (key for key in namespace if key.startswith("answer_"))
            other = "A" if namespace[name] != "A" else "B"
            with pytest.raises(AssertionError):
                namespace[name] = other if isinstance(namespace[name], str) else 1e12
                run(one.cells[2].source, namespace)


@pytest.fixture(scope="module")
def whole():
    """One assignment of every exercise in the book, with drawn numbers."""
    return assign.assignment("all", ALL, BOOK, "2026")


def test_an_assignment_of_everything_is_valid(whole):
    MetadataValidator().validate_nb(whole)
    ids = [cell["id"] for cell in whole.cells]
    assert len(ids) == len(set(ids))
    json.dumps(whole)


def test_an_assignment_of_everything_can_be_solved(whole):
    """No chapter's names get in the way of another's, whatever the numbers."""
    namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in whole.cells:
            if cell.cell_type == "code" and cell["id"] != "setup":
                run(cell.source, namespace, cell["id"])
