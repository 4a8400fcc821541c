"""Comparisons for exercises: each says in one sentence what is wrong, and where."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from d2lmini.nets.misfit import explain_misfit

Number = int | float

#: Relative tolerance by the coarser of the two dtypes; float64 for all others.
_TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 1e-1}


def same(found: Any, expected: Any, case: str) -> None:
    """Demand that ``found`` is ``expected``: a tensor, number, string or tuple of them.

    Shapes are compared first, then what kind of numbers a tensor holds, then the
    values: integers exactly, others to 1e-6 of the largest (1e-4 where one side is
    float32).  NaN equals NaN and nothing else.  A list passes for a tuple, and a
    tensor with one number and no dimensions for a number; True is no number.
    Raises AssertionError with one sentence that begins with ``case``.
    """
    if found is None and expected is not None:
        _fail(case, "got None: did you forget `return`, or to assign a value?")
    if isinstance(expected, Tensor):
        _same_tensor(found, expected, case)
    elif isinstance(expected, tuple | list):
        _same_tuple(found, tuple(expected), case)
    elif isinstance(expected, Number) and not isinstance(expected, bool):
        _same_number(found, expected, case)
    else:
        found = _item(found)
        if type(found) is not type(expected) or found != expected:
            _fail(case, f"found {_show(found)}, expected {_show(expected)}.")


def unchanged(function: Callable[..., Any], *tensors: Any, case: str) -> Any:
    """Call ``function`` with copies of ``tensors``, and return what it returns.

    Raises AssertionError if it writes into one of them.  Arguments that are not
    tensors are handed on as they are.
    """
    given = [x.detach().clone() if isinstance(x, Tensor) else x for x in tensors]
    result = function(*given)
    for position, (before, after) in enumerate(zip(tensors, given, strict=True), 1):
        if isinstance(before, Tensor) and _changed(before, after):
            _fail(
                case,
                f"the function changed its input number {position} in place; "
                "work on a copy (`.clone()`) or make a new tensor.",
            )
    return result


def raises(
    function: Callable[..., Any],
    *args: Any,
    error: type[Exception] = ValueError,
    case: str,
) -> None:
    """Demand that ``function(*args)`` raises ``error``.

    The NotImplementedError of an exercise that nobody has solved passes through.
    """
    wanted = f"expected {error.__name__}"
    try:
        result = function(*args)
    except error as raised:
        if isinstance(raised, NotImplementedError) and error is not NotImplementedError:
            raise
    except NotImplementedError:
        raise
    except Exception as other:
        _fail(case, f"raised {type(other).__name__} ({other}), {wanted}.")
    else:
        _fail(case, f"returned {_show(result)} and raised nothing, {wanted}.")


def walk(
    net: nn.Module,
    input_shape: Sequence[int],
    shapes: Sequence[Sequence[int]],
    case: str,
) -> None:
    """Demand the output shape after each child of ``net``, in the order they run.

    ``input_shape`` is that of a batch, (N, C, H, W), and so are ``shapes``; with
    (C, H, W), one picture goes in and the shapes are those without the batch.
    The walk uses a copy in evaluation mode, filled with zeros, on the CPU.
    """
    if not isinstance(net, nn.Module):
        _fail(case, f"found {_show(net)}, expected a network (nn.Module).")
    one = len(input_shape) == 3
    X = torch.zeros(1, *input_shape) if one else torch.zeros(*input_shape)
    try:
        rows = _outputs(net, X)
    except ValueError as error:
        _fail(case, str(error))
    for i, ((name, found), expected) in enumerate(zip(rows, shapes, strict=False)):
        found = found[1:] if one else found
        if found != tuple(expected):
            _fail(
                case,
                f"layer {i} ({name}) gives shape {found}, expected {tuple(expected)}.",
            )
    if len(rows) != len(shapes):
        _fail(case, f"the network has {len(rows)} layers, expected {len(shapes)}.")


def parameters(net: nn.Module, count: int, case: str) -> None:
    """Demand that ``net`` has ``count`` parameters, shared ones counted once."""
    if not isinstance(net, nn.Module):
        _fail(case, f"found {_show(net)}, expected a network (nn.Module).")
    found = sum(p.numel() for p in net.parameters())
    if found != count:
        _fail(case, f"found {found:,} parameters, expected {count:,}.")


def passed(sentence: str) -> None:
    """Print ``sentence``: the last line of a check that found nothing wrong."""
    print(sentence)


def _fail(case: str, what: str) -> NoReturn:
    raise AssertionError(f"{case}: {what}")


def _item(value: Any) -> Any:
    """The number in a tensor or array without dimensions; others as they are."""
    dimensions = getattr(value, "ndim", None)
    return value.item() if dimensions == 0 and hasattr(value, "item") else value


def _same_number(found: Any, expected: Number, case: str) -> None:
    wanted = f"expected {_show(expected)}"
    coarse = _TOLERANCE.get(found.dtype, 1e-6) if isinstance(found, Tensor) else 1e-6
    found = _item(found)
    if isinstance(found, bool) or not isinstance(found, Number):
        _fail(case, f"found {_show(found)}, which is no number, {wanted}.")
    if isinstance(expected, int):
        right = found == expected
    else:
        both_nan = math.isnan(found) and math.isnan(expected)
        close = math.isclose(found, expected, rel_tol=coarse, abs_tol=1e-12)
        right = both_nan or close
    if not right:
        _fail(case, f"found {_show(found)}, {wanted}.")


def _same_tuple(found: Any, expected: tuple[Any, ...], case: str) -> None:
    if not isinstance(found, tuple | list):
        _fail(case, f"found {_show(found)}, expected the tuple {_show(expected)}.")
    if len(found) != len(expected):
        _fail(
            case,
            f"found {_show(tuple(found))} with {len(found)} entries, expected "
            f"{_show(expected)} with {len(expected)}.",
        )
    leaves = not any(isinstance(x, Tensor | tuple | list) for x in expected)
    for i, (one, other) in enumerate(zip(found, expected, strict=True)):
        whole = f" in {_show(tuple(found))}" if leaves else ""
        same(one, other, f"{case}, entry {i}{whole}")


def _same_tensor(found: Any, expected: Tensor, case: str) -> None:
    if type(found).__module__ == "numpy":
        found = torch.as_tensor(found)
    if not isinstance(found, Tensor):
        _fail(
            case,
            f"found {_show(found)}, expected a tensor of shape "
            f"{tuple(expected.shape)}.",
        )
    if found.shape != expected.shape:
        _fail(
            case,
            f"found shape {tuple(found.shape)}, expected {tuple(expected.shape)}.",
        )
    if _kind(found) != _kind(expected):
        _fail(
            case,
            f"found {_kind(found)} ({found.dtype}), expected {_kind(expected)} "
            f"({expected.dtype}).",
        )
    _same_values(found, expected, case)


def _same_values(found: Tensor, expected: Tensor, case: str) -> None:
    """The values of two tensors of one shape and kind."""
    found, expected = found.detach().cpu(), expected.detach().cpu()
    if expected.is_floating_point() or expected.is_complex():
        coarse = max(_TOLERANCE.get(x.dtype, 1e-6) for x in (found, expected))
        wide = torch.complex128 if expected.is_complex() else torch.float64
        a, b = found.to(wide), expected.to(wide)
        size = b.abs()[b.isfinite()]
        largest = float(size.max()) if size.numel() else 0.0
        wrong = ~torch.isclose(
            a, b, rtol=coarse, atol=coarse * (largest or 1.0), equal_nan=True
        )
    else:
        wrong = found != expected
    if bool(wrong.any()):
        where = tuple(int(i) for i in wrong.nonzero()[0])
        place = f" at {list(where)}" if where else ""
        count = f" ({int(wrong.sum())} of {wrong.numel()} numbers differ)"
        _fail(
            case,
            f"found {_show(found[where].item())}{place}, expected "
            f"{_show(expected[where].item())}{count if where else ''}.",
        )


def _kind(X: Tensor) -> str:
    if X.dtype == torch.bool:
        return "truth values"
    if X.is_complex():
        return "complex numbers"
    return "decimal numbers" if X.is_floating_point() else "integers"


def _changed(before: Tensor, after: Tensor) -> bool:
    if before.shape != after.shape or before.dtype != after.dtype:
        return True
    equal = (before == after) | (before.isnan() & after.isnan())
    return not bool(equal.all())


def _outputs(net: nn.Module, X: Tensor) -> list[tuple[str, tuple[int, ...]]]:
    """Kind and output shape of each child of ``net``, as they run on ``X``."""
    twin = copy.deepcopy(net).cpu().eval()
    rows: list[tuple[str, tuple[int, ...]]] = []

    def note(layer: nn.Module, _args: Any, out: Any) -> None:
        shape = tuple(out.shape) if isinstance(out, Tensor) else ()
        rows.append((type(layer).__name__, shape))

    for child in twin.children():
        child.register_forward_hook(note)
    with torch.no_grad(), explain_misfit(twin, X):
        twin(X)
    return rows


def _show(value: Any) -> str:
    """``value`` in a few words."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, nn.Module):
        return f"a {type(value).__name__}"
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, torch.Size):
        value = tuple(value)
    if callable(value):
        return f"the function {getattr(value, '__name__', '?')}"
    text = repr(value)
    return text if len(text) <= 80 else f"a {type(value).__name__}"
