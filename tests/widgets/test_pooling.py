"""The pooling lab against torch, in the browser and by every kind of input."""

import random

import oracle
import pytest
import torch
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d
from traitlets import TraitError

from d2lmini.widgets import PoolingLab
from d2lmini.widgets.pooling import KERNELS

TEXT = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
PLAIN = {
    "mode": "max",
    "window": [2, 2],
    "stride": [1, 1],
    "padding": [0, 0],
    "shift": [0, 0],
    "kernel": [[1, -1], [1, -1]],
    "selected": [0, 0],
}
EXTREMES = [
    {"input": [[-3]], "window": [1, 1]},
    {"input": TEXT, "window": [3, 3]},
    {"input": TEXT, "window": [4, 1]},
    {"input": TEXT, "window": [1, 4]},
    {"input": TEXT, "padding": [2, 0]},
    {"input": TEXT, "window": [3, 3], "padding": [1, 2]},
    {"input": [[-1, -2], [-3, -4]], "padding": [1, 1], "stride": [2, 2]},
    {"input": [[-1, -2]] * 2, "padding": [1, 1], "mode": "average"},
    {"input": TEXT, "window": [6, 6], "padding": [3, 3], "stride": [6, 6]},
    {"input": [[2.5] * 28] * 28, "window": [6, 6], "padding": [3, 3]},
    {"input": TEXT, "shift": [6, -6]},
    {"input": [[1e6, -1e6]], "window": [1, 2], "mode": "average", "shift": [0, 1]},
]


def settings(rng):
    """One random setting; some are impossible."""
    window = [rng.randint(1, 6), rng.randint(1, 6)]
    most = 1 if rng.random() < 0.15 else 0  # beyond half a window
    return {
        "input": oracle.random_grid(
            rng, rng.choice((1, 3, 5, 8, 13)), rng.randint(1, 13)
        ),
        "mode": rng.choice(("max", "average")),
        "window": window,
        "stride": [rng.randint(1, 6), rng.randint(1, 6)],
        "padding": [min(rng.randint(0, k // 2 + most), 3) for k in window],
        "shift": [rng.randint(-6, 6), rng.choice((0, 0, 1, -1, 6))],
        "kernel": rng.choice(list(KERNELS.values())),
        "selected": [rng.randint(0, 9), rng.randint(0, 9)],
    }


def shifted(X, shift):
    """`X` rolled by `shift`, with zeros where it came round."""
    out = torch.roll(X, tuple(shift), (0, 1))
    for axis, by in enumerate(shift):
        by = max(-X.shape[axis], min(by, X.shape[axis]))
        lost = slice(0, by) if by >= 0 else slice(X.shape[axis] + by, None)
        out[lost if axis == 0 else (slice(None), lost)] = 0
    return out


def pooled(X, state):
    """torch's own answer, or None where torch refuses."""
    pool = max_pool2d if state["mode"] == "max" else avg_pool2d
    try:
        return pool(
            X[None, None],
            state["window"],
            stride=state["stride"],
            padding=state["padding"],
        )[0, 0]
    except RuntimeError:
        return None


def convolved(X, state):
    K = torch.tensor(state["kernel"], dtype=torch.float64)
    try:
        return conv2d(X[None, None], K[None, None])[0, 0]
    except RuntimeError:
        return None


def agrees(shown, name, before, after):
    """Shares and sizes of the change in the browser equal torch's."""
    change = (after - before).abs()
    share = (change > 1e-9).double().mean()
    values = shown["values"]
    assert oracle.close(values[f"{name}-share"], share)
    if before.abs().sum() > 0:
        ratio = change.sum() / before.abs().sum()
        assert oracle.close(values[f"{name}-ratio"], ratio)
    return float(share)


def test_every_number_in_the_browser_equals_torch(page_of):
    rng = random.Random(0)
    states = [{**PLAIN, **s} for s in EXTREMES] + [settings(rng) for _ in range(120)]
    impossible = 0
    for state, shown in zip(
        states, oracle.read(page_of(PoolingLab()), states), strict=True
    ):
        X = torch.tensor(state["input"], dtype=torch.float64)
        moved = shifted(X, state["shift"])
        lab, expected = PoolingLab(**state), pooled(moved, state)
        assert torch.equal(lab.shifted, moved), state
        assert shown["problem"] == lab.problem, state
        assert bool(lab.problem) == (expected is None), state
        if expected is None:
            impossible += 1
            assert "output" not in shown["grids"] and lab.output is None, state
        else:
            assert oracle.close(shown["grids"]["output"], expected), state
            assert oracle.close(lab.output, expected, 1e-12), state
            if any(state["shift"]):
                share = agrees(shown, "pooled", pooled(X, state), expected)
                assert lab.changed == pytest.approx(share)
        edges = convolved(moved, state)
        assert ("convolved" in shown["grids"]) == (
            edges is not None and any(state["shift"])
        )
        if edges is None:
            assert lab.convolved is None
            continue
        assert oracle.close(lab.convolved, edges, 1e-12), state
        if any(state["shift"]):
            assert oracle.close(shown["grids"]["convolved"], edges), state
            share = agrees(shown, "convolved", convolved(X, state), edges)
            assert lab.convolved_changed == pytest.approx(share)
    assert 20 < impossible < 100


def test_the_texts_windows_are_written_out(page_of):
    page = page_of(PoolingLab())
    largest, mean, pad, zeros = oracle.read(
        page,
        [
            {},
            {"mode": "average", "selected": [1, 1]},
            {"mode": "max", "padding": [1, 1], "selected": [0, 1]},
            {"mode": "average"},
        ],
    )
    assert largest["grids"]["output"] == [[4, 5], [7, 8]]
    assert largest["sum"] == "Row 1, column 1: max(0, 1, 3, 4) = 4"
    assert mean["grids"]["output"] == [[2, 3], [5, 6]]
    assert mean["sum"] == "Row 2, column 2: (4 + 5 + 7 + 8) / 4 = 6"
    assert pad["sum"] == "Row 1, column 2: max(−∞, −∞, 0, 1) = 1"
    assert zeros["sum"] == "Row 1, column 2: (0 + 0 + 0 + 1) / 4 = 0.25"
    assert "⌊(3 + 2·1 − 2) / 1⌋ + 1 = 4" in zeros["formulas"][0]


def test_a_rounded_number_equals_nothing_and_nearly_all_is_not_all(page_of):
    page = page_of(PoolingLab(image=[[0]]))
    small = {"input": [[0.125] * 2] * 2, "window": [2, 2]}
    states = [small, {"mode": "average"}, {"mode": "max", "padding": [1, 1]}]
    tenth = {"input": [[0.5] * 2] * 2, "mode": "max", "selected": [0, 0]}
    shows = [shown["sum"] for shown in oracle.read(page, [*states, tenth])]
    assert [text.count("≈") for text in shows] == [1, 1, 1, 0]
    assert shows[3].endswith("max(−∞, −∞, −∞, 0.5) = 0.5")
    oracle.read(page, [{"input": [[0.5] * 13] * 13}])  # too large for written numbers
    rim = page.locator("[data-grid=input] [role=gridcell]").first
    assert rim.get_attribute("aria-label") == "padding: −∞"
    oracle.read(page, [{"mode": "average"}])
    assert rim.get_attribute("aria-label") == "padding: 0"
    noise = [[(i * 37 + j * j * 11) % 101 / 100 for j in range(28)] for i in range(28)]
    noise[4][4:7] = noise[5][4:7] = [0.5] * 3  # in which one window may move
    still = {"padding": [0, 0], "mode": "average", "input": noise, "shift": [0, 1]}
    values = oracle.read(page, [still])[0]["values"]
    assert 0.995 < values["pooled-share"] < 1
    assert "Pooling: over 99% of the outputs changed" in page.inner_text(".d2l")
    moved = oracle.greys(page, "shifted")[4][5:8]
    assert moved == [128] * 3 == oracle.greys(page, "output")[4][5:6] * 3


def test_a_shift_inside_the_window_changes_nothing_but_the_convolution(page_of):
    lab = PoolingLab(input="bright pixel", stride=2, shift=(0, 1))
    shown = oracle.read(page_of(lab), [{}, {"shift": [0, 2]}])
    assert shown[0]["values"]["pooled-share"] == lab.changed == 0
    assert shown[0]["values"]["convolved-share"] > 0
    assert shown[1]["values"]["pooled-share"] == pytest.approx(2 / 9)


def lit(page, name):
    cells = page.locator(f"[data-grid={name}] .d2l-lit")
    return cells.evaluate_all("cells => cells.map((c) => Number(c.dataset.value))")


def total(page):
    return float(page.get_attribute("[data-sum]", "data-value"))


def test_mouse_and_keyboard_light_the_window(page_of):
    page = page_of(PoolingLab())
    page.hover("[data-grid=output] [data-row='1'][data-col='0']")
    page.wait_for_function("document.querySelector('[data-sum]').dataset.value == 7")
    assert lit(page, "input") == [3, 4, 6, 7]
    page.mouse.move(0, 0)
    page.locator("[data-grid=output] [tabindex='0']").focus()
    seen = []
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(total(page))
    assert seen == [8, 5, 4] and lit(page, "input") == [0, 1, 3, 4]


def test_where_a_play_ends_is_heard(page_of):
    page = page_of(PoolingLab())
    page.evaluate(oracle.LISTEN)
    for place, words in (([1, 0], "3, 4, 6, 7) = 7"), ([0, 1], "1, 2, 4, 5) = 5")):
        page.get_by_role("button", name="Play").press("Enter")
        oracle.read(page, [{"selected": place}])  # as the play does
        page.get_by_role("button", name="Pause").press("Enter")
        row, column = (at + 1 for at in place)
        told = f"Stopped. Row {row}, column {column}: max({words}"
        assert page.evaluate("spoken.splice(0)") == [told]
    oracle.read(page, [{"padding": [0, 0], "selected": [0, 1]}])  # nothing new
    page.get_by_role("button", name="Step ›").press("Enter")
    assert page.evaluate("spoken") == ["Row 2, column 1: max(3, 4, 6, 7) = 7"]


def test_touch_lights_the_window(page_of):
    page = page_of(PoolingLab(), width=390, has_touch=True, is_mobile=True)
    page.tap("[data-grid=output] [data-row='1'][data-col='1']")
    assert total(page) == 8 and lit(page, "input") == [4, 5, 7, 8]


def test_shift_buttons_by_keyboard(page_of):
    page = page_of(PoolingLab(input="cross"))
    page.get_by_role("button", name="Shift right by one pixel").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Shift up by one pixel").press("Space")
    assert oracle.state_of(page, 0, "shift") == {"shift": [-1, 2]}
    assert page.locator("[data-shift]").inner_text() == "2 right, 1 up"
    assert page.locator("[data-grid=shifted]").is_visible()
    for _ in range(9):
        page.get_by_role("button", name="Shift right by one pixel").press("Enter")
    assert oracle.state_of(page, 0, "shift") == {"shift": [-1, 6]}
    page.get_by_role("button", name="Undo the shift").press("Enter")
    assert oracle.state_of(page, 0, "shift") == {"shift": [0, 0]}
    page.get_by_label("Input, row 3, column 1").fill("10")
    assert oracle.state_of(page, 0, "input")["input"][2][0] == 10


def test_other_controls_by_keyboard(page_of):
    page = page_of(PoolingLab())
    for name, key in (("Window", "window"), ("Padding each side", "padding")):
        page.get_by_label(f"{name}, across", exact=True).focus()
        page.keyboard.press("ArrowUp")
        before = PoolingLab().state[key]
        oracle.becomes(page, key, [before[0], before[1] + 1])
    page.get_by_label("max", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert oracle.state_of(page, 0, "mode") == {"mode": "average"}
    name = "top minus bottom (3 × 3)"
    page.get_by_role("button", name="Shift down by one pixel").press("Enter")
    page.get_by_role("combobox", name="Kernel").select_option(name)
    assert oracle.state_of(page, 0, "kernel")["kernel"] == KERNELS[name]
    page.get_by_role("combobox", name="Input").select_option("bright pixel")
    assert oracle.state_of(page, 0, "shift") == {"shift": [0, 0]}


def test_a_lab_without_shift_shows_pooling_alone(page_of):
    page = page_of(PoolingLab(controls=["mode", "window"]))
    assert (
        page.get_by_label("Kernel").count() == 0
        or page.get_by_label("Kernel").first.is_hidden()
    )
    assert page.locator("[data-grid=input] input").count() == 0


def test_looks(page_of):
    image = [[i * j / 784 for j in range(28)] for i in range(28)]
    page = page_of(
        PoolingLab(),
        PoolingLab(input="cross", shift=(0, 1), stride=2, mode="average", padding=1),
        PoolingLab(image=image, input="picture", stride=2, shift=(1, 1)),
        PoolingLab(padding=2),
        width=390,
    )
    oracle.looks(page, 390, 1280)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"stride": 0}, "stride is 0"),
        ({"window": (0, 1)}, "window is"),
        ({"padding": (1, -1)}, "padding is"),
        ({"shift": (7, 0)}, "from -6 to 6"),
        ({"shift": (0, -7)}, "shift is"),
        ({"mode": "median"}, "mode"),
        ({"controls": ["colour"]}, "No control is called"),
        ({"input": torch.zeros(65, 2)}, "takes 64 × 64 at most"),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        PoolingLab(**wrong)
    with pytest.raises(ValueError, match="No input is called 'boot'"):
        PoolingLab(input="boot")
