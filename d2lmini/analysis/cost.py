"""What a network costs before anything is measured."""

import contextlib
from typing import Any, NamedTuple

from torch import Tensor, nn

from d2lmini.analysis.summary import summary
from d2lmini.arguments import image_shape
from d2lmini.nets.misfit import walk
from d2lmini.nets.twin import tensors


class Cost(NamedTuple):
    """Counts for one picture."""

    parameters: int
    multiply_adds: int  # as summary counts them
    activations: int  # numbers that training keeps for the way back


def cost(net: nn.Module, input_shape: tuple[int, int, int], *rest: object) -> Cost:
    """What ``net`` needs for one picture, ``input_shape`` (channels, height, width).

    Activations are the elements that all layers put out in which no other layer
    runs; one that hands its input on (flatten, identity) makes none, and what the
    net computes with functions in place of layers is not counted.  Four bytes each
    in float32.  Nothing is computed, unless the ``forward`` of the net asks for
    values; the net and the random state stay as they are.  Raises TypeError for what
    is no network, and ValueError, naming the layer, for a shape that does not fit.
    """
    plain = image_shape("input_shape", input_shape, *rest)
    found = summary(net, plain)
    # In training mode, where dropout keeps a tensor too.
    made = walk(net, plain, _activations, training=True)
    return Cost(found.parameters, found.multiply_adds, made)


def _activations(net: nn.Module, X: Tensor) -> int:
    """The elements that the innermost layers make of one picture.

    Some networks train on several pictures alone: a normalisation refuses one whose
    maps are down to single numbers, and what makes pairs may leave nothing of it.
    Of several, all layers make what they share and as much again for each picture.
    """
    made: list[int] = []
    open_layers: list[bool] = []  # for each that runs, whether it is an innermost one

    def begin(layer: nn.Module, args: object) -> None:
        open_layers[-1:] = [False] * len(open_layers[-1:])
        open_layers.append(True)

    def end(layer: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        if open_layers.pop():
            before = {_memory(X) for X in tensors((args, kwargs))}
            new = (Y for Y in tensors([out]) if _memory(Y) not in before)
            made.extend(Y.numel() for Y in new)

    def of(pictures: int) -> list[int]:
        made.clear()
        open_layers.clear()
        net(X.repeat(pictures, 1, 1, 1))
        return made

    for name, layer in net.named_modules():
        if "parametrizations" not in name.split("."):
            layer.register_forward_pre_hook(begin)
            layer.register_forward_hook(end, with_kwargs=True)
    with contextlib.suppress(Exception):  # whatever a forward raises
        if all(of(1)):
            return sum(made)
    two, four = sum(of(2)), sum(of(4))
    return (3 * two - four) // 2


def _memory(X: Tensor) -> int:
    """The same for tensors that share their memory."""
    return int(X.untyped_storage()._cdata)
