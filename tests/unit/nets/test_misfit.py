"""What does not fit is named in one sentence; a walk leaves nothing behind."""

import copy
import random
import threading
import traceback
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from d2lmini import nets
from d2lmini.nets.misfit import Misfit, explain_misfit, settled, walk
from d2lmini.nets.twin import twin


class Does(nn.Module):
    """A forward of a line, with layers in ``held``."""

    def __init__(self, does, *held):
        super().__init__()
        self.does, self.held = does, nn.ModuleList(held)

    def forward(self, X):
        return self.does(X, *self.held)


def passed(net, X):
    return net(X)


MISFITS = {  # for an image (1, 28, 28)
    "1 channels reach layer 0 .Conv2d.*takes 3; build.*in_channels=1": nn.Conv2d(
        3, 4, 3
    ),
    "1 channels reach layer 0 .ConvTranspose2d.*takes 2": nn.ConvTranspose2d(2, 4, 3),
    "1 channels reach layer 0 .BatchNorm2d.*takes 3": nn.BatchNorm2d(3),
    "1 channels reach layer 0 .InstanceNorm2d.*takes 3": nn.InstanceNorm2d(3, affine=1),
    "1 channels reach layer 0 .GroupNorm.*takes 4": nn.GroupNorm(2, 4),
    r"\(1, 28, 28\) reaches layer 0 .LayerNorm.*takes \(1, 27, 27\)": nn.LayerNorm(
        [1, 27, 27]
    ),
    "1 channels reach layer 0 .PReLU.*takes 4": nn.PReLU(4),
    "1 channels reach layer 0 .PixelShuffle.*a multiple of 4": nn.PixelShuffle(2),
    "28×28 pixels reach layer 0 .PixelUnshuffle.*that 3 divides": nn.PixelUnshuffle(3),
    "float32 numbers reach layer 0 .Embedding.*whole numbers": nn.Embedding(9, 3),
    r"shape \(1, 1, 28, 28\) reaches layer 0 .BatchNorm1d.*\(N, channels\)": (
        nn.BatchNorm1d(1)
    ),
    "784 channels reach layer 1 .BatchNorm1d.*let that layer take 784": nn.Sequential(
        nn.Flatten(), nn.BatchNorm1d(5)
    ),
    r"\(1, 784\) reaches layer 1 .Conv2d.*\(N, channels, height, width\); put it": (
        nn.Sequential(nn.Flatten(), nn.Conv2d(1, 2, 3))
    ),
    "1 channels reach layer 1 .Conv1d.*takes 3": nn.Sequential(
        nn.Flatten(2), nn.Conv1d(3, 1, 1)
    ),
    "784 features reach layer 1 .Linear.*takes 5; change resize": nn.Sequential(
        nn.Flatten(), nn.Linear(5, 5)
    ),
    "784 features reach layer 1 .LSTM.*takes 5": nn.Sequential(
        nn.Flatten(2), nn.LSTM(5, 3)
    ),
    "28 features reach layer held.0 .MultiheadAttention.*takes 32": Does(
        lambda X, m: m(X[:, 0], X[:, 0], X[:, 0])[0], nn.MultiheadAttention(32, 2)
    ),
    "28 features reach layer held.0.self_attn": Does(
        lambda X, m: m(X[:, 0]), nn.TransformerEncoderLayer(32, 2, 8)
    ),
    "1 channels reach layer held.0 .Conv2d": Does(
        lambda X, m: m(input=X), nn.Conv2d(3, 1, 1)
    ),
    r"in Does tensors of shape \(1, 1, 26, 26\) and \(1, 1, 28, 28\) meet in an add": (
        Does(lambda X, m: m(X) + X, nn.Conv2d(1, 1, 3))
    ),
    "meet in a multiplication": Does(lambda X: X * torch.ones(1, 1, 5, 5)),
    "are put together; let all agree": Does(
        lambda X, m: torch.cat([m(X), X], 1), nn.Conv2d(1, 1, 3)
    ),
    r"\(1, 784\) is multiplied by \(400, 10\), and 784 is not 400": Does(
        lambda X: X.flatten(1) @ torch.rand(400, 10)
    ),
    "is multiplied by .*, and 28 is not 5": Does(
        lambda X: F.linear(X, torch.rand(4, 5))
    ),
    r"view\(-1, 300\) cannot hold the 784 numbers": Does(lambda X: X.view(-1, 300)),
    "1 channels meet weights of shape .*, which take 2": Does(
        lambda X: F.conv2d(X, torch.rand(3, 2, 3, 3))
    ),
    "only 28×28 pixels are left at layer 0 .MaxPool2d.*needs at least 30 px": (
        nn.MaxPool2d(30)
    ),
}


@pytest.mark.parametrize("words", MISFITS)
def test_a_misfit_is_named_before_and_while_it_runs(words):
    net = MISFITS[words]
    net = net if isinstance(net, (nn.Sequential, Does)) else nn.Sequential(net)
    with pytest.raises(Misfit, match=words) as caught:
        walk(net, (1, 28, 28), passed)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("An input of (1, 28, 28) does not fit: ")
    X = torch.rand(1, 1, 28, 28)
    with pytest.raises(ValueError, match=words), explain_misfit(net, X):
        net(X)


def test_the_traceback_of_a_misfit_is_short():
    net, X = nets.lenet(), torch.rand(2, 1, 32, 32)
    words = "576 features reach layer 7"
    with pytest.raises(Misfit, match=words) as caught, explain_misfit(net, X):
        net(X)
    assert len("".join(traceback.format_exception(caught.value)).splitlines()) < 20


def test_other_errors_pass_unchanged():
    def fails(X):
        raise RuntimeError("something else")

    net, X, error = nets.lenet(), torch.rand(2, 1, 28, 28), RuntimeError("of the loss")
    with pytest.raises(RuntimeError) as caught, explain_misfit(net, X):
        raise error
    assert caught.value is error
    with pytest.raises(RuntimeError, match="something else"):
        walk(Does(fails), (1, 5, 5), passed)


def test_a_class_with_a_forward_of_its_own_may_know_better():
    class Grey(nn.Conv2d):
        def forward(self, X):
            return super().forward(X.expand(-1, 3, -1, -1))

    assert walk(nn.Sequential(Grey(3, 2, 3)), (1, 8, 8), passed).shape == (1, 2, 6, 6)


def test_a_pool_that_may_stick_out_fits():
    pools = nn.Sequential(nn.MaxPool2d(2, ceil_mode=True))
    assert walk(pools, (1, 1, 1), passed).shape == (1, 1, 1, 1)


@pytest.mark.parametrize("height", [0, 1])
def test_a_side_of_nothing_ends(height):
    net, X = nets.lenet(), torch.rand(2, 1, height, 28)
    with pytest.raises((ValueError, RuntimeError)), explain_misfit(net, X):
        net(X)


# ---- the copy --------------------------------------------------------------------


def normed(wrap):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(wrap(nn.Conv2d(1, 2, 3)), nn.BatchNorm2d(2))


class Keeper(nn.Module):
    """Keeps its maps, a plain tensor, and things that cannot be copied."""

    def __init__(self):
        super().__init__()
        self.conv, self.maps = nn.Conv2d(1, 2, 3), {"all": []}
        self.shift, self.lock = torch.rand(28), threading.Lock()

    def forward(self, X):
        self.maps["all"].append(self.conv(X + self.shift))
        return self.maps["all"][-1]


NETS = {
    "lenet": nets.lenet,
    "weight_norm": lambda: normed(weight_norm),
    "spectral_norm": lambda: normed(spectral_norm),
    "parametrised": lambda: normed(parametrizations.weight_norm),
    "pruned": lambda: normed(lambda c: prune.l1_unstructured(c, "weight", 0.5)),
    "lazy": lambda: nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d()),
    "keeps": Keeper,
    "asks for values": lambda: Does(lambda X: X if X.sum() > 0 else -X),
    "draws": lambda: Does(
        lambda X: (
            X * torch.rand(1) * random.random() * np.random.rand()
            if float(X.max()) < 2
            else X
        )
    ),
    "half": lambda: nets.lenet().half(),
    "double": lambda: nets.lenet().double(),
    "without data": lambda: nets.lenet().to("meta"),
}


@pytest.mark.parametrize("name", NETS)
def test_a_walk_leaves_nothing_behind(name):
    net = NETS[name]().train()
    if name == "keeps":
        net(torch.rand(1, 1, 28, 28))
    ran = []
    net.register_forward_hook(lambda *a: ran.append(a))
    lazy = name == "lazy"
    before = {} if lazy else copy.deepcopy(net.state_dict())
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    for training in (False, True):
        walk(net, (1, 28, 28), passed, training=training)
    assert net.training and not ran and len(net._forward_hooks) == 1
    assert all(len(m._forward_hooks) == 0 for m in net.modules() if m is not net)
    if not lazy and name != "without data":
        after = net.state_dict()
        assert all(torch.equal(v, after[k]) for k, v in before.items())
    assert lazy == any(map(nn.parameter.is_lazy, net.parameters()))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert (np.random.get_state()[1] == states[2]).all()
    if name == "keeps":
        assert len(net.maps["all"]) == 1 and net.maps["all"][0].device.type == "cpu"


@pytest.mark.parametrize("real", [False, True])
def test_shared_weights_stay_shared_and_no_memory_is(real):
    layer = nn.Linear(4, 4)
    net = nn.Sequential(layer, nn.Linear(4, 4), nn.LSTM(4, 3))
    net[1].weight = layer.weight
    copied = twin(net, real=real)
    assert copied[0].weight is copied[1].weight is not layer.weight
    assert len(list(copied.parameters())) == len(list(net.parameters()))
    flat, own = copied[2]._flat_weights, copied[2].parameters()
    assert all(a is b for a, b in zip(flat, own, strict=True))
    if real:
        assert torch.equal(copied[0].weight, layer.weight)
        assert copied[0].weight.data_ptr() != layer.weight.data_ptr()


def test_lazy_layers_settle_in_the_first_size_that_fits():
    net = nn.Sequential(nn.Conv2d(1, 2, 5), nn.Flatten(), nn.LazyLinear(3))
    assert settled(net, [(1, 3, 3), (1, 6, 6)])[2].in_features == 8
    assert nn.parameter.is_lazy(net[2].weight)


@pytest.mark.parametrize("wrong", [nets.lenet, nn.Conv2d, None, "lenet"])
def test_what_is_no_network_is_refused(wrong):
    with pytest.raises(TypeError, match=r"net is .*: give a network, made with"):
        walk(wrong, (1, 28, 28), passed)


def test_a_compiled_network_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch has other ways by now
        net = torch.jit.script(nn.Flatten())
    with pytest.raises(TypeError, match=r"net is a .*Script.*: give the net"):
        walk(net, (1, 28, 28), passed)
