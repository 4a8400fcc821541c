"""The shape walk against `summary`, in the browser and by every kind of input."""

import json
from functools import cache

import oracle
import pytest
import torch
import torchvision
from torch import nn
from traitlets import TraitError

from d2lmini import nets
from d2lmini.analysis.summary import summary
from d2lmini.widgets import ShapeWalk
from d2lmini.widgets.shape_walk import SIZES


def resnet18():
    net = torchvision.models.resnet18(num_classes=10)
    net.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return net


def vgg11():
    features = torchvision.models.vgg11().features
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)
    return nn.Sequential(*features, *head)


NETS = {  # name: (makes it, channels, sizes that it cannot take)
    "LeNet": (nets.lenet, 1, SIZES[1:]),
    "ResNet-18": (resnet18, 1, ()),
    "VGG-11": (vgg11, 3, (28,)),
    "VGG-11, two parts": (torchvision.models.vgg11, 3, (28,)),
    "AlexNet": (lambda: torchvision.models.alexnet().features, 3, (28, 32, 48)),
    "GoogLeNet": (
        lambda: torchvision.models.googlenet(aux_logits=False, init_weights=False),
        3,
        (),
    ),
    "our LeNet": (nets.lenet, 1, SIZES[1:]),
    "our AlexNet": (nets.alexnet, 1, SIZES[:-1]),
    "our VGG-11": (nets.vgg11, 1, SIZES[:-1]),
    "our NiN": (nets.nin, 1, (28, 32, 48, 64)),
    "our GoogLeNet": (nets.googlenet, 1, ()),
    "our ResNet-18": (nets.resnet18, 1, ()),
    "our DenseNet": (nets.densenet, 1, (28,)),
}
#: A pass through these takes a third of a second: a few sizes will do.
LONG = [f"{our}{name}" for our in ("", "our ") for name in ("GoogLeNet", "ResNet-18")]
OURS = [name.removeprefix("our ") for name in NETS if name.startswith("our ")]


@cache
def made(name):
    """The net without data, and its input channels."""
    make, channels, _ = NETS[name]
    with torch.device("meta"):
        return make().eval(), channels


def sizes(name):
    return (28, 224) if name in LONG else SIZES


@cache
def truths(name):
    """`summary` at each size, or its sentence."""
    net, channels = made(name)
    answers = {}
    for n in sizes(name):
        try:
            answers[n] = summary(net, (channels, n, n))
        except ValueError as error:
            answers[n] = str(error)
    return answers


def walk_of(name, **state):
    """A walk of its own; "our" networks are those of the figure with the seven."""
    if name.startswith("our "):
        return ShapeWalk(network=name.removeprefix("our "), **state)
    net, channels = made(name)
    return ShapeWalk(net, in_channels=channels, name=name, **state)


def numbers(row, at):
    """What the page shall show of a row of `summary`."""
    shape = row.shape[1:]
    shown = {f"{at}.output.{i}": n for i, n in enumerate(shape)}
    shown |= {f"{at}.parameters": row.parameters, f"{at}.work": row.multiply_adds}
    shown[f"{at}.memory"] = 4 * torch.Size(shape).numel()
    return shown | {f"{at}.field.{i}": n for i, n in enumerate(row.field or ())}


def of_layer(values, at):
    return {k: v for k, v in values.items() if k.startswith(f"{at}.")}


@pytest.mark.parametrize("name", NETS)
def test_every_number_in_the_browser_is_that_of_summary(page_of, name):
    # "our" figures are stored, with all sizes
    own = {} if name.startswith("our ") else {"sizes": sizes(name)}
    walk, truth = walk_of(name, **own), truths(name)
    layers = walk._shown["layers"]
    stages = [i for i, layer in enumerate(layers) if layer[0] == 0]
    shown = oracle.read(page_of(walk), [{"size": n} for n in truth])
    for n, seen in zip(truth, shown, strict=True):
        expected, walk.size = truth[n], n
        values = seen["values"]
        assert values["parameters"] == sum(
            p.numel() for p in made(name)[0].parameters()
        )
        assert [values[f"input.{i}"] for i in range(3)] == [made(name)[1], n, n]
        assert (n in NETS[name][2]) == isinstance(expected, str)
        if isinstance(expected, str):
            assert seen["problem"] == walk.problem == expected
            assert walk.summary is None and "work" not in values
            continue
        assert seen["problem"] == walk.problem == ""
        assert n != max(truth) or walk.summary == expected
        assert len(stages) == len(expected.rows)
        for at, row in zip(stages, expected.rows, strict=True):
            assert layers[at][1:3] == [row.name, row.layer]
            assert of_layer(values, at) == numbers(row, at)
        outputs = sum(4 * torch.Size(row.shape).numel() for row in expected.rows)
        assert (values["work"], values["memory"]) == (expected.multiply_adds, outputs)
    assert len(json.dumps(walk._shown)) <= 60_000
    assert len(walk.html().encode()) <= 180_000


@pytest.mark.parametrize("name", ["ResNet-18", "VGG-11, two parts", "GoogLeNet"])
def test_opened_stages_agree_with_a_summary_of_their_own(page_of, name):
    """Fields apart, an opened stage is the walk through that child alone."""
    net, channels = made(name)
    size = 64
    walk = walk_of(name, sizes=[size])
    values = oracle.read(page_of(walk), [{"size": size}])[0]["values"]
    layers, reached, checked = walk._shown["layers"], (channels, size, size), 0
    starts = [i for i, layer in enumerate(layers) if layer[0] == 0]
    for at, end in zip(starts, [*starts[1:], len(layers)], strict=True):
        child = net.get_submodule(layers[at][1])
        within = [i for i in range(at + 1, end) if layers[i][0] == 1]
        pictures = within and layers[at][1] != "classifier"  # that gets a vector
        rows = summary(child, reached).rows if pictures else ()
        for i, row in zip(within, rows, strict=bool(rows)):
            assert layers[i][1:] == [row.name, row.layer, row.parameters]
            alike = numbers(row._replace(field=None), i).items()
            assert alike <= of_layer(values, i).items()
            checked += 1
        out = (values.get(f"{at}.output.{k}") for k in range(3))
        reached = tuple(int(n) for n in out if n is not None)
    assert checked >= 8


def test_a_collapse_keeps_what_still_works(page_of):
    """VGG-11 on 28 pixels: as without the last pooling, which has nothing left."""
    net, truth = made("VGG-11")[0][:20], truths("VGG-11")
    page = page_of(walk_of("VGG-11"))
    seen = oracle.read(page, [{"size": 28}])[0]
    assert seen["problem"] == truth[28] and "layer 20 (MaxPool2d)" in truth[28]
    for at, row in enumerate(summary(net, (3, 28, 28)).rows):
        assert of_layer(seen["values"], at) == numbers(row, at)
    texts = page.locator("[data-layer]").all_text_contents()
    assert len(texts) == 24 and not any("left" in text for text in texts[:20])
    assert "✕ nothing left" in texts[20]
    assert all("nothing left" in text and "✕" not in text for text in texts[21:])
    oracle.read(page, [{"size": 32}])
    assert not any("left" in text for text in page.locator("ul").all_text_contents())


def test_a_misfit_says_where_and_nothing_of_a_collapse(page_of):
    page = page_of(walk_of("LeNet"))
    assert oracle.read(page, [{"size": 32}])[0]["problem"] == truths("LeNet")[32]
    texts = page.locator("[data-layer]").all_text_contents()
    assert "✕ does not fit" in texts[7] and "1600" not in texts[7]
    assert all("not reached" in text for text in texts[8:])


def test_an_opened_stage_shows_the_layer_where_it_ends(page_of):
    page = page_of(walk_of("VGG-11, two parts", opened=["features"]))
    oracle.read(page, [{"size": 28}])
    texts = page.locator("[data-stage=features] ul li").all_text_contents()
    assert ["✕" in text for text in texts] == [False] * 20 + [True]


def shares(page, at):
    return page.locator(f"[data-layer='{at}'] .d2l-walk-share").all_text_contents()


def test_bars_have_their_shares_beside_them(page_of):
    page = page_of(walk_of("LeNet"))
    oracle.read(page, [{}])
    rows, whole = truths("LeNet")[28].rows, truths("LeNet")[28]
    for at in (3, 7):
        parts = (
            100 * rows[at].parameters / whole.parameters,
            100 * rows[at].multiply_adds / whole.multiply_adds,
        )
        written = [float(text.removesuffix("%")) for text in shares(page, at)]
        assert written == pytest.approx(parts, abs=0.5)
    assert shares(page, 1) == []


def test_slider_by_keyboard(page_of):
    page = page_of(walk_of("ResNet-18", sizes=(28, 32, 48, 224)))
    slider = page.get_by_label("Input size")
    slider.focus()
    seen = []
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "End", "Home"):
        page.keyboard.press(key)
        side = oracle.state_of(page, 0, "size")["size"]
        assert slider.get_attribute("aria-valuetext") == f"{side} × {side}"
        assert f"{side} × {side} image" in page.locator("[data-sum]").text_content()
        seen.append(side)
    assert seen == [32, 48, 32, 224, 28]


def test_a_stage_opens_by_keyboard_and_mouse(page_of):
    page = page_of(walk_of("GoogLeNet", sizes=[64]))
    button = page.get_by_role("button", name="inception3a Inception")
    inner = page.locator("[data-stage=inception3a] ul")
    button.focus()
    for key, is_open in (("Enter", True), ("Space", False), ("Space", True)):
        page.keyboard.press(key)
        assert inner.is_visible() == is_open
        assert button.get_attribute("aria-expanded") == str(is_open).lower()
        assert button.evaluate("b => b === document.activeElement")
    names = inner.locator("[style*='--depth: 1'] b").all_text_contents()
    assert names == ["branch1", "branch2", "branch3", "branch4"]
    assert button.get_attribute("aria-controls") == inner.get_attribute("id")
    page.get_by_role("button", name="inception4a Inception").click()
    opened = oracle.state_of(page, 0, "opened")["opened"]
    assert opened == ["inception3a", "inception4a"]
    button.click()
    assert not inner.is_visible()
    assert page.get_by_role("button", name="maxpool1").count() == 0


# Cells whose words reach over the gap to the next column.
BEYOND = """(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 9)
  .map((one) => one.innerText)"""


def test_looks(page_of):
    walks = [
        walk_of("LeNet"),
        walk_of("GoogLeNet", opened=["inception3a"], sizes=[224]),
        walk_of("VGG-11, two parts", opened=["features"], sizes=[28, 224], size=28),
        walk_of("ResNet-18", opened=["layer4"], sizes=[224]),
        ShapeWalk(network="LeNet", size=32, beside="DenseNet", beside_size=96),
    ]
    page = page_of(*walks, width=390)
    oracle.read(page, [{}])
    oracle.looks(page, 390, 720, 1280)
    assert "null" not in page.locator("section").first.inner_text()
    page.set_viewport_size({"width": 720, "height": 900})
    cells = page.locator(".d2l-walk-cell:visible")
    for spacing in (" ", oracle.SPACED):  # no number lies on its neighbour
        page.add_style_tag(content=spacing)
        assert cells.count() > 300 and cells.evaluate_all(BEYOND) == []


# ---- several networks, drawn -----------------------------------------------------

BOXES = """() => [...document.querySelectorAll("[data-box]")].map((box) => {
  const { width, height } = box.querySelector(".d2l-walk-box").getBoundingClientRect();
  return [box.dataset.box, width, height];
})"""


def test_boxes_are_in_proportion_on_one_scale(page_of):
    """As high as a side, as wide as the root of the maps' number, in both drawings."""
    chosen = {"network": "VGG-11", "size": 224, "beside": "NiN", "beside_size": 128}
    page = page_of(ShapeWalk(**chosen))
    oracle.read(page, [{}])
    shapes = {}
    for mark, name, size in (("", "VGG-11", 224), ("beside.", "NiN", 128)):
        shown = next(one for one in ShapeWalk().data["nets"] if one["name"] == name)
        rows = shown["walks"][SIZES.index(size)]["rows"]
        shapes |= {f"{mark}{i}": rows[i][0] for i in shown["drawn"]}
    boxes = page.evaluate(BOXES)
    assert [name for name, *_ in boxes] == list(shapes)
    tall = {n: (h, s[1]) for n, _, h in boxes if len(s := shapes[n]) == 3 and h > 5}
    wide = {n: (w + 2, shapes[n][0] ** 0.5) for n, w, _ in boxes if w > 12}
    for pairs in (tall, wide):
        assert len(pairs) >= 8
        ratios = [shown / meant for shown, meant in pairs.values()]
        assert max(ratios) / min(ratios) < 1.1
    heads = [row for row in boxes if len(shapes[row[0]]) == 1]  # vectors
    assert all(height <= 5 for *_, height in heads) and len(heads) == 3


def test_a_drawing_has_a_box_for_what_may_change_the_shape():
    """Blocks stay whole; what is left out keeps the number of maps and their sides."""
    kinds = {}
    for one in ShapeWalk().data["nets"]:
        rows = next(walk for walk in one["walks"] if not walk["problem"])["rows"]
        kinds[one["name"]] = [one["layers"][i][2] for i in one["drawn"]]
        last = [1]
        for i, (_, _, kind, _) in enumerate(one["layers"]):
            leaf = kind in ("ReLU", "Sigmoid", "Dropout", "BatchNorm2d", "Identity")
            assert not (leaf and i in one["drawn"])
            last = rows[i][0] if i in one["drawn"] else last
        assert last == [10] or last == [10, 1, 1]
    assert kinds["ResNet-18"].count("Residual") == 8
    assert kinds["GoogLeNet"].count("Inception") == 9
    assert kinds["DenseNet"].count("DenseBlock") == 4
    assert kinds["VGG-11"].count("Conv2d") == 8 and kinds["VGG-11"].count("Linear") == 3


def test_another_network_comes_at_a_size_that_it_takes(page_of):
    page = page_of(ShapeWalk(network="AlexNet", size=224))
    oracle.read(page, [{}])
    pick, other = (
        page.get_by_label("Network", exact=True),
        page.get_by_label("Beside it"),
    )
    pick.select_option("LeNet")
    other.select_option("ResNet-18")
    names = ("network", "size", "beside", "beside_size")
    chosen = oracle.state_of(page, 0, *names)
    assert chosen == {
        "network": "LeNet",
        "size": 28,
        "beside": "ResNet-18",
        "beside_size": 28,
    }
    page.get_by_label("Its input size").press("End")
    seen = oracle.read(page, [{}])[0]["values"]
    few, many = truths("our LeNet")[28], truths("our ResNet-18")[224]
    assert (seen["parameters"], seen["beside.parameters"]) == (61_706, many.parameters)
    assert seen["beside.work"] == many.multiply_adds
    ratio = many.multiply_adds / few.multiply_adds
    said = page.get_by_text("ResNet-18 has").text_content()
    assert f"does {ratio:,.0f} times the work" in said and "181 times" in said
    oracle.read(page, [{"network": "LeNet", "beside": "LeNet", "beside_size": 28}])
    said = page.get_by_text("LeNet has").text_content()
    assert said == "LeNet has as many parameters as LeNet and does the same work."
    other.select_option("none")
    assert page.get_by_text("ResNet-18 has").count() == 0
    pick.select_option("AlexNet")
    page.get_by_label("Input size", exact=True).press("Home")
    assert "does not fit" in page.locator("[data-problem]").first.text_content()
    assert page.locator(".d2l-walk-gone").count() >= 3


GROUND = "(one) => getComputedStyle(one).backgroundColor"


def test_boxes_by_keyboard(page_of):
    page = page_of(ShapeWalk(network="AlexNet", size=224))
    oracle.read(page, [{}])
    boxes = page.locator("[data-box]")
    boxes.first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    row = truths("our AlexNet")[224].rows[3]
    said = boxes.nth(2).get_attribute("aria-label")
    assert said.startswith("3 Conv2d: output 256 × 26 × 26 · 614,656 parameters (1.3%)")
    assert f"{row.multiply_adds:,} multiply–adds (44%)" in said
    assert said.endswith("field 51 × 51")
    assert page.locator(".d2l-walk-view [role=status]").nth(1).text_content() == said
    assert boxes.nth(2).evaluate("b => b === document.activeElement && !b.tabIndex")
    pressed = boxes.evaluate_all("all => all.map((b) => b.ariaPressed === 'true')")
    assert pressed == [i == 2 for i in range(len(pressed))]
    # the shares, the kinds and the chosen box, where colours are few
    page.emulate_media(forced_colors="active")
    page.evaluate("document.activeElement.blur()")
    outlines = boxes.evaluate_all("all => all.map((b) => getComputedStyle(b).outline)")
    assert outlines.count(outlines[2]) == 1 and "solid" in outlines[2]
    grounds = [
        page.locator(f".d2l-walk-{part}").first.evaluate(GROUND)
        for part in ("row", "part", "pool .d2l-walk-box", "dense .d2l-walk-box")
    ]
    assert len(set(grounds)) == 4


def test_networks_of_the_readers_own_are_compared():
    nets_of = {"a": nets.lenet(), "b": nn.Sequential(nn.Flatten(), nn.Linear(784, 10))}
    walk = ShapeWalk(nets_of, sizes=(28, 32), network="b", beside="a")
    assert walk.summary.parameters == 7850 and walk.beside_size == 28
    assert walk.describe().endswith("28, 32 pixels a side; 1 more to choose from")
    walk.network = "a"
    assert walk.summary == summary(nets_of["a"], (1, 28, 28))


def test_still_and_one_line(page_of):
    walk = walk_of("LeNet")
    page = page_of(walk, java_script_enabled=False)
    rows = page.locator(".d2l-still tbody tr").all_text_contents()
    assert len(rows) == 13 and rows[1] == "0 Conv2d6 × 28 × 28156117,60018.8 kB5 × 5"
    assert repr(walk).startswith("ShapeWalk: LeNet, 12 stages, 61,706 parameters")
    walk.size = 32
    assert walk.problem in walk.still() and "not reached" in walk.still()


LIVE = """
from d2lmini import nets
from d2lmini.widgets import ShapeWalk
walk = ShapeWalk(nets.lenet(), name="LeNet")
"""


def test_traits_in_a_kernel(kernel):
    kernel.run(LIVE)
    comm = kernel.comms[-1]
    said = kernel.run("print(walk.size, walk.summary.multiply_adds, [walk.problem])")
    assert said == f"28 {truths('LeNet')[28].multiply_adds} ['']\n"
    kernel.update(comm, {"size": 224, "opened": ["3"]})
    said = kernel.run("print(walk.size, walk.summary, walk.opened, walk.problem)")
    assert said == f"224 None ['3'] {truths('LeNet')[224]}\n"
    kernel.update(comm, {"size": 28})
    assert kernel.run("print(walk.summary)") == f"{truths('LeNet')[28]}\n"


def test_the_net_is_left_as_it_was():
    net = nets.lenet().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    ShapeWalk(net)
    assert net.training and not net[0]._forward_hooks
    assert all(torch.equal(v, before[name]) for name, v in net.state_dict().items())


def test_the_first_size_that_fits_is_shown_first():
    assert walk_of("AlexNet").size == 64 and walk_of("AlexNet", size=28).size == 28


def test_other_names_for_the_stages(page_of):
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, (3, 5))), nn.ReLU())
    walk = ShapeWalk(net, sizes=(8, 9), stages=["<stem>", "act"], opened=["<stem>"])
    page = page_of(walk)
    values = oracle.read(page, [{"size": 9}])[0]["values"]
    assert [values[f"2.field.{i}"] for i in (0, 1)] == [3, 5]
    assert page.locator("[data-layer='0'] b").text_content() == "<stem>"
    assert "&lt;stem&gt;" in walk.still() and walk.describe().startswith(
        "ShapeWalk: Sequential, 2 stages"
    )


class Unusual(nn.Module):
    """A field that is not known, and work that no layer accounts for."""

    def __init__(self):
        super().__init__()
        self.sort, self.weight = nn.Identity(), nn.Parameter(torch.ones(784, 10))
        self.sort.forward = lambda X: X.sort(2).values

    def forward(self, X):
        return self.sort(X).flatten(1) @ self.weight


def test_what_is_not_known_and_what_is_left_are_said(page_of):
    walk = ShapeWalk(Unusual(), sizes=(28, 32))
    assert walk._shown["walks"][0]["rows"] == [[[1, 28, 28], 0, "?"], [None, 7840, 0]]
    page = page_of(walk)
    seen = oracle.read(page, [{"size": 28}])[0]
    assert seen["values"]["work"] == 7840
    assert seen["values"]["memory"] == 4 * 784  # of outputs that are known
    texts = page.locator("[data-layer]").all_text_contents()
    assert texts[0].endswith("field ?") and "rest" in texts[1]
    assert "<td>?</td>" in walk.still() and "rest" in walk.still()
    walk.size = 32
    assert "is multiplied by (784, 10)" in walk.problem


class Moody(nn.Sequential):
    """Runs other layers on small images than on large ones."""

    def forward(self, X):
        return self[X.shape[-1] > 30](X)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sizes": ()}, "give growing whole numbers"),
        ({"sizes": (32, 28)}, "give growing whole numbers"),
        ({"in_channels": 3}, "No size fits the net. At 28 × 28: .*in_channels=3"),
        ({"sizes": (32, 64)}, "No size fits the net. At 32 × 32: An input of"),
        ({"stages": ["one"]}, "stages has 1 names, but the net has 12 stages"),
        ({"net": Moody(nn.ReLU(), nn.Sigmoid())}, "At 32 × 32 the net runs other"),
        ({"net": {}}, "There is no network"),
        ({"network": "VGG"}, "network is 'VGG'; there are Sequential."),
        (
            {"net": None, "beside": "LeNet-5"},
            "beside is 'LeNet-5'; there are LeNet, Al",
        ),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(ValueError, match=words):
        ShapeWalk(**{"net": nets.lenet(), **wrong})


def test_wrong_traits_are_refused_in_words():
    walk = walk_of("LeNet")
    with pytest.raises(TraitError, match="size is 30; this walk has"):
        walk.size = 30
    with pytest.raises(TraitError, match="No stage is called"):
        walk.opened = ["Flatten"]
    with pytest.raises(TraitError, match="beside is 'NiN'; there are LeNet"):
        walk.beside = "NiN"
    with pytest.raises(TraitError, match="size is 30"):
        walk_of("LeNet", size=30)
