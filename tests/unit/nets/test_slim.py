"""Plans become the networks they describe."""

import functools
from dataclasses import replace

import pytest
import torch
from torch import nn

from d2lmini import cost, nets
from d2lmini.nets.slim import ALEXNET, SLIM_FAST, SLIM_SMALL, Plan, sides, slim

#: Small enough to be run: with dense layers, without, normalised, odd windows.
SMALL = {
    "dense": Plan(((4, 5, 2, 3), (6, 3, 1, 2)), (12, 9), 32),
    "average": Plan(((4, 3, 1, 2), (6, 2, 1, 0)), (), 11),
    "normalised": Plan(((4, 3, 3, 0), (6, 3, 1, 3)), (7,), 20, norm=True),
    "fast": SLIM_FAST,
    "small": SLIM_SMALL,
}


def test_alexnets_plan_is_alexnet():
    """The same layers in the same order, and so the same start."""
    for classes, channels in ((10, 1), (4, 3)):
        torch.manual_seed(3)
        ours = slim(classes, channels)
        torch.manual_seed(3)
        theirs = nets.alexnet(classes, channels)
        assert str(ours) == str(theirs)
        both = zip(ours.parameters(), theirs.parameters(), strict=True)
        assert all(torch.equal(mine, other) for mine, other in both)


@pytest.mark.parametrize("name", SMALL)
def test_gradients_and_one_picture(name):
    plan = SMALL[name]
    net = slim(7, 2, plan=plan)
    X = torch.rand(6, 2, plan.size, plan.size)
    assert net(X).shape == (6, 7)
    net(X).square().sum().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
    net.eval()
    torch.testing.assert_close(net(X[:1]), net(X)[:1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_every_plan_exports(name):
    plan = SMALL[name]
    net, X = slim(plan=plan).eval(), torch.rand(1, 1, plan.size, plan.size)
    program = torch.export.export(net, (X,))
    torch.testing.assert_close(program.module()(X), net(X))


def test_layers_follow_each_other():
    """The same function written out with torch.nn.functional."""
    F, net = torch.nn.functional, slim(plan=SMALL["dense"]).double().eval()
    w = list(net.parameters())
    X = torch.rand(3, 1, 32, 32, dtype=torch.float64)
    H = F.max_pool2d(F.relu(F.conv2d(X, w[0], w[1], stride=2)), 3, 2)
    H = F.max_pool2d(F.relu(F.conv2d(H, w[2], w[3], padding=1)), 2, 2).flatten(1)
    H = F.relu(F.relu(H @ w[4].T + w[5]) @ w[6].T + w[7])
    torch.testing.assert_close(net(X), H @ w[8].T + w[9])


@pytest.mark.parametrize(
    "first", [(11, 4, 3), (7, 2, 3), (5, 3, 2), (3, 1, 0), (2, 1, 2)]
)
def test_sides_are_those_of_the_layers(first):
    """At every size: the same as torch's, or a complaint where torch fails."""
    stages = ((3, *first), (4, 5, 1, 3), (5, 3, 1, 2))
    with torch.device("meta"):
        net = slim(plan=Plan(stages, (), 99))
        for size in range(1, 70):
            X, found = torch.empty(1, 1, size, size), []
            try:
                for layer in net:
                    if isinstance(layer, (nn.Conv2d, nn.AdaptiveAvgPool2d)):
                        found.append(X.shape[2])  # before each stage, and at the end
                    X = layer(X)
            except RuntimeError:
                with pytest.raises(ValueError, match="nothing is left after stage"):
                    sides(Plan(stages, (), size))
            else:
                assert sides(Plan(stages, (), size)) == found[1:], size


def test_normalisation_stands_before_the_relu_and_takes_the_bias():
    plain = slim(plan=replace(SLIM_FAST, norm=False))
    net = slim(plan=SLIM_FAST)
    assert [type(m) for m in net if not isinstance(m, nn.BatchNorm2d)] == [
        type(m) for m in plain
    ]
    for before, layer, after in zip(net, net[1:], net[2:], strict=False):
        if isinstance(before, nn.Conv2d):
            assert before.bias is None
            assert isinstance(layer, nn.BatchNorm2d) and isinstance(after, nn.ReLU)


def test_the_average_takes_any_size_and_a_dense_head_one():
    with torch.device("meta"):
        net = slim(plan=SLIM_FAST)
        for size in (28, 32, 64):
            assert net(torch.empty(1, 1, size, size)).shape == (1, 10)
        with pytest.raises(RuntimeError):
            slim(plan=replace(SLIM_FAST, dense=(16,)))(torch.empty(1, 1, 64, 64))


def test_the_winners_are_slim():
    def costs(plan):
        with torch.device("meta"):
            return cost(slim(plan=plan), (1, plan.size, plan.size))

    alexnet, fast, small = map(costs, (ALEXNET, SLIM_FAST, SLIM_SMALL))
    assert 50 * fast.parameters < alexnet.parameters
    assert 10 * fast.multiply_adds < alexnet.multiply_adds
    assert 3 * small.parameters < fast.parameters
    assert 3 * small.multiply_adds < fast.multiply_adds


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (functools.partial(Plan, (), (), 28), r"stages is empty.*\(96, 11, 4, 0\)"),
        (functools.partial(Plan, ((8, 3, 1),), (), 28), r"stage 1 is \(8, 3, 1\)"),
        (functools.partial(Plan, ((8, 3, 0, 2),), (), 28), "stage 1 is"),
        (functools.partial(Plan, ((8, 3, 1, 2),), (0,), 28), r"dense is \(0,\)"),
        (lambda: slim(plan=replace(ALEXNET, size=64)), "64×64 .* after stage 5"),
        (lambda: slim(plan=replace(SLIM_FAST, size=10)), "10×10 .* after stage 4"),
        (lambda: slim(plan=replace(ALEXNET, size=0)), "0×0 .* after stage 1"),
    ],
)
def test_a_plan_of_no_network_is_one_sentence(make, words):
    with pytest.raises(ValueError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
