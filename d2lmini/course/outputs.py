"""What a kernel says of a cell, made fit to be kept: a kernel may say anything."""

import json
from collections.abc import Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode

#: What a lesson shows: no scripts, and no widgets, which need a kernel.
SHOWN = (
    "text/plain",
    "text/html",
    "text/markdown",
    "text/latex",
    "image/png",
    "image/jpeg",
    "image/svg+xml",
)
PICTURE = 2**22  # characters; larger than any picture that a lesson draws
MANY = 1000  # outputs of a cell


def text(value: Any) -> str:
    """`value` as text that a file can hold."""
    if isinstance(value, list | tuple):
        value = "".join(str(one) for one in value)
    return str(value).encode("utf-8", "replace").decode("utf-8")


def message(kind: str, content: dict[str, Any], room: int) -> dict[str, Any] | None:
    """The content of a message as it should be, in `room` characters; else None.

    An error is kept in any case, since it decides the points.
    """
    if kind == "error":
        lines = content.get("traceback")
        lines = lines if isinstance(lines, list) else []
        return {
            "ename": text(content.get("ename"))[:200],
            "evalue": text(content.get("evalue"))[:20_000],
            "traceback": [text(one)[:20_000] for one in lines[:100]],
        }
    if room <= 0:
        return None
    if kind == "stream":
        said, name = text(content.get("text", "")), content.get("name")
        if len(said) > room:
            said = said[:room] + "\n… cut off here …\n"
        return {"name": "stderr" if name == "stderr" else "stdout", "text": said}
    if kind in ("display_data", "update_display_data", "execute_result"):
        return _shown(kind, content, room)
    return None


def _shown(kind: str, content: dict[str, Any], room: int) -> dict[str, Any]:
    given = content.get("data")
    data = {
        name: text(value)
        for name, value in (given if isinstance(given, dict) else {}).items()
        if name in SHOWN
    }
    data = {k: v for k, v in data.items() if len(v) <= max(room, PICTURE)}
    about = content.get("transient")
    known = about.get("display_id") if isinstance(about, dict) else None
    clean: dict[str, Any] = {"data": data, "metadata": {}}
    clean["transient"] = {"display_id": known} if isinstance(known, str) else {}
    if kind == "execute_result":
        count = content.get("execution_count")
        clean["execution_count"] = count if isinstance(count, int) else None
    return clean


def size(content: dict[str, Any]) -> int:
    """The characters in the content of a clean message."""
    data = content.get("data", {})
    return len(content.get("text", "")) + sum(map(len, data.values())) + 10


def error(name: str, said: str) -> NotebookNode:
    """An output that says what went wrong outside the kernel."""
    untyped: Any = nbformat.v4
    made: NotebookNode = untyped.new_output(
        "error", ename=name, evalue=said, traceback=[said]
    )
    return made


def cleaned(outputs: Iterable[Any], *, graded: bool) -> list[NotebookNode]:
    """`outputs` that a notebook can hold; of a `graded` cell, stderr as stdout.

    nbgrader gives no points to a cell that prints to stderr, as progress bars do.
    """
    kept = []
    for one in _joined(outputs)[:MANY]:
        if graded and one.get("output_type") == "stream":
            one["name"] = "stdout"
        if one.get("output_type") == "error":  # also one that a reply brought
            one.update(message("error", dict(one), 0) or {})
        try:
            json.dumps(one)
        except (TypeError, ValueError, RecursionError):
            continue
        kept.append(one)
    return kept


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """`outputs` with all text of a stream in one, where the first of it came."""
    kept, said = [], dict[str, list[str]]()
    for one in outputs:
        if one.get("output_type") == "stream":
            name = str(one.get("name"))
            if name in said:
                said[name].append(text(one.get("text", "")))
                continue
            said[name] = [text(one.get("text", ""))]
        kept.append(one)
    for one in kept:
        if one.get("output_type") == "stream":
            one["text"] = "\n".join(
                map(_overwritten, "".join(said[str(one["name"])]).split("\n"))
            )
    return kept


def _overwritten(line: str) -> str:
    """What is left of a line in which a progress bar returns to the beginning."""
    shown = line.rstrip("\r")
    return shown[shown.rfind("\r") + 1 :] + line[len(shown) :]
