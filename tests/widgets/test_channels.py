"""The channels lab against torch, in the browser and by every kind of input."""

import json
import random

import oracle
import pytest
import torch
from torch.nn.functional import conv2d
from traitlets import TraitError

from d2lmini.widgets import ChannelsLab
from d2lmini.widgets.channels import PRESETS


def settings(rng):
    """One random setting; about one in eight is impossible."""
    inputs, outputs = rng.randint(1, 3), rng.randint(1, 3)
    groups = inputs if rng.random() < 0.2 else 1
    outputs = outputs if groups == 1 or rng.random() < 0.2 else inputs
    side = rng.choice((1, 1, 2, 3))
    sides = (side, side) if rng.random() < 0.7 else (side, rng.randint(1, 3))
    other = rng.random() < 0.05
    return {
        "input": oracle.random_grid(rng, inputs, rng.randint(1, 6), rng.randint(1, 6)),
        "kernel": oracle.random_grid(rng, outputs, inputs % 3 + 1, *sides)
        if other
        else oracle.random_grid(rng, outputs, inputs // groups, *sides),
        "groups": groups,
        "bias": oracle.random_grid(rng, rng.randint(1, 3) if other else outputs),
        "channel": rng.randint(0, 2),
        "selected": [rng.randint(0, 6), rng.randint(0, 6)],
    }


PLAIN = {"bias": [0], "groups": 1, "channel": 0, "selected": [0, 0]}
EXTREMES = [
    {"input": [[[3]]], "kernel": [[[[-2]]]]},
    {"input": [[[1e6]], [[-1e6]]], "kernel": [[[[1e-3]], [[1e3]]]], "bias": [0.125]},
    {"input": [[[0.5] * 6] * 6] * 3, "kernel": [[[[1] * 3] * 3] * 3] * 3},
    {"input": [[[0.5] * 6] * 6] * 3, "kernel": [[[[1] * 3] * 3] * 3], "bias": [-1]},
    {"input": [[[1, 2]]] * 2, "kernel": [[[[1], [2]]] * 2]},
    *(
        {"input": X, "kernel": K, "bias": b, "groups": groups}
        for X, K, b, groups in PRESETS.values()
    ),
]


def truth(state):
    """torch's own output, or None where torch refuses."""
    X, K, b = (
        torch.tensor(state[name], dtype=torch.float64)
        for name in ("input", "kernel", "bias")
    )
    try:
        return conv2d(X[None], K, b, groups=state["groups"])[0]
    except RuntimeError:
        return None


def first_read(state, o):
    """The first input channel that output channel o reads."""
    outputs = len(state["kernel"])
    return o // (outputs // state["groups"]) * len(state["kernel"][0])


def single(state, o, k):
    """torch's cross-correlation of the k-th channel that o reads with its kernel."""
    X = torch.tensor(state["input"][first_read(state, o) + k], dtype=torch.float64)
    K = torch.tensor(state["kernel"][o][k], dtype=torch.float64)
    return conv2d(X[None, None], K[None, None])[0, 0]


def test_every_number_in_the_browser_equals_torch(page_of):
    rng = random.Random(0)
    states = [{**PLAIN, **s} for s in EXTREMES] + [settings(rng) for _ in range(120)]
    impossible = dense = 0
    shown = oracle.read(page_of(ChannelsLab()), states)
    for state, seen in zip(states, shown, strict=True):
        expected, lab, grids = truth(state), ChannelsLab(**state), seen["grids"]
        assert seen["problem"] == lab.problem, state
        if expected is None:
            impossible += 1
            assert lab.problem and lab.output is None and "output0" not in grids, state
            continue
        assert not lab.problem
        assert oracle.close(lab.output, expected, 1e-12), state
        drawn = [grids[f"output{o}"] for o in range(len(expected))]
        assert oracle.close(drawn, expected), state
        assert f"output{len(expected)}" not in grids
        o = min(state["channel"], len(expected) - 1)
        read = range(len(state["kernel"][o]))
        parts = torch.stack([single(state, o, k) for k in read])
        drawn = [grids[f"partial{first_read(state, o) + k}"] for k in read]
        assert sum(name.startswith("partial") for name in grids) == len(parts)
        assert oracle.close(drawn, parts), state
        assert oracle.close(lab.partial, parts, 1e-12), state
        dense += check_pixel(state, expected, grids)
    assert 10 < impossible < 90 and dense > 30


def check_pixel(state, expected, grids):
    """Whether a dense view is shown; if so, matrix · pixel + bias is the output."""
    kernel = state["kernel"][0][0]
    if len(kernel) * len(kernel[0]) > 1 or state["groups"] > 1:
        assert "matrix" not in grids
        return False
    W, x, b = (
        torch.tensor(grids[name], dtype=torch.float64)
        for name in ("matrix", "pixel", "biases")
    )
    sides = zip(state["selected"], expected[0].shape, strict=True)
    i, j = (min(v, n - 1) for v, n in sides)
    assert oracle.close(grids["result"], W @ x + b)
    assert oracle.close(grids["result"], expected[:, i, j, None])
    return True


LIVE = """
import json
from d2lmini.widgets import ChannelsLab
lab, answers = ChannelsLab(), []
for state in json.loads({states!r}):
    for name, value in state.items():
        setattr(lab, name, value)
    answers.append(None if lab.output is None else lab.output.tolist())
print(json.dumps(answers))
"""


def test_traits_in_a_kernel_equal_torch(kernel):
    rng = random.Random(1)
    states = [settings(rng) for _ in range(100)]
    answers = json.loads(kernel.run(LIVE.format(states=json.dumps(states))))
    for state, held in zip(states, answers, strict=True):
        expected = truth(state)
        assert (held is None) == (expected is None)
        assert held is None or oracle.close(held, expected)


def test_the_56_of_the_text(page_of):
    shown = oracle.read(page_of(ChannelsLab()), [{}])[0]
    assert shown["grids"]["output0"] == [[56, 72], [104, 120]]
    assert shown["sum"].endswith(
        "(0·0 + 1·1 + 3·2 + 4·3) + (1·1 + 2·2 + 4·3 + 5·4) + 0 = 19 + 37 + 0 = 56"
    )
    assert shown["formulas"][1].endswith("1·2·2·2 + 1 = 9 parameters")


MIDDLE = """() => [...document.querySelector(".d2l-colours").getContext("2d")
  .getImageData(4, 4, 1, 1).data].slice(0, 3)"""


def test_a_dark_picture_is_dark_and_its_channels_are_compared(page_of):
    page, brown = page_of(ChannelsLab()), (0.4, 0.2, 0.1)
    channels = [[[v] * 8] * 8 for v in brown]
    sums = [[[[0.5]], [[1]], [[2]]]]  # all partial sums are the same
    oracle.read(page, [{"input": channels, "kernel": sums}])
    assert page.evaluate(MIDDLE) == [102, 51, 26]
    assert [oracle.greys(page, f"input{c}")[0][0] for c in range(3)] == [102, 51, 26]
    strength = page.locator("[data-grid=partial0] [role=gridcell]").first.evaluate(
        "cell => Number(cell.style.getPropertyValue('--t'))"
    )
    assert strength == pytest.approx(1 / 3)  # of the output's
    oracle.read(page, [{"input": [[[3, 1]]], "kernel": [[[[2]]]]}])
    assert "1 input, 1 output; every" in page.inner_text(".d2l")


def total(page):
    return float(page.get_attribute("[data-sum]", "data-value"))


def lit(page, c):
    cells = page.locator(f"[data-grid=input{c}] .d2l-lit")
    return cells.evaluate_all("cells => cells.map((c) => Number(c.dataset.value))")


def test_mouse_lights_every_channel(page_of):
    page = page_of(ChannelsLab(preset="the text's, three outputs"))
    page.hover("[data-grid=output2] [data-row='1'][data-col='1']")
    assert oracle.state_of(page, 0, "channel") == {"channel": 2}
    assert total(page) == 224
    assert lit(page, 0) == [4, 5, 7, 8] and lit(page, 1) == [5, 6, 8, 9]
    page.hover("[data-grid=partial0] [data-row='0'][data-col='1']")
    assert oracle.state_of(page, 0, "selected") == {"selected": [0, 1]}
    assert total(page) == 128


def test_keyboard_reaches_every_output(page_of):
    page = page_of(ChannelsLab(preset="the text's, three outputs"))
    page.locator("[data-grid=output0] [tabindex='0']").focus()
    seen = []
    for key in ("ArrowRight", "ArrowDown", "Tab", "ArrowRight", "Tab", "Shift+Tab"):
        page.keyboard.press(key)
        seen.append(total(page))
    assert seen == [72, 120, 76, 100, 96, 76]
    for o in range(3):
        assert page.locator(f"[data-grid=output{o}] [tabindex='0']").count() == 1


def test_typing_changes_the_sum(page_of):
    page = page_of(ChannelsLab())
    page.get_by_label("Kernel for channel 2, row 1, column 1").fill("−1")
    assert total(page) == 54
    page.get_by_label("Input channel 1, row 2, column 2").fill("0,5")
    assert total(page) == 54 - 3 * 3.5
    page.get_by_label("Bias of the chosen output, row 1, column 1").fill("1/2")
    assert total(page) == 44


def test_controls_reshape_and_keep_the_numbers(page_of):
    page = page_of(ChannelsLab())
    page.get_by_label("Output channels", exact=True).focus()
    page.keyboard.press("ArrowUp")
    page.get_by_label("Input channels", exact=True).fill("3")
    state = oracle.state_of(page, 0, "input", "kernel", "bias")
    assert state["kernel"] == [
        [[[o + c, o + c + 1], [o + c + 2, o + c + 3]] for c in range(3)] for o in (0, 1)
    ]
    assert state["bias"] == [0, 0] and len(state["input"]) == 3
    page.get_by_label("1 × 1").check()
    page.get_by_label(
        "Weight matrix, one row per output channel, row 2, column 3"
    ).fill("9")
    assert oracle.state_of(page, 0, "kernel")["kernel"][1][2] == [[9]]
    page.get_by_label("Example").select_option("the text's, one output")
    assert total(page) == 56 and not page.locator("[data-grid=matrix]").is_visible()


def test_steps_walk_through_all_output_channels(page_of):
    page = page_of(ChannelsLab(preset="the text's, three outputs"))
    seen = [total(page)]
    for _ in range(11):
        page.get_by_role("button", name="Step ›").click()
        seen.append(total(page))
    assert seen == [56, 72, 104, 120, 76, 100, 148, 172, 96, 128, 192, 224]


def test_depthwise_and_back_keeps_the_kernels(page_of):
    page = page_of(ChannelsLab(preset="each kernel on its own channel"))
    box = page.get_by_role("checkbox", name="Depthwise")
    before = oracle.read(page, [{}])[0]["grids"]
    names = ("groups", "kernel")
    first = oracle.state_of(page, 0, *names)
    box.check()
    state = oracle.state_of(page, 0, *names)
    assert state == {"groups": 2, "kernel": [[[[1, -1], [0, 0]]], [[[1, 0], [-1, 0]]]]}
    now = oracle.read(page, [{}])[0]["grids"]
    assert [now[f"output{o}"] for o in (0, 1)] == [before[f"output{o}"] for o in (0, 1)]
    box.uncheck()
    assert oracle.state_of(page, 0, *names) == first


def test_looks(page_of):
    labs = [ChannelsLab(preset=name) for name in PRESETS]
    large = ChannelsLab(input=[[[1] * 6] * 6] * 3, kernel=[[[[1] * 3] * 3] * 3] * 3)
    broken = ChannelsLab(input=[[[1]]], controls=[])
    page = page_of(*labs, large, broken, width=390)
    oracle.looks(page, 390, 1280)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"input": [[1]]}, "give 3 dimensions"),
        ({"input": torch.zeros(4, 2, 2)}, "at most"),
        ({"kernel": torch.zeros(1, 2, 4, 1)}, "at most"),
        ({"kernel": 3}, "kernel has shape .*; give 4 dimensions"),
        ({"bias": [0] * 4}, "at most"),
        ({"channel": 3}, "channel"),
        ({"controls": ["colour"]}, "No control is called"),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        ChannelsLab(**wrong)
    with pytest.raises(ValueError, match="No preset is called 'RGB'"):
        ChannelsLab(preset="RGB")
    with pytest.raises(TypeError, match="preset is 3: take one of"):
        ChannelsLab(preset=3)
