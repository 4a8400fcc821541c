"""A notebook made of whatever a student's file holds, cell by cell and from scratch."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+\Z")
KINDS = ("code", "markdown", "raw")
MARKS = re.compile(r"^# (?:%%.*|In\s?\[.*\]:.*|<codecell>)$")
NAME = re.compile(r"^[a-zA-Z0-9-_]{1,64}\Z")
CELLS = 2000  # of a notebook: each takes time to look at
PARTS = 10**6  # lists and objects of a file: each takes memory


@dataclass(frozen=True)
class Cell:
    """One of our cells, as it was handed out: its name, kind, and text."""

    name: str
    kind: str
    source: str
    locked: bool


def decoded(data: bytes) -> str:
    """`data` as text, whatever an editor has made of its encoding."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def notebook(data: bytes, ours: Iterable[Cell]) -> tuple[NotebookNode, list[str]]:
    """The notebook in `data`, and what had to be mended, in sentences.

    `ours` are the cells that were handed out: one that has lost its metadata is
    recognised by its id, else by its text.  Outputs are left out, since everything
    runs again.  Raises ValueError with a sentence where `data` is no notebook.
    """
    text = decoded(data).strip("\0 \t\r\n\ufeff")
    if not text:
        raise ValueError("The file is empty.")
    if text.count("[") + text.count("{") > PARTS:
        raise ValueError(f"It is no notebook: it has more than {PARTS:,} parts.")
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("It is no notebook: it is nested without end.") from None
    except ValueError as error:
        raise ValueError(f"It is no notebook: {error}.") from None
    notes = []
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        notes.append("a byte order mark was removed")
    given = list(_cells(found))
    if len(given) > CELLS:
        raise ValueError(f"It has {len(given):,} cells, and may have {CELLS:,}.")
    cells = [cell for one in given if (cell := _cell(one))]
    if len(cells) < len(given):
        notes.append(f"{len(given) - len(cells)} cells were no cells")
    return _whole(cells, notes, ours)


def script(data: bytes, ours: Iterable[Cell]) -> tuple[NotebookNode, list[str]]:
    """A Python script as a notebook: one cell for each of its parts.

    Parts begin at marks (`# %%`, `# In[3]:`); without marks, each statement is one.
    Raises ValueError if it is no Python.
    """
    text = decoded(data).strip("\0\ufeff")
    lines = re.split(r"\r\n|\r|\n", text)  # as Python counts, unlike splitlines
    starts = [i for i, line in enumerate(lines) if MARKS.match(line)]
    if not starts:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(f"It is no Python: {error}.") from None
        starts = [
            min([node.lineno, *(x.lineno for x in getattr(node, "decorator_list", ()))])
            - 1
            for node in tree.body
        ]
    ends = [*starts[1:], len(lines)]
    parts = [
        "\n".join(line for line in lines[a:b] if not MARKS.match(line)).strip()
        for a, b in zip(starts, ends, strict=True)
    ]
    cells = [_new("code", part) for part in parts if part]
    if not cells:
        raise ValueError("There is nothing in it.")
    if len(cells) > CELLS:
        raise ValueError(f"It has {len(cells):,} parts, and may have {CELLS:,}.")
    return _whole(cells, ["a script was taken for a notebook"], ours)


def _whole(
    cells: list[NotebookNode], notes: list[str], ours: Iterable[Cell]
) -> tuple[NotebookNode, list[str]]:
    if recognised := _recognise(cells, list(ours)):
        notes.append(f"{recognised} cells had lost what they are")
    taken: set[str] = set()
    for count, cell in enumerate(cells):
        if cell.id in taken or not NAME.match(cell.id):
            cell.id = f"cell-{count}"
        taken.add(cell.id)
    untyped: Any = nbformat
    nb: NotebookNode = untyped.v4.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    untyped.validate(nb)
    return nb, notes


def _cells(found: Any) -> Iterator[Any]:
    if isinstance(found, dict) and isinstance(found.get("cells"), list):
        yield from found["cells"]
    elif isinstance(found, dict) and isinstance(found.get("worksheets"), list):
        for sheet in found["worksheets"]:  # before Jupyter
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list):
                yield from sheet["cells"]
    else:
        raise ValueError("It is no notebook: there are no cells in it.")


def _cell(given: Any) -> NotebookNode | None:
    if not isinstance(given, dict):
        return None
    kind = given.get("cell_type")
    source = given.get("source", given.get("input", ""))
    if isinstance(source, list):
        source = "".join(str(line) for line in source)
    if kind == "heading":
        kind, source = "markdown", f"# {source}"
    if not isinstance(source, str):
        return None
    source = _text(source)
    about = given.get("metadata")
    about = about if isinstance(about, dict) else {}
    name = given.get("id", about.get("id", ""))
    cell = _new(kind if kind in KINDS else "raw", source, str(name))
    role = _role(about.get("nbgrader"))
    if role:
        cell.metadata["nbgrader"] = role
    if kind == "markdown":
        for name, value in _pictures(given.get("attachments")).items():
            cell[name] = value
    return cell


def _pictures(given: Any) -> dict[str, Any]:
    """The pictures that were pasted into a text, for a person to see."""
    kept = {}
    for name, kinds in (given if isinstance(given, dict) else {}).items():
        for kind, data in (kinds if isinstance(kinds, dict) else {}).items():
            data = "".join(map(str, data)) if isinstance(data, list) else data
            sound = isinstance(data, str) and BASE64.match(data)
            if sound and kind in ("image/png", "image/jpeg", "image/gif"):
                kept[_text(name)] = {kind: data}
    return {"attachments": kept} if kept else {}


def _text(found: str) -> str:
    """`found` without halves of characters, which no file can hold."""
    return found.encode("utf-8", "replace").decode()


def _new(kind: str, source: str, name: str = "") -> NotebookNode:
    untyped: Any = nbformat.v4
    make = getattr(untyped, f"new_{kind}_cell")
    cell: NotebookNode = make(source)
    cell.id = name or cell.id
    return cell


def _role(given: Any) -> dict[str, Any]:
    """What nbgrader needs to know of a cell; its gradebook knows the rest."""
    if not isinstance(given, dict) or not isinstance(given.get("grade_id"), str):
        return {}
    return role(given["grade_id"])


def role(name: str) -> dict[str, Any]:
    """The metadata of the cell `name`, which nbgrader fills in."""
    flags = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"grade_id": name, "schema_version": 3, **flags}


def grade_id(cell: NotebookNode) -> str:
    """The name by which nbgrader knows `cell`; empty if it does not."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _recognise(cells: list[NotebookNode], ours: list[Cell]) -> int:
    """Give the cells their metadata back that have lost it; return how many."""
    known = {one.name: one for one in ours}
    present: set[str] = set()
    for cell in reversed(cells):  # of copies, the last counts, as for a reader
        name = grade_id(cell)
        if name not in known or name in present:
            cell.metadata.pop("nbgrader", None)
        else:
            present.add(name)
    found = 0
    same = {_key(one.source): one.name for one in ours}
    starts = {first: one.name for one in ours if (first := _first(one))}
    ways = (
        lambda cell: cell.id,
        lambda cell: same.get(_key(cell.source), ""),
        lambda cell: starts.get(_definition(cell.source), ""),
    )
    for way in ways:
        for cell in cells:
            name = way(cell)
            if name in known and name not in present and not grade_id(cell):
                cell.metadata["nbgrader"] = role(name)
                present.add(name)
                found += 1
    return found


def _key(source: str) -> str:
    return "".join(source.split())


def _first(one: Cell) -> str:
    return "" if one.locked or one.kind != "code" else _definition(one.source)


def _definition(source: str) -> str:
    """The function or class that a cell defines first; empty without one."""
    found = re.search(r"(?m)^(?:def|class)\s+\w+", source)
    return " ".join(found[0].split()) if found else ""
