"""Files are found, fetched and checked; a bad one is refused by name."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torchvision.datasets import FashionMNIST

from d2lmini.data import files
from d2lmini.data.files import DataError

IMAGES = "train-images-idx3-ubyte"


def test_reads_what_was_written_plain_or_packed(data_folder, small_files):
    raw = data_folder / "FashionMNIST" / "raw"
    packed = files.load(data_folder)
    (raw / f"{IMAGES}.gz").unlink()
    (raw / IMAGES).write_bytes(small_files[IMAGES])
    plain = files.load(data_folder)
    assert all(torch.equal(a, b) for a, b in zip(packed, plain, strict=True))
    pixels = torch.frombuffer(bytearray(small_files[IMAGES][16:]), dtype=torch.uint8)
    assert torch.equal(plain[0].flatten(), pixels)
    assert plain[1].tolist() == [i % 10 for i in range(600)]


def test_agrees_with_torchvision(data_folder):
    ours = files.load(data_folder)
    for name in files.SHA256:  # torchvision wants them unpacked
        raw = data_folder / "FashionMNIST" / "raw"
        (raw / name).write_bytes(files.read(raw, name))
    theirs = FashionMNIST(data_folder, train=False)
    assert torch.equal(ours[2][:, 0], theirs.data)
    assert torch.equal(ours[3], theirs.targets)


def _flip_bit(path: Path) -> None:
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[100] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _swap(path: Path) -> None:
    other = path.with_name("t10k-images-idx3-ubyte.gz")
    path.write_bytes(other.read_bytes())


def _text(path: Path) -> None:
    path.write_text("<html>404 not found</html>")


def _flip_packed_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_flip_bit, "SHA-256"),
        (_truncate, "unpacked"),
        (_swap, "holds t10k-images"),
        (_text, "unpacked"),
        (_flip_packed_bit, "unpacked|SHA-256"),
        (Path.unlink, "neither"),
    ],
)
def test_bad_file_is_named_and_refused(data_folder, harm, words):
    harm(data_folder / "FashionMNIST" / "raw" / f"{IMAGES}.gz")
    with pytest.raises(DataError, match=words) as caught:
        files.load(data_folder)
    assert IMAGES in str(caught.value)
    assert "D2LMINI_DATA" in str(caught.value)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no folder .*nowhere.*'offline'"):
        files.load(tmp_path / "nowhere")


def test_environment_names_the_folder(data_folder, monkeypatch):
    monkeypatch.setenv("D2LMINI_DATA", str(data_folder))
    assert len(files.load(None)[0]) == 600


def test_given_folder_is_never_written_to(data_folder):
    raw = data_folder / "FashionMNIST" / "raw"
    before = {p: p.stat().st_mtime_ns for p in data_folder.rglob("*")}
    raw.chmod(0o555)
    try:
        files.load(data_folder)
    finally:
        raw.chmod(0o755)
    assert {p: p.stat().st_mtime_ns for p in data_folder.rglob("*")} == before


@pytest.fixture
def mirror(data_folder, monkeypatch):
    """torchvision's mirror, on this machine; counts the requests it gets."""
    folder = data_folder / "FashionMNIST" / "raw"
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def handle(self):
            with contextlib.suppress(ConnectionError):  # torchvision hangs up early
                super().handle()

        def log_message(self, *args):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    sums = [
        (f"{n}.gz", hashlib.md5((folder / f"{n}.gz").read_bytes()).hexdigest())
        for n in files.SHA256
    ]
    monkeypatch.setattr(FashionMNIST, "mirrors", [url])
    monkeypatch.setattr(FashionMNIST, "resources", sums)
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "d2lmini"


def test_download_happens_once_for_many_at_once(mirror, empty_cache, monkeypatch):
    with monkeypatch.context() as alone:
        alone.setenv("XDG_CACHE_HOME", str(empty_cache / "alone"))
        files.load(None)
    once = sorted(mirror)
    mirror.clear()
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: files.load(None), range(4)))
    assert all(torch.equal(loaded[0][0], other[0]) for other in loaded)
    assert sorted(mirror) == once
    kept = {p.name for p in (empty_cache / "FashionMNIST" / "raw").iterdir()}
    assert kept == {f"{name}.gz" for name in files.SHA256}  # and no scratch


def test_failed_download_says_what_was_tried(mirror, empty_cache, monkeypatch):
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError, match=r"127.0.0.1:9.*D2LMINI_DATA.*'offline'"):
        files.load(None)
    assert not list((empty_cache / "FashionMNIST" / "raw").iterdir())


def test_wrong_checksum_from_a_mirror_is_refused(mirror, empty_cache, monkeypatch):
    sums = [(name, "0" * 32) for name, _ in FashionMNIST.resources]
    monkeypatch.setattr(FashionMNIST, "resources", sums)
    with pytest.raises(DataError, match="could not be downloaded"):
        files.load(None)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_full_or_read_only_disk_is_one_sentence(empty_cache, monkeypatch, code):
    def refuse(*_args, **_options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DataError, match=r"cannot be stored in .*d2lmini") as caught:
        files.load(None)
    assert os.strerror(code) in str(caught.value)


def test_complete_cache_is_read_without_lock_or_network(
    mirror, empty_cache, monkeypatch
):
    files.load(None)
    monkeypatch.setattr("filelock.FileLock", None)  # would fail when called
    mirror.clear()
    assert len(files.load(None)[0]) == 600
    assert not mirror
