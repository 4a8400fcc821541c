"""The figures about blocks against autograd and the package's own blocks."""

import random

import oracle
import pytest
import torch
from torch import nn
from traitlets import TraitError

from d2lmini import summary
from d2lmini.nets.googlenet import Inception
from d2lmini.widgets import BottleneckLab, SkipLab, skip

# ---- chain, sum, concatenation ---------------------------------------------------


def test_gradients_equal_autograd_and_the_figure_moves_by_keyboard(page_of):
    states = [
        {"depth": depth, "gain": gain, "normalise": normalise}
        for depth in (1, 7, 32)
        for gain in (0, 0.35, 1, 2)
        for normalise in (False, True)
    ]
    page = page_of(SkipLab())
    for state, shown in zip(states, oracle.read(page, states), strict=True):
        lab = SkipLab(**state)
        for kind in skip.KINDS:
            truth = torch.tensor([lab.gradients(kind)], dtype=torch.float64)
            found = torch.tensor(shown["grids"][kind], dtype=torch.float64)
            assert oracle.close(found / truth.amax(), truth / truth.amax(), 1e-6), state
            assert shown["values"][kind] == pytest.approx(truth[0, 0].item(), rel=1e-6)
    page.get_by_label("Layers").press("ArrowLeft")
    page.get_by_label("as it comes").check(force=True)
    assert oracle.state_of(page, 0, "depth", "normalise") == {
        "depth": 31,
        "normalise": False,
    }


def test_gradients_beyond_the_axis_are_told(page_of):
    page = page_of(SkipLab(depth=32, gain=0.3))
    grids = oracle.read(page, [{}])[0]["grids"]
    assert sum(not 1e-4 <= v <= 1e4 for v in grids["chain"][0]) == 27
    notes = page.locator(".d2l-panel .d2l-note").all_inner_texts()
    assert notes == ["27 beyond the axis, drawn at its end.", "", ""]
    assert "in the chain 1.04e−22" in page.inner_text(".d2l-sum")


def test_with_weights_of_zero_only_the_chain_is_cut():
    lab = SkipLab(gain=0)
    assert lab.gradients("chain")[:-1] == [0] * 16
    assert lab.gradients("sum") == [lab.gradients("sum")[0]] * 17
    assert min(lab.gradients("concatenation")) > 0.8


def test_the_numbers_have_mean_0_and_variance_1():
    for drawn in skip._drawn():
        assert abs(drawn.mean()) < 0.07 and abs(drawn.std() - 1) < 0.05


# ---- four paths ------------------------------------------------------------------


def truth(state):
    """(channels, parameters, multiply–adds) of the paths, counted on real layers."""
    one, three, five, pooled = state["widths"]
    c, shape = state["channels"], (state["channels"], state["side"], state["side"])
    block = Inception(
        c, (one, (state["narrow3"], three), (state["narrow5"], five), pooled)
    )
    paths = [block.one, block.three, block.five, block.pooled]
    if not state["narrowed"]:
        paths[1] = nn.Sequential(nn.Conv2d(c, three, 3, padding=1))
        paths[2] = nn.Sequential(nn.Conv2d(c, five, 5, padding=2))
        paths[3] = nn.Sequential(nn.MaxPool2d(3, 1, 1))
    for on, path in zip(state["paths"], paths, strict=True):
        walk = summary(path, shape)
        found = walk.rows[-1].shape[1], walk.parameters, walk.multiply_adds
        yield found if on else (0, 0, 0)


def test_costs_are_those_of_real_layers(page_of):
    rng = random.Random(0)
    states = [
        {
            "channels": rng.randrange(8, 833),
            "side": rng.randrange(1, 29),
            "narrow3": rng.randrange(4, 385),
            "narrow5": rng.randrange(4, 385),
            "widths": [rng.randrange(1, 513) for _ in range(4)],
            "narrowed": rng.random() < 0.5,
            "paths": [rng.randrange(2) for _ in range(4)],
        }
        for _ in range(12)
    ]
    page = page_of(BottleneckLab())
    for state, shown in zip(states, oracle.read(page, states), strict=True):
        costs = list(truth(state))
        assert BottleneckLab(**state).costs() == costs
        values = shown["values"]
        found = [values[name] for name in ("channels", "parameters", "work")]
        assert found == [sum(column) for column in zip(*costs, strict=True)], state
        other = list(truth(state | {"narrowed": not state["narrowed"]}))
        assert values["other"] == sum(cost[2] for cost in other)
    before = oracle.state_of(page, 0, "paths")["paths"]
    page.get_by_label("path 5×5").press("Space")
    assert oracle.state_of(page, 0, "paths")["paths"][2] == 1 - before[2]


# ---- both --------------------------------------------------------------------------


def test_looks(page_of):
    labs = SkipLab(), SkipLab(depth=32, gain=0.2), BottleneckLab()
    page = page_of(*labs, BottleneckLab(paths=(0, 1, 0, 1)), width=390)
    assert page.locator(".d2l-host[data-live]").count() == 4
    oracle.looks(page, 390, 1280)


def test_an_unknown_kind_is_no_chain():
    with pytest.raises(ValueError, match="kind is 'res'; take one of"):
        SkipLab().gradients("res")


def test_still_pictures_say_what_the_figures_say():
    for lab in (SkipLab(), BottleneckLab()):
        assert lab.describe() in lab.still() and "<table" in lab.still()


@pytest.mark.parametrize(
    ("lab", "wrong", "words"),
    [
        (SkipLab, {"gain": 3}, "gain is 3; give a number from 0 to 2"),
        (SkipLab, {"depth": 33}, "depth"),
        (BottleneckLab, {"paths": [1, 1, 1]}, "paths is .*; give four whole numbers"),
        (BottleneckLab, {"widths": [0, 1, 1, 1]}, "widths is .*; give four whole"),
    ],
)
def test_wrong_settings_are_refused_in_words(lab, wrong, words):
    with pytest.raises(TraitError, match=words):
        lab(**wrong)
