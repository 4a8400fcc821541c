"""A lock on assignments: only what builds walls around submissions can run them.

nbgrader goes on with its own steps where `nbgrader_config.py` is missing or cannot be
read, and runs what students wrote as the user who called it.  It takes the kernel from
the gradebook, though: there stands the name of one that does not exist, so that nothing
starts.  `grading.ExecuteOn` knows what is meant.
"""

import json

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveCells

#: nbgrader says "No such kernel named …", and so what to do.
KERNEL = "needs-the-walls-of-nbgrader_config.py"
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


class LockedCells(SaveCells):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own SaveCells, which enters the locked kernel into the gradebook."""

    def _create_notebook(self, nb: NotebookNode) -> None:
        super()._create_notebook(nb)
        # nbgrader keeps the kernel of what has submissions: this takes its place
        found = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        found.kernelspec = json.dumps(PYTHON | {"name": KERNEL})
        self.gradebook.db.commit()


def unlock(nb: NotebookNode) -> None:
    """Give `nb`, which is to run behind walls, Python's kernel in place of the lock."""
    if nb.metadata.get("kernelspec", {}).get("name") == KERNEL:
        nb.metadata["kernelspec"] = dict(PYTHON)
