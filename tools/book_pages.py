"""What Sphinx changes on the way from a chapter to its page."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from d2lmini.widgets import NetworkLab
from tools import citations, figures, icons

#: nbgrader's marks around what students do not get; a reader need not see them.
MARK = re.compile(r"(?m)^[ \t]*### (?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS)[ \t]*\n?")

#: A link to the page of references, and the words on it.
NAMED = re.compile(r'(href="[./]*references\.html)(">(?:<span[^>]*>)?)([^<]+)<')
#: <!-- figure: Playground {"data": "fashion"} -->: a figure, and traits of it.
FIGURE = re.compile(r"^<!-- figure: (\w+) (\{.*\}) -->$", re.MULTILINE)

#: A picture whose size is told in a way that reserves no room while it is loaded.
SIZED = re.compile(r'(<img [^>]*)style="width: (\d+)px; height: (\d+)px;"')

FOLDER = "figures"  # in _static
TITLE_PAGE = "book/index"


def links_to_the_chapter(
    app: Sphinx, page: str, template: str, context: Any, _: Any
) -> None:
    """Let only launch buttons use `path_to_book`, which names the students' edition."""
    context["doc_path"] = ""


def without_marks(app: Sphinx, doctree: nodes.document) -> None:
    """Take nbgrader's marks out of the code that a page shows."""
    for block in doctree.findall(nodes.literal_block):
        code = block.astext()
        if MARK.search(code):
            # both, since Sphinx highlights only code that is its own source
            block.rawsource = MARK.sub("", code).rstrip("\n")
            block.children = [nodes.Text(block.rawsource)]


def living_picture(app: Sphinx, doctree: nodes.document) -> None:
    """Put a living network in the place of the title page's picture of one.

    Elsewhere (on GitHub, in an editor) the page keeps its picture.
    """
    if app.env.docname != TITLE_PAGE:
        return
    for image in list(doctree.findall(nodes.image)):
        if image["uri"].endswith("hero.svg"):
            html = figures.shorten(NetworkLab(form="short", bits=8).html())
            image.parent.replace_self(nodes.raw("", html, format="html"))


def figures_once(app: Sphinx, doctree: nodes.document) -> None:
    """Take out of each figure what its page loads once."""
    for block in doctree.findall(nodes.raw):
        if figures.modules(block.astext()):
            block.children = [nodes.Text(figures.shorten(block.astext()))]


def figures_made(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the figures that a text page names in a comment where the comment stands."""
    if not app.env.doc2path(page).endswith(".md"):
        return
    source[0] = FIGURE.sub(lambda found: figures.named(found[1], found[2]), source[0])


def drawers_named(app: Sphinx, page: str, template: str, context: Any, _: Any) -> None:
    """Let a drawer be called what it shows, not "Toggle hidden content"."""
    mute = '<summary aria-label="Toggle hidden content">'
    if "body" in context:
        context["body"] = context["body"].replace(mute, "<summary>")


def entries_listed(app: Sphinx, page: str, template: str, context: Any, _: Any) -> None:
    """Let the entries of a list of papers be its items, not a role that has gone."""
    if "body" in context:
        body = context["body"]
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')


def to_the_entry(app: Sphinx, page: str, template: str, context: Any, _: Any) -> None:
    """Let a link that names a paper lead to its entry among the references."""

    def lead(link: re.Match[str]) -> str:
        found = citations.key(" ".join(link[3].split()))
        return f"{link[1]}#cite-{found}{link[2]}{link[3]}<" if found else link[0]

    if "body" in context:
        context["body"] = NAMED.sub(lead, context["body"])


def figures_loaded(app: Sphinx, page: str, template: str, context: Any, _: Any) -> None:
    """Name the files of a page's figures: scripts and styles come once."""
    body = context.get("body", "")
    for name in figures.styles(body):
        app.add_css_file(f"{FOLDER}/{name}")
    for name in figures.scripts(body):
        app.add_js_file(f"{FOLDER}/{name}", loading_method="defer")


def pictures_in_their_place(
    app: Sphinx, page: str, template: str, context: Any, _: Any
) -> None:
    """Give each picture its room from the start, and load it when it is near."""
    if "body" in context:
        ready = r'\1width="\2" height="\3" loading="lazy"'
        context["body"] = SIZED.sub(ready, context["body"])


def mathjax_where_formulas_are(
    app: Sphinx, page: str, template: str, context: Any, _: Any
) -> None:
    """Load it for the page's own formulas; Sphinx counts those of pages below it."""
    if 'class="math' not in context.get("body", ""):
        context["script_files"] = [
            script
            for script in context["script_files"]
            if "mathjax" not in f"{script.filename} {script.attributes}".lower()
        ]


def less_in_the_head(
    app: Sphinx, page: str, template: str, context: Any, _: Any
) -> None:
    """Give `layout.html` what it takes scripts of the theme out with."""
    context["without"] = without


def without(html: str, *scripts: str) -> str:
    """`html` less the elements that load these files; ExtensionError without one."""
    for name in scripts:
        element = rf"<script\b[^>]*/{re.escape(name)}\b[^>]*></script>\n?"
        html, found = re.subn(element, "", html)
        if found != 1:
            raise ExtensionError(
                f"The theme's head loads {name} {found} times, where "
                "tools/templates/layout.html takes it out once: bring that file in "
                "line with this version of pydata-sphinx-theme."
            )
    return html


def write_icons(app: Sphinx) -> None:
    """Write the style sheet of the icons among the site's files, before pages are."""
    folder = app.outdir / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "icons.css").write_text(icons.style(), encoding="utf-8", newline="\n")


def write_figures(app: Sphinx) -> None:
    """Write those files among the site's own, before pages are."""
    folder = app.outdir / "_static" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in figures.files().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx; the links before the theme makes its buttons (at 501).

    MathJax is taken out last, when everything has named its scripts.
    """
    app.connect("html-page-context", links_to_the_chapter, priority=500)
    app.connect("source-read", figures_made)
    app.connect("doctree-read", without_marks)
    app.connect("doctree-read", living_picture)
    app.connect("doctree-read", figures_once)
    app.connect("builder-inited", write_figures)
    app.connect("builder-inited", write_icons)
    app.add_css_file("icons.css")
    app.connect("html-page-context", figures_loaded)
    app.connect("html-page-context", drawers_named)
    app.connect("html-page-context", entries_listed)
    app.connect("html-page-context", to_the_entry)
    app.connect("html-page-context", pictures_in_their_place)
    app.connect("html-page-context", less_in_the_head)
    app.connect("html-page-context", mathjax_where_formulas_are, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
