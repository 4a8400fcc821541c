"""Putting back what a student deleted from an assignment."""

from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import OverwriteCells

from d2lmini.course.repair import grade_id, role


class RestoreCells(OverwriteCells):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own OverwriteCells, which puts back every cell of ours.

    nbgrader's looks for the place of a missing check beside its solution, and gives
    the whole submission up if that is missing too, or if a cell was copied.  It
    trusts what the notebook says of a cell, and reports every repair.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Give a cell of ours the role and, where it is locked, the text it had."""
        name = grade_id(cell)
        source = self.sources.get(name) if cell_index in self.last else None
        if source is None:
            cell.metadata.pop("nbgrader", None)  # a copy, or from elsewhere
            return cell, resources
        if source.cell_type == "code":
            cell.pop("attachments", None)  # of the text that a student made of it
        self.update_cell_type(cell, source.cell_type)
        points = self.points.get(name)
        cell.metadata["nbgrader"] = role(name) | {
            "grade": points is not None,
            "solution": name in self.answers,
            "locked": source.locked,
            "task": name in self.tasks,
            "checksum": source.checksum,
            "cell_type": source.cell_type,
        }
        if points is not None or name in self.tasks:
            cell.metadata["nbgrader"]["points"] = self.points.get(name, 0)
        if source.locked and utils.compute_checksum(cell) != source.checksum:
            cell.source = source.source
        return cell, resources

    def preprocess(
        self, nb: NotebookNode, resources: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Look up what was handed out, then restore `nb`."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            found = gradebook.find_notebook(about["notebook"], about["assignment"])
            self.sources = {cell.name: cell for cell in found.source_cells}
            self.points = {cell.name: cell.max_score for cell in found.grade_cells}
            self.points |= {cell.name: cell.max_score for cell in found.task_cells}
            self.answers = {cell.name for cell in found.solution_cells}
            self.tasks = {cell.name for cell in found.task_cells}
            self.last = {grade_id(cell): i for i, cell in enumerate(nb.cells)}.values()
            done: tuple[NotebookNode, Any] = super().preprocess(nb, resources)
        return done

    def add_missing_grade_cells(
        self, nb: NotebookNode, resources: Any
    ) -> tuple[NotebookNode, Any]:
        """Put each missing check behind its answer, and the rest where it stood.

        A check whose answer is nowhere to be seen stands last, behind whatever the
        student wrote.
        """
        where = {grade_id(cell): i for i, cell in enumerate(nb.cells)} | {"": -1}
        after: dict[int, list[NotebookNode]] = {}
        before = answer = ""
        for name, cell in self.sources.items():
            check = name in self.points
            if name in where:
                before = name
                answer = name if name in self.answers else answer
            elif check or cell.locked:
                back = self.missing_cell_transform(
                    cell, self.points.get(name, 0), is_solution=name in self.answers
                )
                back.metadata["nbgrader"]["grade"] = check
                place = where[before] if not check else where[answer]
                place = len(nb.cells) - 1 if check and not answer else place
                after.setdefault(place, []).append(back)
            answer = "" if check else answer
        cells = list(after.get(-1, []))
        for i, cell in enumerate(nb.cells):
            cells += [cell, *after.get(i, [])]
        nb.cells = cells
        return nb, resources

    def add_missing_task_cells(
        self, nb: NotebookNode, resources: Any
    ) -> tuple[NotebookNode, Any]:
        """They have been put back with the others."""
        return nb, resources
