"""Figures say what they show, whom they come from, and repeat byte for byte."""

import io

import pytest
import torch
from PIL import Image
from samples import quietly, small_net, splits

from d2lmini import CLASSES, confusion_matrix, mode, plot, worst_mistakes
from d2lmini.data import Batches
from d2lmini.device import describe, setup
from d2lmini.plot.picture import Picture


@pytest.fixture(scope="module")
def history():
    return quietly(small_net(), splits(), name="mini")


def pictures(history) -> dict[str, Picture]:
    X, labels = torch.rand(6, 1, 8, 8), torch.arange(6)
    return {
        "curves": plot.curves([history, history]),
        "images": plot.images(X, labels, labels.flip(0), columns=4),
        "filters": plot.filters(torch.randn(5, 3, 4, 4)),
        "feature_maps": plot.feature_maps(torch.rand(1, 7, 5, 5), image=X[0]),
        "confusion": plot.confusion(torch.randint(0, 9, (10, 10))),
        "heat": plot.heat(X[0], torch.randn(8, 8), "Title", unit="unit"),
        "per_class": plot.per_class({"a": torch.eye(10), "b": torch.ones(10, 10)}),
    }


def test_each_picture_is_a_sharp_png_with_alt_text(history):
    for name, picture in pictures(history).items():
        bundle, metadata = picture._repr_mimebundle_()
        size = metadata["image/png"]
        image = Image.open(io.BytesIO(bundle["image/png"]))
        assert image.width == pytest.approx(2 * size["width"], abs=2), name
        assert size["width"] <= 700  # the text column of the page
        assert len(size["alt"]) > 20 and size["alt"] in bundle["text/plain"]
        assert "0x" not in bundle["text/plain"]


def test_the_same_content_is_the_same_bytes(history):
    assert plot.curves([history]).png() == plot.curves([history]).png()


def test_every_picture_admits_the_sample_and_quick_mode(history, monkeypatch):
    mode.admit("offline sample")
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    for name, picture in pictures(history).items():
        if name != "curves":  # a history speaks for itself, see below
            assert "offline sample · quick mode" in picture.alt, name
            texts = [picture.figure._supxlabel.get_text()]
            assert texts == ["offline sample · quick mode"], name


def test_wrong_answers_are_written_in_words():
    picture = plot.images(
        torch.rand(2, 1, 4, 4), torch.tensor([9, 8]), torch.tensor([7, 8])
    )
    titles = [ax.get_title() for ax in picture.figure.axes]
    assert titles == ["Ankle boot\nsaid: Sneaker", "Bag\nright"]


def test_confusion_names_the_worst_pair():
    counts = torch.eye(10).long() * 5
    counts[6, 0] = 3
    alt = plot.confusion(counts).alt
    assert "53 images, 50 of them right" in alt
    assert "3 of the class Shirt taken for T-shirt/top" in alt


def test_filters_share_a_symmetric_scale():
    weight = torch.zeros(2, 1, 2, 2)
    weight[0] = -3.0
    axes = plot.filters(weight).figure.axes
    assert [ax.images[0].get_clim() for ax in axes[:2]] == [(-3.0, 3.0)] * 2


@pytest.mark.parametrize("shape", [(1, 3, 5, 4), (3, 5, 4)])
@pytest.mark.parametrize("image", [(5, 4), (1, 5, 4), None])
def test_feature_maps_with_or_without_the_input(shape, image):
    first = torch.rand(image) if image else None
    axes = plot.feature_maps(torch.rand(shape), image=first).figure.axes
    names = [ax.get_title() for ax in axes if ax.images]
    assert names == ([] if image is None else ["input"]) + ["0", "1", "2"]


def test_filters_of_zeros_can_be_drawn():
    assert plot.filters(torch.zeros(2, 1, 3, 3)).png()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plot.images(torch.rand(2, 3, 4, 4)), r"not \(2, 3, 4, 4\)"),
        (lambda: plot.images(torch.rand(0, 1, 4, 4)), "N above 0"),
        (lambda: plot.images(torch.rand(1, 1, 4, 4), torch.tensor([12])), "label 12"),
        (lambda: plot.feature_maps(torch.rand(2, 3, 4, 4)), r"not \(2, 3, 4, 4\)"),
        (lambda: plot.class_name(-1), "label -1"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_confusion_matrix_by_brute_force():
    net, data = small_net().eval(), splits()
    counts = confusion_matrix(net, data.test)
    guess = net(data.test.images.images.float() / 255).argmax(1)
    wanted = torch.zeros(10, 10, dtype=torch.long)
    for true, said in zip(data.test.images.labels, guess, strict=True):
        wanted[true, said] += 1
    assert (counts - wanted).abs().sum() <= 2  # a tie may fall either way in bf16
    assert counts.sum() == 20


def test_worst_mistakes_are_mistakes_and_sorted():
    net, data = small_net().eval(), splits()
    worst = worst_mistakes(net, data.test, count=5)
    assert (worst.labels != worst.predicted).all()
    assert worst.confidence.tolist() == sorted(worst.confidence.tolist(), reverse=True)
    for image, label in zip(worst.images, worst.labels, strict=True):
        same = (data.test.images.images.float() / 255 == image).flatten(1).all(1)
        assert data.test.images.labels[same].tolist() == [label]


def test_worst_mistakes_of_shuffled_batches_are_refused():
    data = splits()
    with pytest.raises(ValueError, match="shuffled"):
        worst_mistakes(small_net(), data.train)


def test_worst_mistakes_are_resized_like_the_batches():
    data = splits()
    large = Batches(data.test.images, 8, resize=14)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(196, 10))
    assert worst_mistakes(net, large, count=2).images.shape[1:] == (1, 14, 14)


def test_setup_seeds_everything_and_says_where(capsys):
    import random

    import numpy as np

    device = setup(5)
    first = random.random(), np.random.rand(), torch.rand(1).item()
    setup(5)
    assert first == (random.random(), np.random.rand(), torch.rand(1).item())
    line = capsys.readouterr().out.splitlines()[0]
    assert "seed 5" in line and f"PyTorch {torch.__version__}" in line
    assert device.type in ("cpu", "cuda", "mps")


def test_setup_is_loud_on_colab_without_a_gpu_and_in_quick_mode(monkeypatch):
    monkeypatch.setattr("d2lmini.device._on_colab", lambda: True)
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    text = describe(torch.device("cpu"), 0)
    assert "NO GPU" in text and "Runtime" in text
    assert "QUICK MODE" in text


def test_importing_does_nothing_else(tmp_path):
    """No seed, no output, no pyplot, no torchvision, no download."""
    import subprocess
    import sys

    code = (
        "import torch, sys; torch.manual_seed(1); before = torch.get_rng_state();"
        "import d2lmini; assert torch.equal(before, torch.get_rng_state());"
        "assert 'matplotlib.pyplot' not in sys.modules;"
        "assert 'torchvision' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_ten_classes_have_a_name():
    assert [plot.class_name(i) for i in range(10)] == list(CLASSES)
