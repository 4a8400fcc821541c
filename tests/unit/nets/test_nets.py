"""Every network keeps its shapes, its start and its gradients."""

import functools
import itertools
import math
import re

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn.utils import parametrizations, prune
from torchvision.models.googlenet import Inception as InceptionThere

from d2lmini import nets, summary
from d2lmini.nets.densenet import DenseBlock, transition
from d2lmini.nets.googlenet import Inception
from d2lmini.nets.resnet import Residual

vgg_narrow = functools.partial(nets.vgg11, ratio=4)

#: The size each network is trained at, and its walk as the literature prints it.
WALKS = {
    "alexnet": (nets.alexnet, 224, "96×54 96×26 256×26 256×12 384×12 256×12 256×5"),
    "vgg11": (nets.vgg11, 224, "64×112 128×56 256×28 512×14 512×7"),
    "nin": (nets.nin, 224, "96×54 96×26 256×26 256×12 384×12 384×5 10×5 10×1"),
    "googlenet": (nets.googlenet, 96, "64×24 192×12 480×6 832×3 1024×3 1024×1"),
    "resnet18": (nets.resnet18, 96, "64×24 128×12 256×6 512×3 512×1"),
    "small resnet": (nets.small_resnet, 28, "32×28 64×14 128×7 256×4 256×1"),
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
    "small resnet": (nets.small_resnet, 28),
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
    """Equal outputs at a sixteenth of the width, equal shapes at the full one."""
    theirs = torchvision.models.vgg
    with torch.device("meta"):
        full = theirs.vgg11(num_classes=10, init_weights=False)
        ours = nets.vgg11(in_channels=3)
    shapes = [[tuple(p.shape) for p in net.parameters()] for net in (ours, full)]
    assert shapes[0] == shapes[1]
    plan = [4, "M", 8, "M", 16, 16, "M", 32, 32, "M", 32, 32, "M"]
    twin = theirs.VGG(nn.Sequential(), num_classes=10, init_weights=False).eval()
    twin.features = theirs.make_layers(plan)
    twin.classifier[0] = nn.Linear(32 * 7 * 7, 4096)
    narrow = nets.vgg11(in_channels=3, ratio=16).eval()
    same_layers(narrow, twin)
    X = torch.rand(2, 3, 224, 224)
    torch.testing.assert_close(narrow(X), twin(X), rtol=1e-5, atol=1e-5)


def test_an_inception_block_is_torchvisions():
    """Theirs normalises, which is set to do nothing, and has 3×3 in the third path."""
    widths = (6, (5, 7), (3, 8), 4)
    ours = Inception(9, widths)
    theirs = InceptionThere(9, 6, 5, 7, 3, 8, 4).eval()
    theirs.branch3[1].conv = nn.Conv2d(3, 8, 5, padding=2, bias=False)
    convs = [m for m in ours.modules() if isinstance(m, nn.Conv2d)]
    units = [m for m in theirs.modules() if hasattr(m, "bn")]
    for conv, unit in zip(convs, units, strict=True):
        unit.conv.weight, unit.bn.bias, unit.bn.eps = conv.weight, conv.bias, 0.0
    X = torch.rand(2, 9, 11, 11)
    torch.testing.assert_close(ours(X), theirs(X), rtol=1e-5, atol=1e-5)


def test_dense_block_and_transition_are_torchvisions():
    """Theirs has a bottleneck in each layer, which gives way to our layer."""
    theirs = torchvision.models.densenet
    ours = DenseBlock(3, 5, 4).eval()
    block = theirs._DenseBlock(3, 5, 4, 4, 0.0).eval()
    for name, conv in zip(list(block), ours.convs, strict=True):
        block[name] = Joining(conv)
    X = torch.rand(2, 5, 8, 8)
    torch.testing.assert_close(ours(X), block(X), rtol=1e-5, atol=1e-5)
    pair = transition(5, 3).eval(), theirs._Transition(5, 3).eval()
    pair[1].norm.load_state_dict(pair[0][0].state_dict())
    pair[1].conv.weight, pair[1].conv.bias = pair[0][2].weight, pair[0][2].bias
    torch.testing.assert_close(pair[0](X), pair[1](X), rtol=1e-5, atol=1e-5)


class Joining(nn.Module):
    """A layer in torchvision's way: it takes the list of all earlier results."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return self.layer(torch.cat(features, 1))


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


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (nets.lenet, [28]),
        (nets.alexnet, [195, 224, 226]),
        (functools.partial(nets.vgg11, size=64), [64, 95]),
        (nets.nin, [67, 96, 224]),
        (nets.googlenet, [28, 64, 96, 224]),
        (nets.resnet18, [28, 64, 96, 224]),
        (nets.densenet, [29, 64, 96, 224]),
    ],
)
def test_ten_logits_at_every_size_that_fits(make, sizes):
    with torch.device("meta"):
        net = make()
        for size in sizes:
            assert net(torch.empty(3, 1, size, size)).shape == (3, 10)


#: As small as each network can be, so that it exports in a second or so.
SMALL = {
    "alexnet": (nets.alexnet, 224),
    "vgg11": (functools.partial(nets.vgg11, ratio=16, size=32), 32),
    "nin": (nets.nin, 67),
    "googlenet": (nets.googlenet, 32),
    "resnet18": (nets.resnet18, 32),
    "densenet": (nets.densenet, 32),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_network_exports(name):
    make, size = SMALL[name]
    net, X = make().eval(), torch.rand(1, 1, size, size)
    program = torch.export.export(net, (X,))
    with torch.no_grad():
        torch.testing.assert_close(program.module()(X), net(X))


def test_blocks_are_objects_that_can_be_swapped():
    """A plain block in place of the residual one: the same net without the skips."""

    class Plain(Residual):
        def forward(self, X: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.added(X))

    plain = nets.resnet18(stages=((1, 4), (2, 6)), block=Plain)
    assert sum(isinstance(m, Plain) for m in plain.modules()) == 3
    assert plain(torch.rand(2, 1, 16, 16)).shape == (2, 10)


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
        (nets.alexnet, 62, "nothing is left after pool 3; the net needs at least 67"),
        (nets.alexnet, 32, "nothing is left after pool 2; the net needs at least 67"),
        (nets.alexnet, 10, "only 10×10 pixels are left at layer 0 .Conv2d"),
        (nets.alexnet, 10, "nothing is left after convolution 1"),
        (nets.alexnet, 96, "256 features reach layer 14 .Linear.*takes 6400"),
        (nets.nin, 32, "nothing is left after pool 2; the net needs at least 67"),
        (nets.vgg11, 28, "nothing is left after pool 5; the net needs at least 32"),
        (nets.vgg11, 96, "4608 features reach layer 6.0 .Linear.*takes 25088"),
        (nets.densenet, 16, "nothing is left after pool 4; the net needs at least 29"),
    ],
)
def test_an_input_that_is_too_small_is_named(make, size, words):
    with torch.device("meta"), pytest.raises(ValueError, match=words) as caught:
        summary(make(), (1, size, size))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [nets.nin, nets.densenet])
def test_the_size_that_is_needed_is_enough_and_one_less_is_not(make):
    with torch.device("meta"):
        net = make().eval()
        with pytest.raises(ValueError, match="at least") as caught:
            summary(net, (1, 20, 20))
        needed = int(re.findall(r"at least (\d+) px", str(caught.value))[0])
        with pytest.raises(RuntimeError):
            net(torch.empty(1, 1, needed - 1, needed - 1))
        assert net(torch.empty(1, 1, needed, needed)).shape == (1, 10)


@pytest.mark.parametrize("name", LIGHT)
def test_channels_that_do_not_fit_are_named(name):
    make, size = LIGHT[name]
    words = r"3 channels reach layer 0[.\d]* \(Conv2d\).*takes 1; .*in_channels=3"
    with torch.device("meta"), pytest.raises(ValueError, match=words):
        summary(make(), (3, size, size))


def test_channels_that_do_not_fit_inside_a_net_are_named():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(3))
    words = r"4 channels reach layer 1 \(BatchNorm2d\).*let that layer take 4"
    with pytest.raises(ValueError, match=words):
        summary(net, (1, 9, 9))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nets.vgg11(stages=()), r"stages is empty.*\(1, 64\)"),
        (lambda: nets.vgg11(stages=(1, 64)), r"stage 1 is 1: write it like \(1, 64\)"),
        (lambda: nets.vgg11(stages=((1, 64), (2, 64, 3))), r"stage 2 is \(2, 64, 3\)"),
        (lambda: nets.vgg11(stages=((0, 64),)), "stage 1 is .* whole numbers from 1"),
        (lambda: nets.vgg11(stages=((1, 64.0),)), "stage 1 is .* whole numbers"),
        (lambda: nets.vgg11(stages="ab"), r"'ab' is no list: .* like \(1, 64\)"),
        (
            lambda: nets.vgg11(ratio=100),
            r"a Conv2d has weights .*\(0, 1, 3, 3\)",
        ),
        (lambda: nets.vgg11(size=16), r"a Linear has weights of shape \(4096, 0\)"),
        (lambda: nets.lenet(0), r"\(0, 84\), so that nothing comes in or out"),
        (lambda: nets.lenet(in_channels=0), r"\(6, 0, 5, 5\)"),
        (lambda: nets.densenet(growth=0), "a Conv2d has weights of shape"),
        (lambda: nets.initialise(nn.LazyLinear(3), nets.he), "has no size yet: put a"),
        (lambda: nets.resnet18(stages=[]), r"stages is empty.*\(2, 64\)"),
        (lambda: nets.resnet18(stages=((2,),)), r"stage 1 is \(2,\)"),
        (lambda: nets.nin(stages=[]), "stages is empty"),
        (lambda: nets.nin(stages=[(96, 11, 4)]), r"like \(96, 11, 4, 0\)"),
        (lambda: nets.densenet(blocks=[]), "stages is empty: give one or more like 4"),
        (lambda: nets.densenet(blocks=[(4, 32)]), r"stage 1 is \(4, 32\)"),
        (lambda: nets.densenet(blocks=4), "^4 is no list: give one, with an"),
        (lambda: nets.googlenet(stages=[]), "stages is empty"),
        (lambda: nets.googlenet(stages=[[]]), r"stage 1 is \[\]"),
        (lambda: nets.googlenet(stages=[[(64, 128, 32, 32)]]), "stage 1 is"),
    ],
)
def test_stages_that_describe_no_network_are_one_sentence(make, words):
    with torch.device("meta"), pytest.raises(ValueError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.Conv2d, nn.Conv3d])
def test_convolutions_of_all_sides_are_drawn(kind):
    layer = kind(4, 64, 3)
    nets.initialise(layer, nets.he)
    fan_in = 4 * 3 ** (layer.weight.ndim - 2)
    assert float(layer.weight.detach().var()) == pytest.approx(2 / fan_in, rel=0.2)
    assert not layer.bias.any()


@pytest.mark.parametrize(
    ("net", "weights", "words"),
    [
        (nets.lenet, nets.he, "net is the function lenet: give a network"),
        (nn.Linear(2, 2), "he", "weights is the text 'he': give a function"),
    ],
)
def test_what_cannot_be_initialised_is_said(net, weights, words):
    with pytest.raises(TypeError, match=words):
        nets.initialise(net, weights)


def test_weights_that_would_be_lost_are_refused():
    net = wide()
    net[0].bias.data.fill_(1)
    before = net[0].weight.clone()
    with pytest.raises(ValueError, match=r"weights returns a tensor .* nets\.he\.$"):
        nets.initialise(net, torch.randn_like)
    assert torch.equal(net[0].weight, before) and net[0].bias.all()
    nets.initialise(net, lambda W: W.data.fill_(3))
    assert (net[0].weight == 3).all()


@pytest.mark.parametrize(
    "rest",
    [lambda W: W.norm(), lambda W: W.data[-1].fill_(2), lambda W: W.clone()],
)
def test_whatever_is_returned_weights_that_were_written_are_kept(rest):
    net = nets.initialise(wide(), lambda W: rest(nn.init.ones_(W)).detach())
    assert (net[0].weight[0] == 1).all()
    nets.initialise(net, lambda W: W.data.fill_(3).norm())
    assert (net[0].weight == 3).all()


def test_weights_made_in_inference_mode_are_drawn_there_alone():
    with torch.inference_mode():
        net = nets.initialise(wide(), nets.he)
    with pytest.raises(ValueError, match=r"made within torch\.inference_mode, and"):
        nets.initialise(net, nets.he)


@pytest.mark.parametrize(
    "change",
    [
        parametrizations.weight_norm,
        functools.partial(prune.identity, name="weight"),
        functools.partial(prune.identity, name="bias"),
    ],
)
def test_weights_that_are_computed_from_others_are_not_drawn_in_vain(change):
    net = wide()
    before = [weight.clone() for weight in net.parameters()]
    change(net[0])
    net = net[::-1]  # what is drawn first is right
    with pytest.raises(ValueError, match=r"others at each pass.* or kept as a buffer"):
        nets.initialise(net, nets.he)
    assert torch.equal(net[0].weight, before[2])
    assert torch.equal(net[1].bias, before[1])


def test_stages_may_be_numbers_of_numpys():
    stages = [tuple(row) for row in np.array([[1, 8], [1, 16]])]
    assert nets.vgg11(stages=stages, size=8)(torch.rand(1, 1, 8, 8)).shape == (1, 10)
