"""The shape walk agrees with hand counts, torchvision and brute force."""

import pytest
import torch
import torchvision
from torch import nn

from d2lmini import cost, diagram, nets, summary
from d2lmini.analysis.summary import Row
from d2lmini.nets.densenet import DenseBlock
from d2lmini.widgets import ShapeWalk

LENET = [  # counted by hand from the curriculum's walk
    ("Conv2d", (1, 6, 28, 28), 156, 6 * 28 * 28 * 25, (5, 5)),
    ("Sigmoid", (1, 6, 28, 28), 0, 0, (5, 5)),
    ("AvgPool2d", (1, 6, 14, 14), 0, 0, (6, 6)),
    ("Conv2d", (1, 16, 10, 10), 2416, 16 * 10 * 10 * 6 * 25, (14, 14)),
    ("Sigmoid", (1, 16, 10, 10), 0, 0, (14, 14)),
    ("AvgPool2d", (1, 16, 5, 5), 0, 0, (16, 16)),
    ("Flatten", (1, 400), 0, 0, None),
    ("Linear", (1, 120), 48_120, 48_000, None),
    ("Sigmoid", (1, 120), 0, 0, None),
    ("Linear", (1, 84), 10_164, 10_080, None),
    ("Sigmoid", (1, 84), 0, 0, None),
    ("Linear", (1, 10), 850, 840, None),
]


def test_lenet_by_hand():
    walk = summary(nets.lenet(), (1, 28, 28))
    assert [tuple(row[1:]) for row in walk.rows] == LENET
    assert walk.parameters == 61_706


def test_unpadded_lenet_has_256_inputs():
    net = nets.lenet(pool=nn.MaxPool2d, padding=0)
    assert summary(net, (1, 28, 28)).rows[6].shape == (1, 16 * 4 * 4)


@pytest.mark.parametrize(
    ("name", "gmacs"),  # multiply–adds in 1e9 as torchvision's documentation has them
    [("resnet18", 1.81), ("alexnet", 0.71), ("vgg11", 7.61), ("mobilenet_v2", 0.30)],
)
def test_totals_are_torchvisions(name, gmacs):
    with torch.device("meta"):
        net = getattr(torchvision.models, name)()
    walk = summary(net, (3, 224, 224))
    assert walk.parameters == sum(p.numel() for p in net.parameters())
    assert walk.multiply_adds / 1e9 == pytest.approx(gmacs, abs=0.006)
    assert sum(row.multiply_adds for row in walk.rows) == walk.multiply_adds


class Branched(nn.Module):
    """A 1×1 path, a dilated 3×3 path and a skip, then a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, (3, 5), stride=(2, 1), padding=2)
        self.narrow = nn.Conv2d(2, 2, 1)
        self.wide = nn.Conv2d(2, 2, 3, dilation=2, padding=2)
        self.pool = nn.AvgPool2d(2)
        self.last = nn.Conv2d(4, 3, 3)

    def forward(self, X):
        X = self.stem(X)
        X = torch.cat([self.narrow(X), torch.relu(self.wide(X)) + X], dim=1)
        return self.last(self.pool(X))


def field_by_gradient(net: nn.Module, shape: tuple[int, int, int]) -> tuple[int, int]:
    """The oracle: which input pixels have a gradient, all weights positive."""
    net = net.double().eval()
    for parameter in net.parameters():
        nn.init.ones_(parameter)
    X = torch.ones(1, *shape, dtype=torch.float64, requires_grad=True)
    Y = net(X)
    Y[0, 0, Y.shape[2] // 2, Y.shape[3] // 2].backward()
    rows, columns = torch.nonzero(X.grad[0, 0], as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(
    "net",
    [
        Branched(),
        nn.Sequential(nn.Conv2d(1, 2, 2), nn.Conv2d(2, 1, 2)),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 1, 3)),
        nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.AvgPool2d(3, 1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(1, 1, 4, stride=3, dilation=2), nn.Conv2d(1, 1, 3)),
        nn.Sequential(nn.AdaptiveAvgPool2d(2)),
        nn.Sequential(nn.AdaptiveAvgPool2d((10, 5))),
    ],
)
def test_receptive_field_by_gradient(net):
    shape = (1, 40, 40)
    assert summary(net, shape).rows[-1].field == field_by_gradient(net, shape)


def test_resnet18s_field_is_the_published_one():
    """435 px before the global pooling (Araujo et al., 2019)."""
    walk = summary(torchvision.models.resnet18(), (3, 224, 224))
    before = next(row for row in walk.rows if row.name == "layer4")
    assert before.field == (435, 435)


def test_shapes_are_those_of_a_real_pass():
    net, shapes = Branched(), []
    walk = summary(net, (1, 20, 24))
    for child in net.children():
        child.register_forward_hook(lambda m, a, out: shapes.append(tuple(out.shape)))
    net(torch.rand(1, 1, 20, 24))
    assert [row.shape for row in walk.rows] == shapes


def test_the_net_is_left_alone():
    net = nets.lenet().train()
    before = [p.clone() for p in net.parameters()]
    summary(net, (1, 28, 28))
    assert net.training
    assert not any(m._forward_hooks for m in net.modules())
    assert all(map(torch.equal, before, net.parameters()))


def test_table_reads_as_text_and_as_html():
    walk = summary(nets.lenet(), (1, 28, 28))
    assert "3 Conv2d     (1, 16, 10, 10)       2,416        240,000  14×14" in str(walk)
    html = walk._repr_html_()
    assert html.count("<tr>") == 1 + 1 + 12 + 1  # head, input, layers, total
    assert html.count('scope="row"') == 14
    assert html.count('<td style="white-space: nowrap">(') == 1 + 12  # each shape


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 16, 16), "64 features reach layer 7"),
        ((3, 28, 28), "3 channels reach layer 0"),
        ((1, 4, 4), "only 2×2 pixels are left at layer 3"),
        ((1, 6, 6), "only 3×3 pixels are left at layer 3"),
    ],
)
def test_misfit_is_one_sentence(shape, words):
    with pytest.raises(ValueError, match=words) as caught:
        summary(nets.lenet(), shape)
    assert str(caught.value).startswith(f"An input of {shape} does not fit")


def test_a_pool_that_is_too_large_is_named():
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(5))
    with pytest.raises(ValueError, match=r"only 3×3 pixels .* layer 1 .MaxPool2d"):
        summary(net, (1, 5, 5))


def test_other_errors_are_not_hidden():
    class Broken(nn.Module):
        def forward(self, X):
            raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        summary(nn.Sequential(Broken()), (1, 5, 5))


def test_row_counts_follow_depth_one():
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), nn.Flatten())
    rows = summary(net, (1, 5, 5)).rows
    assert [type(row) for row in rows] == [Row, Row]
    assert rows[0].multiply_adds == 2 * 9 * 9


# ---- whatever trains ---------------------------------------------------------------


class Rows(nn.Module):
    """A recurrent network over the rows of an image."""

    def __init__(self, kind=nn.LSTM):
        super().__init__()
        self.rnn, self.head = kind(28, 16, batch_first=True), nn.Linear(16, 10)

    def forward(self, X):
        return self.head(self.rnn(X.squeeze(1))[0][:, -1])


class Attending(nn.Module):
    """Attention over the rows; the output is a dict."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(28, 4, batch_first=True)
        self.head = nn.Linear(28, 10)

    def forward(self, X):
        Z = X.squeeze(1)
        Z, _ = self.attention(Z, Z, Z)
        return {"logits": self.head(Z.mean(1))}


class Lists(nn.Module):
    """Layers and parameters in lists, and a product of its own."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(1, 1, 3) for _ in range(3))
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(1))])
        self.weight = nn.Parameter(torch.rand(10, 22 * 22))

    def forward(self, X):
        for conv in self.convs:
            X = conv(input=X) * self.scales[0]
        return X.flatten(1) @ self.weight.T


class Asking(nn.Module):
    """Looks at values, and holds a plain tensor."""

    def __init__(self):
        super().__init__()
        self.conv, self.shift = nn.Conv2d(1, 2, 3), torch.rand(28)

    def forward(self, X):
        if X.sum() > 0:
            X = X + self.shift * torch.rand(1)
        return self.conv(X)


def lazy():
    layers = nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5)
    return nn.Sequential(*layers)


TRAINS = {
    "lstm": Rows,
    "gru": lambda: Rows(nn.GRU),
    "rnn": lambda: Rows(nn.RNN),
    "attention": Attending,
    "lists": Lists,
    "values": Asking,
    "lazy": lazy,
    "a layer": lambda: nn.Conv2d(1, 2, 3),
    "indices": lambda: nn.Sequential(nn.MaxPool2d(2, return_indices=True)),
    "half": lambda: nets.lenet().half(),
    "double": lambda: nets.lenet().double(),
    "a dense block": lambda: DenseBlock(2, 1, 3),
}


@pytest.mark.parametrize("name", TRAINS)
def test_whatever_trains_has_rows_that_add_up(name):
    net = TRAINS[name]()
    walk, spent = summary(net, (1, 28, 28)), cost(net, (1, 28, 28))
    diagram(net, (1, 28, 28))
    shown = ShapeWalk(net, sizes=(28,)).data["nets"][0]
    assert walk.rows
    assert sum(row.parameters for row in walk.rows) == walk.parameters
    assert sum(row.multiply_adds for row in walk.rows) == walk.multiply_adds
    assert spent[:2] == (walk.parameters, walk.multiply_adds) and spent.activations
    assert shown["parameters"] == walk.parameters
    stages = [layer for layer in shown["layers"] if layer[0] == 0]
    assert [s[1:] for s in stages] == [
        [r.name, r.layer, r.parameters] for r in walk.rows
    ]
    if name == "lazy":
        net(torch.rand(2, 1, 28, 28))  # these take their size only now
    assert walk.parameters == sum(p.numel() for p in net.parameters())


def test_recurrent_and_attending_layers_by_hand():
    def work(net):
        return summary(net, (1, 28, 28)).rows[0].multiply_adds

    assert work(Rows()) == 28 * 4 * 16 * (28 + 16)
    assert work(Rows(nn.GRU)) == 28 * 3 * 16 * (28 + 16)
    assert work(Rows(nn.RNN)) == 28 * 16 * (28 + 16)
    assert work(Attending()) == 4 * 28 * 28 * 28 + 2 * 28 * 28 * 28


def test_items_of_lists_have_rows_and_the_rest_has_one():
    rows = summary(Lists(), (1, 28, 28)).rows
    assert [row.name for row in rows] == ["convs.0", "convs.1", "convs.2", "rest"]
    assert rows[-1][2:] == ((), 1 + 4840, 4840, None)
    assert "rest" in str(summary(Lists(), (1, 28, 28)))


def test_a_layer_used_twice_has_its_parameters_once():
    layer = nn.Conv2d(1, 1, 3)
    walk = summary(nn.Sequential(layer, layer), (1, 9, 9))
    assert [row.parameters for row in walk.rows] == [10, 0]
    assert [row.field for row in walk.rows] == [(3, 3), (5, 5)]


def test_a_layer_with_normed_weights_is_one_layer_and_keeps_its_name():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 49, 3))
    wanted = cost(net, (1, 9, 9)).activations
    nn.utils.parametrizations.weight_norm(net[0])
    rows = summary(net, (1, 9, 9)).rows
    assert [row[:2] for row in rows] == [
        ("0", "Conv2d"),
        ("1", "Flatten"),
        ("2", "Linear"),
    ]
    assert cost(net, (1, 9, 9)).activations == wanted


def test_layers_in_a_plain_list_are_said():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers, self.head = [nn.Conv2d(1, 1, 3)], nn.Flatten()

        def forward(self, X):
            return self.head(self.layers[0](X))

    walk = summary(Plain(), (1, 9, 9))
    assert "10 weights take part" in walk.note and "nn.ModuleList" in str(walk)
    assert walk.note in walk._repr_html_() and walk.rows[-1].name == "rest"
    assert summary(nets.lenet(), (1, 28, 28)).note == ""


class Beyond(nn.Module):
    """Cuts off more rows than there are."""

    def forward(self, X):
        return X[:, :, 9:]


def test_a_map_without_rows_has_no_field():
    (row,) = summary(nn.Sequential(Beyond()), (1, 8, 8)).rows
    assert row.shape == (1, 1, 0, 8) and row.field is None


def test_hooks_of_others_do_not_run():
    net, maps = nets.lenet(), []
    net[0].register_forward_hook(lambda m, a, out: maps.append(float(out.sum())))
    summary(net, (1, 28, 28)), cost(net, (1, 28, 28)), diagram(net, (1, 28, 28))
    ShapeWalk(net, sizes=(28,))
    assert maps == [] and len(net[0]._forward_hooks) == 1


@pytest.mark.parametrize("ask", [summary, cost, diagram])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (((64, 1, 28, 28),), r"of one image, \(1, 28, 28\)"),
        ((28,), "is 28: give .channels, height, width., three whole numbers above 0"),
        ((torch.rand(1, 28, 28),), r"tuple\(X.shape\[1:\]\)"),
        (((1.0, 28, 28),), "three whole numbers"),
        (((1, 0, 28),), "three whole numbers above 0"),
        (((1, 28, -28),), "three whole numbers above 0"),
        ((1, 28, 28), r"give one tuple, \(1, 28, 28\)"),
        ((None,), "is None: give"),
    ],
)
def test_an_impossible_shape_is_refused_first(ask, given, words):
    with pytest.raises(ValueError, match=words):
        ask(nets.lenet(), *given)


@pytest.mark.parametrize("ask", [summary, cost, diagram])
def test_a_function_is_no_network(ask):
    with pytest.raises(TypeError, match="is the function lenet: give a network"):
        ask(nets.lenet, (1, 28, 28))


@pytest.mark.parametrize("wrong", [{"sizes": (28.5,)}, {"in_channels": 1.0}])
def test_a_walk_takes_whole_numbers(wrong):
    with pytest.raises(TypeError, match="must be a whole number"):
        ShapeWalk(nets.lenet(), **wrong)
