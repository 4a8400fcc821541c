"""Stacked bars: where each part begins and ends, what is said, what is refused."""

import pytest

from d2lmini.plot import stacked

LOOK = {"title": "Parameters", "xlabel": "millions"}
PARTS = {
    "A": {"dense": 3.0, "convolution": 1.5},
    "B": {"convolution": 0.25, "dense": 0.0},  # another order, the same kinds
}


def test_the_parts_of_a_bar_follow_each_other_and_end_at_the_sum():
    picture = stacked(PARTS, **LOOK)
    (ax,) = picture.figure.axes
    spans = {
        (kind.get_label(), round(bar.get_y() + bar.get_height() / 2)): (
            bar.get_x(),
            bar.get_x() + bar.get_width(),
        )
        for kind in ax.containers
        for bar in kind
    }
    assert spans == {
        ("dense", 0): (0, 3),
        ("convolution", 0): (3, 4.5),
        ("dense", 1): (0, 0),
        ("convolution", 1): (0, 0.25),
    }
    sums = {text.get_text(): text.xy for text in ax.texts}
    assert sums == {"4.5": (4.5, 0), "0.25": (0.25, 1)}
    bottom, top = ax.get_ylim()
    assert bottom > top, "the first bar is on top"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B"]


def test_the_alt_text_has_every_number_but_zeros():
    alt = stacked(PARTS, **LOOK).alt
    assert "A 4.5: dense 3, convolution 1.5" in alt
    assert "B 0.25: convolution 0.25" in alt


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "no bars"),
        ({"A": {}}, "0 parts"),
        ({"A": dict.fromkeys("abcdefg", 1.0)}, "7 parts: give 1 to 6"),
        ({"A": {"x": 1.0}, "B": {"y": 1.0}}, "the parts of 'B' are y.*has x"),
        ({"A": {"x": -1.0}}, "'x' of 'A' is -1.0"),
        ({"A": {"x": float("nan")}}, "'x' of 'A' is nan"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(parts, words):
    with pytest.raises(ValueError, match=words) as caught:
        stacked(parts, **LOOK)
    assert "\n" not in str(caught.value)
