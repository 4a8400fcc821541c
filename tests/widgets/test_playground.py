"""The playground: what it trains is what torch trains, from the cells it hands out."""

import contextlib
import io
import json
import re
import shutil
import zlib

import numpy as np
import oracle
import pytest
import torch
from traitlets import TraitError

from d2lmini.data import CLASSES, files
from d2lmini.nets.trained import read
from d2lmini.widgets import Playground, base, pictures
from tools import book, figures
from tools import pictures as script

SMALL = {
    "layers": [[3, 3, 2, 1, "max"]],
    "dense": [16],
    "norm": True,
    "dropout": 0.3,
    "mirror": True,
    "batch": 32,
    "pictures": 500,
    "epochs": 2,
    "lr": 0.01,
    "seed": 3,
}
EXAMS = "JSON.parse(document.querySelector('[data-exams]').dataset.exams)"
PHASE = "document.querySelector('[data-phase]').dataset.phase"


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def play(page, phase="end"):
    """Plays until the run is in `phase`; [[epoch, loss, accuracy], …] in validation."""
    press(page, "▶ Play")
    page.wait_for_function(f"{PHASE} === '{phase}'")
    return page.evaluate(EXAMS)


def saved(page, name, folder):
    with page.expect_download() as download:
        press(page, f"Download the {name}")
    path = folder / f"playground-{name}.npz"
    download.value.save_as(path)
    return path


def test_the_cells_give_the_numbers_of_the_page(page_of, tmp_path, monkeypatch):
    page = page_of(Playground(**SMALL))
    exams = play(page)
    page.get_by_text("Take it along").click()
    page.locator("pre code").nth(3).wait_for()
    cells = page.locator("pre code").all_text_contents()
    for name in ("pictures", "weights"):
        saved(page, name, tmp_path)
    monkeypatch.chdir(tmp_path)
    out, names = io.StringIO(), {}
    with contextlib.redirect_stdout(out):
        for cell in cells:
            exec(compile(cell, "cell", "exec"), names)
    told = [re.findall(r"\d+\.\d+", line) for line in out.getvalue().splitlines()]
    for (_, loss, accuracy), (_, own_loss, own_accuracy) in zip(
        exams[1:], told[:2], strict=True
    ):
        assert float(own_loss) == pytest.approx(loss, rel=0.02)
        # Processors round otherwise, and early on a rounding turns some answers over.
        assert float(own_accuracy) == pytest.approx(accuracy, abs=0.02)
    # and the weights that were trained on the page are as good as it says
    assert [float(v) for v in told[2]] == pytest.approx(exams[-1][1:], abs=1e-3)
    assert exams[-1][1] < 0.8 * exams[0][1]
    with pytest.raises(ValueError, match="does not hold the weights"):
        read(torch.nn.Linear(2, 2), tmp_path / "playground-weights.npz")


# ---- the pictures ---------------------------------------------------------------

UNPACK = """async (text) => {
  const made = await d2lmini.kit.realPictures(text);
  return [made.train, made.levels, made.images.length, [...made.labels],
    d2lmini.kit.crc32(made.images), [...made.images.slice(784 * 6999)]];
}"""


def test_the_pictures_are_those_of_fashion_mnist(page_of):
    text = script.text_of(script.PLACE.read_text(encoding="utf-8"))
    assert script.PLACE.stat().st_size <= 2_500_000
    greys, labels = script.unpacked(text)
    assert np.bincount(labels).tolist() == pytest.approx([700] * 10, abs=60)
    page = page_of()
    page.add_script_tag(content=base.alone("playground"))
    train, levels, count, own, sum_, last = page.evaluate(UNPACK, text)
    assert (train, levels, count, own) == (6000, 31, 7000 * 784, labels.tolist())
    assert last == greys[-1].ravel().tolist()
    assert sum_ == zlib.crc32(greys.tobytes())
    if not files.is_offline(None):
        images, truth, _, _ = files.load(None)
        assert (greys == pictures.rounded(images[:7000, 0].numpy())).all()
        assert (labels == truth[:7000].numpy()).all()


def test_sets_of_pictures_do_not_wait_for_each_other(page_of, tmp_path):
    damaged = "globalThis.d2lminiPictures = 'AAAA'"
    (tmp_path / "bad.js").write_text(damaged, encoding="utf-8")
    page = page_of(Playground(**QUICK, data="fashion", source="bad.js"))
    press(page, "▶ Load 1.8 MB and play")
    page.get_by_text("The file of the pictures is damaged.").wait_for()
    choose(page, data="drawn")
    assert page.evaluate(WARNING) == "" and len(play(page)) == 2
    page.evaluate(
        "(good) => (d2lminiPictures = good)",
        script.text_of(script.PLACE.read_text(encoding="utf-8")),
    )
    choose(page, data="fashion", seed=1)
    press(page, "▶ Load 1.8 MB and play")
    choose(page, data="drawn")  # while the others are on their way
    first = play(page)
    choose(page, data="fashion")
    assert play(page)[0] != first[0]


# The first script that is asked for never answers.
HANG = """() => {
  document.head.append = (script) => {
    delete document.head.append;
    globalThis.first = script.src;
  };
}"""


def test_a_load_without_an_end_is_stopped_and_begun_anew(page_of, tmp_path):
    shutil.copy(script.PLACE, tmp_path / "all.js")
    page = page_of(Playground(**QUICK, data="fashion", source="all.js"))
    page.evaluate(HANG)
    press(page, "▶ Load 1.8 MB and play")
    press(page, "Stop loading")
    assert page.evaluate(PHASE) == "idle" and page.evaluate(WARNING) == ""
    press(page, "▶ Load 1.8 MB and play")
    page.wait_for_function(f"{PHASE} === 'end'")
    # at another address, or the browser would let it wait for the first
    assert page.evaluate("document.head.querySelector('[src*=all]').src !== first")


def test_a_lost_engine_is_told_to_whoever_plays(page_of):
    files, short = figures.files(), figures.shorten(Playground(**QUICK).html())
    names = [name for name in figures.scripts(short) if name != "engine.js"]
    page = page_of(*(f"<script>{files[name]}</script>" for name in names), short)
    press(page, "▶ Play")
    page.get_by_text("A file of this page did not arrive. Reload the page.").wait_for()
    assert page.evaluate(PHASE) == "idle"


def test_its_place_is_kept_while_it_may_still_come(page_of):
    style = f"<style>{base.style_text('playground')}</style>"
    still = style + base.host("playground", "a", Playground().still())
    lost = still.replace("data-figure", "data-lost data-figure")
    tall, short, plain = (
        page.locator(".d2l-still").bounding_box()["height"]
        for page in (page_of(still), page_of(lost), page_of(still, **NO_SCRIPT))
    )
    assert tall == 900 > short and plain < 900


NO_SCRIPT = {"java_script_enabled": False}
OLD = """() => {
  delete globalThis.DecompressionStream;
  globalThis.Worker = undefined; // or the worker would have it
  globalThis.d2lminiPictures = "AAAA";
}"""
LATE = """() => {
  globalThis.d2lminiPictures = new Promise((_, fail) => (globalThis.late = fail));
}"""


def test_why_there_are_no_pictures_is_said_to_whoever_waits_for_them(page_of):
    page = page_of(Playground(**QUICK, data="fashion"))
    page.evaluate(OLD)
    press(page, "▶ Play")
    page.get_by_text("This browser is too old to unpack the pictures.").wait_for()
    page.evaluate(LATE)
    press(page, "▶ Play")
    for data in ("drawn", "fashion"):  # a change of mind, and back
        choose(page, data=data)
    page.evaluate("late(new Error('Too late.'))")
    assert page.evaluate(WARNING) == "" and page.evaluate(PHASE) == "idle"


def test_the_packed_pictures_are_read_back():
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (7000, 28, 28), dtype="u1")
    labels = draw.integers(0, 10, 7000)
    greys, own = script.unpacked(pictures.packed(images, labels))
    assert (greys == pictures.rounded(images)).all() and (own == labels).all()


# ---- by hand ---------------------------------------------------------------------

QUICK = {"layers": [[2, 3, 2, 0, "max"]], "dense": [], "pictures": 500, "epochs": 1}
WARNING = "document.querySelector('[data-problem]').textContent"


def choose(page, **traits):
    oracle.read(page, [traits])


# What can be seen of the network: its kernels, maps and chances.
SHOWN = """() => [...document.querySelectorAll(".d2l-pane canvas")]
  .filter((one) => one.checkVisibility()).map((one) => one.toDataURL())
  .concat(document.querySelector(".d2l-pane").innerText)"""


def at_rest(page, text):
    """The sentence with ``text``, once a view is the last that the page has heard."""
    said = page.get_by_text(text)
    said.wait_for()
    page.wait_for_function("heard.at(-1) === 'view'", timeout=10_000)
    return said.inner_text()


def test_what_is_seen_at_rest_is_of_the_step_that_is_named(page_of):
    page = page_of(Playground(**QUICK))
    page.evaluate(HEAR)
    one = page.get_by_role("button", name="Step", exact=True)
    thrice = "at => { for (let i = 0; i < 3; i++) at.click(); }"
    one.click()
    first = at_rest(page, "Epoch 0.13 of 1.")
    assert "Validation at epoch 0: loss" in first
    one.evaluate(thrice)
    second = at_rest(page, "Epoch 0.5 of 1.")
    (memory,) = {re.search(r"[\d.]+ MB", said)[0] for said in (first, second)}
    seen, heard = page.evaluate(SHOWN), page.evaluate("heard.length")
    for picture in (2, 1):  # ask again
        choose(page, picture=picture)
    page.wait_for_function(f"heard.length >= {heard} + 2")
    assert page.evaluate(SHOWN) == seen
    choose(page, watch="sizes")
    page.get_by_text("Each step is measured while this is watched.").wait_for()
    for epoch in ("0.63", "0.75"):
        one.click()
        assert memory in at_rest(page, f"Epoch {epoch} of 1.")
        sizes = page.locator(".d2l-sizes tbody").inner_text()
        assert sizes != seen
        seen = sizes
    counted = page.locator(".d2l-head", has_text="pictures, counted at epoch 0")
    assert counted.count() == 1


def test_a_pause_is_heard_once_and_of_the_step_at_which_it_rests(page_of):
    page = page_of(Playground(**{**SMALL, "epochs": 50}))
    page.evaluate(oracle.LISTEN)
    press(page, "▶ Play")
    page.get_by_text(re.compile("^Epoch .* of 50[.] Training")).wait_for()
    page.evaluate("spoken.length = 0")
    press(page, "❚❚ Pause")
    page.wait_for_function("spoken.length")
    page.wait_for_timeout(100)  # for what should not come
    (told,) = page.evaluate("spoken")
    assert told.startswith("Stopped. Epoch ")


# Writes down what the worker says that is made next.
HEAR = """() => {
  const Usual = Worker;
  globalThis.heard = [];
  globalThis.Worker = class extends Usual {
    constructor(url) {
      super(url);
      this.addEventListener("message", ({ data }) => heard.push(data.kind));
    }
  };
}"""


def test_what_goes_wrong_is_said_and_training_goes_on(page_of, tmp_path):
    wild = {"layers": [[4, 3, 2, 1, "none"]] * 3, "dense": [32] * 3, "lr": 10}
    wild |= {"weights": "He × 4", "optimizer": "momentum", "schedule": "constant"}
    page = page_of(Playground(**{**QUICK, **wild}))
    choose(page, watch="sizes")
    press(page, "Reset: Playground")  # before a run: it can still be begun
    page.evaluate(HEAR)
    press(page, "▶ Play")
    for seed in (1, 0):  # another set-up, and back: nothing was pressed since
        choose(page, seed=seed)
    page.wait_for_function("heard.includes('ready')")
    assert page.evaluate(PHASE) == "idle"
    page.evaluate(oracle.LISTEN)
    assert len(play(page, "failed")) == 1
    ends = [text for text in page.evaluate("spoken") if text.startswith("Stopped.")]
    assert ends == [page.evaluate("spoken.at(-1)")] and "Epoch 0 " not in ends[0]
    choose(page, watch="sizes")
    press(page, "Reset: Playground")  # after one: it stays at its end
    assert page.evaluate(PHASE) == "failed"
    assert len(page.workers) == 1  # and not in the page itself
    assert "a learning rate of 10 is too large here" in page.evaluate(WARNING)
    assert "beyond the axis, drawn at its end." in page.inner_text(".d2l")
    choose(page, pictures=128)  # two steps, of which the last is one too many
    assert len(play(page, "failed")) == 1
    assert page.evaluate(WARNING).startswith(
        "At epoch 1 the loss is no longer a number"
    )
    choose(page, picture=2)  # no number is no answer
    page.locator(".d2l-chance", has_text="–").first.wait_for()
    choose(page, layers=[[1, 7, 2, 0, "max"]] * 3, dense=[], lr=0.01)
    assert "larger than the 5 × 5 picture of convolution 2" in page.evaluate(WARNING)
    press(page, "▶ Play")  # does nothing
    choose(page, **QUICK)
    press(page, "Step")  # the first one is a step already, after the validation
    page.get_by_text("Epoch 0.13 of 1.").wait_for()
    assert page.evaluate(WARNING) == ""
    press(page, "Start again")
    page.evaluate("spoken.length = 0")
    exams = play(page)
    told = page.evaluate("spoken.splice(0)")  # how it ends, and no step on the way
    assert told[-1].startswith("Stopped. Epoch 1 of 1. Training")
    assert not any("Epoch 0." in text for text in told)
    assert [epoch for epoch, *_ in exams] == [0, 1]
    page.get_by_text("Training in that epoch: loss").wait_for()
    for _ in range(2):  # the same run is kept once
        press(page, "Keep this run to compare")
    assert page.evaluate("spoken.splice(0)") == ["1 run kept to compare."] * 2
    assert page.locator(".d2l-kept li").count() == 2
    choose(page, seed=1)
    other = play(page)
    assert other[0] != exams[0]
    assert "seed 0" in page.locator(".d2l-kept").inner_text()
    choose(page, seed=0, layers=[[2, 3, 1, 1, "max"]])
    assert any("→ 2×28×28 →" in text for text in page.evaluate("spoken"))
    kept = "2@3×3 stride 2 padding 0 max"
    assert kept in page.locator(".d2l-kept").inner_text()
    choose(page, layers=QUICK["layers"])
    assert play(page) == exams  # the same, to the last digit
    press(page, "Start again")
    press(page, "Step")
    page.wait_for_function(f"{PHASE} === 'ready'")
    one = page.get_by_role("button", name="Step", exact=True)
    one.evaluate("at => { for (let i = 0; i < 7; i++) at.click(); }")  # none is lost
    page.wait_for_function(f"{PHASE} === 'end'")  # by steps as well
    choose(page, norm=True, dense=[4], batch=1)
    play(page, "failed")  # refused, and the untrained weights are there all the same
    page.get_by_text("Take it along").click()
    assert saved(page, "weights", tmp_path).stat().st_size > 1000


def test_looks(page_of):
    page = page_of(Playground(**QUICK), width=390)
    page.get_by_text("Take it along").click()
    for watch in ("sizes", "mistakes", "maps"):
        choose(page, watch=watch, seed=len(watch))
        play(page)
        page.locator(".d2l-pane canvas, .d2l-sizes tbody tr").first.wait_for(
            state="attached"
        )
        oracle.looks(page, 390, 1280)
    choose(page, controls=["watch"])
    assert page.locator(".d2l-controls:visible").count() == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layers": [[40, 3, 1, 1, "max"]]}, "at most three convolutions"),
        ({"layers": [[4, 3, 1, 1, "max"]] * 4}, "at most three convolutions"),
        ({"dense": [0]}, "three numbers from 1 to 256"),
        ({"epochs": 51}, "epochs is 51; give a whole number from 1 to 50"),
        ({"lr": 11}, "lr is 11"),
        ({"weights": "much"}, "much"),
        ({"controls": ["colour"]}, "colour"),
        ({"controls": "colour"}, "'colour'"),
        ({"dense": [True]}, "dense is"),
        ({"layers": [6]}, "layers is .6.; give at most three convolutions"),
        ({"layers": [[6, 5, True, 2, "max"]]}, "layers is"),
    ],
)
def test_wrong_settings_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        Playground(**wrong)


def test_the_kernel_sends_the_pictures(monkeypatch):
    images = torch.zeros(7000, 1, 28, 28, dtype=torch.uint8)
    labels = torch.arange(7000) % 10
    monkeypatch.setattr(files, "load", lambda root: (images, labels, None, None))
    figure = Playground(data="fashion")
    figure.asked += 1
    greys, own = script.unpacked(figure.packed)
    assert not greys.any() and (own == labels.numpy()).all()
    assert figure.packed not in figure.html()

    def missing(root):
        raise files.DataError("There is no network.")

    monkeypatch.setattr(files, "load", missing)
    figure.asked += 1
    assert figure.packed == "!There is no network."


def test_every_experiment_of_the_page_is_one_that_the_figure_takes():
    page = (book.ROOT / "book" / "playground.md").read_text(encoding="utf-8")
    links = re.findall(r"href='#playground-1\?([^']*)'", page)
    assert len(links) >= page.count("\n### ") == 12
    for link in links:
        pairs = (part.split("=", 1) for part in link.split("&"))
        Playground(**{key: json.loads(value) for key, value in pairs})


def test_its_classes_are_those_of_the_data():
    file = book.ROOT / "d2lmini/widgets/playground_setup.js"
    text = file.read_text(encoding="utf-8")
    listed = re.search(r"CLASSES = (\[.*?\])", text, re.DOTALL)[1]
    assert tuple(re.findall(r'"(.+?)"', listed)) == tuple(CLASSES)


def test_whole_numbers_are_kept_as_pythons():
    made = Playground(layers=[(np.int64(6), 5.0, 1, 2, "max")], dense=[np.int64(10)])
    assert json.dumps([made.layers, made.dense]) == '[[[6, 5, 1, 2, "max"]], [10]]'
