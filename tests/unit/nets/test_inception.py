"""The Inception family: shapes, counts by hand, and what must not change."""

import functools

import pytest
import torch
from torch import nn

from d2lmini import cost, nets, summary
from d2lmini.nets import inception
from d2lmini.nets.googlenet import STAGES, Inception, out_channels
from d2lmini.nets.inception import (
    InceptionAsymmetric,
    InceptionBN,
    InceptionLinearThrees,
    InceptionResidual,
    InceptionThenBN,
    InceptionTwoThrees,
    asymmetric_first,
    googlenet_bn,
    normalise,
    row_column,
)

BLOCKS = (
    InceptionBN,
    InceptionThenBN,
    InceptionTwoThrees,
    InceptionLinearThrees,
    InceptionAsymmetric,
    InceptionResidual,
)
ALL = [paths for stage in STAGES for paths in stage]
#: Channels that enter each of the nine blocks.
ENTER = [192, *map(out_channels, ALL[:-1])]
SMALL = (4, (3, 5), (2, 6), 3)  # 18 channels leave
NETS = {
    "normalised": googlenet_bn,
    **{b.__name__: functools.partial(nets.googlenet, block=b) for b in BLOCKS},
}
NARROW = (((4, (4, 6), (2, 4), 2), (4, (4, 6), (2, 4), 2)), ((4, (4, 6), (2, 4), 4),))


def called(block):
    return block.__name__


def held(net):
    return sum(p.numel() for p in net.parameters())


def convolution(i, o, height, width):
    return i * o * height * width + o


@pytest.mark.parametrize("block", BLOCKS, ids=called)
def test_each_of_the_nine_leaves_the_shape_that_the_plain_one_leaves(block):
    with torch.device("meta"):
        for channels, paths in zip(ENTER, ALL, strict=True):
            X = torch.empty(2, channels, 7, 5)
            plain = Inception(channels, paths)(X).shape
            assert block(channels, paths)(X).shape == plain
            assert plain == (2, out_channels(paths), 7, 5)


@pytest.mark.parametrize(("channels", "paths"), list(zip(ENTER, ALL, strict=True)))
def test_parameters_by_hand(channels, paths):
    one, (n3, three), (n5, five), pooled = paths
    out = one + three + five + pooled
    convs = [one, n3, three, n5, five, pooled]  # what each convolution puts out
    with torch.device("meta"):
        plain = held(Inception(channels, paths))
        more = {block: held(block(channels, paths)) - plain for block in BLOCKS}
    assert more[InceptionBN] == 2 * sum(convs) - sum(convs)  # γ and β, no bias
    assert more[InceptionThenBN] == 2 * out
    threes = convolution(n5, n5, 3, 3) + convolution(n5, five, 3, 3)
    assert more[InceptionTwoThrees] == threes - convolution(n5, five, 5, 5)
    assert more[InceptionLinearThrees] == more[InceptionTwoThrees]
    pairs = [(n3, three, 3), (n5, five, 5)]
    assert more[InceptionAsymmetric] == sum(
        convolution(n, n, 1, k) + convolution(n, o, k, 1) - convolution(n, o, k, k)
        for n, o, k in pairs
    )
    projected = 0 if channels == out else convolution(channels, out, 1, 1)
    assert more[InceptionResidual] == convolution(out, out, 1, 1) + projected


def test_the_input_is_projected_only_where_the_channels_differ():
    with torch.device("meta"):
        skips = [
            type(InceptionResidual(*both).skip) for both in zip(ENTER, ALL, strict=True)
        ]
    same = [i == out_channels(p) for i, p in zip(ENTER, ALL, strict=True)]
    assert skips == [nn.Identity if equal else nn.Conv2d for equal in same]
    assert sum(same) == 3


@pytest.mark.parametrize("block", [InceptionTwoThrees, InceptionAsymmetric])
def test_factors_see_what_the_large_kernels_see(block):
    """By the shape walk, and by which pixels the middle of the output hangs on."""
    wide, small = Inception(9, SMALL), block(9, SMALL)
    for path in ("three", "five"):
        fields = []
        for layers in (getattr(wide, path), getattr(small, path)):
            fields.append(summary(layers, (9, 11, 11)).rows[-1].field)
            for p in layers.parameters():  # no ReLU closes, nothing cancels
                nn.init.constant_(p, 0.1)
            X = torch.rand(1, 9, 11, 11, requires_grad=True)
            layers(X)[0, :, 5, 5].sum().backward()
            seen = X.grad[0].abs().sum(0).nonzero()
            assert seen.min() == 5 - fields[-1][0] // 2
            assert seen.max() == 5 + fields[-1][0] // 2
            assert len(seen) == fields[-1][0] * fields[-1][1]
        assert fields[0] == fields[1]


def test_without_the_relu_between_them_two_3x3_are_one_5x5():
    """Far from the border, where the first one's padding does not reach."""
    torch.manual_seed(2)
    first, (second, relu) = InceptionLinearThrees(9, SMALL).double().five[1]
    assert isinstance(relu, nn.ReLU)
    X = torch.randn(2, 2, 9, 9).double()
    with torch.no_grad():
        corner = torch.zeros(2, 2, 5, 5).double()  # what each input channel answers
        corner[0, 0, 2, 2] = corner[1, 1, 2, 2] = 1
        through = torch.conv2d(corner, first.weight, padding=1)
        kernel = torch.conv2d(through, second.weight, padding=1).flip(2, 3)
        bias = second.weight.sum((2, 3)) @ first.bias + second.bias
        whole = torch.conv2d(X, kernel.transpose(0, 1), bias)
        torch.testing.assert_close(second(first(X))[..., 2:-2, 2:-2], whole)


def test_rows_and_columns_in_the_first_two_blocks_alone():
    with torch.device("meta"):
        built = [asymmetric_first(*both) for both in zip(ENTER, ALL, strict=True)]
    kinds = [InceptionAsymmetric] * 2 + [Inception] * 7
    assert [type(block) for block in built] == kinds
    with pytest.raises(ValueError, match="none of GoogLeNet's blocks"):
        nets.googlenet(stages=NARROW, block=asymmetric_first)


@pytest.mark.parametrize("n", [3, 5])
def test_a_pair_of_row_and_column_is_the_kernel_of_rank_one(n):
    """Positive numbers, so that the ReLU between the two lets all pass."""
    row, column = torch.rand(n).double(), torch.rand(n).double()
    mixed = torch.rand(6, 4).double()
    pair = row_column(4, 6, n).double()
    with torch.no_grad():
        for layer in (pair[0], pair[2]):
            layer.weight.zero_()
            layer.bias.zero_()
        for channel in range(4):  # the first keeps the channels apart
            pair[0].weight[channel, channel, 0] = row
        pair[2].weight.copy_(mixed[:, :, None, None] * column[:, None])
        pair[2].bias.uniform_()
        kernel = mixed[:, :, None, None] * torch.outer(column, row)
        X = torch.rand(2, 4, 9, 7).double()
        whole = torch.conv2d(X, kernel, pair[2].bias, padding=n // 2)
        torch.testing.assert_close(pair(X), whole)


def test_a_residual_block_of_scale_zero_is_the_relu_of_its_input():
    X = torch.randn(2, 18, 5, 6)
    assert torch.equal(InceptionResidual(18, SMALL, scale=0.0)(X), X.relu())


def test_the_mix_is_linear_and_scaled():
    block = InceptionResidual(9, SMALL).double()
    X = torch.randn(2, 9, 5, 6).double()
    joined = Inception.forward(block, X)
    mixed = torch.einsum("oc,nchw->nohw", block.mix.weight[:, :, 0, 0], joined)
    mixed += block.mix.bias[:, None, None]
    assert (mixed < 0).any(), "no ReLU follows the mix"
    torch.testing.assert_close(block(X), (block.skip(X) + 0.2 * mixed).relu())


def test_normalised_paths_are_the_plain_ones_normalised_by_hand():
    block = InceptionBN(9, SMALL).double()
    X = torch.randn(4, 9, 6, 5).double()
    H = X
    for unit in block.three:
        (conv, _), _ = unit
        H = torch.conv2d(H, conv.weight, padding=conv.padding)
        mean, var = H.mean((0, 2, 3)), H.var((0, 2, 3), unbiased=False)
        H = (H - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt()
        H = H.relu()
    torch.testing.assert_close(block(X)[:, 4:9], H)


def test_normalising_keeps_the_weights_that_were_drawn():
    torch.manual_seed(5)
    plain = nets.googlenet(stages=NARROW)
    torch.manual_seed(5)
    ours = googlenet_bn(stages=NARROW)
    convs = [
        [m for m in n.modules() if isinstance(m, nn.Conv2d)] for n in (plain, ours)
    ]
    for one, other in zip(*convs, strict=True):
        assert torch.equal(one.weight, other.weight) and other.bias is None
    norms = [m for m in ours.modules() if isinstance(m, nn.BatchNorm2d)]
    assert [m.num_features for m in norms] == [m.out_channels for m in convs[1]]
    assert normalise(net := nn.Sequential(nn.ReLU())) is net


def test_googlenet_bn_has_two_numbers_for_each_channel_instead_of_one():
    with torch.device("meta"):
        plain, ours = nets.googlenet(), googlenet_bn()
    outs = sum(m.out_channels for m in plain.modules() if isinstance(m, nn.Conv2d))
    assert held(ours) - held(plain) == outs
    kinds = [nn.Conv2d, nn.BatchNorm2d]
    counts = [sum(isinstance(m, kind) for m in ours.modules()) for kind in kinds]
    assert counts == [57, 57]  # 3 in the stem, 6 in each of nine blocks


def test_any_block_can_be_normalised():
    with torch.device("meta"):
        net = googlenet_bn(stages=NARROW, block=InceptionAsymmetric)
    convs = sum(isinstance(m, nn.Conv2d) for m in net.modules())
    assert convs == sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()) == 27


@pytest.mark.parametrize("name", NETS)
def test_at_full_size_and_with_other_classes(name):
    with torch.device("meta"):
        net = NETS[name](7, 3)
        assert net(torch.empty(2, 3, 96, 96)).shape == (2, 7)
        assert cost(NETS[name](stages=NARROW), (1, 64, 64)).multiply_adds > 0


@pytest.mark.parametrize("name", NETS)
def test_gradients_half_precision_one_picture_and_export(name):
    torch.manual_seed(0)
    net = NETS[name](stages=NARROW)
    X = torch.rand(8, 1, 48, 48)
    net(X).square().sum().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
    net.eval()
    with torch.no_grad():
        exact = net(X)
        torch.testing.assert_close(net(X[:1]), exact[:1], rtol=1e-3, atol=1e-4)
        with torch.autocast("cpu", torch.bfloat16):
            rough = net(X).float()
        assert (rough - exact).abs().max() <= 0.1 * exact.abs().max() + 0.05
        program = torch.export.export(net, (X[:1],))
        torch.testing.assert_close(program.module()(X[:1]), net(X[:1]))


def test_the_module_adds_nothing_to_chapter_10():
    """Its network is read and never changed: its weights are published."""
    assert inception.googlenet is nets.googlenet
    before = str(nets.googlenet(stages=NARROW))
    googlenet_bn(stages=NARROW)
    assert str(nets.googlenet(stages=NARROW)) == before
