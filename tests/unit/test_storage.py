"""A file is written whole or not at all, and nothing else is left behind."""

import errno
import io
import os
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from nbformat.v4 import new_notebook

from d2lmini import storage
from d2lmini.course import assign, bank, export, feedback, grade, memory, report
from d2lmini.storage import StorageError, written
from tools import lab, outputs
from tools.written import Written

posix = pytest.mark.skipif(os.name == "nt", reason="signals and locks of POSIX")


def put(path: Path, content: bytes) -> None:
    with written(path) as file:
        file.write(content)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


class Failing(io.RawIOBase):
    """Passes on what is written until it raises ``error``, as a full disk does."""

    def __init__(self, file, calls: int, error: BaseException) -> None:
        self.file, self.calls, self.error = file, calls, error

    def write(self, data):
        self.calls -= 1
        if self.calls < 0:
            raise self.error
        return self.file.write(data)


def test_folders_are_made_and_files_replaced(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    for content in (b"first", b"", b"second" * 10_000):
        put(path, content)
        assert path.read_bytes() == content
        assert names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_a_failure_in_between_changes_nothing(tmp_path, error):
    put(tmp_path / "file", b"good")
    with pytest.raises(type(error)) as caught, written(tmp_path / "file") as file:
        file.write(b"half")
        raise error
    assert caught.value is error
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"good"


@pytest.mark.parametrize("calls", range(12))
@pytest.mark.parametrize("error", [OSError(28, "Disk full"), KeyboardInterrupt()])
def test_what_torch_makes_of_an_error_is_undone(tmp_path, calls, error):
    """torch.save turns both into a RuntimeError that names no file."""
    state = {"weights": torch.zeros(1000), "steps": list(range(9))}
    wanted = StorageError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted) as caught, written(tmp_path / "run.pt") as file:
        torch.save(state, Failing(file, calls, error))
    if wanted is StorageError:
        assert "run.pt cannot be written (Disk full): free some space" in str(
            caught.value
        )
        assert caught.value.errno == 28
    assert names(tmp_path) == []


def test_an_error_that_is_already_being_handled_is_not_the_cause(tmp_path):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        with pytest.raises(TypeError, match="mine"), written(tmp_path / "file"):
            raise TypeError("mine") from None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "it is a folder"),
        ("file/below", "exists|Not a directory"),
        ("n" * 300, "too long"),
        ("locked/file", "Permission denied"),
        ("kept", "it is read-only"),
        ("pipe", "it is no file"),
    ],
)
@pytest.mark.parametrize("call", [storage.check, lambda path: put(path, b"content")])
def test_a_path_that_cannot_be_is_one_sentence(tmp_path, name, reason, call):
    if name in ("locked/file", "kept") and os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "kept").write_bytes(b"here")
    (tmp_path / "kept").chmod(0o400)
    (tmp_path / "locked").mkdir(mode=0o500)
    os.mkfifo(tmp_path / "pipe")
    before = names(tmp_path)
    with pytest.raises(StorageError, match=reason) as caught:
        call(tmp_path / name)
    assert "\n" not in str(caught.value) and name in str(caught.value)
    assert names(tmp_path) == before


def test_a_path_that_can_be_is_left_alone(tmp_path):
    storage.check(tmp_path / "new" / "file")
    assert names(tmp_path / "new") == []
    put(tmp_path / "file", b"good")
    storage.check(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"good"


def test_a_link_stays_a_link(tmp_path):
    put(tmp_path / "far" / "file", b"old")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "file")
    put(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "file").read_bytes() == b"new"


@posix
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.01, 0.03])
def test_the_draft_of_a_killed_process_is_removed_by_the_next(tmp_path, delay):
    path = tmp_path / "file"
    put(path, b"0" * 100_000)
    child = os.fork()
    if child == 0:
        while True:
            put(path, b"1" * 100_000)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.read_bytes() in (b"0" * 100_000, b"1" * 100_000)
    put(tmp_path / "other", b"")
    assert names(tmp_path) == ["file", "other"]


@posix
def test_a_draft_in_the_making_is_left_alone(tmp_path):
    with written(tmp_path / "file") as file:
        file.write(b"first half, ")
        put(tmp_path / "file", b"another's")
        assert len(names(tmp_path)) == 2
        file.write(b"second half")
    assert (tmp_path / "file").read_bytes() == b"first half, second half"
    assert names(tmp_path) == ["file"]


@posix
def test_many_at_once_lose_nothing(tmp_path):
    children = []
    for number in range(6):
        children.append(os.fork())
        if children[-1] == 0:
            code = 1
            try:
                for _ in range(20):
                    put(tmp_path / "file", bytes([number]) * 5000)
                code = 0
            finally:
                os._exit(code)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    content = (tmp_path / "file").read_bytes()
    assert len(content) == 5000 and len(set(content)) == 1
    assert names(tmp_path) == ["file"]


def test_without_locks_only_old_drafts_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "fcntl", None)
    old, new = tmp_path / ".d2lmini-a.draft", tmp_path / ".d2lmini-b.draft"
    for draft in (old, new):
        draft.touch()
    os.utime(old, (0, 0))
    put(tmp_path / "file", b"content")
    assert names(tmp_path) == [new.name, "file"]


# ---- all that writes for keeps -------------------------------------------------


#: Each writes the file ``path``.
WRITERS = {
    "a chapter": lambda path: outputs.write(new_notebook(), path),
    "a copy": lambda path: Written(path.parent).write(path.name, b"new"),
    "an assignment": lambda path: assign.write(new_notebook(), path, force=True),
    "questions": lambda path: bank.run(
        Namespace(to="gift", questions=None, names=[], book=None, title="", file=path)
    ),
    "what was graded": lambda path: memory.Memory(
        path.parent, path.stem, memory.Share()
    ).save(),
    "the report": lambda path: report.write([], path),
    "grades": lambda path: export.write(None, "csv", [], path),
    "a page": lambda path: feedback._put(path.parent, path.name, "new"),
}


def full(_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("what", WRITERS)
def test_whatever_is_kept_is_written_whole_or_not_at_all(tmp_path, monkeypatch, what):
    monkeypatch.setattr(export, "lines", lambda *_: ([], []))
    monkeypatch.setattr(bank, "of_book", lambda *_: [])
    path = tmp_path / "new" / "file.json"
    WRITERS[what](path)
    path.write_bytes(b"good")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        WRITERS[what](path)
    assert path.read_bytes() == b"good"
    assert set(names(path.parent)) <= {"file.json", ".written"}


@pytest.mark.parametrize(
    ("command", "does"),
    [(assign, "run"), (bank, "run"), (grade, "_grade"), (lab, "opened")],
)
def test_a_command_says_what_it_cannot_write(monkeypatch, capsys, command, does):
    def fails(_):
        raise StorageError("x cannot be written (it is read-only).")

    monkeypatch.setattr(command, does, fails)
    monkeypatch.setattr(lab, "data", SimpleNamespace(settle=lambda: None))
    monkeypatch.setattr(grade.room, "leave_in_order", lambda: None)
    monkeypatch.setattr(
        sys, "argv", ["it", "week3", *(["--to=gift"] * (does == "run"))]
    )
    with pytest.raises(SystemExit) as ended:
        command.main()
    said = f"{ended.value} {capsys.readouterr().err}"
    assert "x cannot be written (it is read-only)." in said and ended.value.code
