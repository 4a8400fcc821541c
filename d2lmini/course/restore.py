"""Putting back what a student deleted from an assignment."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import OverwriteCells


class RestoreCells(OverwriteCells):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own OverwriteCells, which puts back every cell of ours.

    nbgrader's looks for the place of a missing check beside its solution, and gives
    the whole submission up if that is missing too, or if a cell was copied.
    """

    def add_missing_grade_cells(
        self, nb: NotebookNode, resources: Any
    ) -> tuple[NotebookNode, Any]:
        """Put each missing check or given cell behind the cell it stood behind."""
        source = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        points = {cell.name: cell.max_score for cell in source.grade_cells}
        answers = {cell.name for cell in source.solution_cells}
        where = {_grade_id(cell): i for i, cell in enumerate(nb.cells)}
        after: dict[int, list[NotebookNode]] = {}
        place = -1
        for cell in source.source_cells:
            place = where.get(cell.name, place)
            ours = cell.name in points or cell.locked
            if cell.name not in where and ours:
                back = self.missing_cell_transform(
                    cell, points.get(cell.name, 0), is_solution=cell.name in answers
                )
                back.metadata["nbgrader"]["grade"] = cell.name in points
                after.setdefault(place, []).append(back)
        cells = list(after.get(-1, []))
        for i, cell in enumerate(nb.cells):
            if not _grade_id(cell):  # a copy, or from elsewhere
                cell.metadata.pop("nbgrader", None)
            cells += [cell, *after.get(i, [])]
        nb.cells = cells
        return nb, resources


def _grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
