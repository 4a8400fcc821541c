"""What a submission may see and use: walls around its kernel, built on Linux.

The rule is to allow what is needed and nothing else.  Behind the walls there are the
packages (to be read), the folder `/given` (to be read), and a folder of its own with a
size, which vanishes with it.  No network, no other process, no home, no devices, no
way to build further namespaces.  Bubblewrap builds the walls where it is installed;
else a script of ours does, with util-linux.
"""

import functools
import itertools
import os
import platform
import shutil
import site
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What is mounted here hides what lies there outside, so these are names nobody has:
OWN = "/d2lmini-own"  # what it may write to, of a size
HOME = f"{OWN}/student"  # the folder of its own, which it makes there
GIVEN = "/d2lmini-given"  # what it is handed, read-only

#: What programs need of the system, where it exists.
SYSTEM = (
    "/usr",
    "/nix/store",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
)
LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # mostly into /usr

#: What Python needs of its prefix, which may be a clone, a course's folder or a home.
PARTS = ("bin", "include", "lib", "lib64", "pyvenv.cfg", "share")

#: By machine: its number in the kernel's audit, and the calls that make memory which
#: nobody counts (shmget, memfd_create, memfd_secret, io_uring_setup) or that have been
#: ways out (userfaultfd, bpf, perf_event_open, add_key, request_key, keyctl).
CALLS = {
    "x86_64": (0xC000003E, (29, 319, 447, 425, 323, 321, 298, 248, 249, 250)),
    "aarch64": (0xC00000B7, (194, 279, 447, 425, 282, 280, 241, 217, 218, 219)),
}

#: Variables that say how to compute and how to write, and no secret.
KEPT = (
    "CUDA_VISIBLE_DEVICES",
    "D2LMINI_QUICK",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "NBGRADER_EXECUTION",
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONWARNINGS",
    "TZ",
)

NOBODY = "65534"

# Its folder, and the memory that its processes share, unless packages lie there:
# "$1" bytes, "$2" files.
MOUNTS = """
own="size=$1,nr_inodes=$2,mode=777,nosuid,nodev"
shared="size=64m,nr_inodes=$2,mode=1777,nosuid,nodev"
mount -t tmpfs -o "$own" none "$OWN_BEHIND" || exit 1
mkdir -m 1777 "$OWN_BEHIND/tmp" || exit 1
[ "$(ls -A "$SHARED_BEHIND")" ] ||
  mount -t tmpfs -o "$shared" none "$SHARED_BEHIND" || exit 1
shift 2
"""

# The root of a new world over /sys, where no Python lies: up to "--" what may be read,
# each with where it leads as a link; what is given, its bytes and files, the command.
WORLD = f"""
root=/sys
umask 022
mount -t tmpfs -o size=1m,mode=755 none "$root" || exit 1
show() {{  # source, target
  if [ -d "$1" ]; then mkdir -p "$root$2"
  else mkdir -p "$root${{2%/*}}" && : >"$root$2"; fi || exit 1
  mount --rbind "$1" "$root$2" || exit 1
  mount -o remount,bind,ro,nosuid,nodev "$root$2" 2>/dev/null ||
    mount -o remount,bind,ro "$root$2" || exit 1
}}
while [ "$1" != -- ]; do
  if [ -z "$2" ]; then show "$1" "$1"
  else mkdir -p "$root${{1%/*}}" && ln -s "$2" "$root$1" || exit 1; fi
  shift 2
done
shift
show "$1" {GIVEN}
shift
mkdir -p "$root/proc" "$root/tmp" "$root/dev/old" "$root/dev/shm" "$root{OWN}"
for one in null zero full random urandom; do
  : >"$root/dev/$one" && mount --bind "/dev/$one" "$root/dev/$one" || exit 1
done
ln -s /proc/self/fd "$root/dev/fd"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc" || exit 1
OWN_BEHIND=$root{OWN} SHARED_BEHIND=$root/dev/shm
{MOUNTS}
if rmdir "$root/tmp" 2>/dev/null; then ln -s {OWN}/tmp "$root/tmp"
else  # packages lie there: what is mounted can be neither moved nor replaced
  for one in "$root"/tmp/* "$root"/tmp/.[!.]*; do
    real=$one
    [ -L "$one" ] && real=$root$(readlink "$one")
    [ -e "$real" ] && show "$real" "{OWN}/tmp/${{one##*/}}"
  done
  mount --rbind "$root{OWN}/tmp" "$root/tmp" || exit 1
fi
cd "$root" && pivot_root . dev/old && cd / || exit 1
umount -l /dev/old && rmdir /dev/old && mount -o remount,bind,ro / || exit 1
exec "$@"
"""

# No further namespaces, in which one could mount and be root again.
SEAL = 'echo 0 >/proc/sys/user/max_user_namespaces || exit 1; exec "$@"'

DROP = ("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")


@dataclass(frozen=True)
class Room:
    """What one kernel gets: folders to read, bytes and files to write, variables."""

    given: Path
    packages: tuple[Path, ...] = ()
    disk: int = 2**29
    files: int = 10_000
    environment: Mapping[str, str] | None = None
    filter: int | None = None  # an open file that the process inherits

    @property
    def readable(self) -> list[Path]:
        """All that may be read, none inside another."""
        return outermost([*packages(), *self.packages])

    @property
    def links(self) -> dict[Path, str]:
        """Where a readable thing leads that is a link to another; else nothing."""
        found = {one: one.resolve() for one in self.readable}
        there = {real for one, real in found.items() if not one.is_symlink()}
        return {
            one: str(real) if one.is_symlink() and there & {real, *real.parents} else ""
            for one, real in found.items()
        }

    def exposes(self, folder: Path) -> bool:
        """Whether what lies in `folder` could be read."""
        real = folder.resolve()
        return any(real.is_relative_to(one.resolve()) for one in self.readable)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the kernel."""
        found = {name: os.environ[name] for name in KEPT if name in os.environ}
        found |= {
            "HOME": HOME,
            "TMPDIR": f"{OWN}/tmp",
            "PATH": f"{interpreter().parent}:/usr/local/bin:/usr/bin:/bin",
            "USER": "student",
            "LOGNAME": "student",
            "D2LMINI_DATA": "offline",
            "PYTHONUSERBASE": site.getuserbase(),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if (beside := import_path()) is not None:
            found["PYTHONPATH"] = str(beside)
        return found | dict(self.environment or {})


def package() -> Path:
    """The folder of this package, wherever it is installed."""
    return Path(__file__).resolve().parents[1]


def interpreter() -> Path:
    """This Python, by a path that holds no `..` and leads through no link."""
    found = Path(sys.executable)
    return found.parent.resolve() / found.name


def import_path() -> Path | None:
    """What a kernel needs in PYTHONPATH to import this package; None if nothing."""
    beside = package().parent
    places = [*site.getsitepackages(), site.getusersitepackages()]
    return None if beside in (Path(one).resolve() for one in places) else beside


def packages() -> Iterator[Path]:
    """The folders that Python, its packages and its libraries are read from."""
    yield from (Path(one) for one in (*LINKED, *SYSTEM) if Path(one).exists())
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found = [place / part for place in named(prefixes) for part in PARTS]
    if site.ENABLE_USER_SITE:
        found += named([site.getusersitepackages()])
    yield from (one for one in found if one.exists())
    yield package()
    hop = interpreter()
    while hop.is_symlink():  # a virtual environment's python points to another
        hop = normal(hop.parent / hop.readlink())
        yield hop


def named(folders: Iterable[str]) -> tuple[Path, ...]:
    """The folders with these names, each also by the path that no link is in."""
    found = [Path(one).expanduser() for one in folders]
    return tuple(x for one in found for x in (normal(one), one.resolve()))


def normal(path: Path) -> Path:
    """`path` without `..`, absolute, and with its last link as it is."""
    return path.parent.resolve() / path.name if ".." in path.parts else path.absolute()


def outermost(folders: Sequence[Path]) -> list[Path]:
    """`folders` without those that lie in another of them, sorted."""
    found: list[Path] = []
    for folder in sorted({Path(os.path.normpath(one)) for one in folders}):
        if not any(folder.is_relative_to(one) for one in found):
            found.append(folder)
    return found


def call_filter(machine: str) -> bytes:
    """A filter of system calls for `machine`, as the kernel reads it; may be empty.

    Classic BPF: a wrong architecture and the calls of `CALLS` get EPERM, and so do
    those of x86's second numbering (x32), by which one could reach them.
    """
    if machine not in CALLS:
        return b""
    architecture, numbers = CALLS[machine]
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06
    refuse = len(numbers) + 2  # steps from the first comparison to the refusal
    steps = [(load, 0, 0, 4), (equal, 0, refuse + 1, architecture), (load, 0, 0, 0)]
    steps.append((above, refuse - 1, 0, 0x40000000))
    for done, number in enumerate(numbers, 1):
        steps.append((equal, refuse - 1 - done, 0, number))
    steps += [(give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050001)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def open_filter() -> int:
    """The filter of this machine in a pipe, for a process to inherit.

    A file could be opened anew behind the walls, by its number, to be written to.
    """
    found, writing = os.pipe()
    os.write(writing, call_filter(platform.machine()))
    os.close(writing)
    return found


def _limits(room: Room) -> list[str]:
    return [str(room.disk), str(room.files)]


def bubblewrap(command: Sequence[str], room: Room, *, root: bool) -> list[str]:
    """`command` behind walls of bubblewrap; as real `root`, it becomes nobody."""
    if root:
        inside = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        become, kept = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"], ""
    else:  # bubblewrap needs one capability to map a user once more
        inside = ["--unshare-user", "--uid", "0", "--gid", "0"]
        inside += ["--cap-add", "CAP_SETFCAP"]
        become, kept = [], ",+setfcap"
    drop = [DROP[0] + kept, DROP[1] + kept, DROP[2]]
    mounts = f'OWN_BEHIND={OWN} SHARED_BEHIND=/dev/shm\n{MOUNTS}\nexec "$@"'
    again = ["bwrap", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    again += ["--uid", "1000", "--gid", "1000", "--dev-bind", "/", "/", "--chdir", "/"]
    again += ["--bind", f"{OWN}/tmp", "/tmp"]
    there = [one for one in room.readable if one.is_relative_to("/tmp")]
    for top in sorted({str(Path(*one.parts[:3])) for one in there}):
        again += [
            "--ro-bind",
            top,
            top,
        ]  # mounted: it can be neither moved nor replaced
    if room.filter is not None and call_filter(platform.machine()):
        again += ["--seccomp", str(room.filter)]
    return [
        *("sh", "-c", 'trap "" INT; exec "$@"', "sh"),  # the kernel's alone
        *("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-net"),
        *("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--hostname", "course", "--cap-drop", "ALL", *inside),
        *("--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"),
        *("--proc", "/proc", "--dev", "/dev", "--dir", "/tmp", "--dir", OWN),
        *_shown(room),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--clearenv"),
        *(x for pair in room.variables.items() for x in ("--setenv", *pair)),
        *("--", "sh", "-c", mounts, "sh", *_limits(room)),
        *("setpriv", *become, *drop, "--no-new-privs", "--"),
        *(*again, "--", *command),
    ]


def _shown(room: Room) -> Iterator[str]:
    """Bubblewrap's arguments for what may be read."""
    made: set[Path] = set()
    for folder, target in room.links.items():
        for parent in reversed(folder.parents[:-1]):  # that others may enter
            if parent not in made:
                made.add(parent)
                yield from ("--dir", os.fspath(parent))
        if target:
            yield from ("--symlink", target, os.fspath(folder))
        else:
            yield from ("--ro-bind", os.fspath(folder), os.fspath(folder))
    yield from ("--ro-bind", os.fspath(room.given), GIVEN)


def namespaces(command: Sequence[str], room: Room, *, root: bool) -> list[str]:
    """`command` behind walls of util-linux; as real `root`, it becomes nobody."""
    seal = ["sh", "-c", SEAL, "sh", "setpriv", *DROP, "--no-new-privs", "--"]
    if root:
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        seal = [*become, *DROP[1:], "--", "unshare", "--user", "--map-root-user", *seal]
    shown = (x for one, target in room.links.items() for x in (str(one), target))
    values = [f"{name}={value}" for name, value in room.variables.items()]
    return [
        *("sh", "-c", 'trap "" INT; PATH=$PATH:/usr/sbin:/sbin; exec "$@"', "sh"),
        *("unshare", *(() if root else ("--user", "--map-root-user"))),
        *("--mount", "--pid", "--net", "--ipc", "--uts"),
        *("--fork", "--kill-child", "--", "sh", "-c", WORLD, "sh"),
        *(*shown, "--", os.fspath(room.given), *_limits(room)),
        *(*seal, "env", "--ignore-environment", *values, *command),
    ]


Builder = Callable[..., list[str]]


@dataclass(frozen=True)
class Walls:
    """One way to build them: its name, its builder, and whether real root does."""

    name: str
    build: Builder
    root: bool

    def around(self, command: Sequence[str], room: Room) -> list[str]:
        """`command` behind these walls."""
        return self.build(command, room, root=self.root)


def ways() -> Iterator[Walls]:
    """The ways that may work here, the best first."""
    kinds: list[tuple[str, Builder, tuple[str, ...]]] = [
        ("bubblewrap", bubblewrap, ("bwrap", "setpriv", "mount")),
        ("namespaces", namespaces, ("unshare", "setpriv", "mount")),
    ]
    roots = (True, False) if os.geteuid() == 0 else (False,)
    for (name, build, programs), root in itertools.product(kinds, roots):
        if all(map(shutil.which, programs)):
            yield Walls(name, build, root)


@functools.cache
def find() -> tuple[Walls | None, str]:
    """The first way that works, tried with a Python; and why the best does not."""
    reasons = []
    if sys.platform != "linux":
        return None, f"this system ({sys.platform}) is not Linux"
    for way in ways():
        made = "import ipykernel, tempfile; tempfile.mkdtemp()"
        trial = [str(interpreter()), "-c", made]
        room = Room(package() / "course")
        done = subprocess.run(
            way.around(trial, room),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
        )
        if done.returncode == 0:
            return way, ""
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        reasons.append(said[-1])
    return None, next(iter(reasons), "neither bubblewrap nor unshare is installed")
