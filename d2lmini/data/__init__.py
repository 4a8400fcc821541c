"""Pictures as whole tensors on the device: loaded, checked, made into batches."""

from d2lmini.data.augment import Augment
from d2lmini.data.batches import (
    VALIDATION,
    Batches,
    ImageSet,
    Splits,
    load_fashion_mnist,
    resized,
    split,
)
from d2lmini.data.classes import CLASSES

__all__ = [
    "CLASSES",
    "VALIDATION",
    "Augment",
    "Batches",
    "ImageSet",
    "Splits",
    "load_fashion_mnist",
    "resized",
    "split",
]
