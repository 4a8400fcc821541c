"""Every chapter keeps every rule."""

import re
from functools import cache

import nbformat
import pytest
import rules

from tools import book

CHAPTERS = [path.relative_to(book.ROOT).as_posix() for path in book.chapters()]


@cache
def read(name):
    """A chapter, which no rule may change."""
    return nbformat.read(book.ROOT / name, as_version=4)


def test_there_are_chapters():
    assert CHAPTERS


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter(name, rule):
    complaints = list(rule(read(name), book.ROOT / name))
    assert not complaints, "\n".join([name, *complaints])


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_is_valid(name):
    nbformat.validate(read(name))


@pytest.mark.parametrize("page", [p for p in book.pages() if p.suffix == ".md"])
def test_pages_of_text_have_no_space_before_per_cent(page):
    assert rules.spaced_per_cent(page.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("page", [p for p in book.pages() if p.suffix == ".md"])
def test_pages_of_text_say_optimiser_but_for_names_of_code(page):
    text = re.sub(r"`[^`]*`|<[^>]*>", "", page.read_text(encoding="utf-8"))
    assert "ptimizer" not in text


def test_every_page_stands_in_the_table_of_contents():
    folder = book.ROOT / "book"
    found = {*folder.rglob("*.ipynb"), *folder.rglob("*.md")}
    found = {p for p in found if ".ipynb_checkpoints" not in p.parts}
    assert found == set(book.pages())


def test_nbval_runs_every_cell_of_every_chapter(request):
    if not request.config.getoption("nbval", default=False):
        pytest.skip("only `make test` collects the chapters")
    items = [i for i in request.session.items if i.path.suffix == ".ipynb"]
    for name in CHAPTERS:
        code = sum(cell.cell_type == "code" for cell in read(name).cells)
        collected = sum(item.path == book.ROOT / name for item in items)
        assert collected == code > 0, name
