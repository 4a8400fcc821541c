"""A copy of a network to try things on, of which nothing reaches the original."""

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized

from d2lmini.nets.borrowed import draws_kept

HOOKS = (
    *("_forward_hooks", "_forward_pre_hooks"),
    *("_backward_hooks", "_backward_pre_hooks"),
)
#: What a module keeps for itself, and what must never be shared with its copy.
OWN = ("_modules", "_parameters", "_buffers", *HOOKS)


def leaves(values: Any) -> Iterator[Any]:
    """What ``values`` hold, however deep in tuples, lists and dicts."""
    for value in values.values() if isinstance(values, Mapping) else values:
        if isinstance(value, (tuple, list, Mapping)):
            yield from leaves(value)
        else:
            yield value


def tensors(values: Any) -> Iterator[Tensor]:
    """The tensors among :func:`leaves`."""
    return (leaf for leaf in leaves(values) if isinstance(leaf, Tensor))


def class_of(layer: nn.Module) -> str:
    """The name of its class, for a parametrised layer of the one that it was of."""
    kind = type(layer)
    return (kind.__bases__[0] if is_parametrized(layer) else kind).__name__


def twin(net: nn.Module, *, real: bool) -> nn.Module:
    """``net`` once more, with tensors of its own and nobody else's hooks.

    ``real``: with its data, where they are; otherwise on the device "meta", where
    tensors have a shape and nothing else, so that the largest net costs nothing.
    Feature maps that the net has kept are copied too, which PyTorch itself refuses.
    PyTorch's own hooks (lazy layers, weight_norm, pruning) belong to the net and stay.
    """
    net = getattr(net, "_orig_mod", net)  # as it was before torch.compile
    memo: dict[int, Any] = {}
    for value in _within(net):
        if isinstance(value, Tensor):
            memo[id(value)] = _like(value, real)
        else:
            foreign = [h for h in _hooks(value) if not _is_torchs(h)]
            memo.update({id(hook): hook for hook in foreign})  # not copied: they go
    try:
        copied = copy.deepcopy(net, dict(memo))
    except Exception:  # a lock, an open file, a generator: shared
        copied = copy.deepcopy(net, memo | _uncopied(net, memo))
    for module in copied.modules():
        for name in HOOKS:
            held = getattr(module, name)
            for key in [k for k, hook in held.items() if not _is_torchs(hook)]:
                del held[key]
    return copied


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """No gradients, kernels that can be counted, and random states as they were."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    # mkldnn.flags() would set TF32 as well, and warn on processors that have none.
    set_flags: Any = torch.backends.mkldnn.set_flags  # untyped
    (onednn, *_) = set_flags(False)
    try:
        with draws_kept(), torch.no_grad():
            yield
    finally:
        set_flags(onednn)
        torch.backends.mha.set_fastpath_enabled(fused)


def picture(net: nn.Module, shape: tuple[int, ...], *, real: bool) -> Tensor:
    """An input of ``shape`` as ``net`` takes it: always the same noise, or no data."""
    held = (*net.parameters(), *net.buffers())
    plain: Any = {"dtype": torch.float32, "device": "cpu"}  # whatever the defaults are
    first = next((t for t in held if t.is_floating_point()), torch.empty(0, **plain))
    if not real:
        return torch.empty(shape, dtype=first.dtype, device="meta")
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(0), **plain)
    return noise.to(first.device, first.dtype)


def _within(value: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Modules and tensors that ``value`` holds, in lists and dicts as well."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (Tensor, nn.Module)):
        yield value
    if isinstance(value, nn.Module):
        value = vars(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple, set)):
        for part in value:
            yield from _within(part, seen)


def _like(X: Tensor, real: bool) -> Tensor:
    if is_lazy(X):
        lazy: Callable[..., Tensor] = type(X)
        return lazy(X.requires_grad, device=X.device if real else "meta", dtype=X.dtype)
    with torch.no_grad():
        new = X.detach().clone() if real else torch.empty_like(X, device="meta")
    return nn.Parameter(new, X.requires_grad) if isinstance(X, nn.Parameter) else new


def _hooks(module: nn.Module) -> Iterator[Any]:
    for name in HOOKS:
        yield from getattr(module, name).values()


def _is_torchs(hook: Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith("torch.")


def _uncopied(net: nn.Module, memo: dict[int, Any]) -> dict[int, Any]:
    """What modules hold that cannot be copied, each standing for itself."""
    shared = {}
    for module in net.modules():
        for name, value in vars(module).items():
            try:
                if name not in OWN:
                    copy.deepcopy(value, dict(memo))
            except Exception:
                shared[id(value)] = value
    return shared
