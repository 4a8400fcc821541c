"""Files are found, fetched and checked; a bad one is refused by name."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import os
import signal
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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


def test_what_was_read_is_not_unpacked_again_unless_a_file_has_changed(
    data_folder, monkeypatch
):
    first = files.load(data_folder)
    kept = [tensor.clone() for tensor in first]
    for tensor in first:
        tensor.zero_()  # the caller's own
    with monkeypatch.context() as patched:
        patched.setattr(files, "read", None)
        again = files.load(data_folder)
    assert all(torch.equal(a, b) for a, b in zip(again, kept, strict=True))
    path = data_folder / "FashionMNIST" / "raw" / f"{IMAGES}.gz"
    _flip_bit(path)
    with pytest.raises(DataError, match=IMAGES):
        files.load(data_folder)
    path.unlink()
    with pytest.raises(DataError, match="neither"):
        files.load(data_folder)


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
    path.write_text("<html>404 not found</html>", encoding="utf-8")


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


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("~nobody-of-this-name/x", "no folder ~nobody-of-this-name/x .*D2LMINI_DATA"),
        ("nul\0byte", "no folder"),
        ("n" * 300, "cannot be read .File name too long"),
    ],
)
def test_an_odd_folder_is_one_sentence(given, words):
    with pytest.raises(DataError, match=words):
        files.load(given)


def test_no_home_directory_is_one_sentence(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DataError, match=r"home directory.*: set D2LMINI_DATA"):
        files.load(None)


@pytest.mark.parametrize("part", ["is_dir", "is_file"])
def test_a_folder_that_may_not_be_entered_is_one_sentence(
    data_folder, monkeypatch, part
):
    def forbidden(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, part, forbidden)
    with pytest.raises(DataError, match=r"FashionMNIST.* \(Permission denied\): set"):
        files.load(data_folder)


def answer(folder: Path, asked: list[str]):
    """An honest mirror of ``folder``; ``asked`` are the paths."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            asked.append(self.path)

    return Handler


def dishonest(folder: Path, behave):
    """A mirror that does with the connection and the right answer what it likes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            asked = self.request.recv(4096).split()[1].decode()
            body = (folder / asked[1:]).read_bytes()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            with contextlib.suppress(OSError):
                behave(self.request, head.encode(), body)

    return Handler


@contextlib.contextmanager
def served(handler, monkeypatch):
    """``handler`` at the only address of Fashion-MNIST."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    monkeypatch.setattr(files, "MIRRORS", (url,))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def archives(data_folder, monkeypatch) -> Path:
    """The folder that a mirror serves, with its checksums in force."""
    folder = data_folder / "FashionMNIST" / "raw"
    sums = {
        n: hashlib.md5((folder / f"{n}.gz").read_bytes()).hexdigest()
        for n in files.SHA256
    }
    monkeypatch.setattr(files, "MD5", sums)
    return folder


@pytest.fixture
def mirror(archives, monkeypatch):
    """A mirror on this machine; counts the requests that it gets."""
    asked: list[str] = []
    with served(answer(archives, asked), monkeypatch):
        yield asked


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "d2lmini"


def kept(cache: Path) -> set[str]:
    return {path.name for path in (cache / "FashionMNIST" / "raw").iterdir()}


ALL = {f"{name}.gz" for name in files.SHA256}


def test_mirrors_and_checksums_are_torchvisions():
    assert list(files.MIRRORS) == FashionMNIST.mirrors
    assert [(f"{n}.gz", m) for n, m in files.MD5.items()] == FashionMNIST.resources


def test_download_happens_once_for_many_at_once(mirror, empty_cache, capsys):
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: files.load(None), range(4)))
    assert all(torch.equal(loaded[0][0], other[0]) for other in loaded)
    assert sorted(mirror) == sorted(f"/{name}" for name in ALL)
    assert kept(empty_cache) == ALL
    said = capsys.readouterr().out
    assert all(f"fetching Fashion-MNIST, {name}: " in said for name in files.SHA256)
    assert "0.5 of 0.5 MB" in said


def test_what_is_there_is_not_fetched_again(mirror, empty_cache):
    files.load(None)
    (empty_cache / "FashionMNIST" / "raw" / f"{IMAGES}.gz").unlink()
    mirror.clear()
    files.load(None)
    assert mirror == [f"/{IMAGES}.gz"]


def stall(connection, head, body):
    time.sleep(9)


def stall_in_the_middle(connection, head, body):
    connection.sendall(head + body[: len(body) // 2])
    time.sleep(9)


def reset(connection, head, body):
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def reset_in_the_middle(connection, head, body):
    connection.sendall(head + body[: len(body) // 2])
    reset(connection, head, body)


def cut(connection, head, body):
    connection.sendall(head + body[:-9])


def cut_without_length(connection, head, body):
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body[:-9])


def other_bytes(connection, head, body):
    connection.sendall(head + bytes(len(body)))


def no_http(connection, head, body):
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def nothing(connection, head, body):
    pass


def portal(connection, head, body):
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n<html>Log in to the hotel</html>")


def error_500(connection, head, body):
    connection.sendall(b"HTTP/1.0 500 Broken\r\n\r\n")


def loop(connection, head, body):
    connection.sendall(b"HTTP/1.0 302 Found\r\nLocation: /t10k\r\n\r\n")


def to_a_file(connection, head, body):
    connection.sendall(b"HTTP/1.0 302 Found\r\nLocation: file:///etc/hosts\r\n\r\n")


def odd_length(connection, head, body):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + body[:-1])


def odd_chunks(connection, head, body):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head + b"zz\r\n" + body)


@pytest.mark.parametrize(
    "behave",
    [
        stall,
        stall_in_the_middle,
        reset,
        reset_in_the_middle,
        cut,
        cut_without_length,
        other_bytes,
        no_http,
        nothing,
        portal,
        error_500,
        loop,
        to_a_file,
        odd_length,
        odd_chunks,
    ],
)
def test_whatever_a_mirror_does_is_one_sentence(
    archives, empty_cache, monkeypatch, behave
):
    monkeypatch.setattr(files, "PATIENCE", 0.2)
    with (
        served(dishonest(archives, behave), monkeypatch),
        pytest.raises(DataError, match=r"not be downloaded from http.*: connect") as e,
    ):
        files.load(None)
    assert "\n" not in str(e.value) and "'offline'" in str(e.value)
    assert kept(empty_cache) == set()


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLError(1, "bad record mac"),
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        ConnectionResetError("reset"),
        TimeoutError(),
    ],
)
def test_a_broken_connection_is_no_full_disk(empty_cache, monkeypatch, error):
    def broken(*_args, **_options):
        raise error

    monkeypatch.setattr(files, "urlopen", broken)
    with pytest.raises(DataError, match="could not be downloaded"):
        files.load(None)


def test_a_second_mirror_is_tried(mirror, empty_cache, monkeypatch):
    monkeypatch.setattr(files, "MIRRORS", ("http://127.0.0.1:9/", *files.MIRRORS))
    assert len(files.load(None)[0]) == 600


def test_who_waits_says_so_and_goes_on(mirror, empty_cache, monkeypatch, capsys):
    monkeypatch.setattr(files, "WAIT", 0.05)
    empty_cache.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        with FileLock(empty_cache / "download.lock"):
            waiting = [pool.submit(files.load, None) for _ in range(2)]
            time.sleep(0.5)
            said = capsys.readouterr().out.splitlines()
            assert len(said) == 2 and all("waiting for it" in line for line in said)
            assert str(empty_cache) in said[0] and not mirror
        assert [len(each.result()[0]) for each in waiting] == [600, 600]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("behave", [stall, stall_in_the_middle])
def test_a_killed_download_leaves_nothing_in_the_way(
    archives, empty_cache, monkeypatch, behave
):
    with served(dishonest(archives, behave), monkeypatch):
        child = os.fork()
        if child == 0:
            os.close(1)
            files.load(None)
            os._exit(1)
        time.sleep(0.3)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with served(answer(archives, []), monkeypatch):
        assert len(files.load(None)[0]) == 600
    assert kept(empty_cache) == ALL
    others = {p.name for p in empty_cache.iterdir()} - {"download.lock"}
    assert others == {"FashionMNIST"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("where", ["mkdir", "replace"])
def test_full_or_read_only_disk_is_one_sentence(
    mirror, empty_cache, monkeypatch, code, where
):
    def refuse(*_args, **_options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, where, refuse)
    with pytest.raises(DataError, match=r"cannot be stored in .*d2lmini \(") as caught:
        files.load(None)
    assert os.strerror(code) in str(caught.value)
    assert ("free some space" in str(caught.value)) == (code == errno.ENOSPC)


def test_complete_cache_is_read_without_lock_or_network(
    mirror, empty_cache, monkeypatch
):
    files.load(None)
    monkeypatch.setattr("filelock.FileLock", None)  # would fail when called
    mirror.clear()
    assert len(files.load(None)[0]) == 600
    assert not mirror


HARM = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1)),
    st.tuples(st.just("put"), st.floats(0, 1), st.binary(min_size=1, max_size=9)),
    st.tuples(st.just("add"), st.binary(min_size=1, max_size=9)),
)


@given(name=st.sampled_from(sorted(files.SHA256)), packed=st.booleans(), harm=HARM)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damage_is_refused_or_changes_nothing(small_files, name, packed, harm):
    content = small_files[name]
    content = bytearray(gzip.compress(content, mtime=0) if packed else content)
    kind, *rest = harm
    if kind == "cut":
        del content[int(rest[0] * len(content)) :]
    elif kind == "put":
        start = int(rest[0] * len(content))
        content[start : start + len(rest[1])] = rest[1]
    else:
        content += rest[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (f"{name}.gz" if packed else name)
        path.write_bytes(content)
        try:
            assert files.read(Path(folder), name) == small_files[name]
        except DataError as error:
            assert str(path) in str(error) and "\n" not in str(error)
