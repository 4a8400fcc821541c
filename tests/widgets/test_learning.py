"""The figures about learning against torch, in the browser and in Python."""

import json
import math
import random

import numpy as np
import oracle
import pytest
import torch
from torch.nn.functional import cross_entropy
from traitlets import TraitError

from d2lmini import schedules
from d2lmini.widgets import DescentLab, ScheduleLab, SignalLab, SoftmaxLab
from d2lmini.widgets.schedule import KINDS

LABS = [SoftmaxLab, DescentLab, ScheduleLab, SignalLab]


def number(rng, low, high):
    return round(rng.uniform(low, high), 2)


# ---- softmax -----------------------------------------------------------------


def softmax_state(rng):
    size = rng.choice((0, 1, 10))
    return {
        "logits": [number(rng, -size, size) for _ in range(10)],
        "target": rng.randrange(10),
        "scale": number(rng, 0, 4),
        "shift": number(rng, -10, 10),
    }


def test_softmax_and_its_slopes_equal_torch(page_of):
    rng = random.Random(0)
    states = [softmax_state(rng) for _ in range(70)]
    for state, shown in zip(
        states, oracle.read(page_of(SoftmaxLab()), states), strict=True
    ):
        z = torch.tensor(state["logits"], dtype=torch.float64, requires_grad=True)
        moved = state["scale"] * z + state["shift"]
        loss = cross_entropy(moved[None], torch.tensor([state["target"]]))
        loss.backward()
        truth = torch.stack((moved, moved.softmax(0), z.grad), 1)
        assert oracle.close(shown["grids"]["classes"], truth), state
        assert shown["values"]["loss"] == pytest.approx(loss.item(), abs=1e-6)
        lab = SoftmaxLab(**state)
        assert lab.loss == pytest.approx(loss.item(), abs=1e-9)
        assert oracle.close(lab.probabilities, truth[:, 1].detach(), 1e-12)


def test_on_a_narrow_page_probability_and_slope_stand_apart(page_of):
    page = page_of(SoftmaxLab(logits=[0] * 9 + [2.15], target=9), width=320)
    row = page.locator("[data-grid=classes] > *").nth(9)
    number = row.locator("span", has_text="true").bounding_box()
    slope = row.locator(":scope > div").last.bounding_box()
    assert number["x"] + number["width"] <= slope["x"]


def test_a_guess_costs_ln_10_and_a_shift_nothing(page_of):
    page = page_of(SoftmaxLab(shift=3))
    before = oracle.read(page, [{}, {"shift": -7}])
    assert before[0]["values"]["loss"] == pytest.approx(before[1]["values"]["loss"])
    page.get_by_role("button", name="All equal").press("Enter")
    values = oracle.read(page, [{}])[0]["values"]
    assert values["loss"] == pytest.approx(values["guess"]) == pytest.approx(2.302585)


def test_a_rounded_probability_is_not_said_to_give_the_loss(page_of):
    page = page_of(SoftmaxLab([10, -10], labels=["yes", "no"], target=0, scale=2))
    sure, half = oracle.read(page, [{}, {"scale": 0}])
    assert sure["sum"].endswith("−ln (1 − 4.2e−18) ≈ 4.2e−18")
    assert sure["values"]["loss"] == pytest.approx(math.exp(-40))
    assert half["sum"].endswith("−ln 0.5 ≈ 0.693")
    assert "2 equal probabilities, a pure guess, cost ln 2 ≈" in page.inner_text(".d2l")


def test_a_logit_moves_by_keyboard(page_of):
    page = page_of(SoftmaxLab())
    page.get_by_label("Sandal").press("ArrowRight")
    page.get_by_role("combobox", name="True class").select_option("Bag")
    state = oracle.state_of(page, 0, "logits", "target")
    assert state["logits"][5] == pytest.approx(1.6) and state["target"] == 8


# ---- descent -----------------------------------------------------------------

OPTIMIZERS = {
    "descent": torch.optim.SGD,
    "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "Adam": torch.optim.Adam,
}


def descent_state(rng):
    return {
        "start": [number(rng, -2.4, 3.6), number(rng, -1.5, 4.5)],
        "lr": rng.choice((0.001, 0.2, 0.29, 0.31, 2, number(rng, 0.01, 3))),
        "steps": rng.choice((0, 1, 20, 60)),
        "rule": rng.choice(list(OPTIMIZERS)),
        "standardise": rng.random() < 0.5,
    }


def walked(state, points):
    x, y = torch.tensor(points, dtype=torch.float64).T
    if state["standardise"]:
        x = (x - x.mean()) / x.var(correction=0).sqrt()
    place = torch.tensor(state["start"], dtype=torch.float64, requires_grad=True)
    optimizer = OPTIMIZERS[state["rule"]]([place], lr=state["lr"])
    path, losses = [], []
    for _ in range(state["steps"] + 1):
        loss = torch.nn.functional.mse_loss(place[0] * x + place[1], y) / 2
        path.append(place.tolist())
        losses.append(loss.item())
        if losses[-1] >= 1e6:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # curvatures of the loss: those of its Hessian
    X = torch.stack((x, torch.ones_like(x)), 1)
    low = torch.linalg.lstsq(X, y).solution
    least = torch.nn.functional.mse_loss(X @ low, y) / 2
    return path, losses, torch.linalg.eigvalsh(X.T @ X / len(x)), least


def test_every_step_equals_torchs_optimizers(page_of):
    rng = random.Random(1)
    states = [descent_state(rng) for _ in range(70)]
    lab, gone = DescentLab(), 0
    shows = oracle.read(page_of(lab), states)
    for state, shown in zip(states, shows, strict=True):
        path, losses, curvatures, least = walked(state, lab.points)
        gone += losses[-1] >= 1e6
        assert oracle.close(shown["grids"]["path"], path), state
        assert oracle.close(shown["grids"]["losses"][0], losses), state
        values = shown["values"]
        assert values["flat"] == pytest.approx(float(curvatures[0]), abs=1e-6)
        assert values["steep"] == pytest.approx(float(curvatures[1]), abs=1e-6)
        assert values["least"] == pytest.approx(float(least), abs=1e-6)
        same = DescentLab(**state)
        assert oracle.close(same.path, path, 1e-9)
        assert oracle.close(same.losses, losses, 1e-9)
    assert gone > 5


@pytest.mark.parametrize("standardise", [False, True])
def test_the_limit_is_where_descent_begins_to_diverge(page_of, standardise):
    page = page_of(DescentLab(standardise=standardise, steps=60))
    limit = oracle.read(page, [{}])[0]["values"]["limit"]
    below, above = oracle.read(page, [{"lr": 0.95 * limit}, {"lr": 1.05 * limit}])
    assert below["values"]["loss"] < 0.1 < 3 < above["values"]["loss"]


def test_the_start_is_dragged_and_the_steps_are_played(page_of):
    page = page_of(DescentLab(steps=0))
    edges = page.locator(".d2l-handle").bounding_box()
    x, y = edges["x"] + edges["width"] / 2, edges["y"] + edges["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=3)
    page.mouse.up()
    w, b = oracle.state_of(page, 0, "start")["start"]
    assert w > -1.4 and b < 3.3
    page.get_by_role("button", name="Step ›", exact=True).press("Enter")
    assert oracle.state_of(page, 0, "steps") == {"steps": 1}
    page.get_by_label("Start at w").press("ArrowRight")
    assert oracle.state_of(page, 0, "start")["start"][0] > w
    page.get_by_label("Adam").check(force=True)
    page.get_by_label("standardised").check(force=True)
    state = oracle.state_of(page, 0, "rule", "standardise")
    assert state == {"rule": "Adam", "standardise": True}


def test_where_it_has_left_the_walk_ends(page_of):
    page = page_of(DescentLab(lr=1, steps=60))
    page.get_by_text("After 4 steps:").wait_for()
    page.get_by_text("5 of 61").wait_for()
    step = page.get_by_role("button", name="Step ›", exact=True)
    assert step.get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="‹ Back", exact=True).click()
    page.get_by_text("After 3 steps:").wait_for()
    assert oracle.state_of(page, 0, "steps") == {"steps": 3}


def test_of_descent_is_said_what_the_steps_have_done(page_of):
    page = page_of(DescentLab(lr=0.601, steps=0, start=[0, 3.4]))
    text = page.locator(".d2l")
    for state, words in (
        ({}, ""),
        ({"lr": 0.326, "steps": 20}, "Sooner or later each step leads across"),
        ({"lr": 0.5, "steps": 3}, "Each step leads across the valley and higher"),
    ):
        oracle.read(page, [state])
        said = page.inner_text(".d2l-sum")
        assert words in said and ("leads across" in said) == bool(words)
    assert "converges below 2 / 6.702 ≈ 0.298." in text.inner_text()
    oracle.read(page, [{"start": [-1.5, 3.5], "lr": 0.31, "steps": 60}])
    high = sum(v > 1e4 for v in DescentLab(lr=0.31, steps=60).losses.tolist())
    told = f"{high} beyond the axis, drawn at its end."
    assert high > 1 and told in text.inner_text()
    dots = page.locator("[data-grid=losses] circle")
    assert dots.last.get_attribute("cy") == dots.nth(-2).get_attribute("cy") == "10"


# ---- schedule ------------------------------------------------------------------


def schedule_state(rng):
    epochs, batches = rng.randint(1, 30), rng.choice((1, 7, 430))
    return {
        "kind": rng.choice(KINDS),
        "lr": rng.choice((1e-4, 0.01, 1, number(rng, 0.01, 1))),
        "warm_up": number(rng, 0.02, 0.98),
        "epochs": epochs,
        "batches": batches,
        "step": rng.randrange(epochs * batches),
    }


def test_rates_are_the_packages(page_of):
    rng = random.Random(2)
    states = [schedule_state(rng) for _ in range(70)]
    shows = oracle.read(page_of(ScheduleLab()), states)
    for state, shown in zip(states, shows, strict=True):
        lr, up = state["lr"], state["warm_up"]
        factors = {
            "one cycle": lambda t, up=up: schedules.one_cycle(t, up),
            "cosine": schedules.cosine,
            "constant": schedules.constant,
        }
        factor = factors[state["kind"]]
        truth = [lr * factor(i / 50) for i in range(51)]
        assert oracle.close(shown["grids"]["rates"][0], truth), state
        progress = state["step"] / (state["epochs"] * state["batches"])
        rate = lr * factor(progress)
        assert shown["values"]["rate"] == pytest.approx(rate, rel=1e-6)
        assert ScheduleLab(**state).rate(progress) == pytest.approx(rate, rel=1e-12)


def test_the_peak_is_dragged(page_of):
    page = page_of(ScheduleLab(lr=0.01))
    edges = page.locator(".d2l-handle").bounding_box()
    x, y = edges["x"] + edges["width"] / 2, edges["y"] + edges["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=2)
    page.mouse.up()
    state = oracle.state_of(page, 0, "lr", "warm_up")
    assert state["warm_up"] > 0.35 and state["lr"] == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("steps", [1, 20])
def test_a_place_of_the_finger_is_one_rate(page_of, steps):
    page = page_of(ScheduleLab(lr=0.01))
    edges = page.locator(".d2l-handle").bounding_box()
    x, y = edges["x"] + edges["width"] / 2, edges["y"] + edges["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for across in (0, 30):  # up, then to the side
        page.mouse.move(x + across, y - 8, steps=steps)
    page.mouse.up()
    rate = oracle.state_of(page, 0, "lr")["lr"]
    high = 240 - 38 - 10  # of the axis, which ends at 1.15 · lr
    assert rate == pytest.approx(0.01 * (1 + 8 * 1.15 / high), abs=1e-4)
    after = page.locator(".d2l-handle").bounding_box()  # the axis has followed
    assert after["y"] == pytest.approx(edges["y"], abs=1)
    page.get_by_label("Look at step").press("ArrowRight")
    page.get_by_label("Epochs", exact=True).press("ArrowLeft")
    assert oracle.state_of(page, 0, "step", "epochs") == {"step": 1, "epochs": 9}
    page.get_by_label("constant").check(force=True)
    assert page.get_by_label("Share of the run").is_hidden()


def test_a_small_rate_is_written_with_a_true_minus(page_of):
    page = page_of(ScheduleLab(lr=0.2, kind="cosine", epochs=1, batches=430))
    oracle.read(page, [{"step": 429}])
    assert "0.2 · 1.33e−5 ≈ 2.67e−6." in page.inner_text(".d2l-sum")
    oracle.read(page, [{"step": 0}])
    assert "0.2 · 1 = 0.2." in page.inner_text(".d2l-sum")
    page.get_by_label("Learning rate over 1 epoch, cosine").wait_for()


# ---- signal --------------------------------------------------------------------


def test_signals_and_gradients_equal_autograd(page_of):
    rng = random.Random(3)
    units = ("none", "tanh", "ReLU", "sigmoid")
    states = [{"unit": u, "gain": g} for u in units for g in (0.1, 1, 1.41, 4, 10)]
    states += [
        {"unit": rng.choice(units), "gain": number(rng, 0.1, 10)} for _ in range(20)
    ]
    for seed in (0, 2**32 - 1):
        shows = oracle.read(page_of(SignalLab(seed=seed)), states)
        for state, shown in zip(states, shows, strict=True):
            lab, grids = SignalLab(seed=seed, **state), shown["grids"]
            for name in ("signal", "spread", "gradient"):
                # Far below the chart, differences are nothing but rounding.
                both = torch.tensor([grids[name][0], getattr(lab, name)]).double()
                found, truth = both.clamp(min=1e-12).log()
                assert oracle.close(found, truth, 1e-3), (state, name)


def test_sizes_beyond_the_axis_are_told_and_rounding_is_no_distance(page_of):
    page = page_of(SignalLab(unit="ReLU", gain=0.1))
    lab = SignalLab(unit="ReLU", gain=0.1)
    count = sum(v < 1e-7 for v in lab.signal + lab.spread)
    assert f"{count} beyond the axis" in page.inner_text(".d2l")
    oracle.read(page, [{"unit": "sigmoid"}])
    said = page.inner_text(".d2l-sum")
    assert "is multiplied by" in said and "distance between pictures by ≈ 0;" in said
    oracle.read(page, [{"unit": "none", "gain": 1}])
    assert "beyond the axis" not in page.inner_text(".d2l")


def test_the_numbers_are_normal():
    batch, arriving, weights = SignalLab()._drawn()
    for drawn in (batch, arriving, 8 * weights):
        assert abs(drawn.mean()) < 0.07 and abs(drawn.std() - 1) < 0.05
    other = SignalLab(seed=1)._drawn()[0]
    assert not torch.equal(batch, other)


@pytest.mark.parametrize(("unit", "gain"), [("none", 1), ("ReLU", 2**0.5)])
def test_the_right_factor_keeps_signal_and_gradient(unit, gain):
    lab = SignalLab(unit=unit, gain=gain)
    assert 0.4 < lab.signal[-1] / lab.signal[0] < 2.5
    assert 0.4 < lab.gradient[0] / lab.gradient[-1] < 2.5
    small = SignalLab(unit=unit, gain=gain / 2)
    assert small.signal[-1] / lab.signal[-1] == pytest.approx(2**-10)


def test_the_factor_is_set_by_a_button(page_of):
    page = page_of(SignalLab())
    page.get_by_role("button", name="g = 4").press("Enter")
    page.get_by_label("sigmoid").check(force=True)
    assert oracle.state_of(page, 0, "gain", "unit") == {"gain": 4, "unit": "sigmoid"}
    page.get_by_label("Factor g").press("ArrowLeft")
    assert oracle.state_of(page, 0, "gain")["gain"] == pytest.approx(3.89)


# ---- all of them ---------------------------------------------------------------


def test_looks(page_of):
    page = page_of(
        *(lab() for lab in LABS),
        SoftmaxLab([10, -10], labels=["yes", "no"], target=1, scale=4),
        DescentLab(lr=3, steps=60, controls=["rate"]),
        ScheduleLab(epochs=30, kind="constant", lr=1),
        SignalLab(unit="sigmoid", gain=0.1),
        width=390,
    )
    assert page.locator(".d2l-host[data-live]").count() == len(LABS) + 4
    oracle.looks(page, 390, 1280)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.module)
def test_a_still_picture_says_what_the_figure_says(page_of, lab):
    page = page_of(lab(), java_script_enabled=False)
    assert page.locator("table").count() == 1
    assert repr(lab()) in page.inner_text(".d2l-still")


def changed(lab, state):
    """`lab` after these settings, one after the other."""
    for name, value in state.items():
        setattr(lab, name, value)


@pytest.mark.parametrize(
    ("lab", "wrong", "words"),
    [
        (SoftmaxLab, {"logits": [11] * 10}, "the lab takes −10 to 10"),
        (SoftmaxLab, {"logits": [1, 2]}, "2 logits and 10 labels"),
        (SoftmaxLab, {"labels": list(range(10))}, "give the classes' names, in words"),
        (SoftmaxLab, {"target": 10}, "give a class from 0 to 9"),
        (SoftmaxLab, {"scale": -1}, "scale is -1; give a number from 0 to 4"),
        (DescentLab, {"start": [9, 0]}, "with w from −2.4 to 3.6"),
        (DescentLab, {"points": [[1, 2], [1, 3]]}, "two x or more"),
        (DescentLab, {"lr": float("nan")}, "lr is nan"),
        (DescentLab, {"rule": "Newton"}, "Newton"),
        (ScheduleLab, {"warm_up": 0}, "warm_up is 0"),
        (ScheduleLab, {"epochs": 31}, "epochs is 31; give a whole number from 1 to 30"),
        (ScheduleLab, {"batches": 1.5}, "batches is 1.5"),
        (DescentLab, {"steps": 1.5}, "steps is 1.5; give a whole number from 0 to 60"),
        (ScheduleLab, {"epochs": 1, "batches": 3, "step": 3}, "the steps 0 to 2"),
        (SignalLab, {"gain": "much"}, "gain is 'much'"),
    ],
)
def test_wrong_settings_are_refused_in_words(lab, wrong, words):
    with pytest.raises(TraitError, match=words):
        lab(**wrong)
    with pytest.raises(TraitError, match=words):
        changed(lab(), wrong)


def test_a_class_may_be_of_numpy_and_a_rate_is_of_the_run():
    assert json.dumps(SoftmaxLab(target=np.int64(3)).state)
    with pytest.raises(TypeError, match="labels is 5: give a list"):
        SoftmaxLab(labels=5)
    for progress in (2, -1):
        with pytest.raises(ValueError, match="progress must be from 0 to 1"):
            ScheduleLab(kind="constant").rate(progress)
