"""Look inside a network: every number of the lab against torch, in a real browser."""

import base64
import copy
import io
import json
import math
import random

import networks
import oracle
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from traitlets import TraitError

from d2lmini import nets
from d2lmini.nets import trained
from d2lmini.widgets import NetworkLab, network, network_lab
from d2lmini.widgets import base as figure
from tools import figures

SEEDS = range(100, 180)  # test_engine.py has those from 0 on
RANGE = [-1.0, 2.0]

# Each job: the outputs of all nodes; then, for places, the field and the sum of parts.
LOOK = """(jobs) => JSON.parse(jobs).map(({ net, X, places }) => {
  const { Network, tensor, numbers, fields, detail } = d2lmini.kit;
  const ready = new Network(net);
  const input = tensor(X.shape, numbers(X));
  ready.forward(input);
  const outputOf = (i) => (i < 0 ? input : ready.values[i]);
  const seen = places.map(([i, ...place]) => {
    const { seen } = fields(ready.nodes, (j) => outputOf(j).shape, i, place);
    const made = detail(ready, outputOf, i, place);
    const parts = made.windows?.[0].weights
      ? made.windows.reduce((sum, one) => sum + one.sum, made.bias)
      : made.terms?.reduce((sum, [, x, w]) => sum + x * w, made.bias);
    const most = made.op === "max_pool"; // which takes no padding for a number
    const windows = made.windows?.map(({ values, inside }) =>
      values.flat().filter((_, k) => !most || inside.flat()[k]));
    return [seen, made.value, parts ?? null, windows ?? null];
  });
  return [ready.values.map((Y) => [...Y.data]), seen];
})"""
CHANGE = """([X, size, changes, range]) => changes.map((change) =>
  [...d2lmini.kit.changed(Float32Array.from(X), size, change, range)])"""


def spread(shape):
    return list(shape[1:]) if len(shape) == 4 else [1, 1, shape[-1]]


@pytest.fixture(scope="module")
def kit(browser):
    """A page with the lab's parts, and no figure."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.add_script_tag(content=figure.alone("network_lab"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def looked(kit):
    rng, cases, jobs = random.Random(0), [], []
    for seed in SEEDS:
        net, shape = networks.build(seed)
        X = torch.randn(1, *shape)
        made = network.outputs(net, X)
        places = []
        for i in rng.sample(range(len(made)), min(2, len(made))):
            places.append([i, *(rng.randrange(n) for n in spread(made[i].shape))])
        jobs.append(
            {
                "net": network.export(net, shape),
                "X": network.packed(X) | {"shape": list(X.shape)},
                "places": places,
            }
        )
        cases.append((net, X, made, places))
    answers = kit.evaluate(LOOK, json.dumps(jobs))
    return list(zip(cases, answers, strict=True))


def test_every_layer_of_a_network_equals_torch(looked):
    for (_, _, made, _), (values, _) in looked:
        for mine, truth in zip(values, made, strict=True):
            mine = torch.tensor(mine).reshape(truth.shape)
            assert (mine - truth).norm() <= 1e-5 * (1 + truth.norm())


def plain(net):
    """The net with positive weights and nothing that bends: every path counts."""
    kinds = {
        nn.MaxPool2d: lambda m: nn.AvgPool2d(m.kernel_size, m.stride, m.padding),
        nn.AdaptiveMaxPool2d: lambda m: nn.AdaptiveAvgPool2d(m.output_size),
        **dict.fromkeys(
            (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.BatchNorm1d, nn.BatchNorm2d),
            lambda m: nn.Identity(),
        ),
    }
    packer, traced = network._walked(copy.deepcopy(net), 16)
    for name, layer in list(traced.named_modules()):
        if type(layer) in kinds:
            parent, _, last = name.rpartition(".")
            setattr(traced.get_submodule(parent), last, kinds[type(layer)](layer))
    for weight in traced.parameters():
        weight.data.fill_(1.0)
    return packer, traced


def field_of(net, X, place):
    """Channels, rows and columns of X that reach a place, by the gradient."""
    packer, traced = plain(net)
    kept = {}

    class Keeper(torch.fx.Interpreter):
        def run_node(self, n):
            kept[n] = super().run_node(n)
            return kept[n]

    X = torch.ones_like(X).requires_grad_()
    Keeper(traced).run(X)
    i, *at = place
    node = next(n for n, where in packer.at.items() if where == i)
    kept[node].reshape(spread(kept[node].shape))[tuple(at)].backward()
    reached = [places.tolist() for places in X.grad[0].nonzero(as_tuple=True)]
    return [[min(p), max(p)] for p in reached] if reached[0] else None


def test_a_number_sees_what_the_gradient_reaches(looked):
    for (net, X, _, places), (_, seen) in looked[:60]:
        for place, (field, *_) in zip(places, seen, strict=True):
            assert field == field_of(net, X, place), place


def test_window_and_kernel_add_up_to_the_number(looked):
    summed = pooled = 0
    for (_, _, made, places), (_, seen) in looked:
        for (i, *at), (_, value, parts, windows) in zip(places, seen, strict=True):
            truth = float(made[i].reshape(spread(made[i].shape))[tuple(at)])
            assert value == pytest.approx(truth, abs=1e-4)
            if parts is not None:
                assert parts == pytest.approx(truth, abs=1e-3 * (1 + abs(truth)))
                summed += 1
            elif windows:
                mean = sum(windows[0]) / len(windows[0])
                assert truth == pytest.approx(mean, abs=1e-4) or truth == pytest.approx(
                    max(windows[0]), abs=1e-4
                )
                pooled += 1
    assert summed > 40 and pooled > 6


def test_a_changed_picture_is_torchs(kit):
    torch.manual_seed(0)
    X = torch.rand(2, 9, 9) * 3 - 1
    change = {"noise": 0, "shift": [0, 0], "rotate": 0, "invert": False}
    turns = [change | {"rotate": 90 * k} for k in range(-1, 3)]
    bent = [change | {"rotate": angle} for angle in (-170.5, 30, 77)]
    others = [
        change | {"shift": [2, -3]},
        change | {"invert": True},
        change | {"noise": 0.3},
    ]
    made = kit.evaluate(
        CHANGE, [X.flatten().tolist(), [2, 9, 9], [*turns, *bent, *others], RANGE]
    )
    made = [torch.tensor(one).reshape(2, 9, 9) for one in made]
    for k, one in zip(range(-1, 3), made, strict=False):
        assert torch.allclose(one, X.rot90(-k, (1, 2)), atol=1e-6)
    for change, one in zip(bent, made[4:], strict=False):
        a = torch.tensor(change["rotate"]).deg2rad()
        theta = torch.tensor([[a.cos(), a.sin(), 0], [-a.sin(), a.cos(), 0]])[None]
        where = F.affine_grid(theta, [1, 2, 9, 9], align_corners=True)
        above = F.grid_sample(X[None] - RANGE[0], where, align_corners=True)[0]
        assert torch.allclose(one, above + RANGE[0], atol=1e-4)
    moved, inverted, noisy = made[7:]
    assert torch.allclose(moved[:, 2:, :-3], X[:, :-2, 3:])
    assert (moved[:, :2] == RANGE[0]).all() and (moved[:, :, -3:] == RANGE[0]).all()
    assert torch.allclose(inverted, sum(RANGE) - X, atol=1e-6)
    apart = (noisy - X).abs()
    assert apart.mean() > 0.1 and apart.max() <= 0.9 + 1e-6
    assert RANGE[0] <= noisy.min() and noisy.max() <= RANGE[1]


# ---- the figure -------------------------------------------------------------------


def shares(page, index=0):
    """The ten probabilities that the figure shows."""
    (answer,) = oracle.read(page, [{}], index)
    return torch.tensor([answer["values"][f"p{c}"] for c in range(10)])


def close(mine, logits):
    return torch.allclose(mine, logits.softmax(1)[0], atol=2e-4)


def answered(page):
    """The page once the first answers are there: until then a key to a map is lost."""
    page.locator(".d2l-net-bars li").first.wait_for()
    return page


@pytest.fixture
def lenet_page(page_of):
    return answered(page_of(NetworkLab()))


def test_the_ten_pictures_get_torchs_answers(lenet_page):
    lab = NetworkLab()
    for i in range(10):
        lab.picture = i
        oracle.read(lenet_page, [{"picture": i}])
        assert close(shares(lenet_page), lab.output)
    assert lab.answers[0][0] == "Ankle boot"


def test_the_short_form_answers_nearly_as_torch_with_eight_bits(page_of):
    lab = NetworkLab(form="short", bits=8)
    page = answered(page_of(lab))
    for i in range(10):
        lab.picture = i
        oracle.read(page, [{"picture": i}])
        truth = lab.output.softmax(1)[0]
        assert (shares(page) - truth).abs().max() < 0.03
    assert page.locator(".d2l-net-strip").count() == 2
    # no key leads to where none does anything
    assert page.locator("canvas.d2l-maps[role=img]:not([tabindex])").count() == 2


def test_silence_and_an_edited_kernel_change_the_answer_as_in_torch(lenet_page):
    page, net = lenet_page, nets.load("lenet")
    X = NetworkLab().input
    # point at a number by the keyboard, then silence its map by the button
    page.locator("[data-node='1'] canvas").focus()
    for key in ("ArrowRight", "PageDown", "Enter"):
        page.keyboard.press(key)
    assert oracle.state_of(page, 0, "selected")["selected"] == [1, 1, 14, 15]
    page.get_by_role("button", name="Silence this map").press("Enter")
    assert oracle.state_of(page, 0, "silenced") == {"silenced": [[1, 1]]}
    quiet = torch.ones(1, 6, 1, 1)
    quiet[:, 1] = 0
    with torch.no_grad():
        assert close(shares(page), net[2:](net[:2](X) * quiet))
    page.get_by_role("button", name="Let this map speak").press("Enter")
    # write into the kernel of map 2 of the first convolution
    oracle.read(page, [{"selected": [0, 1, 10, 10]}])
    box = page.get_by_label("Kernel, row 2, column 3")
    box.fill("3.5")
    with torch.no_grad():
        net[0].weight[1, 0, 1, 2] = 3.5
        assert close(shares(page), net(X))
        value = net[0](X)[0, 1, 10, 10]
    shown = page.locator("[data-sum]").get_attribute("data-value")
    assert float(shown) == pytest.approx(float(value), abs=1e-4)
    box.fill("1e30")  # with which nothing could be computed any more
    page.get_by_text("at most 1,000,000,000; until then the old one counts").wait_for()
    assert oracle.state_of(page, 0, "edits") == {"edits": [[0, 32, 3.5]]}
    page.get_by_role("button", name="Silence this kernel").press("Enter")
    with torch.no_grad():
        net[0].weight[1, 0] = 0
        assert close(shares(page), net(X))
    page.get_by_role("button", name="Reset: Look inside").press("Enter")
    assert close(shares(page), NetworkLab().output)


def test_only_what_is_new_is_heard(lenet_page):
    page = lenet_page
    page.get_by_role("button", name="Guided tour").press("Enter")
    page.get_by_text("LeNet says").wait_for()
    page.evaluate(oracle.LISTEN)
    page.locator("[data-node='1'] canvas").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_function("spoken.length >= 2")
    page.wait_for_timeout(100)  # for what should not come
    heard = page.evaluate("spoken")
    assert len(heard) == 2 and all("Sigmoid 1, map 1" in text for text in heard)


# Whether what has the focus is seen whole, above the panel and below the tour.
FREE = """() => {
  const boxOf = (one) => one.getBoundingClientRect();
  const at = boxOf(document.activeElement);
  const panel = boxOf(document.querySelector(".d2l-net-inspect"));
  const tour = boxOf(document.querySelector(".d2l-net-tour"));
  return panel.height > 100 && at.top >= tour.bottom && at.bottom <= panel.top;
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (400, 1000)])
def test_what_has_the_focus_is_under_no_other_part(lenet_page, width, height):
    page = lenet_page
    page.set_viewport_size({"width": width, "height": height})
    page.locator("[data-node='1'] canvas").focus()  # at the bottom: the panel covers it
    page.keyboard.press("ArrowRight")
    page.wait_for_function(FREE)
    there = ["Tab"] * (page.locator(".d2l-maps").count() - 2)
    for key in [*there, "the tour", *("Shift+Tab" for _ in there)]:
        if key == "the tour":
            oracle.read(page, [{"tour": 1}])
            page.locator(".d2l-maps").last.focus()
        else:
            page.keyboard.press(key)
        assert page.evaluate(FREE), page.evaluate("document.activeElement.ariaLabel")


# Scrolls until the bottom of a canvas is a little above the panel.
ABOVE = """(canvas) => {
  const bottomOf = (one) => one.getBoundingClientRect().bottom;
  const panel = document.querySelector(".d2l-net-inspect").getBoundingClientRect();
  scrollBy({ top: bottomOf(canvas) + 30 - panel.top, behavior: "instant" });
  canvas.focus({ preventScroll: true });
  return scrollY;
}"""


def test_what_is_covered_by_nothing_stays_where_it_is(lenet_page):
    page = lenet_page
    for node in (1, 4):  # two panels of one height
        canvas = page.locator(f"[data-node='{node}'] canvas")
        canvas.press("ArrowRight")
        page.locator(".d2l-net-inspect").wait_for()
    at = canvas.evaluate(ABOVE)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(50)  # for what should not come
    assert page.evaluate("scrollY") == at


def test_enter_leads_into_a_number_and_escape_out_of_it(lenet_page):
    page = lenet_page
    canvas = page.locator("[data-node='0'] canvas")
    canvas.press("Enter")
    page.wait_for_function("document.activeElement.ariaLabel?.startsWith('Kernel')")
    chosen = {"selected": [0, 0, 14, 14]}
    page.keyboard.press("Escape")
    assert canvas.evaluate("at => at === document.activeElement")
    assert oracle.state_of(page, 0, "selected") == chosen
    page.get_by_role("button", name="Guided tour").press("Enter")
    page.keyboard.press("Escape")  # leaves the tour, and the number as it was
    assert page.evaluate("document.activeElement.textContent").startswith("Guided tour")
    assert oracle.state_of(page, 0, "tour", "selected") == {"tour": 0, **chosen}
    canvas.press("Escape")
    assert oracle.state_of(page, 0, "selected") == {"selected": []}


@pytest.mark.parametrize("node", [1, 11])
def test_enter_again_and_again_changes_no_network(lenet_page, node):
    """Where there is no kernel to lead to: the panel has buttons alone."""
    page = lenet_page
    canvas = page.locator(f"[data-node='{node}'] canvas")
    canvas.press("Enter")
    page.wait_for_function("document.activeElement.ariaLabel === 'The chosen number'")
    page.keyboard.press("Enter")
    shown = oracle.state_of(page, 0, "silenced", "selected")
    assert shown["silenced"] == [] and shown["selected"][0] == node
    page.keyboard.press("Escape")
    assert canvas.evaluate("at => at === document.activeElement")
    for _ in range(2):  # held down
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert oracle.state_of(page, 0, "silenced", "selected") == shown


def test_two_pictures_stand_side_by_side(lenet_page):
    oracle.read(lenet_page, [{"other": "picture:6", "rotate": 0}])
    answers = lenet_page.locator(".d2l-net-answer:visible .d2l-net-best")
    answers.nth(1).wait_for()
    assert [text.split("\n")[0] for text in answers.all_inner_texts()] == [
        "Ankle boot",
        "Shirt",
    ]
    assert lenet_page.locator("[data-node='3']:visible").count() == 2
    # a number is chosen in the left one
    assert lenet_page.locator("[data-node='3'] [tabindex]:visible").count() == 1
    # untouched beside what was done to it
    oracle.read(lenet_page, [{"other": "untouched", "invert": True}])
    answers.first.and_(lenet_page.locator(":not(:text('Ankle boot'))")).wait_for()
    best = answers.all_inner_texts()
    assert best[1].startswith("Ankle boot") and not best[0].startswith("Ankle boot")


def test_a_picture_is_drawn_with_the_mouse_and_with_keys(lenet_page):
    page = lenet_page
    page.get_by_role("button", name="Empty picture").press("Enter")
    assert oracle.state_of(page, 0, "picture") == {"picture": -1}
    pad = page.locator(".d2l-net-pad")
    page.evaluate(oracle.LISTEN)
    pad.focus()
    for key in (" ", "Shift+ArrowRight", "Shift+ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    heard = [text for text in page.evaluate("spoken") if text.startswith("row")]
    assert heard[0] == "row 15, column 15, drawn"
    assert heard[2:] == ["row 15, column 17, drawn", "row 16, column 17"]
    inked = "(m) => [...atob(m.get('drawing'))].filter((c) => c.charCodeAt(0)).length"
    model = "document.querySelector('.d2l-host').d2lModel"
    by_keys = page.evaluate(f"({inked})({model})")
    assert 10 < by_keys < 40
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 200)
    page.mouse.up()
    assert page.evaluate(f"({inked})({model})") > by_keys + 40
    drawing = oracle.state_of(page, 0, "drawing")["drawing"]
    assert close(shares(page), NetworkLab(picture=-1, drawing=drawing).output)


def test_the_tour_leads_through_and_can_be_left(lenet_page):
    page = lenet_page
    page.get_by_role("button", name="Guided tour: 8 steps").press("Enter")
    for step in range(1, 9):
        assert oracle.state_of(page, 0, "tour") == {"tour": step}
        assert page.locator(".d2l-net-here:visible").count() == 1
        name = "Done" if step == 8 else "Next ›"
        page.get_by_role("button", name=name).press("Enter")
    assert oracle.state_of(page, 0, "tour") == {"tour": 0}
    page.get_by_role("button", name="Guided tour: 8 steps").press("Enter")
    page.get_by_role("button", name="Leave the tour").press("Enter")
    focused = "document.activeElement.textContent"
    assert page.evaluate(focused) == "Guided tour: 8 steps"


def test_where_nothing_sticks_the_number_stands_under_its_layer(page_of):
    page = answered(page_of('<div style="overflow: auto">', NetworkLab(), "</div>"))
    page.locator("[data-node='4'] canvas").press("Enter")
    after = "[data-node='4'] + .d2l-net-inspect"
    assert page.locator(after).is_visible()
    silence = page.get_by_role("button", name="Silence this map")
    silence.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Let this map speak"
    page.get_by_role("button", name="Guided tour").press("Enter")
    for _ in range(4):
        page.keyboard.press("Enter")  # the focus stays on Next
    assert oracle.state_of(page, 0, "tour") == {"tour": 5}
    assert page.locator("div:has(> .d2l-net-tour) + [data-node='2']").count() == 1


def file(name, size=(1, 1), kind="image/png", content=None, form="PNG", alpha=False):
    """A white picture, or a black square on a transparent ground."""
    image = io.BytesIO()
    if alpha:
        drawing = Image.new("RGBA", size)
        drawing.paste((0, 0, 0, 255), (16, 16, 48, 48))
        drawing.save(image, form)
    elif content is None:
        Image.new("RGB", size, (250, 250, 250)).save(image, form)
    return {"name": name, "mimeType": kind, "buffer": content or image.getvalue()}


DROP = """() => {
  const held = new DataTransfer();
  held.items.add(new File([new Uint8Array(41e6)], "d.png", { type: "image/png" }));
  const drop = new DragEvent("drop", { dataTransfer: held, bubbles: true });
  document.querySelector(".d2l").dispatchEvent(drop);
}"""
GARBAGE = [
    (file("a.pdf", kind="application/pdf"), "“a.pdf” is not a picture"),
    (file("b.png", content=b"no picture"), "“b.png” cannot be read"),
    (file("c.png"), "“c.png” has 1 × 1 pixels: too few"),
]


TEXT = """() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.setData("text/plain", "a boot");
  const event = new DragEvent("drop", { dataTransfer, bubbles: true });
  document.querySelector(".d2l-host .d2l").dispatchEvent(event);
}"""


def test_a_picture_of_ones_own_and_what_is_none(lenet_page):
    page = lenet_page
    for given, words in GARBAGE:
        page.set_input_files("input[type=file]", given)
        page.locator(".d2l-own .d2l-warn", has_text=words).wait_for()
        assert oracle.state_of(page, 0, "picture") == {"picture": 9}
    page.evaluate(TEXT)
    page.locator(".d2l-own .d2l-warn", has_text="That was not a file").wait_for()
    page.evaluate(DROP)
    page.locator(".d2l-own .d2l-warn", has_text="“d.png” is 41 MB").wait_for()
    moving = file("e.gif", (40, 30), "image/gif", form="GIF")
    page.set_input_files("input[type=file]", moving)
    page.locator(".d2l-own", has_text="Only its first frame counts").wait_for()
    steps = page.locator(".d2l-net-steps li").all_inner_texts()
    assert steps == [
        "the middle square",
        "in grey",
        "at 28 × 28",
        "inverted: bright on black",
    ]
    assert "never leaves your machine" in page.inner_text(".d2l-own")
    page.set_input_files(
        "input[type=file]", file("f.png", (8000, 5000))
    )  # 40 megapixels
    page.locator(".d2l-own", has_text="8000 × 5000 pixels").wait_for()
    assert oracle.state_of(page, 0, "picture") == {"picture": -1}
    page.get_by_label("Trouser").check()  # another picture: the steps were not its
    assert page.locator(".d2l-net-steps li").count() == 0
    page.set_input_files("input[type=file]", file("g.png", (64, 64), alpha=True))
    page.locator(".d2l-own", has_text="64 × 64 pixels").wait_for()
    assert page.locator(".d2l-net-steps li").count() == 4  # black is seen on white


# Lets pictures be dropped, of which "slow.png" is read when `held` is called.
HOLD = """() => {
  const usual = createImageBitmap;
  globalThis.held = [];
  globalThis.createImageBitmap = (file, ...more) =>
    file.name !== "slow.png" ? usual(file, ...more) : new Promise((done) => {
      held.push(async () => {
        done(await usual(file, ...more));
        await new Promise((drawn) => setTimeout(drawn));
      });
    });
  const fileOf = ([name, text]) => new File(
    [Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name,
    { type: "image/png" });
  globalThis.give = (files) => {
    const dataTransfer = new DataTransfer();
    for (const one of files) dataTransfer.items.add(fileOf(one));
    const event = new DragEvent("drop", { dataTransfer, bubbles: true });
    document.querySelector(".d2l-host .d2l").dispatchEvent(event);
  };
}"""


def test_what_was_asked_for_last_is_shown(lenet_page):
    page = lenet_page
    page.evaluate(HOLD)
    slow, quick = (
        [name, base64.b64encode(file(name, (side, side))["buffer"]).decode()]
        for name, side in (("slow.png", 90), ("quick.png", 50))
    )
    page.evaluate("(files) => give(files)", [slow])
    page.wait_for_function("held.length === 1")
    page.evaluate("(files) => give(files)", [quick, slow])
    words = "50 × 50 pixels. Only the first of 2 files is taken."
    page.locator(".d2l-own", has_text=words).wait_for()
    page.evaluate("held[0]()")
    assert words in page.inner_text(".d2l-own")
    page.evaluate("(files) => give(files)", [slow])
    page.wait_for_function("held.length === 2")
    page.get_by_label("Trouser").check()
    page.evaluate("held[1]()")
    assert oracle.state_of(page, 0, "picture") == {"picture": 1}


WRONG = [
    "picture=99",
    "rotate=1=2",
    "selected=[9999,0,0,0]",
    "selected=[0,1]",
    "rotate=1e9",
]
WRONG += ["edits=[[0,0,null]]", "drawing=%22x%22", "other=%22net:none%22", "tour=-1"]


def test_an_address_leads_to_a_situation_and_a_wrong_one_nowhere(page_of):
    names = figures.scripts(figures.shorten(NetworkLab().html()))
    files = figures.files()
    head = "".join(f"<script>{files[name]}</script>" for name in names)
    style = "".join(
        f"<style>{files[f]}</style>" for f in ("kit.css", "network_lab.css")
    )
    page = page_of(style + head, figures.shorten(NetworkLab().html()))
    page.wait_for_function("document.querySelector('[data-live]')")
    before = oracle.state_of(page, 0, *NetworkLab().state_names())
    for text in WRONG:
        oracle.go(page, f"#network_lab-1?{text}")
    after = oracle.state_of(page, 0, *NetworkLab().state_names())
    assert {**after, "selected": []} == before  # a place that is not there chooses none
    oracle.go(page, "#network_lab-1?picture=6&rotate=30&silenced=[[1,2]]")
    state = oracle.state_of(page, 0, "picture", "rotate", "silenced")
    assert state == {"picture": 6, "rotate": 30, "silenced": [[1, 2]]}
    nowhere = [[1, 2], [1, 99], [99, 0]]  # of which one is there to be silenced
    oracle.go(page, f"#network_lab-1?&silenced={json.dumps(nowhere)}&")
    page.get_by_text("LeNet (with 1 silenced map) says").wait_for()
    assert page.locator(".d2l-address").count() == 0


# The lines on the page that describe these elements.
TOLD = """(all) => all.map((one) => document.getElementById(one.getAttribute(
  "aria-describedby"))).map((line) => line.checkVisibility() && line.textContent)"""


def test_what_the_keys_do_is_told_to_whoever_sees_and_whoever_hears(lenet_page):
    (drawing,) = lenet_page.locator(".d2l-net-pad").evaluate_all(TOLD)
    assert "arrows move the pen, space draws" in drawing
    (maps,) = set(lenet_page.locator(".d2l-maps").evaluate_all(TOLD))
    assert "Page Up and Page Down" in maps
    lenet_page.emulate_media(media="print")
    assert not any(lenet_page.locator(".d2l-net-pad, .d2l-maps").evaluate_all(TOLD))


def test_names_and_shares_have_room_where_letters_are_spaced(page_of):
    page = page_of(NetworkLab(form="short", bits=8))
    page.add_style_tag(content=oracle.SPACED)
    words = page.locator(".d2l-net-bars :is(span:first-child, b)")
    assert words.count() == 20 and words.evaluate_all(oracle.CUT) == 0
    lefts = page.locator(".d2l-net-bar").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1  # bars are compared


def test_it_can_be_read_named_and_fits_a_phone(page_of):
    page = page_of(
        NetworkLab(selected=[3, 4, 5, 5], other="picture:1", tour=3),
        NetworkLab(form="short", bits=8),
        width=390,
    )
    page.wait_for_function("document.querySelectorAll('[data-live]').length == 2")
    oracle.looks(page, 390)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A package that carries LeNet + BN too, with any weights."""
    torch.manual_seed(0)
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("lenet", "lenet-bn"):
        trained.save(trained.TRAINED[name](), folder / f"{name}.npz")
    monkeypatch.setattr(trained, "SHIPPED", folder)
    network_lab.trained.cache_clear()
    yield
    network_lab.trained.cache_clear()


def test_another_network_is_fetched_from_a_file_beside_the_page(
    shipped, page_of, tmp_path
):
    lab = NetworkLab()
    assert [one["id"] for one in lab.nets] == ["lenet", "lenet-bn"]
    assert "net" not in lab.nets[1]
    files, folder = figures.files(), tmp_path / "figures"
    folder.mkdir()
    for name in (*figures.scripts(lab.html()), "network-lenet-bn.js"):
        (folder / name).write_text(files[name], encoding="utf-8")
    scripts = (
        f'<script src="figures/{name}"></script>'
        for name in figures.scripts(lab.html())
    )
    page = page_of("".join(scripts), figures.shorten(lab.html()))
    for label in ("Network", "Beside it"):  # with what they weigh
        names = page.get_by_label(label).locator("option").all_inner_texts()
        assert any(name.endswith("LeNet + BN (0.1 MB)") for name in names)
        assert not any("LeNet (" in name for name in names)  # it is here
    page.get_by_label("Network").select_option("lenet-bn")
    page.wait_for_function("document.querySelectorAll('[data-node]').length == 16")
    assert close(shares(page), nets.load("lenet-bn")(lab.input).detach())
    (folder / "network-lenet-bn.js").write_text("", encoding="utf-8")  # cut off
    page.reload()
    page.get_by_label("Network").select_option("lenet-bn")
    page.get_by_text("its file beside this page is missing or damaged").wait_for()
    page.get_by_label("Network").select_option("lenet")
    assert close(shares(page), lab.output)
    # in a notebook there is no such file, and the kernel is asked
    assert page_of(lab).get_by_label("Network").locator("option").count() == 1
    lab.asked = "net:lenet-bn"
    assert lab.nets[1]["net"] == network_lab.trained("lenet-bn")


PACKED = """([count, range]) => {
  const { packed, unpacked } = d2lmini.kit;
  const data = Float32Array.from({ length: count }, (_, k) => k % 256);
  return unpacked(packed(data, range), range).every((v, k) => v === data[k]);
}"""


def test_a_large_picture_in_colour_is_packed(kit):
    assert kit.evaluate(PACKED, [3 * 224 * 224, [0, 255]])


def test_of_maps_one_row_high_the_one_pointed_at_is_silenced(page_of):
    net = nn.Sequential(nn.Conv2d(1, 3, (4, 3)), nn.Flatten(), nn.Linear(18, 2))
    page = page_of(NetworkLab(net, torch.rand(1, 1, 4, 8), selected=[0, 0, 0, 2]))
    page.get_by_role("button", name="Silence this map").press("Enter")
    assert oracle.state_of(page, 0, "silenced") == {"silenced": [[0, 0]]}


def test_padding_is_never_the_largest(page_of):
    conv = nn.Conv2d(1, 2, 3, padding=1)
    net = nn.Sequential(conv, nn.MaxPool2d(3, 2, 1), nn.Flatten(), nn.Linear(32, 2))
    with torch.no_grad():
        conv.weight.zero_()
        conv.bias.fill_(-1.5)
    lab = NetworkLab(net, torch.rand(1, 1, 8, 8), selected=[1, 0, 0, 0])
    page = answered(page_of(lab))
    window = page.locator("[data-grid=window] [role=row]").all_inner_texts()
    assert [row.split() for row in window] == [
        ["−∞", "−∞", "−∞"],
        ["−∞", "−1.5", "−1.5"],
        ["−∞", "−1.5", "−1.5"],
    ]
    oracle.read(page, [{"edits": [[0, 0, 0]]}])  # as it was
    assert "changed weight" not in page.inner_text(".d2l")
    oracle.read(page, [{"edits": [[0, 0, 0], [0, 1, 0.5]]}])
    assert "(with 1 changed weight) says" in page.inner_text(".d2l")
    page.get_by_text("(every 10° tried)").wait_for()
    assert "tried)" not in page.locator(".d2l-net-break + .d2l-note").last.inner_text()


def test_only_all_is_all_and_only_nothing_is_nothing(kit):
    shares = "[0, 0.004, 0.5, 0.995, 0.9999, 1, NaN]"
    said = kit.evaluate(f"{shares}.map((p) => d2lmini.kit.percent(p))")
    assert said == ["0%", "< 1%", "50%", "> 99%", "> 99%", "100%", "–"]


# ---- in Python --------------------------------------------------------------------


def small():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(400, 3)
    )


def test_a_network_of_ones_own_comes_back_as_it_was_and_answers(page_of):
    net, X = small(), torch.rand(25, 3, 12, 12) * 4 - 2
    before = copy.deepcopy(net.state_dict())
    net[0].eval()
    lab = NetworkLab(net, X, labels=["one", "two"], classes=["a", "b", "c"])
    assert [net.training, net[0].training, net[2].training] == [True, False, True]
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert lab.pictures["shape"] == [20, 3, 12, 12]
    assert torch.equal(lab.input, X[:1])
    page = page_of(lab)
    (answer,) = oracle.read(page, [{}])
    mine = torch.tensor([answer["values"][f"p{c}"] for c in range(3)])
    assert close(mine, lab.output)


def test_of_a_large_network_the_kernel_sends_maps(page_of):
    torch.manual_seed(0)
    net, X = nets.resnet18(), torch.rand(2, 1, 32, 32)
    lab = NetworkLab(net, X)
    assert len(lab.html()) < 900_000
    page = page_of(lab)
    assert close(shares(page), lab.output)
    page.get_by_label("picture 2").check()
    page.get_by_text("This network needs its kernel").wait_for()
    assert page.locator(".d2l-net-bars li:visible").count() == 0
    page.get_by_label("picture 1").check()
    assert close(shares(page), lab.output)


LIVE = (
    oracle.RENDERED
    + """
  await new Promise((done) => setTimeout(done, 50));
  model.set("picture", 1);
  await new Promise((done) => setTimeout(done, 50));
  stop();
  return [state.asked, heard.size];
}"""
)


def test_with_a_kernel_the_page_asks_it(page_of):
    torch.manual_seed(0)
    X = torch.rand(2, 1, 32, 32)
    lab = NetworkLab({"a:b": nets.resnet18(), "c": nets.slim(plan=nets.SLIM_SMALL)}, X)
    assert ["maps" in one for one in lab.nets] == [True, False]
    asked, left = page_of("").evaluate(LIVE, [lab._esm, lab.state])
    assert left == 0 and asked.startswith("X:a:b:")
    lab.asked = asked
    drawn = (X[1:] * 255).round() / 255
    with torch.no_grad():
        truth = lab._nets["a:b"].eval()(drawn)
    sent = base64.b64decode(lab.nets[0]["maps"]["values"][-1]["base64"])
    mine = torch.frombuffer(bytearray(sent), dtype=torch.float32)
    assert torch.allclose(mine, truth[0], atol=1e-5)
    page = page_of(lab)
    oracle.read(page, [{"network": "c", "other": "net:c"}])
    page.locator(".d2l-net-answer:visible").nth(1).wait_for()
    assert page.locator(".d2l-net-answer:visible").count() == 2


@pytest.mark.parametrize(
    ("net", "X", "words"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU()), torch.rand(1, 1, 8, 8), "GELU"),
        (nn.Flatten(), [[1]], "X must be pictures"),
        (nn.Flatten(), torch.rand(1, 2, 8, 8), "X has 2 channels"),
        (nn.Flatten(), torch.full((1, 1, 2, 2), torch.nan), "X holds NaN"),
        (nn.Sequential(nn.Linear(5, 5)), torch.rand(1, 1, 8, 8), "does not fit"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(net, X, words):
    module = net if isinstance(net, nn.Sequential) else nn.Sequential(net)
    with pytest.raises(ValueError, match=words):
        NetworkLab(module, X)


class Apart(nn.Module):
    """Uses its parameter itself; or flattens in the way that people often write."""

    def __init__(self, written):
        super().__init__()
        self.scale, self.written = nn.Parameter(torch.ones(1)), written

    def forward(self, X):
        return X.view(X.size(0), -1) if self.written else X * self.scale


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (nn.Identity(), "The net computes nothing"),
        (nn.Sequential(), "The net computes nothing"),
        (Apart(False), "scale is used outside a layer"),
        (Apart(True), "flatten with nn.Flatten"),
        (nn.Softmax(1), "leave it out"),
    ],
)
def test_what_stands_outside_layers_is_refused_in_one_sentence(net, words):
    with pytest.raises(ValueError, match=words) as error:
        NetworkLab(net, torch.rand(1, 1, 4, 4))
    assert "\n" not in str(error.value)


def test_a_layer_alone_is_a_network_and_names_fit_the_pictures():
    net, X = nn.Linear(4, 3), torch.rand(3, 1, 4, 4)
    lab = NetworkLab(net, X, torch.tensor([7]))
    assert torch.equal(lab.output, net(X[:1]))
    assert lab.pictures["names"] == ["7", "picture 2", "picture 3"]
    nets = {"a": nn.Flatten(), "b": nn.ReLU()}
    assert NetworkLab(nets, X, network="b").network == "b"
    with pytest.raises(ValueError, match="network is 'c'; there are a, b"):
        NetworkLab(nets, X, network="c")


def test_no_answer_is_made_of_what_is_no_number(page_of):
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    nn.init.constant_(net[1].weight, math.nan)
    lab = NetworkLab(net, torch.rand(1, 1, 2, 2))
    assert lab.answers == [] and lab.describe() == "NetworkLab: Sequential"
    page = page_of(lab)
    page.get_by_text("says: nothing, since its numbers have overflowed").wait_for()
    assert "NaN" not in page.locator("body").inner_text()
    for edits in ([[0, 0, math.nan]], [[0, 0, 1e30]], [[0, 0]]):
        with pytest.raises(TraitError, match="edits holds"):
            NetworkLab(edits=edits)
    with pytest.raises(TraitError, match="base64 of 784 greys"):
        NetworkLab(drawing="@@", picture=-1)


def test_what_is_no_network_or_no_picture_is_said():
    for net, words in (("lenet", "net must be a network"), ({"a": 1}, "not 1")):
        with pytest.raises(TypeError, match=words):
            NetworkLab(net, torch.rand(1, 1, 8, 8))
    with pytest.raises(ValueError, match="There is no network"):
        NetworkLab({}, torch.rand(1, 1, 8, 8))
    for picture in (10, -1):
        with pytest.raises(TraitError, match="give a number from 0 to 9"):
            NetworkLab(picture=picture)
