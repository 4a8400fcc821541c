"""The kernel behind the walls: a script that an IPython kernel is started with.

It answers on sockets that it inherits, so that it needs no network and no folder that
it shares with anybody.  It puts limits on itself that it cannot lift, and runs checks
apart from what the cells of a submission have changed in Python.

It imports nothing of this package, which a submission may never need.
"""

import builtins
import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import zmq
from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

CHECK = "# d2lmini: a check\n"  # before the code of one

#: What a check builds on, and a submission has no business to change.
WATCHED = (
    "builtins",
    "d2lmini",
    "IPython.core.interactiveshell",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "math",
    "numpy",
    "operator",
    "torch",
    "torch.functional",
    "torch.nn",
    "torch._tensor",
    "torch.testing",
)
SKIPPED = ("torch.nn.utils.", "torch.nn.quant", "torch.nn.intrinsic", "torch.nn.qat")
HOOKS = ("input_transformers_cleanup", "input_transformers_post", "ast_transformers")
MOST = 50  # changes that are worth a report


def watched(name: str) -> bool:
    """Whether the module `name` is one that a check builds on."""
    inside = any(name.startswith(f"{one}.") for one in ("d2lmini", "torch.nn"))
    return (inside and not name.startswith(SKIPPED)) or name in WATCHED


class Untouched:
    """Modules, their functions and classes as they were, and the way back."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.modules: dict[str, ModuleType] = {}
        self.places: list[tuple[Any, str, dict[str, Any]]] = []
        self.functions: dict[int, tuple[FunctionType, tuple[Any, ...]]] = {}
        self.hooks = {name: list(getattr(shell, name, ())) for name in HOOKS}
        self.events = {k: list(v) for k, v in shell.events.callbacks.items()}
        lists: tuple[list[Any], ...] = (sys.meta_path, sys.path_hooks)
        self.finders = [(one, list(one)) for one in lists]
        self.own = dict(vars(shell))
        self.look()

    def look(self) -> None:
        """Take in the modules that have been imported since the last look."""
        for name, module in list(sys.modules.items()):
            if watched(name) and name not in self.modules:
                self.modules[name] = module
                self._take(module, name)

    def _take(self, place: Any, name: str) -> None:
        found = {}
        for key, value in list(vars(place).items()):
            if callable(value) or isinstance(value, ModuleType | property):
                found[key] = value
            plain = getattr(value, "__func__", value)
            if isinstance(plain, FunctionType):
                self.functions.setdefault(id(plain), (plain, _inner(plain)))
            elif isinstance(value, type) and isinstance(place, ModuleType):
                home = getattr(value, "__module__", "")
                if home == name or (name == "torch" and key == "Tensor"):
                    self._take(value, f"{name}.{key}")
        self.places.append((place, name, found))

    def restore(self) -> list[str]:
        """Put everything back as it was, and name what was not."""
        touched = [name for name in self.modules if self._module_back(name)]
        for place, name, found in self.places:
            now = vars(place)
            for key, value in found.items():
                if now.get(key) is not value and _set(place, key, value):
                    touched.append(f"{name}.{key}")
        for function, parts in self.functions.values():
            if any(a is not b for a, b in zip(_inner(function), parts, strict=True)):
                touched.append(f"{function.__module__}.{function.__qualname__}")
                (function.__code__, function.__defaults__, function.__kwdefaults__) = (
                    parts
                )
        return (touched + self._shell_back())[:MOST]

    def _module_back(self, name: str) -> bool:
        changed = sys.modules.get(name) is not self.modules[name]
        sys.modules[name] = self.modules[name]
        return changed

    def _shell_back(self) -> list[str]:
        touched = []
        for name, hooks in self.hooks.items():
            if list(getattr(self.shell, name, hooks)) != hooks:
                touched.append(f"IPython's {name}")
                getattr(self.shell, name)[:] = hooks
        for name, calls in self.events.items():
            if self.shell.events.callbacks[name] != calls:
                touched.append(f"IPython's event {name}")
                self.shell.events.callbacks[name][:] = calls
        for name in ("run_cell", "run_cell_async", "run_code", "run_ast_nodes"):
            if vars(self.shell).get(name) is not self.own.get(name):
                touched.append(f"IPython's {name}")
                vars(self.shell).pop(name, None)
        for now, before in self.finders:
            if now[: len(before)] != before:
                touched.append("how Python imports")
                now[:] = before
        if sys.gettrace() is not None or sys.getprofile() is not None:
            touched.append("sys.settrace")
            sys.settrace(None)
            sys.setprofile(None)
        return touched


def _inner(function: FunctionType) -> tuple[Any, ...]:
    return function.__code__, function.__defaults__, function.__kwdefaults__


def _set(place: Any, key: str, value: Any) -> bool:
    try:
        setattr(place, key, value)
    except (AttributeError, TypeError):  # of a class that nobody can change
        return False
    return True


@contextlib.contextmanager
def settled(folder: str) -> Iterator[None]:
    """The settings of Python and torch that a check takes for granted."""
    os.chdir(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        torch: Any = sys.modules.get("torch")
        if torch is not None:
            before = torch.get_default_dtype()
            torch.set_default_dtype(torch.float32)
            stack.callback(torch.set_default_dtype, before)
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
        numpy: Any = sys.modules.get("numpy")
        if numpy is not None:
            stack.enter_context(numpy.errstate(all="ignore"))
        yield


class Kernel(IPythonKernel):
    """IPython's kernel, in which a check runs apart."""

    untouched: Untouched
    streams: tuple[Any, Any]
    seen: tuple[str, ...] = ()
    folder = "."
    recursion = sys.getrecursionlimit()

    async def do_execute(self, code: str, *args: Any, **kwargs: Any) -> Any:
        """Run a cell; a check in a fresh namespace, with what it builds on restored.

        The reply names under `d2lmini` what the cells before had changed.
        """
        for stream in self.streams:
            stream.written = 0
        if not code.startswith(CHECK):
            reply = await self._execute(code, *args, **kwargs)
        else:
            self.note(self.untouched.restore())
            with settled(self.folder), apart(self.shell):
                reply = await self._execute(code[len(CHECK) :], *args, **kwargs)
        self.tidy()
        reply["d2lmini"] = list(self.seen)
        return reply

    async def _execute(self, *args: Any, **kwargs: Any) -> Any:
        untyped: Any = super()
        return await untyped.do_execute(*args, **kwargs)

    def note(self, touched: Iterable[str]) -> None:
        """Remember what was touched, for all replies to come."""
        self.seen = tuple(dict.fromkeys((*self.seen, *touched)))[:MOST]

    def tidy(self) -> None:
        """Undo what would make every later cell fail, whatever it says."""
        shell: Any = self.shell
        shell.user_ns.update(__builtins__=builtins, __name__="__main__")
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout, sys.stderr = self.streams
        if sys.getrecursionlimit() < self.recursion:
            sys.setrecursionlimit(self.recursion)
        torch: Any = sys.modules.get("torch")
        if torch is not None and torch.get_default_device().type != "cpu":
            torch.set_default_device(None)  # there is nothing else to compute on
        self.untouched.look()


@contextlib.contextmanager
def apart(shell: Any) -> Iterator[None]:
    """Let the shell run cells in a copy of its namespace, and then in its own again.

    In the copy, Python's own names mean what they should, and so do those of the
    modules that our own cells import.
    """
    main, names = shell.user_module, shell.user_ns
    copy = ModuleType("__main__")
    space = vars(copy)
    space.update({k: v for k, v in names.items() if not hasattr(builtins, k)})
    space["__builtins__"] = builtins
    space["__name__"] = "__main__"
    space.update(shell.our_names)
    shell.user_module, shell.user_ns = copy, space
    try:
        yield
    finally:
        shell.user_module, shell.user_ns = main, names


class Brief(OutStream):
    """What is printed, as far as anybody will read it."""

    most = 10**6
    written = 0

    def write(self, string: str) -> int:
        """Write `string`, unless the cell has written enough."""
        if self.written > self.most:
            return len(string)
        self.written += len(string)
        return int(super().write(string[: self.most]) or 0)


class App(IPKernelApp):
    """IPython's kernel application on sockets that it inherits."""

    inherited: dict[int, int]

    def _try_bind_socket(self, s: Any, port: int) -> int:
        if port in self.inherited:
            s.setsockopt(zmq.USE_FD, self.inherited[port])
        done: int = super()._try_bind_socket(s, port)  # type: ignore[no-untyped-call]
        return done

    def init_heartbeat(self) -> None:
        """Nobody listens to it: whether the process lives is seen outside."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """It has been written, and lies where nothing can be."""

    def cleanup_connection_file(self) -> None:
        """It belongs to who wrote it."""


def limit(kind: int, most: int) -> None:
    """Set a limit of the operating system, or leave a lower one."""
    now = resource.getrlimit(kind)[1]
    if most and (now == resource.RLIM_INFINITY or most < now):
        resource.setrlimit(kind, (most, most))


def confine(asked: dict[str, Any]) -> None:
    """Limit this process and all that it starts."""
    limit(resource.RLIMIT_CORE, 1)
    # Data, not address space: PyTorch maps far more than it ever uses.
    limit(resource.RLIMIT_DATA, asked["memory"])
    limit(resource.RLIMIT_FSIZE, asked["file_size"])
    limit(resource.RLIMIT_NOFILE, asked["open_files"])
    if hasattr(resource, "RLIMIT_NPROC"):
        limit(resource.RLIMIT_NPROC, asked["processes"])
    if hasattr(resource, "RLIMIT_MSGQUEUE"):
        limit(resource.RLIMIT_MSGQUEUE, 2**20)


def ready(asked: dict[str, Any]) -> str:
    """Make the submission's own copy of its files; return the folder."""
    home, given = Path(os.environ["HOME"]), Path(asked["given"])
    home.mkdir(exist_ok=True)
    if (given / "cache").is_dir():
        shutil.copytree(given / "cache", home / ".cache", dirs_exist_ok=True)
    shutil.copytree(given / "files", home, dirs_exist_ok=True)
    for path in [home, *home.rglob("*")]:
        with contextlib.suppress(OSError):
            path.chmod(0o755 if path.is_dir() else 0o644)
    return str(home)


def main(place: str) -> None:
    """Start the kernel that `place`/ask.json describes."""
    asked = json.loads((Path(place) / "ask.json").read_text("utf-8"))
    said = os.dup(2)
    for stream in (1, 2):  # what is written past Python is nobody's to read
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    try:
        app = started(place, asked)
    except BaseException as error:
        os.write(said, f"{type(error).__name__}: {error}".encode())
        raise
    os.close(said)
    app.start()
    while True:  # a cell may stop the loop; who started the kernel ends it
        app.io_loop.start()


def started(place: str, asked: dict[str, Any]) -> Any:
    """The application, ready to answer."""
    folder = ready(asked)
    confine(asked)
    sys.path = [one for one in sys.path if one not in ("", asked["script"])]
    App.inherited = {int(k): v for k, v in asked["sockets"].items()}
    Brief.most = asked["max_output"]
    app: Any = App.instance(
        kernel_class=Kernel, outstream_class=f"{__name__}.{Brief.__name__}"
    )
    connection = str(Path(place) / "connection.json")
    app.initialize(["-f", connection, "--HistoryManager.hist_file=:memory:"])
    kernel, shell = app.kernel, app.kernel.shell
    shell.ask_exit = lambda: None  # quit() would end what others wait for
    kernel.folder, kernel.streams = folder, (sys.stdout, sys.stderr)
    shell.our_names = ours(asked["imports"])
    kernel.untouched = Untouched(shell)
    os.chdir(folder)
    return app


def ours(imports: list[list[str]]) -> dict[str, Any]:
    """The modules that our own cells import, by the name that each is given."""
    found = {}
    for name, path, attribute in imports:
        with contextlib.suppress(Exception):
            module = importlib.import_module(path)
            value = getattr(module, attribute) if attribute else module
            if isinstance(value, ModuleType):
                found[name] = value
    return found


if __name__ == "__main__":
    main(sys.argv[1])
