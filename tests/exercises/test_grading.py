"""Kernels that do not start: a submission must not be lost with them."""

import os
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from d2lmini.course import walls
from d2lmini.course.grading import ExecuteOn, LimitedKernel, NoWalls


def dying(times):
    """A kernel manager whose kernel dies at its start, for the first `times`."""

    class Dying(LimitedKernel):
        started = 0

        def format_kernel_cmd(self, extra_arguments=None):
            Dying.started += 1
            command = super().format_kernel_cmd(extra_arguments)
            return ["false"] if Dying.started <= times else command

    return Dying


def graded(manager, **options):
    cell = nbformat.v4.new_code_cell("6 * 7")
    nb = nbformat.v4.new_notebook(cells=[cell])
    nb.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    run(nb, kernel_manager_class=manager, **options)
    return nb.cells[0].outputs[0].data["text/plain"]


def run(nb, **options):
    """Run `nb`, also on a machine that builds no walls."""
    config = Config()
    config.LimitedKernel.allow_unconfined = not walls.find()[0]
    ExecuteOn(config=config, **options).preprocess(nb, {})


def test_a_kernel_that_dies_at_its_start_is_replaced():
    manager = dying(times=1)
    assert graded(manager) == "42"
    assert manager.started == 2


def test_kernels_that_always_die_are_given_up():
    manager = dying(times=9)
    with pytest.raises(RuntimeError, match="died before replying"):
        graded(manager, start_attempts=2)
    assert manager.started == 2


def test_without_walls_nothing_runs(monkeypatch):
    monkeypatch.setattr(walls, "find", lambda: (None, "none is installed"))
    with pytest.raises(NoWalls, match=r"none is installed.*allow_unconfined = True"):
        graded_plainly("6 * 7")


def test_without_walls_it_runs_where_that_was_decided(monkeypatch):
    monkeypatch.setattr(walls, "find", lambda: (None, "none is installed"))
    assert graded_plainly("6 * 7", allow=True) == "42"


def graded_plainly(source, allow=False):
    config = Config()
    config.LimitedKernel.allow_unconfined = allow
    cell = nbformat.v4.new_code_cell(source)
    nb = nbformat.v4.new_notebook(cells=[cell])
    ExecuteOn(config=config).preprocess(nb, {})
    return nb.cells[0].outputs[0].data["text/plain"]


def test_time_is_counted_for_all_cells_together():
    sleep = "import time\n\ntime.sleep(0.9)"
    cells = [nbformat.v4.new_code_cell(sleep) for _ in range(6)]
    nb = nbformat.v4.new_notebook(cells=cells)
    run(nb, total_time=2)
    names = [[x.ename for x in c.outputs if x.output_type == "error"] for c in cells]
    assert names[0] == [] and names[-1] == ["TimeIsOver"]


def test_a_kernel_starts_whatever_files_are_open():
    open_files = [os.dup(0) for _ in range(12)]
    for one in open_files[::2]:
        os.close(one)
    try:
        assert graded(LimitedKernel) == "42"
    finally:
        for one in open_files[1::2]:
            os.close(one)


def test_nothing_stays_open():
    graded(LimitedKernel)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(2):
        graded(LimitedKernel)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2
