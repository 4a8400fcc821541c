"""What a training run shows while it runs."""

import sys
import time
from importlib import import_module
from typing import Any, Protocol

from d2lmini.training.history import History

_PATIENCE = 0.25  # seconds between two updates of a progress bar


class Report(Protocol):
    """What :func:`d2lmini.training.loop.train` calls; a loop never draws itself."""

    def start(self, history: History, batches: int) -> None:
        """Before the first batch; ``batches`` is how many an epoch has."""

    def batch(self, epoch: int, done: int) -> None:
        """After each batch: must cost next to nothing."""

    def epoch(self, history: History) -> None:
        """After each epoch, when it has been measured."""

    def say(self, text: str) -> None:
        """Something the reader must know now."""

    def close(self, history: History) -> None:
        """After the run, however it ended."""


class Silent:
    """Shows nothing: for benchmarks and tests."""

    def start(self, history: History, batches: int) -> None: ...

    def batch(self, epoch: int, done: int) -> None: ...

    def epoch(self, history: History) -> None: ...

    def say(self, text: str) -> None: ...

    def close(self, history: History) -> None: ...


class Terminal(Silent):
    """One line per epoch."""

    def start(self, history: History, batches: int) -> None:
        print(f"{history.name}: {history.origin}")
        if history.epochs:
            print(f"resumed after epoch {len(history.epochs)}")

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
        if history.test_accuracy is not None:
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


class Notebook(Silent):
    """A curve that grows, under a progress bar with the time left."""

    def start(self, history: History, batches: int) -> None:
        self.batches, self.total = batches, history.recipe["epochs"]
        self.first = len(history.epochs)
        self.begun = self.drawn = time.monotonic()
        self.said: list[str] = []
        self.bar, self.figure = Slot(), Slot()

    def batch(self, epoch: int, done: int) -> None:
        now = time.monotonic()
        if now - self.drawn >= _PATIENCE:
            self.drawn = now
            self._progress(epoch, epoch + done / self.batches, now)

    def _progress(self, epoch: int, passed: float, now: float) -> None:
        here = max(passed - self.first, 1e-9)
        left = (now - self.begun) / here * (self.total - passed)
        self.bar.show(
            f'<progress value="{passed:.3f}" max="{self.total}" '
            f'aria-label="training"></progress> epoch {epoch + 1} of '
            f"{self.total}, {_duration(left)} left"
        )

    def epoch(self, history: History) -> None:
        if len(history.epochs) < self.total:  # close draws the last
            self.figure.show(history.plot())

    def say(self, text: str) -> None:
        print(text, flush=True)

    def close(self, history: History) -> None:
        """Leave a sentence without timings: a rerun must not change it."""
        epochs = len(history.epochs)
        text = f"{history.name}: {epochs} epoch{'s' * (epochs != 1)}"
        if history.test_accuracy is not None:
            text += f", test accuracy {history.test_accuracy:.4f}"
        self.bar.show(f"<p>{text} ({history.origin})</p>")
        if history.epochs:
            self.figure.show(history.plot())


def default_report() -> Report:
    """A live figure in a notebook, lines in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return Notebook() if getattr(shell, "kernel", None) else Terminal()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
