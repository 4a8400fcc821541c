"""Fashion-MNIST as batches that are made on the device."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from d2lmini import mode
from d2lmini.data import files, offline
from d2lmini.device import best_device

#: The ten classes, in the order of their labels 0–9 (Xiao et al., 2017).
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

Augment = Callable[[Tensor, torch.Generator], Tensor]

VALIDATION = 5_000  # images that leave the 60 000 of the training files
SPLIT_SEED = 2017  # fixes which: never the seed of a run


@dataclass(frozen=True)
class ImageSet:
    """Images and labels as whole tensors on one device.

    ``images``: uint8 (N, 1, height, width); ``labels``: int64 (N,), each
    in 0–9; ``source`` says where they come from.  Raises ValueError for
    tensors that are anything else.
    """

    images: Tensor
    labels: Tensor
    source: str = "Fashion-MNIST"

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != torch.uint8:
            raise ValueError(
                "images must be a uint8 tensor (N, channels, height, width), not "
                f"{self.images.dtype} {tuple(self.images.shape)}."
            )
        if len(self.images) == 0 or self.labels.shape != (len(self.images),):
            raise ValueError(
                f"{len(self.images)} images and labels of shape "
                f"{tuple(self.labels.shape)}: give at least one image, and one "
                "label for each."
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(CLASSES):
            raise ValueError(
                f"the label {low if low < 0 else high} names no class: labels run "
                f"from 0 ({CLASSES[0]}) to {len(CLASSES) - 1} ({CLASSES[-1]})."
            )

    def __len__(self) -> int:
        return len(self.images)

    def pick(self, index: Tensor) -> "ImageSet":
        """The images and labels at ``index`` (int64), as a new set."""
        return ImageSet(self.images[index], self.labels[index], self.source)


class Batches:
    """An :class:`ImageSet`, a batch at a time, as often as it is iterated.

    Yields ``X`` float32 (batch_size, 1, resize, resize) in [0, 1] and ``y``
    int64 (batch_size,); the last batch may be smaller.  With ``shuffle``,
    each pass has its own order, a function of ``seed`` and ``epoch`` (the
    number of passes so far) alone: the same on every device.  ``augment``
    changes a batch before it is resized; ``resize=None`` keeps the size.
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
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
        if resize is not None and resize < 1:
            raise ValueError(f"resize must be at least 1 pixel, or None, not {resize}.")
        self.images = images
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.resize = resize
        self.augment = augment
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # Drawn on the CPU, where every machine draws the same numbers.
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        self.epoch += 1
        images, labels = self.images.images, self.images.labels
        order = None
        if self.shuffle:
            order = torch.randperm(len(images), generator=generator)
            order = order.to(images.device)
        for start in range(0, len(images), self.batch_size):
            rows: slice | Tensor = slice(start, start + self.batch_size)
            if order is not None:
                rows = order[rows]
            yield self.prepare(images[rows], generator), labels[rows]

    def prepare(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (N, 1, height, width) → float32 (N, 1, resize, resize)."""
        X = images / 255  # float32, in one pass
        if self.augment is not None:
            X = self.augment(X, generator)
        # float first: whole numbers would round; antialias as torchvision does
        return X if self.resize is None else resized(X, self.resize)


def resized(X: Tensor, size: int) -> Tensor:
    """(N, C, h, w) → (N, C, size, size), bilinear with antialiasing."""
    if X.shape[-2:] == (size, size):
        return X
    if X.device.type == "mps":  # not every PyTorch has the antialiasing there
        return resized(X.cpu(), size).to(X.device)
    return F.interpolate(
        X, (size, size), mode="bilinear", antialias=True, align_corners=False
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
    device: torch.device | None = None,
    seed: int = 0,
) -> Splits:
    """Fashion-MNIST in 55 000 / 5 000 / 10 000 images, on the device.

    ``root`` is a folder that holds ``FashionMNIST/raw`` or ``"offline"`` for
    the drawn sample; None means ``D2LMINI_DATA`` if that is set, else the
    user's cache, which is filled by a download when it is empty.  Every file
    is checked before use.  The 5 000 validation images are 500 of each
    class and always the same ones; ``seed`` orders the training batches.
    ``device=None`` is the best there is.  ``augment`` applies to the training
    images only.  ``train_size`` keeps that many training images, the same
    number of each class and always the same ones, and the source says so
    (the drawn sample may have fewer).  Quick mode keeps a few batches of each
    part, those of training and validation with at most 32 images.
    Raises :class:`d2lmini.data.files.DataError`, and ValueError for a size that
    cannot be.
    """
    device = device or best_device()
    mode.withdraw()
    parts = _offline_parts() if files.is_offline(root) else _real_parts(root)
    if train_size is not None:
        if files.is_offline(root):  # smaller, and admitted below
            train_size = min(train_size, len(parts[0]))
        parts[0] = _subset(parts[0], train_size)
    if parts[1].source != "Fashion-MNIST":
        mode.admit(parts[1].source)
    sets = [_on(device, part) for part in parts]
    batch_sizes = [batch_size] * 3
    if mode.quick():
        batch_sizes = [min(batch_size, n or batch_size) for n in mode.QUICK_BATCH_SIZES]
        kept = [n * m for n, m in zip(mode.QUICK_BATCHES, batch_sizes, strict=True)]
        sets = [
            part.pick(torch.arange(min(len(part), n), device=device))
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

    ``labels`` (N,) int64; both results are ascending, disjoint, and the same
    on every machine.
    """
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    order = torch.randperm(len(labels), generator=generator)
    share = held_out // len(CLASSES)
    taken = [order[labels[order] == c][:share] for c in range(len(CLASSES))]
    out = torch.zeros(len(labels), dtype=torch.bool)
    out[torch.cat(taken)] = True
    return torch.nonzero(~out).flatten(), torch.nonzero(out).flatten()


def _subset(part: ImageSet, size: int) -> ImageSet:
    """``size`` images of ``part``, the same number of each class."""
    if size % len(CLASSES) or not 0 < size <= len(part):
        raise ValueError(
            f"train_size must be a multiple of {len(CLASSES)} of at most "
            f"{len(part):,} images, or None for all of them, not {size}."
        )
    _, chosen = split(part.labels, size)
    source = f"{part.source}, {size:,} of {len(part):,} training images"
    return ImageSet(part.images[chosen], part.labels[chosen], source)


def _real_parts(root: str | Path | None) -> list[ImageSet]:
    images, labels, test_images, test_labels = files.load(root)
    kept, held_out = split(labels, VALIDATION)
    whole = ImageSet(images, labels)
    return [whole.pick(kept), whole.pick(held_out), ImageSet(test_images, test_labels)]


def _offline_parts() -> list[ImageSet]:
    sizes = (2_000, 500, 1_000) if mode.quick() else (6_000, 1_000, 2_000)
    return [
        ImageSet(*offline.draw(size, seed=part), source=offline.SOURCE)
        for part, size in enumerate(sizes)
    ]


def _on(device: torch.device, part: ImageSet) -> ImageSet:
    return ImageSet(part.images.to(device), part.labels.to(device), part.source)
