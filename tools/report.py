"""A study as one short report to hand in: ``python -m tools.report CHAPTER``.

The stored outputs with their text, without code, quiz and exercises, in a single
HTML file that asks no other host for anything; with ``--pdf``, the same printed.
"""

import argparse
import html
import re
import sys
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path

import yaml
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from d2lmini.course.exercises import notebook
from tools import book, browser, citations

LEFT_OUT = ("Check yourself", "Exercises")
CSS = Path(__file__).with_suffix(".css")
MATHJAX = "sphinx-mathjax-offline/static/mathjax/tex-svg.js"
MATHS = re.compile(r"\$[^$]+\$")
FENCED = re.compile(r"(?ms)^ *(```+(?=[^`\n]*$)|~~~+).*?(?:^ *\1|\Z)")
#: With hashes, or by a line below; less its number, for a report is no chapter.
HEADING = re.compile(
    r"(?m)^ {0,3}(?P<hashes>#{1,6}) +(?:\d+ · )?(?P<title>.+?)(?: +#+)? *$"
    r"|^(?<!\S\n) {0,3}(?:\d+ · )?(?P<lined>\S.*)\n {0,3}(?P<line>=+|-+) *$"
)
TYPESET = (
    'window.MathJax = {tex: {inlineMath: [["$", "$"]], processEscapes: true}, '
    "svg: {scale: 0.94}, options: {enableMenu: false, enableAssistiveMml: true, "
    'ignoreHtmlClass: "mathjax_ignore"}};'
)
FOOT = (
    '<div style="font: 7.5pt sans-serif; color: #52606f; width: 100%; display: flex; '
    'justify-content: space-between; padding: 0 18mm"><span class="title"></span>'
    '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span>'
    "</div>"
)


def find(name: str) -> Path:
    """The chapter ``name`` of the book, or a notebook's path."""
    given = Path(name)
    if given.suffix == ".ipynb" and given.is_file():
        return given
    chapters = {path.stem: path for path in book.chapters()}
    if given.suffix == ".ipynb":  # never a chapter of that name, with others' outputs
        raise ValueError(
            f"There is no file {given.absolute()}: give a notebook's path, or the name "
            "alone of a chapter of the book, such as lenet."
        )
    if name not in chapters:
        raise ValueError(
            f"There is no chapter {name}; the chapters are {', '.join(chapters)}."
        )
    return chapters[name]


def report(path: Path, *, author: str = "", stills: bool = False) -> str:
    """The notebook at ``path`` as a page of HTML; see the module for what stays.

    With ``stills``, interactive figures are the pictures that stand where no
    script runs.  Raises ValueError for a notebook that stores no outputs.
    """
    nb = notebook(path)
    if not any(cell.get("outputs") for cell in nb.cells):
        raise ValueError(
            f"{path.name} stores no outputs, and a report shows them: run `make "
            f"outputs CHAPTERS={path.stem}`, or its cells in Jupyter, and save it."
        )
    origin = _origin(nb, path)
    _close_what_is_left_open(nb.cells)
    cells = [cell for cell in _kept(nb.cells) if _shows(cell)]
    title, nb.cells = _titled(cells, path.stem)
    text = "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            _settle(output, stills)
    body = _without_links(_converted(nb, path.parent))
    parts = [_head(title, author, origin), body, _references(text)]
    return _page(title, "\n".join(parts), maths=bool(MATHS.search(text)))


def _kept(cells: list[NotebookNode]) -> list[NotebookNode]:
    """``cells`` without the sections that are left out, to their last."""
    kept, leaving = [], False
    for cell in cells:
        heading = re.match(r"## +(.+)", cell.source)
        if cell.cell_type == "markdown" and heading:
            leaving = heading[1].strip() in LEFT_OUT
        if not leaving:
            kept.append(cell)
    return kept


def _close_what_is_left_open(cells: list[NotebookNode]) -> None:
    """Drop a last sentence such as "AlexNet is one plan:" whose code is left out."""
    for text, after in pairwise(cells):
        announces = text.cell_type == "markdown" and text.source.rstrip().endswith(":")
        if announces and after.cell_type == "code" and not _shows(after):
            head = re.match(r"(?s)(.*(?:[.!?]\s|\n\n))?", text.source.rstrip())
            text.source = (head[1] or "").rstrip() if head else ""


def _shows(cell: NotebookNode) -> bool:
    """Whether anything of ``cell`` is left once its code is hidden."""
    return cell.cell_type == "markdown" or bool(cell.outputs and not _is_setup(cell))


def _is_setup(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "d2lmini.setup(" in cell.source


def _origin(nb: NotebookNode, path: Path) -> str:
    """Device, precision, versions and seed, as the setup cell says them."""
    outputs = [out for cell in nb.cells if _is_setup(cell) for out in cell.outputs]
    for out in outputs:
        if out.get("name") == "stdout":
            return " · ".join(out.text.strip().splitlines())
    raise ValueError(
        f"{path.name} does not store what d2lmini.setup() says, and a report has to "
        "name device, precision and seed: run its first cell, too, and save it."
    )


def _titled(
    cells: list[NotebookNode], otherwise: str
) -> tuple[str, list[NotebookNode]]:
    """The title of the notebook, and its cells without it; else ``otherwise``.

    It is the heading that the text begins with, of whatever level, else the first of
    the first level; a line of code is none.
    """
    texts = [x for x in cells if x.cell_type == "markdown" and x.source.strip()]
    for cell in texts:
        shown = FENCED.sub(lambda code: " " * len(code[0]), cell.source)
        for head in HEADING.finditer(shown):
            before, after = cell.source[: head.start()], cell.source[head.end() :]
            begins = cell is texts[0] and not before.strip()
            if begins or (head["hashes"] or head["line"][0]) in "#=":
                left = cell.copy()
                left.source = f"{before}{after}".strip()
                title = (head["title"] or head["lined"]).strip()
                return title, [left if x is cell else x for x in cells]
    return otherwise, cells


def _settle(output: NotebookNode, stills: bool) -> None:
    """Make a figure fit to leave the book, in place."""
    page = output.get("data", {}).get("text/html", "")
    if "d2l-host" not in page:
        return
    if stills:
        page = re.sub(r'<script type="module">.*?</script>', "", page, flags=re.DOTALL)
        page = re.sub(r"<noscript>.*?</noscript>", "", page, flags=re.DOTALL)
    # what its script would link to: pages beside the chapter, and not beside this
    page = re.sub(r'"page": "(?!https?:)[^"]*"', '"page": ""', page)
    output.data["text/html"] = page


def _converted(nb: NotebookNode, folder: Path) -> str:
    """Text and outputs as HTML, with the images of ``folder`` in it."""
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
    )
    resources = {"metadata": {"path": str(folder)}}
    body, _ = exporter.from_notebook_node(nb, resources=resources)
    return str(body)


def _without_links(body: str) -> str:
    """Leave links to other hosts; those to other chapters would lead nowhere."""
    link = r'<a\b[^>]*\bhref="(?!https?:)[^"]*"[^>]*>(.*?)</a>'
    return re.sub(link, r"\1", body, flags=re.DOTALL)


def _head(title: str, author: str, origin: str) -> str:
    config = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))
    name = f"<b>{html.escape(author)}</b>" if author else ""
    return (
        f'<header><p class="book">{html.escape(config["title"])}</p>'
        f"<h1>{html.escape(title)}</h1>"
        f'<p class="who"><span>Name{name}</span><span>Date</span></p>'
        f'<p class="origin">{html.escape(origin)}</p></header>'
    )


def _references(text: str) -> str:
    items = "".join(f"<li>{entry}</li>" for entry in citations.cited(text))
    return f'<h2>References</h2><ul class="references">{items}</ul>' if items else ""


def _page(title: str, body: str, *, maths: bool) -> str:
    """The whole file; formulas bring the program that sets them (2 MB)."""
    scripts = ""
    if maths:
        program = distribution("sphinx-mathjax-offline").locate_file(MATHJAX)
        code = Path(str(program)).read_text(encoding="utf-8")
        scripts = f"<script>{TYPESET}</script>\n<script>{code}</script>\n"
    return (
        '<!doctype html>\n<html lang="en" data-theme="light">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>\n{CSS.read_text(encoding='utf-8')}</style>\n{scripts}</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def printed(page: str) -> bytes:
    """``page`` as a PDF on A4, with page numbers; LookupError without a browser."""
    from playwright.sync_api import sync_playwright

    path = browser.find()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=list(browser.ARGUMENTS)
        )
        sheet = started.new_page()
        sheet.set_content(page, wait_until="load")
        sheet.evaluate("window.MathJax && MathJax.startup.promise.then(() => true)")
        made = sheet.pdf(
            format="A4",
            margin={"top": "17mm", "right": "18mm", "bottom": "19mm", "left": "18mm"},
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOT,
            tagged=True,
            outline=True,
        )
        started.close()
    return bytes(made)


def main() -> None:
    """Write the report and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.report")
    parser.add_argument("chapter", help="a chapter, such as lenet, or a notebook")
    parser.add_argument("--pdf", action="store_true", help="a PDF in place of HTML")
    parser.add_argument("--to", type=Path, default=Path("build/reports"), help="folder")
    parser.add_argument("--author", default="", help="the name in its head")
    asked = parser.parse_args()
    try:
        path = find(asked.chapter)
        content = report(path, author=asked.author, stills=asked.pdf).encode()
    except ValueError as error:
        sys.exit(str(error))
    if asked.pdf:
        try:
            content = printed(content.decode())
        except LookupError as error:
            sys.exit(
                f"A PDF is printed by a browser; without --pdf you get HTML. {error}"
            )
    file = asked.to / f"{path.stem}.{'pdf' if asked.pdf else 'html'}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    print(f"{file}: {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
