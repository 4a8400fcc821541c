"""Run submissions within limits, and go on after one that breaks them."""

import ast
import copy
import json
import math
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Bool, Dict, Integer, List, Unicode

from d2lmini.course import lock, outputs, walls, watch

CHECK = "# d2lmini: a check\n"  # as in kernel.py, which is started as a script
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
LONGEST = 90  # characters of a socket's path; Linux takes 107
EXTRA = 2**26  # bytes of files beside a notebook

REFUSED = (
    "No submission was run, since no walls can be built around it here: {}. {} in the "
    "container of the instructor's guide, or, if you trust every submission with all "
    "that you can read and write, set c.LimitedKernel.allow_unconfined = True."
)
ADVICE = "Install bubblewrap (Debian: apt install bubblewrap), grade"
EXPOSED = "{} lies in a folder that submissions read: move it."


class NoWalls(RuntimeError):
    """This machine cannot shut a submission in."""


def refused(reason: str) -> str:
    """The sentence for somebody on whose machine, for this `reason`, nothing runs."""
    reason = reason.strip().rstrip(".")
    return REFUSED.format(reason, "Grade" if shutil.which("bwrap") else ADVICE)


class Client(AsyncKernelClient):
    """A client that takes no message of a size that could hurt, and marks checks."""

    mark = ""

    def start_channels(self, *_: Any, **__: Any) -> None:
        """Start the channels that are used."""
        super().start_channels(stdin=False, hb=False)

    def execute(self, code: str, *args: Any, **kwargs: Any) -> str:
        """Run `code`, as a check if it is one."""
        done: str = super().execute(self.mark + code, *args, **kwargs)
        return done

    def _create_connected_socket(self, channel: str, identity: Any = None) -> Any:
        made = self.context.socket(
            {"iopub": zmq.SUB, "hb": zmq.REQ}.get(channel, zmq.DEALER)
        )
        made.linger = 1000
        made.setsockopt(zmq.MAXMSGSIZE, 2**25)
        made.setsockopt(zmq.RCVHWM, 100)
        if identity:
            made.identity = identity
        made.connect(self._make_url(channel))
        return made


class LimitedKernel(AsyncKernelManager):
    """A kernel behind walls, which the operating system holds to a measure."""

    memory = Integer(4 * 2**30, help="bytes of memory, of all its processes").tag(
        config=True
    )
    disk = Integer(2**29, help="bytes that all its files may have").tag(config=True)
    files = Integer(10_000, help="files that it may make").tag(config=True)
    file_size = Integer(2**28, help="bytes in a file it writes").tag(config=True)
    open_files = Integer(1024, help="files that a process may have open").tag(
        config=True
    )
    processes = Integer(256, help="processes and threads that it may start").tag(
        config=True
    )
    packages = List(
        Unicode(), help="further folders to be read, of packages or data"
    ).tag(config=True)
    environment = Dict(help="further environment variables").tag(config=True)
    allow_unconfined = Bool(
        False, help="whether to run submissions where no walls can be built"
    ).tag(config=True)

    max_output = 10**6
    given: Path | None = None  # a folder whose files the submission brings
    cells: list[NotebookNode] = []  # noqa: RUF012  replaced, never changed
    name = "notebook"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client_factory = Client
        self.way, reason = walls.find()
        if self.way is None and not self.allow_unconfined:
            raise NoWalls(refused(reason))
        if os.name != "posix":
            raise NoWalls("Windows runs no submissions: grade in WSL or a container.")
        self.room = Path(tempfile.mkdtemp(prefix="d2l-", dir=short_folder()))
        self.close = weakref.finalize(self, shutil.rmtree, self.room, True)
        self.listening = {name: _listen(self.room, name) for name in CHANNELS}
        self.stderr = (self.room / "said").open("wb")
        self.filter = walls.open_filter()
        self.transport, self.ip = "ipc", str(self.room / "s")
        self.connection_file = str(self.room / "given" / "connection.json")
        for name in CHANNELS:
            setattr(self, f"{name}_port", CHANNELS.index(name) + 1)

    def launch_options(self) -> dict[str, Any]:
        """What the kernel's process needs beside a command."""
        self._give()
        return {
            "cwd": "/" if self.way else str(self.room / "home"),
            "env": self._environment(),
            "pass_fds": [self.filter, *(x.fileno() for x in self.listening.values())],
            "stdout": subprocess.DEVNULL,
            "stderr": self.stderr,  # of the start: later the kernel has it no more
        }

    def said(self) -> str:
        """The last line of what a kernel said that did not start."""
        lines = (
            (self.room / "said")
            .read_text(errors="replace", encoding="utf-8")
            .strip()
            .splitlines()
        )
        return lines[-1] if lines else "it said nothing"

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command that starts the kernel, behind those that shut it in."""
        script = walls.package() / "course" / "kernel.py"
        inside = walls.GIVEN if self.way else str(self.room / "given")
        command = [str(walls.interpreter()), str(script), inside]
        if self.way is None:
            return command
        return [
            *watch.scope(self.memory + self.disk, self.processes),
            *self.way.around(command, self._room()),
        ]

    def _room(self) -> walls.Room:
        course = self.config.get("CourseDirectory", {}).get("root")
        made = walls.Room(
            self.room / "given",
            walls.named(self.packages),
            self.disk,
            self.files,
            self.environment,
            self.filter,
        )
        for where in (self.given, course):
            if self.way and where and made.exposes(Path(where)):
                raise NoWalls(EXPOSED.format(where))
        return made

    def _environment(self) -> dict[str, str]:
        if self.way:
            return {"PATH": os.environ.get("PATH", os.defpath)}
        own = {"HOME": str(self.room / "home"), "TMPDIR": str(self.room / "home")}
        return self._room().variables | own

    def _give(self) -> None:
        """Lay out what the kernel is to find: its cells, files, caches, limits."""
        given = self.room / "given"
        for folder in (given / "files", self.room / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        if self.given is not None:
            copy_files(self.given, given / "files", most=min(EXTRA, self.disk // 2))
        text = as_written(self.cells)
        (given / "files" / f"{self.name}.ipynb").write_text(text, encoding="utf-8")
        for cache in _caches():
            (given / "cache" / "matplotlib").mkdir(parents=True, exist_ok=True)
            shutil.copy(cache, given / "cache" / "matplotlib")
        asked = {
            "given": walls.GIVEN if self.way else str(given),
            "script": str(walls.package() / "course"),
            "sockets": {
                CHANNELS.index(name) + 1: one.fileno()
                for name, one in self.listening.items()
            },
            "memory": self.memory,
            "file_size": self.file_size,
            "open_files": self.open_files,
            "processes": watch.process_limit(self.processes) if self.way else 0,
            "max_output": self.max_output,
            "imports": list(imports(self.cells)),
        }
        (given / "ask.json").write_text(json.dumps(asked), encoding="utf-8")
        self.write_connection_file()
        for one in (given, *given.rglob("*")):  # below a folder that only we enter
            one.chmod(0o755 if one.is_dir() else 0o644)

    def end(self) -> None:
        """Remove what was laid out."""
        if self.close.alive:
            os.close(self.filter)
            self.stderr.close()
            for one in self.listening.values():
                one.close()
        self.close()


def short_folder(spare: int = 20) -> Path:
    """Where temporary files go, or /tmp if a socket's path would not fit there.

    `spare` characters of it are for what lies between.
    """
    found = tempfile.gettempdir()
    return Path(found if len(found) < LONGEST - spare else "/tmp")


def _listen(folder: Path, name: str) -> socket.socket:
    """A socket that waits at the address that zmq makes of a channel's number."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(folder / f"s-{CHANNELS.index(name) + 1}"))
    made.listen(16)
    made.setblocking(False)
    return made


def _caches() -> Iterator[Path]:
    """The list of fonts that matplotlib has made: each kernel would make it anew."""
    if "matplotlib" in sys.modules:
        folder = Path(sys.modules["matplotlib"].get_cachedir())
        yield from folder.glob("fontlist-*.json")


def copy_files(source: Path, target: Path, most: int) -> None:
    """Copy files from `source`, as far as `most` bytes go, and follow no link.

    What is not a plain file (a link, a pipe, a device) stays, and so do notebooks.
    """
    for folder, below, names in os.walk(source):
        below[:] = [one for one in below if not (Path(folder) / one).is_symlink()]
        for name in names:
            data = read_plain(Path(folder) / name, most)
            if data is None or name.endswith(".ipynb"):
                continue
            most -= len(data)
            place = target / Path(folder, name).relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def read_plain(path: Path, most: int) -> bytes | None:
    """The content of a plain file of at most `most` bytes; None for all else.

    It neither follows a link nor waits for a pipe.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            return None
        try:
            return file.read(most + 1)[:most]
        except OSError:
            return None


def as_written(cells: list[NotebookNode]) -> str:
    """The text of a notebook of `cells` without checks: what the student has."""
    untyped: Any = nbformat
    kept = copy.deepcopy([cell for cell in cells if not is_check(cell)])
    for cell in kept:
        if cell.cell_type == "code":
            cell.outputs = []
    return str(untyped.writes(untyped.v4.new_notebook(cells=kept)))


def imports(cells: list[NotebookNode]) -> Iterator[tuple[str, str, str]]:
    """What our own cells import: the name it gets, the module, the name in it."""
    for cell in cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and about.get("locked"):
            try:
                tree = ast.parse(
                    re.sub(r"(?m)^([ \t]*)[%!].*$", r"\1pass", cell.source)
                )
            except SyntaxError:
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    for one in node.names:
                        root = one.name.split(".")[0]
                        yield one.asname or root, one.name if one.asname else root, ""
                elif isinstance(node, ast.ImportFrom) and node.module:
                    for one in node.names:
                        yield one.asname or one.name, node.module, one.name


class ExecuteOn(Execute):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own Execute, which survives a kernel that dies, hangs or lies.

    The cell gets an error, and so no points.  A new kernel runs the cells again that
    had worked, checks left out, and the rest of the notebook is graded, as long as
    there is time.
    """

    max_output = Integer(200_000, help="characters that a cell may print").tag(
        config=True
    )
    total_time = Integer(
        300, min=1, help="seconds for all cells of a submission together"
    ).tag(config=True)
    start_attempts = Integer(3, min=1, help="times to try to start a kernel").tag(
        config=True
    )
    latest: list[str] = []  # noqa: RUF012  what the last submission had touched
    #: Ours joins them in the end; nbclient's takes minutes of a long line.
    coalesce_streams = Bool(False)
    record_timing = Bool(False)
    store_widget_state = Bool(False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", LimitedKernel)
        super().__init__(*args, **kwargs)
        self.shutdown_kernel = "immediate"
        self.printed: dict[int, int] = {}
        self.touched: list[str] = []
        self.said = ""
        self.spent = 0.0

    def __call__(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Unlock `nb`, which people will open, and run it but with `--no-execute`."""
        lock.unlock(nb)
        done: tuple[NotebookNode, Any] = super().__call__(nb, resources)
        return done

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run `nb` in place."""
        self.printed, self.touched = {}, []
        self.spent = 0.0
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources, km)
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = outputs.cleaned(cell.outputs, graded=is_check(cell))
        ExecuteOn.latest = self.touched
        return done

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Run one cell, and whatever it does, be ready for the next."""
        if cell.cell_type == "code" and not self._run(cell, index):
            while self._left() and not self._revived(index):
                pass  # each turn leaves out one more cell
        return cell, resources

    def create_kernel_manager(self) -> Any:
        """A manager that knows what the submission brings."""
        made = super().create_kernel_manager()
        about = self.resources.get("nbgrader", {}) if self.resources else {}
        made.name = about.get("notebook", "notebook")
        made.cells = self.nb.cells
        made.max_output = 2 * self.max_output
        if folder := (self.resources or {}).get("metadata", {}).get("path"):
            made.given = Path(folder)
        return made

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel behind its walls."""
        await super().async_start_new_kernel(**(kwargs | self.km.launch_options()))

    start_new_kernel = run_sync(async_start_new_kernel)

    async def _async_cleanup_kernel(self) -> None:
        manager = self.km
        await super()._async_cleanup_kernel()
        if manager is not None:
            self.said = manager.said()
            manager.end()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    async def async_start_new_kernel_client(self) -> Any:
        """Its client; that of a new kernel, should the first have died at its start.

        No student is to pay for that.  RuntimeError if the last attempt fails as well.
        """
        for _ in range(self.start_attempts - 1):
            try:
                return await self._ready_client()
            except RuntimeError:
                self.log.warning("The kernel died at its start: %s", self.said)
                self.km = self.create_kernel_manager()
                await self.async_start_new_kernel()
        return await self._ready_client()

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _ready_client(self) -> Any:
        made = await super().async_start_new_kernel_client()
        self.watcher = watch.Watcher(self.km.provisioner.pid, self.km.memory)
        return made

    def _left(self) -> int:
        """The seconds that the submission still has."""
        return max(0, math.ceil(self.total_time - self.spent))

    def _get_timeout(self, cell: NotebookNode | None) -> int | None:
        most = super()._get_timeout(cell)
        left = max(1, self._left())
        return left if most is None else min(most, left)

    def _run(self, cell: NotebookNode, index: int) -> bool:
        """Whether the kernel still answers after `cell`."""
        self.printed[index] = 0
        if not self._left():
            said = f"The {self.total_time} seconds of this submission were over."
            cell.outputs = [outputs.error("TimeIsOver", said)]
            return True
        self.kc.mark = CHECK if is_check(cell) else ""
        begun = time.monotonic()
        try:
            with self.watcher:
                self.execute_cell(cell, index, store_history=not is_check(cell))
        except Exception as error:  # a kernel may answer anything
            self._blame(cell, error)
            return False
        finally:
            self.spent += time.monotonic() - begun
        return True

    def _blame(self, cell: NotebookNode, error: Exception) -> None:
        reason = type(error).__name__
        if self.watcher.reason:
            reason, said = "MemoryError", self.watcher.reason
        elif isinstance(error, CellTimeoutError):
            said = "the kernel did not survive this cell, which took too long."
        elif isinstance(error, DeadKernelError):
            said = "the kernel did not survive this cell."
        else:
            said = "the kernel gave no sensible answer to this cell."
        cell.outputs = list(cell.get("outputs", ()))
        cell.outputs.append(outputs.error(reason, f"{reason}: {said}"))

    def _revived(self, index: int) -> bool:
        """Start anew and run again what had worked before `index`, but for checks."""
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        return all(
            self._run(cell, i)
            for i, cell in enumerate(self.nb.cells[:index])
            if cell.cell_type == "code" and not is_check(cell) and not _failed(cell)
        )

    def on_cell_executed(self, **kwargs: Any) -> None:
        """Note what the kernel says that the submission has touched."""
        super().on_cell_executed(**kwargs)
        said = kwargs["execute_reply"]["content"].get("d2lmini", ())
        if isinstance(said, list) and said:
            self.touched = [outputs.text(one)[:100] for one in said[:50]]

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> Any:
        """Take a message in, as far as it is one, and no longer than `max_output`."""
        kind = str(msg.get("msg_type"))
        content = msg.get("content")
        if not isinstance(content, dict):
            return None
        if kind == "status":
            if content.get("execution_state") == "idle":
                raise CellExecutionComplete()
            return None
        if kind == "clear_output":
            msg["content"] = {"wait": bool(content.get("wait"))}
            return super().process_message(msg, cell, cell_index)
        room = self.max_output - self.printed.get(cell_index, 0)
        if sum(self.printed.values()) > 50 * self.max_output and kind != "error":
            room = 0  # all cells together have said enough
        clean = outputs.message(kind, content, room)
        if clean is None:
            return None
        self.printed[cell_index] += outputs.size(clean)
        msg["content"] = clean
        return super().process_message(msg, cell, cell_index)


def is_check(cell: NotebookNode) -> bool:
    """Whether `cell` is a check of ours, which nobody else has written."""
    about = cell.metadata.get("nbgrader", {})
    return bool(about.get("grade")) and not about.get("solution")


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))
