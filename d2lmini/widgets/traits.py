"""Traits for the numbers that figures are made of."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from traitlets import TraitError, TraitType

from d2lmini.arguments import found

if TYPE_CHECKING:
    import torch


def tidy(value: Any, digits: int = 12) -> int | float:
    """A plain number; whole ones become int, so that JSON stays short.

    Raises TypeError or ValueError for what is no finite number.
    """
    try:
        number = round(float(value), digits)
    except (OverflowError, RuntimeError):  # 10**400; a tensor of several numbers
        raise ValueError(f"{found(value)} is not a finite number") from None
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return int(number) if number == int(number) else number


def whole(value: Any) -> int | None:
    """A whole number as an int, 28 / 2 too; None for what is none, or true or false."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:  # also tensors and arrays of a fraction, or of several numbers
        entire = isinstance(value, Real) and value % 1 == 0
        return int(value) if entire else None


def finite(value: Any) -> int | float | None:
    """A finite number as an int or a float, one of NumPy's or a tensor too; else None.

    Neither texts nor true and false are taken for numbers.
    """
    try:
        value = value.item() if hasattr(value, "item") else value
        if not isinstance(value, Real) or isinstance(value, bool):
            return None
        number = value if isinstance(value, int) else float(value)
        return number if math.isfinite(number) else None
    except (OverflowError, RuntimeError, ValueError):  # 10**400; several numbers
        return None


def doubles(values: Any) -> torch.Tensor:
    """A new tensor in float64 on the CPU, whatever PyTorch's defaults are."""
    import torch

    return torch.tensor(values, dtype=torch.float64, device="cpu")


def nested(value: Any, digits: int = 12) -> Any:
    """Tensors, arrays, tuples and lists as nested lists of plain numbers."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (list, tuple, range)):
        return [nested(item, digits) for item in value]
    return tidy(value, digits)


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Lengths of nested lists from the outside in; None if ragged or empty."""
    if not isinstance(value, list):
        return ()
    inner = {shape_of(item) for item in value}
    if len(inner) != 1 or None in inner:
        return None
    return (len(value), *(inner.pop() or ()))


class Grid(TraitType):  # type: ignore[type-arg]
    """Numbers in `ndim` dimensions, kept as nested lists.

    Takes tensors, arrays and nested sequences, at most `most` long, by default 64.
    """

    info_text = "a grid of finite numbers (tensor, array or nested lists)"

    def __init__(
        self,
        default: Any,
        *,
        ndim: int = 2,
        most: tuple[int, ...] | None = None,
        **kwargs: Any,
    ) -> None:
        self.most = most or (64,) * ndim
        super().__init__(default_value=nested(default), **kwargs)

    def validate(self, obj: Any, value: Any) -> Any:
        """The value as nested lists; TraitError when it is no such grid."""
        shape = tuple(value.shape) if hasattr(value, "shape") else None
        try:
            self._check(shape)  # before the numbers of a large tensor are copied
            grid = nested(value)
        except (TypeError, ValueError) as error:
            raise TraitError(
                f"{self.name} holds something that is not a number: {error}."
            ) from None
        self._check(shape_of(grid) or ())
        return grid

    def _check(self, shape: tuple[int, ...] | None) -> None:
        if shape is None:
            return
        if len(shape) != len(self.most) or 0 in shape:
            raise TraitError(
                f"{self.name} has shape {shape or 'ragged or empty'}; give "
                f"{len(self.most)} dimensions, every row of the same length."
            )
        if any(n > most for n, most in zip(shape, self.most, strict=True)):
            sizes = [" × ".join(map(str, lengths)) for lengths in (shape, self.most)]
            raise TraitError(
                f"{self.name} has shape {sizes[0]}; the lab takes {sizes[1]} at most."
            )


class Within(TraitType):  # type: ignore[type-arg]
    """A number from `low` to `high`."""

    def __init__(self, default: float, low: float, high: float, **kwargs: Any) -> None:
        self.low, self.high = low, high
        super().__init__(default_value=default, **kwargs)

    def validate(self, obj: Any, value: Any) -> int | float:
        """The value as a plain number; TraitError when it is none, or out of range."""
        try:
            number = tidy(value)
        except (TypeError, ValueError):
            number = math.inf
        if not self.low <= number <= self.high:
            raise TraitError(
                f"{self.name} is {value!r}; give a number from {self.low:g} to "
                f"{self.high:g}."
            )
        return number


class Whole(Within):
    """A whole number from `low` to `high`, or of these only the `odd` ones."""

    def __init__(
        self, default: int, low: int, high: int, *, odd: bool = False, **kwargs: Any
    ) -> None:
        self.odd = odd
        super().__init__(default, low, high, **kwargs)

    def validate(self, obj: Any, value: Any) -> int:
        """The value as an int; TraitError when it is not one of these."""
        number = whole(value)
        fits = number is not None and self.low <= number <= self.high
        if number is None or not fits or (self.odd and number % 2 == 0):
            kind = "an odd" if self.odd else "a whole"
            raise TraitError(
                f"{self.name} is {value!r}; give {kind} number from {self.low} to "
                f"{self.high}."
            )
        return number


def proposed(proposal: Any, *names: str) -> list[Any]:
    """What the traits `names` would be, for an @validate of several."""
    own = {proposal["trait"].name: proposal["value"]}
    return [own.get(name, getattr(proposal["owner"], name)) for name in names]


class Pair(TraitType):  # type: ignore[type-arg]
    """Two whole numbers (height, width), kept as a list; one int means both."""

    info_text = "a whole number, or two of them (height, width)"

    def __init__(
        self, default: Any = 0, *, low: int = 0, high: int = 64, **kwargs: Any
    ) -> None:
        self.low, self.high = low, high
        both = [default, default] if isinstance(default, int) else list(default)
        super().__init__(default_value=both, **kwargs)

    def validate(self, obj: Any, value: Any) -> Any:
        """The value as [height, width]; TraitError when out of range."""
        try:
            both = value if whole(value) is None else [value, value]
            pair = [whole(v) for v in both]
        except TypeError:
            pair = []
        fits = [v is not None and self.low <= v <= self.high for v in pair]
        if fits != [True, True]:
            raise TraitError(
                f"{self.name} is {value!r}; give a whole number from {self.low} to "
                f"{self.high}, or two of them (height, width)."
            )
        return pair


class Controls(TraitType):  # type: ignore[type-arg]
    """Names of the controls that the reader may use, out of those a figure has."""

    info_text = "a list of names of controls"

    def __init__(
        self, known: Sequence[str], shown: Sequence[str] | None = None, **kwargs: Any
    ) -> None:
        self.known = tuple(known)
        names = self.known if shown is None else shown
        super().__init__(default_value=list(names), **kwargs)

    def validate(self, obj: Any, value: Any) -> Any:
        """The names as a list; TraitError when the figure has no such control."""
        names = [value] if isinstance(value, str) else list(value)
        for name in names:
            if name not in self.known:
                known = ", ".join(self.known)
                raise TraitError(f"No control is called {name!r}; there are {known}.")
        return names
