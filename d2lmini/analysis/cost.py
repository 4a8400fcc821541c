"""What a network costs before anything is measured."""

from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

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
    """The elements that the innermost layers make in a pass."""
    made = 0
    open_layers: list[bool] = []  # for each that runs, whether it is an innermost one

    def begin(layer: nn.Module, args: object) -> None:
        open_layers[-1:] = [False] * len(open_layers[-1:])
        open_layers.append(True)

    def end(layer: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        nonlocal made
        if open_layers.pop():
            before = {_memory(X) for X in tensors((args, kwargs))}
            new = (Y for Y in tensors([out]) if _memory(Y) not in before)
            made += sum(Y.numel() for Y in new)

    for name, layer in net.named_modules():
        if isinstance(layer, _BatchNorm):
            layer.eval()  # else it refuses a picture whose maps are down to one number
        if "parametrizations" not in name.split("."):
            layer.register_forward_pre_hook(begin)
            layer.register_forward_hook(end, with_kwargs=True)
    net(X)
    return made


def _memory(X: Tensor) -> int:
    """The same for tensors that share their memory."""
    return int(X.untyped_storage()._cdata)
