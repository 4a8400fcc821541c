"""The playground: what it trains is what torch trains, from the cells it hands out."""

import contextlib
import io
import re
import zlib

import numpy as np
import pytest
import torch

from d2lmini.data import files
from d2lmini.nets.trained import read
from d2lmini.widgets import Playground, base, pictures
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
        assert float(own_accuracy) == pytest.approx(accuracy, abs=0.01)
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


def test_the_packed_pictures_are_read_back():
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (7000, 28, 28), dtype="u1")
    labels = draw.integers(0, 10, 7000)
    greys, own = script.unpacked(pictures.packed(images, labels))
    assert (greys == pictures.rounded(images)).all() and (own == labels).all()
