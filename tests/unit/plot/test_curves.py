"""Curves draw whatever has a name, an origin and epochs."""

import math
from typing import NamedTuple

import pytest
from samples import quietly, small_net, splits

from d2lmini import mode, plot


class Epoch(NamedTuple):
    loss: float
    train_accuracy: float
    val_accuracy: float


class Run(NamedTuple):
    name: str = "run"
    origin: str = "somewhere"
    epochs: tuple[Epoch, ...] = ()


def run(*losses: float, **names: str) -> Run:
    epochs = tuple(Epoch(loss, 0.7 + i / 99, 0.6) for i, loss in enumerate(losses))
    return Run(epochs=epochs, **names)


def ticks(axes) -> list[float]:
    """Those that are seen, which are chosen before anything is drawn."""
    low, high = axes.get_xlim()
    return [x for x in axes.get_xticks() if low <= x <= high]


@pytest.mark.parametrize("alone", [True, False])
def test_the_numbers_of_a_history_are_drawn(alone):
    history = quietly(small_net(), splits(), name="mini")
    left, right = plot.curves(history if alone else [history]).figure.axes
    lines = [*left.lines, *right.lines]
    assert [list(line.get_xdata()) for line in lines] == [[1, 2]] * 3
    assert list(lines[0].get_ydata()) == [e.loss for e in history.epochs]
    drawn = {line.get_linestyle(): list(line.get_ydata()) for line in right.lines}
    assert drawn["-"] == [e.val_accuracy for e in history.epochs]
    assert drawn["--"] == [e.train_accuracy for e in history.epochs]


def test_the_alt_text_ends_with_the_validation_accuracy():
    alt = plot.curves(run(2.0, 1.0)).alt  # of 0.7 and 0.71 in training
    assert "run: loss 2.00 to 1.00, validation accuracy 0.600 after 2 epochs" in alt


def test_a_figure_admits_what_its_run_was(monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    mode.admit("offline sample")
    rehearsal = quietly(small_net(), splits())
    text = plot.curves([rehearsal]).figure._supxlabel.get_text()
    assert "quick mode" in text and "offline sample" in text and "CPU" in text
    assert "quick mode" not in plot.curves([run(1.0)]).alt


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("epochs", [None, 1, 2, 3, 5, 12, 90])
def test_ticks_are_whole_epochs(count, epochs):
    for axes in plot.curves(run(*[1.0] * count), epochs=epochs).figure.axes:
        seen = ticks(axes)
        assert seen and all(x == round(x) for x in seen)


def test_the_axis_spans_the_run_from_the_start():
    for axes in plot.curves([run(2.3)], epochs=10).figure.axes:
        assert axes.get_xlim() == (0.5, 10.5)


def test_the_axis_holds_a_run_that_is_longer():
    longer = [run(2.3), run(*[1.0] * 7), run(2.3)]
    ax = plot.curves(longer, epochs=5).figure.axes[0]
    assert ax.get_xlim() == (0.5, 7.5)
    ax = plot.curves(run(2.3), epochs=1, so_far=[(1.2, 0.9, 0.5)]).figure.axes[0]
    assert ax.get_xlim() == (0, 2.5)


@pytest.mark.parametrize(
    "so_far", [3, [(1, 2)], [3], [("a", 2, 3)], [(math.inf, 2, 3)]]
)
def test_a_point_is_three_numbers(so_far):
    words = r"so_far is .*points \(epochs, loss, accuracy"
    with pytest.raises((TypeError, ValueError), match=words):
        plot.curves(run(1.0), so_far=so_far)


@pytest.mark.parametrize("done", [0, 2])
def test_the_epoch_under_way_goes_on_from_the_last_one(done):
    points = [(done + 0.2, 0.9, 0.5), (done + 0.4, 0.8, 0.6)]
    before = run(*[1.0] * done)
    left, right = plot.curves([before], epochs=4, so_far=points).figure.axes
    if done:
        points.insert(0, (done, 1.0, before.epochs[-1].train_accuracy))
    x, loss, accuracy = map(list, zip(*points, strict=True))
    assert list(left.lines[1].get_xdata()) == x
    assert list(left.lines[1].get_ydata()) == loss
    assert list(right.lines[2].get_ydata()) == accuracy
    assert left.get_xlim() == (0, 4.5)


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("name", ["$x^$", "$", "$$", r"\$x^$", "$1 and $2", "<b>"])
def test_names_are_shown_as_they_are_written(name):
    picture = plot.curves([run(1.0, name=name, origin=name), run(2.0, name="b")])
    assert picture.png()
    (legend,) = picture.figure.legends
    for text in (legend.get_texts()[0], picture.figure._supxlabel):
        shown, formula = text._preprocess_math(text.get_text())
        assert not formula and shown.startswith(name)


def test_a_name_that_begins_with_a_line_is_in_the_legend():
    picture = plot.curves([run(1.0, name="_private"), run(2.0, name="b")])
    (legend,) = picture.figure.legends
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_private", "b"]


@pytest.mark.parametrize("draw", [
    lambda n: plot.curves([run(1.0, name=f"run {i}") for i in range(n)]),
    lambda n: plot.gradients({f"net {i}": {"conv": 1.0, "out": 0.5} for i in range(n)}),
], ids=["curves", "gradients"])  # fmt: skip
def test_no_two_curves_look_the_same(draw):
    lines = draw(36).figure.axes[0].lines
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 36
    with pytest.raises(ValueError, match=r"37 .*36"):
        draw(37)


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_a_run_that_went_astray_can_be_looked_at(value):
    picture = plot.curves(run(1.0, value, 2.0))
    assert picture.png() and plot.curves(run(value)).png()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([], ValueError, "no History"),
        (3, TypeError, "not 3: give what train returned"),
        (None, TypeError, "not None"),
        ({"a": run(1.0)}, TypeError, "not a dict"),
        ("lenet", TypeError, "not the text 'lenet'"),
        ([run(1.0), 0.5], TypeError, "not 0.5"),
        (Run(epochs=5), TypeError, "not a Run: give what train returned"),
    ],
)
def test_what_is_no_run_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        plot.curves(given)


def test_a_loss_below_zero_is_seen():
    for losses in ((-3.0, -4.0), (2.0, -1.0)):
        low, high = plot.curves(run(*losses)).figure.axes[0].get_ylim()
        assert low < min(losses) < max(losses) < high
    assert plot.curves(run(2.0, 1.0)).figure.axes[0].get_ylim()[0] == 0


def test_a_run_without_an_epoch_ends_nowhere():
    assert plot.curves(run(origin="")).alt.endswith("and accuracy by epoch.")


@pytest.mark.parametrize("epochs", ["5", 0, 2.5])
def test_a_length_is_a_whole_number(epochs):
    with pytest.raises((TypeError, ValueError), match="epochs must be"):
        plot.curves(run(1.0), epochs=epochs)
