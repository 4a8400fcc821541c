"""A file is written whole or not at all, and nothing else is left behind."""

import errno
import io
import os
import signal
import socket
import stat
import subprocess
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
    ("fail", "error"),
    [
        (lambda: Path("/nowhere/data.txt").read_bytes(), FileNotFoundError),
        (lambda: socket.create_connection(("127.0.0.1", 1)), ConnectionRefusedError),
    ],
)
def test_what_the_block_does_elsewhere_keeps_its_own_error(tmp_path, fail, error):
    with pytest.raises(error) as caught, written(tmp_path / "file"):
        fail()
    assert not isinstance(caught.value, StorageError) and names(tmp_path) == []


def test_a_file_within_the_block_of_another_names_itself_alone(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError) as caught, written(tmp_path / "file"):
        put(tmp_path / "folder", b"content")
    assert str(caught.value).startswith(f"{tmp_path / 'folder'} cannot be written (it")


@pytest.mark.parametrize("call", [storage.check, lambda path: put(path, b"content")])
@pytest.mark.parametrize("path", [None, 5, b"x", "", "a\0b", "\ud800"])
def test_what_names_no_file_is_one_sentence(path, call):
    with pytest.raises((TypeError, StorageError)) as caught:
        call(path)
    assert repr(path) in str(caught.value) and ": give a " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "it is a folder"),
        ("file/below", "exists|Not a directory"),
        ("n" * 300, "too long"),
        ("locked/file", "Permission denied"),
        ("kept", "it is read-only"),
        ("socket", "it is no file"),
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
    os.mknod(tmp_path / "socket", stat.S_IFSOCK)
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
@pytest.mark.parametrize("mode", [0o600, 0o660, 0o644, 0o666, 0o755])
def test_a_file_keeps_its_mode(tmp_path, mode):
    put(tmp_path / "file", b"old")
    (tmp_path / "file").chmod(mode)
    (tmp_path / "link").symlink_to("file")
    put(tmp_path / "link", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode == stat.S_IFREG | mode
    put(tmp_path / "other", b"")
    (tmp_path / "plain").touch()
    modes = [(tmp_path / name).stat().st_mode for name in ("other", "plain")]
    assert modes[0] == modes[1], "a new file has what others have"


@posix
@pytest.mark.parametrize(
    ("mode", "allowed", "kept"),
    [
        (0o660, True, 0o660),
        (0o660, False, 0o600),
        (0o664, False, 0o644),
        (0o646, False, 0o646),
    ],
)
def test_a_group_is_kept_or_no_other_takes_its_rights(
    tmp_path, monkeypatch, mode, allowed, kept
):
    asked, real = [], os.fstat

    def chown(number, owner, group):
        asked.append((owner, group))
        if not allowed:
            raise PermissionError

    def seen(number):  # a draft is of our own group until it has been given away
        about = real(number)
        group = about.st_gid + (not allowed)
        return SimpleNamespace(st_nlink=about.st_nlink, st_gid=group)

    put(tmp_path / "file", b"old")
    (tmp_path / "file").chmod(mode)
    about = (tmp_path / "file").stat()
    monkeypatch.setattr(os, "fchown", chown)
    monkeypatch.setattr(os, "fstat", seen)
    put(tmp_path / "file", b"new")
    monkeypatch.undo()
    assert asked == [(about.st_uid, -1), (-1, about.st_gid)]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == kept


@posix
def test_nobody_reads_a_private_file_before_it_is_in_its_place(tmp_path):
    put(tmp_path / "file", b"old")
    (tmp_path / "file").chmod(0o600)
    with written(tmp_path / "file") as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


@posix
def test_a_pipe_is_written_to_as_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    storage.check(tmp_path / "pipe")
    with pytest.raises(StorageError, match="pipe cannot be written"):
        put(tmp_path / "pipe", b"nobody reads this")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "link").symlink_to("pipe")
    put(tmp_path / "link", b"content")
    assert os.read(reader, 99) == b"content" and names(tmp_path) == ["link", "pipe"]
    os.close(reader)
    put(Path(os.devnull), b"content")
    assert Path(os.devnull).is_char_device()


@posix
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_standard_output_goes_on_where_it_is(tmp_path, to):
    code = (
        "import os; from d2lmini.storage import check, written\n"
        "check('/dev/stdout'); os.write(1, b'before, ')\n"
        "with written('/dev/stdout') as file: file.write(b'content')\n"
        "os.write(1, b', after')"
    )
    with (tmp_path / "file").open("w+b") as file:
        out = subprocess.PIPE if to == "pipe" else file
        done = subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
        file.seek(0)
        found = done.stdout if to == "pipe" else file.read()
    assert found == b"before, content, after"


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
