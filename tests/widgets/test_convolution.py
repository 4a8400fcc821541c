"""The convolution lab against torch, in the browser and by every kind of input."""

import random

import oracle
import pytest
import torch
from torch.nn.functional import conv2d, pad
from traitlets import TraitError

from d2lmini.widgets import ConvolutionLab
from d2lmini.widgets.convolution import CONTROLS, KERNELS, MODES

TEXT = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def settings(rng):
    """One random setting; about one in twelve is impossible."""
    return {
        "input": oracle.random_grid(rng, rng.randint(1, 7), rng.randint(1, 9)),
        "kernel": oracle.random_grid(rng, rng.randint(1, 5), rng.randint(1, 5)),
        "operation": rng.choice(("cross-correlation", "convolution")),
        "padding": [rng.randint(0, 4), rng.randint(0, 4)],
        "padding_mode": rng.choice(("zeros", *MODES)),
        "stride": [rng.randint(1, 6), rng.randint(1, 6)],
        "dilation": [rng.choice((1, 1, 1, 2, 3)), rng.choice((1, 1, 2, 4))],
        "selected": [rng.randint(0, 9), rng.randint(0, 9)],
    }


EXTREMES = [
    {"input": [[3]], "kernel": [[-2]]},
    {"input": TEXT, "kernel": TEXT},
    {"input": TEXT, "kernel": [[1, 2]], "stride": [6, 6]},
    {"input": [[1, 2, 3, 4]], "kernel": [[1, -1]], "dilation": [4, 3]},
    {"input": TEXT, "kernel": [[1] * 5] * 5, "padding": [1, 1]},
    {"input": TEXT, "kernel": [[1] * 5] * 5},
    {"input": TEXT, "kernel": [[1], [2]], "dilation": [4, 1]},
    {"input": [[2.5] * 28] * 28, "kernel": [[0.5] * 3] * 3, "padding": [6, 6]},
    {"input": [[1e6, -1e6]], "kernel": [[1e-3, 1e3]]},
]
PLAIN = {
    "operation": "cross-correlation",
    "padding": [0, 0],
    "padding_mode": "zeros",
    "stride": [1, 1],
    "dilation": [1, 1],
    "selected": [0, 0],
}


def truth(state):
    """torch's own answer, or None where torch refuses."""
    X = torch.tensor(state["input"], dtype=torch.float64)[None, None]
    K = torch.tensor(state["kernel"], dtype=torch.float64)[None, None]
    if state["operation"] == "convolution":
        K = torch.rot90(K, 2, (2, 3))
    options = {name: state[name] for name in ("stride", "dilation")}
    (rows, columns), mode = state["padding"], state["padding_mode"]
    mode = "constant" if mode == "zeros" else mode
    try:
        return conv2d(pad(X, (columns, columns, rows, rows), mode), K, **options)[0, 0]
    except RuntimeError:
        return None


def test_every_number_in_the_browser_equals_torch(page_of):
    rng = random.Random(0)
    states = [{**PLAIN, **s} for s in EXTREMES] + [settings(rng) for _ in range(120)]
    shown = ("padding", "stride", "dilation")  # the advice names what there is
    page = page_of(ConvolutionLab(controls=shown))
    impossible = 0
    read = oracle.read(page, states)
    for state, seen in zip(states, read, strict=True):
        expected = truth(state)
        lab = ConvolutionLab(controls=shown, **state)
        assert seen["problem"] == lab.problem, state
        if expected is None:
            impossible += 1
            assert seen["problem"] and "output" not in seen["grids"], state
            assert lab.output is None
            continue
        assert oracle.close(seen["grids"]["output"], expected), state
        assert oracle.close(lab.output, expected, 1e-12), state
        rows, columns = expected.shape
        assert seen["formulas"][0].endswith(f" = {rows}"), state
        assert seen["formulas"][1].endswith(f" = {columns}"), state
        assert not seen["problem"]
    assert 10 < impossible < 110


def test_the_texts_sums_are_written_out(page_of):
    places = [{"selected": [i, j]} for i in (0, 1) for j in (0, 1)]
    sums = [shown["sum"] for shown in oracle.read(page_of(ConvolutionLab()), places)]
    assert [s.split(": ")[1] for s in sums] == [
        "0·0 + 1·1 + 3·2 + 4·3 = 19",
        "1·0 + 2·1 + 4·2 + 5·3 = 25",
        "3·0 + 4·1 + 6·2 + 7·3 = 37",
        "4·0 + 5·1 + 7·2 + 8·3 = 43",
    ]


def test_the_texts_padding_and_stride(page_of):
    lab = ConvolutionLab(controls=["stride"], padding=1, stride=(3, 2))
    page = page_of(lab)
    places = [{"selected": [0, 1]}, {"selected": [1, 0]}]
    first, second = oracle.read(page, places)
    assert first["grids"]["output"] == [[0, 8], [6, 8]]
    assert first["sum"].endswith("0·0 + 0·1 + 1·2 + 2·3 = 8")
    assert second["sum"].endswith("0·0 + 6·1 + 0·2 + 0·3 = 6")
    assert "⌊(3 − 2 + 2 + 3) / 3⌋ = 2" in first["formulas"][0]
    assert "⌊(3 − 2 + 2 + 2) / 2⌋ = 2" in first["formulas"][1]


def test_convolution_shows_the_flipped_kernel(page_of):
    page = page_of(ConvolutionLab())
    plain, turned = oracle.read(page, [{}, {"operation": "convolution"}])
    assert "flipped" not in plain["grids"]
    assert turned["grids"]["flipped"] == [[3, 2], [1, 0]]
    assert turned["sum"].endswith("0·3 + 1·2 + 3·1 + 4·0 = 5")


def lit(page):
    cells = page.locator("[data-grid=input] .d2l-lit")
    return cells.evaluate_all("cells => cells.map((c) => Number(c.dataset.value))")


def total(page):
    return float(page.get_attribute("[data-sum]", "data-value"))


def test_mouse_lights_the_window(page_of):
    page = page_of(ConvolutionLab())
    page.hover("[data-grid=output] [data-row='1'][data-col='0']")
    page.wait_for_function("document.querySelector('[data-sum]').dataset.value == 37")
    assert lit(page) == [3, 4, 6, 7]


def test_keyboard_reaches_every_output(page_of):
    page = page_of(ConvolutionLab())
    page.locator("[data-grid=output] [tabindex='0']").focus()
    seen = []
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "Control+Home", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(total(page))
    assert seen == [25, 43, 37, 19, 19]
    assert page.locator("[data-grid=output] [tabindex='0']").count() == 1


def test_touch_lights_the_window(page_of):
    page = page_of(ConvolutionLab(), width=390, has_touch=True, is_mobile=True)
    page.tap("[data-grid=output] [data-row='1'][data-col='1']")
    assert total(page) == 43 and lit(page) == [4, 5, 7, 8]


def test_typing_in_a_grid_changes_the_sum(page_of):
    page = page_of(ConvolutionLab(controls=["input", "kernel"]))
    page.get_by_label("Kernel, row 2, column 2").focus()
    page.keyboard.type("−1/2")
    assert total(page) == 0 + 1 + 6 - 2
    page.keyboard.press("ArrowUp")
    page.keyboard.type("0,5")
    assert total(page) == 0 + 0.5 + 6 - 2
    page.keyboard.type("x")
    focused = page.locator("[aria-invalid=true]")
    assert focused.count() == 1 and total(page) == 4.5
    page.keyboard.press("Tab")
    assert page.get_by_label("Kernel, row 1, column 2").input_value() == "0.5"
    page.get_by_label("Input, row 1, column 1").fill("10")
    assert oracle.state_of(page, 0, "input")["input"][0] == [10, 1, 2]


def test_every_control_by_keyboard(page_of):
    page = page_of(ConvolutionLab(controls=list(CONTROLS)))
    for name, key in (("Padding each side", "padding"), ("Stride", "stride")):
        page.get_by_label(f"{name}, across", exact=True).focus()
        page.keyboard.press("ArrowUp")
        before = ConvolutionLab().state[key]
        oracle.becomes(page, key, [before[0], before[1] + 1])
    page.get_by_label("cross-correlation").focus()
    page.keyboard.press("ArrowRight")
    assert oracle.state_of(page, 0, "operation") == {"operation": "convolution"}
    page.get_by_role("combobox", name="Kernel").select_option("sharpen")
    kernel = oracle.state_of(page, 0, "kernel")["kernel"]
    assert kernel == KERNELS["sharpen"]


def test_a_size_typed_digit_by_digit_keeps_the_numbers(page_of):
    lab = ConvolutionLab(controls=CONTROLS)
    page = page_of(lab)
    field = page.get_by_role("spinbutton", name="Input rows")
    field.select_text()
    page.keyboard.type("10")
    zeros = [[0] * len(lab.input[0])] * 7
    assert oracle.state_of(page, 0, "input")["input"] == [*lab.input, *zeros]


def test_play_walks_through_the_outputs_and_stops(page_of):
    page = page_of(ConvolutionLab())
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    seen = []
    for _ in range(4):
        page.clock.run_for(900)
        seen.append(total(page))
    assert seen == [25, 37, 43, 43]
    assert page.get_by_role("button", name="Play").is_visible()


def test_what_nobody_sees_waits(page_of):
    page = page_of(ConvolutionLab(), '<div style="height: 5000px"></div>')
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    page.evaluate("scrollTo(0, 4000)")
    page.clock.run_for(9000)
    assert total(page) == 19
    page.evaluate("scrollTo(0, 0)")
    page.clock.run_for(900)
    assert total(page) == 25


def test_playing_ends_where_nothing_is_left_to_play(page_of):
    page = page_of(ConvolutionLab())
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    oracle.read(page, [{"input": [[1]]}])  # smaller than the kernel
    page.clock.run_for(900)
    oracle.read(page, [{"input": [[1, 2, 3]] * 3}])
    assert page.get_by_role("button", name="Play").is_visible()


def test_a_picture_is_shown_as_one(page_of):
    image = torch.rand(28, 28, generator=torch.Generator().manual_seed(0))
    lab = ConvolutionLab(image=image, image_name="noise", input="noise", kernel="blur")
    shown = oracle.read(page_of(lab, width=390), [{}])[0]
    blurred = conv2d(
        image[None, None].double(), torch.full((1, 1, 3, 3), 1 / 9.0).double()
    )
    assert oracle.close(shown["grids"]["output"], blurred[0, 0], 1e-3)
    assert oracle.close(shown["grids"]["output"], lab.output)


def test_looks(page_of):
    image = [[i * j / 784 for j in range(28)] for i in range(28)]
    page = page_of(
        ConvolutionLab(),
        ConvolutionLab(controls=list(CONTROLS), padding=2, input="edge"),
        ConvolutionLab(image=image, input="picture", operation="convolution"),
        ConvolutionLab(kernel=[[1] * 5] * 5, controls=["padding"]),
        width=390,
    )
    oracle.looks(page, 390, 1280)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"stride": 0}, "stride is 0"),
        ({"padding": (1, -1)}, "padding is"),
        ({"padding": 3000}, "padding is 3000; give a whole number from 0 to 6"),
        ({"stride": 10**6}, "from 1 to 6,"),
        ({"padding_mode": "mirror"}, "padding_mode"),
        ({"input": torch.zeros(2000, 2000)}, "takes 64 × 64 at most"),
        ({"dilation": 1.5}, "dilation is 1.5"),
        ({"dilation": True}, "dilation is True"),
        ({"input": [[10**400]]}, "not a number"),
        ({"dilation": (1, 2, 3)}, r"dilation is \(1, 2, 3\)"),
        ({"kernel": torch.zeros(6, 2)}, "takes 5 × 5 at most"),
        ({"input": [[1, 2], [3]]}, "ragged"),
        ({"input": [[float("nan")]]}, "not a number"),
        ({"controls": ["colour"]}, "No control is called"),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        ConvolutionLab(**wrong)
    for image in (torch.zeros(2000, 2000), torch.zeros(1, 9, 9), [[1], [2, 3]], 3, []):
        with pytest.raises(ValueError, match="The image h"):
            ConvolutionLab(image=image)
    for shape, part in (
        ((1, 9, 9), "0"),
        ((1, 1, 9, 9), "0, 0"),
        ((99, 9), "::2, ::2"),
    ):
        with pytest.raises(ValueError, match=rf"for instance image\[{part}\]"):
            ConvolutionLab(image=torch.zeros(shape))
    with pytest.raises(ValueError, match="No kernel is called 'bluur'"):
        ConvolutionLab(kernel="bluur")
