"""How large the gradient is when it reaches each layer of a network."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached

from d2lmini.analysis.given import of_gradients, of_images, of_logits
from d2lmini.arguments import classes
from d2lmini.nets.borrowed import asked, dtype_of
from d2lmini.nets.misfit import Misfit, explain_misfit, is_network
from d2lmini.nets.needs import CONVOLUTIONS, TRANSPOSED


def gradient_sizes(net: nn.Module, X: Tensor, y: Tensor) -> dict[str, float]:
    """Root mean square of the gradient of each layer's weights, first layer first.

    The gradient is that of the mean cross entropy on one batch, ``X`` float
    (N, C, H, W), or of another form that the net takes, such as (N, features), and
    ``y`` int64 (N,), in evaluation mode, so that no dropout blurs it.  Layers are
    called conv 1, conv 2, …, dense 1, … as they run.  Those that are frozen or that
    ``net(X)`` does not use are left out.  ``net`` and the random states stay as they
    were.  Raises TypeError for what is no net, no images, no labels or no logits, and
    ValueError for a net without such layers, for one that does not give a row of logits
    for each image or that no gradient comes through, for images that do not fit or are
    no finite floats, and for NaN or infinity in what comes out.
    """
    is_network("net", net)
    of_images("X", X, net)
    y = classes("y", y, "give the labels of the batch, int64 (N,)")
    last = _last(X, y)
    layers = _layers(net)
    device = next(net.parameters(), X).device
    with torch.inference_mode(False):
        X = X.detach().to(device, dtype_of(net, X.dtype)).clone()
        y = y.to(device).clone()
    with (
        _explained(net, X),
        asked(net, X),
        torch.enable_grad(),
        cached(),  # a parametrised weight is otherwise another tensor at each look
        _noted(layers) as ran,
    ):
        logits = net(X)
        of_logits(net, logits, len(X))
        if last >= logits.shape[1]:
            raise ValueError(
                f"the net has {logits.shape[1]} outputs and there is a label {last}: "
                "let its last layer have one output for each class."
            )
        loss = F.cross_entropy(logits, y)
        weights = _weights(net, ran | dict.fromkeys(layers))
        slopes = _slopes(loss, weights)
    if not slopes:
        raise ValueError(
            f"no gradient comes from the loss to the weights: {type(net).__name__} "
            "cuts it off, as detach(), no_grad() or a checkpoint without "
            "use_reentrant=False does; take that out of its forward."
        )
    of_gradients(net, *slopes.values())
    return {
        name: float(slope.cpu().double().square().mean().sqrt())  # as small as they are
        for name, slope in slopes.items()
    }


def _last(X: Tensor, y: Tensor) -> int:
    """The last class in ``y``; ValueError unless it has one for each image of ``X``."""
    if X.ndim < 2 or (X.ndim < 4 and y.numel() == 1 != len(X)):
        raise _no_batch(X)
    if y.shape != X.shape[:1]:
        raise ValueError(
            f"y is {tuple(y.shape)} for {len(X)} images: give one label for each, (N,)."
        )
    if not len(y):
        raise ValueError("the batch is empty: give one image at least.")
    if (least := int(y.min())) < 0:
        raise ValueError(f"there is a label {least}: give classes from 0.")
    return int(y.max())


def _no_batch(X: Tensor) -> ValueError:
    """How ``X`` becomes a batch of images."""
    made = {
        2: ", of one grey image X[None, None], of flat ones X.unflatten(1, (C, H, W))",
        3: ", of one image X[None], of grey ones X[:, None]",
    }.get(X.ndim, "")
    return ValueError(f"X is {tuple(X.shape)}: give a batch (N, C, H, W){made}.")


@contextlib.contextmanager
def _explained(net: nn.Module, X: Tensor) -> Iterator[None]:
    """As :func:`explain_misfit` does, but for what is not even of the usual form."""
    try:
        with explain_misfit(net, X):
            yield
    except Misfit:
        if X.ndim == 4:
            raise
        raise _no_batch(X) from None


def _layers(net: nn.Module) -> Sequence[nn.Module]:
    """The convolutions and dense layers; ValueError if there are none."""
    kinds = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)
    if layers := [layer for layer in net.modules() if isinstance(layer, kinds)]:
        return layers
    raise ValueError(
        f"{type(net).__name__} has no convolution and no dense layer: there is no "
        "gradient to measure."
    )


@contextlib.contextmanager
def _noted(layers: Iterable[nn.Module]) -> Iterator[dict[nn.Module, None]]:
    """Within, those of ``layers`` that have run, in the order in which they did."""
    ran: dict[nn.Module, None] = {}

    def note(layer: nn.Module, _X: Any, _out: Any) -> None:
        ran.setdefault(layer)

    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        yield ran
    finally:
        for hook in hooks:
            hook.remove()


def _weights(net: nn.Module, layers: Iterable[Any]) -> dict[str, Tensor]:
    """The weights that learn, by the layer's name, as the pass before has used them."""
    seen = {"conv": 0, "dense": 0}
    weights: dict[str, Tensor] = {}
    for layer in layers:
        kind = "dense" if isinstance(layer, nn.Linear) else "conv"
        seen[kind] += 1
        if layer.weight.requires_grad:
            weights[f"{kind} {seen[kind]}"] = layer.weight
    if not weights:
        raise ValueError(
            f"every layer of {type(net).__name__} is frozen: there is no gradient to "
            "measure; set requires_grad of some weights."
        )
    return weights


def _slopes(loss: Tensor, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The gradients with respect to those of ``weights`` that ``loss`` hangs on."""
    if not loss.requires_grad:
        return {}
    slopes = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    named = zip(weights, slopes, strict=True)
    return {name: slope for name, slope in named if slope is not None}
