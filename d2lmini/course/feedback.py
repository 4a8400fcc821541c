"""The page on which a student reads how an assignment went: one file, no network."""

import base64
import functools
import html
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from d2lmini import storage
from d2lmini.course.marks import BEGIN, parted
from d2lmini.course.repair import grade_id

HEADING = re.compile(r"^### (?:\d+ · )?(.+)$", re.MULTILINE)
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
MATHS = re.compile(r"\$\$(.+?)\$\$|\$([^\s$](?:[^$\n]*[^\s$])?)\$", re.DOTALL)
MOST = 20_000  # characters of an answer that are shown
FORMULA = 400  # of a formula that is drawn
FORMULAS = 100  # of a text that are drawn
PLACE = "xmathx{}x"
TAG = re.compile(r"""(<(?:[^<>"']|"[^"]*"|'[^']*')*>)""")
#: What Markdown needs beyond nbconvert's list of harmless tags and attributes; of a
#: picture, which could be anything, the words.
TAGS = (
    *("p", "br", "hr", "div", "span", "pre", "del", "s", "sub", "sup", "img"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "dl", "dt", "dd", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
)
ATTRIBUTES = {"img": ["alt"], "th": ["style"], "td": ["style"]}
STYLES = ["text-align"]
FOREIGN_FRAME = re.compile(r"^(?:File|\S*)\s*/")

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem;
       padding: 0 1rem; color: #1b1b1b; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto; font-size: .85rem }
.said { border-left: .3rem solid; padding: .2rem .8rem; margin: .5rem 0 }
.right { border-color: #1a7f37 } .wrong { border-color: #b35900 }
.waits { border-color: #57606a } table { border-collapse: collapse }
td, th { padding: .15rem .8rem .15rem 0; text-align: left } td.n { text-align: right }
img.maths { vertical-align: middle; max-width: 100% } summary { cursor: pointer }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #eee }
  pre { background: #2a2a2a } img.maths { filter: invert(1) } }
"""


@dataclass
class Part:
    """One exercise on the page."""

    title: str
    points: float = 0
    of: float = 0
    blocks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Marks:
    """What the gradebook says of a cell."""

    score: float
    of: float
    waits: bool
    comment: str


def page(
    nb: NotebookNode,
    *,
    title: str,
    marks: dict[str, Marks],
    sources: dict[str, str],
    penalty: float = 0,
    show_hidden: bool = False,
) -> str:
    """The page for the graded notebook `nb`, as HTML.

    `marks` and `sources` are by the name of a cell; a source holds hidden tests, which
    appear in no form unless `show_hidden`.
    """
    parts = list(_parts(nb, marks, sources, show_hidden))
    got, most = sum(x.points for x in parts), sum(x.of for x in parts)
    rows = "".join(
        f"<tr><td>{html.escape(x.title)}</td><td class=n>{x.points:g}</td>"
        f"<td>of {x.of:g}</td></tr>"
        for x in parts
        if x.of
    )
    late = f"<p>Handed in late: {penalty:g} points less.</p>" if penalty else ""
    body = "".join(
        f"<h2>{html.escape(x.title)}{f' · {x.points:g} of {x.of:g}' if x.of else ''}"
        f"</h2>{''.join(x.blocks)}"
        for x in parts
    )
    total = f"<p><strong>{max(0, got - penalty):g} of {most:g} points</strong></p>"
    return whole(title, f"{total}{late}<table>{rows}</table>{body}")


def whole(title: str, body: str) -> str:
    """A page of its own, which loads nothing and runs nothing."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    name = html.escape(title)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name=viewport content="width=device-width">'
        f"<title>{name}</title><style>{STYLE}</style><h1>{name}</h1>{body}</html>\n"
    )


def failed(title: str, reasons: list[str]) -> str:
    """The page of a student whose files could not be graded."""
    said = "".join(f"<li>{html.escape(reason)}</li>" for reason in reasons)
    return whole(
        title, f"<p>This was not graded, and counts 0 so far.</p><ul>{said}</ul>"
    )


def _parts(
    nb: NotebookNode, marks: dict[str, Marks], sources: dict[str, str], hidden: bool
) -> Iterator[Part]:
    part = Part("")
    for cell in nb.cells:
        name, about = grade_id(cell), cell.metadata.get("nbgrader", {})
        found = HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        if found and not about.get("solution"):
            if part.title or part.of:
                yield part
            part = Part(_plain(found[1]))
            part.blocks.append(rendered(cell.source.replace(found[0], "", 1)))
        elif name in marks:
            mark = marks[name]
            part.points, part.of = part.points + mark.score, part.of + mark.of
            part.title = part.title or name
            part.blocks += _judged(cell, mark, sources.get(name, ""), hidden)
        elif about.get("solution"):
            part.blocks += _answer(cell)
    if part.title or part.of:
        yield part


def _plain(text: str) -> str:
    return text.replace("`", "").strip()


def _answer(cell: NotebookNode) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield rendered(cell.source)
    else:
        yield f"<pre>{html.escape(cell.source)}</pre>"
        yield from _error(cell, [])


def _judged(
    cell: NotebookNode, mark: Marks, source: str, hidden: bool
) -> Iterator[str]:
    if cell.cell_type == "markdown" or cell.metadata["nbgrader"].get("solution"):
        yield from _answer(cell)
        kind = "waits" if mark.waits else "right" if mark.score >= mark.of else "wrong"
        said = "Nobody has read it yet." if mark.waits else "Read."
    else:
        full = mark.score >= mark.of
        kind, said = ("right" if full else "wrong"), sentence(cell)
    yield (
        f'<div class="said {kind}">{html.escape(said)} '
        f"<strong>{mark.score:g} of {mark.of:g} points.</strong></div>"
    )
    if mark.comment:
        yield f'<div class="said waits">{rendered(mark.comment)}</div>'
    if cell.cell_type == "code" and not cell.metadata["nbgrader"].get("solution"):
        yield from _error(cell, [] if hidden else _secrets(source))
    if hidden and BEGIN in source:
        text = html.escape(source)
        yield f"<details><summary>The check</summary><pre>{text}</pre></details>"


def sentence(cell: NotebookNode) -> str:
    """What a check said: its error, else the last line that it printed."""
    errors = [x for x in cell.get("outputs", ()) if x.output_type == "error"]
    if errors:
        said = next(iter(str(errors[-1].evalue).strip().splitlines()), "")
        plain = errors[-1].ename == "AssertionError" and said
        return said if plain else f"{errors[-1].ename}: {said}".rstrip(": ") + "."
    printed = [x.text for x in cell.get("outputs", ()) if x.output_type == "stream"]
    lines = [line[:300] for line in "".join(printed).strip().splitlines()]
    if any(x.output_type == "execute_result" for x in cell.get("outputs", ())):
        return " ".join(lines[-6:])  # points for some cases, and what the others lack
    return lines[-1] if lines else "Right."


def _secrets(source: str) -> list[str]:
    """The lines of a check that students have not seen, without the trivial ones."""
    _, hidden = parted(source)
    return ["".join(line.split()) for line in hidden if len(line.strip()) > 3]


def _error(cell: NotebookNode, secrets: list[str]) -> Iterator[str]:
    """Where an error arose, folded: in the student's cells, and nowhere else."""
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            kept = [x for x in map(_frame, output.traceback) if x]
            kept = [
                x for x in kept if not any(s in "".join(x.split()) for s in secrets)
            ]
            text = html.escape("\n".join(kept))[:20_000]
            if text.strip():
                yield f"<details><summary>Where</summary><pre>{text}</pre></details>"


def _frame(text: str) -> str:
    """A part of a traceback; empty if it is of a file that is not the student's."""
    text = ANSI.sub("", text).strip("\n")
    if FOREIGN_FRAME.match(text) or set(text.strip()) <= {"-"}:
        return ""
    return re.sub(r"(?:/[\w.@+-]+)+/(?=[\w.-]+)", "", text)


# --- Markdown and formulas --------------------------------------------------------


def rendered(text: str) -> str:
    """Markdown as HTML without anything that runs, formulas as pictures."""
    from nbconvert.filters.markdown_mistune import MarkdownWithMath
    from nbconvert.preprocessors.sanitize import SanitizeHTML

    found: list[str] = []

    def note(match: re.Match[str]) -> str:
        if len(found) == FORMULAS:
            return match[0]
        found.append(match[1] or match[2])
        return PLACE.format(len(found) - 1)

    text = text[:MOST]
    parts = re.split(r"(```.*?```|`[^`\n]*`)", text, flags=re.DOTALL)
    parts[::2] = [MATHS.sub(note, part) for part in parts[::2]]
    untyped: Any = SanitizeHTML
    clean = untyped(styles=STYLES)
    clean.tags = [*clean.tags, *TAGS]
    clean.attributes = {**clean.attributes, **ATTRIBUTES}
    made: Any = MarkdownWithMath
    said = str(clean.sanitize_html_tags(made(_writer()).render("".join(parts))))
    parts = TAG.split(said)
    parts[::2] = [_placed(part, found, maths) for part in parts[::2]]
    parts[1::2] = [_placed(tag, found, html.escape) for tag in parts[1::2]]
    return "".join(parts)


def _placed(text: str, found: list[str], show: Callable[[str], str]) -> str:
    """`text` with the formulas `found` in their places, each as `show` gives it."""

    def one(match: re.Match[str]) -> str:
        place = int(match[1])
        return show(found[place]) if place < len(found) else ""

    return re.sub(r"xmathx(\d+)x", one, text)


@functools.cache
def _writer() -> Any:
    """What writes Markdown as HTML: headings below the page's, of pictures the words.

    An attachment, or a box to tick, would be nothing on a page of its own.
    """
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    class Writer(IPythonRenderer):
        def heading(self, text: str, level: int, **_: Any) -> str:
            return f"<h{min(6, level + 2)}>{text}</h{min(6, level + 2)}>\n"

        def image(self, text: str, *_: Any, **__: Any) -> str:
            return f"[{text or 'picture'}]"

        def task_list_item(self, text: str, checked: bool = False, **_: Any) -> str:
            return f"<li>{'☑' if checked else '☐'} {text}</li>\n"

    return Writer(escape=False)


@functools.cache
def maths(text: str) -> str:
    """The formula `text` as a picture in the page; as it is where it is too much."""
    from matplotlib import mathtext

    picture, told = io.BytesIO(), html.escape(text.strip(), quote=True)
    try:
        if len(text) > FORMULA:
            raise ValueError("too long to draw")
        mathtext.math_to_image(f"${text.strip()}$", picture, dpi=100, format="svg")
    except Exception:  # of the parser, of fonts: the text can still be read
        return f"<code>{told}</code>"
    data = base64.b64encode(picture.getvalue()).decode()
    return f'<img class=maths alt="{told}" src="data:image/svg+xml;base64,{data}">'


# --- all students -----------------------------------------------------------------


def write_all(course: Any, show_hidden: bool, reasons: dict[str, list[str]]) -> int:
    """Write the page of everybody who handed in; return how many.

    `reasons` says of those without a graded notebook why there is none.
    """
    count = 0
    with course.gradebook() as book:
        found = book.find_assignment(course.name)
        sources = {
            one.name: {cell.name: cell.source for cell in one.source_cells}
            for one in found.notebooks
        }
        for submission in found.submissions:
            student = submission.student.id
            for one in submission.notebooks:
                folder = course.folder / "feedback" / student / course.name
                text = _page_of(course, student, one, sources[one.name], show_hidden)
                if text is None:
                    why = reasons.get(student, ["No notebook was found."])
                    text = failed(f"{course.name} · {student}", why)
                _put(folder, f"{one.name}.html", text)
                count += 1
    return count


def _page_of(
    course: Any, student: str, one: Any, sources: dict[str, str], show_hidden: bool
) -> str | None:
    path = course.folder / "autograded" / student / course.name / f"{one.name}.ipynb"
    if not path.is_file():
        return None
    untyped: Any = nbformat
    comments = {x.cell.name: x.comment or "" for x in one.comments}
    marks = {
        x.cell.name: Marks(
            x.score,
            x.max_score,
            bool(x.needs_manual_grade),
            comments.get(x.cell.name, ""),
        )
        for x in one.grades
    }
    return page(
        untyped.read(path, as_version=4),
        title=f"{course.name} · {student}",
        marks=marks,
        sources=sources,
        penalty=one.late_submission_penalty or 0,
        show_hidden=show_hidden,
    )


def _put(folder: Path, name: str, text: str) -> None:
    with storage.written(folder / name) as file:
        file.write(text.encode("utf-8", "replace"))
