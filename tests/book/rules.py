"""The rules that every chapter keeps, each a function from notebook to complaints."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from d2lmini.course import quizzes
from d2lmini.data import offline
from tools import book, exercise, figures, outputs

Rule = Callable[[NotebookNode, Path], Iterator[str]]

LINES = 30
FOLDED_LINES = 45  # checks and packed questions stand in closed drawers
COLUMNS = 88
IGNORE = "nbval-ignore-output"

NETS = book.ROOT / "d2lmini" / "nets"

#: What a session admits in everything it draws or prints (d2lmini/mode.py).
REHEARSALS = ("quick mode", offline.SOURCE.lower())


# ---- helpers ---------------------------------------------------------------


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def called(cell):
    """How a complaint names a cell."""
    first = cell.source.strip().splitlines()[:1] or ["(empty)"]
    return f"cell {cell.get('id', '?')!r} ({first[0][:40]})"


def data_of(cell):
    """The MIME bundles among a cell's outputs."""
    return [out["data"] for out in cell.outputs if "data" in out]


def data_of_any(cell):
    """The same; a Markdown cell has none."""
    return data_of(cell) if cell.cell_type == "code" else []


def shows_image(cell):
    return any(mime.startswith("image/") for data in data_of(cell) for mime in data)


def shows_widget(cell):
    return any("<script" in data.get("text/html", "") for data in data_of(cell))


def texts(cell):
    """What a reader reads in a cell's outputs, without markup and scripts."""
    for out in cell.outputs:
        if "text" in out:
            yield out["text"]
        for mime, value in out.get("data", {}).items():
            if mime == "text/plain":
                yield value
            elif mime == "text/html":
                value = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", value)
                yield re.sub(r"<[^>]*>", " ", value)


def parsed(cell):
    """The cell's code as a tree; lines that only IPython understands left out."""
    lines = cell.source.splitlines()
    plain = (re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in lines)
    return ast.parse("\n".join(plain))


def prose(cell):
    """A Markdown cell without its code blocks and code words."""
    text = re.sub(r"(?ms)^(```|~~~).*?^\1", "", cell.source)
    return re.sub(r"`[^`\n]+`", "", text)


# ---- the rules ---------------------------------------------------------------


def cells_are_short(nb, path):
    for cell in code_cells(nb):
        folded = "Quiz(" in cell.source or cell.metadata.get("nbgrader", {}).get(
            "grade"
        )
        most = FOLDED_LINES if folded else LINES
        if (n := len(cell.source.splitlines())) > most:
            yield f"{called(cell)} has {n} lines; {most} is the limit: split it."


def lines_are_short(nb, path):
    for cell in code_cells(nb):
        for line in cell.source.splitlines():
            if len(line) > COLUMNS:
                yield f"{called(cell)} has a line of {len(line)} columns: {line}"


def prose_stands_before_code(nb, path):
    """Of an exercise's cells, which follow one text, only the first needs it."""
    before = None
    for cell in nb.cells:
        inside = before is not None and "nbgrader" in before.metadata
        if cell.cell_type == "code" and not (inside and "nbgrader" in cell.metadata):
            lines = before.source.splitlines() if before is not None else []
            words = " ".join(line for line in lines if not line.startswith("#"))
            if before is None or before.cell_type != "markdown" or not words.strip():
                yield f"{called(cell)} has no sentence before it."
        before = cell


def cells_were_run_in_order(nb, path):
    counts = [cell.execution_count for cell in code_cells(nb)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}: run the chapter from top to bottom."


def no_stored_errors(nb, path):
    for cell in code_cells(nb):
        if any(out.output_type == "error" for out in cell.outputs):
            yield f"{called(cell)} stores an error."


def images_have_alt_text(nb, path):
    for cell in code_cells(nb):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if shows_image(cell) and len(alt.split()) < 3:
            yield (
                f"{called(cell)} shows a figure and does not say in words what it "
                "shows: give the cell's metadata mystnb.image.alt."
            )
    for cell in nb.cells:
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(", prose(cell)):
            yield f"{called(cell)} shows a picture without alt text."


def ignored_outputs_have_a_reason(nb, path):
    """Training, a figure, or the device line: nothing else may go uncompared."""
    trained: set[str] = set()
    loops = {"train"}
    for cell in code_cells(nb):
        tree = parsed(cell)
        calls, loads, stores = names(tree)
        loops |= loops_by_hand(tree)
        depends = bool(
            calls & {*loops, "evaluate", "predict", "load"} or loads & trained
        )
        if depends:
            trained |= stores | trained_nets(tree, loops)
        told = calls & {"setup", "load_fashion_mnist"}  # a rehearsal has other batches
        reason = depends or shows_image(cell) or shows_widget(cell) or told
        if IGNORE in tags(cell) and not reason:
            yield (
                f"{called(cell)} is tagged {IGNORE}, but its output depends on no "
                "training, figure or device: let it be compared."
            )


def names(tree):
    """The names of called functions, of what is read, and of what is set."""
    calls, loads, stores = set(), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            calls.add(getattr(node.func, "attr", getattr(node.func, "id", None)))
        if isinstance(node, ast.Name):
            (loads if isinstance(node.ctx, ast.Load) else stores).add(node.id)
    return calls, loads, stores


def loops_by_hand(tree):
    """Functions that train: they go backwards."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {one.name for one in functions if "backward" in names(one)[0]}


def trained_nets(tree, loops):
    """The names that are handed to a training first: it changes what they hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            function = getattr(node.func, "attr", getattr(node.func, "id", None))
            if function in loops and isinstance(node.args[0], ast.Name):
                return {node.args[0].id}
    return set()


def nothing_is_skipped(nb, path):
    for cell in code_cells(nb):
        skips = {"nbval-skip", "raises-exception"} & set(tags(cell))
        if skips or re.search(r"(?m)^\s*#\s*(NBVAL_|PYTEST_VALIDATE)", cell.source):
            yield f"{called(cell)} asks the tests to look away; only {IGNORE} may."


def checks_leave_the_learners_names(nb, path):
    """What given and answer cells bind is still there when a check is run again."""
    cells = [cell for cell in code_cells(nb) if "nbgrader" in cell.metadata]
    checks = [cell for cell in cells if cell.metadata["nbgrader"].get("grade")]
    learners = {
        name
        for cell in cells
        if cell not in checks
        for name in bound(parsed(cell), imports=False)
    }
    for cell in checks:
        if both := learners & set(bound(parsed(cell))):
            yield f"{called(cell)} binds {sorted(both)}, as an answer does: rename."


def bound(tree, *, imports=True):
    """The names that running the code sets; what functions set stays inside."""
    inside = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias) and imports:
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, inside):
            yield from bound(node, imports=imports)


def quizzes_hide_their_source(nb, path):
    """Half a screen of packed text: JupyterLab, Colab and the site fold it away."""
    for cell in code_cells(nb):
        if "Quiz(" not in cell.source:
            continue
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
        form = cell.metadata.get("cellView") == "form"
        if not (hidden and form and "hide-input" in tags(cell)):
            yield f"{called(cell)} shows its source: fold it for all three readers."
        if not cell.source.startswith("# @title "):
            yield f"{called(cell)} lacks the title of Colab's form, # @title …"


def drawers_say_what_they_hold(nb, path):
    """The site calls any other one "code cell source", a solution too."""
    for cell in code_cells(nb):
        if not {"hide-input", "hide-cell"} & set(tags(cell)):
            continue
        role = cell.metadata.get("nbgrader")
        what = ("check" if role["grade"] else "solution") if role else "quiz"
        found = cell.metadata.get("mystnb", {})
        for state, words in zip(("show", "hide"), exercise.DRAWERS[what], strict=True):
            if found.get(f"code_prompt_{state}") != words:
                yield (
                    f"{called(cell)} is a drawer: give the cell's metadata "
                    f"mystnb.code_prompt_{state}, {words!r}."
                )


def right_answers_do_not_stand_out(nb, path):
    """Whoever takes the longest choice is wrong as often as not, in every chapter.

    And no right one is so much longer than the others that it need not be read.
    """
    lengths = []
    for question in quizzes.in_notebook(nb):
        if choices := question.get("choices"):
            *_, second, most = sorted(len(choice["text"]) for choice in choices)
            right = [len(choice["text"]) for choice in choices if choice["right"]]
            lengths.append(most > second and right == [most])
            if lengths[-1] and most > 1.3 * second:
                yield (
                    f"the right answer to {question['text']!r} has {most} characters, "
                    f"the longest wrong one {second}: move the rest to its `why`."
                )
    if lengths and sum(lengths) > len(lengths) / 2:
        yield (
            f"the right answer is the longest one in {sum(lengths)} of {len(lengths)} "
            "questions: shorten it, or say more in a wrong one."
        )


def no_trailing_semicolon(nb, path):
    for cell in code_cells(nb):
        if cell.source.rstrip().endswith(";"):
            yield f"{called(cell)} ends with a semicolon: assign to _ instead."


def net_is_the_packages(nb, path):
    """The network written in the chapter is the one that later chapters import.

    It may stand in several cells, whose code in order is the module's.
    """
    cells = [cell for cell in code_cells(nb) if "net" in tags(cell)]
    module = NETS / f"{path.stem}.py"
    if bool(cells) != module.exists():
        yield (
            f"{len(cells)} cells are tagged net, and {module.name} "
            f"{'exists' if module.exists() else 'does not exist'} in d2lmini/nets."
        )
    elif cells:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is not None:
            del tree.body[0]
        theirs = [ast.dump(node) for node in tree.body]
        ours = [ast.dump(node) for cell in cells for node in parsed(cell).body]
        if ours != theirs:
            own = [cell for cell in cells if other_code(cell, theirs)]
            yield f"{called([*own, cells[-1]][0])} differs from nets/{module.name}."


def other_code(cell, statements):
    """Whether a statement of the cell is none of ``statements``."""
    return any(ast.dump(node) not in statements for node in parsed(cell).body)


def markdown_is_plain(nb, path):
    """Directives, roles and labels show as raw text in Colab and on GitHub."""
    shapes = {
        "a directive": r"(?m)^\s*(```+|~~~+|:::+)\s*\{",
        "a fence of colons": r"(?m)^\s*:::",
        "a role": r"\{[a-z][\w:+-]*\}`",
        "a label": r"(?m)^\([\w-]+\)=\s*$",
        "a block break": r"(?m)^\+\+\+",
        "bracketed maths": r"\\\[|\\\(",
    }
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for what, shape in shapes.items():
                if re.search(shape, cell.source):
                    yield f"{called(cell)} holds {what}: write plain Markdown."


def per_cent_follows_its_number(nb, path):
    """94%, as British printers have it, in prose and alt texts."""
    for cell in nb.cells:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        shown = prose(cell) if cell.cell_type == "markdown" else ""
        if found := spaced_per_cent(f"{shown}\n{alt}"):
            yield f"{called(cell)} has {found!r}: write the sign beside its number."


def spaced_per_cent(text):
    """The first number with a space, of any kind, before its per cent sign."""
    found = re.search(r"\S*\d\s+%(?!\w)", text)
    return found[0] if found else None


def no_line_becomes_a_list(nb, path):
    """A wrapped line that begins with a plus, a star or "1." ends its paragraph."""
    begins = re.compile(r"^(?:[+*] .*|(?<=[^\n]\n)1[.)] .*)", re.MULTILINE)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for line in begins.findall(cell.source):
                yield f"{called(cell)} has {line[:30]!r}: break the line elsewhere."


def links_lead_somewhere(nb, path):
    for cell in nb.cells:
        if cell.cell_type != "markdown":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(cell)):
            file = target.split("#")[0]
            if file and "://" not in target and not (path.parent / file).exists():
                yield f"{called(cell)} links to {target}, which does not exist."


def headings_make_an_outline(nb, path):
    """One title, numbered, first; no level skipped; no heading without content."""
    lines = [
        line
        for cell in nb.cells
        for line in (prose(cell) if cell.cell_type == "markdown" else "x").splitlines()
        if line.strip()
    ]
    levels = [len(m[0]) if (m := re.match(r"#+(?= )", line)) else 0 for line in lines]
    if not lines or not re.match(r"# \d+ · \S", lines[0]):
        yield "the chapter does not begin with its title, as in '# 6 · LeNet'."
    if levels.count(1) != 1:
        yield f"the chapter has {levels.count(1)} titles (headings with one #)."
    deepest = 1
    for line, level in zip(lines, levels, strict=True):
        if level > deepest + 1:
            yield f"{line!r} skips a level."
        deepest = level or deepest
    for line, level, after in zip(lines, levels, [*levels[1:], 1], strict=True):
        if level and after and after <= level:
            yield f"{line!r} has nothing under it."


def no_personal_folders(nb, path):
    shape = r"/(home|Users)/\w|/(root|tmp)/|[A-Z]:\\\\?Users"
    for cell in nb.cells:
        for text in [cell.source, *(texts(cell) if "outputs" in cell else ())]:
            if found := re.search(shape + r"[^\s'\"]*", text):
                yield f"{called(cell)} shows somebody's folder: {found[0]}"


def no_timings_in_text(nb, path):
    """A timing would change with every run of the chapter."""
    shape = r"\b\d+(\.\d+)? ?(ms|µs|s|sec|seconds|minutes|min)\b|\b\d\S* ?\w+/s\b"
    for cell in code_cells(nb):
        for text in texts(cell):
            if found := re.search(shape, text):
                yield f"{called(cell)} prints a timing: {found[0]}"


def no_rehearsal_is_stored(nb, path):
    for cell in code_cells(nb):
        for text in texts(cell):
            for mark in REHEARSALS:
                if mark in text.lower():
                    yield f"{called(cell)} was stored from a rehearsal ({mark})."


def outputs_belong_to_the_code(nb, path):
    if not outputs.is_fresh(nb):
        yield f"the code has changed since it was run: make outputs ({path.stem})."


def figures_are_the_packages(nb, path):
    """A stored figure runs the scripts and wears the styles of the package."""
    for cell in code_cells(nb):
        for data in data_of(cell):
            html = data.get("text/html", "")
            if 'class="d2l-host' not in html:
                continue
            figure = figures.Stored.of(html)
            if figure is None or html != figure.renewed():
                yield (
                    f"{called(cell)} stores a figure of another version: "
                    "python -m tools.figures."
                )


def cells_keep_their_names(nb, path):
    ids = [cell.get("id", "") for cell in nb.cells]
    for cell_id in ids:
        if not outputs.is_name(cell_id):
            yield f"the cell id {cell_id!r} is random: make outputs names cells."
        if ids.count(cell_id) > 1:
            yield f"the cell id {cell_id!r} stands {ids.count(cell_id)} times."


def nothing_but_the_chapter_is_stored(nb, path):
    """No timings of cells, widget state or version of whoever ran it last."""
    for cell in nb.cells:
        if "execution" in cell.metadata:
            yield f"{called(cell)} stores when it was run."
        if any(outputs.WIDGET_VIEW in d for d in data_of_any(cell)):
            yield f"{called(cell)} stores a view of a widget that is gone."
    if "widgets" in nb.metadata:
        yield "the chapter stores the state of widgets."
    if set(nb.metadata.get("language_info", ())) - {"name"}:
        yield "the chapter stores which Python ran it."


RULES: tuple[Rule, ...] = (
    cells_are_short,
    lines_are_short,
    prose_stands_before_code,
    cells_were_run_in_order,
    no_stored_errors,
    images_have_alt_text,
    ignored_outputs_have_a_reason,
    nothing_is_skipped,
    checks_leave_the_learners_names,
    quizzes_hide_their_source,
    drawers_say_what_they_hold,
    right_answers_do_not_stand_out,
    no_trailing_semicolon,
    net_is_the_packages,
    markdown_is_plain,
    per_cent_follows_its_number,
    no_line_becomes_a_list,
    links_lead_somewhere,
    headings_make_an_outline,
    no_personal_folders,
    no_timings_in_text,
    no_rehearsal_is_stored,
    outputs_belong_to_the_code,
    figures_are_the_packages,
    cells_keep_their_names,
    nothing_but_the_chapter_is_stored,
)
