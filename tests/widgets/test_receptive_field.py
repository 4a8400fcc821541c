"""The receptive field against gradients: what is seen is what has an influence."""

import json
import random

import numpy as np
import oracle
import pytest
import torch
from torch.nn.functional import avg_pool1d, conv1d
from traitlets import TraitError

from d2lmini.analysis.field import ReceptiveFields
from d2lmini.widgets import ReceptiveField
from d2lmini.widgets.receptive_field import CHANNELS, PRESETS, as_layer


def some_layer(rng):
    if rng.random() < 0.25:
        kernel = rng.randint(1, 4)
        # now and then a padding that pooling does not have
        padding = rng.randint(0, kernel // 2 + (rng.random() < 0.1))
        stride = rng.randint(1, 4)
        return as_layer(
            {"kind": "pooling", "kernel": kernel, "stride": stride, "padding": padding}
        )
    return as_layer(
        {
            "kernel": rng.choice((1, 2, 3, 3, 3, 5, 7)),
            "stride": rng.choice((1, 1, 1, 2, 3)),
            "padding": rng.choice((0, 0, 1, 1, 2, 5)),
            "dilation": rng.choice((1, 1, 1, 2, 3, 4)),
        }
    )


def settings(rng):
    layers = [some_layer(rng) for _ in range(rng.randint(1, 6))]
    return {
        "size": rng.randint(1, 48),
        "layers": layers,
        "layer": rng.randint(1, len(layers)),
        "selected": [rng.randint(0, 12), rng.randint(0, 30)],
        "channels": rng.choice(CHANNELS),
    }


PLAIN = {"layer": 1, "selected": [0, 0], "channels": 1}
EXTREMES = [
    {"size": 1, "layers": [as_layer(1)]},
    {"size": 48, "layers": [as_layer(1)] * 8, "layer": 8, "selected": [47, 47]},
    {"size": 1, "layers": [as_layer({"kernel": 11, "padding": 5})] * 8, "layer": 8},
    {"size": 48, "layers": [as_layer(11)] * 4, "layer": 4, "selected": [99, 7]},
    {"size": 3, "layers": [as_layer({"kernel": 1, "padding": 5})]},  # sees nothing
    {"size": 5, "layers": [as_layer({"kernel": 3, "dilation": 8, "padding": 8 // 2})]},
    {"size": 9, "layers": [as_layer({"kernel": 3, "dilation": 4})]},
    {
        "size": 48,
        "layers": [as_layer({"kernel": 2, "stride": 6, "padding": 5})] * 8,
        "layer": 8,
    },
    *({"size": n, "layers": x, "layer": len(x)} for n, x in PRESETS.values()),
]


def apply(one, X):
    """One layer on (1, 1, n); convolutions have weights of one."""
    if one["kind"] == "pooling":
        return avg_pool1d(X, one["kernel"], one["stride"], one["padding"])
    K = torch.ones(1, 1, one["kernel"], dtype=X.dtype)
    return conv1d(X, K, None, one["stride"], one["padding"], one["dilation"])


def truth(state, axis):
    """Sizes up to the layer that torch refuses, and the pixels with a gradient."""
    X = torch.ones(1, 1, state["size"], dtype=torch.float64, requires_grad=True)
    outputs = [X]
    for one in state["layers"]:
        try:
            outputs.append(apply(one, outputs[-1]))
        except RuntimeError:
            break
    top = min(state["layer"], len(outputs) - 1)
    row = outputs[top][0, 0]
    element = row[min(state["selected"][axis], len(row) - 1)]
    (gradient,) = torch.autograd.grad(element, X)
    return [len(y[0, 0]) for y in outputs], gradient[0, 0].nonzero()[:, 0].tolist()


def test_the_field_is_where_the_gradient_is_not_zero(page_of):
    rng = random.Random(0)
    states = [{**PLAIN, **s} for s in EXTREMES] + [settings(rng) for _ in range(120)]
    shown = oracle.read(page_of(ReceptiveField()), states)
    broken = holes = 0
    for state, seen in zip(states, shown, strict=True):
        sizes, columns = truth(state, 1)
        figure = ReceptiveField(**state)
        assert seen["problem"] == figure.problem, state
        assert bool(figure.problem) == (len(sizes) <= len(state["layers"])), state
        assert figure.sizes == sizes, state
        assert figure.pixels(1) == columns and figure.pixels(0) == truth(state, 0)[1]
        broken += bool(figure.problem)
        values = seen["values"]
        assert [values[f"size{i}"] for i in range(len(sizes))] == sizes, state
        assert f"size{len(sizes)}" not in values
        if len(sizes) == 1:
            continue
        holes += bool(columns) and columns[-1] - columns[0] >= len(columns)
        drawn = [i for i, on in enumerate(seen["grids"]["input"][0]) if on]
        assert drawn == columns and values["count"] == len(columns), state
        check_numbers(state, figure, values)
    assert 10 < broken < 140 and holes > 15


def check_numbers(state, figure, values):
    """Steps, fields, what lies beyond the border, weights: browser and Python."""
    top = min(state["layer"], len(figure.sizes) - 1)
    assert values["field"] == figure.fields[top]
    assert [values[f"step{i}"] for i in range(len(figure.sizes))] == figure.steps
    assert [values[f"field{i}"] for i in range(len(figure.sizes))] == figure.fields
    first, last = figure.span()
    beyond = sum(not 0 <= x < state["size"] for x in range(first, last + 1))
    assert values.get("beyond", 0) == beyond, state
    stack = [x["kernel"] for x in state["layers"][:top] if x["kind"] == "convolution"]
    pairs = state["channels"] ** 2
    weights = (sum(k * k for k in stack) * pairs, figure.fields[top] ** 2 * pairs)
    assert figure.weights == weights, state
    if stack:  # else the page does not count weights
        assert weights == (values["stack"], values["single"]), state


LIVE = """
import json
from d2lmini.widgets import ReceptiveField
figure, answers = ReceptiveField(), []
for state in json.loads({states!r}):
    for name, value in state.items():
        setattr(figure, name, value)
    answers.append([figure.sizes, figure.pixels()])
print(json.dumps(answers))
"""


def test_traits_in_a_kernel_equal_torch(kernel):
    rng = random.Random(1)
    states = [settings(rng) for _ in range(100)]
    answers = []
    for i in range(0, len(states), 50):  # a kernel drops what it says too fast
        some = json.dumps(states[i : i + 50])
        answers += json.loads(kernel.run(LIVE.format(states=some)))
    for state, held in zip(states, answers, strict=True):
        assert held == list(truth(state, 1)), state


def test_the_span_is_the_one_of_the_shape_walk():
    rng, checked = random.Random(1), 0
    while checked < 60:
        state = settings(rng)
        figure = ReceptiveField(**state)
        if figure.problem:
            continue
        checked += 1
        X = torch.empty(1, 1, state["size"], state["size"], device="meta")
        with ReceptiveFields(X) as fields:
            for one, size, field in zip(
                state["layers"], figure.sizes[1:], figure.fields[1:], strict=True
            ):
                X = in_two_dimensions(one, X)
                assert X.shape[-2:] == (size, size)
                assert fields.of(X) == (field, field)


def in_two_dimensions(one, X):
    if one["kind"] == "pooling":
        return torch.nn.functional.avg_pool2d(
            X, one["kernel"], one["stride"], one["padding"]
        )
    K = torch.empty(1, 1, one["kernel"], one["kernel"], device="meta")
    rest = one["stride"], one["padding"], one["dilation"]
    return torch.nn.functional.conv2d(X, K, None, *rest)


def test_without_a_border_in_reach_the_ends_are_the_span():
    rng, checked = random.Random(2), 0
    while checked < 60:
        figure = ReceptiveField(**settings(rng))
        first, last = figure.span()
        inner = all(
            start >= 0 and start + reach < n for start, reach, n in windows(figure)
        )
        if not inner:
            continue
        checked += 1
        assert (figure.pixels()[0], figure.pixels()[-1]) == (first, last)


def windows(figure):
    """Start, reach and room of every window that the chosen element looks through."""
    top = min(figure.layer, len(figure.sizes) - 1)
    seen = {min(figure.selected[1], figure.sizes[top] - 1)}
    for at in range(top, 0, -1):
        one, below = figure.layers[at - 1], set()
        reach = one["dilation"] * (one["kernel"] - 1)
        for i in seen:
            start = i * one["stride"] - one["padding"]
            yield start, reach, figure.sizes[at - 1]
            below |= set(range(start, start + reach + 1, one["dilation"]))
        seen = below


def test_two_small_kernels_see_as_much_as_a_large_one(page_of):
    two, one = ReceptiveField(layers=[3, 3]), ReceptiveField(layers=[5])
    assert two.pixels() == one.pixels() and two.sizes[-1] == one.sizes[-1]
    assert two.weights == (18 * 64**2, 25 * 64**2)
    shown = oracle.read(page_of(two), [{}])[0]
    assert shown["formulas"][1].endswith("3 + (3 − 1)·1·1 = 5")
    assert shown["values"]["stack"] == 73728 and shown["values"]["single"] == 102400


def test_a_share_that_is_nearly_all_is_not_said_to_be_all(page_of):
    layer = {"kind": "convolution", "kernel": 3, "stride": 2, "padding": 1}
    page = page_of(ReceptiveField(size=48, layers=[layer | {"dilation": 1}] * 6))
    assert "The stack has over 99% fewer." in page.inner_text(".d2l")


def test_what_pooling_finds_beyond_the_border_is_not_called_zeros(page_of):
    layer = {"kind": "pooling", "kernel": 3, "stride": 2, "padding": 1, "dilation": 1}
    page = page_of(ReceptiveField(size=9, layers=[layer], selected=[0, 0]))
    assert "no pixels and padding stands in." in page.inner_text(".d2l-sum")
    assert page.get_by_text("Weights up to layer").count() == 0  # it has none


def test_the_preset_called_larger_is_larger():
    figure = ReceptiveField(layers="larger than the input")
    assert figure.fields[-1] > figure.size == len(figure.pixels())


def test_mouse_chooses_an_element(page_of):
    page = page_of(ReceptiveField())
    cells = page.locator("[data-grid=layer2] rect")
    cells.nth(6).hover()
    assert oracle.state_of(page, 0, "selected")["selected"][1] == 6
    page.locator("[data-grid=layer1] rect").nth(0).click()
    state = oracle.state_of(page, 0, "layer", "selected")
    assert state["layer"] == 1 and state["selected"][1] == 0
    flat = page.get_by_role("application", name="The field in the picture")
    flat.click(position={"x": 3, "y": 200})
    assert oracle.state_of(page, 0, "selected")["selected"][1] == 0
    assert oracle.state_of(page, 0, "selected")["selected"][0] == 7


def test_keys_move_the_element_and_change_the_layer(page_of):
    page = page_of(ReceptiveField(layers="LeNet"))
    page.get_by_role("application", name="Cross-section").focus()
    seen = []
    for key in ("ArrowRight", "End", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        state = oracle.state_of(page, 0, "layer", "selected")
        seen.append((state["layer"], state["selected"][1]))
    assert seen == [(4, 3), (4, 4), (4, 4), (3, 9), (2, 11), (3, 9)]
    page.get_by_role("application", name="The field in the picture").focus()
    page.keyboard.press("ArrowDown")
    row = oracle.state_of(page, 0, "selected")["selected"][0]
    page.keyboard.press("ArrowUp")
    assert oracle.state_of(page, 0, "selected")["selected"][0] == row - 1


def test_the_reader_builds_a_stack(page_of):
    page = page_of(ReceptiveField())
    page.get_by_role("button", name="Add a layer on top").click()
    page.get_by_label("Dilation", exact=True).fill("2")
    page.get_by_label("Padding", exact=True).focus()
    page.keyboard.press("ArrowUp")
    page.get_by_label("Layer to change").select_option("0")
    page.get_by_label("Stride", exact=True).fill("2")
    layers = oracle.state_of(page, 0, "layers")["layers"]
    assert layers[0] == as_layer({"kernel": 3, "stride": 2})
    assert layers[2] == as_layer({"kernel": 3, "dilation": 2, "padding": 1})
    assert "Layer 3 (convolution 3 × 3) reaches" not in page.content()
    page.get_by_label("pooling").check()
    assert oracle.state_of(page, 0, "layers")["layers"][0] == as_layer(
        {"kind": "pooling", "kernel": 3}
    )
    for _ in range(2):
        page.get_by_role("button", name="Remove this layer").click()
    assert page.get_by_role("button", name="Remove this layer").is_disabled()
    assert len(oracle.state_of(page, 0, "layers")["layers"]) == 1
    page.get_by_label("Stack", exact=True).select_option("LeNet")
    assert oracle.state_of(page, 0, "size", "layer") == {"size": 28, "layer": 4}
    page.get_by_label("Channels of every layer").select_option("3")
    assert page.locator("[data-number=stack]").get_attribute("data-value") == "450"


def test_steps_grow_the_field_layer_by_layer(page_of):
    page = page_of(ReceptiveField(layers="three 3 × 3", layer=1))
    fields = [int(page.inner_text("[data-number=field]"))]
    for _ in range(2):
        page.get_by_role("button", name="Step ›").click()
        fields.append(int(page.inner_text("[data-number=field]")))
    assert fields == [3, 5, 7]


def image():
    return torch.arange(784.0).reshape(28, 28) / 783


def test_looks(page_of):
    stacks = [ReceptiveField(layers=name) for name in PRESETS]
    picture = ReceptiveField(layers="LeNet", image=image(), selected=(0, 4))
    broken = ReceptiveField(layers=[11], size=3, controls=["layers"])
    page = page_of(*stacks, picture, broken, width=390)
    oracle.looks(page, 390, 1280)


def test_the_image_takes_the_place_of_the_frame():
    figure = ReceptiveField(layers=[3], image=image())
    assert figure.size == 28 and len(figure.image) == 28
    assert "28×28" in repr(figure)
    assert ReceptiveField(layers="two 3 × 3", image=image()).size == 28
    with pytest.raises(ValueError, match="size is 20 and the image 28×28; leave size"):
        ReceptiveField(size=20, image=image())


def test_layers_are_whole_however_they_are_written():
    three, figure = np.int64(3), ReceptiveField(layers=[3, 3])
    for layers in ([3.0, three], np.array([3, 3]), [{"kernel": three}] * 2):
        made = ReceptiveField(layers=layers)
        assert made.layers == figure.layers and json.dumps(made.state)
    with pytest.raises(TypeError, match=r"layers is 3: give a list, such as .3, 3."):
        ReceptiveField(layers=3)
    for ask in (figure.pixels, figure.span):
        with pytest.raises(ValueError, match="axis must be at"):
            ask(-1)
        with pytest.raises(ValueError, match="axis must be at"):
            ask(2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layers": []}, "from 1 to 8"),
        ({"layers": [3] * 9}, "from 1 to 8"),
        ({"layers": [0]}, "kernel is 0"),
        ({"layers": [True]}, "True is no layer"),
        ({"layers": [None]}, "None is no layer: give a kernel's size, or a dict"),
        ({"layers": ["conv"]}, "'conv' is no layer"),
        ({"layers": [{"kernel": 2.5}]}, "kernel is 2.5"),
        ({"layers": [{"kernel": 3, "stride": 0}]}, "stride is 0"),
        ({"layers": [{"kind": "dense"}]}, "is no layer"),
        ({"layers": [{"kind": "pooling", "dilation": 2}]}, "only 1"),
        ({"size": 49}, "size"),
        ({"controls": ["colour"]}, "No control is called"),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        ReceptiveField(**wrong)
    with pytest.raises(ValueError, match="No stack is called 'VGG'"):
        ReceptiveField(layers="VGG")
    with pytest.raises(ValueError, match="as many rows as columns"):
        ReceptiveField(image=torch.zeros(2, 3))
