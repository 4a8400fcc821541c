"""The folder that a run of grading works in: it vanishes, however the run ends."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

PREFIX = "d2l-"
LOCK = ".in-use"
YOUNG = 60  # seconds in which another run may be about to lock its folder
STOPS = ("SIGTERM", "SIGHUP")  # Ctrl-C raises an exception as it is


@contextmanager
def room(where: Path) -> Iterator[Path]:
    """A new folder in `where`, locked while it is used, and removed in the end.

    What runs left there that were killed is removed first.
    """
    from filelock import FileLock

    sweep(where)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
    try:
        with FileLock(folder / LOCK):
            yield folder
    finally:
        remove(folder)


def sweep(where: Path) -> None:
    """Remove the folders in `where` that nobody holds any more.

    Only the lock tells, not a number of a process, which may live in a container.
    """
    from filelock import FileLock, Timeout

    for lock in where.glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError, Timeout):
            if time.time() - lock.stat().st_mtime > YOUNG:
                with FileLock(lock, timeout=0):
                    remove(lock.parent)


def remove(folder: Path) -> None:
    """Remove `folder`, although what is in it may be locked against that."""
    for left in [folder, *folder.rglob("*")]:
        with suppress(OSError):
            if left.is_dir() and not left.is_symlink():
                left.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def leave_in_order() -> None:
    """Let the signals that ask this process to stop end it by an exception."""

    def leave(number: int, _: FrameType | None) -> Any:
        raise SystemExit(128 + number)

    for name in STOPS:
        if found := getattr(signal, name, None):
            signal.signal(found, leave)
