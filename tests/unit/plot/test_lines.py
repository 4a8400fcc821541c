"""Lines over places: what they hold, what they say, what they refuse."""

import pytest
import torch
from measure import apart, below

from d2lmini.plot import lines

LOOK = {"title": "Accuracy", "xlabel": "shift"}


def drawn(series, places):
    return lines(series, places, **LOOK)


def test_the_line_is_the_mean_and_the_band_holds_every_run():
    runs = torch.tensor([[0.9, 0.5, 0.4], [0.7, 0.6, 0.1]])
    ax = drawn({"a": runs, "b": [0.1, 0.2, 0.3]}, [0, 1, 4]).figure.axes[0]
    first, second = ax.lines
    assert first.get_ydata() == pytest.approx([0.8, 0.55, 0.25], abs=1e-6)
    assert list(second.get_xdata()) == [0, 1, 4]
    (band,) = ax.collections  # a single run has none
    corners = {
        tuple(round(float(v), 3) for v in c) for c in band.get_paths()[0].vertices
    }
    assert {(0, 0.7), (0, 0.9), (4, 0.1), (4, 0.4)} <= corners


@pytest.mark.parametrize(
    ("word", "count", "slanted"),
    [("", 27, False), ("dense ", 10, False), ("dense ", 11, True)],
)
def test_the_words_below_do_not_run_into_each_other(word, count, slanted):
    places = [f"{word}{i}" for i in range(count)]
    figure = drawn({"a": list(range(count))}, places).figure
    assert slanted or apart(below(figure))
    (angle,) = {t.get_rotation() for t in figure.axes[0].get_xticklabels()}
    assert (angle > 0) == slanted


def test_the_alt_text_says_the_means_and_words_keep_their_order():
    picture = drawn({"with": [0.5, 0.25]}, ["late", "early"])
    assert "with: 50.0% at late, 25.0% at early" in picture.alt
    (ax,) = picture.figure.axes
    assert ax.yaxis.get_major_formatter().format_pct(0.5, 1) == "50%"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["late", "early"]


def test_what_is_no_share_is_written_and_drawn_as_it_is():
    picture = lines({"loss": [2.3, 0.51]}, [1, 9], **LOOK, form=".2f")
    assert "loss: 2.30 at 1, 0.51 at 9" in picture.alt
    (ax,) = picture.figure.axes
    assert ax.get_ylim()[0] == 0
    assert ax.yaxis.get_major_formatter().format_ticks([0.5]) == ["0.5"]


@pytest.mark.parametrize(
    ("series", "words"),
    [
        ({}, "there are 0 series"),
        ({"a": [0.1, 0.2, 0.3]}, "'a' has the shape .3,.: give 2 numbers"),
        ({"a": torch.zeros(0, 2)}, "'a' is .*nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_is_named(series, words):
    with pytest.raises(ValueError, match=words):
        drawn(series, [0, 1])


@pytest.mark.parametrize(
    ("places", "written"),
    [
        ([1, 2.5], ["1", "2.5"]),
        (torch.tensor([1, 2]), ["1", "2"]),
        ([torch.tensor(0.1), torch.tensor(2.0)], ["0.1", "2.0"]),
        (torch.tensor([0.5, 2.0]).bfloat16(), ["0.5", "2.0"]),
    ],
)
def test_a_place_reads_as_the_number_that_it_is(places, written):
    picture = drawn({"a": [0.5, 0.25]}, places)
    labels = picture.figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == written
    assert f"50.0% at {written[0]}, 25.0% at {written[1]}" in picture.alt


def test_names_and_places_of_every_kind():
    picture = lines({"_a": [1, -2]}, (n for n in (1, 2)), **LOOK, form=".1f")
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [" _a"]
    assert picture.figure.axes[0].get_ylim()[0] < -2
