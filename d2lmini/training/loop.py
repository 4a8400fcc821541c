"""Training a network."""

import functools
import itertools
import math
import platform
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini import mode
from d2lmini.arguments import (
    Demands,
    found,
    function,
    instance,
    options,
    real,
    truth,
    whole,
)
from d2lmini.data import Batches, Splits
from d2lmini.device import device_name
from d2lmini.nets.borrowed import borrowed
from d2lmini.nets.misfit import is_network
from d2lmini.training import interrupts, memory, notices
from d2lmini.training.checkpoint import Checkpoint, file_of
from d2lmini.training.forward import Forward, initialised, sample, unlowered
from d2lmini.training.graphs import Graph
from d2lmini.training.history import Epoch, History
from d2lmini.training.measure import LOSS, judged
from d2lmini.training.processes import Group, group_for
from d2lmini.training.recipe import Recipe, recipe
from d2lmini.training.report import Report, default_report
from d2lmini.training.run import Loss, Optimizer, Run, Tally
from d2lmini.training.schedules import one_cycle
from d2lmini.training.snapshots import Watcher

_SCHEDULES: Demands = {
    "warm_up": (
        one_cycle,
        "a share of the run from 0 to 1, such as 0.3",
        lambda share: 0 <= share <= 1,
    )
}
#: What a history notes if its steps were: its seconds are no others'.
RECORDED = "steps recorded"

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
    graph: bool = False,
) -> History:
    """Train ``net`` in place on ``data.train``; return how it went.

    After each epoch the net is measured on ``data.val``, after the last one
    on ``data.test``.  ``optimizer(parameters, lr=...)`` makes the optimizer;
    ``schedule(progress)`` multiplies the learning rate of each of its groups before
    each step; ``loss(logits, labels)`` is a mean over the batch.  In quick mode
    (``D2LMINI_QUICK=1``) there is one epoch at most, whatever ``epochs`` is.
    ``precision=None`` is the fastest that the data's device has
    (:func:`d2lmini.device.best_precision`), or that of a net in another precision
    than float32; ``report=None`` draws in a notebook and prints elsewhere.

    ``resume`` names a file that keeps the run's state after each epoch and
    that the run continues from, bit for bit on a CPU, if it exists; it is
    refused if another run wrote it, which its content tells (code, closures, weights,
    data, seed) and not names alone.  It keeps the net's weights and buffers, the
    optimizer with the weights that it steps besides them, the average, and the random
    generators of PyTorch, NumPy and Python.  What layers or the loss keep in other
    attributes is not stored, and the report says so where it changes.  ``name`` labels
    the run in plots; with ``D2LMINI_RUNS`` set, the run also keeps its state, its
    history and its weights in that folder under this name, except in quick mode.
    ``watch`` is a few images (N, C, H, W) as the net takes them: the history then
    keeps, at some moments of the run, what the net says of them and its first kernels.

    ``average`` is the decay of an exponential moving average of the weights, such
    as 0.998: then the averaged net is what is measured and what ``net`` ends as.
    At the end its batch normalisations get statistics of their own, from
    ``STATISTICS`` batches of training; before, they have the averaged ones.

    ``graph`` records a step on a CUDA device once and plays it again, which is faster
    where a step is hundreds of short kernels, as in small networks.  ``net`` and
    ``loss`` must then do the same in every step; where they are seen not to, ValueError
    says so.  It needs the memory of a second step.  On other devices, and in several
    processes, the report says so and nothing is recorded.

    The net's weights, buffers and gradients change, and it moves to the data's device;
    the memory layout of its weights and the mode of each layer are afterwards what they
    were.  A layer in evaluation mode within a net in training mode stays so: frozen
    batch normalisation stays frozen.  Before it is trained, and mostly before it is
    measured, the net is tried on a few images; its hooks are called for these as well.
    ``data.train.epoch`` becomes the number of epochs that have been trained, the other
    parts count their passes.  PyTorch's random state moves on as the net, the loss, the
    schedule and the optimizer draw from it; the data draw from generators of their own.

    Started by torchrun, several processes share each batch (``batch_size`` is that of
    all of them, and ``loss`` gets the logits of all) and train what one would; process
    0 reports and stores, all return the same history, and Ctrl-C or the death of one
    ends all with SystemExit.  Weights and buffers are the same in all of them
    (ValueError at the end of an epoch in which an optimizer or a schedule has drawn
    others); other attributes of layers may come to differ.

    Ctrl-C ends the run and returns the epochs so far; a notebook that runs all its
    cells stops after this one.  When a batch does not fit into memory it is worked
    through in halves, quarters …, with the same gradient apart from rounding (batch
    normalisation sees the smaller batch; a loss that combines several pictures, like
    that of CutMix, is refused).  Raises TypeError or ValueError for an impossible
    argument, an input that does not fit the net, or a loss that is no longer a number,
    and :class:`~d2lmini.training.checkpoint.CheckpointError` for a
    file that cannot be used.
    """
    _check(net, data, optimizer, schedule, loss, watch, report)
    notices.refuse_inference(net)
    epochs, lr = whole("epochs", epochs), real("lr", lr, above=0)
    graph = truth("graph", graph)
    if mode.quick():
        epochs = min(epochs, mode.QUICK_EPOCHS)
    notices.refuse_net(initialised(net, data.train))
    functions = {"optimizer": optimizer, "schedule": schedule, "loss": loss}
    if average is not None:
        average = real("average", average, above=0, below=1, example="0.998")
    numbers = {"epochs": epochs, "lr": lr, "average": average}
    steps = len(data.train)
    group = group_for(data.train)
    group.path = file_of(resume, name)
    checkpoint = Checkpoint(group.path, net, data, watch, functions)
    if not group.first:  # refused in all, and kept by one
        checkpoint.path = None
    with (
        memory.kept(),
        interrupts.heard(termination=group.several),
        group.together(),
        borrowed(net),
        unlowered(data.train.images.images.device),
        torch.enable_grad(),
    ):
        run = Run(_forward(net, data, precision), optimizer, lr, average, group.world)
        notices.refuse(run, data.train, group.world)
        asked = recipe(net, data.train, run.forward.precision, numbers, functions)
        group.agree(asked, data, net, watch, functions)
        empty = _empty(name or type(net).__name__, asked, run, group.world)
        history = group.made_once(functools.partial(checkpoint.begin, run, empty))
        watcher = Watcher(net, watch, data.train, history.snapshots, group.total)
        report = group.report(report or default_report())
        run.forward.say = report.say
        report.start(history, steps)
        if graph:
            _use_graph(run, loss, group, history, report)
        if resume is not None or not interrupts.notebook():
            _say_continued(history, report)
        try:
            with group.joined(run, history, data.train):
                for epoch in range(len(history.epochs), epochs):
                    begun = time.perf_counter()
                    data.train.epoch = epoch  # the order of the data follows from it
                    tally = Tally(run.device)
                    group.begin_epoch(epoch)
                    report.begin(epoch, tally.means)
                    run.train_mode()
                    if run.graph:
                        run.graph.begin_epoch()
                    for i, (X, y, weight) in enumerate(group.shares(data.train)):
                        watcher(epoch, i, tally)
                        run.scale_rates(schedule((epoch + i / steps) / epochs))
                        with notices.first_batch(run, X, y, report, enabled=i == 0):
                            run.step(X, y, loss, tally, weight)
                        report.batch(epoch, i + 1)
                        interrupts.point()
                    group.same_buffers(run, report)
                    if run.graph:
                        run.graph.end_epoch()
                    watcher(epoch, steps, tally)
                    history.epochs.append(
                        _measured(run, data, loss, tally, begun, group)
                    )
                    _refuse_nan(history, lr, data.train)
                    notices.after_epoch(run, history, report)
                    report.epoch(history)
                    checkpoint.save(run, history, report)
                if not history.finished:
                    run.settle(_some_images(data.train, group))
                    group.same_buffers(run, report)
                    tested = judged(net, data.test, run.forward, loss, group)
                    history.test_loss, history.test_accuracy = tested.means()
                    if not data.test.shuffle:  # else nobody knows whose they are
                        history.keep_answers(tested.answers)
                    checkpoint.save(run, history, report)
                if group.first:
                    checkpoint.keep(history, name, report)
            history = group.same(history)
            interrupts.point()  # heard while the last files were written
        except KeyboardInterrupt:
            if group.several:
                raise
            if not history.finished:
                run.averaged.take()
            report.say(
                f"Stopped by hand after {len(history.epochs)} of {epochs} epochs."
            )
            interrupts.end_cell()
        finally:
            if run.graph:
                run.graph.close()
            data.train.epoch = len(history.epochs)  # however the run came to its end
            checkpoint.leave()
            report.close(history)
        del run  # the optimizer's memory is to be given back as well
    return history


_THREE = "give the three parts that load_fashion_mnist returns, a Splits of Batches"


def _check(
    net: Any,
    data: Any,
    optimizer: Any,
    schedule: Any,
    loss: Any,
    watch: Any,
    report: Any,
) -> None:
    """TypeError, with the remedy, for an argument of another kind."""
    is_network("net", net)
    instance("data", data, Splits, _THREE)
    for part, batches in data._asdict().items():
        instance(f"data.{part}", batches, Batches, _THREE)
    if not isinstance(optimizer, type):
        function("optimizer", optimizer, "give a class such as torch.optim.Adam")
    progress = "give a function of progress alone, such as those in schedules"
    function("schedule", schedule, progress, takes=1)
    options(schedule, _SCHEDULES)
    function("loss", loss, LOSS)
    instance("watch", watch, (Tensor, type(None)), "give images (N, C, H, W), or None")
    if watch is not None:
        _check_watch(watch, tuple(sample(data.train, 1).shape[1:]))
    if report is not None and (
        isinstance(report, type) or not isinstance(report, Report)
    ):
        raise TypeError(
            f"report is {found(report)}: give a Report, such as report.Silent(), or "
            "None."
        )


def _check_watch(watch: Tensor, one: tuple[int, ...]) -> None:
    """ValueError for what are no images (N, *one) as the net gets them."""
    given = found(watch)
    if watch.is_floating_point() and not watch.isfinite().all():
        given += " that holds numbers which are not finite"
    elif watch.is_floating_point() and watch.numel() and watch.shape[1:] == one:
        return
    raise ValueError(
        f"watch is {given}: give images as the net takes them, floats "
        f"{('N', *one)}, such as X[:1] of a batch.".replace("'", "")
    )


def _forward(net: nn.Module, data: Splits, precision: torch.dtype | None) -> Forward:
    """``net`` as it is trained; ValueError where it does not take all of the data."""
    classes = _classes(data)
    forward = Forward(net, data.train, precision, training=True, classes=classes)
    if forward.counts:  # else what it takes of one part it takes of all
        for part in (data.val, data.test):
            Forward(net, part, precision, classes=classes)
    return forward


def _classes(data: Splits) -> int:
    """How many classes the data have; parts that name them must do so alike."""
    longest = max((part.images.classes for part in data), key=len)
    for name, part in data._asdict().items():
        mine = part.images.classes
        unnamed = "0" in (mine[0], longest[0])
        if not unnamed and tuple(mine) != tuple(longest[: len(mine)]):
            raise ValueError(
                f"data.{name} has its classes in another order than another part "
                f"({mine[0]}, … and {longest[0]}, …): name them alike in all three."
            )
    return len(longest)


def _empty(name: str, asked: Recipe, run: Run, world: int) -> History:
    times = f"{world} × " if world > 1 else ""
    return History(
        name=name,
        recipe=asked,
        device=f"{times}{device_name(run.device)}",
        seed=torch.initial_seed(),
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": version("torchvision"),  # importing it takes seconds
        },
        notes=mode.notes(),
    )


def _use_graph(
    run: Run, loss: Loss, group: Group, history: History, report: Report
) -> None:
    if run.device.type != "cuda" or group.several:
        where = "in several processes" if group.several else device_name(run.device)
        report.say(f"graph=True needs one process and a CUDA device, not {where}.")
        return
    run.graph = Graph(run, loss)
    if RECORDED not in history.notes:
        history.notes += (RECORDED,)


def _say_continued(history: History, report: Report) -> None:
    if history.finished:
        report.say("Read again: nothing was trained.")
    elif history.epochs:
        other = history.versions["torch"]
        by = "" if other == torch.__version__ else f", trained with PyTorch {other}"
        report.say(f"Continues after epoch {len(history.epochs)}{by}.")


def _measured(
    run: Run, data: Splits, loss: Loss, tally: Tally, begun: float, group: Group
) -> Epoch:
    """The epoch just trained; this is where the device is read."""
    train_loss, train_accuracy = group.total(tally).means()
    seconds = time.perf_counter() - begun
    judgement = judged(run.averaged.net, data.val, run.forward, loss, group)
    val_loss, val_accuracy = judgement.means()
    speed = len(data.train.images) / seconds
    epoch = Epoch(train_loss, train_accuracy, val_loss, val_accuracy, seconds, speed)
    return group.same(epoch)


def _some_images(batches: Batches, group: Group) -> Iterator[Tensor]:
    batches.epoch = 0  # the same pictures, however the run came to its end
    for X, _, _ in itertools.islice(group.shares(batches), STATISTICS):
        interrupts.point()
        yield X


def _refuse_nan(history: History, lr: float, batches: Batches) -> None:
    last = history.epochs[-1]
    if math.isfinite(last.loss):
        return
    spoilt = next((i for i, (X, _) in enumerate(batches) if not X.isfinite().all()), -1)
    raise ValueError(
        f"The loss became {last.loss} in epoch {len(history.epochs)}: "
        + (
            f"batch {spoilt} of data.train holds numbers that are not finite, so look "
            "at augment and at the images."
            if spoilt >= 0
            else f"start again with a learning rate below {lr} (try {lr / 10:g})."
        )
    )
