"""What stands in place of a solution: an error that says what to do."""

import json
import textwrap
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions

COLUMNS = 88
ANSWER = "*Your answer here.*"


class HintedStubs(ClearSolutions):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own preprocessor, with the task of each exercise in its stub.

    A cell without a task keeps the stub that nbgrader is configured to write.
    """

    code_stub: dict[str, str]
    text_stub: str

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the solution in `cell`, if it is one."""
        before = self.code_stub, self.text_stub
        task = cell.metadata.get("d2lmini", {}).get("exercise", {}).get("task", "")
        if task:
            self.code_stub = {**self.code_stub, "python": stub(task, indent(cell))}
        self.text_stub = ANSWER
        try:
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub, self.text_stub = before
        return cell, resources


def indent(cell: NotebookNode) -> int:
    """How many columns the solution region of `cell` is indented."""
    for line in cell.source.split("\n"):
        if "BEGIN SOLUTION" in line:
            return len(line) - len(line.lstrip())
    return 0


def stub(task: str, indented: int = 0) -> str:
    """A statement that raises `task`, in lines that leave room for `indented`."""
    line = f"raise NotImplementedError({json.dumps(task, ensure_ascii=False)})"
    if len(line) + indented <= COLUMNS:
        return line
    pieces = textwrap.wrap(task, COLUMNS - indented - 7, drop_whitespace=False)
    parts = (f"    {json.dumps(piece, ensure_ascii=False)}" for piece in pieces)
    return "\n".join(["raise NotImplementedError(", *parts, ")"])
