"""The types of the package, which mypy takes a while to read the first time.

A test, so that others run beside it.
"""

import subprocess
import sys

from tools import book


def test_mypy_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "mypy"],
        cwd=book.ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
