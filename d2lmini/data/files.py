"""The four files of Fashion-MNIST: found or fetched, and checked before use."""

import gzip
import hashlib
import os
import shutil
import tempfile
import zlib
from http.client import HTTPException
from pathlib import Path

import torch
from torch import Tensor

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
_DOWNLOAD_ERRORS = (
    RuntimeError,  # torchvision: every mirror failed, or an MD5 differs
    EOFError,
    ConnectionError,
    TimeoutError,
    HTTPException,
)
_HEADER = {"images": 16, "labels": 8}  # bytes before the data of an idx file


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
    else the user's cache, downloaded into when it is empty.  Raises DataError.
    """
    given = root if root is not None else os.environ.get("D2LMINI_DATA")
    folder = Path(given).expanduser() if given else cache()
    raw = folder / "FashionMNIST" / "raw"
    if not given:
        _fetch(folder)
    elif not raw.is_dir():
        raise DataError(
            f"There is no folder {raw}: give a folder that holds FashionMNIST/raw "
            "(as root= or in D2LMINI_DATA), or 'offline' for the drawn sample."
        )
    images, labels, test_images, test_labels = (
        _tensor(name, read(raw, name)) for name in SHA256
    )
    return images, labels, test_images, test_labels


def cache() -> Path:
    """The user's own folder for downloads (``XDG_CACHE_HOME`` moves it)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "d2lmini"


def read(raw: Path, name: str) -> bytes:
    """The decompressed content of one file, plain or ``.gz``, verified."""
    path = raw / name
    if not path.is_file():
        path = raw / f"{name}.gz"
    if not path.is_file():
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


def _fetch(folder: Path) -> None:
    """Fill ``folder`` unless all four files are there; one process at a time.

    torchvision downloads from its mirrors and checks its MD5s, into a folder
    of its own; each finished file then moves into place in one step, so a
    reader never meets half a file.
    """
    raw = folder / "FashionMNIST" / "raw"
    if _complete(raw):  # before the lock, which a read-only folder refuses
        return
    from filelock import FileLock  # needed here alone

    try:
        raw.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "download.lock"):
            if not _complete(raw):  # another process may have been first
                _download(folder, raw)
    except OSError as error:
        raise DataError(
            f"Fashion-MNIST cannot be stored in {folder}: "
            f"{error.strerror or error}; free some space there, or set "
            "D2LMINI_DATA to a folder that holds FashionMNIST/raw."
        ) from error


def _complete(raw: Path) -> bool:
    return all(
        (raw / name).is_file() or (raw / f"{name}.gz").is_file() for name in SHA256
    )


def _download(folder: Path, raw: Path) -> None:
    from torchvision.datasets import FashionMNIST  # slow to import

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        try:
            FashionMNIST(scratch, train=True, download=True)
        except _DOWNLOAD_ERRORS as error:
            mirrors = ", ".join(FashionMNIST.mirrors)
            reason = " ".join(str(error).split())  # torchvision's has lines
            raise DataError(
                f"Fashion-MNIST could not be downloaded from {mirrors} ({reason}): "
                "connect and run again, or set D2LMINI_DATA to a folder that holds "
                "FashionMNIST/raw, or to 'offline' for a drawn sample."
            ) from error
        for name in SHA256:
            source = Path(scratch) / "FashionMNIST" / "raw" / f"{name}.gz"
            shutil.move(source, raw / f"{name}.gz")
