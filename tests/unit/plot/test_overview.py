"""The overview of a network shows every part, in proportion, and every weight."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from d2lmini import diagram, nets, overview, summary
from d2lmini.plot.diagrams.drawing import text_width
from d2lmini.plot.diagrams.whole import THICKEST, THIN, WIDEST

SVG = "{http://www.w3.org/2000/svg}"
BOOK = {
    "lenet": (nets.lenet, 28),
    "alexnet": (nets.alexnet, 224),
    "vgg11": (nets.vgg11, 224),
    "nin": (nets.nin, 224),
    "googlenet": (nets.googlenet, 96),
    "resnet18": (nets.resnet18, 96),
    "densenet": (nets.densenet, 96),
}


class Own(nn.Module):
    """A network that is no Sequential, and calls its parts in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)
        self.first = nn.Conv2d(1, 4, 3)

    def forward(self, X: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(X)).mean((2, 3)))


def shapes(alt: str) -> list[tuple[int, ...]]:
    """The shapes that an alt text names, in their order."""
    found = re.findall(r"(?:gives|input is) (\d+(?:×\d+)*)\.", alt)
    return [tuple(map(int, text.split("×"))) for text in found]


def boxes(svg: str) -> list[tuple[float, float]]:
    """Width and height of each box, from the top down."""
    rects = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [(float(r.get("width")), float(r.get("height"))) for r in rects]


@pytest.mark.parametrize("name", BOOK)
def test_boxes_are_in_proportion_and_all_weights_are_counted(name: str) -> None:
    make, side = BOOK[name]
    with torch.device("meta"):
        net = make()
    drawn = overview(net, (1, side, side), title=name)
    steps = shapes(drawn.alt)
    assert steps[0] == (1, side, side) and steps[-1][0] == 10
    most = max(shape[0] for shape in steps)
    for shape, (width, thick) in zip(steps, boxes(drawn.svg), strict=True):
        pixels = shape[-1] if len(shape) == 3 else 0
        assert width == pytest.approx(max(THIN, WIDEST * pixels / side), abs=0.06)
        expected = max(THIN, THICKEST * (shape[0] / most) ** 0.5)
        assert thick == pytest.approx(expected, abs=0.06)
    counted = re.findall(r"([\d,]+) parameters", drawn.svg)
    total = sum(p.numel() for p in net.parameters())
    assert sum(int(text.replace(",", "")) for text in counted) == total


@pytest.mark.parametrize("name", BOOK)
def test_no_text_leaves_the_figure_and_no_box_covers_another(name: str) -> None:
    make, side = BOOK[name]
    with torch.device("meta"):
        root = ElementTree.fromstring(overview(make(), (1, side, side)).svg)
    width, height = map(float, root.get("viewBox").split()[2:])
    for text in root.iter(f"{SVG}text"):
        bold, size = text.get("font-weight") == "600", float(text.get("font-size"))
        end = float(text.get("x")) + text_width(text.text, size, bold)
        assert end <= width and 0 < float(text.get("y")) < height, text.text
    spans = [
        (float(r.get("y")), float(r.get("height"))) for r in root.iter(f"{SVG}rect")
    ]
    assert all(y + h < below for (y, h), (below, _) in pairwise(spans))


def test_the_shapes_are_those_of_the_shape_walk() -> None:
    with torch.device("meta"):
        net = nets.vgg11(ratio=4)
    walked = [r.shape[1:] for r in summary(net, (1, 224, 224)).rows]
    flat = [shape for shape in walked if shape != (128 * 49,)]
    assert shapes(overview(net, (1, 224, 224)).alt)[1:] == flat


def test_equal_blocks_share_a_box_and_unequal_sizes_do_not() -> None:
    with torch.device("meta"):
        alt = overview(nets.resnet18(), (1, 96, 96)).alt
    assert alt.count("Residual × 2") == 4
    block = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    alt = overview(nn.Sequential(block, nn.BatchNorm2d(2), nn.Tanh()), (1, 9, 9)).alt
    assert "3×3 convolution, batch norm, tanh gives 2×7×7." in alt


class Block(nn.Module):
    """A convolution with a weight that is computed, and a layer that never runs."""

    def __init__(self, before: int, after: int, kernel: int = 3) -> None:
        super().__init__()
        conv = nn.Conv2d(before, after, kernel, padding=kernel // 2)
        self.conv, self.spare = weight_norm(conv), nn.LazyLinear(9)

    def forward(self, X: Tensor) -> Tensor:
        return self.conv(X).relu()


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        (
            [Block(1, 4), Block(4, 8)],
            ["Block × 2 (3×3 convolution, dense) gives 8×8×8"],
        ),
        (
            [Block(1, 4), Block(4, 4, 5)],
            [f"Block ({k}×{k} convolution, dense) gives 4×8×8" for k in (3, 5)],
        ),
        (
            [Block(1, 4), Block(4, 64), Block(64, 8)],
            [
                "Block × 2 (3×3 convolution, dense) gives 64×8×8",
                "Block (3×3 convolution, dense) gives 8×8×8",
            ],
        ),
    ],
)
def test_blocks_share_a_box_only_where_it_hides_nothing(blocks, told) -> None:
    alt = overview(nn.Sequential(*blocks), (1, 8, 8)).alt
    assert alt.split(". ", 2)[1:] == ["The input is 1×8×8", ". ".join(told) + "."]


class Twice(nn.Module):
    """Uses its one layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, X: Tensor) -> Tensor:
        return self.conv(self.conv(X))


def test_weights_are_counted_where_they_are_used_first() -> None:
    drawn = overview(Twice(), (1, 8, 8))
    assert shapes(drawn.alt) == [(1, 8, 8)] * 3
    assert drawn.svg.count("10 parameters") == drawn.svg.count("parameters") == 1


@pytest.mark.parametrize("draw", [overview, diagram])
def test_a_layer_whose_weight_is_computed_is_that_layer(draw) -> None:
    layers = (
        weight_norm(nn.Conv2d(1, 2, 3)),
        nn.Flatten(2),
        weight_norm(nn.Conv1d(2, 3, 3)),
    )
    assert "3×3 convolution" in draw(nn.Sequential(*layers), (1, 8, 8)).alt
    assert "Parametrized" not in draw(nn.Sequential(*layers), (1, 8, 8)).alt
    assert "3×3 convolution" in draw(layers[0], (1, 8, 8)).alt


@pytest.mark.parametrize("draw", [overview, diagram])
def test_a_title_is_a_text(draw) -> None:
    with pytest.raises(TypeError, match="title is 3: give a text"):
        draw(nn.Conv2d(1, 2, 3), (1, 8, 8), title=3)


def test_a_network_of_any_form_is_drawn_as_it_runs_and_stays_as_it_is() -> None:
    net = Own().train()
    before = [p.clone() for p in net.parameters()]
    drawn = overview(net, (1, 8, 8))
    assert shapes(drawn.alt) == [(1, 8, 8), (4, 6, 6), (3,)]
    assert net.training and not net.first._forward_hooks
    for p, old in zip(net.parameters(), before, strict=True):
        assert torch.equal(p, old)
    assert shapes(overview(nn.Conv2d(1, 2, 3), (1, 8, 8)).alt) == [(1, 8, 8), (2, 6, 6)]


def test_what_cannot_be_drawn_is_said() -> None:
    with pytest.raises(ValueError, match="1024"):
        overview(nn.Sequential(nn.Flatten(), nn.Linear(1024, 2)), (1, 28, 28))
    with pytest.raises(ValueError, match="50 parts"):
        layers = [nn.Conv2d(1, 1, 1) for _ in range(49)]
        overview(nn.Sequential(*layers), (1, 4, 4))
    with pytest.raises((TypeError, ValueError), match="net"):
        overview("lenet", (1, 28, 28))
