"""Forked children: an attempt may hang, crash or be killed, and says what it found."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

#: Seconds after which an attempt counts as hanging, on a machine that is busy.
LIMIT = 300

Tell = Callable[[str], None]


class Child:
    """``work(tell)`` in a forked process, which need not import PyTorch anew.

    What it tells are lines here; an error that it raises is the last of them.
    """

    def __init__(self, work: Callable[[Tell], None]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(reading)
            _work(work, writing)
        os.close(writing)
        self._lines = os.fdopen(reading, encoding="utf-8")

    def lines(self) -> Iterator[str]:
        """Each line as it comes, until the child has ended."""
        for line in self._lines:
            yield line.rstrip("\n")

    def kill(self, number: int) -> None:
        """Send it a signal; it may have ended meanwhile, and waits to be asked how."""
        os.kill(self.pid, number)

    def end(self) -> int:
        """Wait for it; 0, or the signal that ended it."""
        self._lines.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _work(work: Callable[[Tell], None], writing: int) -> NoReturn:
    def tell(line: str) -> None:
        signal.alarm(LIMIT)  # its default action ends a process wherever it is
        os.write(writing, (" ".join(line.split()) + "\n").encode())

    try:
        signal.alarm(LIMIT)
        work(tell)
    except BaseException as error:
        tell(f"{type(error).__name__}: {error}")
    finally:
        os._exit(0)  # nothing of the parent's is closed, flushed or removed


def said(work: Callable[[Tell], None]) -> str:
    """The last line of a child that ran to its end; what ended it if none came."""
    child = Child(work)
    lines = list(child.lines())
    ended = child.end()
    return ended_by(ended) if ended or not lines else lines[-1]


def ended_by(status: int) -> str:
    """In words, why a child said no more."""
    return "hang" if status == -signal.SIGALRM else f"crash ({status})"
