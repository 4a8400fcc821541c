"""What the labels of a session's data are called."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from d2lmini.arguments import found

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

#: The classes of every data set that this session has made: a figure is often given
#: labels alone, and must not call somebody's own pictures clothes.
_met: dict[tuple[str, ...], None] = {}


def meet(classes: tuple[str, ...]) -> None:
    """From now on figures know that labels may mean ``classes``."""
    _met[classes] = None


def names(classes: Sequence[str] | None = None, count: int | None = None) -> list[str]:
    """``classes``, or what the session's data call theirs; ``count`` is how many.

    Before there are data, those of Fashion-MNIST.  Where no data have ``count``
    classes, or some that nobody has named, the labels themselves: "0", "1", …, which
    are right for all.  Raises ValueError where two data sets differ, and where
    ``classes`` are not ``count``.
    """
    if classes is not None:
        return _given(classes, count)
    fit = [each for each in _met or [CLASSES] if count in (None, len(each))]
    if any(list(each) == unnamed(len(each)) for each in fit):
        return unnamed(max(map(len, fit)))
    known = [each for each in fit if not _goes_on(each, fit)]
    if len(known) > 1:
        choice = " or ".join(f"{', '.join(each[:3])}, …" for each in known)
        raise ValueError(
            f"labels of this session may mean {choice}: say which with classes=, such "
            "as classes=data.train.images.classes."
        )
    return list(known[0]) if known else unnamed(count or 0)


def unnamed(count: int) -> list[str]:
    """What classes are called that nobody has named: their labels."""
    return [str(label) for label in range(count)]


def _goes_on(some: tuple[str, ...], sets: Sequence[tuple[str, ...]]) -> bool:
    """Whether ``some`` are only the first of another set's classes."""
    return any(some == more[: len(some)] for more in sets if len(more) > len(some))


def _given(classes: Sequence[str], count: int | None) -> list[str]:
    if isinstance(classes, np.ndarray) and classes.ndim < 2:  # as np.unique gives
        classes = classes.tolist()
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not classes:
        raise TypeError(f"classes is {found(classes)}: give a list of names.")
    if count not in (None, len(classes)):
        raise ValueError(f"there are {len(classes)} classes for {count}: name each.")
    return [str(name) for name in classes]


def name(label: int | Tensor, classes: Sequence[str]) -> str:
    """The word for a label; ValueError for one that names no class."""
    number: Any = label
    if isinstance(label, (Tensor, np.ndarray)) and not getattr(label, "is_meta", False):
        number = label.tolist()
    if isinstance(number, (bool, Tensor)) or not hasattr(number, "__index__"):
        raise TypeError(f"label is {found(label)}: give the number of a class.")
    if not 0 <= number < len(classes):
        first, last = (
            f"{end} ({classes[end]})" if classes[end] != str(end) else str(end)
            for end in (0, len(classes) - 1)
        )
        there = f"start at {first}" if number < 0 else f"run from {first} to {last}"
        raise ValueError(f"the label {number} names no class: labels {there}.")
    return classes[int(number)]
