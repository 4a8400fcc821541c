"""The runs: each chapter's own, then those of the studies, the most valuable first."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

import d2lmini
from benchmarks.gpu.settings import SETTINGS, Setting, made, options
from d2lmini import augment, load_fashion_mnist, nets, report, train
from d2lmini.data import Splits
from d2lmini.nets import inception
from d2lmini.nets.googlenet import googlenet
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
    seed: int = 0

    def data(self) -> Splits:
        """Its pictures, all of them."""
        return load_fashion_mnist(
            self.batch_size, resize=self.size, augment=self.change
        )


def _of(block: Callable[..., nn.Module]) -> Callable[[], nn.Module]:
    return functools.partial(googlenet, block=block)


def _vgg(**size: int) -> Callable[[], nn.Module]:
    return functools.partial(vgg11, ratio=4, **size)


#: The strong recipe of "The best recipe" for batches of 512; what can be left out of it
#: has a name.  The average remembers as many pictures as that of batches of 128 does.
_STEPS = {"mirror": augment.flip, "shifts": augment.crop, "erasing": augment.erase}
ADDITIONS = (*_STEPS, "smooth", "decay", "average")
WIDE = ((2, 96), (2, 192), (2, 384))


def _strong(
    epochs: int, lr: float, without: str = "nothing", seed: int = 0, **net: Any
) -> Study:
    """A residual network for 28 px by the strong recipe, ``without`` one addition."""
    decay = 5e-4 * (without != "decay")
    descent = functools.partial(
        torch.optim.SGD, momentum=0.9, nesterov=True, weight_decay=decay
    )
    recipe: dict[str, Any] = {"optimizer": descent}
    if without != "smooth":
        recipe["loss"] = functools.partial(F.cross_entropy, label_smoothing=0.1)
    if without != "average":
        recipe["average"] = 0.992
    change = augment.chain(*(step for name, step in _STEPS.items() if name != without))
    make = functools.partial(nets.small_resnet, **net)
    return Study(make, 28, 512, epochs, lr, change, recipe, seed)


_96 = functools.partial(Study, size=96, batch_size=128, epochs=5, lr=1e-3)

#: The most valuable first; each is trained if there is still time for it.  The width
#: and the rate of the first were chosen among six by ten epochs, by validation.
BEST = {"best-gpu": _strong(29, 0.2, stages=WIDE)}
STUDIES = {
    "vgg-rates-96": Study(_vgg(size=96), 96, 128, 5, 1e-4, None),
    "vgg-rates-224": Study(_vgg(), 224, 128, 10, 1e-5, None),
    **{
        f"best-without-{part}-{seed}": _strong(22, 0.3, part, seed)
        for seed in range(3)
        for part in ("nothing", *ADDITIONS)
    },
    "inception-96-plain": _96(googlenet),
    "inception-96-bn": _96(inception.googlenet_bn),
    "inception-96-bn-after": _96(_of(inception.InceptionThenBN)),
    "inception-96-two-3x3": _96(_of(inception.InceptionTwoThrees)),
    "inception-96-linear-3x3": _96(_of(inception.InceptionLinearThrees)),
    "inception-96-asymmetric": _96(_of(inception.InceptionAsymmetric)),
    "inception-96-asymmetric-first": _96(_of(inception.asymmetric_first)),
    "inception-96-residual": _96(_of(inception.InceptionResidual)),
}

HEAD = (
    "| run | epochs | seconds an epoch | seconds | test accuracy | published | until "
    "then, seconds |\n|---|---:|---:|---:|---:|---:|---:|"
)


def chapters(left: Callable[[], float]) -> Iterator[str]:
    """Train each network as its chapter does; a line of the table for each."""
    yield HEAD
    for name, setting in SETTINGS.items():
        make = functools.partial(made, name)
        yield _if_time(name, make, setting, options(name), left, setting.published)


def best(left: Callable[[], float]) -> Iterator[str]:
    """The longest run, and the one that is worth most."""
    return studies(left, BEST)


def studies(left: Callable[[], float], of: dict[str, Study] = STUDIES) -> Iterator[str]:
    """Train those of the studies for which ``left()`` seconds suffice."""
    yield HEAD
    for name, study in of.items():
        more = {"graph": True, **study.options}  # the chapters train without
        yield _if_time(name, study.make, study, more, left, seed=study.seed)


def _if_time(
    name: str,
    make: Callable[[], nn.Module],
    how: Setting | Study,
    more: dict[str, Any],
    left: Callable[[], float],
    published: float | None = None,
    seed: int = 0,
) -> str:
    """Train if there is time; the run's line in the table, or what it would need."""
    rate = d2lmini.speed(make(), how.data(), seconds=1.0)  # without a graph: at most
    wanted = how.epochs * (55_000 / rate.training + 5_000 / rate.inference)
    wanted += 10_000 / rate.inference
    if wanted * 1.1 > left():
        return f"| {name} | {how.epochs} | | {wanted:,.0f} wanted | | | |"
    return _trained(name, make, how, more, published, seed)


def _trained(
    name: str,
    make: Callable[[], nn.Module],
    how: Setting | Study,
    more: dict[str, Any],
    published: float | None,
    seed: int,
) -> str:
    """Train on the pictures of ``how``; the run's line in the table."""
    data = how.data()
    torch.manual_seed(seed)
    data.train.seed = seed
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
