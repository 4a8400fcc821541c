"""Answers to learning-debug: what a check must refuse, and what it must accept."""

_LOOP = """
import torch
from torch import nn
from torch.nn import functional as F


def train_epoch(net, batches, optimizer):
    total, count = 0.0, 0
    for X, y in batches:
        {zero}
        loss = {loss}
        {back}
        total += {add}
        count += {more}
    return total / count
"""
_RIGHT = {
    "zero": "optimizer.zero_grad()",
    "loss": "F.cross_entropy(net(X), y)",
    "back": "loss.backward(); optimizer.step()",
    "add": "loss.item() * len(y)",
    "more": "len(y)",
}


def _but(**parts):
    return _LOOP.format(**{**_RIGHT, **parts})


RIGHT = {
    "other-order": _but(
        zero="pass", back="loss.backward(); optimizer.step(); net.zero_grad()"
    ),
    "log-softmax": _but(loss="F.nll_loss(net(X).log_softmax(1), y)"),
    "module": _but(loss="nn.CrossEntropyLoss()(net(X), y)"),
    "by-hand": _but(loss="-net(X).softmax(1)[torch.arange(len(y)), y].log().mean()"),
}
WRONG = {
    "as-given": (
        _but(loss="F.cross_entropy(net(X).softmax(1), y)"),
        "three batches, SGD: 0.weight after the epoch",
    ),
    "no-zero-grad": (_but(zero="pass"), "three batches, SGD: 0.weight"),
    "step-first": (
        _but(back="optimizer.step(); loss.backward()"),
        "three batches, SGD: 0.weight",
    ),
    "no-step": (_but(back="loss.backward()"), "three batches, SGD: 0.weight"),
    "sum-of-losses": (
        _but(loss="F.cross_entropy(net(X), y, reduction='sum')"),
        "three batches, SGD: 0.weight",
    ),
    "mean-of-means": (
        _but(add="loss.item()", more="1"),
        "three batches, SGD: mean loss",
    ),
    "own-optimiser": (
        _but(back="loss.backward(); torch.optim.SGD(net.parameters(), lr=0.5).step()"),
        "four batches, Adam",
    ),
    "nothing": (
        "def train_epoch(net, batches, optimizer):\n    return 1.1",
        "three batches, SGD: 0.weight",
    ),
}
