"""Numbers and titles of chapters follow from `_toc.yml`, wherever they are repeated."""

import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import book, numbers

TOC = "root: book/index\nchapters:\n"
FIRST, SECOND = "book/first.ipynb", "book/part/second.ipynb"
INDEX = """# A book

- [1 · One](first.ipynb) and [2 · Two and\n  a half](part/second.ipynb).
- [Chapter 2](part/second.ipynb#end), [2](part/second.ipynb), [two](part/second.ipynb)
- [7 · Elsewhere](https://example.org/7.ipynb), [chapter 9](first.md)
- [2 · Two](https://colab.example/x/blob/main/student/book/part/second.ipynb)
"""


def write(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nb = new_notebook(cells=list(cells))
    path.write_text(nbformat.writes(nb) + "\n", encoding="utf-8")


@pytest.fixture
def toy(tmp_path):
    """A book of two chapters in which every number is right."""
    (tmp_path / "_toc.yml").write_text(
        f"{TOC}  - file: book/first\n{second()}", encoding="utf-8"
    )
    title = new_markdown_cell("# 1 · One\n\nBefore [chapter\n2](part/second.ipynb).")
    write(tmp_path / FIRST, title, new_code_cell("x = [1](2)  # 2 · Two"))
    write(
        tmp_path / SECOND, new_markdown_cell("# 2 · Two\n\nAfter [1](../first.ipynb).")
    )
    (tmp_path / "book/index.md").write_text(INDEX, encoding="utf-8")
    numbers.update(tmp_path)
    return tmp_path


def second(name="second"):
    return f"  - file: book/part/{name}\n"


def complaints(root):
    return list(numbers.Book(root).complaints())


def test_every_number_and_title_in_the_book_is_right():
    assert list(numbers.Book().complaints()) == []


def test_a_book_in_order_is_left_alone(toy):
    assert numbers.update(toy) == []
    assert complaints(toy) == []


def test_a_new_chapter_moves_the_numbers_behind_it(toy):
    write(toy / "book/part/new.ipynb", new_markdown_cell("# Something new"))
    (toy / "_toc.yml").write_text(
        f"{TOC}  - file: book/first\n{second('new')}{second()}", encoding="utf-8"
    )
    assert complaints(toy)
    assert len(numbers.update(toy)) == 4
    assert complaints(toy) == []
    index = (toy / "book/index.md").read_text(encoding="utf-8")
    assert "[3 · Two](part/second.ipynb)" in index
    assert "[Chapter 3](part/second.ipynb#end), [3](part/second.ipynb), [two]" in index
    assert "[7 · Elsewhere]" in index and "[chapter 9](first.md)" in index
    assert "[3 · Two](https://colab.example" in index
    first = nbformat.read(toy / FIRST, as_version=4)
    assert "[chapter\n3](part/second.ipynb)" in first.cells[0].source
    assert first.cells[1].source == "x = [1](2)  # 2 · Two"
    new = nbformat.read(toy / "book/part/new.ipynb", as_version=4)
    assert new.cells[0].source == "# 2 · Something new"


def test_the_order_alone_decides(toy):
    (toy / "_toc.yml").write_text(
        f"{TOC}{second()}  - file: book/first\n", encoding="utf-8"
    )
    numbers.update(toy)
    texts = [
        nbformat.read(toy / p, as_version=4).cells[0].source for p in (FIRST, SECOND)
    ]
    assert texts[0] == "# 2 · One\n\nBefore [chapter\n1](part/second.ipynb)."
    assert texts[1] == "# 1 · Two\n\nAfter [2](../first.ipynb)."


@pytest.mark.parametrize(
    ("cell", "old", "new", "words"),
    [
        (0, "# 1 · One", "# 3 · One", "another number or title: .*# 3 · One"),
        (0, "# 1 · One", "# One", "another number or title: .*# One"),
        (0, "[chapter\n2]", "[chapter\n3]", "another number or title: .*3.*second"),
        (0, "Before [", "As chapter 2 says, [", "'chapter 2' without a link"),
        (0, "Before [", "See Chapters\n1 to 2, [", r"'Chapters\\n1' without a link"),
        (0, "second.ipynb).", "second.ipynb) to 3.", "'to 3' without a link"),
        (1, "x =", "# as in chapter 2\nx =", "'chapter 2' without a link"),
    ],
)
def test_a_wrong_number_is_found(toy, cell, old, new, words):
    nb = nbformat.read(toy / FIRST, as_version=4)
    assert old in nb.cells[cell].source
    nb.cells[cell].source = nb.cells[cell].source.replace(old, new)
    write(toy / FIRST, *nb.cells)
    (found,) = complaints(toy)
    assert re.search(words, found)


def test_a_wrong_title_on_a_page_is_found(toy):
    page = toy / "book/index.md"
    page.write_text(
        page.read_text(encoding="utf-8").replace("[1 · One]", "[1 · Oen]"),
        encoding="utf-8",
    )
    (found,) = complaints(toy)
    assert "book/index.md has another number or title" in found and "Oen" in found


@pytest.mark.parametrize(
    ("name", "to"),
    [("README.md", ""), ("ARCHITECTURE.md", ""), ("benchmarks/speed.md", "../")],
)
def test_a_page_outside_the_book_is_kept_right_as_well(toy, name, to):
    page = toy / name
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"[chapter 7]({to}{FIRST})", encoding="utf-8")
    assert complaints(toy)
    assert numbers.update(toy) == [page]
    assert page.read_text(encoding="utf-8") == f"[chapter 1]({to}{FIRST})"


def test_private_notes_beside_the_book_are_neither_judged_nor_changed(toy):
    notes = f"Écrit après chapter 7 ([chapter 3]({FIRST}))".encode("latin-1")
    (toy / "notes.md").write_bytes(notes)
    assert complaints(toy) == []
    assert numbers.update(toy) == []
    assert (toy / "notes.md").read_bytes() == notes


def test_the_package_names_no_number(toy):
    (toy / "d2lmini").mkdir()
    (toy / "d2lmini/net.py").write_text(
        '"""As chapter 2 writes it."""\n', encoding="utf-8"
    )
    (found,) = complaints(toy)
    assert found.startswith("d2lmini/net.py says 'chapter 2'")


def test_a_chapter_without_a_title_is_refused(toy):
    write(toy / FIRST, new_markdown_cell("One, and no more"))
    with pytest.raises(ValueError, match="begins with 'One, and no more'"):
        numbers.Book(toy)


def test_the_book_itself_survives_a_change_of_order(tmp_path):
    for name in ("book", "benchmarks", "_toc.yml", "README.md", "ARCHITECTURE.md"):
        source = book.ROOT / name
        ignore = shutil.ignore_patterns("runs", "_static", "*.py*", "__pycache__")
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=ignore)
        else:
            shutil.copy(source, tmp_path / name)
    toc = tmp_path / "_toc.yml"
    text = toc.read_text(encoding="utf-8")
    first = re.search(r" +- file: book/foundations/.*\n", text)[0]
    last = re.search(r" +- file: book/studies/best\n", text)[0]
    toc.write_text(
        text.replace(first, "").replace(last, last + first), encoding="utf-8"
    )
    numbers.update(tmp_path)
    assert complaints(tmp_path) == []
    toc.write_text(text, encoding="utf-8")
    numbers.update(tmp_path)
    for page in numbers.Book(tmp_path).pages():
        original = book.ROOT / page.relative_to(tmp_path)
        assert page.read_bytes() == original.read_bytes(), page
