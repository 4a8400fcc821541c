"""Figures say what they show, whom they come from, and repeat byte for byte."""

import io

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image
from samples import quietly, small_net, splits

from d2lmini import CLASSES, confusion_matrix, mode, plot, worst_mistakes
from d2lmini.data import Batches, ImageSet
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
    picture = plot.images(torch.rand(6, 28, 28), titles=list("abcdef"), columns=3)
    assert picture.png() == picture.png()


def test_every_picture_admits_the_sample_and_quick_mode(history, monkeypatch):
    mode.admit("offline sample")
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    for name, picture in pictures(history).items():
        if name != "curves":  # a history speaks for itself, see below
            assert "offline sample · quick mode" in picture.alt, name
            texts = [picture.figure._supxlabel.get_text()]
            assert texts == ["offline sample · quick mode"], name


def test_quick_mode_draws_a_sixteenth_of_the_pixels(history, monkeypatch):
    picture = plot.curves([history])
    full = Image.open(io.BytesIO(picture.png()))
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    quick = Image.open(io.BytesIO(picture.png()))
    assert quick.size == pytest.approx((full.width / 4, full.height / 4), abs=1)


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


def test_filters_share_a_symmetric_scale_and_show_the_mean_of_their_channels():
    weight = torch.zeros(2, 2, 2, 2)
    weight[0] = torch.tensor([3.0, -9.0]).view(2, 1, 1)
    drawn = [ax.images[0] for ax in plot.filters(weight).figure.axes[:2]]
    assert [image.get_clim() for image in drawn] == [(-3.0, 3.0)] * 2
    assert [image.get_array().min() for image in drawn] == [-3, 0]
    orange = drawn[0].cmap(0.0)[:3]
    assert orange == pytest.approx((0.835, 0.369, 0), abs=0.01)


@pytest.mark.parametrize("shape", [(1, 3, 5, 4), (3, 5, 4)])
@pytest.mark.parametrize("image", [(5, 4), (1, 5, 4), None])
def test_feature_maps_with_or_without_the_input(shape, image):
    """Each on a scale of its own."""
    first, maps = torch.rand(image) if image else None, torch.rand(shape)
    axes = plot.feature_maps(maps, image=first).figure.axes
    names = [ax.get_title() for ax in axes if ax.images]
    assert names == ([] if image is None else ["input"]) + ["0", "1", "2"]
    scales = [ax.images[0].get_clim() for ax in axes if ax.images]
    wanted = [(float(one.min()), float(one.max())) for one in maps.view(3, 5, 4)]
    assert scales[-3:] == wanted


def test_filters_of_zeros_can_be_drawn():
    assert plot.filters(torch.zeros(2, 1, 3, 3)).png()


def shown(picture) -> list[torch.Tensor]:
    """The images of a figure, as matplotlib holds them."""
    axes = [ax for ax in picture.figure.axes if ax.images]
    return [torch.tensor(ax.images[0].get_array()) for ax in axes]


GREY, COLOUR = torch.rand(4, 1, 6, 5), torch.rand(4, 3, 6, 5)
WIDE = torch.rand(9, 8, 3)  # a picture with its colours last


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (GREY, GREY[:, 0]),
        (GREY[:, 0], GREY[:, 0]),
        (GREY[0, 0], GREY[:1, 0]),
        (GREY.numpy(), GREY[:, 0]),
        (GREY[:, 0].tolist(), GREY[:, 0]),
        (list(GREY), GREY[:, 0]),
        (GREY.movedim(1, -1).numpy(), GREY[:, 0]),
        (GREY.double().requires_grad_(), GREY[:, 0]),
        (COLOUR, COLOUR.movedim(1, -1)),
        (COLOUR.movedim(1, -1).numpy(), COLOUR.movedim(1, -1)),
        (WIDE.numpy(), WIDE[None]),
        (WIDE[..., :1].numpy(), WIDE[None, ..., 0]),
        (list(COLOUR), COLOUR.movedim(1, -1)),
        ((GREY > 0.5), (GREY > 0.5)[:, 0].float()),
        ((GREY * 255).round().long(), (GREY * 255).round()[:, 0] / 255),
        ((GREY * 255).byte(), (GREY * 255).byte()[:, 0] / 255),
        ((GREY > 0.5).long(), (GREY > 0.5)[:, 0].float()),
        (GREY * 0 + torch.tensor([1.004]), torch.ones(4, 6, 5)),
    ],
)
def test_pictures_are_shown_as_they_are(given, wanted):
    picture = plot.images(given)
    assert picture.png() and "black" not in picture.alt
    for image, right in zip(shown(picture), wanted, strict=True):
        torch.testing.assert_close(image.float(), right.float())


def test_three_layers_are_one_colour_or_three_grey_pictures():
    X = COLOUR[0]
    with pytest.raises(ValueError, match=r"X\[None\] for one .* X\[:, None\] for thr"):
        plot.images(X)
    assert len(shown(plot.images(X, titles=["a", "b", "c"]))) == 3
    assert len(shown(plot.images(X, [1, 2, 3]))) == 3
    assert len(shown(plot.images(X, titles=["a"]))) == 1
    assert len(shown(plot.images(X[None]))) == 1


@pytest.mark.parametrize("X", [torch.rand(8, 3, 3), torch.rand(8, 3, 1)])
def test_small_kernels_are_not_one_picture(X):
    with pytest.raises(ValueError, match=r"X\[None\] for one .* X\[:, None\] for 8 gr"):
        plot.images(X)
    assert len(shown(plot.images(X, torch.arange(8)))) == 8
    assert len(shown(plot.images(X[:, None]))) == 8
    assert len(shown(plot.images(X, titles=["a"]))) == 1
    assert len(shown(plot.images(X[None]))) == 1


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (torch.arange(784).view(1, 1, 28, 28) * 80, "black is 0, white is 62,640"),
        (torch.arange(-128, 128).view(1, 1, 16, 16).to(torch.int8), "is −128, white "),
        (torch.arange(784).view(1, 1, 28, 28), "black is 0, white is 783"),
    ],
)
def test_whole_numbers_that_are_no_bytes_are_said_as_they_are(X, said):
    picture = plot.images(X)
    assert said in picture.alt
    (image,) = shown(picture)
    assert (image.min(), image.max()) == (0, 1)
    assert said in plot.heat(X[0], X[0, 0]).alt


@pytest.mark.parametrize("kind", [torch.bool, torch.int64, torch.uint8, torch.float32])
def test_of_a_picture_in_colour_the_mean_is_drawn(kind):
    X = (COLOUR[0] > 0.7).to(kind)
    wanted = X.float().mean(0)
    for drawn in (
        shown(plot.heat(X, COLOUR[0, 0]))[0],
        shown(plot.feature_maps(GREY[0], image=X))[0],
        shown(plot.feature_maps(GREY[0], image=X[None]))[0],
    ):
        torch.testing.assert_close(drawn.float(), wanted)
    drawn, _ = shown(plot.feature_maps(GREY[0], image=WIDE))
    torch.testing.assert_close(drawn, WIDE.mean(-1))


@pytest.mark.parametrize("shape", [(2, 9, 8), (4, 9, 8), (1, 4, 9, 8), (1, 16, 5, 5)])
def test_of_an_input_with_any_number_of_channels_the_mean_is_drawn(shape):
    image = torch.rand(shape)
    drawn, _ = shown(plot.feature_maps(GREY[0], image=image))
    torch.testing.assert_close(drawn, image.mean(-3).view(shape[-2:]))


@pytest.mark.parametrize("X", [GREY, COLOUR])
def test_normalised_pictures_are_not_clipped_and_say_so(X):
    normalised = (X - 0.5) / 0.25
    picture = plot.images(normalised)
    low, high = float(normalised.min()), float(normalised.max())
    assert f"black is {low:.2g}, white is {high:.2g}" in picture.alt
    assert "black is" in picture.figure._supxlabel.get_text()
    found = torch.stack(shown(picture))
    right = (normalised - low) / (high - low)
    right = right[:, 0] if X is GREY else right.movedim(1, -1)
    torch.testing.assert_close(found.float(), right)


NAN = torch.tensor([[[float("nan")]]])
SQUARE = torch.eye(10) * 5
WORDS = {"title": "", "xlabel": "", "ylabel": ""}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plot.images(torch.rand(2, 5, 4, 4)), "X is a tensor .*2, 5, 4, 4"),
        (lambda: plot.images(torch.rand(0, 1, 4, 4)), "nothing to draw"),
        (lambda: plot.images(GREY[:0], [], []), "X is a tensor .*: there is nothing"),
        (lambda: plot.images(NAN), "X holds values that are not finite"),
        (lambda: plot.images("cat.png"), "X is the text 'cat.png': give a tensor"),
        (lambda: plot.images([GREY[0], GREY[0, :, :2]]), "X is .*list"),
        (lambda: plot.images(None), "X is None"),
        (lambda: plot.images(GREY, columns=0), "columns must be at least 1, not 0"),
        (lambda: plot.images(GREY, columns=2.5), "columns must be a whole number"),
        (lambda: plot.images(GREY, [1, 2, 3]), "4 images and 3 in labels"),
        (lambda: plot.images(GREY, [1] * 4, [1]), "4 images and 1 in predicted"),
        (lambda: plot.images(GREY, [1] * 4, torch.rand(4, 10)), r"logits.argmax\(1\)"),
        (lambda: plot.images(GREY, torch.rand(4)), r"labels is .*logits.argmax\(1\)"),
        (lambda: plot.images(GREY, predicted=[1] * 4), "without labels: give both"),
        (lambda: plot.images(GREY, titles=["a"]), "4 images and 1 titles"),
        (lambda: plot.images(GREY, titles="abcd"), "titles is the text 'abcd'"),
        (lambda: plot.images(GREY, [12] * 4), "label 12 names no class"),
        (lambda: plot.images(GREY, [1] * 4, classes="ab"), "classes is the text"),
        (
            lambda: plot.filters(torch.nn.Conv2d(1, 2, 3)),
            "weight is a Conv2d: ",
        ),
        (lambda: plot.filters(torch.rand(4, 5)), "weight is .*4, 5.*: give kernels"),
        (lambda: plot.filters(torch.rand(4, 5, 3)), "weight is .*: give kernels"),
        (lambda: plot.filters(torch.rand(4, 0, 3, 3)), "nothing to draw"),
        (lambda: plot.feature_maps(torch.rand(2, 3, 4, 4)), "maps is .*of one image"),
        (lambda: plot.feature_maps(GREY[0], image=GREY), "image is .*of one image"),
        (
            lambda: plot.feature_maps(GREY[0], image=torch.rand(9, 9, 9)),
            "image is .*9, 9, 9.*of one image",
        ),
        (
            lambda: plot.feature_maps(GREY[0], image=torch.rand(1, 9, 9, 4)),
            r"image is .*give the picture of one image, \(1, C, H, W\), \(H, W\) or",
        ),
        (
            lambda: plot.feature_maps(GREY[0], image=torch.rand(3, 9, 1)),
            "image is .*of one image",
        ),
        (
            lambda: plot.images(torch.rand(4, 3, 9, 1)),
            r"X is .*X\[..., 0\]\[:, None\] for grey .* two columns",
        ),
        (lambda: plot.images(torch.rand(8, 3, 3), [1, 2]), "X is .*: give X.None. for"),
        (lambda: plot.images(WIDE, [1, 2]), "1 images and 2 in labels"),
        (lambda: plot.confusion(torch.rand(9, 10)), "counts are .*9, 10"),
        (lambda: plot.confusion(-SQUARE), "nothing below 0"),
        (lambda: plot.confusion(SQUARE / 0), "counts holds values that are not fin"),
        (lambda: plot.confusion(SQUARE, classes=["a"]), "1 classes for 10"),
        (lambda: plot.filters(GREY.to("meta")), "is a meta tensor .*give one with num"),
        (lambda: plot.per_class(SQUARE), "counts is a tensor .*: give a dict"),
        (lambda: plot.per_class({"a": SQUARE, "b": SQUARE[:9, :9]}), "9 and 10 class"),
        (lambda: plot.scatter([1, 2], **WORDS), "points is .*list .*: give a dict"),
        (lambda: plot.scatter({"a": ("x", 1)}, **WORDS), "point 'a' is the tuple"),
        (lambda: plot.scatter({"a": 3}, **WORDS), "point 'a' is .3,.: give two"),
        (lambda: plot.lines([0.1], [1], title="", xlabel=""), "series is .*list"),
        (lambda: plot.lines({"a": "b"}, [1], title="", xlabel=""), "'a' is the text"),
        (lambda: plot.ranges({"a": "b"}, title="", xlabel=""), "row .a. is the text"),
        (lambda: plot.stacked({"a": 3}, title="", xlabel=""), "the bar 'a' is 3"),
        (
            lambda: plot.stacked({"a": {"b": "c"}}, title="", xlabel=""),
            "part 'b' is",
        ),
        (lambda: plot.gradients({"a": [0.1]}), "sizes of 'a' is the list .*dict"),
        (lambda: plot.gradients({"a": {"b": None}}), "size of 'b' is None: give a num"),
        (
            lambda: plot.histograms([GREY], titles=["a"]),
            "rows is .*list .*: give a dict",
        ),
        (lambda: plot.histograms({"a": [GREY]}, titles=["a"]), "row 'a' is .*list"),
        (lambda: plot.images(GREY.double() * 1e300), "X holds values beyond 1e.30"),
        (lambda: plot.confusion(SQUARE.double() * 1e300), "counts holds values beyond"),
        (lambda: plot.stacked({"a": {"b": 1e300}}, title="", xlabel=""), "beyond"),
        (lambda: plot.gradients({"a": {}}), "'a' has no layers"),
        (lambda: plot.gradients({"a": {"b": -1.0}}), "'b' of 'a' is -1: give 0 or"),
        (lambda: plot.gradients({"a": {"b": float("nan")}}), "'b' of 'a' is nan"),
        (lambda: plot.histograms({"a": {"b": None}}, titles=["a"]), "'b' is None"),
        (lambda: plot.histograms({"a": {}}, titles=["a"]), "nothing to draw"),
        (lambda: plot.histograms({"a": {"b": [GREY]}}, titles="a"), "titles is the te"),
        (lambda: plot.lines({"a": [1]}, None, title="", xlabel=""), "places is None"),
        (lambda: plot.lines({"a": [1]}, [None], title="", xlabel=""), "places is the"),
        (
            lambda: plot.lines({"a": [1]}, [[1]], title="", xlabel=""),
            "places is .*: give a list of numbers or words",
        ),
        (
            lambda: plot.lines({"a": [1]}, [1], title="", xlabel="", form="zz"),
            "form is 'zz': give a format",
        ),
        (
            lambda: plot.ranges({"a": (1, 1, 1)}, title="", xlabel="", form=4),
            "form is 4: give a format",
        ),
        (lambda: plot.images(np.ma.masked_less(GREY.numpy(), 0.5)), "not finite"),
        (lambda: plot.class_name(-1), "label -1"),
        (lambda: plot.class_name("7"), "label is the text '7'"),
        (lambda: plot.class_name(torch.tensor(3.0)), "label is a tensor float32"),
        (lambda: plot.class_name(torch.tensor(True)), "label is a tensor bool"),
        (lambda: plot.class_name(torch.tensor([3])), r"label is .* shape \(1,\)"),
        (lambda: plot.class_name(torch.ones(()).to("meta")), "label is a meta tensor"),
        (lambda: plot.finish(None, "alt"), "figure is None: give the figure that canv"),
        (lambda: plot.finish(plot.canvas(1, 1, 3, 3)[0], None), "alt is None: give"),
        (lambda: plot.canvas(0, 1, 3, 3), "rows must be at least 1, not 0"),
        (lambda: plot.canvas(1, 1, -3, 3), "width must be a finite number above 0"),
        (lambda: plot.canvas(1, 1, 3, float("nan")), "height must be a finite number"),
    ],
)
def test_a_slip_is_one_sentence(call, words):
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def cells(picture) -> list[str]:
    """What is written in a matrix, row by row from the top."""
    places = {text.get_position()[::-1]: text for text in picture.figure.axes[0].texts}
    return [places[place].get_text() for place in sorted(places)]


def axis(picture) -> list[str]:
    return [text.get_text() for text in picture.figure.axes[0].get_yticklabels()]


def test_a_cell_stands_in_its_row_and_column():
    picture = plot.confusion(torch.tensor([[1, 3], [0, 4]]), classes=["x", "y"])
    ax = picture.figure.axes[0]
    assert cells(picture) == ["1", "3", "·", "4"]
    assert ax.images[0].get_array().tolist() == [[0.25, 0.75], [0, 1]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_a_perfect_matrix_has_no_mistake():
    alt = plot.confusion(SQUARE.long()).alt
    assert (
        alt == "Confusion matrix of 50 images, 50 of them right. There is no mistake."
    )


@pytest.mark.parametrize("kind", [torch.Tensor.numpy, torch.Tensor.tolist, list])
def test_a_matrix_of_shares_shows_shares(kind):
    counts = torch.eye(10) * 8
    counts[6, 0] = 2
    counts[3] = 0
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    picture = plot.confusion(kind(shares))
    assert cells(picture)[0] == "1.00" and cells(picture)[60] == "0.20"
    assert "on average 97.8% of a class right" in picture.alt  # of the nine that occur
    assert "0.20 of the class Shirt taken for T-shirt/top" in picture.alt
    assert picture.alt.startswith(plot.confusion(shares / 7).alt[:50])


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("size", [1, 2, 9, 11, 40, 100])
def test_matrices_of_other_sizes_are_labelled_by_number(size):
    counts = torch.arange(size * size).view(size, size)
    picture = plot.confusion(counts)
    assert picture.png() and axis(picture) == [str(i) for i in range(size)]
    assert len(cells(picture)) == (size * size if size <= 25 else 0)
    dots = plot.per_class({"a": counts})
    assert sorted(axis(dots)) == sorted(axis(picture))


def own(*names: str) -> ImageSet:
    images = torch.zeros(len(names), 3, 4, 4, dtype=torch.uint8)
    return ImageSet(images, torch.arange(len(names)), "pets", names)


def test_own_classes_are_never_called_clothes():
    own("cat", "dog")
    X = torch.rand(2, 3, 4, 4)
    assert [ax.get_title() for ax in plot.images(X, [0, 1]).figure.axes] == [
        "cat",
        "dog",
    ]
    assert axis(plot.confusion([[3, 1], [0, 2]])) == ["cat", "dog"]
    assert axis(plot.per_class({"a": [[3, 1], [0, 2]]})) == ["cat", "dog"]
    assert plot.class_name(1) == "dog"
    with pytest.raises(ValueError, match=r"label 2 .* from 0 \(cat\) to 1 \(dog\)"):
        plot.images(X, [0, 2])


def test_two_data_sets_of_a_session_are_not_mixed_up():
    own(*CLASSES)
    X = torch.rand(2, 1, 4, 4)
    assert plot.class_name(0) == "T-shirt/top"
    own(*"abcdefghij")
    for call in (
        lambda: plot.images(X, [0, 1]),
        lambda: plot.confusion(SQUARE),
        lambda: plot.per_class({"a": SQUARE}),
        lambda: plot.class_name(3),
    ):
        with pytest.raises(ValueError, match=r"T-shirt/top, .* or a, b, c, …: .*clas"):
            call()
    assert axis(plot.confusion(SQUARE, classes=CLASSES)) == list(CLASSES)
    assert axis(plot.confusion(SQUARE[:3, :3])) == ["0", "1", "2"]


def test_beside_classes_that_nobody_has_named_labels_are_shown_as_they_are():
    pixels, digits = torch.zeros(10, 1, 4, 4, dtype=torch.uint8), list("0123456789")
    own(*CLASSES)
    ImageSet(pixels, torch.arange(10).clamp(max=3))  # of a subset, or of something else
    assert axis(plot.confusion(SQUARE)) == list(CLASSES)
    assert axis(plot.confusion(SQUARE[:4, :4])) == digits[:4]
    assert plot.class_name(3) == "3"
    ImageSet(pixels, torch.arange(10), "digits", digits)
    assert axis(plot.confusion(SQUARE)) == digits


def test_of_two_sets_that_begin_alike_the_longer_one_has_the_names():
    own("cat", "dog")
    own("cat", "dog", "bird")
    assert plot.class_name(2) == "bird"


def test_a_part_with_fewer_labels_belongs_to_the_whole():
    pixels = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
    ImageSet(pixels, torch.tensor([0, 1, 2]))
    ImageSet(pixels, torch.tensor([0, 1, 1]))
    assert plot.class_name(2) == "2"


ODD = "$x^$ & <b>"


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.images(GREY, titles=[ODD] * 4),
        lambda: plot.images(GREY, [0, 1, 0, 1], classes=[ODD, "b"]),
        lambda: plot.confusion(torch.eye(2), classes=[ODD, "b"]),
        lambda: plot.per_class({ODD: torch.eye(2)}, classes=[ODD, "b"]),
        lambda: plot.gradients({ODD: {ODD: 0.1, "b": 10.0}, "b": {ODD: 1.0, "b": 2.0}}),
        lambda: plot.histograms({ODD: {ODD: [GREY]}}, titles=[ODD]),
        lambda: plot.lines({ODD: [0.1, 0.2]}, [ODD, "b"], title=ODD, xlabel=ODD),
        lambda: plot.ranges({ODD: (1, 0, 2)}, title=ODD, xlabel=ODD),
        lambda: plot.scatter({ODD: (1, 2)}, title=ODD, xlabel=ODD, ylabel=ODD),
        lambda: plot.stacked({ODD: {ODD: 1.0}}, title=ODD, xlabel=ODD),
        lambda: plot.heat(GREY[0], GREY[0], ODD, unit=ODD),
    ],
)
def test_a_name_is_no_formula(draw):
    mode.admit(ODD)
    picture = draw()
    assert picture.png() and ODD in picture.alt


def test_what_has_a_gradient_may_be_no_layer():
    sizes = {"a": {"1": 1e-3, "2": 1.0}}
    picture = plot.gradients(sizes, part="block")
    assert picture.figure.axes[0].get_xlabel().startswith("block, from the picture")
    assert picture.alt.startswith("Size of the gradient by block")
    assert plot.gradients(sizes).alt.startswith("Size of the gradient by layer")
    ax = plot.gradients({"a": {1: 1e-3, 2: 1.0}}).figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2"]


def test_a_logarithmic_axis_keeps_its_powers():
    picture = plot.gradients({"$x^$": {"a": 1e-3, "b": 1.0}})
    assert picture.png()
    labels = picture.figure.axes[0].get_yticklabels()
    powers = [label for label in labels if "10^" in label.get_text()]
    assert powers and all(label.get_parse_math() for label in powers)


def test_confusion_matrix_by_brute_force():
    net, data = small_net().eval(), splits()
    counts = confusion_matrix(net, data.test)
    guess = net(data.test.images.images.float() / 255).argmax(1)
    wanted = torch.zeros(10, 10, dtype=torch.long)
    for true, said in zip(data.test.images.labels, guess, strict=True):
        wanted[true, said] += 1
    assert (counts - wanted).abs().sum() <= 2  # a tie may fall either way in bf16
    assert counts.sum() == 20


@pytest.mark.parametrize("classes", [3, 12])
def test_confusion_matrix_of_own_classes(classes):
    torch.manual_seed(0)
    images = torch.randint(0, 255, (30, 3, 4, 4)).byte()
    names = [f"kind {i}" for i in range(classes)]
    own = ImageSet(images, torch.arange(30) % classes, "kinds", names)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, classes))
    counts = confusion_matrix(net, Batches(own, 8))
    assert counts.shape == (classes, classes) and counts.sum() == 30
    assert counts.sum(1).tolist() == own.labels.bincount().tolist()
    assert axis(plot.confusion(counts)) == names


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


@pytest.mark.parametrize("kind", [int, np.int64, torch.tensor])
def test_all_ten_classes_have_a_name(kind):
    assert [plot.class_name(kind(i)) for i in range(10)] == list(CLASSES)


DARK = {
    **{"text.color": "white", "axes.facecolor": "black", "savefig.bbox": "tight"},
    **{"image.origin": "lower", "lines.linestyle": "None", "text.usetex": True},
    **{"xaxis.labellocation": "right", "markers.fillstyle": "none"},
}


def test_a_style_of_the_users_changes_no_figure_and_comes_back():
    def drawn() -> list[bytes]:
        shown = plot.images(GREY, titles=["a", "b", "c", "d"])
        across = plot.lines({"x": [0.1, 0.2]}, [1, 2], title="t", xlabel="")
        dots = plot.ranges({"a": (1, 0, 2)}, title="t", xlabel="right?")
        return [shown.png(), across.png(), dots.png()]

    wanted = drawn()
    with mpl.rc_context(DARK):
        before = dict(mpl.rcParams)
        assert drawn() == wanted and dict(mpl.rcParams) == before


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint64, torch.float8_e4m3fn])
def test_rare_types_are_drawn_like_common_ones(dtype):
    X = torch.tensor([[[0.0, 64.0], [16.0, 192.0]]])
    wanted = plot.images(X.long() if dtype.is_floating_point is False else X).png()
    assert plot.images(X.to(dtype)).png() == wanted
    assert plot.images(X.to_sparse()).png() == plot.images(X).png()


def test_long_numbers_are_not_rounded_before_they_are_read():
    bars = {"a": {"b": 123456789.0}}
    assert "123,456,789" in plot.stacked(bars, title="", xlabel="").alt


def test_per_class_draws_every_share_in_the_order_of_the_first_network():
    a, b = torch.tensor([[4, 0], [3, 1]]), torch.tensor([[3, 1], [0, 4]])
    picture = plot.per_class({"a": a, "b": b}, classes=["x", "y"])
    ax = picture.figure.axes[0]
    assert axis(picture) == ["y", "x"]
    bars, *dots = ax.collections
    assert [dot.get_offsets().tolist() for dot in dots] == [
        [[0.25, 0], [1, 1]],
        [[1, 0], [0.75, 1]],
    ]
    segments = [bar.tolist() for bar in bars.get_segments()]
    assert segments == [[[0.25, 0], [1, 0]], [[0.75, 1], [1, 1]]]
    assert ax.xaxis.get_major_formatter()(0.25) == "25%"
    assert "a is worst at y, 25.0%; b is worst at x, 75.0%" in picture.alt
    assert "b gains most on a at y, from 25.0% to 100.0%" in picture.alt
    assert "b gains on a in no class" in plot.per_class({"a": a, "b": a}).alt


def test_a_class_without_images_has_no_share():
    some = torch.tensor([[3, 1, 0], [0, 0, 0], [1, 0, 3]])
    more = torch.tensor([[4, 0, 0], [0, 0, 0], [0, 0, 4]])
    picture = plot.per_class({"a": some, "b": more}, classes=["x", "y", "z"])
    assert "a is worst at x, 75.0%; b is worst at x, 100.0%" in picture.alt
    assert "b gains most on a at x, from 75.0% to 100.0%" in picture.alt
    assert axis(picture) == ["x", "z", "y"]
    _, *dots = picture.figure.axes[0].collections
    assert [len(dot.get_offsets().compressed()) for dot in dots] == [4, 4]
    assert plot.per_class({"a": some * 0}).alt.endswith("a has no images.")


def test_numbers_that_only_float64_holds_are_drawn():
    tiny = torch.rand(8, 8, dtype=torch.float64) * 1e-50
    tiny[2, 7] = 1e-50
    alt = plot.heat(torch.rand(8, 8), tiny).alt
    assert "to 1e-50; the largest lies in the upper right, at row 2, column 7" in alt
    assert "to 1e-50" in plot.filters(tiny[None, None]).alt
    maps = shown(plot.feature_maps(tiny))
    assert float(maps[0].max()) == 1e-50


def test_one_row_of_pixels_has_a_map():
    assert "1×8" in plot.heat(torch.rand(1, 1, 8), torch.rand(1, 8)).alt


def test_true_and_false_are_counts():
    assert "3 of them right" in plot.confusion(torch.eye(3) > 0).alt
