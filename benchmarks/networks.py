"""The large networks against d2l: examples per second while training.

An epoch of AlexNet takes d2l most of an hour here, so each competitor trains on a
short and a longer piece of the data in turn.  The difference of the two is free of
what happens once (starting workers, reading files, the first call of a kernel).
"""

import contextlib
import io
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from d2lmini import train
from d2lmini.data import batches as data
from d2lmini.device import best_device, best_precision
from d2lmini.nets.trained import TRAINED
from d2lmini.training.report import Silent

BATCH_SIZE = 64
SIZES = {
    "alexnet": 224,
    "vgg": 224,
    "nin": 224,
    "googlenet": 96,
    "resnet": 96,
    "densenet": 96,
}
SHORT, LONG = 5, 10  # batches; d2l divides by a fifth of them

Rates = dict[str, float]  # examples per second, by competitor


class Piece:
    """The first ``count`` batches of a loader, as a loader."""

    def __init__(self, loader: Any, count: int) -> None:
        self.loader, self.count = loader, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(iter(self.loader), self.count)


def d2l_seconds(net: nn.Module, size: int, batches: int) -> float:
    """d2l's loader and ``train_ch6`` over ``batches`` batches."""
    from d2l import torch as d2l

    warnings.filterwarnings("ignore", "This DataLoader will create 4 worker")
    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        train_iter, test_iter = d2l.load_data_fashion_mnist(BATCH_SIZE, resize=size)
        pieces = Piece(train_iter, batches), Piece(test_iter, 1)
        d2l.train_ch6(net, *pieces, 1, 0.01, best_device())
    return time.perf_counter() - begun


def our_seconds(net: nn.Module, size: int, batches: int, dtype: torch.dtype) -> float:
    """Our loader and ``train`` over as many images."""
    begun = time.perf_counter()
    whole = data.load_fashion_mnist(BATCH_SIZE, resize=size)

    def piece(of: data.Batches, count: int) -> data.Batches:
        images = of.images.pick(torch.arange(count * BATCH_SIZE))
        return data.Batches(images, BATCH_SIZE, shuffle=of.shuffle, resize=size)

    splits = data.Splits(
        piece(whole.train, batches), piece(whole.val, 1), piece(whole.test, 1)
    )
    options = {"epochs": 1, "lr": 0.01, "optimizer": torch.optim.SGD}
    train(net, splits, **options, precision=dtype, report=Silent())
    return time.perf_counter() - begun


def rate(seconds: Callable[[int], float]) -> float:
    """Examples per second between the short piece and the long one."""
    seconds(SHORT)  # the first call of each kernel is slower
    short, long = seconds(SHORT), seconds(LONG)
    return (LONG - SHORT) * BATCH_SIZE / (long - short)


def measure(name: str) -> Rates:
    """One network, all competitors."""
    size, make = SIZES[name], TRAINED[name]
    found = {"d2l": rate(lambda n: d2l_seconds(make(), size, n))}
    dtype = best_precision(best_device())
    label = str(dtype).removeprefix("torch.")
    found[label] = rate(lambda n: our_seconds(make(), size, n, dtype))
    print(name, {key: round(value, 1) for key, value in found.items()}, flush=True)
    return found


def table() -> str:
    """The large networks as Markdown."""
    found = {name: measure(name) for name in SIZES}
    ours = [key for key in next(iter(found.values())) if key != "d2l"]
    head = "".join(f" ours, {key} | of d2l |" for key in ours)
    lines = [f"| batch {BATCH_SIZE}, SGD | px | d2l |{head}"]
    lines += ["|---|---:|---:|" + "---:|---:|" * len(ours)]
    for name, rates in found.items():
        cells = "".join(
            f" {rates[key]:,.1f} | {rates[key] / rates['d2l']:.2f}× |" for key in ours
        )
        lines.append(f"| {name} | {SIZES[name]} | {rates['d2l']:,.1f} |{cells}")
    return "\n".join(lines)
