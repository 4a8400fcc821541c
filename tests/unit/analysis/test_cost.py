"""What a network costs, against counts by hand and the shape walk."""

import pytest
import torch
from torch import nn

from d2lmini import cost, nets, summary


def test_two_layers_by_hand():
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
    assert cost(net, (1, 6, 8)) == (3 * 9 + 3, 3 * 9 * 4 * 6, 2 * 3 * 4 * 6)


def test_lenet_by_hand():
    first = 2 * 6 * 28 * 28 + 6 * 14 * 14  # convolution, sigmoid, pool
    second = 2 * 16 * 10 * 10 + 16 * 5 * 5
    dense = 2 * 120 + 2 * 84 + 10  # flattening makes nothing new
    assert cost(nets.lenet(), (1, 28, 28)).activations == first + second + dense


@pytest.mark.parametrize(
    ("net", "size"),
    [(nets.lenet(), 28), (nets.resnet18(), 96), (nets.googlenet(), 96)],
)
def test_counts_are_the_shape_walks(net, size):
    found, walk = cost(net, (1, size, size)), summary(net, (1, size, size))
    assert found.parameters == walk.parameters
    assert found.multiply_adds == walk.multiply_adds


@pytest.mark.parametrize(
    "quiet", [nn.Identity(), nn.Flatten(0), nn.ReLU(inplace=True), nn.Sequential()]
)
def test_a_layer_that_hands_its_input_on_makes_nothing(quiet):
    conv = nn.Conv2d(1, 2, 3)
    alone, behind = nn.Sequential(conv), nn.Sequential(conv, quiet)
    assert cost(alone, (1, 9, 9)).activations == cost(behind, (1, 9, 9)).activations


def test_dropout_keeps_what_it_let_through():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5))
    assert cost(net.eval(), (1, 5, 5)).activations == 25


def test_a_layer_used_twice_counts_twice():
    relu = nn.Sigmoid()
    assert cost(nn.Sequential(relu, relu), (1, 3, 3)).activations == 18


def test_normalisation_of_a_single_number_is_counted():
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4))
    assert cost(net, (4, 7, 7)).activations == 8


def test_the_net_is_left_alone():
    net = nets.resnet18().eval()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    cost(net, (1, 32, 32))
    assert not net.training
    assert not any(m._forward_hooks for m in net.modules())
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def test_a_misfit_is_one_sentence():
    with pytest.raises(ValueError, match="64 features reach layer 7"):
        cost(nets.lenet(), (1, 16, 16))
