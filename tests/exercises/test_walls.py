"""What may be read behind the walls, and how they are built: without building any."""

import os
import platform
import stat
import struct
import sys
from pathlib import Path

import nbformat
import pytest

from d2lmini.course import walls

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")


def decide(program, architecture, number):
    """What a filter says of a system call: a reader of classic BPF."""
    steps = [struct.unpack_from("HBBI", program, i) for i in range(0, len(program), 8)]
    at, value = 0, 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == 0x20:
            value = {0: number, 4: architecture}[k]
        elif code == 0x15:
            at += yes if value == k else no
        elif code == 0x35:
            at += yes if value >= k else no
        else:
            return k


@pytest.mark.parametrize("machine", walls.CALLS)
def test_the_filter_refuses_its_calls_and_no_others(machine):
    architecture, numbers = walls.CALLS[machine]
    program = walls.call_filter(machine)
    for number in range(500):
        refused = decide(program, architecture, number) == 0x50001
        assert refused == (number in numbers), number
    assert decide(program, architecture, 0x40000000 + 1) == 0x50001, "x32"
    assert decide(program, 0x40000003, 1) == 0x50001, "32-bit programs"


def test_no_file_of_ours_is_open_behind_the_walls():
    handle = walls.open_filter()
    with os.fdopen(handle, "rb") as pipe:
        assert stat.S_ISFIFO(os.fstat(handle).st_mode)
        assert pipe.read() == walls.call_filter(platform.machine())


def test_an_unknown_machine_has_no_filter():
    assert walls.call_filter("riscv64") == b""


def test_outermost_folders_contain_the_others():
    given = [
        Path(x) for x in ("/usr", "/usr/lib", "/opt/a", "/opt/ab", "/usr/../opt/a")
    ]
    assert walls.outermost(given) == [Path("/opt/a"), Path("/opt/ab"), Path("/usr")]


def test_nothing_but_packages_is_read(tmp_path):
    room = walls.Room(tmp_path)
    home, clone = Path.home(), walls.package().parent
    assert home not in room.readable and clone not in room.readable
    assert Path("/") not in room.readable and Path("/etc") not in room.readable
    assert any(walls.package().is_relative_to(one) for one in room.readable)
    assert any(Path(sys.executable).resolve().is_relative_to(x) for x in room.readable)


def test_no_variable_of_the_instructor_comes_along(tmp_path, monkeypatch):
    monkeypatch.setenv("CANVAS_TOKEN", "secret")
    monkeypatch.setenv("HOME", "/home/instructor")
    found = walls.Room(tmp_path, environment={"SEED": "1"}).variables
    assert "secret" not in found.values() and found["HOME"] == walls.HOME
    assert found["SEED"] == "1"


@LINUX
@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize("build", [walls.bubblewrap, walls.namespaces])
def test_real_root_becomes_nobody_and_all_lose_their_rights(build, root, tmp_path):
    command = build(["true"], walls.Room(tmp_path), root=root)
    assert (f"--reuid={walls.NOBODY}" in command) == root
    assert "--no-new-privs" in command and command[-1] == "true"
    assert any("--bounding-set=-all" in one for one in command)


PROBE = """\
import os, socket
from pathlib import Path

def refused(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return True
    return False

assert refused(open, {secret!r}), "a file of somebody else"
assert refused(os.listdir, {home!r}) or {{*os.listdir({home!r})}} <= {shown}, "a home"
assert refused(open, {package!r} + "/x", "w"), "the package"
assert refused(open, "/x", "w") and refused(open, "/dev/x", "w"), "the root"
assert refused(socket.create_connection, ("127.0.0.1", 22), 1), "the network"
assert len([x for x in os.listdir("/proc") if x.isdigit()]) < 12, "processes"
Path("own").write_text("mine")
import d2lmini
"""


@pytest.mark.course
@pytest.mark.parametrize("way", list(walls.ways()), ids=lambda x: f"{x.name}-{x.root}")
def test_every_way_keeps_what_it_must(way, monkeypatch, tmp_path):
    from d2lmini.course.grading import ExecuteOn

    monkeypatch.setattr(walls, "find", lambda: (way, ""))
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o644)
    home, inside = Path.home(), walls.Room(tmp_path).readable
    shown = {x.relative_to(home).parts[0] for x in inside if x.is_relative_to(home)}
    source = PROBE.format(
        secret=str(secret),
        home=str(home),
        package=str(walls.package()),
        shown=shown or "set()",
    )
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    ExecuteOn(start_attempts=1).preprocess(nb, {})
    assert nb.cells[0].outputs == [], f"{way.name}, as root: {way.root}"
