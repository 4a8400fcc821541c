"""Fashion-MNIST as batches that are made on the device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from d2lmini import mode
from d2lmini.arguments import classes as class_numbers
from d2lmini.arguments import found, function, instance, truth, unwrapped, whole
from d2lmini.data import files
from d2lmini.data.augment import Augment, check_options
from d2lmini.data.classes import CLASSES, meet, name, names, unnamed
from d2lmini.device import best_device

VALIDATION = 5_000  # images that leave the 60 000 of the training files
TRAINING = 60_000 - VALIDATION
SPLIT_SEED = 2017  # fixes which: never the seed of a run
LAST_SEED = 2**32 - 1  # as NumPy has it
MOST_CLASSES = 100_000  # beyond, a label is a mistake
LARGEST = 2**14  # pixels a side: one such picture takes a gigabyte
LARGEST_BATCH = 2**31 - 1


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and labels as whole tensors on one device.

    ``images``: uint8 (N, channels, height, width); ``labels``: int64 (N,), each the
    number of one of ``classes``, whose names differ unless they are empty, and are the
    labels themselves ("0", "1", …) where none or None are given; ``source`` says where
    the images come from.  The tensors are kept, not copied, and from now on figures
    know the classes.  Raises TypeError or ValueError for anything else.
    """

    images: Tensor
    labels: Tensor
    source: str = "own images"
    classes: Sequence[str] = ()

    def __post_init__(self) -> None:
        _check_images(self.images)
        _check_labels(self.labels, self.images)
        instance("source", self.source, str, "say in words where the images come from")
        low, high = (int(end) for end in self.labels.aminmax())
        classes = self.classes
        if classes is None or (isinstance(classes, tuple) and not classes):
            last = max(0, min(high, MOST_CLASSES))
            classes = unnamed(last + 1)
        classes = tuple(names(classes))
        _check_names(classes)
        for label in (low, high):
            name(label, classes)
        object.__setattr__(self, "classes", classes)
        meet(classes)

    def __len__(self) -> int:
        return len(self.images)

    def pick(
        self, index: Tensor | np.ndarray[Any, Any] | Sequence[int] | slice
    ) -> "ImageSet":
        """The images and labels at ``index``, places (M,) or a mask (N,), as a new set.

        Either may be a tensor, an array or a list; places a range or a slice as well.
        Raises TypeError or ValueError for what names no image, or one that is not here.
        """
        index = _as_tensor(index, len(self))
        if isinstance(index, Tensor) and index.dtype == torch.bool:
            index = index.nonzero().flatten() if index.shape == (len(self),) else index
        last = len(self) - 1
        remedy = (
            f"give an int64 tensor (M,), places from 0 to {last:,}, or a mask "
            f"({len(self)},)"
        )
        chosen = class_numbers("index", index, remedy)
        if chosen.ndim != 1 or not len(chosen):
            raise ValueError(f"index is {found(index)}: {remedy}.")
        for place in (int(end) for end in chosen.aminmax()):
            if not -len(self) <= place <= last:
                raise ValueError(f"index holds {place}: {remedy}.")
        chosen = chosen.to(self.labels.device)
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])


def _as_tensor(index: Any, count: int) -> Any:
    """``index`` as a tensor; what cannot be one, and other kinds, as they are."""
    try:
        if isinstance(index, slice):
            index = range(count)[index]
        if isinstance(index, tuple) and len(index) == 1:
            (index,) = index  # as nonzero puts places into one
        if isinstance(index, np.ndarray):
            index = torch.from_numpy(index.copy())  # which may run backwards
        elif isinstance(index, (list, range)):
            kind = None if len(index) else torch.int64
            index = torch.tensor(index, dtype=kind, device="cpu")
    except (TypeError, ValueError, RuntimeError):
        pass
    return index


def _check_images(images: Tensor) -> None:
    remedy = "give a uint8 tensor (N, channels, height, width), with sides above 0"
    instance("images", images, Tensor, remedy)
    if images.ndim != 4 or images.dtype != torch.uint8 or 0 in images.shape[1:]:
        raise ValueError(f"images is {found(images)}: {remedy}.")
    if images.is_meta:
        raise ValueError(f"images is {found(images)}: give pixels, on a real device.")
    if images.layout != torch.strided:
        raise ValueError(f"images is {found(images)}, sparse: give images.to_dense().")


def _check_names(classes: tuple[str, ...]) -> None:
    """ValueError for a name that two classes share; any number may have none."""
    named = [name for name in classes if name]
    if len(set(named)) < len(named):  # figures could not tell them apart
        twice = next(name for name in named if named.count(name) > 1)
        raise ValueError(f"two classes are called {twice!r}: name each differently.")


def _check_labels(labels: Tensor, images: Tensor) -> None:
    remedy = "give an int64 tensor (N,), a number from 0 for each image"
    instance("labels", labels, Tensor, remedy)
    if labels.dtype != torch.int64:
        raise ValueError(f"labels is {found(labels)}: {remedy}.")
    if len(images) == 0 or labels.shape != (len(images),):
        raise ValueError(
            f"{len(images)} images and labels of shape {tuple(labels.shape)}: give at "
            "least one image, and one label for each."
        )
    if labels.device != images.device:
        raise ValueError(
            f"the images are on {images.device} and the labels on {labels.device}: "
            "move them to one device."
        )


class Batches:
    """An :class:`ImageSet`, a batch at a time, as often as it is iterated.

    Yields ``X`` float32 (batch_size, channels, resize, resize) and ``y``
    int64 (batch_size,); the last batch may be smaller.  With ``shuffle``,
    each pass has its own order, a function of ``seed`` and ``epoch`` (the
    number of passes so far) alone: the same on every device.  ``X`` lies in [0, 1],
    and ``resize=None`` keeps the size, unless ``augment``, which changes a batch
    before it is resized, makes others.
    The images stay as they are, and so do the process's random states, as long as
    ``augment`` draws from the generator that it is given.
    """

    def __init__(
        self,
        images: ImageSet,
        batch_size: int,
        *,
        shuffle: bool = False,
        resize: int | None = None,
        augment: Augment | None = None,
        seed: int = 0,
    ) -> None:
        instance("images", images, ImageSet, "give an ImageSet(images, labels)")
        self.images = images
        self.batch_size, self.resize, self.seed = _options(batch_size, resize, seed)
        self.shuffle = truth("shuffle", shuffle)
        self.augment = _augmentation(augment)
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # Drawn on the CPU, where every machine draws the same numbers.
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        self.epoch += 1
        images, labels = self.images.images, self.images.labels
        order = torch.arange(len(images), device="cpu")
        if self.shuffle:
            order = torch.randperm(len(images), generator=generator, device="cpu")
        order = order.to(images.device)
        for start in range(0, len(images), self.batch_size):
            rows = order[start : start + self.batch_size]
            yield self.prepare(images[rows], generator), labels[rows]

    def prepare(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (N, C, height, width) → float32 (N, C, resize, resize).

        Raises TypeError or ValueError for other images: floats would be divided again.
        """
        _check_images(images)
        if torch.get_default_dtype() != torch.float32:
            images = images.float()
        X = images / 255  # float32, in one pass
        if self.augment is not None:
            X = _augmented(self.augment, X, generator)
        # float first: whole numbers would round; antialias as torchvision does
        return X if self.resize is None else resized(X, self.resize)


def _options(
    batch_size: int, resize: int | None, seed: int
) -> tuple[int, int | None, int]:
    """The numbers as Python's own, since a history stores them as JSON."""
    batch_size = whole("batch_size", batch_size, most=LARGEST_BATCH)
    if resize is not None:
        resize = whole("resize", resize, most=LARGEST)
    return batch_size, resize, whole("seed", seed, least=0, most=LAST_SEED)


def _augmentation(augment: Augment | None) -> Augment | None:
    """``augment``, which takes (X, generator), or None; else one error."""
    if augment is None:
        return None
    remedy = (
        "give a function of (X, generator) such as augment.flip; one of X alone, as "
        "torchvision has them, becomes lambda X, generator: torch.stack([transform(x) "
        "for x in X]), and draws for each image from PyTorch's own random state"
    )
    function("augment", augment, remedy, takes=2)
    check_options(augment)
    return augment


def _augmented(augment: Augment, X: Tensor, generator: torch.Generator) -> Tensor:
    Y: object = augment(X, generator)
    if not (
        isinstance(Y, Tensor)
        and Y.ndim == 4
        and len(Y) == len(X)
        and Y.is_floating_point()  # uint8 would be 255 times as bright
    ):
        raise ValueError(
            f"augment made {found(Y)} of {found(X)}: return a batch of as many images, "
            "floats from 0 to 1."
        )
    return Y.to(X.dtype)


def resized(X: Tensor, size: int) -> Tensor:
    """Floats (N, C, h, w) → (N, C, size, size), bilinear with antialiasing.

    Where nothing is made smaller there is nothing to smooth, and the plain way computes
    the same faster; ``X`` itself is given back where it has that size.  Raises
    TypeError or ValueError for what are no such pictures, or no such size.
    """
    size = whole("size", unwrapped(size), most=LARGEST)
    remedy = "give floats (N, channels, height, width), with sides above 0"
    instance("X", X, Tensor, remedy)
    if X.ndim != 4 or not X.is_floating_point() or 0 in X.shape[1:]:
        raise ValueError(f"X is {found(X)}: {remedy}.")
    if X.shape[-2:] == (size, size):
        return X
    if X.device.type == "mps":  # not every PyTorch has the antialiasing there
        return resized(X.cpu(), size).to(X.device)
    return F.interpolate(
        X,
        (size, size),
        mode="bilinear",
        antialias=size < max(X.shape[-2:]),
        align_corners=False,
    )


class Splits(NamedTuple):
    """The three parts of a data set; no image is in two of them."""

    train: Batches
    val: Batches
    test: Batches


def load_fashion_mnist(
    batch_size: int,
    *,
    resize: int | None = None,
    augment: Augment | None = None,
    train_size: int | None = None,
    root: str | Path | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> Splits:
    """Fashion-MNIST in 55 000 / 5 000 / 10 000 images, on the device.

    The drawn sample has 6 000 / 1 000 / 2 000, and in quick mode fewer.

    ``root`` is a folder that holds ``FashionMNIST/raw`` or ``"offline"`` for
    the drawn sample; None means ``D2LMINI_DATA`` if that is set, else the
    user's cache, which is filled by a download when it is empty.  Every file
    is checked before use.  The validation images are equally many of
    each class and always the same ones; ``seed`` orders the training batches.
    ``device=None`` is the best there is.  ``augment`` applies to the training
    images only.  ``train_size`` keeps that many training images, the same
    number of each class and always the same ones, and the source says so (all of
    the drawn sample where that has fewer).  Quick mode keeps a few batches of each
    part, those of training and validation with at most 8 images.
    Later figures say whether the sample was drawn; random states stay as they are.
    Raises :class:`d2lmini.data.files.DataError`, and TypeError or ValueError for
    an impossible argument.
    """
    batch_size, resize, seed = _options(batch_size, resize, seed)
    augment = _augmentation(augment)
    if root is not None:
        folder = "give the path of a folder, or 'offline', or None"
        instance("root", root, (str, Path), folder)
        if root == "":
            raise ValueError(f"root is {found(root)}: {folder}.")
    chosen = _present(device)
    if train_size is not None:
        train_size = whole("train_size", train_size, least=None)
    drawn = files.is_offline(root)
    parts = _offline_parts() if drawn else _real_parts(root)
    if train_size is not None:
        parts[0] = _subset(parts[0], train_size, TRAINING if drawn else None)
    parts = [part.on(chosen) for part in parts]
    # From here on nothing fails: a failed load changes nothing that figures say.
    sets = [ImageSet(*part, CLASSES) for part in parts]
    mode.withdraw()
    if drawn:
        mode.admit(sets[1].source)
    batch_sizes = [batch_size] * 3
    if mode.quick():
        enlarged = resize is not None and resize > parts[0].images.shape[-1]
        most = mode.QUICK_ENLARGED if enlarged else mode.QUICK_BATCH_SIZES
        batch_sizes = [min(batch_size, n) for n in most]
        kept = [n * m for n, m in zip(mode.QUICK_BATCHES, batch_sizes, strict=True)]
        sets = [
            part.pick(torch.arange(min(len(part), n), device=chosen))
            for part, n in zip(sets, kept, strict=True)
        ]
    train, val, test = (
        Batches(part, size, resize=resize, seed=seed)
        for part, size in zip(sets, batch_sizes, strict=True)
    )
    train.shuffle, train.augment = True, augment
    return Splits(train, val, test)


def split(labels: Tensor, held_out: int) -> tuple[Tensor, Tensor]:
    """Positions (kept, held out): the same number of each class held out.

    ``labels`` (N,) int64; both results are ascending, disjoint, on the CPU, and the
    same on every machine.  Raises TypeError or ValueError where the classes that occur
    cannot give ``held_out`` images, the same number of each.
    """
    held_out = whole("held_out", held_out, least=0)
    remedy = "give an int64 tensor (N,), the class of each image"
    known = class_numbers("labels", labels, remedy)
    if known.ndim != 1 or len(known) == 0:
        raise ValueError(f"labels is {found(labels)}: {remedy}.")
    present, counts = torch.unique(known, return_counts=True)
    share, rest = divmod(held_out, len(present))
    most = len(present) * int(counts.min())
    if rest or held_out > most:
        raise ValueError(
            f"held_out must be a multiple of {len(present)}, as many as there are "
            f"classes, and at most {most:,}, since the smallest class has "
            f"{int(counts.min()):,} images, not {found(held_out)}."
        )
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    order = torch.randperm(len(known), generator=generator, device="cpu")
    taken = [order[known[order] == c][:share] for c in present]
    out = torch.zeros(len(known), dtype=torch.bool, device="cpu")
    out[torch.cat(taken)] = True
    return torch.nonzero(~out).flatten(), torch.nonzero(out).flatten()


class _Part(NamedTuple):
    """What becomes an :class:`ImageSet`, of which figures do not know yet."""

    images: Tensor
    labels: Tensor
    source: str

    def on(self, device: torch.device) -> "_Part":
        return _Part(self.images.to(device), self.labels.to(device), self.source)


def _subset(part: _Part, size: int, most: int | None) -> _Part:
    """``size`` images of ``part``, the same number of each class.

    ``most`` may be asked for; where ``part`` is a sample and has fewer, all are given.
    """
    images, labels, source = part
    most = most or len(labels)
    if size % len(CLASSES) or not 0 < size <= most:
        raise ValueError(
            f"train_size must be a multiple of {len(CLASSES)} of at most "
            f"{most:,} images, or None for all of them, not {found(size)}."
        )
    size = min(size, len(labels))
    _, chosen = split(labels, size)
    source = f"{source}, {size:,} of {len(labels):,} training images"
    return _Part(images[chosen], labels[chosen], source)


def _real_parts(root: str | Path | None) -> list[_Part]:
    images, labels, test_images, test_labels = files.load(root)
    kept, held_out = split(labels, VALIDATION)
    real = "Fashion-MNIST"
    return [
        _Part(images[kept], labels[kept], real),
        _Part(images[held_out], labels[held_out], real),
        _Part(test_images, test_labels, real),
    ]


def _offline_parts() -> list[_Part]:
    from d2lmini.data import offline  # draws with Pillow

    sizes = (2_000, 500, 1_000) if mode.quick() else (6_000, 1_000, 2_000)
    drawn = [offline.draw(size, seed=part) for part, size in enumerate(sizes)]
    return [
        _Part(images.clone(), labels.clone(), offline.SOURCE)
        for images, labels in drawn  # which the next call is given again
    ]


def _present(device: torch.device | str | None) -> torch.device:
    """``device``, which this machine has; None is the best."""
    if device is None:
        return best_device()
    remedy = "give 'cpu', 'cuda' or 'mps', or None for the best there is"
    instance("device", device, (str, torch.device), remedy)
    try:
        one = torch.ones(1, dtype=torch.uint8, device=device)
        one.item()  # which meta, where nothing is computed, does not have
        return one.device
    except (RuntimeError, AssertionError, ImportError):  # an unknown name; no such chip
        name = repr(str(device))
        raise ValueError(f"this machine has no device {name}: {remedy}.") from None
