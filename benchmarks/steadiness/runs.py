"""Seven recipes: killed, interrupted, and then resumed to their end."""

import functools
import hashlib
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from benchmarks.steadiness.child import Child, Tell, said
from benchmarks.steadiness.parts import Attempt, Part, Wrong
from d2lmini import History, nets, storage, train
from d2lmini.data import CLASSES, Augment, Batches, ImageSet, Splits
from d2lmini.data.augment import chain, crop, flip
from d2lmini.training import checkpoint
from d2lmini.training.checkpoint import Checkpoint
from d2lmini.training.report import Silent

EPOCHS = 3  # the first, one between and the last
FILE = "run.pt"


def normalised() -> nn.Sequential:
    """Everything that has a state or draws numbers, and is small."""
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 5, stride=2), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * 12 * 12, 10)),
    )


class Recipe(NamedTuple):
    """A net, and what ``train`` is asked besides."""

    net: Callable[[], nn.Module]
    options: dict[str, Any]
    augment: Augment | None = None


_BFLOAT = {"precision": torch.bfloat16}
_FLOAT = {"precision": torch.float32}
_NESTEROV = functools.partial(torch.optim.SGD, momentum=0.9, nesterov=True)
RECIPES = (
    Recipe(nets.lenet, _FLOAT),
    Recipe(nets.lenet, _BFLOAT),
    Recipe(nets.lenet, {**_FLOAT, "average": 0.99}),
    Recipe(normalised, _FLOAT),
    Recipe(normalised, _BFLOAT),
    Recipe(normalised, {**_FLOAT, "average": 0.99}),
    Recipe(
        normalised,
        {**_BFLOAT, "average": 0.99, "optimizer": _NESTEROV, "watch": None},
        chain(flip, crop),
    ),
)


def images(count: int, seed: int) -> ImageSet:
    """Noise with labels: there is nothing to learn, and nothing need be."""
    drawn = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, 1, 28, 28), generator=drawn)
    return ImageSet(pixels.byte(), torch.arange(count) % 10, classes=CLASSES)


def trained(recipe: Recipe, path: Path | None, net: nn.Module, **more: Any) -> History:
    """``net`` after its run, which the file of that name keeps."""
    first = Batches(images(160, 0), 32, shuffle=True, augment=recipe.augment)
    data = Splits(first, Batches(images(40, 1), 40), Batches(images(40, 2), 40))
    options = {"epochs": EPOCHS, "lr": 0.01, "report": Silent(), "resume": path}
    options |= recipe.options | more
    if "watch" in options:
        options["watch"] = first.prepare(first.images.images[:3], torch.Generator())
    return train(net, data, **options)


def new(recipe: Recipe) -> nn.Module:
    """The net that every run of ``recipe`` begins with, and the random state."""
    torch.manual_seed(0)
    return recipe.net()


def digest(net: nn.Module, history: History) -> str:
    """What two runs must agree on: weights, buffers, history; times left out."""
    whole = hashlib.sha256()
    for value in net.state_dict().values():
        whole.update(value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    epochs = [(e.loss, e.train_accuracy, e.val_loss) for e in history.epochs]
    ending = (history.test_loss, history.test_accuracy, history.snapshots)
    whole.update(repr((history.recipe, epochs, *ending)).encode())
    return whole.hexdigest()[:16]


def warm_up() -> None:
    """What is imported or compiled at first use, so that not every child does so."""
    for recipe in RECIPES:
        trained(recipe, None, new(recipe), epochs=1)


def run_to_end(recipe: Recipe, path: Path) -> Callable[[Tell], None]:
    """Work for a child: the digest of the whole run."""

    def work(tell: Tell) -> None:
        net = new(recipe)
        tell(digest(net, trained(recipe, path, net)))

    return work


class Whole(NamedTuple):
    """The run without any trouble."""

    digest: str
    seconds: float
    moments: int  # of its writing


@functools.cache
def whole(number: int) -> Whole:
    """Recipe ``number`` uninterrupted, with a file and without: both must agree."""
    recipe = RECIPES[number]

    def work(tell: Tell) -> None:
        plain = new(recipe)
        wanted = digest(plain, trained(recipe, None, plain))
        net = new(recipe)
        begun = time.perf_counter()
        found = digest(net, trained(recipe, path, net))
        seconds = time.perf_counter() - begun
        path.unlink()
        with Moments() as moments:
            trained(recipe, path, new(recipe))
        same = digest(net, trained(recipe, path, net := new(recipe)))
        agree = wanted == found == same
        tell(f"{found if agree else 'differs'} {seconds} {moments.count}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "whole.pt")
        text = said(work)
    if len(text.split()) != 3 or "differs" in text:
        raise SystemExit(f"recipe {number} does not even agree with itself: {text}")
    found, seconds, moments = text.split()
    return Whole(found, float(seconds), int(moments))


class Moments:
    """Counts the lines and the pieces by which a checkpoint is written.

    At the moment ``at`` it calls ``act``: in the same place whenever it is repeated,
    however busy the machine.
    """

    def __init__(self, at: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.count, self.at, self.act = 0, at, act
        self._locked, self._write = storage._locked, Checkpoint._write
        self._files = (storage.__file__, checkpoint.__file__)

    def pass_one(self) -> None:
        """One moment more has come."""
        self.count += 1
        if self.count == self.at:
            self.act()

    def __enter__(self) -> "Moments":
        moments = self

        class Piecewise(io.BufferedWriter):
            def write(self, data: Any) -> int:
                half = len(data) // 2
                super().write(data[:half])
                self.flush()
                moments.pass_one()
                super().write(data[half:])
                return len(data)

        def write(*arguments: Any) -> None:
            sys.settrace(self._call)
            try:
                self._write(*arguments)
            finally:
                sys.settrace(None)

        storage._locked = lambda draft: Piecewise(self._locked(draft).detach())
        Checkpoint._write = write
        return self

    def __exit__(self, *_: object) -> None:
        storage._locked, Checkpoint._write = self._locked, self._write

    def _call(self, frame: Any, event: str, argument: object) -> Any:
        return self._line if frame.f_code.co_filename in self._files else None

    def _line(self, frame: Any, event: str, argument: object) -> Any:
        self.pass_one()
        return self._line


def state(net: nn.Module) -> tuple[object, ...]:
    """What a run leaves as it was: everything but numbers."""
    modes = [layer.training for layer in net.modules()]
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in net.modules()]
    weights = [(p.stride(), p.requires_grad, p.dtype) for p in net.parameters()]
    return str(net), modes, hooks, weights


def _run(recipe: Recipe, path: Path, around: Any) -> Callable[[Tell], None]:
    """Work for a child to which something happens."""

    def work(tell: Tell) -> None:
        net = new(recipe)
        before = state(net)
        tell("ready")
        try:
            with around:
                history = trained(recipe, path, net)
            ending = "finished" if history.finished else "stopped"
            f"{history.test_accuracy:.4f} {history.table()} {history!r}"
        except KeyboardInterrupt:  # before the loop began, or after it
            ending = "raised"
        tell(ending if state(net) == before else "the net is changed")

    return work


def _attacked(signum: int, *, aimed: bool) -> Callable[[Path], Attempt]:
    """Attempts that send a signal at a random time, or at a moment of the writing."""

    def begin(folder: Path) -> Attempt:
        known = [whole(number) for number in range(len(RECIPES))]

        def attempt(number: int, own: random.Random) -> str:
            index = number % len(RECIPES)
            recipe, wanted = RECIPES[index], known[index]
            place = folder / f"{signum} {aimed} {number}"
            place.mkdir()
            path = place / FILE
            around: Any = threading.RLock()  # nothing
            if aimed:
                at = own.randint(1, wanted.moments)
                around = Moments(at, lambda: os.kill(os.getpid(), signum))
            child = Child(_run(recipe, path, around))
            lines = child.lines()
            last = next(lines, "")
            if not aimed and last == "ready":
                time.sleep(own.uniform(0, 1.05 * wanted.seconds))
                child.kill(signum)
            last = [last, *lines][-1]
            ended = child.end()
            if signum == signal.SIGKILL:
                kind = "killed" if ended else "finished before"
            elif last in ("finished", "stopped", "raised"):
                kind = last
            elif last.startswith("KeyboardInterrupt"):  # in this file's own lines
                kind = "raised"
            else:
                raise Wrong("net or error", f"{last} ({ended})")
            _resume(recipe, path, wanted)
            shutil.rmtree(place)
            return kind

        return attempt

    return begin


def _resume(recipe: Recipe, path: Path, wanted: Whole) -> None:
    """Another process goes on to the end: nothing may tell that there was trouble."""
    found = said(run_to_end(recipe, path))
    if found != wanted.digest:
        kind = "file unusable" if ":" in found else "other result"
        raise Wrong(kind, found)
    if litter := {file.name for file in path.parent.iterdir()} - {path.name}:
        raise Wrong("litter", litter)


def _sessions(folder: Path) -> Attempt:
    """Stop pressed three times in one process, the same net handed in each time."""
    chosen = (0, 3, 5)
    known = {number: whole(number) for number in chosen}

    def attempt(number: int, own: random.Random) -> str:
        index = chosen[number % len(chosen)]
        recipe, wanted = RECIPES[index], known[index]
        place = folder / f"session {number}"
        place.mkdir()
        found = said(_session(recipe, place / FILE, wanted.seconds, own))
        if found != wanted.digest:
            raise Wrong("never finishes" if ":" in found else "other result", found)
        shutil.rmtree(place)
        return "as if never stopped"

    return attempt


def _session(
    recipe: Recipe, path: Path, seconds: float, own: random.Random
) -> Callable[[Tell], None]:
    def work(tell: Tell) -> None:
        net = new(recipe)
        for _ in range(3):
            press = threading.Timer(
                own.uniform(0, 0.7 * seconds), os.kill, (os.getpid(), signal.SIGINT)
            )
            try:
                press.start()
                trained(recipe, path, net)
                press.join()
            except KeyboardInterrupt:
                pass
        tell(digest(net, trained(recipe, path, net)))

    return work


_ENDINGS = ("file unusable", "other result", "litter")
PARTS = {
    "kills": Part(
        *("SIGKILL at any time", 1400, 2),
        *(_attacked(signal.SIGKILL, aimed=False), _ENDINGS),
    ),
    "kills-aimed": Part(
        *("SIGKILL while the file is written", 700, 5),
        *(_attacked(signal.SIGKILL, aimed=True), _ENDINGS),
    ),
    "interrupts": Part(
        *("SIGINT at any time", 700, 3),
        *(_attacked(signal.SIGINT, aimed=False), ("net or error", *_ENDINGS)),
    ),
    "interrupts-aimed": Part(
        *("SIGINT while the file is written", 420, 4),
        *(_attacked(signal.SIGINT, aimed=True), ("net or error", *_ENDINGS)),
    ),
    "sessions": Part(
        *("SIGINT three times, the same net", 180, 2),
        *(_sessions, ("never finishes", "other result")),
    ),
}
