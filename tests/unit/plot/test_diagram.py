"""A diagram shows every layer, every shape and every path, and nothing overlaps."""

import copy
import random
import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini import diagram, nets
from d2lmini.nets.densenet import DenseBlock, transition
from d2lmini.nets.googlenet import Inception
from d2lmini.nets.nin import nin_block
from d2lmini.nets.resnet import Residual
from d2lmini.nets.vgg import vgg_block
from d2lmini.plot.diagrams.drawing import text_width
from d2lmini.plot.diagrams.layout import LABEL, Drawing, arrange

PATHS = (64, (96, 128), (16, 32), 32)


class Five(nn.Module):
    """An Inception block with a fifth path, two 3×3 convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.four = Inception(8, PATHS)
        self.fifth = nn.Sequential(nn.Conv2d(8, 4, 3, padding=1), nn.ReLU())
        self.fifth.append(nn.Conv2d(4, 4, 3, padding=1))

    def forward(self, X: Tensor) -> Tensor:
        four = (self.four.one, self.four.three, self.four.five, self.four.pooled)
        return torch.cat([path(X) for path in (*four, self.fifth)], dim=1)


class PreActivation(nn.Module):
    """A bottleneck with normalisation first, written with functions."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in (8, 2, 2))
        self.convs = nn.ModuleList(
            [nn.Conv2d(8, 2, 1), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 8, 1)]
        )

    def forward(self, X: Tensor) -> Tensor:
        Y = X
        for norm, conv in zip(self.norms, self.convs, strict=True):
            Y = conv(F.relu(norm(Y)))
        Y += X
        return Y


class Gated(nn.Module):
    """Channels weighted by a gate, with a fork inside a fork."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1))

    def forward(self, X: Tensor) -> Tensor:
        Y = self.conv(X)
        return F.max_pool2d(Y * torch.sigmoid(self.gate(Y)) + X, 2)


#: block, input, and the shapes where its paths meet, by hand
BLOCKS = {
    "inception": (Inception(192, PATHS), (192, 12, 12), ["256×12×12"]),
    "residual": (Residual(64, 64), (64, 24, 24), ["64×24×24"]),
    "halving": (Residual(8, 16, 2), (8, 10, 10), ["16×5×5"]),
    "dense": (
        DenseBlock(3, 4, 2),
        (4, 9, 9),
        ["6×9×9", "8×9×9", "10×9×9"],
    ),
    "transition": (transition(8, 4), (8, 6, 6), []),
    "vgg": (vgg_block(2, 128, 256), (128, 56, 56), []),
    "nin": (nin_block(1, 96, 11, 4, 0), (1, 224, 224), []),
    "five paths": (Five(), (8, 12, 12), ["260×12×12"]),
    "pre-activation": (PreActivation(), (8, 7, 7), ["8×7×7"]),
    "gated": (Gated(), (8, 6, 6), ["8×6×6", "8×6×6", "8×3×3"]),
}
SVG = "{http://www.w3.org/2000/svg}"
SHAPE = re.compile(r"\d+(×\d+){2}")


def root_of(name: str) -> ElementTree.Element:
    block, shape, _ = BLOCKS[name]
    return ElementTree.fromstring(diagram(block, shape).svg)


def words_of(root: ElementTree.Element) -> list[str]:
    return [str(text.text) for text in root.iter(f"{SVG}text")]


def run(block: nn.Module, shape: tuple[int, ...]) -> list[tuple[nn.Module, str]]:
    """The oracle: a pass through hooks, and what each layer with a window gave."""
    seen = []
    kinds = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    block = copy.deepcopy(block).to("meta")
    for layer in block.modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(
                lambda m, a, out: seen.append((m, "×".join(map(str, out.shape[1:]))))
            )
    block(torch.empty(2, *shape, device="meta"))
    return seen


@pytest.mark.parametrize("name", BLOCKS)
def test_every_layer_and_every_shape_is_there(name):
    block, shape, joins = BLOCKS[name]
    layers = run(block, shape)
    texts = words_of(root_of(name))
    shapes = Counter(text for text in texts if SHAPE.fullmatch(text))
    after = ["64×24×24"] if name == "residual" else ["16×5×5"] * (name == "halving")
    wanted = ["×".join(map(str, shape)), *(s for _, s in layers), *joins, *after]
    assert shapes == Counter(wanted)
    said = diagram(block, shape).alt
    for layer, gave in layers:
        if isinstance(layer, nn.Conv2d):
            size = "×".join(map(str, layer.kernel_size))
            line = rf"{size} convolution, {layer.out_channels} channels[^:]*{gave}"
            assert re.search(line, said)
    assert said.count("convolution,") == sum(
        isinstance(m, nn.Conv2d) for m, _ in layers
    )


def test_a_residual_block_in_words():
    assert diagram(Residual(8, 16, 2), (8, 10, 10)).alt == (
        "Diagram of Residual. The input is 8×10×10. "
        "1: 3×3 convolution, 16 channels, stride 2, batch norm, ReLU, of the input, "
        "gives 16×5×5. "
        "2: 3×3 convolution, 16 channels, batch norm, of 1, gives 16×5×5. "
        "3: 1×1 convolution, 16 channels, stride 2, batch norm, of the input, "
        "gives 16×5×5. "
        "4: addition, of 2 and 3, gives 16×5×5. "
        "5: ReLU, of 4, gives 16×5×5."
    )


def test_a_dense_block_adds_its_channels_up():
    texts = words_of(root_of("dense"))
    assert [t for t in texts if "+" in t] == [f"{n} + 2 channels" for n in (4, 6, 8)]
    assert "64 + 128 + 32 + 32 channels" in words_of(root_of("inception"))


def test_the_picture_is_named_and_takes_the_pages_colours():
    shown = diagram(Residual(4, 4), (4, 6, 6), title="A residual & block")
    root = ElementTree.fromstring(shown._repr_html_())
    assert root.get("role") == "img" and root.get("aria-label") == shown.alt
    assert root.find(f"{SVG}title").text == "Diagram of A residual & block"
    assert root.get("fill") == "currentColor" and "max-width" in root.get("style")
    fills = {e.get("fill") for e in root.iter(f"{SVG}text")}
    assert fills == {None}  # inherited
    assert not any(e.get("id") for e in root.iter())  # two on a page do not clash
    assert "A residual & block" in words_of(root)
    assert repr(shown) == shown.alt


def test_the_same_block_is_the_same_text():
    first, second = (diagram(DenseBlock(2, 3, 4), (3, 6, 6)).svg for _ in range(2))
    assert first == second


def test_the_block_is_left_alone():
    block = Residual(4, 8, 2).train()
    before = {k: v.clone() for k, v in block.state_dict().items()}
    diagram(block, (4, 6, 6))
    assert block.training and not any(m._forward_hooks for m in block.modules())
    assert all(torch.equal(v, before[k]) for k, v in block.state_dict().items())


# ---- what is drawn is what runs -----------------------------------------------


class Handing(nn.Module):
    """Layers that hand their input on must not be mistaken for it."""

    def __init__(self, inplace: bool) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.act = nn.ReLU(inplace=inplace)
        self.conv = nn.Conv2d(2, 2, 1)

    def forward(self, X: Tensor) -> Tensor:
        Z = X.clone()
        return self.conv(self.act(self.drop(Z))) + Z


@pytest.mark.parametrize("inplace", [False, True])
def test_a_skip_starts_where_it_starts(inplace):
    """In place, the skip sees the ReLU only if dropout hands on the same tensor."""
    said = diagram(Handing(inplace), (2, 4, 4)).alt
    assert (
        "addition, of the input and 1" in said or "addition, of 1 and the input" in said
    )


def test_control_flow_runs_as_it_is():
    class Choosing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 3)

        def forward(self, X: Tensor) -> Tensor:
            while X.shape[-1] > 5:  # the same layer, as often as it fits
                X = self.conv(X)
            unused = X + 1
            assert unused.shape == X.shape
            return X

    said = diagram(Choosing(), (2, 9, 9)).alt
    assert said.count("3×3 convolution, 2 channels") == 2 and "addition" not in said


class Plain(nn.Module):
    """Layers in a plain list, which a net does not know, called by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Conv2d(2, 4, (3, 5)), nn.Linear(4, 7)]
        self.act = nn.ReLU()

    def forward(self, X: Tensor) -> dict[str, Tensor]:
        conv, dense = self.layers
        Y = F.conv2d(input=X, weight=conv.weight)
        return {"logits": F.linear(self.act(Y).mean((2, 3)), dense.weight)}


def test_functions_with_weights_are_drawn_as_layers():
    said = diagram(Plain(), (2, 9, 9)).alt
    assert "1: 3×5 convolution, 4 channels, ReLU, of the input" in said
    assert "dense, 7 outputs, of 2, gives 7." in said


def test_one_channel_is_no_plural():
    net = nn.Sequential(nn.Conv2d(2, 1, 3), nn.Flatten(), nn.Linear(9, 1))
    said = diagram(net, (2, 5, 5)).alt
    assert "3×3 convolution, 1 channel," in said and "dense, 1 output," in said


def test_values_that_a_forward_asks_for_are_there():
    class Asking(nn.Module):
        def forward(self, X: Tensor) -> Tensor:
            return F.max_pool2d(X, 2) if X.sum() > 0 else X

    assert "of the input, gives 2×4×4." in diagram(Asking(), (2, 8, 8)).alt


def test_one_layer_alone_is_a_diagram():
    assert (
        "1: 3×3 convolution, 8 channels" in diagram(nn.Conv2d(3, 8, 3), (3, 9, 9)).alt
    )


def test_a_whole_network_can_be_drawn():
    said = diagram(nets.lenet(), (1, 28, 28)).alt
    assert "dense, 120 outputs, sigmoid, of 5, gives 120." in said


@pytest.mark.parametrize(
    ("block", "shape", "words"),
    [
        (nn.Conv2d(3, 8, 3), (1, 9, 9), "1 channels reach layer 0 .*in_channels=1"),
        (nn.MaxPool2d(5), (1, 3, 3), "only 3×3 pixels are left"),
        (nn.Conv2d(3, 8, 3), (3, 9), r"input_shape is \(3, 9\): give"),
        (nn.Conv2d(3, 8, 3), (3, 9, 0), "three whole numbers above 0"),
        (nn.Conv2d(3, 8, 3), 28, "input_shape is 28"),
        (nn.Identity(), (1, 3, 3), "Identity returns nothing that a layer made"),
        (
            nn.Sequential(*[nn.Conv2d(1, 1, 1) for _ in range(70)]),
            (1, 3, 3),
            "has 71 boxes, and 60 is the most",
        ),
    ],
)
def test_bad_input_is_one_sentence(block, shape, words):
    with pytest.raises(ValueError, match=words) as caught:
        diagram(block, shape)
    assert "\n" not in str(caught.value)


# ---- the picture ----------------------------------------------------------------

Box = tuple[float, float, float, float]  # left, top, right, bottom


def boxes_of(root: ElementTree.Element) -> list[Box]:
    found = []
    for e in root.iter():
        get = {k: float(v) for k, v in e.attrib.items() if re.fullmatch(r"[\d.-]+", v)}
        if e.tag == f"{SVG}rect":
            x, y = get["x"], get["y"]
            found.append((x, y, x + get["width"], y + get["height"]))
        elif e.tag == f"{SVG}circle":
            x, y, r = get["cx"], get["cy"], get["r"]
            found.append((x - r, y - r, x + r, y + r))
    return found


def letters_of(root: ElementTree.Element) -> list[tuple[str, Box]]:
    found = []
    for e in root.iter(f"{SVG}text"):
        x, y, size = (float(e.get(k)) for k in ("x", "y", "font-size"))
        half = text_width(str(e.text), size, e.get("font-weight") is not None) / 2
        found.append((str(e.text), (x - half, y - 0.75 * size, x + half, y + 1)))
    return found


def apart(a: Box, b: Box) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def inside(a: Box, b: Box) -> bool:
    return b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3]


@pytest.mark.parametrize("name", BLOCKS)
def test_nothing_overlaps_and_no_text_leaves_its_box(name):
    root = root_of(name)
    boxes, texts = boxes_of(root), letters_of(root)
    for i, a in enumerate(boxes):
        assert all(apart(a, b) for b in boxes[:i])
    for i, (text, a) in enumerate(texts):
        holders = [b for b in boxes if not apart(a, b)]
        assert all(inside(a, b) for b in holders), text
        assert bool(holders) != bool(SHAPE.fullmatch(text) or text == "input"), text
        assert all(apart(a, b) for _, b in texts[:i]), text
    width, height = map(float, root.get("viewBox").split()[2:])
    assert width <= 760
    shift = root.find(f"{SVG}g").get("transform")
    dx, dy = map(float, re.findall(r"[\d.]+", shift))
    page = (-dx, -dy, width - dx, height - dy)
    assert all(inside(b, page) for b in [*boxes, *(b for _, b in texts)])


def test_texts_are_not_estimated_too_small():
    """The widest common sans-serif, DejaVu, as matplotlib carries it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    texts = {
        (str(e.text), float(e.get("font-size")), e.get("font-weight") is not None)
        for name in BLOCKS
        for e in root_of(name).iter(f"{SVG}text")
    }
    for text, size, bold in texts:
        font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
        real = TextPath((0, 0), text, size=size, prop=font).get_extents().width
        assert real <= 1.02 * text_width(text, size, bold), text


def check(drawing: Drawing, before: list[tuple[int, ...]]) -> None:
    boxes = []
    for item in drawing.items:
        left, right = item.span
        boxes.append((left, item.y, right, item.y + item.height))
    for i, a in enumerate(boxes):
        assert all(apart(a, b) for b in boxes[:i])
    edges = [(s, t) for t, sources in enumerate(before) for s in sources]
    for (s, t), line in zip(edges, drawing.lines, strict=True):
        (x, y), end = line[0], line[-1]
        assert x == drawing.items[s].x and y == pytest.approx(boxes[s][3] + LABEL - 3)
        assert boxes[t][0] <= end[0] <= boxes[t][2] and end[1] >= boxes[t][1]
        for (x0, y0), (x1, y1) in pairwise(line):
            assert x0 == x1 or y0 == y1
            assert y1 >= y0  # never back up
            piece = (min(x0, x1), y0, max(x0, x1), y1)
            assert all(apart(piece, b) for b in boxes), (s, t)


@pytest.mark.parametrize("seed", range(40))
def test_any_graph_is_drawn_without_crossing_a_box(seed):
    """Random graphs of two to ten boxes, each depending on some of those before."""
    dice = random.Random(seed)
    before: list[tuple[int, ...]] = [()]
    for number in range(1, dice.randint(2, 10)):
        count = min(number, dice.choice((1, 1, 1, 2, 3)))
        before.append(tuple(sorted(dice.sample(range(number), count))))
    sizes = [(dice.randint(30, 160), dice.randint(20, 80)) for _ in before]
    check(arrange(sizes, before, frozenset({len(before) - 1})), before)
