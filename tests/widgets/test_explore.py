"""`explore`: each control shows the frame that belongs to it, and none is dead."""

import base64
import io

import matplotlib
import numpy as np
import oracle
import pytest
import torch
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from PIL import Image
from traitlets import TraitError

from d2lmini.plot.picture import Picture
from d2lmini.widgets import explore
from d2lmini.widgets.explore import label

matplotlib.use("agg")
COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 128, 0)}


def swatch(colour="red", size=1, frame=False):
    """A figure of one colour, `size` inches wide."""
    drawing = Figure(figsize=(size, 1), facecolor=colour)
    drawing.add_axes((0, 0, 1, 1)).axis("off")
    return drawing


PIXEL = """async () => {
  const image = document.querySelector(".d2l-image");
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const [r, g, b] = pen.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
  return [[r, g, b], image.naturalWidth, image.alt];
}"""


def test_each_combination_shows_its_own_frame(page_of):
    shown = explore(swatch, colour=list(COLOURS), size=[1, 2], title="Swatch", dpi=50)
    page = page_of(shown)
    for i, (name, rgb) in enumerate(COLOURS.items()):
        for j, width in enumerate((1, 2)):
            oracle.read(page, [{"choice": [i, j]}])
            pixel, across, alt = page.evaluate(PIXEL)
            assert tuple(pixel) == rgb and abs(across - 50 * width) <= 10
            assert alt == f"Swatch: colour {name}, size {width}"


def test_a_value_that_names_its_option_is_not_said_twice():
    blocks = ["block 1", "blocks", 2]
    alts = explore(lambda block: swatch("red", 1), block=blocks, title="S", dpi=20).alts
    assert alts == ["S: block 1", "S: block blocks", "S: block 2"]


def test_controls_work_by_keyboard_and_say_what_they_show(page_of):
    page = page_of(explore(swatch, colour=list(COLOURS), size=range(1, 7), dpi=20))
    page.get_by_label("size").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("radio", name="red").focus()
    page.keyboard.press("ArrowDown")
    assert oracle.state_of(page, 0, "choice") == {"choice": [1, 1]}
    page.wait_for_function(
        "document.querySelector('[role=status]').textContent.endsWith('size 2')"
    )


def test_equal_frames_travel_once():
    shown = explore(swatch, frame=[False, True], size=[1, 1, 2], dpi=20)
    assert len(shown.frames) == 2 and shown.places == [0, 0, 1, 0, 0, 1]


def test_frames_are_pictures_and_deterministic():
    make = [explore(swatch, size=[1, 2], dpi=20) for _ in range(2)]
    assert make[0].html() == make[1].html()
    image = Image.open(io.BytesIO(base64.b64decode(make[0].frames[0])))
    assert image.format == "PNG" and not image.info.get("Software")


def test_a_figure_may_come_with_a_canvas_that_knows_no_option():
    class Bare(FigureCanvasBase):  # as cairo's
        def print_png(self, filename):
            raise AssertionError("drawn by another backend")

    figure = Figure(figsize=(1, 1))
    Bare(figure)
    assert explore(lambda x: figure, x=[1]).frames
    assert type(figure.canvas) is Bare


def test_a_function_may_draw_on_the_current_figure():
    import matplotlib.pyplot as plt

    kept = plt.figure()
    shown = explore(lambda n: plt.figure(figsize=(n, 1)) and None, n=[1, 2], dpi=20)
    assert len(shown.frames) == 2
    assert plt.get_fignums() == [kept.number]
    plt.close(kept)


def test_what_the_reader_has_open_is_left_alone():
    import matplotlib.pyplot as plt

    kept, other = plt.figure(), plt.figure()
    plt.figure(kept.number)
    shown = explore(lambda n: plt.plot([1, n]), n=[1, 2], dpi=20)
    assert len(shown.frames) == 2 and not kept.axes and not other.axes
    assert plt.get_fignums() == [kept.number, other.number] and plt.gcf() is kept
    plt.close(kept)
    plt.close(other)


def test_a_figure_of_the_readers_that_is_made_current_stays_theirs():
    import matplotlib.pyplot as plt

    kept, axes = plt.subplots()
    manager = kept.canvas.manager

    def drawn(n):
        plt.figure()
        plt.sca(axes)
        plt.cla()
        plt.plot([1, n])
        return kept

    shown = explore(drawn, n=[1, 2], dpi=20)
    assert len(shown.frames) == 2
    assert kept.canvas.manager is manager and plt.gcf() is kept
    assert plt.get_fignums() == [kept.number]
    plt.close(kept)


def test_the_readers_figure_is_drawn_onto_by_number_and_as_the_current_one():
    import matplotlib.pyplot as plt

    kept, axes = plt.subplots()

    def by_number(n):
        plt.figure(kept.number)
        plt.clf()
        plt.plot([1, n])
        return kept

    def with_title(n):
        axes.clear()
        axes.set_axis_off()
        plt.title("I" * n)
        return kept

    assert len(explore(with_title, n=[1, 2], dpi=20).frames) == 2
    assert len(explore(by_number, n=[1, 2], dpi=20).frames) == 2
    assert plt.get_fignums() == [kept.number]
    plt.close(kept)


def test_a_function_that_fails_leaves_no_figure_open():
    import matplotlib.pyplot as plt

    def fails(n):
        plt.figure()
        raise ZeroDivisionError

    kept = plt.figure()
    with pytest.raises(ZeroDivisionError):
        explore(fails, n=[1])
    assert plt.get_fignums() == [kept.number]
    plt.close(kept)


def painted(colour="red"):
    """A swatch that brings its own alt text."""
    return Picture(swatch(colour), f"All {colour}.")


def test_a_picture_brings_its_own_alt_text(page_of):
    shown = explore(painted, colour=list(COLOURS), title="Swatch", dpi=50)
    page = page_of(shown)
    oracle.read(page, [{"choice": [1]}])
    pixel, _, alt = page.evaluate(PIXEL)
    assert tuple(pixel) == COLOURS["blue"]
    assert alt == "Swatch: colour blue. All blue."
    assert "All red." in shown.still()
    shown.choice = [2]  # in a kernel, a Picture is drawn anew as well
    assert shown._fresh[0] == 2
    told = explore(painted, colour=["red"], alt=lambda colour: f"so {colour}", dpi=20)
    assert told.alts == ["so red"]


def test_in_a_kernel_the_choice_draws_anew():
    shade = {"now": "red"}
    shown = explore(lambda n: swatch(shade["now"]), n=[1, 2], dpi=20)
    assert shown._fresh == []  # the frames are enough to begin with
    shade["now"] = "blue"
    shown.choice = [1]
    place, png = shown._fresh
    assert place == 1 and shown.values == {"n": 2}
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    assert image.getpixel((5, 5)) == COLOURS["blue"]
    assert "_fresh" not in shown.state


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs an option"),
        ({"n": []}, "n is empty"),
        ({"n": 3}, r"write n=\[3\]"),
        ({"n": range(9), "m": range(8)}, "72 frames; 64 is the most"),
    ],
)
def test_wrong_options_are_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        explore(swatch, **options)
    with pytest.raises(ValueError, match="opened no figure"):
        explore(lambda n: n, n=[1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"title": ["a", "b"]}, "title is the list .*: give one for all frames"),
        ({"alt": 5}, "alt is 5: give one"),
        ({"alt": lambda size: None}, "What alt gives is None: let it return words"),
        ({"dpi": 72.5}, "dpi must be a whole number, not 72.5"),
        ({"dpi": 0}, "dpi must be at least 1, not 0"),
    ],
)
def test_what_all_frames_share_is_no_option(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        explore(swatch, **{"dpi": 20, "size": [1]} | options)


def test_a_choice_that_there_is_not_is_refused_and_forgotten():
    shown = explore(swatch, size=[1, 2], dpi=20)
    before = shown.html()
    for choice in ([5], [-1], [], [0.5], [True], [0, 0]):
        with pytest.raises(TraitError, match=r"the place of each .*, at most 1"):
            shown.choice = choice
    assert shown.html() == before


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.bool_(True), "on"), (torch.tensor(1.0), "1"), (np.float32(0.25), "0.25")],
)
def test_values_of_numpy_and_torch_are_named_as_pythons(value, words):
    assert label(value) == words


def test_looks(page_of):
    shown = explore(swatch, colour=list(COLOURS), size=range(1, 7), frame=[False, True])
    page = page_of(shown, width=390)
    oracle.looks(page, 390)
