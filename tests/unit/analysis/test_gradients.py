"""Gradient sizes against a gradient by hand, and the figure that shows them."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

from d2lmini import gradient_sizes
from d2lmini.plot import gradients


def batch(size=3):
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(6, 1, size, size, generator=generator)
    return X, torch.tensor([0, 1, 2, 0, 1, 2])


def net():
    torch.manual_seed(1)
    layers = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5)
    return nn.Sequential(*layers, nn.Linear(4, 3))


def pruned(layer):
    prune.l1_unstructured(layer, "weight", 0.5)


def test_a_dense_layers_gradient_is_the_formula():
    """d loss / d W = (softmax − one-hot)ᵀ X / N for a single dense layer."""
    X, y = batch()
    dense = nn.Sequential(nn.Flatten(), nn.Linear(9, 3))
    with torch.no_grad():
        error = dense(X).softmax(1) - F.one_hot(y, 3)
        slope = error.T @ X.flatten(1) / len(X)
    sizes = gradient_sizes(dense, X, y)
    assert sizes == {"dense 1": pytest.approx(float(slope.square().mean() ** 0.5))}


def test_a_convolutions_gradient_is_that_of_finite_differences():
    X, y = batch()
    X, twin = X.double(), net().double().eval()
    weight, step, slopes = twin[0].weight, 1e-6, []
    with torch.no_grad():
        for i in range(weight.numel()):
            ends = []
            for sign in (1, -2):  # up by a step, then down to minus a step
                weight.view(-1)[i] += sign * step
                ends.append(float(F.cross_entropy(twin(X), y)))
            weight.view(-1)[i] += step
            slopes.append((ends[0] - ends[1]) / (2 * step))
    size = torch.tensor(slopes).square().mean().sqrt()
    assert gradient_sizes(twin, X, y)["conv 1"] == pytest.approx(float(size), rel=1e-4)


def test_layers_are_named_in_order_and_the_net_stays_as_it_was():
    twin, (X, y) = net().train(), batch()
    before = [p.clone() for p in twin.parameters()]
    assert list(gradient_sizes(twin, X, y)) == ["conv 1", "dense 1"]
    assert twin.training and twin[3].training
    for parameter, old in zip(twin.parameters(), before, strict=True):
        assert parameter.grad is None and torch.equal(parameter, old)


def test_dropout_does_not_blur_the_sizes():
    twin, (X, y) = net(), batch()
    assert gradient_sizes(twin, X, y) == gradient_sizes(twin, X, y)


class Backwards(nn.Module):
    """Holds last what runs first, and may cut the graph."""

    def __init__(self, cut=False):
        super().__init__()
        self.cut, self.last, self.first = cut, nn.Linear(4, 3), nn.Linear(9, 4)

    def forward(self, X):
        logits = self.last(self.first(X.flatten(1)))
        return logits.detach() if self.cut else logits


def test_layers_are_counted_as_they_run():
    twin, (X, y) = Backwards(), batch()
    plain = nn.Sequential(nn.Flatten(), twin.first, twin.last)
    sizes = gradient_sizes(twin, X, y)
    assert list(sizes.items()) == list(gradient_sizes(plain, X, y).items())
    assert not twin.first._forward_hooks


def test_a_net_that_cuts_the_gradient_off_is_said():
    with pytest.raises(ValueError, match=r"Backwards cuts it off, as .* checkpoint"):
        gradient_sizes(Backwards(cut=True), *batch())


@pytest.mark.parametrize(
    "change",
    [parametrizations.weight_norm, parametrizations.spectral_norm, pruned],
)
@pytest.mark.parametrize("place", [0, 4])
def test_weights_that_are_computed_from_others_are_measured(change, place):
    twin, (X, y) = net().eval(), batch()
    change(twin[place])
    twin(X)  # which computes those of pruning
    plain = net()
    with torch.no_grad():
        for layer in (0, 4):
            plain[layer].weight.copy_(twin[layer].weight)
    with torch.no_grad():
        found = gradient_sizes(twin, X, y)
    assert list(found) == ["conv 1", "dense 1"]
    assert found == pytest.approx(gradient_sizes(plain, X, y))


def test_a_net_without_weights_is_refused():
    with pytest.raises(ValueError, match="no convolution and no dense layer"):
        gradient_sizes(nn.Flatten(), *batch())


def test_the_figure_shows_every_size_on_a_log_scale():
    sizes = {"conv 1": 1e-6, "conv 2": 0.0, "dense 1": 1e-1}
    picture = gradients({"ReLU": dict.fromkeys(sizes, 0.5), "sigmoid": sizes})
    (ax,) = picture.figure.axes
    flat, steep = [line.get_ydata() for line in ax.lines]
    assert list(flat) == [0.5] * 3
    assert [steep[0], steep[2]] == pytest.approx([1e-6, 1e-1])
    assert steep[1] != steep[1]  # 0 has no place there
    assert ax.get_yscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(sizes)
    assert ax.lines[0].get_marker() != ax.lines[1].get_marker()  # colour is not all
    assert "sigmoid: 1.0e-06 at conv 1, 1.0e-01 at dense 1" in picture.alt


@pytest.mark.parametrize(
    ("nets", "words"),
    [
        ({}, "nothing to draw"),
        ({"a": {"conv 1": 1.0}, "b": {"dense 1": 1.0}}, "'b' has the layers dense 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(nets, words):
    with pytest.raises(ValueError, match=words):
        gradients(nets)


def test_frozen_and_unused_layers_are_left_out():
    twin, (X, y) = net(), batch()
    twin[0].requires_grad_(False)
    assert list(gradient_sizes(twin, X, y)) == ["dense 1"]
    twin.add_module("spare", nn.ModuleList([nn.Linear(3, 3)]))
    twin.forward = nn.Sequential(*list(twin)[:5]).forward  # which does not use it
    assert list(gradient_sizes(twin, X, y)) == ["dense 1"]
    with pytest.raises(ValueError, match="every layer of Sequential is frozen"):
        gradient_sizes(twin.requires_grad_(False), X, y)


def test_a_double_net_takes_float_images():
    twin, (X, y) = net(), batch()
    assert gradient_sizes(twin, X, y) == pytest.approx(
        gradient_sizes(twin.double(), X, y), rel=1e-5
    )


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([nn.Conv2d(1, 3, 3)], r"gives \(6, 3, 1, 1\) for 6 images"),
        ([nn.Flatten(), nn.Linear(9, 2)], "has 2 outputs and there is a label 2"),
        ([nn.Flatten(), nn.Linear(8, 3)], "9 features reach layer 1"),
    ],
)
def test_logits_that_cannot_be_scored_are_named(layers, words):
    with pytest.raises(ValueError, match=words):
        gradient_sizes(nn.Sequential(*layers), *batch())


@pytest.mark.parametrize("power", [-26, 22])
def test_the_smallest_and_the_largest_gradients_are_numbers(power):
    """Their squares would be none in float32."""
    twin, (X, _) = net().double().eval(), batch()
    with torch.no_grad():
        twin[4].weight.mul_(10.0**power)
        y = twin(X.double()).argmin(1)
    loss = F.cross_entropy(twin(X.double()), y)
    (slope,) = torch.autograd.grad(loss, twin[0].weight)
    wanted = float(slope.square().mean().sqrt())
    assert 0 < wanted < math.inf
    assert gradient_sizes(twin, X, y)["conv 1"] == pytest.approx(
        wanted, rel=1e-6, abs=0
    )


@pytest.mark.parametrize(
    ("kind", "shape"),
    [(nn.Conv1d, (1, 9)), (nn.Conv3d, (1, 1, 3, 3)), (nn.ConvTranspose2d, (1, 3, 3))],
)
def test_convolutions_of_every_kind_are_measured(kind, shape):
    layers = nn.Flatten(), nn.Unflatten(1, shape), kind(1, 3, 1), nn.Flatten()
    assert list(gradient_sizes(nn.Sequential(*layers), *batch())) == ["conv 1"]


def test_pictures_are_taken_in_any_form_that_the_net_takes():
    X, y = batch()
    dense = nn.Sequential(nn.Flatten(), nn.Linear(9, 3))
    wanted = gradient_sizes(dense, X, y)
    assert gradient_sizes(dense, X.flatten(1), y) == wanted
    assert gradient_sizes(dense, X[:, 0], y) == wanted


def test_labels_may_be_of_any_whole_type():
    X, y = batch()
    assert gradient_sizes(net(), X, y.int()) == gradient_sizes(net(), X, y)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X, y: ((X * 255).byte(), y), "X is torch.uint8: give the float images"),
        (lambda X, y: (X / 0, y), "X holds NaN or infinity"),
        (lambda X, y: (X, -100 * y), "there is a label -200: give classes from 0"),
        (lambda X, y: (X, y.float()), "y is a tensor float32"),
        (lambda X, y: (X[:0], y[:0]), "the batch is empty"),
        (lambda X, y: (X[0], y[:1]), r"X is \(1, 3, 3\): give a batch .* X\[None\]"),
        (lambda X, y: (X[0, 0], y[:1]), r"of one grey image X\[None, None\]"),
        (lambda X, y: (X[:, 0], y), r"X is \(6, 3, 3\): .* grey ones X\[:, None\]"),
        (lambda X, y: (X.flatten(1), y), r"X is \(6, 9\): .* flat ones X\.unflatten"),
        (lambda X, y: (X[0, 0, 0, 0], y[0]), r"X is \(\): give a batch"),
        (lambda X, y: (X, y[:5]), r"y is \(5,\) for 6 images"),
        (lambda X, y: (X, y.to_sparse()), "y is a sparse tensor int64"),
        (lambda X, y: (X.to_sparse(), y), "X is torch.sparse_coo: give it dense"),
    ],
)
def test_a_batch_that_is_none_is_refused(change, words):
    with pytest.raises((TypeError, ValueError), match=words):
        gradient_sizes(net(), *change(*batch()))
