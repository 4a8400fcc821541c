"""The large networks against d2l: examples per second while training.

An epoch of AlexNet takes d2l most of an hour here, so each competitor trains on a
short and a longer piece of the data in turn.  The difference of the two is free of
what happens once (starting workers, reading files, the first call of a kernel).  One
such difference is little to go by: it is taken several times, by turns.
"""

import contextlib
import io
import itertools
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from benchmarks.gpu.settings import SETTINGS
from d2lmini import cost, train
from d2lmini.arguments import dtype_name
from d2lmini.data import batches as data
from d2lmini.device import best_device, best_precision
from d2lmini.nets.trained import TRAINED
from d2lmini.training.report import Silent

BATCH_SIZE = 64
SIZES = {name: how.size for name, how in SETTINGS.items() if name != "lenet"}
SHORT, LONG = 5, 10  # batches; d2l divides by a fifth of them

Rates = dict[str, list[float]]  # examples per second in each repeat, by competitor


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
    short, long = seconds(SHORT), seconds(LONG)
    return (LONG - SHORT) * BATCH_SIZE / (long - short)


def measure(name: str, repeats: int) -> Rates:
    """One network, d2l and ours by turns, after a first call that does not count."""
    size, make, dtype = SIZES[name], TRAINED[name], best_precision(best_device())
    competitors: dict[str, Callable[[int], float]] = {
        "d2l": lambda n: d2l_seconds(make(), size, n),
        "ours": lambda n: our_seconds(make(), size, n, dtype),
    }
    begun = time.perf_counter()
    for seconds in competitors.values():
        seconds(SHORT)  # the first call of each kernel is slower
    found: Rates = {who: [] for who in competitors}
    for _ in range(repeats):
        for who, seconds in competitors.items():
            found[who].append(rate(seconds))
    spent = time.perf_counter() - begun
    print(f"{name}, {spent:.0f} s:", found, flush=True)
    return found


def most(name: str, best: float) -> float:
    """Examples per second if a step were its multiply–adds and nothing else.

    ``best`` is how many of them are done in a second; the way back needs twice as
    many as the way forward.
    """
    with torch.device("meta"):
        work = cost(TRAINED[name](), (1, SIZES[name], SIZES[name])).multiply_adds
    return best / (3 * work)


def table(repeats: int, best: float | None = None) -> str:
    """The large networks as Markdown, and what they could gain at ``best``."""
    dtype = dtype_name(best_precision(best_device()))
    head = f"| batch {BATCH_SIZE}, SGD | px | d2l | ours, {dtype} | of d2l |"
    lines = [head + " at the best |" * (best is not None)]
    lines.append("|---|---:|---:|---:|---:|" + "---:|" * (best is not None))
    for name, size in SIZES.items():
        rates = measure(name, repeats)
        pairs = zip(rates["ours"], rates["d2l"], strict=True)
        cells = [_spread(rates["d2l"], ".1f"), _spread(rates["ours"], ".1f")]
        cells.append(_spread([ours / d2l for ours, d2l in pairs], ".2f", "×"))
        if best is not None:
            cells.append(f"{most(name, best) / statistics.median(rates['d2l']):.1f}×")
        lines.append(f"| {name} | {size} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: list[float], form: str, unit: str = "") -> str:
    """The median, and in brackets the least and the largest."""
    low, high = f"{min(values):{form}}", f"{max(values):{form}}"
    return f"{statistics.median(values):{form}}{unit} ({low} to {high})"
