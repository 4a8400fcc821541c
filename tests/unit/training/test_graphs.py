"""A recorded step is the step; what cannot be recorded is refused.

Only a GPU records (tests/unit/test_gpu.py).  Here a recording is played by computing
anew into the places that it has in memory, so that all around it is the real thing.
"""

import copy
import gc
import random
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from samples import Heard, quietly, small_net, splits, weights
from torch import nn

from d2lmini.training import graphs, loop
from d2lmini.training.graphs import Graph


def even_net():
    """A net that drops nothing, since on a CPU that would draw numbers there."""
    return nn.Sequential(*(x for x in small_net() if not isinstance(x, nn.Dropout)))


class Played:
    """Stands for a CUDA graph: computes again, into the same places."""

    def __init__(self, graph, work):
        self.graph, self.work, self.count = graph, work, 0
        self.loss = copy.deepcopy(graph.loss)  # what it decides, it has decided
        buffers = [(b, b.clone()) for b in graph.run.net.buffers()]
        with torch.random.fork_rng([]):
            work()  # makes the places; a recording computes nothing
        for buffer, before in buffers:
            buffer.copy_(before)

    def replay(self):
        self.count += 1
        graph, loss = self.graph, self.graph.loss
        graph.loss = copy.deepcopy(self.loss)
        self.work()
        graph.loss = loss
        for parameter, place in graph.gradients:
            place.copy_(parameter.grad)
        logits, value = graph.run.last
        with torch.no_grad():
            graph.logits.copy_(logits)
            graph.value.copy_(value)


@pytest.fixture
def played(monkeypatch):
    """The recordings that trainings with ``graph=True`` have made on the CPU."""
    made = []

    def use(run, loss, group, history, report):
        run.graph = Graph(run, loss)

    def recording(device, work):
        (graph,) = (
            cell.cell_contents
            for cell in work.__closure__
            if isinstance(cell.cell_contents, Graph)
        )
        made.append(Played(graph, work))
        return made[-1]

    monkeypatch.setattr(loop, "_use_graph", use)
    monkeypatch.setattr(graphs, "recording", recording)
    monkeypatch.setattr(graphs.torch.cuda, "get_sync_debug_mode", lambda: 0)
    monkeypatch.setattr(graphs.torch.cuda, "set_sync_debug_mode", lambda mode: None)
    return made


def both(count=44, batch_size=8, epochs=3, **options):
    """The same training with and without recording, and what they were."""
    told, nets = [], []
    for graph in (True, False):
        data, net = splits(count, batch_size), even_net()
        history = quietly(net, data, epochs=epochs, graph=graph, **options)
        told.append([(e.loss, e.train_accuracy, e.val_loss) for e in history.epochs])
        nets.append(weights(net))
    return told, nets


@pytest.mark.parametrize(
    ("count", "batch_size", "times"),
    [
        (44, 8, [2 + 4 + 4]),  # six batches, the last smaller: it is never recorded
        (28, 8, [2 + 2]),  # the fourth is the smaller one
        (40, 8, [2 + 4 + 4]),
    ],
)
@pytest.mark.parametrize("average", [None, 0.9])
def test_it_is_the_same_training(played, count, batch_size, times, average):
    told, nets = both(count, batch_size, average=average)
    assert told[0] == told[1]
    assert torch.equal(*nets)
    assert [one.count for one in played] == times


def descent(parameters, lr):
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9, weight_decay=1e-3)


def test_with_another_optimizer(played):
    told, nets = both(optimizer=descent)
    assert told[0] == told[1] and torch.equal(*nets) and played[0].count


def test_a_loss_may_have_weights_of_its_own(played):
    scales = []

    def trained(graph):
        scale = nn.Parameter(torch.ones(()))
        scales.append(scale)
        quietly(
            even_net(),
            splits(44),
            epochs=3,
            graph=graph,
            loss=lambda logits, y: F.cross_entropy(scale * logits, y),
            optimizer=lambda own, lr: torch.optim.Adam([*own, scale], lr=lr),
        )

    trained(True)
    trained(False)
    assert torch.equal(*scales) and scales[0] != 1 and played[0].count


class Shares:
    """A loss that is another one from a step on, as one that begins to mix."""

    def __init__(self, since):
        self.calls, self.since = 0, since

    def __call__(self, logits, y):
        self.calls += logits.requires_grad
        return F.cross_entropy(logits, y) * (1 + (self.calls > self.since))


@pytest.mark.parametrize("since", [6, 18])
def test_a_loss_that_changes_is_refused(played, since):
    with pytest.raises(ValueError, match="the loss gives something else"):
        quietly(even_net(), splits(), epochs=9, graph=True, loss=Shares(since))
    assert played[0].count


class Draws(nn.Sequential):
    def forward(self, X):
        return super().forward(X if random.random() < 0.5 else X.flip(-1))


class DrawsInTorch(nn.Sequential):
    def forward(self, X):
        return super().forward(X if torch.rand(()) < 0.5 else X.flip(-1))


class Reassigns(nn.Sequential):
    def forward(self, X):
        if self.training:
            self.mean = 0.9 * getattr(self, "mean", X.mean()) + 0.1 * X.mean()
        return super().forward(X)


def reassigning():
    net = Reassigns(*even_net())
    net.register_buffer("mean", torch.zeros(()))
    return net


class DrawsInNumPy(nn.Sequential):
    def forward(self, X):
        return super().forward(X) * np.random.rand()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DrawsInNumPy(*even_net()), "draws numbers on the CPU"),
        (lambda: Draws(*even_net()), "draws numbers on the CPU"),
        (lambda: DrawsInTorch(*even_net()), "draws numbers on the CPU"),
        (reassigning, "new tensors in the place of buffers"),
    ],
)
def test_a_net_that_cannot_be_recorded_is_refused(played, make, words):
    with pytest.raises(ValueError, match=words):
        quietly(make(), splits(), graph=True)
    assert not played
    assert quietly(make(), splits()).finished


class Replaces(torch.optim.SGD):
    """Descent as one writes it first."""

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.data = p.data - group["lr"] * p.grad


def test_an_optimizer_that_replaces_weights_is_refused(played):
    def optimizer(parameters, lr):
        return Replaces(parameters, lr=lr)

    with pytest.raises(ValueError, match="new weights in the place of the old"):
        quietly(even_net(), splits(), graph=True, optimizer=optimizer)


def test_what_pytorch_cannot_record_is_refused_with_its_words(played, monkeypatch):
    def recording(device, work):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(graphs, "recording", recording)
    with pytest.raises(ValueError, match="since operation not permitted"):
        quietly(even_net(), splits(), graph=True)


def test_where_memory_is_short_the_training_goes_on_without(played, monkeypatch):
    def recording(device, work):
        raise torch.OutOfMemoryError("out of memory")

    heard = Heard()
    monkeypatch.setattr(graphs, "recording", recording)
    told, nets = both(report=heard)
    assert told[0] == told[1] and torch.equal(*nets)
    assert [text for text in heard.said if "Memory is short" in text] == heard.said


def test_its_memory_is_given_back(played):
    net = even_net()
    gc.collect()
    gc.disable()  # what is left in a circle stays
    try:
        quietly(net, splits(), graph=True)
        (one,) = played
        places = {id(place) for _, place in one.graph.gradients}
        run = weakref.ref(one.graph.run)
        assert one.graph.run.graph is None
        played.clear()
        one.graph = one.work = None
        assert run() is None
    finally:
        gc.enable()
    assert not places & {id(p.grad) for p in net.parameters()}
