"""The student edition: nothing to copy from, and it runs up to the first stub."""

import functools
import json
import re
import shutil

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from d2lmini.course import exercises
from d2lmini.course.stubs import stub
from tools import student
from tools.book import ROOT, chapters, pages
from tools.written import Written

edition = functools.cache(student.edition)


def derived(path):
    return nbformat.reads(edition_text(path), as_version=4)


@pytest.fixture(params=chapters(), ids=lambda path: path.stem)
def path(request):
    return request.param


def test_it_is_what_the_chapters_say():
    found, ours = student.present(), edition()
    differ = [name for name in ours | found if ours.get(name) != found.get(name)]
    assert not differ, f"make student: {', '.join(differ)}"


def test_it_has_every_cell_and_shows_nothing(path):
    ours, theirs = derived(path), exercises.notebook(path)
    nbformat.validate(ours)
    assert [cell["id"] for cell in ours.cells] == [cell["id"] for cell in theirs.cells]
    for cell in ours.cells:
        assert not cell.get("outputs") and not cell.get("execution_count")
    assert "widgets" not in ours.metadata


def region(source, name):
    found = re.findall(rf"(?ms)### BEGIN {name}\n(.*?)### END {name}", source)
    lines = (line.strip() for line in "".join(found).splitlines())
    return {line for line in lines if len(line) > 15}


def test_it_holds_no_solution_no_hidden_test_and_no_answer(path):
    ours = {cell["id"]: cell.source for cell in derived(path).cells}
    assert not re.search("(BEGIN|END) (SOLUTION|HIDDEN)", edition_text(path))
    for one in exercises.read(path):
        if one.kind == "open":
            assert ours[one.id] == "*Your answer here.*"
            continue
        own = one.cell("").source
        kept = {line.strip() for line in ours[one.id].splitlines()}
        assert not kept & region(own, "SOLUTION")
        visible = ours[f"{one.id}-check"]
        assert not {x.strip() for x in visible.splitlines()} & (
            region(one.cell("check").source, "HIDDEN TESTS")
            - region_outside(one.cell("check").source)
        )


def edition_text(path):
    return edition()[path.relative_to(ROOT).as_posix()].decode()


def region_outside(source):
    """The lines that a check shows in any case."""
    shown = re.sub(r"(?ms)### BEGIN HIDDEN.*?### END HIDDEN TESTS", "", source)
    return {line.strip() for line in shown.splitlines()}


def test_a_stub_raises_its_task_where_the_solution_stood(path):
    ours = {cell["id"]: cell.source for cell in derived(path).cells}
    for one in exercises.read(path):
        if one.kind == "open":
            continue
        compile(ours[one.id], one.id, "exec")
        said = re.search(
            r"raise NotImplementedError\((.*?)\)$", ours[one.id], re.S | re.M
        )
        assert "".join(map(json.loads, re.findall(r'".*"', said[1]))) == one.task
        assert all(len(line) <= 88 for line in ours[one.id].splitlines())


def test_quiz_answers_are_in_no_text(path):
    from d2lmini.course.quizzes import questions

    text = edition_text(path)
    for question in questions(path):
        for said in (
            question.get("why"),
            *(c["why"] for c in question.get("choices", ())),
        ):
            assert not said or json.dumps(said, ensure_ascii=False)[1:-1] not in text


def test_links_lead_to_chapters_or_away(path):
    for cell in derived(path).cells:
        if cell.cell_type == "markdown":
            for _, _, target in student.LINK.findall(cell.source):
                name = target.split("#")[0]
                assert name.endswith(".ipynb"), target
                assert (path.parent / name).resolve() in chapters()


def test_other_links_hold_wherever_the_notebook_is_opened():
    folder = ROOT / "book" / "foundations"
    text = (
        "[a](../references.md#he), ![b](../_static/logo.svg), [c](#d), [e](https://x.y)"
    )
    moved = student.relinked(text, folder)
    files, site = student.homes(ROOT)
    assert f"[a]({site}/book/references.html#he)" in moved
    assert f"![b]({files}/book/_static/logo.svg)" in moved
    assert moved.endswith("[c](#d), [e](https://x.y)")


@pytest.mark.parametrize("hint", ["Short.", "A long hint. " * 12, 'A "quoted" \\ é.'])
@pytest.mark.parametrize("indent", [0, 8])
def test_any_hint_is_raised_as_it_is_written(hint, indent):
    with pytest.raises(NotImplementedError) as caught:
        exec(stub(hint, indent), {})
    assert str(caught.value) == hint
    assert all(len(line) + indent <= 88 for line in stub(hint, indent).splitlines())


def test_writing_it_leaves_no_old_chapter(tmp_path, capsys):
    root = tmp_path / "clone"
    for path in (ROOT / "_config.yml", ROOT / "_toc.yml", *pages()):
        place = root / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    old = root / "student" / "book" / "gone.ipynb"
    Written(root / "student").write("book/gone.ipynb", b"{}")
    student.main(root)
    assert student.present(root) == edition() and not old.exists()
    capsys.readouterr()
    student.main(root)
    assert capsys.readouterr().out == "The student edition is up to date.\n"


def test_it_runs_to_the_first_stub_and_stops_with_its_task(tmp_path, monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    monkeypatch.setenv("D2LMINI_DATA", "offline")
    path = next(p for p in chapters() if exercises.read(p))
    nb, first = derived(path), exercises.read(path)[0]
    where = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(nb, kernel_name="python3", timeout=300, resources=where)
    with pytest.raises(CellExecutionError) as stopped:
        client.execute()
    assert stopped.value.ename == "NotImplementedError"
    assert stopped.value.evalue == first.task
    run = [cell["id"] for cell in nb.cells if cell.get("execution_count")]
    assert run[-1] == first.id
