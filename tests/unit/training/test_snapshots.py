"""Watching images while a network trains, and showing what was seen."""

import json

import pytest
import torch
from samples import quietly, small_net, splits, weights
from torch import nn

from d2lmini import History, nets, replay, report, train
from d2lmini.training.snapshots import moments, take


def watched(epochs=2, **options):
    torch.manual_seed(0)
    data = splits(80, 8)
    X, _ = next(iter(data.test))
    net = nets.lenet()
    quiet = {"report": report.Silent(), "lr": 0.01}
    return net, X, train(net, data, epochs=epochs, watch=X[:2], **quiet, **options)


def test_snapshots_span_the_run_in_order():
    _, _, history = watched()
    progress = [s.progress for s in history.snapshots]
    assert progress[0] == 0 and progress[-1] == 2
    assert progress == sorted(set(progress))
    assert history.snapshots[0].loss is None
    assert history.snapshots[-1].loss == pytest.approx(history.epochs[-1].loss, 1e-4)


def test_the_last_snapshot_is_the_trained_net():
    net, X, history = watched()
    last = history.snapshots[-1]
    expected = net.eval()(X[:2]).softmax(1)
    assert torch.allclose(torch.tensor(last.probabilities), expected, atol=1e-3)
    weight = net[0].weight.detach()[:, :1]
    assert torch.allclose(last.first_kernels(), weight, atol=weight.abs().max() / 200)


def test_watching_changes_nothing():
    """Not even a net that drops, draws and counts."""
    nets, X = (small_net(), small_net()), torch.rand(2, 1, 28, 28)
    for net, watch in zip(nets, (None, X), strict=True):
        torch.manual_seed(0)
        quietly(net, splits(), epochs=1, watch=watch)
    assert torch.equal(*map(weights, nets))


def test_snapshots_survive_the_disk_and_a_break(tmp_path):
    _, _, history = watched()
    assert History.from_json(history.to_json()) == history
    state = tmp_path / "state.pt"
    _, _, whole = watched(resume=state)
    _, _, again = watched(resume=state)
    assert again.snapshots == whole.snapshots


def test_a_stored_run_without_snapshots_can_be_read():
    _, _, history = watched()
    values = json.loads(history.to_json())
    del values["snapshots"]
    assert History.from_json(json.dumps(values)).snapshots == []


@pytest.mark.parametrize("batches", [1, 2, 4, 430])
def test_moments_are_within_the_epoch(batches):
    assert {0, batches} <= moments(batches, 0)
    assert batches in moments(batches, 1) and 0 not in moments(batches, 1)
    assert all(0 <= m <= batches for m in moments(batches, 0) | moments(batches, 3))


def test_kernels_are_those_of_the_first_channel():
    net = nn.Sequential(nn.Conv2d(3, 20, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = take(net, torch.rand(1, 3, 9, 9), 0.0, None).first_kernels()
    wanted = net[0].weight.detach()[:16, :1]
    torch.testing.assert_close(
        found, wanted, atol=float(wanted.abs().max()) / 200, rtol=0
    )


def test_a_net_without_convolutions_has_no_kernels():
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    snapshot = take(net, torch.rand(1, 1, 28, 28), 0.0, None)
    assert snapshot.first_kernels().numel() == 0


def test_replay_shows_the_moments_and_says_what_the_net_says(monkeypatch):
    """All frames as quick mode draws them, two in full."""
    _, X, history = watched(epochs=6)
    with monkeypatch.context() as quick:
        quick.setenv("D2LMINI_QUICK", "1")
        figure = replay(history, X[:1].numpy())  # as (1, C, H, W), or X[0]
    assert len(figure.alts) == len(figure.places) == 8
    last = history.snapshots[-1].probabilities[0]
    assert f"{max(last):.2f}" in figure.alts[-1]
    del history.snapshots[:-2]
    named = replay(history, X[0], classes=[f"kind {i}" for i in range(10)])
    assert f"taken for kind {last.index(max(last))} with" in named.alts[-1]


def test_replay_refuses_a_run_that_watched_nothing():
    _, X, history = watched(epochs=1)
    with pytest.raises(ValueError, match="2 were watched"):
        replay(history, X[0], watched=2)
    with pytest.raises(TypeError, match=r"watched must be a whole number, not 1\.0"):
        replay(history, X[0], watched=1.0)
    with pytest.raises(ValueError, match=": give one image"):
        replay(history, X[:1].repeat(2, 1, 1, 1))
    history.snapshots.clear()
    with pytest.raises(ValueError, match=r"train with watch=X\[:1\]"):
        replay(history, X[0])
