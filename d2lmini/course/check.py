"""Comparisons for exercises: each says in one sentence what is wrong, and where."""

import copy
import dis
import functools
import math
import traceback
from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn
from torch._C import DisableTorchFunctionSubclass
from torch.overrides import TorchFunctionMode

from d2lmini.nets.borrowed import dtype_of
from d2lmini.nets.misfit import explain_misfit

Number = int | float

#: Below it, an expected number is what rounding has left of a 0.
_NOTHING = 1e-13

#: Relative tolerance by the coarser of the two dtypes; float64 for all others.
_TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 1e-2}

_FORGOTTEN = "did you forget `return`, or to assign a value?"


def same(found: Any, expected: Any, case: str) -> None:
    """Demand that ``found`` is ``expected``: a tensor, number, string or tuple of them.

    Shapes are compared first, then what kind of numbers a tensor holds, then the
    values: integers exactly, others to 1e-6 of the largest (1e-4 where one side is
    float32).  A whole number may be off by what arithmetic with decimals leaves of it,
    and so may a number within 1e-13 of 0, by 1e-12.
    NaN equals NaN and nothing else.  A list or an array passes for a tuple, and a
    tensor with one number and no dimensions for a number; True is no number.
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
    are compared exactly, but for what arithmetic with decimals leaves of them; others
    to ``tolerance`` of ``expected``, and rounded to three significant digits they
    always pass, as somebody writes them who calculates with a pencil.
    """
    try:
        _demand(found, expected, case, _judged, tolerance)
    except AssertionError:
        raise
    except Exception:  # its own message might name what is expected
        _fail(case, f"found {_show(found)}, which cannot be compared.")


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
            except AssertionError as error:
                self.wrong.append(str(error))
            except Exception as error:
                if _unanswered(error):
                    raise
                called = f"{function.__name__}{_called(args)}"
                self.wrong.append(f"{called} raised {_told(error)}")

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

    Raises AssertionError if it writes into one of them, or returns nothing.  Arguments
    that are not tensors are handed on as they are.
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
    _something(result, case)
    return result


def whole(found: Any, case: str) -> int:
    """The whole number that ``found`` is, of whatever type; demand that it is one."""
    _something(found, case)
    number = _plain(found)
    if not _is_number(number) or number % 1 != 0:
        _fail(case, f"found {_show(found)}, which is no whole number.")
    return int(number)


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
    except Exception as raised:
        if error is not NotImplementedError and _unanswered(raised):
            raise
        if not isinstance(raised, error):
            _fail(case, f"raised {type(raised).__name__} ({raised}), {wanted}.")
    else:
        _fail(case, f"returned {_show(result)} and raised nothing, {wanted}.")


class forbidden(TorchFunctionMode):
    """Refuse these functions of torch inside a ``with``, under any of their names.

    ``"groups"`` refuses convolutions with more than one group, ``"pooling"`` all kinds
    of it, and ``"autograd"`` gradients by the way back.  Raises AssertionError.
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
        if "autograd" in self.names and name in ("backward", "grad"):
            name = "autograd"  # all its ways end in one of these two
        if "pooling" in self.names and "pool" in name:
            name = "pooling"
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
    Zeros walk through a copy of it in evaluation mode, on the CPU.
    """
    if not isinstance(net, nn.Module):
        _fail(case, f"found {_show(net)}, expected a network (nn.Module).")
    one = len(input_shape) == 3
    shape = (1, *input_shape) if one else tuple(input_shape)
    X = torch.zeros(shape, dtype=dtype_of(net), device="cpu")
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
        _fail(case, f"got None: {_FORGOTTEN}")


def _plain(value: Any) -> Any:
    """The number in a tensor or array without dimensions, the list in a longer one.

    Of a subclass of int or float, the number: it could call itself equal to anything.
    """
    if isinstance(value, Tensor):
        return _own(value).tolist()
    if isinstance(value, np.ndarray | np.generic) and value.dtype.char != "g":
        return _plain(np.asarray(value).tolist())
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Integral):  # as of sympy
        return int(value)
    return float(value) if isinstance(value, Real | Decimal) else value


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
    if isinstance(expected, bool) and not isinstance(found, bool):
        return ", which is no truth value."
    if not _is_number(expected):
        return ", which is not right."
    if not _is_number(found):
        return "."
    if found != found:
        return ", which is no number."
    return f", which is too {'high' if found > expected else 'low'}."


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _demand(found: Any, expected: Any, case: str, tell: Tell, coarse: float) -> None:
    """Compare all but tensors; see `same` and `predicted`."""
    if expected is not None:
        _something(found, case)
    own = _tolerance(found)  # of its type
    found, expected = _plain(found), _plain(expected)  # may be a student's, too
    if isinstance(expected, tuple | list):
        _demand_tuple(found, tuple(expected), case, tell, max(coarse, own))
    elif not _is_number(expected):
        if type(found) is not type(expected) or found != expected:
            _fail(case, f"found {_show(found)}{tell(found, expected)}")
    elif not _is_number(found):
        _fail(case, f"found {_show(found)}, which is no number{tell(found, expected)}")
    elif not _close(found, expected, (coarse, own), rounded=tell is _judged):
        alike = _show(found) == _show(expected)  # to so many digits
        shown = repr(found) if alike else _show(found)
        _fail(case, f"found {shown}{tell(found, expected)}")


def _tolerance(found: Any) -> float:
    """How far a number of the type of ``found`` may be off; 0 for any of Python's."""
    if not isinstance(found, Tensor | np.ndarray | np.generic):
        return 0
    return _TOLERANCE.get(str(found.dtype).removeprefix("torch."), 0)


def _close(
    found: Number, expected: Number, coarse: tuple[float, float], *, rounded: bool
) -> bool:
    """Whether they are equal, as far as the exercise or the type of ``found`` tells."""
    if found == expected or (found != found and expected != expected):
        return True
    if isinstance(found, int) and (isinstance(expected, int) or abs(found) > 10**300):
        return False  # the latter is too large for a decimal
    if isinstance(expected, int):  # off by one is wrong, however large it is
        fine = coarse[1] / 100 or 1e-9
        near = math.isclose(found, expected, rel_tol=fine, abs_tol=1e-9)
        return near and abs(found - expected) < 0.5
    slack = _half_a_digit(expected) if rounded else 0
    if abs(expected) < _NOTHING:
        slack = 1e-12
    return math.isclose(found, expected, rel_tol=max(coarse), abs_tol=slack)


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
    if isinstance(found, np.ndarray | np.generic) and found.dtype.kind in "biufc":
        found = torch.from_numpy(np.array(found, order="C"))  # one way through memory
    found = _own(found)
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
        coarse = max(1e-6, _tolerance(found), _tolerance(expected))
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


def _unanswered(error: Exception) -> bool:
    """Whether it is the stub of an exercise: a ``raise`` in a cell.

    PyTorch raises a NotImplementedError, too, for a function that takes no integers (in
    C++) and for a module without ``forward`` (in a file of its own).
    """
    if not isinstance(error, NotImplementedError):
        return False
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or last.tb_frame.f_globals.get("__name__") != "__main__":
        return False
    return dis.opname[last.tb_frame.f_code.co_code[last.tb_lasti]] == "RAISE_VARARGS"


def _told(error: Exception) -> str:
    """What was raised, in one line, and what is probably behind it."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    frames = traceback.extract_tb(error.__traceback__)[1:]
    if not frames:  # the case does not take these arguments
        return what
    case, last = frames[0], frames[-1]
    if last.filename != case.filename or not (last is case or last.name[0] == "<"):
        return what  # raised by what the check calls, and not by its own lines
    if isinstance(error, NameError):
        return f"{what}: run the answer's cell first, and those above it"
    nothing = isinstance(error, TypeError | AttributeError) and "NoneType" in what
    return f"{what}: {_FORGOTTEN}" if nothing else what


def _called(args: tuple[Any, ...]) -> str:
    return f"({', '.join(map(_show, args))})"


def _show(value: Any) -> str:
    """``value`` in a few words."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    kind = type(value).__name__
    some = f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"
    if isinstance(value, nn.Module):
        return some
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else f"{value:.7g}"
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, type):
        home = "nn" if value.__module__.startswith("torch.nn.") else value.__module__
        return f"{home}.{value.__qualname__}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # as of a whole number with more than 4,300 digits
        return some
    return text if len(text) <= 80 else some
