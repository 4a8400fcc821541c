"""What a training run shows while it runs."""

import html
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from d2lmini.training.history import History
from d2lmini.training.interrupts import notebook

_PATIENCE = 0.25  # seconds between two updates of a progress bar
_FIRST_DRAWING = 2.0  # seconds before curves are drawn within an epoch
_REDRAWING = 0.05  # the share of the time that curves of a running epoch may take

#: Mean loss and accuracy of the epoch so far.
SoFar = Callable[[], tuple[float, float]]


class Report:
    """What :func:`d2lmini.training.loop.train` calls; a loop never draws itself.

    Here every method does nothing.
    """

    def start(self, history: History, batches: int) -> None:
        """Before the first batch; ``batches`` is how many an epoch has."""

    def begin(self, epoch: int, so_far: SoFar) -> None:
        """Before an epoch; ``so_far()`` reads its mean loss and accuracy until now,
        which makes the device wait: a few times a second at most."""

    def batch(self, epoch: int, done: int) -> None:
        """After each batch: must cost next to nothing."""

    def epoch(self, history: History) -> None:
        """After each epoch, when it has been measured."""

    def say(self, text: str) -> None:
        """Something the reader must know now."""

    def close(self, history: History) -> None:
        """After the run, however it ended."""


class Silent(Report):
    """Shows nothing: for benchmarks and tests."""


class Terminal(Report):
    """One line per epoch."""

    def start(self, history: History, batches: int) -> None:
        print(f"{history.name}: {history.origin}")

    def epoch(self, history: History) -> None:
        last = history.epochs[-1]
        print(
            f"epoch {len(history.epochs)}/{history.recipe['epochs']}  "
            f"loss {last.loss:.3f}  train {last.train_accuracy:.3f}  "
            f"validation {last.val_accuracy:.3f}  {last.seconds:.1f} s",
            flush=True,
        )

    def say(self, text: str) -> None:
        print(text, flush=True)

    def close(self, history: History) -> None:
        if history.finished:
            print(f"test accuracy {history.test_accuracy:.4f}")


class Slot:
    """A place in a notebook's output whose content can be replaced."""

    def __init__(self) -> None:
        # imported here, since a terminal may have no IPython; untyped
        self._ipython: Any = import_module("IPython.display")
        self._handle = self._ipython.display(self._ipython.HTML(""), display_id=True)

    def show(self, content: object) -> None:
        """Put an object there, or HTML given as text."""
        if isinstance(content, str):
            content = self._ipython.HTML(content)
        self._handle.update(content)


class Notebook(Report):
    """A curve that grows, under a progress bar with the time left."""

    def start(self, history: History, batches: int) -> None:
        self.history, self.batches = history, batches
        self.total = history.recipe["epochs"]
        self.first = len(history.epochs)
        self.begun = self.shown = time.monotonic()
        self.next_drawing = self.begun + _FIRST_DRAWING
        self.bar, self.figure = Slot(), Slot()

    def begin(self, epoch: int, so_far: SoFar) -> None:
        self.so_far = so_far
        self.points: list[tuple[float, float, float]] = []

    def batch(self, epoch: int, done: int) -> None:
        now = time.monotonic()
        if now - self.shown >= _PATIENCE:
            self.shown = now
            self.points.append((epoch + done / self.batches, *self.so_far()))
            self._progress(epoch, now)
            if now > self.next_drawing and done < self.batches:
                self._draw()

    def _progress(self, epoch: int, now: float) -> None:
        passed, loss, accuracy = self.points[-1]
        left = (now - self.begun) / (passed - self.first) * (self.total - passed)
        self.bar.show(
            f'<progress value="{passed:.3f}" max="{self.total}" '
            f'aria-label="training"></progress> epoch {epoch + 1} of '
            f"{self.total}, loss {loss:.3f}, accuracy {accuracy:.3f}, "
            f"{_duration(left)} left"
        )

    def _draw(self) -> None:
        """The run so far, on the axis of the whole run."""
        from d2lmini.plot import curves

        begun = time.monotonic()
        self.figure.show(curves([self.history], epochs=self.total, so_far=self.points))
        self.next_drawing = begun + (time.monotonic() - begun) / _REDRAWING

    def epoch(self, history: History) -> None:
        if len(history.epochs) < self.total:  # close draws the last
            self.points = []
            self._draw()

    def say(self, text: str) -> None:
        print(text, flush=True)

    def close(self, history: History) -> None:
        """Leave a sentence without timings: a rerun must not change it."""
        epochs = len(history.epochs)
        if not epochs:  # nothing came of it, and whatever was wrong has been said
            self.bar.show("")
            return
        text = f"{history.name}: {epochs} epoch{'s' * (epochs != 1)}"
        if history.finished:
            text += f", test accuracy {history.test_accuracy:.4f}"
        # Names may come from a file that somebody else has made.
        self.bar.show(f"<p>{html.escape(f'{text} ({history.origin})')}</p>")
        self.figure.show(history.plot())


def default_report() -> Report:
    """A live figure in a notebook, lines in a terminal."""
    return Notebook() if notebook() else Terminal()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
