"""Histograms by layer: densities, one axis, words for the alt text."""

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
