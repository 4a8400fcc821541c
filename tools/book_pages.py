"""What Sphinx changes on the way from a chapter to its page."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

#: nbgrader's marks around what students do not get; a reader need not see them.
MARK = re.compile(r"(?m)^[ \t]*### (?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS)[ \t]*\n?")


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


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx; the links before the theme makes its buttons (at 501)."""
    app.connect("html-page-context", links_to_the_chapter, priority=500)
    app.connect("doctree-read", without_marks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
