"""Training and measuring a network."""

import contextlib
import itertools
import os
import platform
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini import mode
from d2lmini.data import Batches, Splits
from d2lmini.device import best_precision, device_name
from d2lmini.nets import trained
from d2lmini.nets.misfit import explain_misfit
from d2lmini.training import checkpoint
from d2lmini.training.average import Average
from d2lmini.training.history import Epoch, History
from d2lmini.training.recipe import recipe
from d2lmini.training.report import Report, default_report
from d2lmini.training.schedules import one_cycle
from d2lmini.training.snapshots import Watcher

Optimizer = Callable[..., torch.optim.Optimizer]
Loss = Callable[[Tensor, Tensor], Tensor]

#: Batches from which an averaged net's normalisations take their statistics.
STATISTICS = 100


def train(
    net: nn.Module,
    data: Splits,
    *,
    epochs: int,
    lr: float,
    optimizer: Optimizer = torch.optim.Adam,
    schedule: Callable[[float], float] = one_cycle,
    loss: Loss = F.cross_entropy,
    precision: torch.dtype | None = None,
    report: Report | None = None,
    resume: str | Path | None = None,
    name: str | None = None,
    watch: Tensor | None = None,
    average: float | None = None,
) -> History:
    """Train ``net`` in place on ``data.train``; return how it went.

    After each epoch the net is measured on ``data.val``, after the last one
    on ``data.test``.  ``optimizer(parameters, lr=...)`` makes the optimizer;
    ``schedule(progress)`` multiplies ``lr`` before each step; ``loss(logits,
    labels)`` is a mean over the batch.  ``precision=None`` is the fastest that
    the data's device has (:func:`d2lmini.device.best_precision`), and
    ``report=None`` draws in a notebook and prints elsewhere.

    ``resume`` names a file that keeps the run's state after each epoch and
    that the run continues from, bit for bit on a CPU, if it exists; it is
    refused if another recipe wrote it.  ``name`` labels the run in plots;
    with ``D2LMINI_RUNS`` set, the run also keeps its state, its history and its
    weights in that folder under this name.  ``watch`` is a few images (N, C, H, W) as
    the net takes them: the history then keeps, at some moments of the run,
    what the net says of them and its first kernels.

    ``average`` is the decay of an exponential moving average of the weights, such
    as 0.998: then the averaged net is what is measured and what ``net`` ends as.
    At the end its batch normalisations get statistics of their own, from
    ``STATISTICS`` batches of training; before, they have the averaged ones.

    Ctrl-C ends the run and returns the epochs so far.  When a batch does not
    fit into memory it is worked through in halves, quarters …, with the same
    gradient but for rounding (batch normalisation sees the smaller batch).
    Raises ValueError for an impossible recipe, an input that does not fit the
    net, or a loss that is no longer a number.
    """
    _check(epochs, lr)
    if mode.quick():
        epochs = min(epochs, mode.QUICK_EPOCHS)
    device = data.train.images.images.device
    net.to(device).to(memory_format=torch.channels_last)
    precision = precision or best_precision(device)
    step = Step(net, fused(optimizer, net, lr), loss, precision)
    averaged = Average(net, average)
    history = History(
        name=name or type(net).__name__,
        recipe=recipe(
            net,
            data.train,
            epochs=epochs,
            lr=lr,
            optimizer=optimizer,
            schedule=schedule,
            loss=loss,
            precision=precision,
            average=average,
        ),
        device=device_name(device),
        seed=torch.initial_seed(),
        versions=_versions(),
        notes=mode.notes(),
    )
    state = _state_file(resume, name)
    saved = (net, step.optimizer, step.scaler, averaged, device)
    if state and state.exists():
        history = checkpoint.restore(state, history, *saved)
    watcher = Watcher(net, watch, data.train)
    report = report or default_report()
    report.start(history, len(data.train))
    try:
        for epoch in range(len(history.epochs), epochs):
            begun = time.perf_counter()
            data.train.epoch = epoch  # the order of the data follows from it
            tally = torch.zeros(2, device=device)  # summed loss, hits
            net.train()
            for i, (X, y) in enumerate(data.train):
                watcher(history, epoch, i, tally)
                progress = (epoch + i / len(data.train)) / epochs
                step.set_lr(lr * schedule(progress))
                with _explained(net, X, i):
                    step(X, y, tally, report)
                averaged.update()
                report.batch(epoch, i + 1)
            watcher(history, epoch, len(data.train), tally)
            history.epochs.append(
                _measured(averaged.net, data, tally, begun, precision, loss)
            )
            _refuse_nan(history, lr)
            report.epoch(history)
            if state:
                checkpoint.save(state, history, *saved)
        _settle(averaged, data.train, precision)
        history.test_loss, history.test_accuracy = evaluate(
            net, data.test, precision=precision, loss=loss
        )
        _keep(net, history, name)
    except KeyboardInterrupt:
        _settle(averaged, data.train, precision)
        report.say(f"Stopped by hand after {len(history.epochs)} of {epochs} epochs.")
    finally:
        report.close(history)
    return history


@torch.no_grad()
def predict(
    net: nn.Module, batches: Batches, *, precision: torch.dtype | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits float32 (batch_size, classes) and labels, a batch at a time.

    The net is in evaluation mode meanwhile and afterwards as it was before.
    """
    device = batches.images.images.device
    precision = precision or best_precision(device)
    was_training = net.training
    net.to(device=device).eval()
    try:
        for i, (X, y) in enumerate(batches):
            with _explained(net, X, i), _autocast(device, precision):
                logits = net(X.to(memory_format=torch.channels_last))
            yield logits.float(), y
    finally:
        net.train(was_training)


def evaluate(
    net: nn.Module,
    batches: Batches,
    *,
    precision: torch.dtype | None = None,
    loss: Loss = F.cross_entropy,
) -> tuple[float, float]:
    """Mean loss and accuracy of ``net`` on ``batches``, without training."""
    tally = torch.zeros(2, device=batches.images.images.device)
    for logits, y in predict(net, batches, precision=precision):
        _count(tally, logits, y, loss(logits, y))
    mean_loss, accuracy = (tally / len(batches.images)).tolist()
    return mean_loss, accuracy


class Step:
    """One optimizer step on one batch, in pieces when memory is short."""

    def __init__(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        loss: Loss,
        precision: torch.dtype,
    ) -> None:
        self.net = net
        self.optimizer = optimizer
        self.loss = loss
        self.precision = precision
        # Gradients of float16 vanish without scaling; bfloat16's do not.
        self.scaler = torch.amp.GradScaler(enabled=precision == torch.float16)
        self.pieces = 1  # doubled whenever memory runs out

    def set_lr(self, lr: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def __call__(self, X: Tensor, y: Tensor, tally: Tensor, report: Report) -> None:
        while True:
            self.optimizer.zero_grad(set_to_none=True)
            part = torch.zeros_like(tally)
            try:
                self._gradients(X, y, part)
                break
            except torch.OutOfMemoryError:
                if self.pieces >= len(X):
                    raise
            self._halve(X, report)  # outside except, whose traceback holds tensors
        tally += part
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def _gradients(self, X: Tensor, y: Tensor, tally: Tensor) -> None:
        for X_piece, y_piece in zip(
            X.chunk(self.pieces), y.chunk(self.pieces), strict=True
        ):
            with _autocast(X.device, self.precision):
                logits = self.net(X_piece.to(memory_format=torch.channels_last))
                loss = self.loss(logits.float(), y_piece)
            share = len(X_piece) / len(X)
            torch.autograd.backward(self.scaler.scale(loss * share))
            _count(tally, logits.detach(), y_piece, loss.detach())

    def _halve(self, X: Tensor, report: Report) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        if X.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.pieces == 1:
            report.say(
                f"A batch of {len(X)} does not fit into the memory of "
                f"{device_name(X.device)}: working through it in pieces."
            )
        self.pieces *= 2


def _explained(
    net: nn.Module, X: Tensor, batch: int
) -> contextlib.AbstractContextManager[None]:
    """Explain a misfit in the first batch; the others have the same shape."""
    return contextlib.nullcontext() if batch else explain_misfit(net, X)


def _count(tally: Tensor, logits: Tensor, y: Tensor, loss: Tensor) -> None:
    """Add a batch to ``tally`` (2,) on the device: nothing is read back."""
    tally[0] += loss * len(y)
    tally[1] += (logits.argmax(1) == y).sum()


def _measured(
    net: nn.Module,
    data: Splits,
    tally: Tensor,
    begun: float,
    precision: torch.dtype,
    loss: Loss,
) -> Epoch:
    """The epoch just trained; this is where the device is read."""
    N = len(data.train.images)
    train_loss, train_accuracy = (tally / N).tolist()
    seconds = time.perf_counter() - begun
    val_loss, val_accuracy = evaluate(net, data.val, precision=precision, loss=loss)
    return Epoch(
        train_loss, train_accuracy, val_loss, val_accuracy, seconds, N / seconds
    )


def _autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    lower = precision != torch.float32
    return torch.autocast(device.type, precision if lower else None, enabled=lower)


def fused(optimizer: Optimizer, net: nn.Module, lr: float) -> torch.optim.Optimizer:
    """The optimizer, updating all parameters in one kernel where it can."""
    options: dict[str, Any] = {}
    if "fused" in signature(optimizer).parameters:
        options["fused"] = True
    return optimizer(net.parameters(), lr=lr, **options)


def _settle(averaged: Average, batches: Batches, precision: torch.dtype) -> None:
    """Make the averaged net the trained one, with statistics of its own."""
    with _autocast(batches.images.images.device, precision):
        averaged.settle(_some_images(batches))


def _some_images(batches: Batches) -> Iterator[Tensor]:
    batches.epoch = 0  # the same pictures, however the run came to its end
    for X, _ in itertools.islice(batches, STATISTICS):
        yield X.to(memory_format=torch.channels_last)


def _check(epochs: int, lr: float) -> None:
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, not {epochs}.")
    if not lr > 0:
        raise ValueError(f"lr, the learning rate, must be above 0, not {lr}.")


def _refuse_nan(history: History, lr: float) -> None:
    last = history.epochs[-1]
    if last.loss - last.loss != 0:  # NaN or infinite
        raise ValueError(
            f"The loss became {last.loss} in epoch {len(history.epochs)}: start again "
            f"with a learning rate below {lr} (try {lr / 10:g})."
        )


def _state_file(resume: str | Path | None, name: str | None) -> Path | None:
    if resume is not None:
        return Path(resume)
    folder = _runs()
    return folder / "checkpoints" / f"{name}.pt" if folder and name else None


def _keep(net: nn.Module, history: History, name: str | None) -> None:
    folder = _runs()
    if folder and name:
        history.save(folder / f"{name}.json")
        trained.save(net, folder / "weights" / f"{name}.npz")


def _runs() -> Path | None:
    # A rehearsal must never replace a real run.
    folder = os.environ.get("D2LMINI_RUNS")
    return Path(folder) if folder and not mode.quick() else None


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),  # importing it takes seconds
    }
