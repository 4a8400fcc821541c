"""Trainings that a test makes alone and torchrun in several processes.

``python together.py FOLDER SCRIPT`` runs ``SCRIPT`` and then all of them, and stores in
``FOLDER``, for each process, what came of each.  Without ``SCRIPT`` it trains until it
is ended.
"""

import dataclasses
import os
import runpy
import shutil
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from samples import Heard, image_set, quietly, splits
from torch import nn

import d2lmini.data
from d2lmini import evaluate, predict, report
from d2lmini.data import Batches, Splits, augment
from d2lmini.device import place
from d2lmini.training.forward import Forward

SGD = {"optimizer": torch.optim.SGD, "lr": 0.1}
# 43 = 5 · 8 + 3: the last batch is uneven, and so are its shares
UNEVEN = 43


class OwnNorm(nn.BatchNorm2d):
    """A normalisation of somebody's own, which nobody else can make a common one."""


class Idle(nn.Module):
    """A net of which one layer takes no part."""

    def __init__(self):
        super().__init__()
        self.used, self.idle = nn.Linear(784, 10), nn.Linear(784, 10)

    def forward(self, X):
        return self.used(X.flatten(1))


class Copied(Heard):
    """Keeps a copy of a file as it is when epoch 1 begins, too."""

    def __init__(self, file, copy):
        super().__init__()
        self.file, self.copy = file, copy

    def begin(self, epoch, so_far):
        if epoch == 1 and self.copy:
            shutil.copy(self.file, self.copy)


def net_with(norm=nn.BatchNorm2d, dropout=0.0):
    """Without a bias in front of a normalisation, where its gradient is rounding."""
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=2, bias=False),
        norm(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(576, 16, bias=False),
        nn.BatchNorm1d(16, momentum=None),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(16, 10),
    )


def uneven(**options):
    return splits(UNEVEN, 8, **options)


def outcome(net, history):
    """What two ways of training are compared by."""
    return {
        "weights": {name: v.clone() for name, v in net.state_dict().items()},
        "history": history.to_json(),
        "classes": [type(layer).__qualname__ for layer in net.modules()],
        "random": torch.get_rng_state(),
    }


def plain():
    net, data = net_with(), uneven(augment=augment.flip)
    before = [sorted(vars(layer)) for layer in net.modules()]
    history = quietly(
        net,
        data,
        **SGD,
        watch=data.train.prepare(data.train.images.images[:2], torch.Generator()),
    )
    found = outcome(net, history)
    found["as it was"] = before == [sorted(vars(layer)) for layer in net.modules()]
    found["hooks"] = [p._backward_hooks for p in net.parameters()]
    found["evaluated"] = evaluate(net, data.test, precision=torch.float32)
    found["logits"] = torch.cat([logits for logits, _ in predict(net, data.test)])
    again = quietly(net, uneven(), **SGD, epochs=1)  # the net is nobody's now
    found["again"] = again.epochs[0].loss
    return found


class Mixed:
    """Half of each picture comes from another one, and so does half of its loss."""

    def cut(self, X, generator):
        self.own = 0.5
        return torch.cat([X[:, :, :14], X[:, :, 14:].flip(0)], 2)

    def loss(self, logits, y):
        own = F.cross_entropy(logits, y)
        if not logits.requires_grad:
            return own
        other = F.cross_entropy(logits, y.flip(0))
        return self.own * own + (1 - self.own) * other


def averaged():
    net, mixed = net_with(), Mixed()
    net[1].eval()  # frozen
    data, options = uneven(augment=mixed.cut), {**SGD, "loss": mixed.loss}
    return outcome(net, quietly(net, data, **options, average=0.8))


def idle():
    torch.manual_seed(7)
    net = Idle()
    return outcome(net, quietly(net, uneven(), **SGD))


def lower():
    net = net_with()
    return outcome(net, quietly(net, uneven(), **SGD, precision=torch.bfloat16))


def dropped():
    net = net_with(dropout=0.5)
    return outcome(net, quietly(net, uneven(), **SGD))


def stored(file, copy=None):
    net, heard = net_with(), Copied(file, copy)
    history = quietly(net, uneven(), **SGD, resume=file, report=heard)
    return {**outcome(net, history), "said": heard.said}


def own_norm():
    net, heard = net_with(OwnNorm), Heard()
    return {
        **outcome(net, quietly(net, uneven(), **SGD, report=heard, average=0.8)),
        "said": heard.said,
    }


def refusals():
    """What each impossible run says, by its name."""
    rank = place().rank
    data = uneven()
    turned = image_set(UNEVEN)
    if rank:
        turned = dataclasses.replace(turned, labels=9 - turned.labels)
    other = Splits(Batches(turned, 8), data.val, data.test)
    one = Splits(Batches(image_set(1), 8), data.val, data.test)
    cut = Splits(data.train, Batches(data.val.images, 8 + rank), data.test)
    wider = nn.Sequential(nn.Flatten(), nn.Linear(784, 10 + rank))
    grouped = net_with(lambda channels: nn.GroupNorm(2, channels))
    fixed = net_with()
    fixed[1].train(not rank)
    runs = {
        "last batch": (Idle(), splits(17, 8), {}),
        "one picture": (Idle(), one, {}),
        "rate": (Idle(), data, {"lr": 0.1 + rank}),
        "labels": (Idle(), other, {}),
        "net": (nn.Sequential(wider, nn.LazyLinear(10)), data, {}),
        "layer": (grouped if rank else net_with(), data, {}),
        "mode": (fixed, data, {}),
        "validation": (Idle(), cut, {}),
        "watch": (Idle(), data, {"watch": torch.zeros(1 + rank, 1, 28, 28)}),
        "schedule": (Idle(), data, {"schedule": lambda progress: 1.0 + rank}),
        "unknown": (Idle(), data, {"loss": unknown_loss(), "resume": "unknown.pt"}),
        "folder": (Idle(), data, {"resume": "."}),
        "beside": (Idle(), data, {"optimizer": with_another_weight}),
        "another's file": (Idle(), data, {"resume": __file__}),
        "drawn step": (Idle(), data, {"optimizer": Noisy, "average": 0.8}),
        "drawn rate": (Idle(), data, {"schedule": drawn}),
        "option": (Idle(), data, {"optimizer": with_a_lambda}),
        "class": (Idle(), data, {"optimizer": with_a_class}),
    }
    return {
        name: refusal(net, given, **options)
        for name, (net, given, options) in runs.items()
    }


class Noisy(torch.optim.SGD):
    """Adds to each step what it draws, which is something else in each process."""

    def step(self, closure=None):
        super().step(closure)
        for weight in self.param_groups[0]["params"]:
            weight.data += 0.01 * torch.randn_like(weight)


def drawn(progress):
    return float(torch.rand(()))


def with_a_lambda(parameters, lr):
    return torch.optim.SGD([{"params": [*parameters], "rule": lambda: lr}], lr=lr)


def with_a_class(parameters, lr):
    return torch.optim.SGD([{"params": [*parameters], "rule": nn.ReLU}], lr=lr)


def with_another_weight(parameters, lr):
    return torch.optim.SGD([*parameters, nn.Parameter(torch.ones(3))], lr=lr)


def unknown_loss():
    """A loss that holds an open file, by which no run is recognised again."""
    with Path(__file__).open() as file:
        return lambda logits, y, held=file: F.cross_entropy(logits, y)


def refusal(net, data, **options):
    try:
        quietly(net, data, **SGD | options)
    except (ValueError, MemoryError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def no_memory():
    """In all processes alike, as none would go on where one has failed."""
    call = Forward.__call__

    def failing(self, X):
        raise MemoryError

    data, net = uneven(), net_with()
    Forward.__call__ = failing
    try:
        return refusal(net, data)
    finally:
        Forward.__call__ = call


def elsewhere():
    """Other weights, another seed and other passes of the validation set in each
    process: all take those of process 0."""
    torch.manual_seed(7 + place().rank)
    net, data = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), uneven()
    data.val.shuffle, data.val.epoch = True, place().rank
    return outcome(net, quietly(net, data, **SGD))


def everything(folder):
    return {
        "plain": plain(),
        "averaged": averaged(),
        "idle": idle(),
        "lower": lower(),
        "dropped": dropped(),
        "own norm": own_norm(),
        "stored": stored(folder / "two.pt", folder / "two-half.pt"),
        "continued": stored(folder / "one-half.pt"),
        "elsewhere": elsewhere(),
        "refusals": refusals(),
        "no memory": no_memory(),
    }


def endless(folder):
    """Trains until it is ended, and leaves the number of its process.

    With two counts of restarts, as torchrun has them on two machines.
    """
    torch.manual_seed(0)
    restart = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    os.environ["TORCHELASTIC_RESTART_COUNT"] = str(restart + place().rank)
    started = f"{restart}-{place().rank}"
    (folder / started).write_text(str(os.getpid()), encoding="utf-8")
    net, shown = net_with(), report.Terminal()
    quietly(net, uneven(), epochs=10**6, resume=folder / "run.pt", report=shown)


def small_data(batch_size):
    return splits(UNEVEN, batch_size)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if len(sys.argv) == 2:
        endless(folder)
    d2lmini.data.load_fashion_mnist = small_data
    page = runpy.run_path(sys.argv[2])
    found = {"page": outcome(page["net"], page["history"]), **everything(folder)}
    torch.save(found, folder / f"rank-{place().rank}.pt")
