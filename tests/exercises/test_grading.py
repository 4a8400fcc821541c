"""Kernels that do not start: a submission must not be lost with them."""

import os
from pathlib import Path

import nbformat
import pytest
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from d2lmini.course import lock, walls
from d2lmini.course.grading import (
    ExecuteOn,
    LimitedKernel,
    NoWalls,
    as_written,
    copy_files,
    imports,
)


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
    nb.metadata.kernelspec = {"name": lock.KERNEL, "display_name": "Python 3"}
    run(nb, kernel_manager_class=manager, **options)
    assert nb.metadata.kernelspec.name == "python3"
    return nb.cells[0].outputs[0].data["text/plain"]


def run(nb, **options):
    """Run `nb`, also on a machine that builds no walls."""
    config = Config()
    config.LimitedKernel.allow_unconfined = not walls.find()[0]
    ExecuteOn(config=config, **options)(nb, {})


def test_what_is_not_to_run_is_unlocked_all_the_same():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    nb.metadata.kernelspec = {"name": lock.KERNEL, "display_name": "Python 3"}
    run(nb, enabled=False)
    assert nb.metadata.kernelspec.name == "python3" and not nb.cells[0].outputs


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


# What needs no kernel


def cell_of(source, **about):
    cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": about})
    cell.outputs = [nbformat.v4.new_output("stream", text="said")]
    return cell


def test_files_come_along_as_far_as_they_may(tmp_path):
    """No link, no pipe, no notebook, and no more than so many bytes of all together."""
    (tmp_path / "secret").write_text("theirs", encoding="utf-8")
    given, copied = tmp_path / "given", tmp_path / "copied"
    (given / "a").mkdir(parents=True)
    (given / "a" / "first.py").write_text("1 + 1", encoding="utf-8")
    (given / "more.ipynb").write_text("{}", encoding="utf-8")
    (given / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(given / "pipe")
    copy_files(given, copied, most=9)
    assert [p.name for p in copied.rglob("*") if p.is_file()] == ["first.py"]
    (given / "a" / "second.py").write_text("2 + 2", encoding="utf-8")
    copy_files(given, tmp_path / "few", most=9)
    (kept,) = (tmp_path / "few" / "a").iterdir()
    assert kept.read_text(encoding="utf-8") in ("1 + 1", "2 + 2")
    copy_files(given, tmp_path / "none", most=4)
    assert not (tmp_path / "none").exists()


def test_a_submission_never_reads_its_checks():
    cells = [
        cell_of("answer = 1", grade=False, solution=True),
        cell_of("by_hand = 1", grade=True, solution=True),
        cell_of("assert answer == 2", grade=True, solution=False),
    ]
    kept = nbformat.reads(as_written(cells), 4).cells
    assert [cell.source for cell in kept] == ["answer = 1", "by_hand = 1"]
    assert not any(cell.outputs for cell in kept)
    assert cells[0].outputs  # theirs stay


def test_our_own_imports_are_known_by_the_names_that_they_give():
    source = """
%matplotlib inline
    !pip list
import os.path, numpy as np
import torch.nn.functional as F
from torch import nn, optim as steps
"""
    ours = cell_of(source.replace("    !", "!"), locked=True)
    theirs = cell_of("import evil", locked=False)
    broken = cell_of("import (", locked=True)
    assert list(imports([broken, theirs, ours])) == [
        ("os", "os", ""),
        ("np", "numpy", ""),
        ("F", "torch.nn.functional", ""),
        ("nn", "torch", "nn"),
        ("steps", "torch", "optim"),
    ]


def test_what_a_cell_prints_is_cut_and_an_error_is_not(monkeypatch):
    def said(kind, **content):
        runs.process_message({"msg_type": kind, "content": content}, None, 0)

    def take(self, message, cell, index):
        kept.append(message)

    runs, kept = ExecuteOn(max_output=100), []
    monkeypatch.setattr(Execute, "process_message", take)
    runs.printed = {0: 0}
    for _ in range(3):
        said("stream", text="x" * 80)
    assert [one["content"]["text"][:80].count("x") for one in kept] == [80, 10]
    runs.printed = {0: 0, **dict.fromkeys(range(1, 60), 100)}
    said("stream", text="x")
    said("error", ename="E")
    assert [one["msg_type"] for one in kept[2:]] == ["error"]


def test_a_cell_gets_the_time_that_is_left():
    runs = ExecuteOn(total_time=10, timeout=7)
    found = []
    for runs.spent in (0, 3.5, 9.5, 12):
        found.append((runs._left(), runs._get_timeout(None)))
    assert found == [(10, 7), (7, 7), (1, 1), (0, 1)]
