"""What a training run was made of: in words, and by its content."""

import functools
import weakref
from typing import Any

import torch
from torch import Tensor, nn

from d2lmini import mode
from d2lmini.arguments import dtype_name
from d2lmini.data import Batches, Splits
from d2lmini.nets.borrowed import modes_kept
from d2lmini.training.fingerprint import (
    Unfollowable,
    fingerprint,
    fingerprints,
    names_of,
)

Recipe = dict[str, Any]

#: Entries of a recipe that are names: their content decides, and has a fingerprint.
_NAMES = {"net", "layers", "parameters", "augment", "optimizer", "schedule", "loss"}

#: How a run is kept in no file.
FILELESS = "leave out resume=, and name= where D2LMINI_RUNS is set"

_Pair = tuple[str, str]  # the content of a net, and of what is stepped beside it

#: Nets as a training of this process left them: their content now, and at its start.
_left: weakref.WeakKeyDictionary[nn.Module, tuple[_Pair, _Pair]] = (
    weakref.WeakKeyDictionary()
)


def recipe(
    net: nn.Module,
    batches: Batches,
    precision: torch.dtype,
    numbers: dict[str, Any],
    functions: dict[str, Any],
) -> Recipe:
    """What a run was asked to do, as plain values for those who read its history.

    ``numbers`` are epochs, lr and average, ``functions`` optimizer, schedule and loss.
    """
    resize = batches.resize or batches.images.images.shape[-1]
    values = {
        "net": type(net).__name__,
        "parameters": sum(p.numel() for p in net.parameters()),
        "data": batches.images.source,
        "examples": len(batches.images),
        "batch_size": batches.batch_size,
        "resize": resize,
        "augment": name_of(batches.augment) if batches.augment else "none",
        "data_seed": batches.seed,
        "epochs": numbers["epochs"],
        "lr": numbers["lr"],
        **{name: name_of(function) for name, function in functions.items()},
        "precision": dtype_name(precision),
        "quick": mode.quick(),
    }
    # Named only where there is one: recipes written without it stay what they were.
    average = numbers["average"]
    return values if average is None else {**values, "average": average}


def name_of(function: Any) -> str:
    """What a reader would call a function: ``"Adam(eps=0.1)"``.

    Two functions may share a name; their fingerprints tell them apart.
    """
    if isinstance(function, functools.partial):
        given = [repr(value) for value in function.args]
        given += [f"{k}={v!r}" for k, v in sorted(function.keywords.items())]
        return f"{name_of(function.func)}({', '.join(given)})"
    name = str(getattr(function, "__qualname__", type(function).__name__))
    if not name.endswith("<lambda>"):
        return name
    try:
        return f"lambda:{fingerprint(function)[:8]}"
    except Unfollowable:
        return "lambda"


def content(
    net: nn.Module, data: Splits, watch: Tensor | None, **functions: Any
) -> dict[str, str]:
    """The fingerprints of all that decides how a run ends.

    Of the net with its weights as they are, the data and the order they come in, the
    images that are watched, the seed, and ``functions``, by their names.  A net that
    a training of this process has left counts as it was when that began: it is
    handed in again to go on.  Raises ValueError for what cannot be followed.
    """
    parts = {name: sequence(part) for name, part in data._asdict().items()}
    frozen = [name for name, layer in net.named_modules() if not layer.training]
    values = {
        "frozen": frozen if net.training else [],
        "watch": watch,
        "seed": torch.initial_seed(),
    }
    try:
        found = fingerprints({**parts, **values}) | fingerprints(
            functions, known(net, data)
        )
        found["net"] = _at_start(net)
    except Unfollowable as error:
        raise ValueError(
            f"this run cannot be recognised again: {error}; {FILELESS}, or give "
            "functions and objects whose content can be compared."
        ) from error
    return found


def known(net: nn.Module, data: Splits) -> dict[int, str]:
    """What stands for itself where a function holds it: the net and the data."""
    sets = {id(batches): f"data.{name}" for name, batches in data._asdict().items()}
    return {**names_of(net), **sets, id(data): "data"}


def beside(
    net: nn.Module, data: Splits, others: list[Tensor], functions: dict[str, Any]
) -> dict[str, str]:
    """What changes of :func:`content` where ``others`` are stepped beside the net's.

    The functions that hold these weights count without them, and they by themselves.
    """
    names = {id(weight): f"others.{i}" for i, weight in enumerate(others)}
    found = fingerprints(functions, {**known(net, data), **names})
    return {**found, "others": _others_at_start(net, others)}


def leave(net: nn.Module, at_start: dict[str, str], others: list[Tensor]) -> None:
    """Remember that a training which began with ``at_start`` left ``net`` as it is,
    and the weights ``others`` that it stepped beside it."""
    start = at_start["net"], at_start.get("others", "")
    _left[net] = (_fingerprint(net), fingerprint(others)), start


def difference(
    stored: Recipe, wanted: Recipe, before: dict[str, str], now: dict[str, str]
) -> str | None:
    """The first thing that differs, in words; None when nothing does.

    ``before`` and ``now`` are what :func:`content` gave.
    """
    for key in {**stored, **wanted}:
        if key not in _NAMES and stored.get(key) != wanted.get(key):
            return f"{key} is {stored.get(key)} there and {wanted.get(key)} here"
    for key in {**before, **now}:
        if before.get(key) != now.get(key):
            there, here = stored.get(key), wanted.get(key)
            if there != here:
                return f"{key} is {there} there and {here} here"
            if key == "net" and stored["parameters"] != wanted["parameters"]:
                return (
                    f"the net has {stored['parameters']:,} parameters there and "
                    f"{wanted['parameters']:,} here"
                )
            return _DIFFER.get(key, f"{key} is called {here} in both and differs")
    return None


_DIFFER = {
    "net": "the net starts from other weights, or computes something else",
    "train": "the training images, their labels or their order differ",
    "val": "the validation images, their labels or their order differ",
    "test": "the test images, their labels or their order differ",
    "frozen": "other layers are in evaluation mode",
    "watch": "other images are watched",
    "seed": "the random seed differs",
    "others": "the weights beside the net's, such as those of the loss, differ",
}


def sequence(batches: Batches) -> tuple[Any, ...]:
    """What decides which numbers come in which order."""
    kind = type(batches) if type(batches) is not Batches else None
    images = batches.images
    passing = ("epoch", "images", "batch_size", "seed")  # or in the recipe
    options = {k: v for k, v in vars(batches).items() if k not in passing}
    return kind, images.images, images.labels, options


def _at_start(net: nn.Module) -> str:
    now = _fingerprint(net)
    (left, _), (start, _) = _left.get(net, (("", ""), ("", "")))
    return start if left == now else now


def _others_at_start(net: nn.Module, others: list[Tensor]) -> str:
    now = fingerprint(others)
    (_, left), (_, start) = _left.get(net, (("", ""), ("", "")))
    return start if left == now else now


def _fingerprint(net: nn.Module) -> str:
    """That of the net in training mode, in which it will be."""
    with modes_kept(net):
        return fingerprint(net.train())
