"""How nbgrader makes, runs and marks assignments from this book.

It works in any folder: copy it to that of your course, which then holds
source/, release/, submitted/, autograded/, feedback/ and gradebook.db.
"""

import os
import sys
from pathlib import Path

from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, Execute, OverwriteCells, SaveCells

from d2lmini.course.grading import ExecuteOn
from d2lmini.course.lock import LockedCells
from d2lmini.course.restore import RestoreCells
from d2lmini.course.stubs import HintedStubs

c = get_config()  # noqa: F821  nbgrader defines it

# nbgrader starts alembic by its name, also where its environment is not activated.
os.environ["PATH"] = os.pathsep.join((sys.exec_prefix + "/bin", os.environ["PATH"]))

course = Path(__file__).resolve().parent
c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "d2lmini"


def replaced(steps, old, new):
    """nbgrader's own steps, with ours in place of one."""
    return [new if step is old else step for step in steps]


# Stubs that raise the exercise's hint; and without this file, nothing runs.
steps = replaced(GenerateAssignment().preprocessors, ClearSolutions, HintedStubs)
c.GenerateAssignment.preprocessors = replaced(steps, SaveCells, LockedCells)

# A cell that hangs or kills its kernel costs its own points only, and it is walled in.
steps = Autograde().autograde_preprocessors
c.Autograde.autograde_preprocessors = replaced(steps, Execute, ExecuteOn)
c.ExecuteOn.timeout = 60  # seconds for a cell; no exercise needs more than a few
c.ExecuteOn.iopub_timeout = 20  # seconds to read what a cell has printed
c.ExecuteOn.max_output = 200_000  # characters
c.LimitOutput.max_lines = 200

# A deleted check comes back; so does the text of a changed one.
steps = Autograde().sanitize_preprocessors
c.Autograde.sanitize_preprocessors = replaced(steps, OverwriteCells, RestoreCells)
c.RestoreCells.add_missing_cells = True

# A submission runs behind walls: it sees the packages and its own cells, no network and
# nothing of the course.  What it may use, of all its processes together:
c.ExecuteOn.total_time = 300  # seconds for all its cells
c.LimitedKernel.memory = 4 * 2**30  # bytes
c.LimitedKernel.disk = 2**29  # bytes, all gone when it ends
c.LimitedKernel.files = 10_000
c.LimitedKernel.file_size = 2**28  # bytes
c.LimitedKernel.processes = 256  # and threads
c.LimitedKernel.packages = []  # further folders to be read
c.LimitedKernel.allow_unconfined = False  # True: run them also without walls

# What students write is shown in Formgrader without scripts.
c.HTMLExporter.sanitize_html = True

# How your platform names the files that it packs, if d2lmini-grade cannot tell whose
# they are; as for `nbgrader zip_collect`.  For `week3_jo.smith.ipynb`:
# c.FileNameCollectorPlugin.named_regexp = r".*/week3_(?P<student_id>[^/]+)\.ipynb"

# Kernels inherit this: no GPU to fight over, one thread each, and no warnings.
os.environ.update(CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")
