"""Walking through a network, and naming the layer that an input does not fit."""

import contextlib
import inspect
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from d2lmini.arguments import found, instance
from d2lmini.nets import needs
from d2lmini.nets.twin import class_of, leaves, picture, tensors, twin, undisturbed

LARGEST = 256  # pixels a side from which no larger size is tried
#: Functions of two tensors that must be of one size, and what people call them.
MEETINGS = {
    **{"add": "an addition", "sub": "a subtraction", "mul": "a multiplication"},
    **{"div": "a division", "truediv": "a division"},
}
Found = TypeVar("Found")


class Misfit(ValueError):
    """An input does not fit a network: one sentence with layer, found, expected."""


@contextlib.contextmanager
def explain_misfit(net: nn.Module, X: Tensor) -> Iterator[None]:
    """Turn a failure of ``net(X)`` into one sentence that names the layer.

    Within the block, an error that comes from a shape which does not fit becomes a
    :class:`Misfit` (a ValueError): the layer, what reached it, what it takes, the
    remedy; where an image is too small, the size that the net needs.  It is found on
    a copy, after the failure.  Other errors pass unchanged.
    """
    try:
        yield
    except (Misfit, torch.OutOfMemoryError):
        raise
    except (RuntimeError, ValueError, TypeError, IndexError, AssertionError):
        if not (sentence := _diagnosis(net, X)):
            raise
        raise Misfit(sentence) from None


def walk(
    net: nn.Module,
    shape: tuple[int, int, int],
    look: Callable[[nn.Module, Tensor], Found],
    *,
    training: bool = False,
) -> Found:
    """What ``look(twin, X)`` returns, which is to call ``twin(X)`` in its own way.

    ``twin`` is a copy of ``net`` without data, and ``X`` (1, *shape) has none
    either.  Where a ``forward`` needs values, both have some the second time.  The
    net, its buffers and hooks, and all random states stay as they are.  Raises
    Misfit for an image that does not fit, and other errors of the net as they are.
    """
    is_network("net", net)
    if isinstance(net, torch.jit.ScriptModule):  # of which no layer can be looked at
        raise TypeError(f"net is {found(net)}: give the network it was compiled from.")
    return _walk(net, (1, *shape), look, training)


def is_network(name: str, value: Any) -> None:
    """TypeError for what is no network, such as the function that makes one, and for a
    network that takes more, or less, than one input."""
    instance(name, value, nn.Module, "give a network, made with brackets: lenet()")
    if vars(value).get("_forward_pre_hooks"):  # which may put in what is missing
        return
    try:
        # Not of what a decorator wraps, which may get its other inputs from there.
        signature = inspect.signature(value.forward, follow_wrapped=False)
    except (TypeError, ValueError):  # that of compiled code cannot be read
        return
    try:
        signature.bind(None)
    except TypeError:
        inputs = ", ".join(signature.parameters) or "nothing"
        raise TypeError(
            f"the forward of {type(value).__name__} takes {inputs}, and gets one "
            "input, X: wrap it in a module whose forward takes X alone."
        ) from None


def settled(net: nn.Module, shapes: Iterable[tuple[int, int, int]]) -> nn.Module:
    """A copy of ``net`` that the first of ``shapes`` which fits has gone through.

    Lazy layers have then taken their size.  Without one that fits it is ``net``.
    """

    def look(copied: nn.Module, X: Tensor) -> nn.Module:
        copied(X)
        return copied

    for shape in shapes:
        with contextlib.suppress(ValueError, RuntimeError):
            return walk(net, shape, look)
    return net


def _walk(
    net: nn.Module,
    shape: tuple[int, ...],
    look: Callable[[nn.Module, Tensor], Found],
    training: bool | None = None,
) -> Found:
    nowhere = any(p.is_meta for p in net.parameters())
    for real in (False, True):
        copied = twin(net, real=real)
        if training is not None:
            copied.train(training)
        X = picture(copied, shape, real=real)
        try:
            with fitting(copied, X), undisturbed():
                return look(copied, X)
        except Misfit:
            raise
        except Exception:  # any that a forward may raise on tensors without data
            if real or nowhere:
                raise
    raise AssertionError("the second walk returns or raises")


def _diagnosis(net: nn.Module, X: Tensor) -> str:
    """Why ``net(X)`` fails, if it is a shape; else nothing."""
    try:
        _walk(net, tuple(X.shape), lambda copied, image: copied(image))
    except Misfit as misfit:
        return str(misfit)
    except Exception:
        pass  # the first failure says it better
    return ""


@contextlib.contextmanager
def fitting(net: nn.Module, X: Tensor) -> Iterator[None]:
    """Within the block ``net(X)`` raises Misfit where something does not fit.

    It is for a copy: every layer is looked at before it runs, since tensors without
    data pass some layers that would refuse them.
    """
    watch = _Watch()
    try:
        with watch.on(net), watch:
            yield
    except Exception as error:
        if not (sentence := _sentence(net, X, watch, error)):
            raise
    else:
        return
    raise Misfit(sentence)


class _At(NamedTuple):
    """A layer, what has come to it, and what is wrong with that."""

    name: str
    layer: nn.Module
    X: Tensor
    wrong: needs.Wrong | None


class _Stop(Exception):
    """A layer is about to get what it cannot take."""


class _Watch(TorchFunctionMode):
    """Knows the layer that was reached last, and the function that failed."""

    def __init__(self) -> None:
        super().__init__()
        self.at: _At | None = None
        self.inside: list[str] = []  # names of the modules that are running
        self.failed: tuple[str, Any] | None = None

    @contextlib.contextmanager
    def on(self, net: nn.Module) -> Iterator[None]:
        hooks: list[Any] = []
        for name, module in net.named_modules():
            before, after = self._before(name), self._after
            hooks.append(module.register_forward_pre_hook(before, with_kwargs=True))
            hooks.append(module.register_forward_hook(after))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _before(self, name: str) -> Callable[..., None]:
        def hook(layer: nn.Module, args: Any, kwargs: Any) -> None:
            self.inside.append(name)
            first = next(tensors((args, kwargs)), None)
            if first is None:
                return
            found = needs.wrong(layer, first)
            self.at = _At(name, layer, first, found)
            if found and type(layer).forward.__module__.startswith("torch.nn"):
                raise _Stop  # while a class with a forward of its own may know better

        return hook

    def _after(self, layer: nn.Module, args: Any, out: Any) -> None:
        self.inside.pop()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        try:
            return func(*args, **(kwargs or {}))
        except Exception:
            name = str(getattr(func, "__name__", "")).strip("_").removeprefix("i")
            self.failed = self.failed or (name, (args, kwargs or {}))
            raise


def _sentence(net: nn.Module, X: Tensor, watch: _Watch, error: Exception) -> str:
    """What is wrong between a layer or a function and its input, if that is it."""
    start = f"An input of {tuple(X.shape[1:])} does not fit: "
    at = watch.at
    if at and at.wrong:
        where = _where(net, at.name)
        if at.wrong.window:
            left = "×".join(map(str, at.X.shape[2:]))
            return (
                f"{start}only {left} pixels are left at {where}, whose window is "
                "larger, so that nothing is left after "
                f"{_ordinal(net, at.layer)}; {_needed(net, X)}."
            )
        takes, remedy = at.wrong.takes, at.wrong.remedy or _remedy(X, at.X)
        return f"{start}{at.wrong.reaches} {where}, which takes {takes}; {remedy}."
    if watch.failed and not isinstance(error, _Stop):
        what = _function(*watch.failed)
        place = _where(net, watch.inside[-1] if watch.inside else "")
        return f"{start}in {place} {what}." if what else ""
    return ""


def _where(net: nn.Module, name: str) -> str:
    kind = class_of(net)
    if not name:
        return kind
    return f"layer {name} ({class_of(net.get_submodule(name))}) of {kind}"


def _remedy(X: Tensor, reached: Tensor) -> str:
    if reached.shape == X.shape:  # the input itself
        return f"build the net with in_channels={X.shape[1]}"
    channels = reached.shape[1 if reached.ndim > 1 else 0]
    return f"let that layer take {channels} channels"


def _function(name: str, given: Any) -> str:
    """What is wrong with the arguments of a function, by their shapes."""
    shapes = [tuple(X.shape) for X in tensors(given)]
    said = " and ".join(map(str, shapes))
    if name in MEETINGS and len(shapes) == 2 and not _broadcast(*shapes):
        return (
            f"tensors of shape {said} meet in {MEETINGS[name]}; let both paths end "
            "at one shape"
        )
    if name in ("cat", "concat", "concatenate", "stack") and len(set(shapes)) > 1:
        return (
            f"tensors of shape {said} are put together; let all agree but along the "
            "dimension that grows"
        )
    if name in ("matmul", "mm", "bmm", "linear") and len(shapes) > 1:
        return _product(name, shapes)
    if name.startswith("conv") and len(shapes) > 1 and "transpose" not in name:
        image, weights = shapes[:2]
        if len(image) == len(weights) and image[1] % weights[1]:
            return (
                f"{image[1]} channels meet weights of shape {weights}, which take "
                f"{weights[1]}; change either"
            )
    if name in ("view", "reshape", "unflatten") and shapes:
        numbers = math.prod(shapes[0])
        sizes = tuple(n for n in leaves(given) if type(n) is int)
        wanted = [n for n in sizes if n > 0]
        if wanted and numbers % math.prod(wanted):
            return (
                f"{name}{sizes} cannot hold the {numbers} numbers of "
                f"{shapes[0]}; change resize or these numbers"
            )
    return ""


def _product(name: str, shapes: list[tuple[int, ...]]) -> str:
    left, right = shapes[:2]
    if name == "linear":
        right = right[::-1]  # the weight is kept the other way round
    if not left or not right:
        return ""
    ends, begins = left[-1], right[-2 if len(right) > 1 else -1]
    if ends == begins:
        return ""
    return (
        f"{left} is multiplied by {right}, and {ends} is not {begins}; change resize "
        "or the second"
    )


def _broadcast(*shapes: tuple[int, ...]) -> bool:
    try:
        torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]
    except RuntimeError:
        return False
    return True


def _ordinal(net: nn.Module, layer: nn.Module) -> str:
    """Which of its kind a layer is, in words: "pool 3"."""
    pools = isinstance(layer, needs.POOLS)
    kind = needs.POOLS if pools else needs.CONVOLUTIONS
    same = [m for m in net.modules() if isinstance(m, kind)]
    number = 1 + next(i for i, m in enumerate(same) if m is layer)
    return f"{'pool' if pools else 'convolution'} {number}"


def _needed(net: nn.Module, X: Tensor) -> str:
    """The smallest square image that every window of ``net`` fits, in words."""
    empty = twin(net, real=False)

    def fits(size: int) -> bool:
        image = picture(empty, (2, X.shape[1], size, size), real=False)
        watch = _Watch()
        try:
            with watch.on(empty), watch, undisturbed():
                empty(image)
        except Exception:  # a net that fails later on has a window for this size
            return not (watch.at and watch.at.wrong and watch.at.wrong.window)
        return True

    if X.ndim != 4:
        return "use a larger resize"
    low = high = max(1, min(X.shape[-2:]))
    while not fits(high) and high < LARGEST:
        low, high = high, 2 * high
    if low == high or not fits(high):
        return "use a larger resize"
    least = low + bisect_left(range(low, high), True, key=fits)
    return f"the net needs at least {least} px"
