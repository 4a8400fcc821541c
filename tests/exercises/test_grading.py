"""Kernels that do not start: a submission must not be lost with them."""

import nbformat
import pytest

from d2lmini.course.grading import ExecuteOn, LimitedKernel


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
    ExecuteOn(kernel_manager_class=manager, **options).preprocess(nb, {})
    return nb.cells[0].outputs[0].data["text/plain"]


def test_a_kernel_that_dies_at_its_start_is_replaced():
    manager = dying(times=1)
    assert graded(manager) == "42"
    assert manager.started == 2


def test_kernels_that_always_die_are_given_up():
    manager = dying(times=9)
    with pytest.raises(RuntimeError, match="died before replying"):
        graded(manager, start_attempts=2)
    assert manager.started == 2
