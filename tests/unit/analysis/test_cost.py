"""What a network costs, against counts by hand and the shape walk."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import deform_conv2d

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


class Both(nn.Module):
    """A product, or with ``plain`` the same one of matrices alone."""

    def __init__(self, product, *shapes):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.product, self.plain = product, False
        self.weights = nn.ParameterList(
            torch.rand(shape, generator=generator) for shape in shapes
        )

    def forward(self, X):
        return self.product[self.plain](X, *self.weights)


def bilinear_by_matrices(X, W):
    left = X[0, 0, :, :5] @ W.transpose(0, 1).reshape(5, -1)
    return (left.view(16, 10, 3) @ X[0, 0, :, :3, None]).view(1, 1, 16, 10)


def attention(X):
    assert X.sum().item() > 0  # asks for values
    X = X.reshape(1, 2, 16, 8)
    return F.scaled_dot_product_attention(X, X[:, :, :6], X[:, :, :6])


def attention_by_matrices(X):
    X = X.reshape(2, 16, 8)
    weights = X @ X[:, :6].transpose(1, 2) / 8**0.5
    return (weights.softmax(-1) @ X[:, :6])[None]


PRODUCTS = {
    "by a vector": (
        (lambda X, w: X.flatten(1) @ w, lambda X, w: (X.flatten(1) @ w[:, None])[0]),
        (256,),
    ),
    "of two vectors": (
        (lambda X, w: X.flatten() @ w, lambda X, w: (X.flatten(1) @ w[:, None])[0, 0]),
        (256,),
    ),
    "plus": (
        (
            lambda X, w: torch.addmv(w, X[0, 0], w),
            lambda X, w: w + (X[0, 0] @ w[:, None])[:, 0],
        ),
        (16,),
    ),
    "summed": (
        (
            lambda X, W: torch.addbmm(W[0, :4, :5], X.view(4, 4, 16), W),
            lambda X, W: W[0, :4, :5] + (X.view(4, 4, 16) @ W).sum(0),
        ),
        (4, 16, 5),
    ),
    "bilinear": (
        (lambda X, W: F.bilinear(X[..., :5], X[..., :3], W), bilinear_by_matrices),
        (10, 5, 3),
    ),
    "along time": (
        (
            lambda X, W: torch.conv_tbc(X[0].permute(2, 0, 1), W, W[0, 0]),
            lambda X, W: F.conv1d(X[0], W.permute(2, 1, 0), W[0, 0]).permute(2, 0, 1),
        ),
        (3, 16, 4),
    ),
    "deformed": (
        (
            lambda X, W: deform_conv2d(X, X.new_zeros(1, 18, 14, 14), W),
            lambda X, W: F.conv2d(X, W),
        ),
        (4, 1, 3, 3),
    ),
    "attention": ((attention, attention_by_matrices),),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_costs_what_it_costs_with_matrices(name):
    net = Both(*PRODUCTS[name])
    X = torch.rand(1, 1, 16, 16)
    found, made = cost(net, (1, 16, 16)), net(X)
    net.plain = True
    torch.testing.assert_close(made, net(X))
    assert found.multiply_adds == cost(net, (1, 16, 16)).multiply_adds > 0


def test_a_vector_and_a_dense_layer_by_hand():
    net = Both((lambda X, w: (X.flatten(1) @ w)[:, None],), (256,))
    assert cost(nn.Sequential(net, nn.Linear(1, 10)), (1, 16, 16))[1] == 266


class ByKeyword(nn.Module):
    """A layer in place that is called by the name of its input."""

    def __init__(self):
        super().__init__()
        self.layer = nn.ReLU(inplace=True)

    def forward(self, X):
        return self.layer(input=X)


@pytest.mark.parametrize(
    "quiet",
    [
        nn.Identity(),
        nn.Flatten(0),
        nn.ReLU(inplace=True),
        nn.Sequential(),
        ByKeyword(),
    ],
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


class Normalised(nn.Module):
    """A batch normalisation that is written by hand."""

    def forward(self, X):
        return F.batch_norm(X, X.new_zeros(4), X.new_ones(4), training=self.training)


class Paired(nn.Module):
    """While it trains, it makes one picture of two."""

    def forward(self, X):
        if not self.training:
            return X
        return X[: len(X) // 2 * 2].unflatten(0, (-1, 2)).mean(1)


class Shared(nn.Module):
    """Four numbers that are the same for every picture."""

    def __init__(self):
        super().__init__()
        self.places = nn.Embedding(4, 1)

    def forward(self, X):
        return X.flatten(1) + self.places(torch.arange(4, device=X.device))[:, 0]


@pytest.mark.parametrize(
    ("layer", "made"),
    [(nn.BatchNorm2d(4), 4), (Normalised(), 4), (Paired(), 2)],
)
def test_what_trains_on_several_pictures_alone_is_counted(layer, made):
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), layer, Shared(), nn.Linear(4, 10))
    after = 10 if made == 4 else 5
    assert cost(net, (4, 7, 7)).activations == 4 + made + 4 + after


class Placed(nn.Module):
    """Its places are numbered, the same for every picture; and it takes only one."""

    def __init__(self):
        super().__init__()
        self.places, self.dense = nn.Embedding(49, 7), nn.Linear(7, 3)

    def forward(self, X):
        return self.dense(
            X.view(1, 49)[:, :7] + self.places(torch.arange(49, device=X.device))
        )


def test_what_all_pictures_share_is_counted_in_full():
    assert cost(Placed(), (1, 7, 7)).activations == 49 * 7 + 49 * 3


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
