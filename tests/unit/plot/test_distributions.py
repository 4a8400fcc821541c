"""Histograms by layer: densities, one axis, words for the alt text."""

import tracemalloc

import pytest
import torch

from d2lmini.plot import histograms


def normal(mean, std):
    generator = torch.Generator().manual_seed(0)
    return mean + std * torch.randn(50, 3, 8, 8, generator=generator)


def drawn(picture):
    """For each panel, the (heights, edges) of its curves."""
    panels = picture.figure.axes
    return [[patch.get_data() for patch in ax.patches] for ax in panels]


def test_every_curve_is_a_density_over_one_axis():
    rows = {
        "without": {"start": [normal(0, 1), normal(4, 2)]},
        "with": {"start": [normal(1, 1), normal(0, 1)], "end": [normal(0, 3)] * 2},
    }
    panels = drawn(histograms(rows, titles=["first", "second"]))
    assert [len(curves) for curves in panels] == [1, 1, 2, 2]
    axes = {tuple(curve.edges) for curves in panels for curve in curves}
    assert len(axes) == 1
    for curves in panels:
        for heights, edges, _ in curves:
            assert (heights * (edges[1:] - edges[:-1])).sum() == pytest.approx(1)


def test_each_tensor_is_in_its_column_and_each_series_in_its_colour():
    low, high = torch.zeros(99), torch.ones(99)
    picture = histograms({"r": {"a": [low, high], "b": [high, low]}}, titles=["1", "2"])
    peaks = [[int(h.argmax()) for h, *_ in curves] for curves in drawn(picture)]
    assert peaks == [[0, 79], [79, 0]]
    one, other = (p.get_edgecolor() for p in picture.figure.axes[0].patches)
    assert one != other


def test_the_axis_leaves_out_two_per_cent_at_either_end():
    picture = histograms({"a": {"b": [torch.arange(1001.0)]}}, titles=["t"])
    assert picture.figure.axes[0].get_xlim() == pytest.approx((20, 980))


def test_the_alt_text_says_mean_and_spread():
    rows = {"net": {"start": [normal(4, 2)]}}
    exact = float(normal(4, 2).mean()), float(normal(4, 2).std())
    alt = histograms(rows, titles=["layer"]).alt
    assert f"net, start: layer {exact[0]:.1f} ± {exact[1]:.1f}" in alt


def test_equal_numbers_and_low_precision_can_be_drawn():
    rows = {"net": {"start": [torch.zeros(9, dtype=torch.bfloat16)]}}
    (((heights, edges, _),),) = drawn(histograms(rows, titles=["layer"]))
    assert edges[0] < 0 < edges[-1] and heights.max() > 0


def test_a_series_of_any_row_is_in_the_legend_once():
    some = [normal(0, 1)] * 2
    rows = {"one": {"x": some}, "two": {"x": some, "_y": some}, "three": {"z": some}}
    (legend,) = histograms(rows, titles=["first", "second"]).figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["x", " _y", "z"]


@pytest.mark.filterwarnings("error")
def test_one_number_has_no_spread():
    picture = histograms({"net": {"start": [torch.ones(1)]}}, titles=["layer"])
    assert picture.alt.endswith("layer 1.0 ± 0.0.")


@pytest.mark.parametrize("kind", [torch.float64, torch.float16])
def test_neither_default_of_pytorch_changes_the_figure(kind):
    rows = {"net": {"start": [normal(4, 2)]}}
    wanted = histograms(rows, titles=["layer"])
    try:
        torch.set_default_dtype(kind)
        with torch.device("meta"):
            found = histograms(rows, titles=["layer"])
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.alt == wanted.alt
    (((a, *_),),), (((b, *_),),) = drawn(found), drawn(wanted)
    assert (a == b).all()


def test_of_many_numbers_each_one_counts():
    """Two channels in turn, of which every second number would be one alone."""
    both = torch.tensor([0.0, 3.0]).repeat(600_000)
    (((heights, edges, _),),) = drawn(histograms({"r": {"s": [both]}}, titles=["t"]))
    assert (edges[0], edges[-1]) == (0, 3)
    assert heights.nonzero()[0].tolist() == [0, 79]
    assert heights[0] == pytest.approx(heights[79])


def test_the_ends_are_exact_where_every_eleventh_number_misleads():
    values = torch.arange(1_000_000.0)
    values[:: 11 * 20] = -9e6
    values[11 :: 11 * 20] = 9e6
    (((heights, edges, _),),) = drawn(histograms({"r": {"s": [values]}}, titles=["t"]))
    ordered = values.sort().values
    assert (edges[0], edges[-1]) == (ordered[20_000], ordered[-20_001])
    assert heights == pytest.approx(1 / (edges[-1] - edges[0]), rel=0.02)


def test_a_large_tensor_is_neither_put_in_order_nor_copied():
    """That of a whole network would take many seconds, or more memory than there is."""
    values = torch.randn(4_000_000, generator=torch.Generator().manual_seed(0))
    rows = {"r": {"s": [values]}}
    tracemalloc.start()
    try:
        histograms(rows, titles=["t"])
        assert tracemalloc.get_traced_memory()[1] < values.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize(
    "values",
    [
        torch.linspace(1e6, 1e6 + 0.3, 999, dtype=torch.float64),
        torch.arange(10**9, 10**9 + 800),
        torch.linspace(-1e-60, 2e-60, 999, dtype=torch.float64),
    ],
)
def test_close_large_and_small_numbers_keep_their_digits(values):
    picture = histograms({"r": {"s": [values]}}, titles=["t"])
    (((heights, edges, _),),) = drawn(picture)
    assert heights == pytest.approx(1 / (edges[-1] - edges[0]), rel=0.2)
    assert (edges[1:] > edges[:-1]).all() and picture.png()


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("value", [0.0, 1e9, -1e29, 1e-60])
def test_one_value_alone_has_an_axis_around_it(value):
    values = torch.full((99,), value, dtype=torch.float64)
    values[50] *= 1 + 1e-15
    picture = histograms({"r": {"s": [values]}}, titles=["t"])
    (((heights, edges, _),),) = drawn(picture)
    assert edges[0] < value < edges[-1] and (heights > 0).sum() <= 2
    assert picture.png()


def test_no_two_series_look_the_same():
    def look(count):
        rows = {"r": {str(i): [[0, 1]] for i in range(count)}}
        (ax,) = histograms(rows, titles=["t"]).figure.axes
        return {(p.get_edgecolor(), p.get_linestyle()) for p in ax.patches}

    assert len(look(12)) == 12
    with pytest.raises(ValueError, match="13 series to tell apart: give 1 to 12"):
        look(13)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({}, "nothing to draw"),
        ({"net": {"start": [torch.zeros(2)] * 2}}, "2 tensors for 1 titles"),
    ],
)
def test_what_does_not_fit_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        histograms(rows, titles=["layer"])
