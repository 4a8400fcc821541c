"""A new exercise has its form from the start, and its own check accepts it."""

import shutil

import form
import pytest
from attempts import attempt

from d2lmini.course import exercises
from tools import book, exercise, outputs


@pytest.fixture
def root(tmp_path):
    """A book of one chapter."""
    for name in ("_toc.yml", "book/index.md", "book/foundations/pooling.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(book.ROOT / name, tmp_path / name)
    toc = "root: book/index\nchapters:\n- file: book/foundations/pooling\n"
    (tmp_path / "_toc.yml").write_text(toc, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", ["predict", "write"])
def test_it_is_complete_and_stands_before_the_open_question(root, kind):
    exercise.new("pooling", "the-median", kind, root)
    path = root / "book/foundations/pooling.ipynb"
    nb, found = exercises.notebook(path), exercises.read(path)
    assert [one.kind for one in found][-2:] == [kind, "open"]
    one = found[-2]
    assert one.id == "pooling-the-median"
    complaints = [said for rule in form.RULES for said in rule(one, nb)]
    assert complaints == []
    drawers = [one.cell(part).metadata["mystnb"] for part in ("", "check")]
    said = [(d["code_prompt_show"], d["code_prompt_hide"]) for d in drawers]
    assert said == [exercise.DRAWERS[part] for part in ("solution", "check")]
    for variant in one.all_variants():
        assert attempt(one, variant=variant).passed
    numbers = [int(x.cells[0].source.split()[1]) for x in found]
    assert numbers == list(range(1, len(found) + 1))
    assert set(outputs.stale(nb)) == {
        cell["id"] for cell in one.cells if cell.cell_type == "code"
    }
    assert (root / "tests/exercises/answers/pooling/the-median.py").exists()


def test_what_cannot_be_written_is_said(root):
    with pytest.raises(ValueError, match="no chapter poolin"):
        exercise.new("poolin", "median", "write", root)
    with pytest.raises(ValueError, match="no name of small letters"):
        exercise.new("pooling", "A b", "write", root)
    for slug in ("class", "a-", "a--b"):
        with pytest.raises(ValueError, match="no name of small letters"):
            exercise.new("pooling", slug, "write", root)
    kept = root / "tests/exercises/answers/pooling/median.py"
    kept.parent.mkdir(parents=True)
    kept.write_text("RIGHT = {}", encoding="utf-8")
    before = (root / "book/foundations/pooling.ipynb").read_bytes()
    with pytest.raises(ValueError, match=r"median\.py is there already: remove it"):
        exercise.new("pooling", "median", "write", root)
    assert kept.read_text(encoding="utf-8") == "RIGHT = {}"
    assert (root / "book/foundations/pooling.ipynb").read_bytes() == before
    with pytest.raises(ValueError, match="has an exercise pooling-steps already"):
        exercise.new("pooling", "steps", "write", root)
