"""The usual slips, each answered by one sentence: what, the value found, the remedy."""

import contextlib
import dataclasses
import functools
import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from samples import Heard, image_set, quietly, small_net, splits, weights
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from d2lmini import CLASSES, confusion_matrix, evaluate, predict, schedules
from d2lmini.data import Batches, Splits
from d2lmini.nets import lenet
from d2lmini.training import notices
from d2lmini.training.forward import Forward
from d2lmini.training.run import Run

data = splits()
loader = DataLoader(TensorDataset(torch.rand(4, 1, 28, 28), torch.arange(4)))


class Two(nn.Module):
    """Two outputs, as with an auxiliary head."""

    def __init__(self):
        super().__init__()
        self.layers = small_net()

    def forward(self, X):
        return self.layers(X), X


class Pair(Two):
    """Two inputs."""

    def forward(self, X, Z):
        return self.layers(X + Z)


class Forgets(Two):
    def forward(self, X):
        self.layers(X)


class Plain(nn.Module):
    """Layers in a plain list."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Flatten(), nn.Linear(784, 10)]

    def forward(self, X):
        for layer in self.layers:
            X = layer(X)
        return X


def dense(*sizes):
    layers = [nn.Flatten()]
    for inside, out in itertools.pairwise(sizes):
        layers += [nn.Linear(inside, out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def warmed_up(share):
    return functools.partial(schedules.one_cycle, warm_up=share)


def frozen():
    return small_net().requires_grad_(False)


def other_parameters(parameters, lr):
    return torch.optim.SGD(lenet().parameters(), lr=lr)


GAVE = r"gives .*let it give logits, a tensor \(\d+, 10\)"
LOSS = "let it return one number as a tensor"

OPTIONS = [
    ({"epochs": "3"}, "epochs must be a whole number, not the text '3'"),
    ({"epochs": None}, "epochs must be a whole number, not None"),
    ({"epochs": 2.5}, r"epochs must be a whole number, not 2\.5"),
    ({"epochs": True}, "epochs must be a whole number, not True"),
    ({"lr": "0.1"}, r"lr must be a number, not the text '0\.1'"),
    ({"lr": None}, "lr must be a number, not None"),
    ({"lr": [0.1]}, r"lr must be a number, not the list \[0\.1\]"),
    ({"lr": float("inf")}, "lr must be a finite number above 0, not inf"),
    ({"average": "0.9"}, r"average must be a number.*not the text '0\.9'"),
    ({"loss": nn.CrossEntropyLoss}, "loss is the class CrossEntropyLoss: give a func"),
    ({"loss": "cross_entropy"}, "loss is the text 'cross_entropy': give a function"),
    ({"loss": None}, "loss is None: give a function"),
    ({"loss": F.mse_loss}, r"loss mse_loss does not take.*\(8, 10\).*\(8,\)"),
    ({"loss": nn.CrossEntropyLoss(reduction="none")}, LOSS),
    ({"loss": lambda z, y: F.cross_entropy(z, y).item()}, LOSS),
    ({"loss": lambda z, y: F.cross_entropy(z, y).detach()}, "without gradient"),
    ({"loss": lambda z: z.sum()}, "loss <lambda> does not take"),
    ({"optimizer": "sgd"}, "optimizer is the text 'sgd': give a class"),
    ({"optimizer": None}, "optimizer is None: give a class"),
    (
        {"optimizer": torch.optim.SGD(small_net().parameters(), lr=0.1)},
        "optimizer is an SGD: give a class such as",
    ),
    ({"optimizer": torch.optim.LBFGS}, "^LBFGS takes .*: choose another optimizer"),
    ({"optimizer": lambda p: torch.optim.SGD(p, lr=1)}, "optimizer .*parameters, lr="),
    ({"optimizer": lambda p, lr: None}, "optimizer gives None: let it give"),
    ({"optimizer": other_parameters}, "holds no parameter of this net"),
    (
        {"schedule": torch.optim.lr_scheduler.StepLR},
        "schedule is the class StepLR: give a function of progress",
    ),
    ({"schedule": lambda p, q: 1}, "schedule is the function .*: give a function of"),
    ({"schedule": warmed_up(-0.5)}, r"warm_up is -0\.5: give a share of the run"),
    ({"schedule": warmed_up(math.nan)}, "warm_up is nan: give a share of the run"),
    (
        {"schedule": functools.partial(schedules.one_cycle, 0.05)},
        r"one_cycle is given 0\.05 without a name: give .* warm_up=",
    ),
    (
        {"schedule": functools.partial(schedules.one_cycle, warmup=0.05)},
        "schedule is a partial with warmup=, .*one_cycle does not have: give warm_up=",
    ),
    ({"graph": "no"}, "graph must be True or False, not the text 'no'"),
    ({"schedule": "cosine"}, "schedule is the text 'cosine': give a function"),
    ({"schedule": schedules.constant(0.1)}, r"schedule is 1\.0: give a function"),
    ({"schedule": lambda p: -1}, "schedule gives -1: "),
    ({"schedule": lambda p: None}, "schedule gives None: "),
    ({"schedule": lambda p: p < 2}, r"gives True, no number: .*, as float\(\) makes"),
    ({"schedule": lambda p: torch.tensor(-1.0)}, r"schedule gives -1\.0: "),
    ({"schedule": lambda p: math.inf}, "schedule gives inf: .* a finite factor"),
    (
        {"optimizer": functools.partial(torch.optim.SGD, momentum=-0.9)},
        r"optimizer SGD cannot .*Invalid momentum.*, or change what .*\(momentum\)\.",
    ),
    (
        {"loss": functools.partial(F.cross_entropy, reduction="average")},
        r"loss cross_entropy does not .*average.*, or change what .*\(reduction\)\.",
    ),
    (
        {"loss": lambda logits, y: F.cross_entropy(logits, y) * 1j},
        "The loss gives a number of type complex64: let it return one number",
    ),
    ({"precision": "float32"}, "precision is the text 'float32': give a dtype"),
    (
        {"precision": torch.float64},
        "precision is float64, and the net's weights are fl",
    ),
    ({"precision": torch.int8}, "precision is int8"),
    ({"resume": True}, "resume is True: give"),
    ({"resume": "."}, r"resume is '\.', a folder or no file's name: give"),
    ({"resume": ""}, "resume is '', a folder"),
    ({"resume": "x\0.pt"}, r"resume is 'x\\x00\.pt', a folder or no file's name"),
    ({"resume": "\ud800.pt"}, "a folder or no file's name: give"),
    ({"resume": "~nobody-there/x.pt"}, "'~nobody-there/x.pt', a folder or no file's"),
    ({"resume": "ü" * 120}, "a folder or no file's name: give"),
    ({"resume": "/proc/nowhere/run.pt"}, r"/proc/nowhere/run\.pt cannot be written"),
    ({"watch": torch.rand(1, 28, 28)}, r"watch is a tensor .*\(1, 28, 28\): give"),
    ({"watch": "X"}, "watch is the text 'X': give images"),
    ({"watch": torch.rand(0, 1, 28, 28)}, r"watch is .*\(0, 1, 28, 28\): give images"),
    (
        {"watch": torch.ones(1, 1, 28, 28, dtype=torch.uint8)},
        r"watch is a tensor uint8 .*: give images.* floats \(N, 1, 28, 28\)",
    ),
    ({"watch": torch.ones(1, 1, 28, 28) / 0}, "watch .*numbers which are not finite"),
    ({"name": 3}, "name is 3: give"),
]


@pytest.mark.filterwarnings("ignore:Using a target size")  # PyTorch's own, of one loss
@pytest.mark.parametrize(
    ("options", "words"), OPTIONS, ids=[words[:40] for _, words in OPTIONS]
)
def test_an_option(options, words):
    with pytest.raises((TypeError, ValueError, RuntimeError), match=words) as caught:
        quietly(small_net(), splits(), **options)
    assert str(caught.value).count("\n") == 0


NETS = [
    (lambda: lenet, r"net is the function lenet: give a network.*brackets: lenet\(\)"),
    (lambda: nn.ReLU, "net is the class ReLU: give a network"),
    (lambda: None, "net is None: give a network"),
    (Two, GAVE),
    (Forgets, "gives None.*let it give logits"),
    (lambda: dense(784, 9), r"gives .* \(8, 9\) for 8 images of 10 classes"),
    (lambda: dense(784, 11), GAVE),
    (lambda: dense(784, 1), GAVE),
    (
        lambda: nn.Sequential(nn.Conv2d(1, 10, 3), nn.AdaptiveAvgPool2d(1)),
        r"gives .*\(8, 10, 1, 1\) for 8 images",
    ),
    (lambda: nn.Sequential(nn.Flatten(), nn.ReLU()), "The net has no parameters"),
    (Plain, "The net has no parameters: layers in a plain list"),
    (frozen, "Every parameter of the net is frozen"),
    (Pair, "forward of Pair takes X, Z, and gets one input, X: wrap it in a module"),
    (lambda: small_net().to("meta"), "network is on the device meta.*: give one with"),
]


class Supplied(Pair):
    """Two inputs, of which a decorator gives the second one."""

    @functools.wraps(Pair.forward)
    def forward(self, X):
        return super().forward(X, X)


def test_what_a_decorator_gives_is_not_asked_for():
    assert evaluate(Supplied(), splits().test)[0] > 0


@pytest.mark.parametrize(("make", "words"), NETS, ids=[words[:40] for _, words in NETS])
def test_a_net(make, words):
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        quietly(make(), splits())
    assert str(caught.value).count("\n") == 0


DATA = [
    (data.train, "data is a Batches: give the three parts"),
    (loader, "data is a DataLoader: give the three parts"),
    ([data.train], "data is .*: give the three parts"),
    (None, "data is None: give the three parts"),
    ("data", "data is the text 'data': give the three parts"),
    (image_set(), "data is an ImageSet: give the three parts"),
    (Splits(loader, loader, loader), r"data\.train is a DataLoader: give the three"),
]


@pytest.mark.parametrize(
    ("given", "words"), DATA, ids=[words[:30] for _, words in DATA]
)
def test_data(given, words):
    with pytest.raises(TypeError, match=words):
        quietly(small_net(), given)


def test_parts_with_classes_in_another_order():
    turned = dataclasses.replace(data.val.images, classes=CLASSES[::-1])
    with pytest.raises(ValueError, match=r"data\.val has its classes in another order"):
        quietly(small_net(), data._replace(val=Batches(turned, 8)))


@pytest.mark.parametrize(
    "measure", [evaluate, confusion_matrix, lambda n, d: list(predict(n, d))]
)
@pytest.mark.parametrize("given", [data, loader, data.val.images, None])
def test_what_is_measured_on(measure, given):
    with pytest.raises(TypeError, match=r"batches is .*: give one part of the data"):
        measure(small_net(), given)


def test_net_and_data_swapped():
    with pytest.raises(TypeError, match="net is a Splits: give a network"):
        quietly(data, small_net())
    with pytest.raises(TypeError, match="net is a Batches: give a network"):
        evaluate(data.val, small_net())


def test_a_last_batch_of_one_picture_is_refused_before_the_first_step():
    norm = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.BatchNorm1d(10))
    before = norm[1].weight.clone()
    with pytest.raises(ValueError, match=r"batch_size=8 the last.*41 images holds one"):
        quietly(norm, splits(41))
    assert torch.equal(norm[1].weight, before)
    assert quietly(small_net(), splits(41)).finished  # its maps have many numbers
    with pytest.raises(ValueError, match=r"batch_size=1 the last.*40 images holds one"):
        quietly(norm, splits(batch_size=1))
    norm[2].eval()  # frozen
    assert quietly(norm, splits(41)).finished


def test_a_share_of_one_picture_is_refused_where_a_layer_normalises_for_itself():
    class Own(nn.BatchNorm1d):
        """Which several processes cannot make one over all of them."""

    data = splits(43).train  # a last batch of 3, shared by two: 2 and 1
    bare = Own(10, track_running_stats=False)
    for norm, own in ((nn.BatchNorm1d(10), False), (Own(10), True), (bare, True)):
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), norm)
        run = Run(Forward(net, data), torch.optim.SGD, 0.1)
        refused = pytest.raises(ValueError, match=r"holds 3, of which a process gets")
        with refused if own else contextlib.nullcontext():
            notices.refuse(run, data, 2)


def test_what_inference_mode_has_frozen_is_said():
    with torch.inference_mode():
        made = small_net()
        with pytest.raises(ValueError, match=r"called within torch\.inference"):
            quietly(small_net(), splits())
    with pytest.raises(ValueError, match=r"made within torch\.inference_mode"):
        quietly(made, splits())
    partly = small_net()
    with torch.inference_mode():
        partly[1].running_mean = torch.zeros(4)
    with pytest.raises(
        ValueError, match=r"or a part of it, was made within torch\.inf"
    ):
        quietly(partly, splits())
    before = evaluate(small_net(), data.val)
    assert evaluate(made, data.val) == evaluate(partly, data.val) == before


def test_images_that_are_spoilt_are_not_blamed_on_the_learning_rate():
    spoilt = splits(augment=lambda X, g: X / 0)
    with pytest.raises(ValueError, match=r"batch 0 of data\.train holds numbers that"):
        quietly(small_net(), spoilt)
    with pytest.raises(ValueError, match="start again with a learning rate below 1e"):
        quietly(small_net(), splits(), lr=1e30, optimizer=torch.optim.SGD)


def test_sparse_gradients_go_to_an_optimizer_that_takes_them():
    class Looked(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.Embedding(256, 2, sparse=True)
            self.out = nn.LazyLinear(10)

        def forward(self, X):
            return self.out(self.up((X * 255).long()).flatten(1))

    assert quietly(Looked(), splits(), optimizer=torch.optim.SGD).finished


def test_complex_weights_go_to_an_optimizer_that_takes_them():
    class Phases(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Linear(784, 10, dtype=torch.complex64)

        def forward(self, X):
            return self.out(X.flatten(1) + 0j).abs()

    assert quietly(Phases(), splits()).finished


def test_training_works_where_gradients_are_off():
    with torch.no_grad():
        assert quietly(small_net(), splits()).finished
        assert not torch.is_grad_enabled()


def test_a_partial_of_an_optimizer_keeps_what_it_was_told():
    made = []

    class Adam(torch.optim.Adam):
        def __init__(self, *args, **options):
            made.append(options)
            super().__init__(*args, **options)

    quietly(small_net(), splits(), optimizer=Adam)
    options = {"foreach": True}
    quietly(small_net(), splits(), optimizer=functools.partial(Adam, **options))
    assert [o.get("fused") for o in made] == [None, None]
    fused = functools.partial(torch.optim.Adam, fused=False)
    assert quietly(small_net(), splits(), optimizer=fused).finished
    foreach = functools.partial(torch.optim.Adam, foreach=True)
    assert quietly(small_net(), splits(), optimizer=foreach).finished


def test_a_graph_needs_a_gpu_and_says_so():
    heard, net = Heard(), small_net()
    quietly(net, splits(), graph=True, report=heard)
    assert ["graph=True needs" in text for text in heard.said] == [True]
    plain = small_net()  # which seeds as well
    quietly(plain, splits())
    assert torch.equal(weights(net), weights(plain))
