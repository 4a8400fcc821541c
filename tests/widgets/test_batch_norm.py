"""The batch-normalisation lab against torch, in the browser and in Python."""

import random

import numpy as np
import oracle
import pytest
import torch
from torch.nn.functional import batch_norm
from traitlets import TraitError

from d2lmini.widgets import BatchNormLab
from d2lmini.widgets.batch_norm import DRAWS, LONGEST

PLAIN = {name: value for name, value in BatchNormLab().state.items() if name != "noise"}
EXTREMES = [
    {"size": 1},
    {"size": 1, "training": False},
    {"size": 2, "spread": 0},
    {"size": 64, "spread": 3, "mean": -5, "gamma": -10, "beta": 20},
    {"spread": 0, "training": False, "gamma": 0},
    {"momentum": 0, "seen": [[1, 2, 5, True]]},
    {"momentum": 1, "seen": [[1, 2, 5, True], [3, 0, 2, True]]},
    {"seen": [[5, 3, 64, True]] * LONGEST, "training": False},
    {"seen": [[5, 3, 1, False]] * LONGEST},
    {"eps": 1000, "gamma": 10},
    {"eps": 1e-12, "spread": 0.001},
]


def settings(rng):
    def number(low, high):
        return round(rng.uniform(low, high), 3)

    seen = [
        [number(-5, 5), number(0, 3), rng.randint(2, 64), rng.random() < 0.8]
        for _ in range(rng.choice((0, 0, 1, 2, 10, 40)))
    ]
    return {
        "mean": number(-5, 5),
        "spread": number(0, 3),
        "size": rng.choice((1, 2, 3, rng.randint(4, 64))),
        "gamma": number(-4, 4),
        "beta": number(-5, 5),
        "eps": rng.choice((1e-5, 1e-3, 0.1, 1.0, 10.0)),
        "momentum": rng.choice((0.0, 0.1, 0.5, 1.0, number(0, 1))),
        "training": rng.random() < 0.6,
        "seen": seen,
        "selected": rng.randint(0, 63),
    }


def truth(state, noise):
    """x, y (None where torch refuses), and the moving averages, all by torch."""
    mean, variance = torch.zeros(1).double(), torch.ones(1).double()
    noise, start = torch.tensor(noise, dtype=torch.float64), 0

    def step(at, spread, size, training):
        X = at + spread * noise.roll(-start)[:size, None]
        return X, batch_norm(
            X,
            mean,
            variance,
            torch.tensor([state["gamma"]], dtype=torch.float64),
            torch.tensor([state["beta"]], dtype=torch.float64),
            training=training,
            momentum=state["momentum"],
            eps=state["eps"],
        )

    moving = [(mean.item(), variance.item())]
    for batch in state["seen"]:
        step(*batch)
        start += batch[2]
        moving.append((mean.item(), variance.item()))
    own = state["mean"], state["spread"], state["size"]
    try:
        X, Y = step(*own, state["training"])
    except ValueError:  # Expected more than 1 value per channel when training
        return step(*own, False)[0][:, 0], None, moving
    return X[:, 0], Y[:, 0], moving


def test_every_number_in_the_browser_equals_torch(page_of):
    rng = random.Random(0)
    states = [{**PLAIN, **s} for s in EXTREMES]
    states += [{**PLAIN, **settings(rng)} for _ in range(110)]
    lab, impossible = BatchNormLab(), 0
    shows = oracle.read(page_of(lab), states)
    for state, shown in zip(states, shows, strict=True):
        X, Y, moving = truth(state, lab.noise)
        same = BatchNormLab(**state)
        grids, values = shown["grids"], shown["values"]
        assert oracle.close(grids["before"][0], X), state
        assert oracle.close(same.batch, X, 1e-12), state
        means, variances = zip(*moving, strict=True)
        assert oracle.close(grids["moving-mean"][0], means), state
        assert oracle.close(grids["moving-variance"][0], variances), state
        assert oracle.close(same.moving, moving, 1e-9), state
        assert values["batch-mean"] == pytest.approx(float(X.mean()), abs=1e-5)
        biased = float(X.var(correction=0))
        assert values["batch-variance"] == pytest.approx(biased, abs=1e-5)
        assert shown["problem"] == same.problem, state
        if Y is None:
            impossible += 1
            assert same.problem and same.output is None and "after" not in grids
            continue
        assert not same.problem
        assert oracle.close(grids["after"][0], Y), state
        assert oracle.close(same.output, Y, 1e-6), state
        assert values["after-mean"] == pytest.approx(float(Y.mean()), abs=1e-5)
    assert impossible > 7


def test_the_noise_is_normal_and_the_same_every_time():
    first, again, other = BatchNormLab(), BatchNormLab(), BatchNormLab(seed=1)
    assert first.noise == again.noise != other.noise
    z = torch.tensor(first.noise)
    assert len(z) == DRAWS
    assert abs(z.mean()) < 0.1 and abs(z.std() - 1) < 0.1


def test_playing_converges_to_the_data(page_of):
    page = page_of(BatchNormLab(mean=4, spread=0.5, size=32))
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(300 * (LONGEST + 2))
    assert len(oracle.state_of(page, 0, "seen")["seen"]) == LONGEST
    values = oracle.read(page, [{}])[0]["values"]
    assert values["moving-mean"] == pytest.approx(4, abs=0.15)
    assert values["moving-variance"] == pytest.approx(0.25, abs=0.15)
    page.get_by_role("button", name="Forget all batches").click()
    assert oracle.state_of(page, 0, "seen") == {"seen": []}


def test_steps_by_keyboard_go_forth_and_back(page_of):
    page = page_of(BatchNormLab(size=4))
    for name, length in (("Step ›", 1), ("Step ›", 2), ("‹ Back", 1), ("‹ Back", 0)):
        page.get_by_role("button", name=name, exact=True).press("Enter")
        assert len(oracle.state_of(page, 0, "seen")["seen"]) == length
    page.get_by_role("button", name="‹ Back", exact=True).press("Enter")
    assert oracle.state_of(page, 0, "seen") == {"seen": []}


def test_prediction_moves_no_average(page_of):
    page = page_of(BatchNormLab(training=False))
    page.get_by_role("button", name="Step ›", exact=True).press("Enter")
    shown = oracle.read(page, [{}])[0]
    assert shown["grids"]["moving-mean"] == [[0, 0]]
    assert shown["values"]["moving-variance"] == 1


def test_gamma_and_beta_undo_it(page_of):
    page = page_of(BatchNormLab(eps=0.1))
    page.get_by_role("button", name="Set γ = √").press("Enter")
    grids = oracle.read(page, [{}])[0]["grids"]
    assert oracle.close(grids["after"], grids["before"], 1e-9)


def test_an_epsilon_of_the_address_is_in_the_list_and_rounding_is_said(page_of):
    page = page_of(BatchNormLab())
    oracle.read(page, [{"eps": 0.01, "momentum": 0.001, "seen": [[3, 2, 16, True]]}])
    list_ = page.get_by_role("combobox", name="ε")
    assert list_.locator("option:checked").inner_text() == "0.01"
    told = page.locator(".d2l-formula").inner_text()
    step = told[told.index("moving mean = 0.999·") :]
    assert step.count(" = ") == step.count(" ≈ ") == 2
    page.get_by_label("Moving mean after 1 batch:").wait_for()
    oracle.read(page, [{"eps": 1}])
    assert list_.locator("option").count() == 5


def test_a_batch_of_one(page_of):
    page = page_of(BatchNormLab(beta=2, size=1))
    assert page.locator("[data-problem]").is_visible()
    assert page.get_by_role("button", name="Play").is_hidden()
    assert "always β = 2" in page.locator(".d2l-sum").inner_text()
    page.get_by_label("prediction").check(force=True)
    assert page.locator("[data-problem]").is_hidden()
    assert len(oracle.read(page, [{}])[0]["grids"]["after"][0]) == 1


def test_controls_by_keyboard(page_of):
    page = page_of(BatchNormLab())
    for name, key, value in (
        ("Mean of the data", "mean", 3.1),
        ("Spread of the data", "spread", 2.1),
        ("Batch size", "size", 17),
        ("γ, scale", "gamma", 1.1),
        ("Momentum", "momentum", 0.15),
        ("Follow number", "selected", 1),
    ):
        page.get_by_label(name).press("ArrowRight")
        assert oracle.state_of(page, 0, key)[key] == pytest.approx(value)
    page.get_by_role("combobox", name="ε").select_option("1")
    assert oracle.state_of(page, 0, "eps") == {"eps": 1}
    page.get_by_label("training").press("ArrowRight")
    assert oracle.state_of(page, 0, "training") == {"training": False}
    assert page.get_by_label("Mean of the data").evaluate("n => n.matches(':enabled')")


def test_the_mouse_follows_a_number(page_of):
    page = page_of(BatchNormLab(size=5))
    page.locator("[data-grid=before] circle").nth(3).hover()
    assert oracle.state_of(page, 0, "selected") == {"selected": 3}
    shown = page.locator("[data-sum]").inner_text()
    assert shown.startswith("Number 4: ")


def test_looks(page_of):
    page = page_of(
        BatchNormLab(),
        BatchNormLab(size=64, spread=0, seen=[[3, 2, 16, True]] * 10),
        BatchNormLab(size=1),
        BatchNormLab(training=False, size=1, controls=["mode"]),
        width=390,
    )
    oracle.looks(page, 390, 1280)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"eps": 0}, "eps is 0; give a number from 1e-12"),
        ({"spread": -1}, "spread is -1"),
        ({"mean": float("nan")}, "mean is nan"),
        ({"momentum": 1.1}, "momentum is 1.1"),
        ({"size": 0}, "size is 0; give a whole number from 1 to 64"),
        ({"seen": [[0, 1, 1, True]]}, "2 to 64 numbers in training"),
        ({"seen": [[0, 1, 2, True]] * 41}, "40 at most"),
        ({"seen": [[float("nan"), 1, 2, True]]}, "mean is nan"),
        ({"seen": [[0, float("inf"), 2, False]]}, "spread is inf"),
        ({"seen": [[0, 1, 2.5, True]]}, "size is 2.5"),
        ({"seen": [[0, 1, True, True]]}, "size is True"),
        ({"seen": [[0, 1, 2]]}, "give .mean, spread, size, training."),
        ({"noise": [float("inf")]}, "not a number"),
        ({"controls": ["colour"]}, "No control is called"),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        BatchNormLab(**wrong)


def test_numbers_may_be_of_numpy_and_a_seed_is_whole():
    lab = BatchNormLab(seen=[[0, 1, torch.tensor(4), True], [0, 1, 4.0, False]])
    assert [type(batch[2]) for batch in lab.seen] == [int, int]
    assert BatchNormLab(seed=np.int64(3)).noise == BatchNormLab(seed=3).noise
    for seed in (1.5, None):
        with pytest.raises(TypeError, match="seed must be a whole number, not "):
            BatchNormLab(seed=seed)
