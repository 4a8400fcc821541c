"""Every network keeps its shapes, its start and its gradients."""

import functools
import itertools
import math

import pytest
import torch
import torchvision
from torch import nn

from d2lmini import nets, summary
from d2lmini.nets.densenet import DenseBlock

vgg_narrow = functools.partial(nets.vgg11, ratio=4)

#: The size each network is trained at, and its walk as the literature prints it.
WALKS = {
    "alexnet": (nets.alexnet, 224, "96×54 96×26 256×26 256×12 384×12 256×12 256×5"),
    "vgg11": (nets.vgg11, 224, "64×112 128×56 256×28 512×14 512×7"),
    "nin": (nets.nin, 224, "96×54 96×26 256×26 256×12 384×12 384×5 10×5 10×1"),
    "googlenet": (nets.googlenet, 96, "64×24 192×12 480×6 832×3 1024×3 1024×1"),
    "resnet18": (nets.resnet18, 96, "64×24 128×12 256×6 512×3 512×1"),
    "densenet": (
        nets.densenet,
        96,
        "64×24 192×24 96×12 224×12 112×6 240×6 120×3 248×3",
    ),
}
#: Networks small enough to be run, and not only walked, in a test.
LIGHT = {
    "lenet": (nets.lenet, 28),
    "alexnet": (nets.alexnet, 224),
    "vgg11 / 4": (vgg_narrow, 224),
    "nin": (nets.nin, 224),
    "googlenet": (nets.googlenet, 96),
    "resnet18": (nets.resnet18, 96),
    "densenet": (nets.densenet, 96),
}


@pytest.mark.parametrize("name", WALKS)
def test_walk_is_the_printed_one(name):
    make, size, printed = WALKS[name]
    with torch.device("meta"):
        walk = summary(make(), (1, size, size))
    shapes = [f"{r.shape[1]}×{r.shape[2]}" for r in walk.rows if len(r.shape) == 4]
    rest = iter(shapes)
    assert all(wanted in rest for wanted in printed.split()), shapes  # in this order
    assert walk.rows[-1].shape == (1, 10)


def conv_and_dense(convs, dense):
    """Parameters of (in, out, kernel) convolutions and (in, out) dense layers."""
    counts = [i * o * k * k + o for i, o, k in convs]
    return sum(counts) + sum(i * o + o for i, o in dense)


def test_parameters_by_hand():
    count = {}
    with torch.device("meta"):
        for name, (make, _, _) in WALKS.items():
            count[name] = sum(p.numel() for p in make().parameters())
    assert count["alexnet"] == conv_and_dense(
        [(1, 96, 11), (96, 256, 5), (256, 384, 3), (384, 384, 3), (384, 256, 3)],
        [(6400, 4096), (4096, 4096), (4096, 10)],
    )
    widths = [1, 64, 128, 256, 256, 512, 512, 512, 512]
    assert count["vgg11"] == conv_and_dense(
        [(i, o, 3) for i, o in itertools.pairwise(widths)],
        [(25088, 4096), (4096, 4096), (4096, 10)],
    )
    blocks = [(1, 96, 11), (96, 256, 5), (256, 384, 3), (384, 10, 3)]
    assert count["nin"] == conv_and_dense(
        [c for i, o, k in blocks for c in ((i, o, k), (o, o, 1), (o, o, 1))], []
    )


def same_layers(ours, theirs):
    """Copy torchvision's weights into ours, layer by layer in order."""
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
    pairs = [
        [m for m in net.modules() if isinstance(m, kinds)] for net in (ours, theirs)
    ]
    for mine, other in zip(*pairs, strict=True):
        mine.load_state_dict(other.state_dict())


def test_resnet18_is_torchvisions():
    theirs = torchvision.models.resnet18(num_classes=10).eval()
    ours = nets.resnet18(in_channels=3).eval()
    same_layers(ours, theirs)
    X = torch.rand(2, 3, 96, 96)
    torch.testing.assert_close(ours(X), theirs(X), rtol=1e-5, atol=1e-5)


def test_vgg11_is_torchvisions():
    with torch.device("meta"):
        theirs = torchvision.models.vgg11(num_classes=10, init_weights=False)
        ours = nets.vgg11(in_channels=3)
    shapes = [[tuple(p.shape) for p in net.parameters()] for net in (ours, theirs)]
    assert shapes[0] == shapes[1]
    narrow, twin = vgg_narrow(in_channels=3).eval(), nn.Sequential()
    for layer in theirs.features:  # torchvision's order, our weights
        twin.append(type(layer)(2, 2) if isinstance(layer, nn.MaxPool2d) else layer)
    convs = iter([m for m in narrow.modules() if isinstance(m, nn.Conv2d)])
    twin = nn.Sequential(
        *(next(convs) if isinstance(m, nn.Conv2d) else m for m in twin)
    )
    X = torch.rand(1, 3, 224, 224)
    torch.testing.assert_close(twin(X), narrow[:5](X))


def test_googlenets_convolutions_are_torchvisions():
    """Theirs has batch normalisation and, by an old mistake, 3×3 in the third path."""
    with torch.device("meta"):
        theirs = torchvision.models.googlenet(aux_logits=False, init_weights=False)
        ours = nets.googlenet(in_channels=3)
    ends = [
        [m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d)]
        for net in (ours, theirs)
    ]
    assert ends[0] == ends[1]


def test_dense_block_as_in_the_text():
    assert DenseBlock(2, 3, 10)(torch.rand(4, 3, 8, 8)).shape == (4, 23, 8, 8)


@pytest.mark.parametrize("name", LIGHT)
def test_gradients_half_precision_and_one_image(name):
    make, size = LIGHT[name]
    net = make()
    X = torch.rand(2, 1, size, size)
    net(X).square().sum().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
    net.eval()
    with torch.no_grad():
        exact = net(X)
        torch.testing.assert_close(net(X[:1]), exact[:1], rtol=1e-3, atol=1e-3)
        last = net.to(memory_format=torch.channels_last)
        torch.testing.assert_close(last(X), exact, rtol=1e-3, atol=1e-3)
        with torch.autocast("cpu", torch.bfloat16):
            rough = last(X).float()
    assert (rough - exact).abs().max() <= 0.1 * exact.abs().max() + 0.05


@pytest.mark.parametrize("name", LIGHT)
def test_classes_and_channels_can_be_chosen(name):
    make, size = LIGHT[name]
    with torch.device("meta"):
        assert summary(make(7, 3), (3, size, size)).rows[-1].shape == (1, 7)


@pytest.mark.parametrize(
    ("make", "size", "words"),
    [
        (nets.alexnet, 62, "only 2×2 pixels are left at layer 12 .MaxPool2d"),
        (nets.alexnet, 10, "only 10×10 pixels are left at layer 0 .Conv2d"),
        (nets.alexnet, 96, "1024 features reach layer 14|features reach layer 14"),
        (nets.nin, 32, "pixels are left at layer"),
        (nets.vgg11, 96, "features reach layer"),
        (nets.densenet, 16, "pixels are left at layer|larger"),
    ],
)
def test_an_input_that_is_too_small_is_named(make, size, words):
    with torch.device("meta"), pytest.raises(ValueError, match=words):
        summary(make(), (1, size, size))


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
