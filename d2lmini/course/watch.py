"""The memory and the processes of a kernel together, kept within bounds."""

import contextlib
import functools
import os
import platform
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

EVERY = 0.5  # seconds between two looks
SCOPE = ("systemd-run", "--user", "--scope", "--quiet", "--collect")


@functools.cache
def has_scopes() -> bool:
    """Whether systemd bounds a group of processes for this user (a control group)."""
    if not shutil.which(SCOPE[0]) or not Path("/run/systemd/system").exists():
        return False
    trial = [*SCOPE, "-p", "MemoryMax=1G", "-p", "TasksMax=64", "--", "true"]
    try:
        return subprocess.run(trial, capture_output=True, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def scope(memory: int, processes: int) -> list[str]:
    """What to put before a command so that a control group bounds it, if one can."""
    if not has_scopes():
        return []
    bounds = [f"MemoryMax={memory}", "MemorySwapMax=0", f"TasksMax={processes + 16}"]
    return [*SCOPE, *(x for one in bounds for x in ("-p", one)), "--"]


def process_limit(most: int) -> int:
    """The limit that lets a kernel start `most` processes.

    Before Linux 5.14 it counts all of the user's, elsewhere those behind the walls.
    """
    version = tuple(int(x) for x in platform.release().split("-")[0].split(".")[:2])
    if version >= (5, 14):
        return most
    user, running = os.getuid(), 0
    for one in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if one.stat().st_uid == user:
                running += len(list((one / "task").iterdir()))
    return most + running


def descendants(pid: int) -> set[int]:
    """`pid` and the processes that it and its children have started."""
    children: dict[int, list[int]] = {}
    for one in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            after = (
                (one / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
            children.setdefault(int(after[1]), []).append(int(one.name))
    found, new = set(), {pid}
    while new:
        found |= new
        new = {child for one in new for child in children.get(one, ())} - found
    return found


def resident(pid: int) -> int:
    """The bytes of memory that are `pid`'s own, files that it reads left out."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        own = (values.get(key, "0").split()[0] for key in ("RssAnon", "RssShmem"))
        return 1024 * sum(map(int, own))
    return 0


def unmapped(pids: set[int]) -> int:
    """The bytes of files in memory that `pids` hold open without a place or a name."""
    sizes: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            for one in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(one.readlink()).startswith("/memfd:"):
                        about = one.stat()
                        sizes[about.st_ino] = about.st_blocks * 512
    return sum(sizes.values())


class Watcher:
    """While it is entered, kill a kernel whose processes together use too much."""

    def __init__(self, pid: int, memory: int) -> None:
        self.pid, self.memory = pid, memory
        self.reason = ""
        self._stop = threading.Event()

    def __enter__(self) -> "Watcher":
        self._stop.clear()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(EVERY):
            pids = descendants(self.pid)
            used = sum(map(resident, pids)) + unmapped(pids)
            if self.memory and used > self.memory:
                most = f"{self.memory / 2**30:.3g} GiB"
                self.reason = f"its processes together used more than {most}."
                with contextlib.suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)
                return
