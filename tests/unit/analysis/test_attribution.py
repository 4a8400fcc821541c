"""The maps of where a network looks agree with brute force and with calculus."""

import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from d2lmini import gradient_map, gradient_sizes, nets, occlusion, plot


def seeing(row: int, column: int, size: int = 9) -> nn.Sequential:
    """A net of two classes that looks at one pixel only: class 1 if it is bright."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(size * size, 2))
    nn.init.zeros_(net[1].weight)
    net[1].weight.data[1, row * size + column] = 6.0
    net[1].bias.data = torch.tensor([0.0, -3.0])
    return net


def covered(net: nn.Module, image: Tensor, label: int, patch: int) -> Tensor:
    """The oracle: one image at a time, a square around every pixel.

    One of an even side has no middle pixel, and reaches further down and right.
    """
    H, W = image.shape[-2:]
    whole, before = net(image[None]).softmax(1)[0, label], (patch - 1) // 2
    falls = torch.empty(H, W)
    for i in range(H):
        for j in range(W):
            X = image.clone()
            top, left = i - before, j - before
            X[:, max(top, 0) : top + patch, max(left, 0) : left + patch] = 0.5
            falls[i, j] = whole - net(X[None]).softmax(1)[0, label]
    return falls


@pytest.mark.parametrize("shape", [(1, 9, 9), (2, 7, 11)])
@pytest.mark.parametrize("patch", [1, 2, 3, 4, 5])
def test_occlusion_by_brute_force(shape, patch):
    C, H, W = shape
    net = nn.Sequential(nn.Flatten(), nn.Linear(C * H * W, 4)).eval()
    image = torch.rand(shape)
    found = occlusion(net, image, label=2, patch=patch, stride=1)
    with torch.no_grad():
        torch.testing.assert_close(found, covered(net, image, 2, patch))


def test_hiding_the_one_pixel_that_counts_costs_and_no_other():
    image = torch.full((1, 9, 9), 0.2)
    image[0, 2, 6] = 1.0
    net = seeing(2, 6)
    found = occlusion(net, image, patch=3, stride=1)
    rows, columns = torch.nonzero(found.abs() > 1e-6, as_tuple=True)
    assert {*rows.tolist()} == {1, 2, 3} and {*columns.tolist()} == {5, 6, 7}
    slope = gradient_map(net, image)
    assert slope[2, 6] == pytest.approx(6.0) and slope.sum() == pytest.approx(6.0)


@pytest.mark.parametrize("size", [28, 32, 96, 224])
@pytest.mark.parametrize(("quick", "most"), [("", 200), ("1", 17)])
def test_a_map_takes_two_hundred_passes_at_most(monkeypatch, size, quick, most):
    monkeypatch.setenv("D2LMINI_QUICK", quick)
    passes = []

    class Counting(nn.Module):
        def forward(self, X: Tensor) -> Tensor:
            passes.append(len(X))
            return X.flatten(1)[:, :10]

    assert occlusion(Counting(), torch.rand(1, size, size)).shape == (size, size)
    assert most / 4 < sum(passes) <= most


@pytest.mark.parametrize("quick", ["", "1"])
@pytest.mark.parametrize("sides", [(8, 100), (100, 8), (1, 28)])
def test_a_long_image_needs_no_option(monkeypatch, sides, quick):
    monkeypatch.setenv("D2LMINI_QUICK", quick)
    net = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
    heat = occlusion(net, torch.rand(1, *sides))
    assert heat.shape == sides and heat.abs().max() > 0


def test_a_coarse_map_is_exact_at_its_centres_and_interpolated_between():
    """At 9 pixels with stride 3 the centres are the pixels 1, 4 and 7."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(81, 3)).eval()
    image = torch.rand(1, 9, 9)
    fine = occlusion(net, image, label=0, patch=3, stride=1)
    coarse = occlusion(net, image, label=0, patch=3, stride=3)
    torch.testing.assert_close(coarse[1::3, 1::3], fine[1::3, 1::3])
    torch.testing.assert_close(coarse[4, 2], (2 * coarse[4, 1] + coarse[4, 4]) / 3)


def test_a_square_is_a_fifth_of_the_image():
    net, X = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 2)), torch.rand(1, 28, 28)
    assert torch.equal(occlusion(net, X), occlusion(net, X, patch=5, stride=3))


def test_of_several_channels_the_steepest_counts():
    net = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 3, 2))
    wanted = net[1].weight[1].detach().abs().view(2, 3, 3).amax(0)
    torch.testing.assert_close(gradient_map(net, torch.rand(2, 3, 3), 1), wanted)


def test_gradient_map_by_differences():
    net = nets.lenet().double().eval()
    image = torch.rand(1, 28, 28, dtype=torch.float64)
    label = int(net(image[None]).argmax())
    slope = gradient_map(net, image)
    for row, column in ((14, 14), (3, 20), (0, 0)):
        step = torch.zeros_like(image)
        step[0, row, column] = 1e-5
        up, down = (net((image + s)[None])[0, label] for s in (step, -step))
        wanted = float((up - down).abs().detach()) / 2e-5
        assert float(slope[row, column]) == pytest.approx(wanted, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("look", [occlusion, gradient_map])
def test_net_and_image_are_left_as_they_were(look):
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), seeing(2, 2)
    )
    net[3] = nn.Sequential(nn.Flatten(), nn.Linear(2 * 7 * 7, 2))
    net.train()
    net[1].eval()  # a frozen layer in a net in training mode
    before = {k: v.clone() for k, v in net.state_dict().items()}
    modes = [layer.training for layer in net.modules()]
    image = torch.rand(1, 9, 9, requires_grad=True)
    with torch.no_grad():
        first, second = look(net, image), look(net, image)
    assert torch.equal(first, second)  # no dropout
    assert modes == [layer.training for layer in net.modules()]
    assert all(p.grad is None for p in net.parameters()) and image.grad is None
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert not first.requires_grad and first.dtype == torch.float32


def spoilt(net: nn.Module) -> nn.Module:
    nn.init.constant_(net[1].weight, float("nan"))
    return net


class Blind(nn.Module):
    """Its answer does not come from the image."""

    def forward(self, X):
        return X.detach().flatten(1)


class Restless(nn.Module):
    """Draws from every generator, counts, and keeps its last answer."""

    def __init__(self):
        super().__init__()
        self.whole = nn.Parameter(torch.arange(3), requires_grad=False)
        self.net, self.last = seeing(2, 2), None
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, X):
        assert X.is_floating_point() and torch.rand(()) < 2
        np.random.rand()
        random.random()
        self.calls += 1
        self.last = self.net(X)
        return self.last


ASK = {
    "occlusion": lambda net, X: occlusion(net, X),
    "gradient_map": lambda net, X: gradient_map(net, X),
    "gradient_sizes": lambda net, X: gradient_sizes(net, X[None], torch.tensor([1])),
}


def same(a, b) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) else a == b


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_what_a_net_draws_counts_and_keeps_is_as_it_was(ask):
    net, X = Restless(), torch.rand(1, 9, 9)
    wanted = ask(seeing(2, 2), X)
    before = torch.get_rng_state(), np.random.get_state()[2], random.getstate()
    assert same(ask(net, X), wanted)  # behind whole numbers as well
    assert net.calls == 0 and net.last is None and net.training
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[2], random.getstate()) == before[1:]


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize(
    "around", [lambda: torch.autocast("cpu", torch.bfloat16), torch.inference_mode]
)
def test_what_is_around_changes_no_answer(ask, around):
    net, X = seeing(2, 2), torch.rand(1, 9, 9)
    wanted = ask(net, X)
    with around():
        assert same(ask(net, X + 0), wanted)


class Ends(nn.Module):
    """What comes out is changed in some way."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, X):
        return self.change(X)


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda logits: logits + torch.tensor([0, torch.inf]), "answers with NaN or i"),
        (lambda logits: logits - torch.inf, "answers with NaN or infinity"),
        (lambda logits: logits > 0, "a tensor bool .* float logits"),
        (lambda logits: logits.long(), "a tensor int64 .* float logits"),
        (lambda logits: logits[:, :0], r"gives \(1, 0\) for 1 images"),
    ],
)
def test_answers_that_decide_nothing_are_refused(ask, change, words):
    net = nn.Sequential(seeing(2, 2), Ends(change))
    with pytest.raises((TypeError, ValueError), match=words):
        ask(net, torch.rand(1, 9, 9))


@pytest.mark.parametrize("ask", list(ASK.values())[1:], ids=list(ASK)[1:])
def test_a_gradient_at_a_root_of_zero_is_said(ask):
    net = nn.Sequential(nn.Flatten(), nn.Linear(81, 2), Ends(torch.sqrt))
    nn.init.zeros_(net[1].weight), nn.init.zeros_(net[1].bias)
    with pytest.raises(ValueError, match="the gradient through Sequential is NaN or"):
        ask(net, torch.rand(1, 9, 9))


def test_a_class_that_is_out_of_the_question_is_no_overflow():
    net = nn.Sequential(seeing(2, 2), Ends(lambda X: X + torch.tensor([-torch.inf, 0])))
    assert occlusion(net, torch.rand(1, 9, 9), label=1).eq(0).all()


@pytest.mark.parametrize("ask", [gradient_map, occlusion])
def test_a_label_of_a_batch_is_a_label(ask):
    net, X = seeing(2, 2), torch.rand(1, 9, 9)
    assert torch.equal(ask(net, X, label=torch.tensor(1)), ask(net, X, label=1))
    with pytest.raises(TypeError, match="label must be a whole number, not True"):
        ask(net, X, label=torch.tensor(True))


@pytest.mark.parametrize("sides", [(28, 1), (5, 3)])
def test_narrow_maps_are_taken_where_only_they_fit(sides):
    net = nn.Sequential(nn.Conv2d(16, 4, 1), nn.Flatten(), nn.LazyLinear(10))
    assert gradient_map(net, torch.rand(16, *sides)).shape == sides
    assert occlusion(net, torch.rand(16, *sides)).shape == sides
    with pytest.raises(ValueError, match=r"channels last: give .*movedim"):
        gradient_map(nets.lenet(), torch.rand(16, *sides))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda net, X: occlusion(net, X[None].repeat(2, 1, 1, 1)), r"give X\[0\]"),
        (lambda net, X: gradient_map(net, X[0]), r"must be one of \(C, H, W\)"),
        (lambda net, X: occlusion(net, X, patch=0), "patch is 0: .* 1 to 9"),
        (lambda net, X: occlusion(net, X, stride=10), "stride is 10: .* 1 to 9"),
        (lambda net, X: occlusion(net, X, label=2), "label is 2, .* classes 0 to 1"),
        (lambda net, X: gradient_map(net, X, -1), "label is -1"),
        (lambda net, X: gradient_map(net, (X * 255).byte()), "torch.uint8: give"),
        (lambda net, X: occlusion(net, X[:, :8]), "72 features reach layer 1"),
        (lambda net, X: occlusion(net, X / 0), "the image holds NaN or infinity"),
        (lambda net, X: gradient_map(net, X * float("nan")), "the image holds NaN"),
        (lambda net, X: gradient_map(net, X.double() * 1e300), "infinity as float32"),
        (lambda net, X: occlusion(net, X.to_sparse()), "image is torch.sparse_coo: .*"),
        (lambda net, X: occlusion(net, X.to(torch.float8_e4m3fn)), "float8_e4m3fn: gi"),
        (lambda net, X: gradient_map(net, X.movedim(0, -1)), r"9, 9, 1\), .*movedim"),
        (lambda net, X: occlusion(net, X, grey=1e5), "grey must be .* below 10000"),
        (lambda net, X: occlusion(spoilt(net), X), "Sequential answers with NaN"),
        (lambda net, X: gradient_map(Blind(), X), "no gradient comes from .*Blind"),
        (lambda net, X: gradient_map(net.to("meta"), X), "on the device meta"),
        (lambda net, X: plot.heat(X, X[0, :5]), "do not lie over each other"),
        (lambda net, X: plot.heat(X, X[0] / 0), "not finite"),
        (lambda net, X: plot.per_class({}), "0 networks"),
        (lambda net, X: plot.per_class({"a": X[0, :5]}), "counts of 'a' are"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call(seeing(2, 2), torch.rand(1, 9, 9))
    assert "\n" not in str(caught.value)


def test_heat_says_where_and_keeps_zero_white():
    values = torch.zeros(9, 9)
    values[8, 0], values[0, 0] = 0.5, -0.25
    picture = plot.heat(torch.rand(1, 9, 9), values, "Cost", unit="fall")
    assert "from -0.25 to 0.5; the largest lies in the lower left" in picture.alt
    shown = picture.figure.axes[1].images[0]
    assert shown.get_clim() == (-0.5, 0.5) and shown.cmap(0.5)[:3] == pytest.approx(
        (1, 1, 1), abs=0.02
    )
    plain = plot.heat(torch.rand(9, 9), values.abs()).figure.axes[1].images[0]
    assert plain.get_clim() == (0, 0.5) and plain.cmap(0.0)[:3] == (1, 1, 1)


def test_the_outline_lies_over_the_image_and_a_colour_is_its_mean():
    image = torch.zeros(3, 9, 6)
    image[0, :3] = 0.9  # red above, and dim
    left, right, *_ = plot.heat(image, torch.rand(9, 6)).figure.axes
    shown = torch.tensor(left.images[0].get_array())
    torch.testing.assert_close(shown, image.mean(0))
    assert left.images[0].get_clim() == (0, 1)
    heights = [
        y for c in right.collections for p in c.get_paths() for _, y in p.vertices
    ]
    assert heights and 2 <= min(heights) <= max(heights) <= 3
