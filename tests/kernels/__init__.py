"""Kernels for tests, forked from one process that has imported what chapters import.

A kernel needs two seconds of a core to import PyTorch, Matplotlib and the package, and
the tests start some forty.  Here a server imports them once, and each kernel is a fork
of it: a process of its own, with its own folder, variables, streams and sockets, in
which nothing has run but imports.  Jupyter finds it as "python3" in ``spec``, ahead of
the real one, and starts ``launch.py``, a small process that asks the server and stands
for the kernel: it hands on signals and ends as the kernel ends.  Where anything is in
the way it becomes a plain kernel, and the tests' summary says how often and why.  The
workers among which ``pytest -n`` deals the tests are forks of the same server, and so
is a program that a test starts with ``PYTHON``.

Submissions behind their walls, and `make outputs`, whose outputs are stored, have
plain kernels.
"""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
#: Starts what Python would with the same arguments, and is Python where need be.
PYTHON = (sys.executable, "-IS", str(HERE / "launch.py"))


class Forge:
    """The server of one run of the tests; ``eager`` if it is sure to be asked."""

    def __init__(self, eager: bool) -> None:
        try:
            os.close(os.pidfd_open(os.getpid()))
        except (AttributeError, OSError):
            self.folder = None
            return
        self.folder = tempfile.TemporaryDirectory(prefix="kernels-")
        self.place = Path(self.folder.name, "asked")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(self.place))
            listener.listen(64)
            command = [sys.executable, HERE / "server.py", str(listener.fileno())]
            # Its input is ours, so it ends with us, whatever our end.
            self.process = subprocess.Popen(
                [*command, "now"] if eager else command,
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        paths = (str(HERE / "spec"), os.environ.get("JUPYTER_PATH"))
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, paths))
        os.environ["TESTS_KERNELS"] = str(self.place)

    def workers(self, asked: list[str]) -> list[str]:
        """What xdist is to start for the ``asked``, of which "popen" is a plain one."""
        if self.folder is None:
            return asked
        forked = f"popen//python={shlex.join(PYTHON)}"
        return [forked if spec == "popen" else spec for spec in asked]

    def said(self) -> list[str]:
        """How the kernels and workers were started, in lines."""
        if self.folder is None:
            return ["each has imported everything itself: Linux alone forks them"]
        file = self.place.with_suffix(".txt")
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        plain = [line for line in lines if line != "forked"]
        return [f"{lines.count('forked')} forked, {len(plain)} plain", *plain]

    def end(self) -> None:
        """End the server and its kernels."""
        if self.folder is not None:
            self.process.stdin.close()
            self.process.wait()
            self.folder.cleanup()
