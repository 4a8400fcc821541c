"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_DRAFT = ".d2lmini-{}.draft"
_HOUR = 3600.0  # seconds after which a draft is abandoned where there are no locks


class StorageError(OSError):
    """A file cannot be written; says which one, why, and what to do."""


@contextlib.contextmanager
def written(path: str | Path) -> Iterator[BinaryIO]:
    """An open file that takes the place of ``path`` when the block has ended.

    Until then, and after any error, ``path`` is what it was; a link to a file
    stays one, and a file keeps its mode.  Missing folders are made, and drafts
    beside it whose process has died are removed.  A pipe or a device is written to
    as it is.  Raises StorageError where the disk refuses, and TypeError for what is no
    path.  A refusal or a Ctrl-C that a library has wrapped in an error of its own is
    unwrapped first; other errors of the block leave it as they came.
    """
    _refuse_nameless(path)
    if _flows(path):
        with _explained(path), open(_opened(path), "wb") as file:
            yield file
        return
    place = Path(os.path.realpath(path))
    with _explained(path), _draft(place) as (draft, file):
        _keep_mode(place, file)
        yield file
        file.flush()
        os.fsync(file.fileno())  # else a power cut leaves an empty file
        if fcntl is None:
            file.close()  # Windows moves no open file
        draft.replace(place)


def check(path: str | Path) -> None:
    """Raise what :func:`written` would before its block; ``path`` stays as it is."""
    _refuse_nameless(path)
    if _flows(path):  # whoever reads it would take a try for the end
        return
    with _explained(path), _draft(Path(os.path.realpath(path))):
        pass


def _refuse_nameless(path: object) -> None:
    """One sentence for what no file can be called."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"the path is {path!r}: give a text or a Path.")
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:  # half a character, say
        name = b""
    if not name or b"\0" in name:
        raise StorageError(
            f"{os.fspath(path)!r} cannot be written (it is no file's name): give a "
            "path that can be written."
        )


#: What a process has open already, by the name that it gives it.
_OPEN = {"/dev/stdout": 1, "/dev/stderr": 2}


def _flows(path: str | Path) -> bool:
    """Whether ``path`` is a pipe or a device, whose place no file can take."""
    if str(path) in _OPEN:
        return True
    with contextlib.suppress(OSError):
        return Path(path).is_fifo() or Path(path).is_char_device()
    return False


def _opened(path: str | Path) -> int:
    """A pipe or a device, open to be written; an OSError if nobody reads a pipe."""
    if str(path) in _OPEN:
        return os.dup(_OPEN[str(path)])  # goes on where others have written
    number = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    if fcntl is not None:
        os.set_blocking(number, True)
    return number


def _keep_mode(place: Path, file: BinaryIO) -> None:
    """Give ``file`` the owner, the group and the mode of ``place``, if it is there.

    Where the group cannot be kept, another one may do no more than everybody may.
    """
    if fcntl is None or not place.exists():
        return
    number, old = file.fileno(), place.stat()
    for owner, group in ((old.st_uid, -1), (-1, old.st_gid)):
        with contextlib.suppress(OSError):  # it is not ours to give
            os.fchown(number, owner, group)
    mode = old.st_mode & 0o777
    if os.fstat(number).st_gid != old.st_gid:
        mode &= 0o707 | (mode & 0o007) << 3
    with contextlib.suppress(OSError):  # a disk without modes
        os.fchmod(number, mode)


@contextlib.contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    """What goes wrong with the disk, in one sentence."""
    outer = sys.exc_info()[1]  # one that is being handled already is none of ours
    try:
        yield
    except Exception as error:
        cause = _cause(error, outer)
        if isinstance(cause, KeyboardInterrupt):
            raise cause from None
        if cause is None or _elsewhere(cause, path):
            raise
        remedy = "free some space" if full(cause) else "give a path that can be written"
        failure = StorageError(
            f"{path} cannot be written ({cause.strerror or cause}): {remedy}."
        )
        failure.errno = cause.errno
        raise failure from error


def _elsewhere(error: OSError, path: str | Path) -> bool:
    """Whether a block met ``error`` with another file or machine than its own."""
    if isinstance(error, StorageError):  # which names its own
        return True
    if isinstance(error, ConnectionError) and not isinstance(error, BrokenPipeError):
        return True
    if not isinstance(error.filename, str | bytes | os.PathLike):  # as writes have it
        return False
    place, named = (
        Path(os.path.realpath(os.fsdecode(one))) for one in (path, error.filename)
    )
    return named not in place.parents and named.parent != place.parent  # with drafts


def full(error: Exception) -> bool:
    """Whether the disk, or the user's share of it, has no room left."""
    codes = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    return isinstance(error, OSError) and error.errno in codes


def _cause(
    error: BaseException | None, outer: BaseException | None
) -> OSError | KeyboardInterrupt | None:
    """The disk's error, or the interrupt, that a library's own error hides."""
    while error is not None and error is not outer:
        if isinstance(error, OSError | KeyboardInterrupt):
            return error
        error = error.__cause__ or error.__context__
    return None


@contextlib.contextmanager
def _draft(place: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside ``place``, locked while it is written, gone afterwards."""
    if place.exists() and not place.is_file():
        raise OSError("it is a folder" if place.is_dir() else "it is no file")
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError("it is read-only")
    place.parent.mkdir(parents=True, exist_ok=True)
    _tidy(place.parent)
    # A random name: two containers can have processes of the same number.
    draft = place.with_name(_DRAFT.format(secrets.token_hex(8)))
    try:
        with _locked(draft) as file:
            yield draft, file
    finally:
        draft.unlink(missing_ok=True)


def _locked(draft: Path) -> BinaryIO:
    """``draft``, opened; nobody who tidies up takes it for abandoned."""
    while True:
        file = draft.open("xb")
        if fcntl is not None:
            with contextlib.suppress(OSError):  # no locks on this disk
                fcntl.flock(file, fcntl.LOCK_EX)
            if not os.fstat(file.fileno()).st_nlink:  # tidied up before the lock
                file.close()
                continue
        return file


def _tidy(folder: Path) -> None:
    """Remove the drafts of processes that have died: nobody holds their lock."""
    for draft in folder.glob(_DRAFT.format("*")):
        with contextlib.suppress(OSError):
            if fcntl is None:
                if time.time() - draft.stat().st_mtime > _HOUR:
                    draft.unlink()
                continue
            with draft.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                draft.unlink()
