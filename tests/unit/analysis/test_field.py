"""The receptive field against the pixels that really change something."""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from d2lmini import summary
from d2lmini.analysis.field import UNKNOWN


class Does(nn.Module):
    """A forward of a line, with layers in ``held``."""

    def __init__(self, does, *held):
        super().__init__()
        self.does, self.held = does, nn.ModuleList(held)

    def forward(self, X):
        return self.does(X, *self.held)


def conv(kernel=3, channels=(1, 1), **options):
    return nn.Conv2d(*channels, kernel, **options)


def field(net, shape):
    return summary(nn.Sequential(net), shape).rows[-1].field


def spread(net, shape, *, by, each=False):
    """The oracle: rows and columns that change one place of the output, at most.

    ``each``: one entry, whichever dimension the sides of the image have come to.

    ``by`` NaN: a row is spoilt, and spoils what it reaches; ``by`` 1: it is changed,
    for functions that multiply pixels by nothing.
    """
    net = net.double().eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1, generator)
    X = torch.rand(1, *shape, dtype=torch.float64, generator=generator)
    found = []
    with torch.no_grad():
        whole = net(X)
        for dim in (2, 3):
            reached = []
            for i in range(shape[dim - 1]):
                spoilt = X.clone()
                spoilt.select(dim, i).add_(by)
                Y = net(spoilt)
                changed = Y.isnan() if by != by else (Y - whole).abs() > 1e-9
                place = changed[0].any(0).transpose(0, 3 - dim).any(0)
                reached.append(changed.flatten() if each else place)
            places = torch.stack(reached).T  # (places of the output, rows of the input)
            ends = [torch.nonzero(row).flatten() for row in places]
            found.append(max(int(e[-1] - e[0]) + 1 for e in ends if len(e)))
    return tuple(found)


def gated(X, gate):
    return X * torch.sigmoid(gate(X))


def attention(X):
    q = X.flatten(2)
    return (q @ (q.transpose(1, 2) @ q).softmax(-1)).view_as(X) + X


PAIR = (1, 4)
KNOWN = {
    "se by mean": Does(lambda X: X * X.mean((2, 3), keepdim=True)),
    "se by pooling": Does(gated, nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(1))),
    "global maximum": nn.AdaptiveMaxPool2d(1),
    "adaptive": nn.Sequential(conv(), nn.AdaptiveAvgPool2d(3)),
    "adaptive, one side": nn.AdaptiveAvgPool2d((None, 3)),
    "group norm": nn.Sequential(conv(3, PAIR), nn.GroupNorm(2, 4)),
    "instance norm": nn.Sequential(conv(3, PAIR), nn.InstanceNorm2d(4)),
    "layer norm": nn.Sequential(conv(3), nn.LayerNorm([1, 14, 14])),
    "layer norm of channels": nn.Sequential(
        conv(3, PAIR),
        Does(
            lambda X, n: n(X.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.LayerNorm(4)
        ),
        conv(3, (4, 1)),
    ),
    "dense layers of channels": nn.Sequential(
        conv(3, PAIR),
        Does(lambda X, m: m(X.movedim(1, 3)).movedim(3, 1) + X, nn.Linear(4, 4)),
        conv(3, (4, 1)),
    ),
    "batch norm": nn.Sequential(conv(), nn.BatchNorm2d(1)),
    "pixel unshuffle": nn.Sequential(nn.PixelUnshuffle(2), conv(3, (4, 1))),
    "pixel shuffle": nn.Sequential(conv(3, PAIR), nn.PixelShuffle(2), conv()),
    "channel shuffle": nn.Sequential(
        conv(3, PAIR),
        Does(lambda X: X.view(1, 2, 2, 14, 14).transpose(1, 2).reshape(1, 4, 14, 14)),
        conv(3, (4, 1)),
    ),
    "slices": nn.Sequential(Does(lambda X: X[:, :, ::2, 1:]), conv()),
    "transposed 2": nn.Sequential(
        conv(stride=2), nn.ConvTranspose2d(1, 1, 2, 2), conv()
    ),
    "transposed 3": nn.Sequential(conv(), nn.ConvTranspose2d(1, 1, 3), conv()),
    "transposed 4": nn.Sequential(nn.ConvTranspose2d(1, 1, 4, 2, 1), conv()),
    "upsampling": nn.Sequential(conv(), nn.Upsample(scale_factor=2), conv()),
    "l2 pooling": nn.Sequential(nn.LPPool2d(2, 2), conv()),
    "fractional": nn.FractionalMaxPool2d(3, output_size=5),
    "padding": nn.Sequential(nn.ZeroPad2d((2, 1, 0, 3)), conv()),
    "reflected": nn.Sequential(conv(padding=1, padding_mode="reflect"), conv()),
    "indices": nn.Sequential(
        Does(lambda X: F.max_pool2d(X, 2, return_indices=True)[0])
    ),
    "keyword": Does(
        lambda X: F.conv2d(X, weight=torch.ones(1, 1, 3, 5, dtype=X.dtype))
    ),
    "chunks": nn.Sequential(
        conv(3, PAIR),
        Does(
            lambda X: torch.cat(tensors=[F.avg_pool2d(X.chunk(2, 1)[1], 3, 1)], dim=1)
        ),
    ),
    "attention": nn.Sequential(conv(3, PAIR), Does(attention)),
    "softmax of channels": nn.Sequential(conv(3, PAIR), nn.Softmax2d()),
    "a decoder": nn.Sequential(
        nn.Flatten(), nn.LazyLinear(9), nn.Unflatten(1, (1, 3, 3))
    ),
    "flipped": nn.Sequential(Does(lambda X: X.flip(3)), conv()),
    "control flow": nn.Sequential(conv(), Does(lambda X: X if X.sum() > 0 else -X)),
    "softmax of rows": Does(lambda X: X.softmax(3)),
    "mean of rows": nn.Sequential(Does(lambda X: X.mean(-1)[..., None]), conv((2, 1))),
    "rows stacked": nn.Sequential(
        Does(lambda X: torch.stack([X.select(2, -1), X.select(2, 1)], 2)), conv((2, 1))
    ),
    "rows unbound": nn.Sequential(
        Does(lambda X: torch.stack(X.unbind(2)[::-2], 2)), conv((2, 1))
    ),
    "parts exchanged": nn.Sequential(
        Does(lambda X: torch.cat(X.split(4, 2)[::-3], 2)), conv((2, 1))
    ),
    "sum of products": Does(
        lambda X: torch.addmm(X[0, 0].flip(0), X[0, 0], X.new_ones(16, 16))[None, None]
    ),
    "statistics of the image": Does(lambda X: X / X.std((2, 3), keepdim=True)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_families_of_layers(name):
    net = KNOWN[name]
    found = field(net, (1, 16, 16))
    if name == "control flow":
        net = net[0]  # a row that is spoilt would decide
    if name == "a decoder":
        net(torch.rand(1, 1, 16, 16))
    assert found == spread(net, (1, 16, 16), by=float("nan"))


RESAMPLED = {
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "corners": nn.Upsample(scale_factor=3, mode="bilinear", align_corners=True),
    "bicubic": nn.Upsample(size=23, mode="bicubic"),
    "down": nn.Upsample(scale_factor=0.5, mode="bilinear"),
    "nearest down": nn.Upsample(size=9),
    "exact": nn.Upsample(size=11, mode="nearest-exact"),
    "smoothed": Does(
        lambda X: F.interpolate(X, size=(8, 8), mode="bilinear", antialias=True)
    ),
    "two scales": nn.Upsample(scale_factor=(2, 0.5), mode="bilinear"),
    "by a scale": nn.Upsample(scale_factor=0.23),
    "rolled": Does(lambda X: X.roll(2, 2)[:, :, 4:]),
}


@pytest.mark.parametrize("name", RESAMPLED)
def test_resampling(name):
    net = nn.Sequential(RESAMPLED[name], conv(2))
    assert field(net, (1, 16, 16)) == spread(net, (1, 16, 16), by=1)


def beside(X, layer):
    """Each place of the layer, and what lies two rows and three columns further on."""
    later, Y = X[:, :, 2:, 3:], layer(X)
    rows, columns = (min(later.shape[d], Y.shape[d]) for d in (2, 3))
    return later[:, :, :rows, :columns] + Y[:, :, :rows, :columns]


PLACED = {
    "convolution": conv(padding=(1, 2)),
    "dilated": conv(dilation=(3, 4)),
    "transposed": nn.ConvTranspose2d(1, 1, 3, padding=(1, 0)),
    "pooling": nn.MaxPool2d(3, 1, 1),
    "dilated pooling": nn.MaxPool2d(3, 1, dilation=3),
    "padding": nn.ZeroPad2d((2, 0, 3, 1)),
    "cropping": nn.ZeroPad2d((-4, 0, -5, 0)),
    "rolled": Does(lambda X: F.pad(X, (4, 4, 4, 4)).roll((-5, 2), (2, 3))),
}


@pytest.mark.parametrize("name", PLACED)
def test_where_a_place_looks_counts_beside_another_path(name):
    net = Does(beside, PLACED[name])
    assert field(net, (1, 16, 16)) == spread(net, (1, 16, 16), by=float("nan"))


@pytest.mark.parametrize(
    "net",
    [
        conv(padding=1, padding_mode="circular"),
        nn.Sequential(nn.CircularPad2d(1), conv()),
    ],
)
def test_circular_padding_goes_on_like_any_other(net):
    assert field(net, (1, 16, 16)) == (3, 3)


@pytest.mark.parametrize(
    "does", [lambda X: X.transpose(2, 3), lambda X: X[0, 0].t()[None, None]]
)
def test_a_transposed_image_has_its_sides_exchanged(does):
    net = nn.Sequential(Does(does), conv((3, 5)))
    assert field(net, (1, 16, 16)) == (5, 3)


def test_padding_counts_around_a_single_pixel():
    assert field(conv(padding=1), (1, 1, 1)) == (3, 3)


def test_a_gate_counts_the_padding_once():
    """Squeeze-and-excitation between two padded convolutions of 8×8 pixels."""
    gate = Does(gated, nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(1)))
    rows = summary(
        nn.Sequential(conv(padding=1), gate, conv(padding=1)), (1, 8, 8)
    ).rows
    assert [row.field for row in rows] == [(3, 3), (10, 10), (10, 10)]


@pytest.mark.parametrize("n", range(1, 20))
def test_adaptive_windows_of_any_size(n):
    for m in range(1, n + 1):
        for pool in (nn.AdaptiveAvgPool2d((m, 1)), nn.AdaptiveMaxPool2d((m, 1))):
            widest = max(-(-(i + 1) * n // m) - i * n // m for i in range(m))
            assert field(pool, (1, n, 1)) == (widest, 1)


@pytest.mark.parametrize(
    "does",
    [
        lambda X: F.grid_sample(X, torch.zeros(1, 8, 8, 2), align_corners=False),
        lambda X: X * X.mean().item(),
        lambda X: torch.fft.rfft2(X).real,
        lambda X: X.cumsum(2),
        lambda X: X.sort(2).values,
        lambda X: F.fold(F.unfold(X, 3, padding=1), (16, 16), 3, padding=1),
        lambda X: F.conv2d(X, X[:, :, :3, :3]),
        lambda X: F.max_pool2d(F.fractional_max_pool2d(X, 2, 8), 2),
        lambda X: X[:, :, torch.randperm(16)],
    ],
)
def test_what_is_not_known_is_not_guessed(does):
    walk = summary(nn.Sequential(conv(padding=1), Does(does)), (1, 16, 16))
    assert [row.field for row in walk.rows] == [(3, 3), UNKNOWN]
    assert "?" in str(walk) and "<td>?</td>" in walk._repr_html_()


EXPANDED = {
    "rows": (lambda X: X.mean(3, True).expand(-1, -1, -1, 16), conv((3, 1))),
    "rows as": (lambda X: X.mean(3, True).expand_as(X), conv()),
    "columns as": (lambda X: X.mean(2, True).expand_as(X), conv()),
    "broadcast": (lambda X: torch.broadcast_to(X.mean(3, True), X.shape), conv()),
    "one row": (lambda X: X[:, :, :1].expand_as(X), conv()),
    "one column": (lambda X: X[:, :, :, :1].expand_as(X), conv()),
    "more dimensions": (
        lambda X: X.mean((0, 1, 3)).expand(1, 1, 16, -1).transpose(2, 3),
        conv((3, 1)),
    ),
}


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 16, 20)])
@pytest.mark.parametrize("name", EXPANDED)
def test_what_is_expanded_keeps_its_side(name, shape):
    does, layer = EXPANDED[name]
    net = nn.Sequential(Does(does), layer)
    assert field(net, shape) == spread(net, shape, by=1)


def rows_as_channels(X):
    return X.transpose(1, 2)


GUESSES = {
    "numpy": lambda X: X + torch.from_numpy(X.numpy()[..., ::-1].copy()),
    "array": lambda X: X + torch.from_numpy(np.asarray(X)[..., ::-1].copy()),
    "numpy of the data": lambda X: X + torch.tensor(X.data.cpu().numpy()).flip(3),
    "list": lambda X: X + X.new_tensor(X.flip(3).tolist()),
    "dlpack": lambda X: X + torch.from_dlpack(X.flip(3)),
    "pickle": lambda X: X + pickle.loads(pickle.dumps(X)).flip(3),
    "list of tensors": lambda X: X + torch.tensor([X.mean()], dtype=X.dtype),
    "new list of tensors": lambda X: X + X.new_tensor([[X.mean()]]),
    "float": lambda X: X * float(X.mean()),
    "a copy of a tensor": lambda X: X + torch.as_tensor(X).flip(3),
    "glu of columns": lambda X: F.glu(X, -1),
    "glu of rows": lambda X: F.glu(X, 2),
    "glu of channels": lambda X: F.glu(X.repeat_interleave(2, 1), 1),
    "rows shuffled": lambda X: (
        F.channel_shuffle(rows_as_channels(X), 4).transpose(1, 2)[:, :, :2]
        + F.channel_shuffle(rows_as_channels(X), 4).transpose(1, 2)[:, :, 2:4]
    ),
    "rows to pixels": lambda X: F.pixel_shuffle(rows_as_channels(X), 4),
    "rows and pixels": lambda X: F.pixel_unshuffle(X.permute(0, 3, 2, 1), 1),
    "rows in groups of a row": lambda X: F.conv1d(
        X[:, 0], X.new_ones(16, 8, 1), groups=2
    )[None],
    "bias of the image": lambda X: F.conv2d(
        X, X.new_ones(1, 1, 1, 1), X.mean((0, 2, 3))
    ),
    "chosen by the image": lambda X: X[:, :, :, X.sum((0, 1, 2)).argsort()],
    "norm of rows": lambda X: X.norm(dim=3, keepdim=True) + X,
    "renormed": lambda X: torch.renorm(X, 2, 2, 0.1),
    "rows in other shapes": lambda X: X.view(1, 1, 8, 32),
    "pixels in a line": lambda X: F.max_pool2d(X.view(1, 1, 256, 1), (3, 1), 1),
    "beside an unknown part": lambda X: torch.cat([X, X[:, :, [3, 0]]], 2),
    "rolled in a line": lambda X: X + X.roll(3),
    "pixels by two lists": lambda X: X[:, :, [[0, 5]], [[3, 9]]],
    "attention behind a mask": lambda X: F.scaled_dot_product_attention(
        X, X, X, attn_mask=torch.eye(16, dtype=torch.bool)
    ),
    "values of attention": lambda X: F.scaled_dot_product_attention(
        X.new_ones(1, 1, 16, 8), X.new_ones(1, 1, 16, 8), X
    ),
}
GROUPED = {
    "convolution": nn.Conv2d(16, 16, 1, groups=2),
    "depthwise": nn.Conv2d(16, 16, 1, groups=16),
    "transposed": nn.ConvTranspose2d(16, 16, 1, groups=4),
    "all": nn.Conv2d(16, 8, 1),
    "group norm": nn.GroupNorm(1, 16),
    "batch norm": nn.BatchNorm2d(16),
    "glu": nn.GLU(1),
}


def is_right_or_unknown(net):
    found = field(net, (1, 16, 16))
    return found == UNKNOWN or found == spread(net, (1, 16, 16), by=0.3, each=True)


@pytest.mark.parametrize("name", GUESSES)
def test_what_is_said_is_right(name):
    assert is_right_or_unknown(Does(GUESSES[name]))


@pytest.mark.parametrize("name", GROUPED)
def test_rows_as_channels(name):
    assert is_right_or_unknown(nn.Sequential(Does(rows_as_channels), GROUPED[name]))


def test_a_copy_of_numbers_is_not_lost():
    net = Does(lambda X: X + torch.tensor([1.0, 2.0]).sum() + X.new_tensor([3.0]))
    assert field(net, (1, 16, 16)) == (1, 1)


def test_writing_into_a_part_reaches_the_whole():
    def does(X):
        X = X.clone()
        X[:, :2] += X[:, 2:].mean((2, 3), keepdim=True)
        return X

    assert field(nn.Sequential(conv(3, PAIR), Does(does)), (1, 9, 9)) == (9, 9)


@pytest.mark.parametrize(
    ("name", "size"),
    [("efficientnet_b0", 64), ("mobilenet_v3_small", 64), ("regnet_y_400mf", 64)],
)
def test_gates_of_torchvision_do_not_explode(name, size):
    """Each sees the image with its padding: below three times its side."""
    net = getattr(torchvision.models, name)(weights=None)
    for row in summary(net, (3, size, size)).rows:
        assert row.field is None or max(row.field) < 3 * size


@st.composite
def layers(draw):
    kind = draw(st.sampled_from(["conv", "max", "average", "relu", "norm"]))
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    stride = draw(st.integers(1, 2))
    if kind == "conv":
        padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
        return nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    if kind in ("max", "average"):
        pool = nn.MaxPool2d if kind == "max" else nn.AvgPool2d
        padding = draw(st.integers(0, min(kernel) // 2))
        return pool(kernel, stride, padding)
    return nn.ReLU() if kind == "relu" else nn.BatchNorm2d(1)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(layers(), min_size=1, max_size=5))
def test_any_stack_of_ordinary_layers(stack):
    """As far as the image reaches; within it the field is exact."""
    net, n = nn.Sequential(*stack), 40
    found = field(net, (1, n, n))
    for side, seen in zip(found, spread(net, (1, n, n), by=float("nan")), strict=True):
        assert seen == side if side <= n // 3 else seen <= side


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(layers(), min_size=1, max_size=5))
def test_any_stack_follows_the_formula(stack):
    """r + (k - 1)·d·j for kernels, j·s for strides (Araujo et al., 2019)."""

    def pair(value):
        return value if isinstance(value, tuple) else (value, value)

    size, step = [1, 1], [1, 1]
    for layer in stack:
        for side in (0, 1):
            kernel = pair(getattr(layer, "kernel_size", 1))[side]
            gap = pair(getattr(layer, "dilation", 1))[side]
            size[side] += (kernel - 1) * gap * step[side]
            step[side] *= pair(getattr(layer, "stride", 1))[side]
    assert field(nn.Sequential(*stack), (1, 64, 64)) == tuple(size)
