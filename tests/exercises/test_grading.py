"""Kernels that do not start: a submission must not be lost with them."""

import contextlib
import socket

import nbformat
import pytest

from d2lmini.course.grading import ExecuteOn, LimitedKernel


def robbed(times):
    """A kernel manager whose kernel finds a port taken, for the first `times`."""
    taken = contextlib.ExitStack()

    class Robbed(LimitedKernel):
        started = 0

        def format_kernel_cmd(self, extra_arguments=None):
            if Robbed.started < times:
                thief = taken.enter_context(socket.socket())
                thief.bind((self.ip, self.shell_port))
            Robbed.started += 1
            return super().format_kernel_cmd(extra_arguments)

    return Robbed, taken


def graded(manager, **options):
    cell = nbformat.v4.new_code_cell("6 * 7")
    nb = nbformat.v4.new_notebook(cells=[cell])
    nb.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    ExecuteOn(kernel_manager_class=manager, **options).preprocess(nb, {})
    return nb.cells[0].outputs[0].data["text/plain"]


def test_a_kernel_that_dies_at_its_start_is_replaced():
    manager, taken = robbed(times=1)
    with taken:
        assert graded(manager) == "42"
    assert manager.started == 2


def test_kernels_that_always_die_are_given_up():
    manager, taken = robbed(times=9)
    with taken, pytest.raises(RuntimeError, match="died before replying"):
        graded(manager, start_attempts=2)
    assert manager.started == 2
