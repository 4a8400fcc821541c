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
from attempts import attempt, readable, run
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
    said = command("week3", "toy-mean", "quiz:toy:2", "toy-area", "--once")
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
    told = ["3 toy", "predict", "2", "5", "no", "8", "Area"]
    assert re.split(r"\s{2,}", row)[1:] == told
    row = next(line for line in said.splitlines() if line.startswith("toy-mean"))
    assert re.split(r"\s{2,}", row)[-2:] == ["-", "Mean"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["w", "toy-mena"], "There is no exercise toy-mena: did you mean toy-mean"),
        (["w", "xyzzy"], "There is no exercise xyzzy: d2lmini-assign --list shows"),
        (["w", "toy-mean", "toy-mean"], "toy-mean is asked for 2 times."),
        (["w"], "Give a name and the exercises"),
        ([], "Give a name and the exercises"),
        (["a/b", "toy-mean"], "'a/b' cannot name a folder"),
        (["w", "toy-mean", "--to", "book"], "book is a folder: --to takes the name"),
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


def by_id(path):
    return {cell["id"]: cell for cell in written(path).cells}


def test_a_prediction_is_asked_for_twice_with_other_numbers(book, command, tmp_path):
    command("w", "toy-area", "toy-mean", "--variant", "2026")
    cells = by_id(tmp_path / "source/w/w.ipynb")
    assert [name for name in cells if "again" in name] == [
        "toy-area-again-text",
        "toy-area-again-given",
        "toy-area-again",
        "toy-area-again-check",
    ]
    points = [
        cells[f"toy-area{x}"].metadata.nbgrader.points
        for x in ("-check", "-again-check")
    ]
    assert points == [1, 1]
    first, second = {}, {}
    run(cells["toy-area-given"].source, first)
    run(cells["toy-area-again-given"].source, second)
    assert first["height"] != second["height"] and first["width"] != second["width"]
    hidden = cells["toy-area-again-check"].source
    shown = re.sub(r"(?s)### BEGIN HIDDEN.*### END HIDDEN TESTS", "", hidden)
    assert shown.strip() == "# Checked when it is graded."
    run(cells["toy-area-again"].source, second)
    with contextlib.redirect_stdout(io.StringIO()):
        run(hidden, second)
    with pytest.raises(AssertionError):
        run(hidden, second | {"area": first["height"] * first["width"]})
    MetadataValidator().validate_nb(written(tmp_path / "source/w/w.ipynb"))


def test_points_are_the_same_whether_asked_once_or_twice(book, command, tmp_path):
    totals = []
    for name, more in (("once", ["--once"]), ("twice", [])):
        command(name, "toy-area", "toy-mean", *more)
        cells = written(tmp_path / f"source/{name}/{name}.ipynb").cells
        roles = [cell.metadata.get("nbgrader", {}) for cell in cells]
        totals.append(sum(role.get("points", 0) for role in roles))
    assert totals[0] == totals[1] == 5


def test_every_prediction_of_the_book_can_be_asked_for_twice():
    predicted = [one for one in ALL if one.kind == "predict"]
    for one in predicted:
        first = one.draw("2026")
        other = one.draw_other("w", first)
        assert set(other) == set(first) and all(other[x] != first[x] for x in first)
        for cell in assign.once_more(one, other):
            if cell["id"].endswith("-check"):
                assert f"check.Cases({one.points / 2:g})" in cell.source


def test_both_halves_of_odd_points_are_worth_the_same():
    predicted = [one for one in ALL if one.kind == "predict" and one.points % 2]
    predicted = {one.points: one for one in predicted}.values()
    nb = assign.assignment("w", [*predicted], BOOK, again=True)
    marks = {
        cell["id"]: (cell.metadata["nbgrader"]["points"], cell.source)
        for cell in nb.cells
        if "points" in cell.metadata.get("nbgrader", {})
    }
    MetadataValidator().validate_nb(nb)
    for one in predicted:
        for name in (f"{one.id}-check", f"{one.id}-again-check"):
            points, source = marks[name]
            assert points == one.points / 2 > 0
            assert f"check.Cases({points:g})" in source


def test_each_student_has_numbers_of_their_own(book, command, tmp_path):
    (tmp_path / "class.txt").write_text("ada\nbo\ncy\n", encoding="utf-8")
    options = ["toy-area", "--variant", "2026", "--per-student", "class.txt"]
    said = command("w", *options)
    assert said.startswith("3 notebooks, source/w-ada/w.ipynb to source/w-cy/w.ipynb: ")
    assert "1 exercise, 2 points" in said
    given = [
        by_id(tmp_path / f"source/w-{name}/w.ipynb")["toy-area-given"].source
        for name in ("ada", "bo", "cy")
    ]
    assert len(set(given)) > 1
    command("v", *options)
    again = by_id(tmp_path / "source/v-ada/v.ipynb")["toy-area-given"].source
    assert again == given[0]
    assert "--per-student writes many" in command("u", *options, "--to", "u.ipynb")
    (tmp_path / "class.txt").write_text("\ufeffAda L\r\n\r\nbo\r\n", encoding="utf-8")
    command("u", *options)
    assert {x.name for x in tmp_path.glob("source/u*")} == {"u-Ada L", "u-bo"}
    (tmp_path / "class.txt").write_text("ada\n../../bo\n", encoding="utf-8")
    assert "cannot name a folder" in command("t", *options)
    assert not list(tmp_path.rglob("t-*"))
    for odd, said in (
        ("..", "cannot name a"),
        ("ada\nbo\nada", "'ada' and 'ada' in class.txt would share a folder"),
        ("Ada\nbo\nada", "'Ada' and 'ada' in class.txt would share a folder"),
        ("\n", "class.txt is empty"),
    ):
        (tmp_path / "class.txt").write_text(odd, encoding="utf-8")
        assert said in command("t", *options)
    (tmp_path / "class.txt").unlink()
    assert "cannot be read" in command("t", *options)


def test_who_comes_late_gets_one_too_and_all_or_none_are_written(
    book, command, tmp_path
):
    options = ["w", "toy-area", "--variant", "2026", "--per-student", "class.txt"]
    (tmp_path / "class.txt").write_text("bo\n", encoding="utf-8")
    command(*options)
    (tmp_path / "class.txt").write_text("ada\nbo\nzoe\n", encoding="utf-8")
    assert command(*options).startswith("3 notebooks")
    (tmp_path / "source/w-bo/w.ipynb").write_text("mine", encoding="utf-8")
    (tmp_path / "class.txt").write_text("abe\nbo\nyan\n", encoding="utf-8")
    assert "w-bo/w.ipynb is there already, and not the same" in command(*options)
    assert not list(tmp_path.glob("source/w-[ay]*n*"))
    assert not (tmp_path / "source/w-abe").exists()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"points": 2', '"points": 2.5', ""),
        ('"points": 2', '"points": -2', "own.ipynb: own-area: points is -2; give"),
        (
            '"points": 2',
            '"points": "many"',
            "points is 'many'; give a number without q",
        ),
        ('"minutes": 5', '"minutes": true', "own-area: minutes is True; give a numb"),
        ('"gpu": false', '"gpu": "no"', "own-area: needs is [] and gpu 'no'; give"),
        ('"needs": []', '"needs": "total"', "needs is 'total' and gpu False; give"),
    ],
)
def test_what_an_exercise_costs_is_a_number(command, tmp_path, before, after, said):
    toy.book(tmp_path)
    (tmp_path / "mine").mkdir()
    text = json.dumps(toy.chapter()).replace("toy-", "own-").replace(before, after, 1)
    (tmp_path / "mine" / "own.ipynb").write_text(text, encoding="utf-8")
    found = command("w", "own-area", "--private", "mine")
    assert said in found and found.count("\n") == (not said)
    if not said:
        assert ", 2.5 points" in found
        cells = by_id(tmp_path / "source/w/w.ipynb")
        marks = [
            c.metadata.get("nbgrader", {}).get("points", 0) for c in cells.values()
        ]
        assert sum(marks) == 2.5


def test_a_notebook_that_colab_has_saved_keeps_its_ids(book, tmp_path):
    nb = toy.chapter()
    for cell in nb.cells:
        cell.metadata["id"] = cell.pop("id")
    nb.nbformat_minor = 0
    path = tmp_path / "colab.ipynb"
    path.write_text(f"\ufeff{json.dumps(nb)}", encoding="utf-8")  # and Notepad
    assert exercises.read(path)[0].id == "toy-area"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"nbformat": 5}', '{"ä": 1}'.encode("cp1252")]
)
def test_a_private_file_that_is_no_notebook_is_named(book, command, tmp_path, data):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.ipynb").write_bytes(data)
    said = command("--list", "--private", "mine")
    assert said.startswith("mine/own.ipynb cannot be read as a notebook (")
    assert "\n" not in said


def test_private_exercises_are_in_no_book(book, command, tmp_path):
    nb = toy.chapter()
    text = json.dumps(nb).replace("toy-", "own-")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.ipynb").write_text(text, encoding="utf-8")
    assert "own-area" not in command("--list")
    said = command("--list", "--private", "mine")
    assert "own-area" in said and "private own" in said
    command("w", "own-area", "toy-mean", "--private", "mine")
    assert "own-area-check" in by_id(tmp_path / "source/w/w.ipynb")
    (tmp_path / "mine" / "own.ipynb").write_text(json.dumps(nb), encoding="utf-8")
    assert "another exercise is called toy-area" in command(
        "--list", "--private", "mine"
    )
    (tmp_path / "none").mkdir()
    assert "no notebook in none" in command("--list", "--private", "none")


def test_the_example_of_private_exercises_can_be_assigned_and_solved():
    known = assign.every(BOOK, ROOT / "examples" / "private")
    own = [one for name, one in known.items() if name.startswith("private-")]
    assert [one.kind for one in own] == ["predict", "write"]
    for one in own:
        for variant in one.all_variants(most=4):
            assert attempt(one, variant=variant).passed
    MetadataValidator().validate_nb(assign.assignment("w", own, BOOK, again=True))


def test_the_students_edition_is_refused(command):
    said = command("w", "lenet-colour", "--book", str(ROOT / "student"))
    assert "is it the students' edition?" in said and "\n" not in said


def test_no_link_of_an_assignment_is_dead_and_each_exercise_names_its_chapter(whole):
    texts = [cell.source for cell in whole.cells if cell.cell_type == "markdown"]
    links = re.findall(r"\]\(([^)\s]+)\)", "\n".join(texts))
    assert links and all(link.startswith(("https://", "#")) for link in links)
    for link in links:
        if ".github.io/" in link:
            page = link.split(".github.io/")[1].split("/", 1)[1].split("#")[0]
            source = ROOT / page.removesuffix(".html")
            assert any(source.with_suffix(x).exists() for x in (".ipynb", ".md")), link
    named = [text for text in texts if '"this chapter" here' in text]
    assert len(named) == len(ALL)


def test_without_an_address_links_are_words(book):
    one = assign.every(book)["toy-area"]
    placed = assign.placed("### 1 · Area\n\nSee [it](toy.ipynb#a).", one, book)
    assert "See it." in placed and "From the chapter 3 · Toy" in placed
