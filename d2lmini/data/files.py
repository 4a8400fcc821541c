"""The four files of Fashion-MNIST: found or fetched, and checked before use."""

import gzip
import hashlib
import os
import zlib
from contextlib import AbstractContextManager
from functools import lru_cache
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.request import Request, urlopen

import torch
from torch import Tensor

from d2lmini import storage

#: SHA-256 of each file once decompressed; archives may be packed anew.
SHA256 = {
    "train-images-idx3-ubyte": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
    ),
    "train-labels-idx1-ubyte": (
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
    ),
    "t10k-images-idx3-ubyte": (
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
    ),
    "t10k-labels-idx1-ubyte": (
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
    ),
}
OFFLINE = "offline"
#: Where torchvision fetches the archives, and its checksums of them.  It is not asked
#: itself: its requests have no time limit, and importing it takes seconds.
MIRRORS = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
MD5 = {
    "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
}
PATIENCE = 20.0  # seconds without a byte after which a mirror is given up
WAIT = 2.0  # seconds after which a process says what it waits for
_LARGEST = 50_000_000  # bytes: no archive has as many
_PIECE = 1 << 18  # bytes between two words on the progress
_REMEDY = "set D2LMINI_DATA to a folder that holds FashionMNIST/raw"
_HEADER = {"images": 16, "labels": 8}  # bytes before the data of an idx file

State = tuple[tuple[Path, int, int, int], ...]


class DataError(RuntimeError):
    """The data are missing or not what they should be; says what to do."""


def is_offline(root: str | Path | None) -> bool:
    """Whether the drawn sample is asked for, here or by ``D2LMINI_DATA``."""
    asked = root if root is not None else os.environ.get("D2LMINI_DATA")
    return asked == OFFLINE


def load(root: str | Path | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training images and labels, test images and labels.

    Images uint8 (N, 1, 28, 28), labels int64 (N,).  ``root`` is a folder with
    ``FashionMNIST/raw`` in it, read in place; None means ``D2LMINI_DATA``,
    else the user's cache, downloaded into when it is empty.  The tensors are the
    caller's own; files that have not changed since the last call are not unpacked
    again.  Raises DataError.
    """
    given = root if root is not None else os.environ.get("D2LMINI_DATA") or None
    folder = _folder(given)
    try:
        raw = folder / "FashionMNIST" / "raw"
        if given is None:
            _fetch(folder, raw)
        elif not raw.is_dir():
            raise DataError(
                f"There is no folder {raw}: give a folder that holds FashionMNIST/raw "
                "(as root= or in D2LMINI_DATA), or 'offline' for the drawn sample."
            )
        images, labels, test_images, test_labels = unpacked(raw, _state(raw))
    except OSError as error:  # a folder that this user may not enter
        raise DataError(
            f"{error.filename} cannot be read ({error.strerror}): {_REMEDY} and that "
            "this user may read."
        ) from error
    return images.clone(), labels.clone(), test_images.clone(), test_labels.clone()


@lru_cache(maxsize=1)
def unpacked(raw: Path, state: State) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the four files in ``raw`` hold, kept while their ``state`` is the same.

    Nobody's to change: the next caller is given the same tensors.
    """
    images, labels, test_images, test_labels = (
        _tensor(name, read(raw, name)) for name in SHA256
    )
    return images, labels, test_images, test_labels


def _state(raw: Path) -> State:
    """What tells the files in ``raw`` from what they were at another time."""
    stats = [(p, p.stat()) for name in SHA256 if (p := _place(raw, name))]
    return tuple((p, s.st_ino, s.st_size, s.st_mtime_ns) for p, s in stats)


def _folder(given: str | Path | None) -> Path:
    try:
        return cache() if given is None else Path(given).expanduser().absolute()
    except RuntimeError as error:  # no home directory, or nobody's
        raise DataError(
            f"There is no folder {given or 'for downloads'} ({error}): {_REMEDY}, or "
            "to 'offline' for the drawn sample."
        ) from None


def cache() -> Path:
    """The user's own folder for downloads (``XDG_CACHE_HOME`` moves it)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "d2lmini"


def read(raw: Path, name: str) -> bytes:
    """The decompressed content of one file, plain or ``.gz``, verified."""
    path = _place(raw, name)
    if path is None:
        raise DataError(
            f"{raw} holds neither {name} nor {name}.gz: copy the missing file there, "
            "or set D2LMINI_DATA to a complete folder or to 'offline'."
        )
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(_damaged(path, f"cannot be unpacked ({error})")) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[name]:
        other = next((n for n, known in SHA256.items() if known == digest), None)
        what = f"holds {other}" if other else f"is not {name} (SHA-256 {digest[:12]}…)"
        raise DataError(_damaged(path, what))
    return content


def _place(raw: Path, name: str) -> Path | None:
    """Where a file lies, plain or ``.gz``; None for one that is missing."""
    places = raw / name, raw / f"{name}.gz"
    return next((place for place in places if place.is_file()), None)


def _damaged(path: Path, what: str) -> str:
    return (
        f"{path} {what}: delete it and get it again (the download does so by "
        "itself), or point D2LMINI_DATA at a sound copy."
    )


def _tensor(name: str, content: bytes) -> Tensor:
    kind = "images" if "images" in name else "labels"
    flat = torch.frombuffer(bytearray(content), dtype=torch.uint8)[_HEADER[kind] :]
    # (N·784,) → (N, 1, 28, 28), or (N,)
    return flat.view(-1, 1, 28, 28) if kind == "images" else flat.long()


def _fetch(folder: Path, raw: Path) -> None:
    """Fill ``folder`` unless all four files are there; one process at a time.

    Each file moves into place in one step, so a reader never meets half of it.
    """
    if not _missing(raw):  # before the lock, which a read-only folder refuses
        return
    try:
        raw.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            for name in _missing(raw):  # another process may have been first
                content = _download(name)
                with storage.written(raw / f"{name}.gz") as file:
                    file.write(content)
    except (OSError, NotImplementedError) as error:  # the latter: no locks there
        code = getattr(error, "errno", None)
        reason = os.strerror(code) if code else error
        room = "free some space there, or " if storage.full(error) else ""
        raise DataError(
            f"Fashion-MNIST cannot be stored in {folder} ({reason}): {room}{_REMEDY}."
        ) from error


def _alone(folder: Path) -> AbstractContextManager[object]:
    """Only one process at a time is in this block; the others say that they wait."""
    from filelock import FileLock, Timeout  # needed here alone

    lock = FileLock(folder / "download.lock")
    try:
        return lock.acquire(timeout=WAIT)
    except Timeout:
        print(
            f"another program is fetching Fashion-MNIST into {folder}: waiting for it"
        )
        return lock.acquire()


def _missing(raw: Path) -> list[str]:
    return [name for name in SHA256 if not _place(raw, name)]


def _download(name: str) -> bytes:
    """The archive of one file, from the first mirror that has it."""
    failures = []
    for mirror in MIRRORS:
        try:
            request = Request(f"{mirror}{name}.gz", headers={"User-Agent": "d2lmini"})
            with urlopen(request, timeout=PATIENCE) as response:
                content = _content(name, response)
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5[name]:
                return content
            reason = f"{len(content):,} bytes came, with another checksum"
        except (OSError, HTTPException, ValueError) as error:
            said = str(getattr(error, "reason", error)) or type(error).__name__
            reason = " ".join(said.split())
        failures.append(f"{mirror} ({reason})")
    raise DataError(
        f"Fashion-MNIST could not be downloaded from {', '.join(failures)}: connect "
        f"and run again, or {_REMEDY}, or to 'offline' for a drawn sample."
    )


def _content(name: str, response: HTTPResponse) -> bytes:
    """All that comes, while it is said how much."""
    total = f" of {int(response.length) / 1e6:.1f}" if response.length else ""
    content = bytearray()
    while len(content) < _LARGEST and (piece := response.read(_PIECE)):
        content += piece
        done = f"{len(content) / 1e6:.1f}{total} MB"
        print(f"fetching Fashion-MNIST, {name}: {done}", end="\r", flush=True)
    print(flush=True)
    return bytes(content)
