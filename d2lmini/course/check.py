"""Comparisons for exercises: each says in one sentence what is wrong, and where."""

import copy
import functools
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch._C import DisableTorchFunctionSubclass
from torch.overrides import TorchFunctionMode

from d2lmini.nets.misfit import explain_misfit

Number = int | float

#: Relative tolerance by the coarser of the two dtypes; float64 for all others.
_TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 1e-1}


def same(found: Any, expected: Any, case: str) -> None:
    """Demand that ``found`` is ``expected``: a tensor, number, string or tuple of them.

    Shapes are compared first, then what kind of numbers a tensor holds, then the
    values: integers exactly, others to 1e-6 of the largest (1e-4 where one side is
    float32).  NaN equals NaN and nothing else.  A list or an array passes for a tuple,
    and a tensor with one number and no dimensions for a number; True is no number.
    Raises AssertionError with one sentence that begins with ``case``.
    """
    if isinstance(expected, Tensor):
        _something(found, case)
        _same_tensor(found, expected, case)
    else:
        _demand(found, expected, case, _named, 1e-6)


def predicted(found: Any, expected: Any, case: str, tolerance: float = 1e-3) -> None:
    """Demand a prediction: the same, but the sentence never names what is expected.

    It says which part is wrong, and whether it is too high or too low.  Whole numbers
    are compared exactly, others to ``tolerance`` of ``expected``; rounded to three
    significant digits they always pass, as somebody writes them who calculates with a
    pencil.
    """
    _demand(found, expected, case, _judged, tolerance)


class Cases:
    """The cases of one check, each worth the same share of ``points``.

    A function that is decorated with it makes a case of each of its calls: what it
    raises is kept, and the next call follows.  ``passed`` ends the check.
    """

    def __init__(self, points: float) -> None:
        self.points, self.tried = points, 0
        self.wrong: list[str] = []
        self.predicted = self(predicted)

    def __call__(self, function: Callable[..., object]) -> Callable[..., None]:
        """``function``, each call of which is one of the cases."""

        @functools.wraps(function)
        def one(*args: Any, **options: Any) -> None:
            self.tried += 1
            try:
                function(*args, **options)
            except NotImplementedError:  # an exercise that nobody has solved
                raise
            except AssertionError as error:
                self.wrong.append(str(error))
            except Exception as error:
                what = " ".join(f"{type(error).__name__}: {error}".split())
                if isinstance(error, NameError) and _of_the_check(error):
                    what += ": run the answer's cell first, and those above it"
                self.wrong.append(f"{function.__name__}{_called(args)} raised {what}")

        return one

    def passed(self, sentence: str) -> float | None:
        """Print ``sentence`` where nothing was wrong; else say what was.

        Returns the points where some cases are right and some are not, which nbgrader
        reads as partial credit in the last line of a check.  Where all are wrong,
        raises AssertionError with the first sentence.
        """
        if not self.wrong:
            return print(sentence)
        right = self.tried - len(self.wrong)
        if not right:
            raise AssertionError(self.wrong[0])
        print(f"{right} of {self.tried} cases are right. What is not:")
        print("\n".join(self.wrong[:5]))
        return round(self.points * right / self.tried, 2)


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


class forbidden(TorchFunctionMode):
    """Refuse these functions of torch inside a ``with``, under any of their names.

    ``"groups"`` refuses convolutions with more than one group.  Raises AssertionError.
    """

    def __init__(self, *names: str, case: str) -> None:
        super().__init__()
        self.names, self.case = names, case

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name, options = func.__name__.removesuffix("_"), kwargs or {}
        if "groups" in self.names and name.startswith("conv"):
            groups = options.get("groups", args[6] if len(args) > 6 else 1)
            name = "groups" if groups != 1 else name
        if name in self.names:
            _fail(self.case, f"uses {name}, which this exercise does without.")
        return func(*args, **options)


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


def _something(found: Any, case: str) -> None:
    if found is None:
        _fail(case, "got None: did you forget `return`, or to assign a value?")


def _plain(value: Any) -> Any:
    """The number in a tensor or array without dimensions, the list in a longer one.

    Of a subclass of int or float, the number: it could call itself equal to anything.
    """
    if isinstance(value, Tensor) or type(value).__module__ == "numpy":
        return _own(value).tolist()
    if type(value) in (Fraction, Decimal):
        return float(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, float) else value


def _own(value: Any) -> Any:
    """A tensor of a subclass, which may answer as it likes, as torch's own."""
    if not isinstance(value, Tensor):
        return value
    with DisableTorchFunctionSubclass():
        return Tensor.as_subclass(value, Tensor)


#: How a comparison ends its sentence, given what was found and what is right.
Tell = Callable[[Any, Any], str]


def _named(found: Any, expected: Any) -> str:
    if isinstance(expected, tuple) and isinstance(found, tuple | list):
        return (
            f" with {len(found)} entries, expected {_show(expected)} with "
            f"{len(expected)}."
        )
    kind = "the tuple " if isinstance(expected, tuple) else ""
    return f", expected {kind}{_show(expected)}."


def _judged(found: Any, expected: Any) -> str:
    if isinstance(expected, tuple):
        if not isinstance(found, tuple | list):
            return ", which is no tuple."
        much = "few" if len(found) < len(expected) else "many"
        return f", which has too {much} entries."
    if not _is_number(expected):
        return ", which is not right."
    if not _is_number(found):
        return "."
    if math.isnan(found):
        return ", which is no number."
    return f", which is too {'high' if found > expected else 'low'}."


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _demand(found: Any, expected: Any, case: str, tell: Tell, coarse: float) -> None:
    """Compare all but tensors; see `same` and `predicted`."""
    if expected is not None:
        _something(found, case)
    if isinstance(found, Tensor) and not found.ndim:
        coarse = max(coarse, _TOLERANCE.get(found.dtype, 0))
    found, expected = _plain(found), _plain(expected)  # may be a student's, too
    if isinstance(expected, tuple | list):
        _demand_tuple(found, tuple(expected), case, tell, coarse)
    elif not _is_number(expected):
        if type(found) is not type(expected) or found != expected:
            _fail(case, f"found {_show(found)}{tell(found, expected)}")
    elif not _is_number(found):
        _fail(case, f"found {_show(found)}, which is no number{tell(found, expected)}")
    elif not _close(found, expected, coarse, rounded=tell is _judged):
        _fail(case, f"found {_show(found)}{tell(found, expected)}")


def _close(found: Number, expected: Number, coarse: float, *, rounded: bool) -> bool:
    if isinstance(expected, int) or math.isnan(expected):
        return found == expected or (math.isnan(found) and math.isnan(expected))
    half = _half_a_digit(expected) if rounded else 0
    return math.isclose(found, expected, rel_tol=coarse, abs_tol=max(half, 1e-12))


def _half_a_digit(number: float) -> float:
    """What rounding it to three significant digits may change, and no more."""
    if not number or math.isinf(number):
        return 0
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - 2)
    return unit / 2 * (1 + 1e-9)  # what lies in the middle may be rounded either way


def _demand_tuple(
    found: Any, expected: tuple[Any, ...], case: str, tell: Tell, coarse: float
) -> None:
    if not isinstance(found, tuple | list) or len(found) != len(expected):
        shown = tuple(found) if isinstance(found, list) else found
        _fail(case, f"found {_show(shown)}{tell(found, expected)}")
    leaves = not any(isinstance(x, Tensor | tuple | list) for x in expected)
    whole = f" in {_show(tuple(found))}" if leaves else ""
    for i, (one, other) in enumerate(zip(found, expected, strict=True)):
        if isinstance(other, Tensor):
            same(one, other, f"{case}, entry {i}")
        else:
            _demand(one, other, f"{case}, entry {i}{whole}", tell, coarse)


def _same_tensor(found: Any, expected: Tensor, case: str) -> None:
    found = torch.as_tensor(found) if type(found).__module__ == "numpy" else _own(found)
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


def _of_the_check(error: Exception) -> bool:
    """Whether it was raised by the function of a case, and not by what that calls."""
    case = error.__traceback__ and error.__traceback__.tb_next
    return case is not None and case.tb_next is None


def _called(args: tuple[Any, ...]) -> str:
    return f"({', '.join(map(_show, args))})"


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
