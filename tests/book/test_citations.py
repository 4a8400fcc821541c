"""A link that names a paper leads to its entry among the references."""

from types import SimpleNamespace

import nbformat
import pytest

from tools import book, book_pages, citations


def names():
    """What the chapters call their papers, each with where it stands."""
    for path in book.chapters():
        for cell in nbformat.read(path, as_version=4).cells:
            for name in citations.NAMED.findall(cell.source):
                yield path.stem, name


def page(body):
    context = {"body": body}
    book_pages.to_the_entry(SimpleNamespace(), "", "", context, None)
    return context["body"]


def test_papers_that_chapters_name_are_entries_and_no_two_are_named_alike():
    assert len(set(names())) > 40
    unclear = {name for _, name in names() if citations.key(name) is None}
    assert not unclear, "which of the two?"


def test_every_entry_leads_to_its_paper():
    entries = citations._library().entries.items()
    astray = {k for k, one in entries if not {"doi", "url"} & {*one.fields}}
    assert entries and not astray


def test_a_conference_has_one_name():
    entries = citations._library().entries.values()
    venues = {one.fields.get("booktitle", "") for one in entries}
    for words in ("Computer Vision and Pattern", "Neural Information", "European Conf"):
        assert len({venue for venue in venues if words in venue}) == 1, words


@pytest.mark.parametrize("inside", ["{}", '<span class="doc">{}</span>'])
def test_the_link_leads_to_it(inside):
    link = '<a href="../references.html">' + inside.format("Zhang (2019)") + "</a>"
    assert 'href="../references.html#cite-zhang2019"' in page(link)
    broken = link.replace("Zhang (2019)", "Zhang et\nal. (2018)")
    assert 'href="../references.html#cite-zhang2018"' in page(broken)


def test_a_letter_tells_two_papers_of_a_year_apart():
    keys = [citations.key(f"He et al. (2016{letter})") for letter in ("a", "b", "")]
    assert keys == ["he2016residual", "he2016identity", None]


def test_other_links_stay():
    for text in ("references", "Szegedy et al.", "Nobody (1999)"):
        link = f'<a href="references.html">{text}</a>'
        assert page(link) == link
    assert page('<a href="pooling.html">Zhang (2019)</a>').count("#") == 0
