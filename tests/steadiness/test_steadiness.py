"""The attacks of benchmarks/steadiness, a few tries of each."""

import os
import subprocess
import sys

import pytest

from benchmarks.steadiness.__main__ import PARTS, main
from tests import kernels
from tools import book


def command(*arguments, timeout=900):
    return subprocess.run(
        [*kernels.PYTHON, "-m", "benchmarks.steadiness", *arguments],
        cwd=book.ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_nothing_that_must_not_be_comes_of_any_attack():
    done = command("--short")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(PARTS)  # the head is one too


def test_an_unknown_part_is_named_with_those_that_there_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["steadiness", "nothing"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "there is no part nothing; there are kills, " in capsys.readouterr().err
