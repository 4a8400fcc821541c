"""Points and their names: the front, the places of the names, what is refused."""

import itertools
import random

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.patheffects import withStroke

from d2lmini.plot import pareto, scatter
from d2lmini.plot.labels import PLACES, Box, Label, placed

LOOK = {"title": "Cost", "xlabel": "seconds", "ylabel": "accuracy"}
NETS = {
    "LeNet": (4.2e5, 0.8904),
    "LeNet, normalised": (4.2e5, 0.9174),
    "AlexNet": (1.13e9, 0.918),
    "VGG ÷ 4": (4.9e8, 0.922),
    "NiN": (7.6e8, 0.905),
    "GoogLeNet": (2.6e8, 0.926),
    "GoogLeNet, normalised": (2.7e8, 0.937),
    "ResNet-18": (3.18e8, 0.9356),
    "DenseNet": (2.2e8, 0.9337),
    "slim AlexNet": (4e7, 0.921),
    "slim-64": (2.1e7, 0.915),
    "slimmer still": (2.0e7, 0.916),
}


def brute_force(points):
    """The definition, pair by pair."""
    kept = set()
    for name, (x, y) in points.items():
        better = [p <= x and q >= y and (p < x or q > y) for p, q in points.values()]
        if not any(better):
            kept.add(name)
    return kept


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_the_definitions(seed):
    draw = random.Random(seed)  # few values, so that some are equal
    points = {str(i): (draw.randint(1, 5), draw.randint(1, 5)) for i in range(9)}
    best = pareto(points)
    assert set(best) == brute_force(points)
    places = [points[name] for name in best]
    assert places == sorted(places)
    assert [y for _, y in places] == sorted(y for _, y in places)


def test_numbers_of_two_kinds_keep_all_their_digits():
    accuracy = torch.tensor(0.5)
    a, b = (138_357_544, accuracy), (torch.tensor(138_357_543), accuracy)
    assert pareto({"a": a, "b": b}) == ["b"]
    assert "a at 138,357,544" in scatter({"a": a}, **LOOK).alt


def test_the_line_steps_from_best_to_best():
    picture = scatter({"a": (1, 1), "b": (2, 0), "c": (3, 4)}, **LOOK, front=True)
    (line,) = picture.figure.axes[0].lines
    assert line.get_drawstyle() == "steps-post"
    assert line.get_xydata().tolist() == [[1, 1], [3, 4]]
    (entry,) = picture.figure.legends[0].get_texts()
    assert entry.get_text() == "Pareto front"


def test_a_front_of_one_point_has_no_line_on_the_page_or_in_the_legend():
    figure = scatter({"a": (1, 2), "b": (2, 1)}, **LOOK, front=True).figure
    assert len(figure.axes[0].lines) == 0
    (shown,) = figure.legends[0].get_lines()
    assert shown.get_linestyle() == "None"
    full = figure.axes[0].collections[0].get_facecolor()[0]
    assert to_rgba(shown.get_markerfacecolor()) == tuple(full)


def test_a_line_ends_before_the_name_that_it_would_cross():
    ax = scatter(NETS, **LOOK, xlog=True, front=True).figure.axes[0]
    for text in ax.texts:
        (halo,) = text.get_path_effects()
        assert isinstance(halo, withStroke)
        assert ax.lines[-1].zorder < text.zorder < ax.collections[0].zorder


@pytest.mark.parametrize(("xlog", "scale"), [(True, "log"), (False, "linear")])
def test_the_axes_are_those_that_are_said(xlog, scale):
    ax = scatter({"a": (1, 2), "b": (10, 3)}, **LOOK, xlog=xlog).figure.axes[0]
    said = ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()
    assert said == ("seconds", "accuracy", scale)


def test_points_off_the_front_are_hollow():
    ax = scatter({"a": (1, 1), "b": (2, 0)}, **LOOK, front=True).figure.axes[0]
    a, b = (dot.get_facecolor().tolist()[0] for dot in ax.collections)
    assert b == [1, 1, 1, 1]
    assert a != b


def test_a_range_is_an_upright_bar_and_is_read_out():
    picture = scatter({"a": (1, 0.5, 0.25, 0.75), "b": (2, 0.6)}, **LOOK, front=True)
    bar, front = picture.figure.axes[0].lines
    assert bar.get_xydata().tolist() == [[1, 0.25], [1, 0.75]]
    assert front.get_drawstyle() == "steps-post"
    assert "a at 1 and 0.5 (0.2500 to 0.7500); b at 2 and 0.6." in picture.alt


@pytest.mark.parametrize("xlog", [True, False])
def test_no_name_covers_another_or_a_point(xlog):
    """Measured by matplotlib, in the pixels of the finished picture."""
    points = NETS if xlog else {n: (y, y) for n, (_, y) in NETS.items()}
    figure = scatter(points, **LOOK, xlog=xlog, front=True).figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    ax = figure.axes[0]
    boxes = [text.get_window_extent(renderer) for text in ax.texts]
    assert [text.get_text() for text in ax.texts] == list(points)
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    dots = ax.transData.transform([*points.values()])
    assert not any(box.contains(*dot) for box in boxes for dot in dots)
    for box, (x, y) in zip(boxes, dots, strict=True):  # and each is near its own
        assert max(box.x0 - x, x - box.x1, box.y0 - y, y - box.y1) < 12
        assert figure.bbox.containsx(box.x0)
        assert figure.bbox.containsx(box.x1)


def test_a_name_moves_out_of_the_way():
    room, label = Box(0, 0, 100, 100), Label(50, 50, 20, 10)
    (free,) = placed([label], [], room, 5)
    assert free == label.box(0, 5)
    (moved,) = placed([label], [free], room, 5)
    assert moved.shared(free) == 0
    (held,) = placed([label], [], Box(0, 0, 60, 100), 5)  # no room to the right
    assert held.right <= 60


@pytest.mark.parametrize("place", range(8))
def test_a_place_lies_where_its_steps_say(place):
    box, (right, up) = Label(0, 0, 20, 10).box(place, 5), PLACES[place]
    middle = (box.left + box.right) / 2, (box.low + box.high) / 2
    for found, step in zip(middle, (right, up), strict=True):
        assert found * step > 0 if step else found == 0
    assert box.shared(Box(-3, -3, 3, 3)) == 0


def test_the_alt_text_lists_every_point_and_the_front():
    alt = scatter({"a": (46_764_746, 0.9356), "b": (2, 0.5)}, **LOOK, front=True).alt
    assert "a at 46,764,746 and 0.9356; b at 2 and 0.5." in alt
    assert alt.endswith("On the Pareto front: b; a.")
    assert "front" not in scatter({"a": (1, 2)}, **LOOK).alt


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({}, "there are 0 points to draw: give 1 to 12"),
        ({str(i): (i, i) for i in range(13)}, "there are 13 points"),
        ({"a": (1.0, float("nan"))}, "'a' is .1.0, nan.: give two finite numbers"),
        ({"a": (float("inf"), 1.0)}, "'a' is .inf, 1.0."),
        ({"a": (1.0, 2.0, 3.0)}, "give two finite numbers"),
        ({"a": (1.0, 2.0, 1.0, float("nan"))}, "or four"),
        ({"a": (1.0, 2.0, 2.5, 3.0)}, "with y from low to high"),
        ({"a": (0.0, 1.0)}, "'a' lies at x = 0.0"),
    ],
)
def test_what_cannot_be_drawn_is_named(points, words):
    with pytest.raises(ValueError, match=words):
        scatter(points, **LOOK, xlog=True)


@pytest.mark.parametrize("option", ["xlog", "front"])
def test_an_option_is_a_truth_value(option):
    with pytest.raises(TypeError, match=f"{option} must be True or False, not the"):
        scatter({"a": (1, 2)}, **LOOK, **{option: "no"})


def test_the_front_of_points_with_ranges():
    points = {"a": (1, 2, 1, 3), "b": (2, 1, 0, 2)}
    assert pareto(points) == pareto({"a": (1, 2), "b": (2, 1)}) == ["a"]
    with pytest.raises(ValueError, match=r"'a' is \(1.0, nan\): give two finite"):
        pareto({"a": (1.0, float("nan"))})
