"""Batches are complete, shuffled, resized and split as they say."""

import functools
import json
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import image_set
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import RandomHorizontalFlip
from torchvision.transforms.v2 import functional as vision

from d2lmini import augment, load_fashion_mnist, mode
from d2lmini.data import CLASSES, VALIDATION, Batches, ImageSet, offline, resized, split
from d2lmini.data.classes import names
from d2lmini.data.files import DataError

DATA = os.environ.get("D2LMINI_DATA", "offline")
real = pytest.mark.skipif(
    not Path(DATA).is_dir(), reason="needs the real data: set D2LMINI_DATA"
)


@pytest.fixture(autouse=True, scope="module")
def few_are_drawn():
    """A twentieth of the sample, which takes six seconds to draw."""

    def draw(count, seed, whole=offline.draw):
        return whole(count if mode.quick() else count // 20, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "draw", draw)
        yield


def test_every_image_comes_once_an_epoch():
    images = image_set(43)
    marked = ImageSet(
        torch.arange(43, dtype=torch.uint8).view(-1, 1, 1, 1), images.labels
    )
    batches = Batches(marked, 8, shuffle=True)
    seen = [(X * 255).round().flatten() for X, _ in batches]
    assert [len(part) for part in seen] == [8, 8, 8, 8, 8, 3]
    assert torch.equal(torch.cat(seen).sort().values, torch.arange(43.0))
    assert len(batches) == 6


def test_images_keep_their_labels():
    for X, y in Batches(image_set(40), 7, shuffle=True):
        brightest = X[:, 0].mean(2)  # (N, 28): one number per row
        rows = brightest.unfold(1, 3, 1).sum(2).argmax(1)
        assert torch.equal(rows, y * 28 // 10)


def orders(seed: int, passes: int) -> list[list[int]]:
    batches = Batches(image_set(30), 30, shuffle=True, seed=seed)
    return [next(iter(batches))[1].tolist() for _ in range(passes)]


def test_two_passes_differ_and_repeat_for_the_same_seed():
    first, second = orders(3, 2)
    assert first != second
    assert orders(3, 2) == [first, second]
    assert orders(4, 1)[0] not in (first, second)  # no seed has passes of another


def test_order_does_not_depend_on_the_global_generator():
    torch.manual_seed(1)
    one = orders(0, 1)
    torch.manual_seed(2)
    assert orders(0, 1) == one


@pytest.mark.parametrize("size", [1, 14, 28, 29, 96, 224])
def test_resize_agrees_with_torchvision(size):
    X = image_set(4).images
    wanted = vision.resize(X, [size, size], antialias=True).float() / 255
    batches = Batches(image_set(4), 4, resize=size)
    got, _ = next(iter(batches))
    assert got.shape == (4, 1, size, size)
    assert (got - wanted).abs().max() <= 1 / 255 + 1e-6  # theirs are whole numbers


def test_resize_smooths_where_one_side_alone_is_made_smaller():
    X = torch.rand(1, 1, 9, 40)
    torch.testing.assert_close(resized(X, 12), vision.resize(X, [12, 12]))
    assert torch.equal(resized(X, torch.tensor(12)), resized(X, 12))


def test_resize_of_a_constant_is_constant():
    assert torch.allclose(
        resized(torch.full((1, 1, 28, 28), 0.3), 96).min(), torch.tensor(0.3)
    )


def test_split_is_disjoint_complete_stratified_and_fixed():
    labels = torch.arange(1000) % 10
    kept, out = split(labels, 200)
    assert sorted([*kept.tolist(), *out.tolist()]) == list(range(1000))
    assert torch.bincount(labels[out]).tolist() == [20] * 10
    torch.manual_seed(99)
    assert torch.equal(split(labels, 200)[1], out)
    held_out = split(torch.arange(40) % 4, 8)[1]  # in every version, as runs are stored
    assert held_out.tolist() == [1, 3, 4, 10, 20, 27, 37, 38]


def test_split_counts_the_classes_that_occur():
    labels = torch.tensor([3, 8, 3, 3, 8, 8, 3], dtype=torch.int16)
    kept, out = split(labels, 6)
    assert labels[out].bincount()[[3, 8]].tolist() == [3, 3] and len(kept) == 1
    assert [len(part) for part in split(labels, 0)] == [7, 0]


@pytest.mark.parametrize(
    "held_out", [5, 13, -10, 50, pytest.param(10**5000, id="huge")]
)
def test_a_split_holds_out_what_is_asked_or_nothing(held_out):
    labels = torch.cat([torch.arange(10), torch.arange(90) % 9])
    words = "held_out must be (at least 0|a multiple of 10.* at most 10, since)"
    with pytest.raises(ValueError, match=words):
        split(labels, held_out)


@pytest.mark.parametrize(
    ("labels", "held_out", "words"),
    [
        (torch.zeros(0).long(), 0, "labels is a tensor int64 of shape .0,"),
        (torch.zeros(4, 1).long(), 1, "labels is .* of shape .4, 1"),
        (torch.zeros(4), 1, "labels is a tensor float32 .*int64"),
        (torch.zeros(4).bool(), 1, "labels is a tensor bool"),
        ([0, 1], 1, "labels is the list"),
        (torch.zeros(4).long(), 1.0, "held_out must be a whole number, not 1.0"),
    ],
)
def test_what_cannot_be_split_is_said(labels, held_out, words):
    with pytest.raises((TypeError, ValueError), match=words):
        split(labels, held_out)


@real
def test_real_data_have_the_published_sizes(monkeypatch):
    data = load_fashion_mnist(256, root=DATA)
    sizes = [len(part.images) for part in data]
    assert sizes == [55_000, VALIDATION, 10_000]
    assert torch.bincount(data.val.images.labels).tolist() == [500] * 10
    assert torch.bincount(data.test.images.labels).tolist() == [1000] * 10
    assert mode.notes() == ()


def test_memory_of_large_images_is_a_few_batches():
    """No tensor that a pass creates is larger than a batch at its full size."""

    class Largest(TorchDispatchMode):
        bytes = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                self.bytes = max(self.bytes, out.nbytes)
            return out

    batches = Batches(image_set(400), 4, resize=224, shuffle=True)
    with Largest() as largest:
        assert sum(len(X) for X, _ in batches) == 400
    assert largest.bytes == 4 * 224 * 224 * 4  # floats; the set would be 80 MB


def test_offline_says_so():
    data = load_fashion_mnist(64, root="offline", device=torch.device("cpu"))
    assert mode.notes() == ("offline sample",)
    data.test.images.images.zero_()  # which the next call is not to see
    again = load_fashion_mnist(64, root="offline", device=torch.device("cpu"))
    assert again.test.images.images.any()


def test_real_data_after_the_sample_say_so_no_more(data_folder, monkeypatch):
    monkeypatch.setattr("d2lmini.data.batches.VALIDATION", 100)
    load_fashion_mnist(8, root="offline")
    load_fashion_mnist(8, root=data_folder)
    assert mode.notes() == ()


def test_quick_mode_keeps_a_handful_and_says_so(monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    data = load_fashion_mnist(128, root="offline")
    assert [len(part) for part in data] == [2, 1, 1]
    assert [len(part.images) for part in data] == [2 * 8, 8, 64]
    assert data.test.images.labels.bincount(minlength=10).min() > 2, "chapters pick"
    assert len(load_fashion_mnist(4, root="offline").train.images) == 2 * 4
    enlarged = load_fashion_mnist(128, root="offline", resize=36)
    assert [len(part) for part in enlarged] == [2, 1, 1]
    assert [len(part.images) for part in enlarged] == [4, 2, 16]
    assert {5, 6, 7, 9} <= set(enlarged.test.images.labels.tolist()), "chapters pick"
    assert "quick mode" in mode.notes()


def test_training_images_alone_are_augmented_and_shuffled_by_the_seed():
    data, other = (
        load_fashion_mnist(32, root="offline", augment=augment.flip, seed=seed)
        for seed in (1, 2)
    )
    assert [part.augment for part in data] == [augment.flip, None, None]
    assert [part.shuffle for part in data] == [True, False, False]
    assert not torch.equal(next(iter(data.train))[1], next(iter(other.train))[1])


def test_each_batch_of_each_pass_is_augmented_by_draws_of_its_own():
    grey = ImageSet(torch.full((8, 1, 4, 4), 99).byte(), torch.zeros(8).long())

    def means() -> list[float]:
        batches = Batches(grey, 4, augment=augment.brightness)
        return [X.mean().item() for _ in range(2) for X, _ in batches]

    assert means() == means() and len(set(means())) == 4


def test_images_are_augmented_before_they_are_resized():
    seen = []
    look = lambda X, generator: seen.append(X.shape) or X  # noqa: E731
    ((X, _),) = Batches(image_set(4), 4, resize=14, augment=look)
    assert seen == [(4, 1, 28, 28)] and X.shape == (4, 1, 14, 14)


STEPS = [augment.flip, augment.crop, augment.brightness, augment.erase]


@pytest.mark.parametrize("step", STEPS)
def test_augmentation_keeps_shape_range_and_differs_by_image(step):
    X = torch.rand(16, 2, 9, 11)
    Y = step(X.clone(), torch.Generator().manual_seed(1))
    assert Y.shape == X.shape
    assert Y.min() >= 0 and Y.max() <= 1
    again = step(X.clone(), torch.Generator().manual_seed(1))
    assert torch.equal(Y, again)
    changed = (Y != X).flatten(1).any(1)
    assert changed.any()
    same = step(X[:1].expand(16, -1, -1, -1), torch.Generator().manual_seed(1))
    assert len(torch.unique(same, dim=0)) > 1  # one draw per image


def test_flip_twice_is_identity_for_the_chosen():
    X = torch.rand(8, 1, 5, 5)
    Y = augment.flip(X, torch.Generator().manual_seed(0))
    for x, y in zip(X, Y, strict=True):
        assert torch.equal(x, y) or torch.equal(x.flip(-1), y)


def test_crop_is_a_shift_to_any_place_within_its_padding():
    X = torch.rand(500, 1, 6, 6)
    padded = torch.nn.functional.pad(X, [2] * 4)
    shifts = [padded[:, :, i : i + 6, j : j + 6] for i in range(5) for j in range(5)]
    Y = augment.crop(X, torch.Generator().manual_seed(0))
    same = (torch.stack(shifts) == Y).flatten(2).all(2)  # (25 shifts, 500 images)
    assert same.any(0).all() and same.any(1).all()


def test_brightness_is_even_between_its_bounds():
    X = torch.full((2000, 1, 1, 1), 0.5)
    factor = 2 * augment.brightness(X, torch.Generator().manual_seed(0))
    assert factor.aminmax() == pytest.approx((0.7, 1.3), abs=0.01)
    assert factor.mean().item() == pytest.approx(1, abs=0.02)


def test_no_padding_and_no_brightness_are_the_identity():
    X, generator = torch.rand(4, 1, 5, 5), torch.Generator()
    assert torch.equal(augment.crop(X, generator, padding=0), X)
    assert torch.equal(augment.brightness(X, generator, by=0), X)


@pytest.mark.parametrize("size", [(28, 28), (9, 31), (1, 1)])
def test_erase_puts_one_rectangle_of_noise_into_some_images(size):
    X = torch.full((400, 2, *size), 2.0)  # no draw is above 1
    step = functools.partial(augment.erase, probability=0.25, area=(0.1, 0.3))
    Y = step(X, torch.Generator().manual_seed(0))
    changed = Y != X
    assert torch.equal(changed[:, 0], changed[:, 1])  # all channels of a pixel
    hit = changed.flatten(1).any(1)
    assert 0.25 * 400 - 40 < hit.sum() < 0.25 * 400 + 40
    shares = []
    for one in changed[hit, 0]:
        rows, columns = one.any(1).nonzero(), one.any(0).nonzero()
        box = one[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert box.all()  # a whole rectangle
        shares.append(one.float().mean().item())
        if size == (28, 28):
            height, width = box.shape
            assert 0.2 < height / width < 5  # 0.3 to 1 / 0.3, rounded to pixels
    assert max(shares) <= 0.34 or size == (1, 1)
    if size == (28, 28):
        assert min(shares) >= 0.08 and max(shares) - min(shares) > 0.1
    drawn = Y[changed]
    assert drawn.min() >= 0 and len(drawn.unique()) > 0.9 * len(drawn)


def test_erase_by_itself_is_the_papers():
    X = torch.full((4000, 1, 28, 28), 2.0)
    changed = (augment.erase(X, torch.Generator().manual_seed(0)) != X)[:, 0]
    shares = changed.flatten(1).float().mean(1)
    assert (shares > 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert shares[shares > 0].aminmax() == pytest.approx((0.02, 0.25), abs=0.02)
    height, width = changed.any(2).sum(1), changed.any(1).sum(1)
    assert 0.4 < (height > width).sum() / (height != width).sum() < 0.6
    assert changed.any(0).all()  # every pixel is met
    upper, right = changed[:, 0].any(1), changed[:, :, -1].any(1)
    assert (upper & right).any()  # and also a corner off the diagonal


def test_erase_with_probability_0_or_1():
    X, generator = torch.rand(50, 1, 12, 12), torch.Generator().manual_seed(0)
    assert torch.equal(augment.erase(X, generator, probability=0), X)
    all_of_them = augment.erase(X, generator, probability=1)
    assert (all_of_them != X).flatten(1).any(1).all()


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_neither_default_of_pytorch_changes_a_batch(kind):
    few, strong = image_set(4), augment.chain(*STEPS)
    ((wanted, _),) = Batches(few, 4, shuffle=True, augment=strong)
    expected = split(few.labels, 4)
    try:
        torch.set_default_dtype(kind)
        with torch.device("meta"):
            ((X, _),) = Batches(few, 4, shuffle=True, augment=strong)
            found = split(few.labels, 4)
    finally:
        torch.set_default_dtype(torch.float32)
    assert X.dtype == torch.float32 and torch.equal(X, wanted)
    assert all(map(torch.equal, found, expected))


def test_what_is_no_step_of_a_chain_is_said_at_once():
    with pytest.raises(TypeError, match=r"step of chain is .*list .*: give func"):
        augment.chain([augment.flip])
    with pytest.raises(TypeError, match=r"no_generator: give functions of .X, gen"):
        augment.chain(no_generator)
    with pytest.raises(TypeError, match=r"chain is a partial with p=.* or area= or"):
        augment.chain(functools.partial(augment.erase, p=0.5))


def test_chain_applies_in_order():
    X = torch.rand(4, 1, 5, 5)
    none = functools.partial(augment.crop, padding=0)
    both = augment.chain(none, augment.flip)(X, torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(both, augment.flip(none(X, generator), generator))


@pytest.mark.parametrize(
    ("step", "option", "value", "words"),
    [
        (augment.crop, "padding", -1, "padding is -1: give a whole number from 0"),
        (augment.crop, "padding", 1.5, r"padding is 1\.5: give a whole number"),
        (augment.crop, "padding", True, "padding is True: give a whole number"),
        (augment.brightness, "by", math.nan, "by is nan: give a number from -100"),
        (augment.brightness, "by", "much", "by is the text 'much': give a number"),
        (augment.brightness, "by", 1e39, r"by is 1e\+39: give a number from -100"),
        (augment.erase, "probability", math.nan, "probability is nan: give a number"),
        (augment.erase, "probability", 50, "probability is 50: give a number from 0"),
        (augment.erase, "narrowest", -0.3, r"narrowest is -0\.3: give a number above"),
        (augment.erase, "area", (2.0, 3.0), r"area is the tuple \(2.0, 3.0\): give"),
        (augment.erase, "area", (0.3,), r"area is the tuple \(0.3,\): give .least, mo"),
        (augment.erase, "area", 0.3, r"area is 0\.3: give .least, most"),
    ],
)
def test_an_option_that_cannot_be_is_one_sentence(step, option, value, words):
    changed = functools.partial(step, **{option: value})
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        augment.chain(augment.flip, changed)
    with pytest.raises((TypeError, ValueError), match=words):
        Batches(image_set(2), 2, augment=changed)
    assert str(caught.value).count(". ") == 0


def test_an_option_is_taken_as_whatever_number_it_is():
    pair, half, two = torch.tensor([0.3, 0.1]), torch.tensor(0.5), torch.tensor(2)
    steps = [
        functools.partial(augment.crop, padding=two),
        functools.partial(augment.brightness, by=1.5),
        functools.partial(augment.brightness, by=-0.2),
        functools.partial(augment.erase, probability=True, area=pair),
        functools.partial(augment.erase, probability=half, area=(0.3, 0.1)),
    ]
    ((X, _),) = Batches(image_set(4), 4, augment=augment.chain(*steps))
    assert X.aminmax().min >= 0 and X.aminmax().max <= 1


PIXELS = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
ONES = torch.ones(2).long()


@pytest.mark.parametrize(
    ("images", "labels", "options", "words"),
    [
        (torch.zeros(2, 28, 28), ONES, {}, "images is a tensor float32 .*uint8"),
        (torch.zeros(2, 1, 4, 4), ONES, {}, "images is a tensor float32 .*uint8"),
        (PIXELS[0], ONES, {}, "images is a tensor uint8 of shape .1, 4, 4"),
        (PIXELS[:0], ONES[:0], {}, "at least one image"),
        (PIXELS[:, :, :0], ONES, {}, "sides above 0"),
        (PIXELS.numpy(), ONES, {}, "images is a NumPy array uint8"),
        (PIXELS.to("meta"), ONES.to("meta"), {}, "images is a meta tensor uint8"),
        ([[1]], ONES, {}, "images is the list"),
        (PIXELS, ONES.float(), {}, "labels is a tensor float32 .*int64"),
        (PIXELS, ONES.int(), {}, "labels is a tensor int32 .*int64"),
        (PIXELS, ONES.bool(), {}, "labels is a tensor bool .*int64"),
        (PIXELS, [1, 2], {}, "labels is the list"),
        (PIXELS, ONES[:1], {}, "one label for each"),
        (PIXELS, ONES[:, None], {}, "one label for each"),
        (PIXELS, ONES.to("meta"), {}, "images are on cpu and the labels on meta: move"),
        (PIXELS.to_sparse(), ONES, {}, r"sparse: give images\.to_dense"),
        (
            PIXELS,
            torch.tensor([0, -1]),
            {},
            r"label -1 names no class: .* start at 0\.",
        ),
        (PIXELS, torch.tensor([-5, -1]), {}, "label -5 names no class"),
        (PIXELS, torch.tensor([0, 10]), {"classes": CLASSES}, "label 10 names no"),
        (PIXELS, torch.tensor([0, 10**12]), {}, "label 1000000000000 names no class"),
        (PIXELS, ONES, {"classes": ["cat"]}, r"label 1 .* from 0 .cat. to 0 .cat."),
        (PIXELS, ONES, {"classes": "cats"}, "classes is the text 'cats'"),
        (PIXELS, ONES, {"classes": 10}, "classes is 10"),
        (PIXELS, ONES, {"classes": []}, "classes is the list"),
        (PIXELS, ONES, {"classes": np.array("cats")}, "classes is the text 'cats'"),
        (PIXELS, ONES, {"classes": ["a", "b", "a"]}, "two classes are called 'a'"),
        (PIXELS, ONES, {"source": None}, "source is None: say in words"),
    ],
)
def test_what_is_no_set_of_images_is_one_sentence(images, labels, options, words):
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        ImageSet(images, labels, **options)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (torch.tensor([0, 99]), r"index holds 99: give an int64 .* from 0 to 39, "),
        (torch.tensor([-41]), "index holds -41: give an int64 tensor"),
        (torch.tensor(3), r"index is a tensor int64 of shape \(\): give an int64"),
        (torch.tensor([]).long(), r"index is a tensor int64 of shape \(0,\): give"),
        (torch.tensor([0.0]), "index is a tensor float32 .*: give an int64 tensor"),
        (torch.ones(4).bool(), "index is a tensor bool .*: give an int64 tensor"),
        (torch.ones(4).bool(), r"places from 0 to 39, or a mask \(40,\)\.$"),
        (0, "index is 0: give an int64 tensor"),
        ([], r"index is a tensor int64 of shape \(0,\): give"),
        ([0, "a"], r"index is the list \[0, 'a'\]: give"),
        ([0, 0.5], "index is a tensor float32 .*: give"),
        (slice("a", 2), "index is a slice: give"),
        (slice(50, 60), r"index is a tensor int64 of shape \(0,\): give"),
        (range(39, 41), "index holds 40: give"),
        (np.array(["a"]), "index is a NumPy array .*: give"),
        ((0, 1), r"index is the tuple \(0, 1\): give"),
    ],
)
def test_what_picks_no_images_is_one_sentence(index, words):
    with pytest.raises((TypeError, ValueError), match=words):
        image_set(40).pick(index)


@pytest.mark.parametrize(
    ("index", "places"),
    [
        ([1, 0, -1], [1, 0, 3]),
        ([True, False, False, True], [0, 3]),
        (range(3), [0, 1, 2]),
        (slice(1, None), [1, 2, 3]),
        (slice(None, None, -2), [3, 1]),
        (np.arange(3)[::-1], [2, 1, 0]),
        (np.array([True, False, False, True]), [0, 3]),
        (torch.tensor([0, 1, 1, 0]).nonzero(as_tuple=True), [1, 2]),
        (np.nonzero([0, 1, 1, 0]), [1, 2]),
    ],
)
def test_lists_ranges_slices_and_arrays_pick_too(index, places):
    own = image_set(4)
    assert torch.equal(own.pick(index).images, own.images[places])


def test_small_numbers_pick_and_are_no_mask():
    own = image_set(4)
    assert torch.equal(own.pick(own.labels > 1).labels, own.labels[own.labels > 1])
    part = own.pick(torch.tensor([1, 0, 1, 3], dtype=torch.uint8))
    assert torch.equal(part.images, own.images[[1, 0, 1, 3]])


def test_what_is_prepared_is_divided_once():
    few = Batches(image_set(4), 4)
    ((X, _),) = few
    with pytest.raises(ValueError, match=r"images is a tensor float32 .*give a uint8"):
        few.prepare(X, torch.Generator())


@pytest.mark.parametrize(
    ("X", "size", "words"),
    [
        (torch.rand(1, 1, 4, 4), 0, "size must be at least 1, not 0"),
        (torch.rand(1, 1, 4, 4), 2.5, r"size must be a whole number, not 2\.5"),
        (torch.rand(1, 1, 4, 4), (8, 8), "size must be a whole number, not the tuple"),
        (torch.rand(1, 4, 4), 4, r"X is a tensor float32 of shape \(1, 4, 4\): give"),
        (torch.rand(1, 1, 0, 4), 4, "X is a tensor .*: give .* with sides above 0"),
        (PIXELS, 8, "X is a tensor uint8 .*: give floats"),
        (None, 8, "X is None: give floats"),
    ],
)
def test_what_cannot_be_resized_is_one_sentence(X, size, words):
    with pytest.raises((TypeError, ValueError), match=words):
        resized(X, size)


@pytest.mark.parametrize("count", [2, 10, 100])
def test_own_images_are_never_called_fashion_mnist(count):
    labels = torch.arange(count)
    own = ImageSet(torch.zeros(count, 3, 4, 4, dtype=torch.uint8), labels)
    unnamed = ImageSet(own.images, labels, classes=None)
    assert own.source == "own images"
    assert own.classes == unnamed.classes == tuple(map(str, range(count)))


def test_any_number_of_classes_may_be_without_a_name():
    own = ImageSet(PIXELS, ONES, classes=["", "", "a"])
    assert own.classes == ("", "", "a")


def test_figures_take_names_as_they_are():
    assert names(["a", "b", "a"]) == ["a", "b", "a"]
    with pytest.raises(TypeError, match=r"a NumPy array .*: give a list of names"):
        names(np.array([["a", "b"]]))


def test_names_may_be_those_of_numpy():
    own = ImageSet(PIXELS, ONES, classes=np.unique(["dog", "cat", "dog"]))
    assert own.classes == ("cat", "dog")


def test_names_and_source_go_along_with_a_part():
    own = ImageSet(PIXELS, ONES, "pets", ["cat", "dog"])
    part = own.pick(torch.tensor([1]))
    assert (part.source, part.classes) == ("pets", ("cat", "dog"))
    assert load_fashion_mnist(9, root="offline").val.images.classes == CLASSES


def no_generator(X):
    return X


class Transform(torch.nn.Module):
    """As torchvision has them."""

    def forward(self, X):
        return X


OPTIONS = [
    ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
    ({"batch_size": -1}, "batch_size must be at least 1, not -1"),
    ({"batch_size": "64"}, "batch_size must be a whole number, not the text '64'"),
    ({"batch_size": 64.0}, "batch_size must be a whole number, not 64.0"),
    ({"batch_size": None}, "batch_size must be a whole number, not None"),
    ({"batch_size": True}, "batch_size must be a whole number, not True"),
    ({"resize": 0}, "resize must be at least 1, not 0"),
    ({"resize": "32"}, "resize must be a whole number, not the text"),
    ({"resize": (28, 28)}, "resize must be a whole number, not the tuple"),
    ({"resize": 28.5}, "resize must be a whole number, not 28.5"),
    ({"batch_size": 10**5000}, "batch_size must be at most 2147483647, not a whole"),
    ({"resize": 10**400}, "resize must be at most 16384, not a whole number of"),
    ({"seed": "a"}, "seed must be a whole number, not the text"),
    ({"seed": None}, "seed must be a whole number, not None"),
    ({"seed": 1.5}, "seed must be a whole number, not 1.5"),
    ({"seed": 2**70}, "seed must be at most"),
    ({"augment": [augment.flip]}, "augment is .*list.*: give a function"),
    ({"augment": Transform()}, "augment is a Transform: .*lambda X, generator"),
    ({"augment": Transform}, "augment is the class Transform: give"),
    ({"augment": no_generator}, "augment is the function no_generator: .*lambda"),
    ({"augment": lambda X: X}, "augment is the function .*: .*lambda X, generator"),
    ({"augment": "flip"}, "augment is the text 'flip': give a function"),
    (
        {"augment": functools.partial(augment.crop, pading=3)},
        "augment is a partial with pading=, which the function crop does not have: "
        "give padding=",
    ),
    ({"augment": functools.partial(augment.flip, p=1.0)}, "flip .*: give it no option"),
    ({"augment": functools.partial(augment.flip, 1, 2, 3)}, "augment is a partial: gi"),
]
LOADING = [
    ({"train_size": "1000"}, "train_size must be a whole number, not the text"),
    ({"train_size": 99.5}, "train_size must be a whole number, not 99.5"),
    ({"train_size": -(10**5000)}, "train_size must be .* not a whole number of"),
    ({"device": "meta"}, "this machine has no device 'meta': give 'cpu'"),
    ({"device": "hpu"}, "this machine has no device 'hpu': give 'cpu'"),
    ({"device": "gpu"}, "this machine has no device 'gpu': give 'cpu'"),
    ({"device": "cuda:77"}, "this machine has no device 'cuda:77': give 'cpu'"),
    ({"device": ""}, "this machine has no device '': give 'cpu'"),
    ({"device": 0}, "device is 0: give 'cpu'"),
    ({"root": 5}, "root is 5: give the path of a folder"),
    ({"root": ""}, "root is the text '': give the path of a folder"),
]


@pytest.mark.parametrize(("options", "words"), OPTIONS)
def test_a_slip_in_batches_is_one_sentence(options, words):
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        Batches(image_set(), **({"batch_size": 4} | options))
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(("options", "words"), OPTIONS + LOADING)
def test_a_slip_in_loading_is_one_sentence(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        load_fashion_mnist(**({"batch_size": 4, "root": "offline"} | options))


def test_numbers_of_numpy_become_pythons_own():
    numbers = {"batch_size": np.int64(3), "resize": np.int8(9), "seed": np.uint32(7)}
    own = {name: int(number) for name, number in numbers.items()}
    few = Batches(image_set(4), shuffle=np.True_, **numbers)
    assert json.loads(json.dumps({name: vars(few)[name] for name in own})) == own
    (X, y), _ = few
    (wanted, labels), _ = Batches(image_set(4), shuffle=True, **own)
    assert torch.equal(X, wanted) and torch.equal(y, labels)
    data = load_fashion_mnist(root="offline", train_size=np.int16(20), **numbers)
    assert {type(vars(part)[name]) for part in data for name in own} == {int}
    with pytest.raises(TypeError, match="shuffle must be True or False, not the text"):
        Batches(image_set(4), 3, shuffle="no")


def test_batches_are_made_of_an_image_set():
    with pytest.raises(TypeError, match=r"images is a tensor uint8 .* ImageSet"):
        Batches(PIXELS, 4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X, generator: None, "augment made None of a tensor"),
        (lambda X, generator: X[0], r"augment made a tensor float32 of shape \(1, 28"),
        (lambda X, generator: X[1:], "return a batch of as many images"),
        (lambda X, generator: (X * 255).byte(), "augment made a tensor uint8 .*floats"),
        (lambda X, generator: X > 0.5, "augment made a tensor bool .*floats from 0 to"),
        (lambda X, generator: X.long(), "augment made a tensor int64 .*floats from 0"),
        (lambda X, generator: X + 0j, "augment made a tensor complex64 .*floats"),
    ],
)
def test_what_an_augmentation_returns_is_a_batch(change, words):
    with pytest.raises(ValueError, match=words):
        next(iter(Batches(image_set(), 4, augment=change)))


def test_the_remedy_for_a_transform_of_images_draws_for_each_of_them():
    transform = RandomHorizontalFlip()
    with pytest.raises(TypeError) as caught:
        Batches(image_set(), 4, augment=transform)
    remedy = re.search(r"lambda X, generator: .*\]\)", str(caught.value))
    each = eval(remedy[0], {"torch": torch, "transform": transform})
    (X, _), (Y, _) = (
        next(iter(Batches(image_set(), 32, augment=change))) for change in (None, each)
    )
    flipped = [torch.equal(y, x.flip(-1)) for x, y in zip(X, Y, strict=True)]
    assert 0 < sum(flipped) < 32


@pytest.mark.parametrize("kind", [torch.float16, torch.float64])
def test_an_augmentation_in_another_precision_gives_float32(kind):
    ((X, _),) = Batches(image_set(4), 4, augment=lambda X, generator: X.to(kind))
    assert X.dtype == torch.float32


def test_a_chain_shows_its_steps():
    step = functools.partial(augment.crop, padding=1)
    both = augment.chain(augment.flip, step)
    assert both.steps == (augment.flip, step)
    assert repr(both) == both.__qualname__ == "chain(flip, crop(padding=1))"


@given(
    shape=st.lists(st.integers(0, 4), max_size=5),
    kind=st.sampled_from([torch.uint8, torch.float32, torch.int64, torch.bool]),
    count=st.integers(0, 5),
    label=st.sampled_from([torch.int64, torch.int32, torch.float32]),
    low=st.integers(-3, 12),
    named=st.none() | st.integers(1, 12),
)
@settings(max_examples=150, deadline=None)
def test_an_image_set_is_sound_or_refused(shape, kind, count, label, low, named):
    images, labels = torch.zeros(shape, dtype=kind), torch.arange(count).to(label) + low
    options = {} if named is None else {"classes": (*CLASSES[:named], "x", "y")}
    try:
        made = ImageSet(images, labels, **options)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        X, y = next(iter(Batches(made, 3)))
        assert X.ndim == 4 and X.dtype == torch.float32 and len(X) == len(y) > 0
        assert y.dtype == torch.int64 and 0 <= low <= max(y) < len(made.classes)


def test_classes_are_torchvisions():
    from torchvision.datasets import FashionMNIST

    assert list(CLASSES) == FashionMNIST.classes


def test_train_size_keeps_as_many_of_each_class_and_says_so():
    data = load_fashion_mnist(50, root="offline", train_size=100)
    again = load_fashion_mnist(50, root="offline", train_size=100)
    whole = load_fashion_mnist(50, root="offline")
    assert data.train.images.labels.bincount().tolist() == [10] * 10
    assert "100 of" in data.train.images.source
    assert torch.equal(data.train.images.images, again.train.images.images)
    assert torch.equal(data.test.images.images, whole.test.images.images)


@pytest.mark.parametrize("size", [0, -10, 15, 6005, 55_010])
def test_an_impossible_train_size_is_refused(size):
    """Of the sample too, where a rehearsal is to find what the real data refuse."""
    with pytest.raises(ValueError, match=f"multiple of 10 .* 55,000 .* not {size}"):
        load_fashion_mnist(50, root="offline", train_size=size)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"root": "/nowhere"}, "/nowhere"),
        ({"train_size": 7}, "multiple of 10"),
        ({"train_size": 7.5}, "train_size must be"),
    ],
)
def test_a_failed_load_changes_nothing_that_figures_say(monkeypatch, options, words):
    monkeypatch.setenv("D2LMINI_QUICK", "1")  # draws fewer
    images = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    own = ImageSet(images, torch.zeros(1).long(), classes=("a", "b"))
    mode.admit("offline sample")
    with pytest.raises((DataError, TypeError, ValueError), match=words):
        load_fashion_mnist(50, **({"root": "offline"} | options))
    assert mode.notes()[0] == "offline sample"
    assert names() == list(own.classes)  # and not those of clothes
