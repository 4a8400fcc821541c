"""The figures made for one network each, against torch, in browser and Python."""

import random

import oracle
import pytest
import torch
from torch import nn
from traitlets import TraitError

from d2lmini import augment, summary
from d2lmini.widgets import AugmentLab, DropoutLab, StackLab, still
from d2lmini.widgets.traits import nested

SHOE = [[(3 * i + i * j) % 11 / 10 for j in range(12)] for i in range(12)]
COAT = [[(i + j * j) % 7 / 6 for j in range(12)] for i in range(12)]
LABS = {
    "augment": lambda **state: AugmentLab(SHOE, COAT, **state),
    "dropout": lambda **state: DropoutLab(SHOE, **state),
    "stack": StackLab,
}


def augment_state(rng):
    return {
        "mirror": rng.random() < 0.5,
        "shift": [rng.randint(-8, 8), rng.randint(-8, 8)],
        "light": round(rng.uniform(0.5, 1.5), 2),
    }


def test_augmentation_is_the_packages(page_of, monkeypatch):
    rng = random.Random(0)
    states = [augment_state(rng) for _ in range(60)]
    X = torch.tensor(SHOE, dtype=torch.float64)[None, None]
    shows = oracle.read(page_of(LABS["augment"]()), states)
    for state, shown in zip(states, shows, strict=True):
        down, right = state["shift"]
        at = torch.tensor([[8 - down], [8 - right]])
        # The window of `crop` begins where the picture is to come from.
        monkeypatch.setattr(torch, "randint", lambda *a, at=at, **k: at)
        truth = augment.crop(X.flip(-1) if state["mirror"] else X, None, padding=8)
        truth = (truth[0, 0] * state["light"]).clamp(0, 1)
        assert oracle.close(shown["grids"]["changed"], truth), state
        distance = (truth - X[0, 0]).square().mean().sqrt()
        assert shown["values"]["distance"] == pytest.approx(float(distance), abs=1e-9)
        lab = LABS["augment"](**state)
        assert oracle.close(lab.changed, truth, 1e-12)
        assert shown["values"]["other"] == pytest.approx(lab.distance(lab.other))
    assert repr(LABS["augment"]()).startswith("AugmentLab: shifted by 0 and 0")


def test_the_picture_is_dragged(page_of):
    page = page_of(LABS["augment"]())
    cells = page.locator("[data-grid=changed] [role=gridcell]")
    box = cells.first.bounding_box()
    x, y = box["x"] + 3, box["y"] + 3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2 * box["width"], y + 99 * box["height"], steps=3)
    page.mouse.up()
    page.mouse.move(x, y)
    assert oracle.state_of(page, 0, "shift") == {"shift": [8, 2]}
    page.get_by_label("Mirrored").check()
    page.get_by_role("button", name="Draw a mirror and a shift of").press("Enter")
    shift = oracle.state_of(page, 0, "shift")["shift"]
    assert max(map(abs, shift)) <= 2


def test_dropout_is_torchs_for_the_same_choice(page_of):
    rng = random.Random(1)
    states = [
        {"p": p, "seed": rng.randrange(10000), "steps": rng.choice((1, 2, 7))}
        for p in (
            0,
            0.05,
            0.5,
            0.95,
            *(round(rng.random() * 0.95, 2) for _ in range(12)),
        )
    ]
    shows = oracle.read(page_of(LABS["dropout"]()), states)
    for state, shown in zip(states, shows, strict=True):
        lab = LABS["dropout"](**state)
        outputs = []
        for step in range(state["seed"], state["seed"] + state["steps"]):
            X = torch.tensor(SHOE, dtype=torch.float64)
            keep = lab.kept(step).double()
            outputs.append(X * keep / (1 - state["p"]))
        assert oracle.close(shown["grids"]["now"], outputs[0]), state
        assert oracle.close(shown["grids"]["mean"], torch.stack(outputs).mean(0)), state
        assert shown["values"]["dropped"] == int((~lab.kept(state["seed"])).sum())


def grey(values, high):
    return (255 * torch.as_tensor(values) / high).clamp(0, 255)


def test_light_is_drawn_and_what_dropout_multiplies_on_one_scale(page_of):
    page = page_of(LABS["augment"]())
    for light in (0.5, 0.9):
        oracle.read(page, [{"light": light}])
        truth = grey(LABS["augment"](light=light).changed, 1)
        assert oracle.close(oracle.greys(page, "changed"), truth, 0.51)
        assert oracle.close(oracle.greys(page, "original"), grey(SHOE, 1), 0.51)
    page, most = page_of(LABS["dropout"]()), max(map(max, SHOE))
    for p in (0, 0.9):
        oracle.read(page, [{"p": p}])
        truth = grey(LABS["dropout"](p=p).output(0), 2 * most)
        assert oracle.close(oracle.greys(page, "now"), truth, 0.51)
        assert oracle.close(oracle.greys(page, "output"), grey(SHOE, 2 * most), 0.51)
    assert "by 1 / (1 − p) = 10." in page.inner_text(".d2l-sum")
    rare = next(s for s in range(99) if not DropoutLab(SHOE, p=0.005).kept(s).all())
    oracle.read(page, [{"p": 0.005, "seed": rare}])
    said = page.inner_text(".d2l-sum")
    assert "numbers 1 is dropped in this step" in said and "(1 − p) ≈ 1.01." in said


@pytest.mark.parametrize("light", [0.5, 1])
def test_a_still_picture_has_the_scale_of_the_figure(light):
    side = [[v / 40 for v in range(20)]] * 20
    lab = AugmentLab(side, side, light=light)
    assert still.grey_png(nested(lab.changed, 3), (0, 1)) in lab.still()
    dropped = DropoutLab(side, p=light / 2)
    assert still.grey_png(side, (0, 2 * 19 / 40)) in dropped.still()
    white = "White is 2 times the largest number without dropout"
    assert white in dropped.still()
    assert white not in DropoutLab([[0.5]]).still()  # a table has no greys


def test_as_many_are_dropped_as_p_says_and_the_mean_stays():
    lab = DropoutLab([[1.0] * 20] * 20, p=0.3)
    kept = torch.stack([lab.kept(step) for step in range(50)]).double()
    assert abs(float(kept.mean()) - 0.7) < 0.02  # five deviations of 20,000 draws
    spread = float(kept.mean((1, 2)).std()) / (0.3 * 0.7 / 400) ** 0.5
    assert 0.6 < spread < 1.4  # as of independent choices
    output = torch.stack([lab.output(step) for step in range(50)])
    assert abs(float(output.mean()) - 1) < 0.03


def test_what_a_stack_costs_is_what_the_layers_cost(page_of):
    rng = random.Random(2)
    states = [
        {"kernel": n, "channels": rng.choice((1, 3, 8)), "side": rng.randint(n, 20)}
        for n in (3, 7, 13)
    ]
    shows = oracle.read(page_of(StackLab()), states)
    for state, shown in zip(states, shows, strict=True):
        n, c, side = state.values()
        costs = []
        for size, count in ((n, 1), (3, (n - 1) // 2)):
            convs = [nn.Conv2d(c, c, size, padding=size // 2) for _ in range(count)]
            walk = summary(nn.Sequential(*convs), (c, side, side))
            assert walk.rows[-1].field == (n, n)
            costs.append((walk.parameters - count * c, walk.multiply_adds))
        (weights, work), (stacked, less) = costs
        values = [row[0] for row in shown["grids"]["costs"]]
        assert values == [weights, stacked, work, less]
        assert shown["values"] == {"share": stacked / weights, "relus": (n - 1) // 2}
        lab = StackLab(**state)
        assert (*lab.weights, *lab.work) == tuple(values)


def test_the_field_is_dragged(page_of):
    page = page_of(StackLab(kernel=7))
    box = page.locator(".d2l-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 36, y, steps=3)
    page.mouse.up()
    assert oracle.state_of(page, 0, "kernel") == {"kernel": 3}
    assert page.locator("p.d2l-note").inner_text().startswith("Both see 3 of")


def test_looks(page_of):
    made = [lab() for lab in LABS.values()]
    page = page_of(*made, StackLab(kernel=13), width=390)
    assert page.locator(".d2l-host[data-live]").count() == 4
    oracle.looks(page, 390, 1280)


def test_a_still_picture_says_what_the_figure_says():
    for lab in LABS.values():
        assert repr(lab()) in lab().still()


@pytest.mark.parametrize(
    ("lab", "wrong", "words"),
    [
        ("augment", {"shift": [9, 0]}, "shift is"),
        ("augment", {"light": 2}, "light is 2; give a number from 0.5 to 1.5"),
        ("dropout", {"p": 1}, "p is 1; give a number from 0 to 0.95"),
        ("dropout", {"steps": 401}, "steps is 401; give a whole number from 1 to 400"),
        ("stack", {"kernel": 6}, "kernel is 6; give an odd number from 3 to 13"),
        ("stack", {"kernel": 2}, "kernel is 2; give an odd number from 3 to 13"),
        ("stack", {"side": torch.tensor(2.5)}, "side is .* give a whole number from"),
        ("stack", {"side": torch.tensor([3, 5])}, "side is .* give a whole number"),
        ("stack", {"side": float("inf")}, "side is inf; give a whole number from 1"),
        ("augment", {"shift": torch.tensor(2.5)}, "shift is .* give a whole number"),
        ("stack", {"channels": 0}, "channels is 0; give a whole number from 1 to 1024"),
    ],
)
def test_wrong_settings_are_refused_in_words(lab, wrong, words):
    with pytest.raises(TraitError, match=words):
        LABS[lab](**wrong)
    (name, value), made = *wrong.items(), LABS[lab]()
    with pytest.raises(TraitError, match=words):
        setattr(made, name, value)


def test_a_number_is_whole_however_it_is_written():
    lab = LABS["stack"](side=28 / 2, kernel=torch.tensor(5))
    assert (type(lab.side), lab.side, type(lab.kernel), lab.kernel) == (int, 14, int, 5)
    shift = LABS["augment"](shift=torch.tensor([1, 2])).shift
    assert shift == [1, 2] and [type(v) for v in shift] == [int, int]
    assert LABS["augment"](shift=(2.0, 1)).shift == [2, 1]


def test_pictures_have_brightness_and_distances_one_size():
    lab = LABS["augment"]()
    with pytest.raises(TraitError, match="image goes from 0 to 255; give brightness"):
        AugmentLab([[0, 255]], [[0, 1]])
    with pytest.raises(TraitError, match="other goes from -1 to 0; give brightness"):
        lab.other = [[-1] + [0] * 11] * 12
    for other in (0.5, torch.rand(12, 1), torch.rand(3, 12)):
        with pytest.raises(ValueError, match="give a picture, 12×12"):
            lab.distance(other)
    with pytest.raises(TypeError, match="step must be a whole number"):
        LABS["dropout"]().kept(1.5)


def test_two_pictures_must_be_of_one_size():
    with pytest.raises(TraitError, match="give two of one size"):
        AugmentLab(SHOE, COAT[1:])
    with pytest.raises(TraitError, match="give two of one size"):
        AugmentLab(SHOE, COAT).other = COAT[1:]
