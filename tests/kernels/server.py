"""Imports and reads what chapters do, when first asked, and forks a kernel a request.

Started with the number of the socket on which it listens, and "now" to import at once,
since whoever waits for a kernel may not wait long; ends with its input.
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import threading
import types
from pathlib import Path

IMPORTED = (
    "anywidget",
    "d2lmini.analysis.summary",
    "d2lmini.course.check",
    "d2lmini.nets",
    "d2lmini.plot",
    "d2lmini.training.loop",
    "d2lmini.widgets",
    "ipykernel.kernelapp",
    "ipywidgets",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "PIL.Image",
    "torchvision",
)

#: How variables begin that imports read: a kernel with others has to be a plain one.
READ = ("HOME", "KMP", "LANG", "LC_", "LD_", "MKL", "MPL", "OMP", "OPENBLAS", "PYTHON")


def fixed(environ):
    """The variables that have had their effect when everything is imported.

    Not which warnings are shown: Sphinx sets that in whatever process imports it.
    """
    own = {key: environ[key] for key in environ if key.startswith(READ)}
    return {key: own[key] for key in own if key != "PYTHONWARNINGS"}


def import_all():
    for name in IMPORTED:
        importlib.import_module(name)
    read_data()


@functools.cache
def read_data():
    """Unpack or draw once what every chapter begins with, as in quick mode."""
    from d2lmini import load_fashion_mnist, mode
    from d2lmini.data.files import DataError

    if sys.modules["torch"].get_num_threads() > 1:
        return  # a fork would wait for threads that it does not have
    os.environ["D2LMINI_QUICK"] = "1"  # a fork has its own variables
    with contextlib.suppress(DataError):  # whoever asks is told
        load_fashion_mnist(batch_size=1, device="cpu")  # no fork has its parent's GPU
    mode.withdraw()


class Server:
    """The kernels that run, and who waits for their end."""

    def __init__(self, listener, place):
        self.listener, self.place = listener, place
        self.given = fixed(os.environ)
        self.running = {}  # a kernel's number: its end, and who is told of it
        self.selector = selectors.DefaultSelector()
        self.when(listener, self.answer)
        self.when(sys.stdin, self.end)

    def when(self, file, call):
        self.selector.register(file, selectors.EVENT_READ, call)

    def serve(self):
        """Answer requests; returns only in a fork, with what it is to be."""
        while True:
            for key, _ in self.selector.select():
                if (wanted := key.data()) is not None:
                    return wanted

    def answer(self):
        """Fork a kernel, or say why not; returns only in the fork what it is to be."""
        link, _ = self.listener.accept()
        message, files, _, _ = socket.recv_fds(link, 1 << 20, 4)
        wanted = json.loads(message or "null")
        why = self.refusal(wanted)
        if not why and not (kernel := os.fork()):
            self.forget()
            return wanted | {"files": files}
        for file in files:
            os.close(file)
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            link.send(why.encode() or b"%d" % kernel)
        if not why:
            self.running[kernel] = os.pidfd_open(kernel), link
            for file, call in zip(
                self.running[kernel], (self.ended, self.left), strict=True
            ):
                self.when(file, functools.partial(call, kernel))
            with Path(f"{self.place}.txt").open("a", encoding="utf-8") as notes:
                notes.write("forked\n")
        return None

    def forget(self):
        """In a fork: leave to the server what is its own."""
        self.selector.close()
        self.listener.close()
        for end, link in self.running.values():
            os.close(end)
            link.close()

    def refusal(self, wanted):
        """Why a kernel cannot be a fork of this process; "" if it can."""
        if wanted is None:
            return "it has asked for nothing"
        asked = fixed(wanted["environ"])
        if differing := sorted(dict(self.given.items() ^ asked.items())):
            return f"{', '.join(differing)} differs"
        import_all()
        if threading.active_count() > 1:
            return f"imports have started threads: {threading.enumerate()}"
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)  # looking for circles took a twentieth
        return ""

    def ended(self, kernel):
        """Tell the end of a kernel to whoever stands for it."""
        if kernel not in self.running:  # told already: two events came at once
            return
        end, link = self.running.pop(kernel)
        self.selector.unregister(end)
        self.selector.unregister(link)
        os.close(end)
        _, status = os.waitpid(kernel, 0)
        with contextlib.suppress(OSError):  # it may have been killed
            link.send(b"%d" % os.waitstatus_to_exitcode(status))
        link.close()

    def left(self, kernel):
        """End a kernel, and its children, for which nobody stands any more."""
        if kernel in self.running:
            for kill in (os.killpg, os.kill):  # a group, as soon as it has its own
                with contextlib.suppress(ProcessLookupError):
                    kill(kernel, signal.SIGKILL)
            self.ended(kernel)

    def end(self):
        """End with whoever has started this process."""
        for kernel in list(self.running):
            self.left(kernel)
        sys.exit()


def become(argv, environ, files):
    """Run the kernel, or what else Python is to be, as if it had been started anew."""
    os.setsid()
    os.fchdir(files[3])
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["torch"].seed()
    if argv[:2] == ["-m", "ipykernel_launcher"]:
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
        sys.argv[1:] = argv[2:]
        sys.modules["ipykernel.kernelapp"].launch_new_instance()
    else:
        run(argv)


def run(argv):
    """Do as Python does with ``argv``, and take back what is for kernels alone."""
    matplotlib = sys.modules["matplotlib"]
    # As the user's file has it; through dict, which looks for no backend yet.
    backend = dict.__getitem__(matplotlib.rcParamsOrig, "backend")
    dict.update(matplotlib.rcParams, backend=backend)
    if argv[0] == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = argv[1:]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    else:
        place = argv.index("-c")
        sys.path.insert(0, "")
        sys.argv = ["-c", *argv[place + 2 :]]
        sys.modules["__main__"] = main = types.ModuleType("__main__")
        exec(argv[place + 1], main.__dict__)


def main():
    del sys.path[0]  # this folder, which a kernel does not know
    listener = socket.socket(fileno=int(sys.argv[1]))
    server = Server(listener, listener.getsockname())
    # What ipykernel sets, and reads when it is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    if "now" in sys.argv:
        import_all()
    become(**server.serve())


if __name__ == "__main__":
    main()
