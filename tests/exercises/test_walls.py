"""What may be read behind the walls, and how they are built: without building any."""

import os
import platform
import stat
import struct
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from d2lmini.course import grading, walls
from tools.book import ROOT

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


def test_what_lies_beside_packages_is_not_read(tmp_path, monkeypatch):
    """An environment may be made in a course's folder, a clone or a home itself."""
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    for name in ("lib", "bin", "submitted"):
        (tmp_path / name).mkdir()
    room = walls.Room(tmp_path)
    assert room.exposes(tmp_path / "lib") and room.exposes(tmp_path / "bin" / "x")
    assert not room.exposes(tmp_path / "submitted") and not room.exposes(tmp_path)


def test_links_to_packages_stay_links(tmp_path, monkeypatch):
    monkeypatch.setattr(walls, "packages", lambda: iter(()))
    (tmp_path / "python-3.11.9" / "bin").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "python-3.11").symlink_to("python-3.11.9")
    (tmp_path / "data").symlink_to("elsewhere")
    names = [str(tmp_path / x) for x in ("python-3.11", "x/../python-3.11/bin", "data")]
    links = walls.Room(tmp_path, walls.named(names)).links
    assert links == {
        tmp_path / "python-3.11": str(tmp_path / "python-3.11.9"),
        tmp_path / "python-3.11.9": "",
        tmp_path / "data": str(tmp_path / "elsewhere"),
        tmp_path / "elsewhere": "",
    }
    lonely = walls.Room(tmp_path, (tmp_path / "data",)).links
    assert lonely == {tmp_path / "data": ""}, "what it leads to is shown there"


def test_the_interpreter_has_a_plain_path(tmp_path, monkeypatch):
    real = Path(sys.executable).parent.resolve()
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    way = os.path.relpath(real, tmp_path)
    called = tmp_path / "link" / ".." / way / Path(sys.executable).name
    monkeypatch.setattr(sys, "executable", str(called))
    assert walls.interpreter() == real / called.name
    path = walls.Room(tmp_path).variables["PATH"]
    assert path.split(":")[0] == str(real)


def fails(said):
    return walls.Walls(
        said, lambda *_, **__: ["sh", "-c", f"echo {said} >&2; false"], 0
    )


def test_the_best_way_says_why_there_are_no_walls(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(walls, "ways", lambda: map(fails, ("first", "second")))
    assert walls.find.__wrapped__() == (None, "first")
    monkeypatch.setattr(walls, "ways", lambda: iter(()))
    assert "installed" in walls.find.__wrapped__()[1]


@pytest.mark.parametrize("there", [True, False])
def test_only_what_is_missing_is_to_be_installed(there, monkeypatch):
    monkeypatch.setattr(
        grading.shutil, "which", lambda _: "/x/bwrap" if there else None
    )
    said = grading.refused("bwrap: No such file or directory.")
    assert ("nstall bubblewrap" in said) != there and ".. " not in said
    assert "rade in the container" in said and "allow_unconfined" in said


@LINUX
def test_a_course_that_submissions_would_read_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(walls, "find", lambda: (fails("x"), ""))
    (tmp_path / "class").mkdir()
    settings = Config()
    settings.CourseDirectory.root = str(tmp_path / "class")
    kernel = grading.LimitedKernel(config=settings)
    try:
        kernel._room()
        (tmp_path / "data").symlink_to(tmp_path)
        kernel.packages = [str(tmp_path / "data")]
        with pytest.raises(grading.NoWalls, match="class lies in a folder that"):
            kernel._room()
    finally:
        kernel.end()


WAYS = pytest.mark.parametrize(
    "way", list(walls.ways()), ids=lambda x: f"{x.name}-{'root' if x.root else 'user'}"
)
PLACES = (
    "/home/ada lovelace/d2lmini/.venv",
    "/root/pythons/3.12",
    "/tmp/ada x/käse",
    "/tmp/.hidden/käse",
    "/var/tmp/x",
    "/mnt/data",
    "/srv/a b/ü",
    "/media/ada/stick",
    "/dev/shm/quick",
)
ELSEWHERE = """\
for top in /home /root /tmp /var/tmp /mnt /srv /media /dev/shm; do
  [ -d $top ] && mount -t tmpfs none $top || exit 9
done
while [ "$1" != -- ]; do
  mkdir -p "$1" "$1 secret"
  echo package >"$1/read me"
  shift
done
shift
umask 077
exec "$@"
"""
LOOK = """\
for one; do
  [ "$(cat "$one/read me")" = package ] || echo "$one cannot be read"
  [ "$(ls -A "$one/..")" = "${one##*/}" ] || echo "$one is not alone"
  for place in "$one" "$one/.."; do
    touch "$place/new" 2>/dev/null && echo "$place was written to"
  done
done
for place in /tmp "$TMPDIR"; do
  touch "$place/new" || echo "$place cannot be written to"
  for one in "ada x" .hidden; do
    [ $# -gt 0 ] && mv "$place/$one" "$place/moved" 2>/dev/null && echo "$one moved"
  done
done
[ $# -gt 0 ] || touch /dev/shm/new || echo "no memory to share"
"""


@LINUX
@WAYS
def test_packages_may_lie_anywhere(way, monkeypatch):
    """Also where folders of the walls lie, and where others must not look."""
    system = [Path(x) for x in (*walls.LINKED, *walls.SYSTEM) if Path(x).exists()]
    monkeypatch.setattr(walls, "packages", lambda: iter(system))

    def said(places):
        room = walls.Room(Path("/usr/share"), walls.named(places))
        inside = way.around(["sh", "-c", LOOK, "sh", *places], room)
        outer = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        command = ["unshare", *outer, "--mount", "sh", "-c", ELSEWHERE, "sh"]
        return subprocess.run(
            [*command, *places, "--", *inside],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
        ).stdout

    if said([]):
        pytest.skip(f"{way.name} builds no walls on this machine: {said([])}")
    assert said(PLACES) == ""


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


def probe(secret):
    """The cell that looks around, with a file `secret` that it must not find."""
    home, inside = Path.home(), walls.Room(secret.parent).readable
    shown = {x.relative_to(home).parts[0] for x in inside if x.is_relative_to(home)}
    return PROBE.format(
        secret=str(secret),
        home=str(home),
        package=str(walls.package()),
        shown=shown or "set()",
    )


def looked_around(secret, way):
    """What a submission prints that looks around behind the walls of `way`."""
    walls.find = lambda: (way, "")
    cell = nbformat.v4.new_code_cell(probe(secret))
    nb = nbformat.v4.new_notebook(cells=[cell])
    grading.ExecuteOn(start_attempts=1).preprocess(nb, {})
    return nb.cells[0].outputs


@pytest.mark.course
@WAYS
def test_every_way_keeps_what_it_must(way, monkeypatch, tmp_path):
    monkeypatch.setattr(walls, "find", walls.find)  # to be set back
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o644)
    assert looked_around(secret, way) == [], way


MOVED = """\
set -e
mount -t tmpfs none "$1"; root=$1/'ada é/d2l mini' env=$1/'ada é/env'
mkdir -p "$root" "$env"; mount --rbind "$2" "$root"; mount --rbind "$3" "$env"
echo x >"$1/ada é/secret"; cd "$1"; export PYTHONPATH="$root:$root/tests/exercises"
"$env/bin/python" - <<END
import os, test_walls
from pathlib import Path
os.environ["HOME"] = "$1/ada é"
for way in test_walls.walls.ways():
    print(way.name, way.root, test_walls.looked_around(Path("$1/ada é/secret"), way))
END
"""


@pytest.mark.course
@LINUX
@pytest.mark.skipif(not list(walls.ways()), reason="this machine builds no walls")
@pytest.mark.parametrize("top", ["/home", "/tmp", "/mnt"])
def test_a_clone_and_its_environment_may_lie_anywhere(top):
    base = [Path(sys.base_prefix).resolve(), ROOT, Path(sys.prefix).resolve()]
    if any(one.is_relative_to(top) for one in base):
        pytest.skip("other tests of this machine have this case")
    outer = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    done = subprocess.run(
        [
            *("unshare", *outer, "--mount", "sh", "-c", MOVED, "sh", top),
            *(str(ROOT), str(Path(sys.prefix).resolve())),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(list(walls.ways())), done.stdout + done.stderr
    assert all(line.endswith(" []") for line in lines), done.stdout
