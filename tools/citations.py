"""The entries of ``book/references.bib`` that a text names, as HTML."""

import re
from functools import cache

from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin

from tools import book

#: A link to the page of references, as chapters write it.
NAMED = re.compile(r"\[([^\]]+)\]\([^)\s]*references\.md\)")


def cited(text: str) -> list[str]:
    """Each work that ``text`` (Markdown) names, in HTML, by first author.

    A name is "He et al. (2016)", "Kingma and Ba, 2015" or "Ioffe and Szegedy";
    the year may be that of the preprint, which an entry's note gives, and has a letter
    where two papers would be named alike.  Raises
    ValueError for a name that fits no entry.
    """
    keys = {key for name in NAMED.findall(text) for key in _keys(name)}
    if not keys:
        return []
    style = find_plugin("pybtex.style.formatting", "plain")()
    html = find_plugin("pybtex.backends", "html")()
    entries = style.format_bibliography(_library(), sorted(keys)).entries
    return [entry.text.render(html) for entry in entries]


def key(name: str) -> str | None:
    """The key of the one entry that ``name`` means; None if it means none, or many."""
    found = _found(name)
    return found[0] if len(found) == 1 else None


@cache
def _library() -> BibliographyData:
    return parse_file(str(book.ROOT / "book" / "references.bib"), "bibtex")


def _found(name: str) -> list[str]:
    name = " ".join(name.split())  # which may be broken between two lines
    fits = {key: one for key, one in _library().entries.items() if _is(one, name)}
    years = re.findall(r"\d{4}[a-z]?", name)
    # the year of a preprint counts where no paper is of that year itself
    own = [k for k, one in fits.items() if all(y in one.fields["year"] for y in years)]
    return own or list(fits)


def _keys(name: str) -> list[str]:
    found = _found(name)
    if not found:
        raise ValueError(
            f"the text names {name!r}, which fits no entry of book/references.bib: "
            "write it as 'He et al. (2016)', or add the entry."
        )
    return found


def _is(entry: Entry, name: str) -> bool:
    surnames = [" ".join(author.last_names) for author in entry.persons["author"]]
    who = " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
    years = re.findall(r"\d{4}[a-z]?", name)
    told = entry.fields["year"] + entry.fields.get("note", "")
    return name.startswith(who) and all(year in told for year in years)
