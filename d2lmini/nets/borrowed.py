"""A network that a function borrows comes back as it was."""

import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


@contextlib.contextmanager
def borrowed(net: nn.Module) -> Iterator[None]:
    """Afterwards each layer is in the mode that it was in, and the weights lie in
    memory as they lay; what they are may have changed."""
    with modes_kept(net), layout_kept(net):
        yield


@contextlib.contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Every layer in evaluation mode meanwhile, and afterwards as it was.

    ``net.train(was_training)`` would set all layers alike, and so thaw one that was
    frozen on purpose.
    """
    with modes_kept(net):
        net.eval()
        yield


@contextlib.contextmanager
def modes_kept(net: nn.Module) -> Iterator[None]:
    """Afterwards each layer is in the mode, training or evaluation, that it was in."""
    modes = {layer: layer.training for layer in net.modules()}
    try:
        yield
    finally:
        for layer, training in modes.items():
            layer.training = training


@contextlib.contextmanager
def layout_kept(net: nn.Module) -> Iterator[None]:
    """Afterwards the weights lie in memory in the order that they lay in."""
    strides = {weight: weight.stride() for weight in net.parameters()}
    try:
        yield
    finally:
        for weight, before in strides.items():
            if weight.stride() != before and weight.ndim == len(before):
                data = torch.empty_strided(
                    weight.shape, before, dtype=weight.dtype, device=weight.device
                )
                weight.data = data.copy_(weight.data)


@contextlib.contextmanager
def state_kept(net: nn.Module) -> Iterator[None]:
    """Afterwards the buffers hold what they held, and are the tensors that they were,
    and so are the other attributes of each layer; the weights are not looked at."""
    layers = [(m, dict(vars(m)), dict(m._buffers.items())) for m in net.modules()]
    contents = [(buffer, buffer.clone()) for buffer in net.buffers() if _open(buffer)]
    try:
        yield
    finally:
        for layer, attributes, buffers in layers:
            _put_back(vars(layer), attributes)
            _put_back(layer._buffers, buffers)
        with torch.no_grad():
            for buffer, content in contents:
                buffer.copy_(content)


def _put_back(held: Any, before: dict[str, Any]) -> None:
    """Make ``held`` what it was, and leave alone what has stayed."""
    for name in set(held.keys()) - set(before):
        del held[name]
    for name, value in before.items():
        if name not in held or held[name] is not value:
            held[name] = value


@contextlib.contextmanager
def draws_kept() -> Iterator[None]:
    """Afterwards the generators of PyTorch, NumPy and Python are where they were."""
    python, numpy = random.getstate(), np.random.get_state(legacy=False)
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(range(torch.cuda.device_count() if in_use else 0)):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextlib.contextmanager
def asked(net: nn.Module, X: Tensor) -> Iterator[None]:
    """Within, ``net`` is to be asked about ``X``, in evaluation mode and in its own
    precision; afterwards the two, and all that draws, are as they were.

    Only lazy layers stay as the first pass, which is made here, has left them.
    ValueError for a network on the device "meta".
    """
    refuse_meta(X)
    with (
        torch.inference_mode(False),
        torch.autocast(X.device.type, enabled=False),
        draws_kept(),
        evaluating(net),
    ):
        if any(map(is_lazy, (*net.parameters(), *net.buffers()))):
            with torch.no_grad():
                net(X)
        with state_kept(net):
            yield


def refuse_meta(*tensors: Tensor) -> None:
    """ValueError for what a network holds, or is to get, on the device "meta"."""
    if any(X.is_meta for X in tensors):
        raise ValueError(
            "the network is on the device meta, where nothing is computed: give one "
            "with weights."
        )


def dtype_of(net: nn.Module, otherwise: torch.dtype = torch.float32) -> torch.dtype:
    """What ``net`` computes in: the type of its first weights that are fractions."""
    types = (p.dtype for p in net.parameters())
    return next((t for t in types if t.is_floating_point), otherwise)


def _open(buffer: Tensor) -> bool:
    """Whether anybody can change it in place: not numbers that stand for several."""
    sides = zip(buffer.stride(), buffer.shape, strict=True)
    several = any(step == 0 and size > 1 for step, size in sides)
    return not several and (
        torch.is_inference_mode_enabled() or not buffer.is_inference()
    )


def lay_out(net: nn.Module, layout: torch.memory_format) -> None:
    """Put the weights of convolutions in another order in memory; values stay.

    A weight that shares its memory with another stays where it is.
    """
    shared = Counter(_memory(t) for t in (*net.parameters(), *net.buffers()))
    for weight in net.parameters():
        whole = weight.untyped_storage().nbytes() == weight.nbytes
        if weight.ndim == 4 and whole and shared[_memory(weight)] == 1:
            weight.data = weight.data.contiguous(memory_format=layout)


def _memory(X: Tensor) -> int:
    return X.untyped_storage().data_ptr()
