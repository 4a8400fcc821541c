"""Small data of known structure, and a small network, that several tests train."""

import numpy as np
import torch
from torch import nn

from d2lmini import train
from d2lmini.data import CLASSES, Batches, ImageSet, Splits
from d2lmini.training.history import History
from d2lmini.training.report import Silent

FP32 = torch.float32


def image_set(count: int = 40, size: int = 28, seed: int = 0) -> ImageSet:
    """Images whose class is the row that is brightest: easy to learn."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 10
    images = torch.randint(0, 80, (count, 1, size, size), generator=random)
    for image, label in zip(images, labels, strict=True):
        start = int(label) * size // 10
        image[0, start : start + 3] += 150
    return ImageSet(images.to(torch.uint8), labels, classes=CLASSES)


def splits(count: int = 40, batch_size: int = 8, **options) -> Splits:
    return Splits(
        Batches(image_set(count), batch_size, shuffle=True, **options),
        Batches(image_set(20, seed=1), batch_size),
        Batches(image_set(20, seed=2), batch_size),
    )


def idx_file(array: np.ndarray) -> bytes:
    """``array`` (uint8) in the IDX format of the MNIST files."""
    head = bytes([0, 0, 8, array.ndim])
    return head + np.array(array.shape, dtype=">i4").tobytes() + array.tobytes()


def small_net() -> nn.Sequential:
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=2),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(4 * 12 * 12, 10),
    )


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def quietly(net, data, **options) -> History:
    chosen = {"epochs": 2, "lr": 0.01, "precision": FP32, "report": Silent()}
    return train(net, data, **(chosen | options))


def weights(net: nn.Module) -> torch.Tensor:
    return torch.cat([v.flatten().double() for v in net.state_dict().values()])
