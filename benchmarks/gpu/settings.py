"""The seven networks as their chapters train them, and what was printed of them."""

import functools
from typing import Any, NamedTuple

from torch import nn

from d2lmini import augment, runs
from d2lmini.data import Splits, load_fashion_mnist
from d2lmini.nets.trained import TRAINED
from d2lmini.training.schedules import one_cycle


class Setting(NamedTuple):
    """How a chapter trains its network.

    ``published`` is the test accuracy that the chapter quotes; None where it quotes
    none.
    """

    size: int
    batch_size: int
    epochs: int
    lr: float
    published: float | None

    def data(self) -> Splits:
        """Its pictures: all but LeNet's are mirrored."""
        flip = augment.flip if self.size > 28 else None
        return load_fashion_mnist(self.batch_size, resize=self.size, augment=flip)


def _setting(name: str, published: float | None = None) -> Setting:
    """That of the run that the package has of it."""
    recipe = runs.load(name).recipe
    told = (recipe[key] for key in ("resize", "batch_size", "epochs", "lr"))
    return Setting(*told, published)


SETTINGS = {
    "lenet": _setting("lenet"),
    "alexnet": _setting("alexnet", 0.886),
    "vgg": _setting("vgg", 0.916),
    "nin": _setting("nin", 0.865),
    "googlenet": _setting("googlenet", 0.905),
    "resnet": _setting("resnet"),
    "densenet": _setting("densenet"),
}


def made(name: str) -> nn.Module:
    """The network as its chapter makes it."""
    net = TRAINED[name]()
    if name == "nin":
        nn.init.ones_(net[7][4].bias)  # no class map is black at first
    return net


def options(name: str) -> dict[str, Any]:
    """What its chapter tells ``train`` beside epochs and rate."""
    if name == "nin":
        return {"schedule": functools.partial(one_cycle, warm_up=0.05)}
    return {}
