"""How many pictures a second a network trains on and judges, on this machine."""

import copy
import itertools
import time
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from d2lmini import mode
from d2lmini.arguments import instance, real
from d2lmini.data import Batches, Splits
from d2lmini.nets.borrowed import draws_kept
from d2lmini.nets.misfit import is_network
from d2lmini.nets.twin import twin
from d2lmini.training import memory, notices
from d2lmini.training.forward import Forward, initialised
from d2lmini.training.measure import predict
from d2lmini.training.run import Run, Tally


class Speed(NamedTuple):
    """Pictures a second, with all that is done to prepare them."""

    training: float  # forward, backward and Adam's update
    inference: float


def speed(
    net: nn.Module,
    data: Splits,
    *,
    seconds: float = 3.0,
    precision: torch.dtype | None = None,
) -> Speed:
    """Measure a copy of ``net`` on batches of ``data``, ``seconds`` for each number.

    Training takes ``data.train``, inference ``data.test``; one batch before
    each is not counted.  Quick mode takes one batch for each, of at most 4 pictures.
    ``precision=None`` is that of :func:`d2lmini.train`.  The net moves to the
    data's device, its lazy layers take their sizes, and else it stays as it is, as do
    the order of the data and the random states of PyTorch, NumPy and Python.  Raises
    TypeError or ValueError for what is no net or no data, for no time, and for pictures
    that do not fit the net.
    """
    is_network("net", net)
    instance("data", data, Splits, "give the three parts of the data")
    seconds = real("seconds", seconds, above=0)
    notices.refuse_net(net)
    device = data.train.images.images.device
    train, test = copy.copy(data.train), copy.copy(data.test)  # each counts its passes
    if mode.quick():  # a rehearsal shows that it works, not how fast
        train.batch_size = test.batch_size = min(train.batch_size, 4)
    # Dropout draws, for as long as there is time, and lazy layers their weights.
    with (
        memory.kept(),
        draws_kept(),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        copied = twin(initialised(net, data.train), real=True)
        # first, since predict says what is wrong with a net that does not fit
        inference = _rate(_answers(copied, test, precision), device, seconds)
        training = _rate(_steps(copied, train, precision), device, seconds)
    return Speed(training, inference)


def _answers(
    net: nn.Module, test: Batches, precision: torch.dtype | None
) -> Iterator[int]:
    """Answer batch after batch without end; yield how many pictures each had."""
    while True:
        for _, y in predict(net, test, precision=precision):
            yield len(y)


def _steps(
    net: nn.Module, train: Batches, precision: torch.dtype | None
) -> Iterator[int]:
    """Train on batch after batch without end; yield how many pictures each had."""
    run = Run(Forward(net, train, precision, training=True), torch.optim.Adam, 1e-4)
    tally = Tally(run.device)
    run.train_mode()
    for X, y in itertools.chain.from_iterable(itertools.repeat(train)):
        run.step(X, y, F.cross_entropy, tally)
        yield len(y)


def _rate(work: Iterator[int], device: torch.device, seconds: float) -> float:
    if not mode.quick():
        next(work)  # here memory is taken and kernels are chosen
    _wait(device)
    begun, pictures = time.perf_counter(), 0
    while not pictures or (time.perf_counter() - begun < seconds and not mode.quick()):
        pictures += next(work)
    _wait(device)
    return pictures / (time.perf_counter() - begun)


def _wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
