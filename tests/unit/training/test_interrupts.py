"""The stop button of a notebook: the history is kept, and Run All does not run on."""

import signal

import nbclient
import nbformat
import pytest

from d2lmini.training import interrupts

SETUP = """
import os, signal, sys; sys.path.insert(0, {tests!r})
from samples import quietly, small_net, splits
from d2lmini.training.report import Silent

class Press(Silent):
    def batch(self, epoch, done):
        if epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
"""
STOPPED = """
histories = []
for _ in range(3):
    histories.append(quietly(small_net(), splits(), report=Press()))
"""
AFTER = """
print(len(histories), len(histories[0].epochs), f"{histories[0].test_accuracy:.4f}")
"""


def notebook(request, *sources):
    setup = SETUP.format(tests=str(request.path.parents[1]))
    cells = [nbformat.v4.new_code_cell(source) for source in (setup, *sources)]
    return nbformat.v4.new_notebook(cells=cells)


def executed(nb, **options):
    return nbclient.NotebookClient(
        nb, kernel_name="python3", timeout=60, **options
    ).execute()


def test_what_was_trained_is_kept_and_prints(request):
    nb = notebook(request, STOPPED, AFTER, "print('and on')")
    executed(nb, allow_errors=True)  # as somebody who goes on, cell by cell
    assert nb.cells[2].outputs[0].text == "1 1 nan\n"
    assert nb.cells[3].outputs[0].text == "and on\n"


def test_the_cell_counts_as_interrupted(request):
    """As after any KeyboardInterrupt: so Run All stops, and so does this client."""
    nb = notebook(request, STOPPED, "print('runs on')")
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        executed(nb)
    assert not nb.cells[2].outputs


def test_a_launchers_end_that_comes_too_late_for_a_point_is_not_lost():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with interrupts.heard(termination=True):
            signal.raise_signal(signal.SIGTERM)
            assert not heard
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_that_comes_too_late_for_a_point_ends_a_process_of_several():
    """As it would end the script by itself; alone, a training that is over stays so."""
    with interrupts.heard():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts.heard(termination=True):
        signal.raise_signal(signal.SIGINT)


def test_a_launchers_end_is_heard_where_ctrl_c_is_ignored():
    """As in all that a shell has started with ``&``."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(interrupts.Terminated), interrupts.heard(termination=True):
            signal.raise_signal(signal.SIGTERM)
            interrupts.point()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
