"""Dots with ranges: where they stand, what they say, what they refuse."""

import pytest
from measure import apart, below

from d2lmini.plot import ranges

LOOK = {"title": "Differences", "xlabel": "accuracy"}
ROWS = {"luck": (0.01, -0.02, 0.04), "not luck": (0.03, 0.01, 0.05)}


def test_bars_reach_from_low_to_high_and_the_first_name_is_above():
    (ax,) = ranges(ROWS, **LOOK).figure.axes
    bars = [list(line.get_xdata()) for line in ax.lines]
    assert bars == [[-0.02, 0.04], [0.01, 0.05]]
    dots = [dot.get_offsets().tolist()[0] for dot in ax.collections]
    assert dots == [[0.01, 0], [0.03, 1]]
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert [t.get_text() for t in ax.get_yticklabels()] == list(ROWS)


def test_a_tie_is_hollow_and_said_where_differences_are_drawn():
    picture = ranges(ROWS, **LOOK, zero=True)
    (ax,) = picture.figure.axes
    faces = [dot.get_facecolor().tolist()[0][:3] for dot in ax.collections]
    assert faces[0] == [1, 1, 1] != faces[1]
    assert "luck: 0.0100 (-0.0200 to 0.0400, a tie)" in picture.alt
    assert "not luck: 0.0300 (0.0100 to 0.0500)" in picture.alt
    assert "tie" not in ranges(ROWS, **LOOK).alt


@pytest.mark.parametrize(
    ("low", "size"), [(-0.0095, 0.0191), (-0.97, 0.6), (0.9012, 0.0034)]
)
def test_the_numbers_below_do_not_run_into_each_other(low, size):
    long = {"a name of more than forty letters, seed 12": (low, low, low + size)}
    figure = ranges(long, **LOOK, zero=True).figure
    boxes = below(figure)
    assert len(boxes) > 1
    assert apart(boxes)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({}, "there are 0 rows"),
        ({"a": (1, 2, 3)}, "'a' is .1.0, 2.0, 3.0.: give .value, low, high."),
        ({"a": (1, 2)}, "'a' is"),
        ({"a": (1, 0, float("nan"))}, "not finite"),
    ],
)
def test_what_cannot_be_drawn_is_named(rows, words):
    with pytest.raises(ValueError, match=words):
        ranges(rows, **LOOK)


def test_zero_is_a_truth_value():
    with pytest.raises(TypeError, match="zero must be True or False, not the text"):
        ranges({"a": (1, 0, 2)}, **LOOK, zero="no")
