"""The glossary leads to where each word first stands, and has every word once."""

import functools
import re

import nbformat

from tools import book

PAGE = book.ROOT / "book" / "glossary.md"
#: A word, and the chapter that its definition ends with a link to.
ENTRY = re.compile(r"(?m)^(\w[^\n]*)\n((?:  [^\n]+\n)+)")
LINK = re.compile(r"\[Chapter\s+\d+\]\(([^)]+)\)\.\n$")
#: Words that a chapter uses in another form.
FORMS = {
    "diverge": "diverges",
    "exploding gradient": "explodes",
    "memorise": "memorises",
    "saturation": "saturated",
}


def entries():
    text = PAGE.read_text(encoding="utf-8").split("```{glossary}\n")[1]
    return [(word, text) for word, text in ENTRY.findall(text)]


@functools.cache
def in_italics(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    found = re.findall(r"(?<![*\w])\*([^*]+)\*(?![*\w])", text)
    return {" ".join(word.lower().split()) for word in found}


def test_each_word_stands_in_italics_where_its_definition_leads():
    assert len(entries()) > 40
    for word, definition in entries():
        link = LINK.search(definition)
        assert link, f"{word}: its definition does not end with a chapter"
        stands = in_italics(PAGE.parent / link[1])
        assert FORMS.get(word, word).lower() in stands, (word, link[1])


def test_no_earlier_chapter_has_the_word_in_italics():
    chapters = book.chapters()
    for word, definition in entries():
        own = (PAGE.parent / LINK.search(definition)[1]).resolve()
        for path in chapters[: chapters.index(own)]:
            assert FORMS.get(word, word).lower() not in in_italics(path), (word, path)


def test_words_stand_once_and_in_order():
    words = [word.lower() for word, _ in entries()]
    assert words == sorted(set(words))
