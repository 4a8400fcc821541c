"""Arguments of the public functions, checked in one place: what, found, remedy.

A wrong type raises TypeError and a wrong value ValueError, each with one sentence.
"""

import functools
import inspect
import math
import numbers
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


def found(value: Any) -> str:
    """What somebody has given, in a few words for an error."""
    if value is None:
        return "None"
    if is_lazy(value):
        return "a tensor that has no size yet"
    if isinstance(value, Tensor):
        sparse = "" if value.layout is torch.strided else "sparse "
        kind = "meta tensor" if value.is_meta else f"{sparse}tensor"
        return f"a {kind} {dtype_name(value.dtype)} of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array {value.dtype} of shape {value.shape}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, str):
        return f"the text {_short(value)}"
    if isinstance(value, int) and value.bit_length() > 128:  # no line holds it
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, (bool, int, float, complex)):
        return f"{value!r}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"the function {value.__qualname__}"
    kind = type(value).__name__
    spelt = kind[:3].isupper()  # letter by letter: an SGD, a ReLU
    article = "an" if kind[0] in ("AEFHILMNORSX" if spelt else "AEIOUaeiou") else "a"
    if type(value) in (tuple, list) and len(value) < 5:
        if any(isinstance(one, (Tensor, np.ndarray)) for one in value):
            return f"the {kind} of {' and '.join(map(found, value))}"
        return f"the {kind} {_short(value)}"
    return f"{article} {kind}"


def dtype_name(dtype: torch.dtype) -> str:
    """``dtype`` as a reader would call it: ``"bfloat16"``."""
    return str(dtype).removeprefix("torch.")


def first_line(error: BaseException) -> str:
    """What ``error`` says first, to stand in a sentence; else the name of its class."""
    line = next(iter(str(error).strip().splitlines()), "").rstrip(" .:")
    return line[:200] or type(error).__name__


def whole(
    name: str, value: Any, *, least: int | None = 1, most: int | None = None
) -> int:
    """``value`` as an int from ``least`` to ``most``; no bool, no rounding."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {found(value)}.")
    number = int(value)
    if least is not None and number < least:
        raise ValueError(f"{name} must be at least {least}, not {found(number)}.")
    if most is not None and number > most:
        raise ValueError(f"{name} must be at most {most}, not {found(number)}.")
    return number


def unwrapped(value: Any) -> Any:
    """What a tensor without dimensions holds, such as a mean; others as they are."""
    lone = isinstance(value, Tensor) and not value.ndim and not value.is_meta
    return value.item() if lone else value


def truth(name: str, value: Any) -> bool:
    """``value`` as a bool, Python's or NumPy's; nothing else is taken for one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, not {found(value)}.")
    return bool(value)


def real(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    below: float | None = None,
    example: str = "",
) -> float:
    """``value`` as a finite float strictly between ``above`` and ``below``."""
    hint = f", such as {example}" if example else ""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number{hint}, not {found(value)}.")
    number = _float(value)
    low = above is not None and not number > above
    high = below is not None and not number < below
    if low or high or not math.isfinite(number):
        bounds = [f"above {above:g}"] if above is not None else []
        bounds += [f"below {below:g}"] if below is not None else []
        kind = f"a finite number{' ' if bounds else ''}{' and '.join(bounds)}"
        given = found(value) if isinstance(value, int) else f"{number:g}"
        raise ValueError(f"{name} must be {kind}{hint}, not {given}.")
    return number


def share(name: str, value: Any, *, example: str) -> float:
    """``value`` as a float from 0 to 1, the ends included."""
    number = real(name, value, example=example)
    if not 0 <= number <= 1:
        raise ValueError(
            f"{name} must be from 0 to 1, such as {example}, not {number:g}."
        )
    return number


def image_shape(name: str, value: Any, *rest: Any) -> tuple[int, int, int]:
    """``value`` as (channels, height, width), each from 1; else one ValueError.

    ``rest`` is what has been given beside it by mistake, as in ``(net, 1, 28, 28)``.
    """
    sides = (value, *rest) if rest else value
    plain = tuple(sides) if isinstance(sides, (tuple, list)) else ()
    whole_numbers = all(
        isinstance(n, numbers.Integral) and not isinstance(n, bool) and int(n) > 0
        for n in plain
    )
    if len(plain) == 3 and whole_numbers and not rest:
        return int(plain[0]), int(plain[1]), int(plain[2])
    remedy = "give (channels, height, width), three whole numbers above 0"
    if rest:
        remedy = f"give one tuple, {plain!r}"
    elif isinstance(value, (Tensor, np.ndarray)):
        remedy = "give the shape of one image, such as tuple(X.shape[1:])"
    elif len(plain) == 4 and whole_numbers:
        remedy = f"give (channels, height, width) of one image, {plain[1:]!r}"
    given = sides if plain or isinstance(value, numbers.Real) else found(value)
    raise ValueError(f"{name} is {given}: {remedy}.")


def instance(name: str, value: Any, kind: type | tuple[type, ...], remedy: str) -> None:
    """TypeError with ``remedy`` ("give …") unless ``value`` is a ``kind``."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {found(value)}: {remedy}.")


def path(name: str, value: Any, remedy: str) -> Path:
    """``value``, a text or a path, as a path with ``~`` followed.

    TypeError for another kind, ValueError for an empty text or nobody's home.
    """
    instance(name, value, (str, os.PathLike), remedy)
    text = os.fsdecode(value)
    followed = os.path.expanduser(text)  # noqa: PTH111 - Path takes "./~" for "~"
    nobodys = ", in nobody's home" if followed.startswith("~") else ""
    if nobodys or not text:  # no text would be whichever folder is the current one
        raise ValueError(f"{name} is {found(text)}{nobodys}: {remedy}.")
    return Path(followed)


def listed(name: str, value: Any, remedy: str) -> list[Any]:
    """What ``value`` has, as a list; TypeError for a text or what has no entries."""
    try:
        entries = None if isinstance(value, (str, bytes)) else iter(value)
    except TypeError:
        entries = None
    if entries is None:
        raise TypeError(f"{name} is {found(value)}: {remedy}.")
    return list(entries)


def classes(name: str, value: Any, remedy: str) -> Tensor:
    """``value``, a tensor of class numbers, as int64 (…) on the CPU; else TypeError.

    Every integer dtype and device will do; true and false are no classes, a meta
    tensor has none, and a sparse one is not computed with.
    """
    instance(name, value, Tensor, remedy)
    other = value.is_floating_point() or value.is_complex() or value.is_quantized
    other = other or value.layout is not torch.strided
    if other or value.dtype == torch.bool or value.is_meta:
        raise TypeError(f"{name} is {found(value)}: {remedy}.")
    return value.cpu().long()  # type: ignore[no-any-return]


def function(
    name: str, value: Any, remedy: str, *, takes: int | None = None
) -> Callable[..., Any]:
    """``value``, which can be called and is no class; else TypeError.

    ``takes`` is with how many arguments, as far as it tells; a partial is then asked
    for its options as well.
    """
    called = callable(value) and not isinstance(value, type)
    if called and takes is not None and isinstance(value, functools.partial):
        _refuse_unknown(name, value, takes)
    if not called or (takes is not None and not _takes(value, takes)):
        raise TypeError(f"{name} is {found(value)}: {remedy}.")
    return value  # type: ignore[no-any-return]


#: What options may be: by name, the function, what to give, and whether a value is so.
Demands = dict[str, tuple[Callable[..., Any], str, Callable[[Any], Any]]]


def options(value: Any, demands: Demands) -> None:
    """TypeError or ValueError for a partial with an option that is not as demanded.

    Functions whose code decides whether a run is resumed leave their checks to this.
    An option without its name would stand in the place of what they are called with.
    """
    if not isinstance(value, functools.partial):
        return
    own = [name for name, demand in demands.items() if demand[0] is value.func]
    if own and value.args:
        raise TypeError(
            f"{found(value.func)} is given {found(value.args[0])} without a name: give "
            f"the option by its name, as in {own[0]}=."
        )
    for name, given in value.keywords.items():
        function, remedy, fits = demands.get(name, (None, "", bool))
        if function is not value.func:
            continue
        wrong = f"{name} is {found(given)}: give {remedy}."
        try:
            fit = bool(fits(given))
        except (TypeError, ValueError, RuntimeError):  # no number, or more than one
            raise TypeError(wrong) from None
        if not fit:
            raise ValueError(wrong)


def _takes(value: Callable[..., Any], count: int) -> bool:
    # What it takes itself, not what it wraps or happens to call forward.
    called: Any = value
    if isinstance(called, nn.Module) and type(called).__call__ is nn.Module.__call__:
        called = called.forward
    try:
        signature = inspect.signature(called, follow_wrapped=False)
    except (TypeError, ValueError):  # some functions tell nothing of themselves
        # but a partial of one that does has more than that one takes
        return not (isinstance(called, functools.partial) and _parameters(called.func))
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _refuse_unknown(name: str, partial: functools.partial[Any], takes: int) -> None:
    """TypeError for a ``partial`` with an option that its function does not have.

    Its options are what it takes beyond those it holds and ``takes`` arguments.
    """
    parameters = _parameters(partial.func)
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    unknown = [key for key in partial.keywords if parameters and key not in parameters]
    if unknown:
        options = [
            f"{key}="
            for key, one in list(parameters.items())[len(partial.args) + takes :]
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        ]
        raise TypeError(
            f"{name} is a partial with {unknown[0]}=, which {found(partial.func)} does "
            f"not have: give {' or '.join(options) or 'it no option'}."
        )


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """What ``function`` takes, by name; nothing where it does not tell."""
    try:
        return inspect.signature(function, follow_wrapped=False).parameters
    except (TypeError, ValueError):
        return {}


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # as 10**400, which no float reaches
        return math.inf if value > 0 else -math.inf


def _short(value: object) -> str:
    try:
        text = " ".join(repr(value).split())  # those of tensors have lines
    except Exception:  # more digits than Python writes, or a class's own mistake
        return "…"
    return text if len(text) <= 40 else f"{text[:37]}…"
