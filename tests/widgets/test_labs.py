"""What all labs share: reset, links, keyboard, own pictures, high contrast."""

import io
import json
import random
from urllib.parse import quote

import oracle
import pytest
from PIL import Image

from d2lmini.widgets import (
    BatchNormLab,
    BottleneckLab,
    ChannelsLab,
    Comparison,
    ConvolutionLab,
    PoolingLab,
    ReceptiveField,
    ScheduleLab,
    SkipLab,
    SoftmaxLab,
    StackLab,
    explore,
)
from tools import figures

PICTURE = [[(i * j % 29) / 28 for j in range(28)] for i in range(28)]
ALL = ["input", "kernel", "operation", "padding", "stride", "dilation"]
LABS = {
    "convolution": lambda: ConvolutionLab(controls=ALL, image=PICTURE),
    "pooling": lambda: PoolingLab(image=PICTURE),
    "channels": ChannelsLab,
    "batch_norm": BatchNormLab,
    "receptive_field": ReceptiveField,
}
CHANGED = {
    "convolution": {"stride": [2, 2], "padding_mode": "reflect"},
    "pooling": {"shift": [0, -2], "mode": "average"},
    "channels": {"bias": [2.5], "selected": [1, 0]},
    "batch_norm": {"gamma": 2.5, "seen": [[1, 0.5, 8, True]], "training": False},
    "receptive_field": {"size": 17, "channels": 3},
}
#: what no control can set: wrong kinds, sizes that would hang a page, hostile text
WRONG = {
    "convolution": {"stride": [0, 1], "padding": [10**6, 0], "kernel": [[1], [2, 3]]},
    "pooling": {"window": 3, "mode": "</script>", "input": [[None]]},
    "channels": {"groups": 10**9, "bias": {"a": 1}, "kernel": []},
    "batch_norm": {"eps": 0, "seen": [[1, 1, 1, True]], "size": 1.5},
    "receptive_field": {"layers": [{"kind": "x"}], "size": -1, "channels": 5},
}


@pytest.fixture
def site_page(page_of):
    """A page as the site has it: scripts in files of its own, shared by the figures."""

    def open_page(*made, **options):
        files = figures.files()
        head = f"<style>{files['kit.css']}</style>"
        for name in ["kit", *sorted({one.module for one in made})]:
            head += f"<script>{files[f'{name}.js']}</script>"
        return page_of(head, *(figures.shorten(one.html()) for one in made), **options)

    return open_page


@pytest.mark.parametrize("name", LABS)
def test_a_label_names_its_control_and_changes_nothing(page_of, name):
    lab = LABS[name]()
    page = page_of(lab)
    for label in page.locator(".d2l label.d2l-legend").all():
        label.click()
        assert oracle.state_of(page, 0, *lab.state_names()) == lab.state
        assert page.evaluate("document.activeElement.matches('input, select')")


@pytest.mark.parametrize("name", LABS)
def test_reset_leads_back_and_keeps_the_focus(page_of, name):
    lab = LABS[name]()
    page = page_of(lab)
    reset = page.get_by_role("button", name="Reset")
    assert reset.get_attribute("aria-disabled") == "true"
    oracle.read(page, [CHANGED[name]])
    assert oracle.state_of(page, 0, *lab.state_names()) != lab.state
    reset.press("Enter")
    assert oracle.state_of(page, 0, *lab.state_names()) == lab.state
    assert page.evaluate("document.activeElement.textContent") == "Reset"
    assert reset.get_attribute("aria-disabled") == "true"


def address(name, place, state):
    pairs = (f"{key}={quote(json.dumps(value))}" for key, value in state.items())
    return f"#{name}-{place}?{'&'.join(pairs)}"


@pytest.mark.parametrize("name", LABS)
def test_an_address_leads_to_a_state_and_back(site_page, name):
    page = site_page(LABS[name](), LABS[name]())
    page.wait_for_function("document.querySelectorAll('[data-live]').length == 2")
    oracle.go(page, address(name, 2, CHANGED[name]))
    assert oracle.state_of(page, 1, *CHANGED[name]) == CHANGED[name]
    second = (
        "[...document.querySelectorAll('.d2l-host')].indexOf(document.activeElement)"
    )
    assert page.evaluate(second) == 1  # where the tab key goes on from
    other = oracle.state_of(page, 0, *CHANGED[name])
    assert other == {key: LABS[name]().state[key] for key in CHANGED[name]}
    # a link that the reader makes says the same
    oracle.read(page, [CHANGED[name]], 0)
    page.wait_for_function(f"location.hash.startsWith('#{name}-1?')")
    link = page.url
    page.get_by_role("button", name="Reset").first.press("Enter")
    page.wait_for_function("location.hash === ''")
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_function("document.querySelectorAll('[data-live]').length == 2")
    assert oracle.state_of(page, 0, *CHANGED[name]) == CHANGED[name]


@pytest.mark.parametrize("name", LABS)
def test_a_wrong_address_changes_nothing(site_page, name):
    lab = LABS[name]()
    page = site_page(lab)
    page.wait_for_function("document.querySelector('[data-live]')")
    garbage = f"#{name}-1?{name}&x=1&=&input=%E0%A4%A&constructor=1&__proto__={{}}"
    for text in (address(name, 1, WRONG[name]), garbage, f"#{name}-9?stride=[2,2]"):
        oracle.go(page, text)
        assert oracle.state_of(page, 0, *lab.state_names()) == lab.state


def test_an_address_is_judged_as_a_whole(site_page):
    page = site_page(ScheduleLab())
    page.wait_for_function("document.querySelector('[data-live]')")
    last = {"step": 30 * 430 - 1, "epochs": 30}
    oracle.go(page, address("schedule", 1, last))
    assert oracle.state_of(page, 0, "epochs", "step") == last
    complaint = page.locator(".d2l-address")
    assert complaint.count() == 0
    oracle.go(page, address("schedule", 1, {"epochs": 1, "step": 430}))
    assert "“step”" in complaint.inner_text()
    assert oracle.state_of(page, 0, "epochs", "step") == {"epochs": 1, "step": 0}
    page.wait_for_timeout(600)  # while nobody goes on, it stays
    assert complaint.count() == 1
    page.get_by_role("button", name="Reset").press("Enter")
    complaint.wait_for(state="detached")
    twice = "#schedule-1?epochs=2&epochs=3&a=1&b=2&c=3&d=4"
    oracle.go(page, twice)
    assert "“epochs”, “a”, “b” and 2 more a value" in complaint.inner_text()
    assert oracle.state_of(page, 0, "epochs") == {"epochs": ScheduleLab().epochs}
    page.evaluate("document.body.prepend(document.createElement('h1'))")
    nowhere = page.get_by_text("asks for a figure that this page does not have")
    oracle.go(page, "#schedule-2?epochs=2")
    assert nowhere.count() == 1 and complaint.count() == 0
    oracle.go(page, "#a-heading")
    assert nowhere.count() == 0


def test_back_leads_to_what_was_seen_there(site_page):
    page = site_page(LABS["convolution"]())
    page.wait_for_function("document.querySelector('[data-live]')")
    plain = page.url
    oracle.go(page, "#convolution-1?stride=[2,2]")
    page.go_back()  # before the address has followed the change
    oracle.becomes(page, "stride", [1, 1])
    page.wait_for_timeout(600)
    assert page.url == plain
    page.go_forward()
    oracle.becomes(page, "stride", [2, 2])
    oracle.go(page, "#a-heading")  # it is somewhere else on the page
    assert oracle.state_of(page, 0, "stride") == {"stride": [2, 2]}
    page.go_back()
    page.go_back()
    oracle.becomes(page, "stride", [1, 1])


def test_a_link_that_is_followed_at_once_leaves_the_last_change_behind(site_page):
    page = site_page(LABS["convolution"]())
    page.wait_for_function("document.querySelector('[data-live]')")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<a href=#x>x</a>')")
    page.evaluate(
        """() => {
            const { d2lModel: model } = document.querySelector("[data-figure]");
            model.set("stride", [2, 2]);
            model.save_changes();
            document.querySelector("a[href='#x']").click();
        }"""
    )
    page.go_back()
    page.wait_for_url("**#convolution-1?stride=[2,2]")
    assert oracle.state_of(page, 0, "stride") == {"stride": [2, 2]}


def test_an_address_has_the_whole_situation_or_none_of_it(site_page):
    page = site_page(LABS["convolution"]())
    page.wait_for_function("document.querySelector('[data-live]')")
    photograph = [[(i * j % 997) / 997 for j in range(28)] for i in range(28)]
    oracle.read(page, [{"input": photograph, "stride": [2, 2]}])
    page.get_by_text("What is set here is too long for a link").wait_for()
    assert "#" not in page.url
    oracle.read(page, [{"input": [[1, 2], [3, 4]]}])
    page.locator(".d2l-address").wait_for(state="detached")
    assert "&stride=[2,2]" in page.url


def test_frames_and_comparisons_have_addresses_too(site_page):
    rows = [{"name": "a", "x": 1, "y": 2}, {"name": "b", "x": 2, "y": 1}]
    table = Comparison(rows, [("x", "X"), ("y", "Y")], x="x", y="y")
    shown = explore(lambda n: _drawing(n), n=[1, 2, 3], dpi=20)
    page = site_page(table, shown)
    page.wait_for_function("document.querySelectorAll('[data-live]').length == 2")
    for hash in ("#comparison-1?sort=%22z%22&x=%22y%22", "#explore-1?choice=[2]"):
        oracle.go(page, hash)
    assert oracle.state_of(page, 0, "x", "sort") == {"x": "y", "sort": ""}
    assert oracle.state_of(page, 1, "choice") == {"choice": [2]}
    oracle.go(page, "#explore-1?choice=[3]")  # one beyond the last
    assert oracle.state_of(page, 1, "choice") == {"choice": [0]}


def _drawing(n):
    from matplotlib.figure import Figure

    return Figure(figsize=(n, 1))


def test_a_notebooks_address_is_left_alone(page_of):
    page = page_of(ConvolutionLab())
    oracle.read(page, [{"stride": [2, 2]}])
    page.wait_for_timeout(600)
    assert "#" not in page.url


def test_one_cell_of_a_grid_is_in_the_tab_order(page_of):
    page = page_of(ConvolutionLab(controls=ALL, input=[[1] * 6] * 6))
    stops = "[data-grid=input] input[tabindex='0'], [data-grid=output] [tabindex='0']"
    assert page.locator(stops).count() == 2
    page.get_by_label("Input, row 1, column 1").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    place = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert place == "Input, row 3, column 2"


# How far each lab's sentence stands below what is above it.
ABOVE = """() => [...document.querySelectorAll(".d2l > .d2l-sum")].map((sum) => {
  let above = sum.previousElementSibling;
  while (!above.getBoundingClientRect().height) above = above.previousElementSibling;
  return sum.getBoundingClientRect().top - above.getBoundingClientRect().bottom;
})"""


def test_a_sentence_touches_nothing_above_it(page_of):
    labs = StackLab(), BottleneckLab(), ScheduleLab(), SkipLab(), ConvolutionLab()
    gaps = page_of(*labs, width=390).evaluate(ABOVE)
    assert len(gaps) == len(labs)
    assert min(gaps) >= 9


def test_the_focus_stays_where_nothing_more_can_be_done(page_of):
    page = page_of(ReceptiveField(layers=[3, 3, 3]))
    for name, count in (("Remove this layer", 4), ("Add a layer on top", 9)):
        press = page.get_by_role("button", name=name)
        for _ in range(count):
            press.press("Enter")
        assert page.evaluate("document.activeElement.textContent") == name
        assert press.get_attribute("aria-disabled") == "true"
    assert len(oracle.state_of(page, 0, "layers")["layers"]) == 8


def test_the_last_batch_forgets_none(page_of):
    page = page_of(BatchNormLab(seen=[[3, 2, 16, True]] * 39))
    for _ in range(3):
        page.get_by_role("button", name="Step ›").press("Enter")
    page.get_by_role("button", name="Play").press("Enter")
    assert len(oracle.state_of(page, 0, "seen")["seen"]) == 40


def test_a_long_walk_has_a_slider_and_a_speed(page_of):
    page = page_of(ConvolutionLab(image=PICTURE, input="picture", kernel="blur"))
    page.get_by_label("Place").fill("300")
    assert oracle.state_of(page, 0, "selected") == {"selected": [11, 13]}
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 60_000)  # or it goes by itself
    page.get_by_role("combobox", name="Speed").select_option("30")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(900)  # thirty steps: the first thirteen end the row
    assert oracle.state_of(page, 0, "selected") == {"selected": [12, 17]}
    short = page_of(ConvolutionLab())
    assert not short.get_by_label("Place").is_visible()


# ---- the reader's own picture ---------------------------------------------------


def file(name, size=(9, 9), kind="image/png", colour=(255, 0, 0), content=None):
    image = io.BytesIO()
    Image.new("RGB", size, colour).save(image, "PNG")
    buffer = image.getvalue() if content is None else content
    return {"name": name, "mimeType": kind, "buffer": buffer}


def test_a_picture_of_ones_own(page_of):
    page = page_of(ConvolutionLab(image=PICTURE, input="picture"), ChannelsLab())
    page.set_input_files("input[type=file] >> nth=0", file("red.png", (90, 60)))
    page.wait_for_function(
        "document.querySelector('.d2l-own').innerText.includes('28')"
    )
    grid = oracle.state_of(page, 0, "input")["input"]
    assert {v for row in grid for v in row} == {0.299} and len(grid) == 28
    page.set_input_files("input[type=file] >> nth=1", file("red.png"))
    page.wait_for_function(
        "document.querySelectorAll('.d2l-host')[1].innerText.includes('28 ×')"
    )
    state = oracle.state_of(page, 1, "input", "kernel")
    assert [c[0][0] for c in state["input"]] == [1, 0, 0] and len(state["kernel"]) == 1
    assert page.locator(".d2l-colours").is_visible()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (file("a.pdf", kind="application/pdf"), "“a.pdf” is not a picture"),
        (file("b.png", content=b"no picture"), "“b.png” cannot be read"),
        (file("c.png", content=b""), "“c.png” cannot be read"),
        (41_000_000, "“d.png” is 41 MB"),
        (file("e.png", (7, 90)), "“e.png” has 7 × 90 pixels: too few"),
    ],
)
def test_what_is_no_picture_is_said_in_words(page_of, tmp_path, given, words):
    if isinstance(given, int):  # on the disk: megabytes take long to the browser
        with (tmp_path / "d.png").open("wb") as sparse:
            sparse.truncate(given)
        given = tmp_path / "d.png"
    lab = PoolingLab(image=PICTURE)
    page = page_of(lab)
    page.set_input_files("input[type=file]", given)
    page.locator(".d2l-own .d2l-warn").wait_for()
    assert words in page.inner_text(".d2l-own")
    assert oracle.state_of(page, 0, "input")["input"] == lab.input
    page.set_input_files("input[type=file]", file("good.png"))
    page.wait_for_function("!document.querySelector('.d2l-own .d2l-warn')")


# ---- looks ------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_on_tints_can_be_read(page_of, theme):
    rng = random.Random(0)
    image = [[rng.uniform(-1, 1) for _ in range(28)] for _ in range(28)]
    lab = ConvolutionLab(image=image, input="picture", kernel="identity", stride=4)
    page = page_of(lab, PoolingLab(image=image, input="picture", stride=4), theme=theme)
    assert page.locator(".d2l-plus, .d2l-minus, .d2l-grey").count() > 30
    assert oracle.low_contrast(page) == []


PAINTED = """(selector) => [...document.querySelectorAll(selector)]
  .map((node) => getComputedStyle(node).backgroundColor)"""


def test_high_contrast_shows_states_and_pictures(page_of):
    page = page_of(LABS["convolution"](), forced_colors="active")
    chosen, other = page.evaluate(PAINTED, ".d2l-choice span")
    assert chosen != other
    oracle.read(page, [{"input": PICTURE}])
    assert len(set(page.evaluate(PAINTED, "[data-grid=input] .d2l-cell"))) > 10


def test_high_contrast_shows_how_long_a_bar_is(page_of):
    page = page_of(SoftmaxLab(), StackLab(), BottleneckLab(), forced_colors="active")
    assert page.locator(".d2l-fill").count() == 10 + 4 + 4
    (fill,) = set(page.evaluate(PAINTED, ".d2l-fill"))
    assert fill not in page.evaluate(PAINTED, ":has(> .d2l-fill)")


def test_paper_is_light_and_without_controls(page_of):
    """With its bars and tints, though a browser leaves out backgrounds."""
    page = page_of(LABS["convolution"](), SoftmaxLab(), theme="dark")
    page.emulate_media(media="print")
    inks = "(all) => all.map((one) => getComputedStyle(one).printColorAdjust)"
    assert set(page.locator(".d2l, .d2l *").evaluate_all(inks)) == {"exact"}
    style = "getComputedStyle(document.querySelector('.d2l'))"
    assert page.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".d2l-controls, .d2l-player").first.is_visible()


GROWING = """[[".d2l", "fontSize"], [".d2l-cell", "width"], [".d2l-cell", "height"],
  [".d2l-stepper button", "width"]]"""
STYLE = "getComputedStyle(document.querySelector(one))"


def test_a_figure_grows_with_the_letters_that_a_reader_has_set(page_of):
    page = page_of(LABS["convolution"]())
    sizes = f"{GROWING}.map(([one, what]) => parseFloat({STYLE}[what]))"
    usual = page.evaluate(sizes)
    assert usual == [15, 44, 44, 34]
    page.add_style_tag(content="html { font-size: 200% }")
    assert page.evaluate(sizes) == [2 * size for size in usual]
    page.add_style_tag(content="html { font-size: 10px }")  # an old notebook's own
    assert page.evaluate(sizes) == usual


def test_a_field_that_gets_the_focus_of_a_finger_has_letters_of_16_pixels(page_of):
    page = page_of(LABS["convolution"](), is_mobile=True, has_touch=True)
    fields = page.locator(".d2l select, .d2l input[type=number], .d2l-cell input")
    sizes = fields.evaluate_all("""(all) => all.filter((one) => one.checkVisibility())
      .map((one) => (one.focus(), parseFloat(getComputedStyle(one).fontSize)))""")
    assert len(sizes) > 15 and min(sizes) >= 16


# By how much the words of a drawing are wider than it.
WIDTHS = """(at) => Math.max(...[...at.querySelectorAll("text")]
  .map((one) => one.getBBox().width - at.clientWidth))"""


def test_on_a_small_phone_no_control_is_wider_than_its_figure(page_of):
    page = page_of(LABS["convolution"](), LABS["pooling"](), StackLab(), width=320)
    assert page.locator(".d2l-own").count() == 2
    assert oracle.overflow(page) == 0
    page.add_style_tag(content=oracle.SPACED)
    assert page.locator("svg[role=img]").evaluate(WIDTHS) <= 0


def test_large_numbers_stay_in_their_cells(page_of):
    numbers = [[123456.79, 1, -2999872.9], [0.001, 1 / 3, 1e9], [-0.5, 12345, 99999.5]]
    page = page_of(ConvolutionLab(input=numbers, kernel=[[1]], controls=[]))
    wide = "(cells) => cells.filter((c) => c.scrollWidth > c.clientWidth + 1).length"
    assert page.locator("[data-grid=output] .d2l-cell").evaluate_all(wide) == 0
    assert page.inner_text("[data-grid=output] [data-row='0'][data-col='0']") == "1.2e5"
    oracle.read(page, [{"input": [[123456789]], "kernel": [[123456789]]}])
    assert page.inner_text("[data-sum]").endswith("≈ 1.52e16")
