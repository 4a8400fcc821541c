"""Ctrl-C, and a notebook's stop button, heard between two batches.

Raised wherever Python happens to be, KeyboardInterrupt can leave a file half written
or a layer half changed.  So the first one is only noted, and :func:`point` raises it
where everything is whole; a second one is raised at once, as ever.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

_asked = 0  # the signal that has come, or 0
_held = 0
_ending = False  # a training was stopped in the cell that runs


class Terminated(KeyboardInterrupt):
    """Raised for SIGTERM, by which a launcher ends its processes."""


@contextlib.contextmanager
def heard(termination: bool = False) -> Iterator[None]:
    """Within this block an interrupt waits for the next :func:`point`.

    With ``termination``, so does SIGTERM.
    """
    global _asked
    if _ending:
        raise KeyboardInterrupt("the training before was stopped by hand")
    signals = []
    if threading.current_thread() is threading.main_thread():  # no other may set them
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signals.append(signal.SIGINT)  # else ignored, or somebody's own
        if termination:
            signals.append(signal.SIGTERM)
    if not signals:
        yield
        return
    _asked = 0
    handlers = [signal.signal(number, _note) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)
        late, _asked = _asked, 0
    if late and termination:  # too late for a point, and meant for what follows
        signal.raise_signal(late)
    elif late:  # pressed when all was done
        end_cell()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Within this block, such as the writing of a file, no interrupt is raised."""
    global _held
    _held += 1
    try:
        yield
    finally:
        _held -= 1


def point() -> None:
    """Raise KeyboardInterrupt here if one was asked for."""
    global _asked
    if _asked and not _held:
        number, _asked = _asked, 0
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def by_hand() -> bool:
    """Whether Ctrl-C was pressed and has not been heard yet."""
    return _asked == signal.SIGINT


def _note(number: int, frame: Any) -> None:
    global _asked
    second, _asked = _asked, number
    if second:
        point()


def end_cell() -> None:
    """Let a notebook that runs all its cells stop after the present one.

    What the cell has assigned is kept; the answer to Jupyter says that it was
    interrupted, and a training that follows in the same cell does not begin.
    Outside a notebook nothing happens.
    """
    global _ending
    shell = notebook()
    if shell is None:
        return
    _ending = True

    def interrupted(result: Any) -> None:
        global _ending
        _ending = False
        shell.events.unregister("post_run_cell", interrupted)
        if result.error_in_exec is None:
            result.error_in_exec = KeyboardInterrupt("training was stopped by hand")

    shell.events.register("post_run_cell", interrupted)


def notebook() -> Any:
    """IPython's shell where there is a kernel, else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) else None
