"""The shape walk agrees with hand counts, torchvision and brute force."""

import pytest
import torch
import torchvision
from torch import nn

from d2lmini import nets, summary
from d2lmini.analysis.summary import Row

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
