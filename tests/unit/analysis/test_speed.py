"""Speed is measured on a copy, and leaves everything as it was."""

import random
import time

import numpy as np
import pytest
import torch
from samples import image_set, splits
from torch import nn

from d2lmini import speed
from d2lmini.data import Batches, Splits


def small_net() -> nn.Sequential:
    conv = nn.Conv2d(1, 2, 5, stride=4)
    layers = (conv, nn.BatchNorm2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(72, 10))
    return nn.Sequential(*layers)


class Slow(nn.Module):
    """Takes its time, and counts what it was given."""

    def __init__(self, pause: float) -> None:
        super().__init__()
        self.pause = pause
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, X):
        time.sleep(self.pause)
        return self.scale * X.flatten(1)[:, :10]


@pytest.mark.parametrize("training", [True, False])
def test_net_data_and_random_state_are_left_alone(training):
    net, data = small_net().train(training), splits()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    state = torch.get_rng_state()
    found = speed(net, data, seconds=0.02)
    assert found.training > 0
    assert found.inference > 0
    assert net.training is training
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert (data.train.epoch, data.test.epoch) == (0, 0)


class Draws(Slow):
    """Draws from the generators of NumPy and Python."""

    def forward(self, X):
        return super().forward(X) * np.random.rand() * random.random()


def test_lazy_layers_draw_nothing_either(monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    net = nn.Sequential(Draws(0), nn.LazyLinear(10))
    state = torch.get_rng_state()
    others = np.random.get_state()[2], random.getstate()
    speed(net, splits())
    assert net[1].weight.shape == (10, 10)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[2], random.getstate()) == others


def test_it_is_pictures_by_seconds():
    """The oracle: a net that takes 20 ms for each batch of 8, or a little more."""
    found = speed(Slow(0.02), splits(), seconds=0.1)
    for rate in found:
        assert 8 / 0.02 / 4 < rate <= 8 / 0.02


def test_quick_mode_counts_one_batch(monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    begun = time.perf_counter()
    speed(Slow(0.001), splits(), seconds=60)
    assert time.perf_counter() - begun < 30


def test_an_epoch_of_one_batch_is_begun_again():
    one = Batches(image_set(8), 8)
    assert speed(small_net(), Splits(one, one, one), seconds=0.02).training > 0


def test_a_misfit_is_one_sentence():
    with pytest.raises(ValueError, match="does not fit"):
        speed(nn.Sequential(nn.Flatten(), nn.Linear(5, 10)), splits(), seconds=0.01)


def test_no_time_is_refused():
    with pytest.raises(ValueError, match=r"seconds must be .* above 0, not 0"):
        speed(small_net(), splits(), seconds=0)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_training_is_measured_where_nothing_is_tracked(around, monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    with around():
        assert speed(small_net(), splits()).training > 0
