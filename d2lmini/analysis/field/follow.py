"""Follows receptive fields through what is computed, rule by rule."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from d2lmini.analysis.field.rules import RULES, UNSEEING, rule_of
from d2lmini.analysis.field.spans import (
    UNKNOWN,
    Call,
    Field,
    Seen,
    Span,
    fits,
    lost_part,
    seen_by,
    together,
)
from d2lmini.nets.twin import tensors


class ReceptiveFields(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the receptive field through whatever is computed within.

    For every tensor that comes from ``X`` (N, C, H, W) it keeps which pixels of the
    image each row and each column sees: exactly, for windows, pooling, resampling,
    slices, sums, products, reductions and changes of shape.  Padding counts as if
    the image went on.  Where channels or paths differ, a place sees what they see
    together.  What is not known is not guessed.
    """

    def __init__(self, X: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        X.d2l_seen = tuple(  # type: ignore[attr-defined]
            Span(pixels, pixels, 1.0, dim if len(pixels) > 1 else None)
            for pixels, dim in (
                (np.arange(float(X.shape[dim])), dim) for dim in (-2, -1)
            )
        )
        self._functions = _Functions(self)
        self.read = False  # whether a number has left for Python, and come back

    def __enter__(self) -> "ReceptiveFields":
        super().__enter__()  # type: ignore[no-untyped-call]
        self._functions.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        self._functions.__exit__(*error)  # type: ignore[no-untyped-call]
        super().__exit__(*error)  # type: ignore[no-untyped-call]

    def of(self, X: Tensor) -> Field:
        """Pixels high and wide of what one place of ``X`` (N, C, H, W) sees at most.

        "?" if that is not known, None if ``X`` has no height and width, or no places.
        """
        if X.ndim != 4 or not X.numel():
            return None
        seen = seen_by(X)
        if seen is None or any(span.lost for span in seen):
            return UNKNOWN
        high, wide = (int((span.high - span.low).max()) + 1 for span in seen)
        return high, wide

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        call = Call(func, args, kwargs or {}, out)
        if call.name == "_local_scalar_dense":
            self.read |= any(x.dtype != torch.bool for x in call.seen)
        elif call.seen and call.name not in UNSEEING:
            for made, seen in zip(call.made, self._follow(call), strict=False):
                _keep(made, seen)
        return out

    def _follow(self, call: "Call") -> list[Seen]:
        rule = RULES.get(call.name) or rule_of(call)
        found = call.lost() if rule is None or self.read else rule(call)
        every = found if isinstance(found, list) else [found] * len(call.made)
        return [
            seen if all(fits(span, made) for span in seen) else call.lost()
            for seen, made in zip(every, call.made, strict=False)
        ]


#: How the numbers of a tensor leave for Python; a truth value only for an ``if``.
LEAVING = {
    *("item", "tolist", "numpy", "__array__", "__dlpack__", "__reduce_ex__"),
    *("__float__", "__int__", "__index__", "__complex__", "data_ptr"),
    *("storage", "untyped_storage", "_typed_storage"),
}
#: What copies a tensor as it is, but takes the numbers out of a list of tensors.
MAKING = {"tensor", "as_tensor", "asarray", "new_tensor"}


class _Functions(TorchFunctionMode):
    """What ATen does not show of the functions that are called."""

    def __init__(self, fields: ReceptiveFields) -> None:
        super().__init__()
        self._fields = fields

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        left = _leaving(getattr(func, "__name__", ""), args, kwargs)
        self._fields.read |= any(seen_by(x) for x in left)
        # Circular padding goes on like any other: the plane repeats itself.
        if func is F.pad and "circular" in (kwargs.get("mode"), *args[2:3]):
            args, kwargs["mode"] = args[:2], "replicate"
        return func(*args, **kwargs)


def _leaving(name: str, args: Any, kwargs: Any) -> Iterator[Tensor]:
    """The tensors whose numbers the function ``name`` hands to Python."""
    if name in LEAVING:
        yield from tensors((args, kwargs))
    elif name in MAKING:
        given = (*args, *kwargs.values())
        yield from tensors(x for x in given if isinstance(x, (list, tuple)))


def _keep(X: Tensor, seen: Seen) -> None:
    """Note what ``X`` sees; what it is a view of has now changed with it."""
    X.d2l_seen = seen  # type: ignore[attr-defined]
    base = X._base if X._is_view() else None
    if base is None or seen_by(base) is seen:
        return
    old = [s for s in [seen_by(base)] if s is not None]
    alike = base.ndim == X.ndim and base.shape[-2:] == X.shape[-2:]
    now = [seen if alike else lost_part(seen)]
    base.d2l_seen = together([*old, *now])  # type: ignore
