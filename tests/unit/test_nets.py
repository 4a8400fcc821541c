"""Every network keeps its shapes, its start and its gradients."""

import math

import pytest
import torch
from torch import nn

from d2lmini import nets


@pytest.mark.parametrize("pool", [nn.AvgPool2d, nn.MaxPool2d])
@pytest.mark.parametrize("padding", [2, 0])
@pytest.mark.parametrize(("classes", "channels"), [(10, 1), (3, 2)])
def test_lenet_shapes_and_gradients(pool, padding, classes, channels):
    net = nets.lenet(classes, channels, pool=pool, padding=padding)
    logits = net(torch.rand(5, channels, 28, 28))
    assert logits.shape == (5, classes)
    logits.square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_lenet_exports_and_takes_one_image():
    net = nets.lenet().eval()
    X = torch.rand(1, 1, 28, 28)
    program = torch.export.export(net, (X,))
    torch.testing.assert_close(program.module()(X), net(X))


def test_lenet_layers_follow_each_other():
    """The same function written out with torch.nn.functional."""
    F, net = torch.nn.functional, nets.lenet().double()
    w = list(net.parameters())
    X = torch.rand(3, 1, 28, 28, dtype=torch.float64)
    H = F.avg_pool2d(torch.sigmoid(F.conv2d(X, w[0], w[1], padding=2)), 2)
    H = F.avg_pool2d(torch.sigmoid(F.conv2d(H, w[2], w[3])), 2).reshape(3, 400)
    H = torch.sigmoid(H @ w[4].T + w[5])
    H = torch.sigmoid(H @ w[6].T + w[7])
    torch.testing.assert_close(net(X), H @ w[8].T + w[9])


def wide() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(40, 50, 5), nn.Linear(900, 700, bias=False))


def test_xavier_has_the_stated_variance():
    net = nets.initialise(wide(), nets.xavier)
    for layer, fans in zip(net, (40 * 25 + 50 * 25, 900 + 700), strict=True):
        bound = math.sqrt(6 / fans)
        assert layer.weight.abs().max() <= bound
        assert layer.weight.var().item() == pytest.approx(2 / fans, rel=0.05)
    assert not net[0].bias.any()


def test_he_has_the_stated_variance():
    net = nets.initialise(wide(), nets.he)
    for layer, fan_in in zip(net, (40 * 25, 900), strict=True):
        assert layer.weight.var().item() == pytest.approx(2 / fan_in, rel=0.05)


def test_initialise_returns_the_net():
    net = wide()
    assert nets.initialise(net, nets.he) is net
