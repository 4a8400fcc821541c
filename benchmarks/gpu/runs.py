"""The runs: each chapter's own, then those of the studies, the most valuable first."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn

import d2lmini
from benchmarks.gpu.settings import SETTINGS, Setting, made, options
from d2lmini import augment, load_fashion_mnist, report, train
from d2lmini.data import Splits
from d2lmini.nets import inception
from d2lmini.nets.googlenet import googlenet
from d2lmini.nets.resnet import resnet18
from d2lmini.nets.vgg import vgg11


class Study(NamedTuple):
    """A run of a study: what is trained, on what, and how."""

    make: Callable[[], nn.Module]
    size: int
    batch_size: int
    epochs: int
    lr: float
    change: Callable[..., torch.Tensor] | None = augment.flip
    options: dict[str, Any] = {}  # noqa: RUF012  read, never written

    def data(self) -> Splits:
        """Its pictures, all of them."""
        return load_fashion_mnist(
            self.batch_size, resize=self.size, augment=self.change
        )


def small_resnet() -> nn.Sequential:
    """ResNet-18 with a stem for 28 pixels: 3×3, no stride, no pooling."""
    net = resnet18()
    first = nn.Conv2d(1, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(first.weight, nonlinearity="relu")
    return nn.Sequential(first, *net[1:3], *net[4:])


_MOVED = augment.chain(augment.flip, augment.crop)
_SMOOTH = {"loss": functools.partial(nn.functional.cross_entropy, label_smoothing=0.1)}
_96 = functools.partial(Study, size=96, batch_size=128, epochs=5, lr=1e-3)

STUDIES = {
    "inception-96-bn": _96(inception.googlenet_bn),
    "inception-96-bn-after": _96(
        functools.partial(googlenet, block=inception.InceptionThenBN)
    ),
    "inception-96-two-3x3": _96(
        functools.partial(googlenet, block=inception.InceptionTwoThrees)
    ),
    "best-control": Study(resnet18, 96, 128, 20, 2e-3),
    "best-small": Study(small_resnet, 28, 128, 60, 2e-3, _MOVED, _SMOOTH),
    "inception-96-plain": _96(googlenet),
    "inception-96-asymmetric": _96(
        functools.partial(googlenet, block=inception.InceptionAsymmetric)
    ),
    "inception-96-residual": _96(
        functools.partial(googlenet, block=inception.InceptionResidual)
    ),
    "vgg-published-96": Study(
        functools.partial(vgg11, ratio=4, size=96), 96, 128, 5, 1e-4, None
    ),
    "vgg-published-224": Study(
        functools.partial(vgg11, ratio=4), 224, 128, 10, 1e-5, None
    ),
}

HEAD = (
    "| run | epochs | seconds an epoch | seconds | test accuracy | published | until "
    "then, seconds |\n|---|---:|---:|---:|---:|---:|---:|"
)


def chapters() -> Iterator[str]:
    """Train each network as its chapter does; a line of the table for each."""
    yield HEAD
    for name, setting in SETTINGS.items():
        make = functools.partial(made, name)
        yield _trained(name, make, setting, options(name), setting.published)


def studies(left: Callable[[], float]) -> Iterator[str]:
    """Train those of the studies for which ``left()`` seconds suffice."""
    yield HEAD
    for name, study in STUDIES.items():
        data = study.data()
        rate = d2lmini.speed(study.make(), data, seconds=1.0)
        wanted = study.epochs * (55_000 / rate.training + 5_000 / rate.inference)
        wanted += 10_000 / rate.inference
        if wanted * 1.1 > left():
            yield f"| {name} | {study.epochs} | | {wanted:,.0f} wanted | | | |"
            continue
        yield _trained(name, study.make, study, study.options)


def _trained(
    name: str,
    make: Callable[[], nn.Module],
    how: Setting | Study,
    more: dict[str, Any],
    published: float | None = None,
) -> str:
    """Train from seed 0 on the pictures of ``how``; the run's line in the table."""
    data = how.data()
    torch.manual_seed(0)
    begun = time.perf_counter()
    history = train(
        *(make(), data),
        epochs=how.epochs,
        lr=how.lr,
        name=name,
        report=report.Silent(),
        **more,
    )
    return _line(history, time.perf_counter() - begun, published)


def _line(history: Any, seconds: float, published: float | None) -> str:
    epochs = history.epochs
    mean = sum(epoch.seconds for epoch in epochs) / len(epochs)
    printed, until = "", ""
    if published is not None:
        printed, spent = f"{published:.3f}", 0.0
        for epoch in epochs:
            spent += epoch.seconds
            if epoch.val_accuracy >= published:
                until = f"{spent:.1f}"
                break
    return (
        f"| {history.name} | {len(epochs)} | {mean:.2f} | {seconds:.1f} "
        f"| {history.test_accuracy:.4f} | {printed} | {until} |"
    )
