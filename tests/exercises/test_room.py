"""The folder that grading works in vanishes, however the run ends."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import courses
import pytest
from filelock import FileLock
from submissions import RIGHT, Submission, added

from d2lmini.course import room, walls, watch
from tools.book import ROOT


def old(lock):
    os.utime(lock, (0, 0))


def test_a_room_vanishes_also_with_what_is_locked_against_it(tmp_path):
    with pytest.raises(KeyError), room.room(tmp_path) as place:
        assert list(tmp_path.iterdir()) == [place]
        (place / "deep" / "er").mkdir(parents=True)
        (place / "deep" / "er" / "x").touch()
        (place / "out").symlink_to(tmp_path)
        (place / "deep" / "er").chmod(0)
        raise KeyError
    assert tmp_path.is_dir() and not any(tmp_path.iterdir())


def test_only_what_nobody_holds_is_swept_away(tmp_path):
    (tmp_path / "d2l-mine").mkdir()  # somebody else's: it has no lock
    for name in ("d2l-dead", "d2l-held", "d2l-young", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / room.LOCK).touch()
        if name != "d2l-young":
            old(tmp_path / name / room.LOCK)
    with FileLock(tmp_path / "d2l-held" / room.LOCK):
        old(tmp_path / "d2l-held" / room.LOCK)
        room.sweep(tmp_path)
    left = {one.name for one in tmp_path.iterdir()}
    assert left == {"d2l-mine", "d2l-held", "d2l-young", "other"}


def kernels(pid):
    """Those of the processes below `pid` that are kernels."""
    found = set()
    for one in watch.descendants(pid):
        with contextlib.suppress(OSError):
            if b"course/kernel.py" in Path(f"/proc/{one}/cmdline").read_bytes():
                found.add(one)
    return found


def alive(pid):
    """Whether it runs: of some that have ended, only who started them takes note."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.course
@pytest.mark.skipif(not walls.find()[0], reason="this machine builds no walls")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, number):
    slow = Submission("slow", 0, added("import time\n\ntime.sleep(300)"), RIGHT)
    folder = courses.made(tmp_path, [slow], "c.ExecuteOn.timeout = 400\n")
    with tempfile.TemporaryDirectory(prefix="t-") as place:
        running = subprocess.Popen(
            [sys.executable, "-m", "d2lmini.course.grade", "week3"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": place},
            stderr=subprocess.PIPE,
        )
        begun = time.monotonic()
        while not (started := kernels(running.pid)):
            assert running.poll() is None and time.monotonic() - begun < 200
            time.sleep(0.2)
        started |= watch.descendants(running.pid)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
        assert running.returncode in (130, 128 + number)
        assert b"Traceback" not in said, said.decode()
        begun = time.monotonic()
        while left := list(filter(alive, started)):
            assert time.monotonic() - begun < 10, left
            time.sleep(0.2)
        assert not list(Path(place).glob("d2l-*"))
