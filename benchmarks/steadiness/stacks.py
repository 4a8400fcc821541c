"""Random stacks of the ordinary layers against what really happens in them."""

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.steadiness.parts import Attempt, Part, Wrong
from d2lmini import summary

LARGEST = 256  # pixels a side: beyond, no size is named
_WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
Sizes = tuple[int, ...]


def _pair(own: random.Random, low: int, high: int) -> Any:
    if own.random() < 0.7:
        return own.randint(low, high)
    return own.randint(low, high), own.randint(low, high)


def _window(own: random.Random, channels: int) -> tuple[nn.Module, int]:
    """A convolution or pooling, and how many channels leave it."""
    kernel, stride = _pair(own, 1, 5), _pair(own, 1, 2)
    if own.random() < 0.35:
        kernel = _pair(own, 1, 3)
        if own.random() < 0.5:
            return nn.AvgPool2d(kernel, stride, ceil_mode=own.random() < 0.2), channels
        dilation = own.choice((1, 1, 2))
        return nn.MaxPool2d(kernel, stride, 0, dilation), channels
    groups = own.choice([g for g in (1, 1, 2, channels) if channels % g == 0])
    out = groups * own.randint(1, 3)
    options = {"padding": _pair(own, 0, 2), "dilation": own.choice((1, 1, 1, 2))}
    if own.random() < 0.1:
        options, stride = {"padding": "same"}, 1
    bias = own.random() < 0.8
    layer = nn.Conv2d(
        *(channels, out, kernel, stride), groups=groups, bias=bias, **options
    )
    return layer, out


class Stack(NamedTuple):
    """A net, the images it is for, and whether something in it cannot fit."""

    net: nn.Sequential
    shape: Sizes


def stack(own: random.Random) -> Stack:
    """Windows with what usually stands between them; at most one mistake."""
    channels, side = own.randint(1, 4), own.choice((8, 12, 16, 28, 32))
    shape = (channels, side, side + own.choice((0, 0, 0, 4)))
    layers: list[nn.Module] = []
    mistake = own.choice(("none", "none", "channels", "features"))
    wrong_at = own.randint(0, 4)
    for place in range(own.randint(1, 6)):
        given = channels + (mistake == "channels" and place == wrong_at)
        layer, channels = _window(own, given)
        block = [layer]
        if own.random() < 0.4:
            block.append(nn.BatchNorm2d(channels))
        block += [nn.ReLU()] if own.random() < 0.5 else []
        block += [nn.Dropout(0.2)] if own.random() < 0.2 else []
        layers += [nn.Sequential(*block)] if own.random() < 0.25 else block
    if own.random() < 0.6:
        layers += [nn.Flatten(), *_head(own, layers, shape, mistake == "features")]
    return Stack(nn.Sequential(*layers), shape)


def _head(
    own: random.Random, layers: list[nn.Module], shape: Sizes, wrong: bool
) -> list[nn.Module]:
    """A dense layer of as many features as come, where that can be told."""
    try:
        with torch.no_grad():
            out = nn.Sequential(*layers).eval()(torch.zeros(1, *shape))
    except RuntimeError:
        return []
    hidden = own.randint(2, 8)
    first = nn.Linear(out.numel() + wrong, hidden)
    return [first, nn.ReLU(), nn.Linear(hidden, 10)]


def leaves(net: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers in their order, by their names."""
    for name, layer in net.named_children():
        if isinstance(layer, nn.Sequential):
            yield from leaves(layer, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", layer


class Walk(NamedTuple):
    """What a real pass met, layer by layer; ``misfit`` is where it ended."""

    shapes: dict[str, Sizes]
    multiply_adds: dict[str, int]
    misfit: tuple[str, nn.Module] | None


@torch.no_grad()
def walk(net: nn.Module, shape: Sizes) -> Walk:
    """Apply layer after layer to zeros."""
    X, shapes, costs = torch.zeros(1, *shape), {}, {}
    for name, layer in leaves(net.eval()):
        try:
            X = layer(X)
        except RuntimeError:
            return Walk(shapes, costs, (name, layer))
        shapes[name], costs[name] = tuple(X.shape), _multiply_adds(layer, X)
    return Walk(shapes, costs, None)


def _multiply_adds(layer: nn.Module, out: Tensor) -> int:
    """Each number of the output is a sum of so many products."""
    if isinstance(layer, nn.Conv2d):
        kernel = layer.kernel_size[0] * layer.kernel_size[1]
        return out.numel() * kernel * layer.in_channels // layer.groups
    return out.numel() * layer.in_features if isinstance(layer, nn.Linear) else 0


def _parameters(layer: nn.Module) -> int:
    """By the formulas of a textbook."""
    if isinstance(layer, nn.Conv2d):
        kernel = layer.kernel_size[0] * layer.kernel_size[1]
        inputs = kernel * layer.in_channels // layer.groups
        return layer.out_channels * (inputs + (layer.bias is not None))
    if isinstance(layer, nn.Linear):
        return layer.out_features * (layer.in_features + 1)
    return 2 * layer.num_features if isinstance(layer, nn.BatchNorm2d) else 0


def _stacks(folder: Path) -> Attempt:
    def attempt(number: int, own: random.Random) -> str:
        torch.manual_seed(number)
        net, shape = stack(own)
        real = walk(net, shape)
        try:
            found = summary(net, shape)
        except ValueError as error:
            if not real.misfit:
                raise Wrong("refused though it fits", error) from None
            return _check_misfit(net, shape, real, str(error))
        if real.misfit:
            raise Wrong("accepted though it misfits", real.misfit)
        for row in found.rows:
            _check_row(net, row, real)
        if found.parameters != sum(p.numel() for p in net.parameters()):
            raise Wrong("wrong total", found.parameters)
        if found.multiply_adds != sum(real.multiply_adds.values()):
            raise Wrong("wrong total", found.multiply_adds)
        return "fit, all right"

    return attempt


def _check_row(net: nn.Module, row: Any, real: Walk) -> None:
    inside = [n for n in real.shapes if n == row.name or n.startswith(f"{row.name}.")]
    layers = dict(leaves(net))
    if row.shape != real.shapes[inside[-1]]:
        raise Wrong("wrong row", f"{row}: {real.shapes[inside[-1]]}")
    parameters = sum(_parameters(layers[name]) for name in inside)
    costs = sum(real.multiply_adds[name] for name in inside)
    if (row.parameters, row.multiply_adds) != (parameters, costs):
        raise Wrong("wrong row", f"{row}: {parameters}, {costs}")


def _check_misfit(net: nn.Module, shape: Sizes, real: Walk, text: str) -> str:
    assert real.misfit
    name, layer = real.misfit
    if f"layer {name} ({type(layer).__name__})" not in text:
        raise Wrong("another layer named", f"{text} It is {name}.")
    if not _windows_fit(net, shape[0], LARGEST):
        return "misfit, layer right"  # a second mistake hides what would do
    named = re.search(r"at least (\d+) px", text)
    size = int(named[1]) if named else LARGEST
    if not _windows_fit(net, shape[0], size):
        raise Wrong("wrong size named", f"{size} px does not do")
    if _windows_fit(net, shape[0], size - 1) and (named or "larger resize" in text):
        raise Wrong("wrong size named", f"{size - 1} px would do")
    return f"misfit, layer {'and size ' * bool(named)}right"


def _windows_fit(net: nn.Module, channels: int, side: int) -> bool:
    """Whether every window has room in images of so many pixels a side."""
    misfit = walk(net, (channels, side, side)).misfit
    return not misfit or not isinstance(misfit[1], _WINDOWS)


def _fields(folder: Path) -> Attempt:
    def attempt(number: int, own: random.Random) -> str:
        channels, layers = own.randint(1, 2), []
        torch.manual_seed(number)
        first = channels
        for _ in range(own.randint(1, 5)):
            layer, channels = _window(own, channels)
            layers += [layer, nn.ReLU()] if own.random() < 0.5 else [layer]
        net = nn.Sequential(*layers)
        wanted, side = _true_field(net, first)
        found = summary(net, (first, side, side)).rows[-1].field
        if found != wanted:
            raise Wrong("wrong field", f"{found}, and it is {wanted}: {net}")
        return "right"

    return attempt


def _true_field(net: nn.Sequential, channels: int) -> tuple[tuple[int, int], int]:
    """The pixels that reach a number in the middle, and the side they needed.

    Every weight is one and every maximum a sum, so that no gradient is lost; the
    image is so large that one of twice the size says the same.
    """
    summing = nn.Sequential(*(_sum(layer) for layer in net)).double()
    side, before = 32, None
    while (found := _reaching(summing, channels, side)) is None or found != before:
        side, before = 2 * side, found
    return found, side


def _reaching(net: nn.Module, channels: int, side: int) -> tuple[int, int] | None:
    """Height and width of what has a gradient; None where the edge is met."""
    X = torch.ones(1, channels, side, side, dtype=torch.double, requires_grad=True)
    if not _runs(net, X):
        return None
    out = net(X)
    out[0, :, out.shape[-2] // 2, out.shape[-1] // 2].sum().backward()
    assert X.grad is not None
    seen = X.grad[0].abs().sum(0) > 0
    rows, columns = (seen.any(d).nonzero().flatten().tolist() for d in (1, 0))
    edges = {0, side - 1}
    if not rows or edges & {*rows, *columns}:
        return None
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def _runs(net: nn.Module, X: Tensor) -> bool:
    try:
        with torch.no_grad():
            net(X)
    except RuntimeError:
        return False
    return True


def _sum(layer: nn.Module) -> nn.Module:
    if isinstance(layer, nn.Conv2d):
        twin = copy.deepcopy(layer)
        nn.init.ones_(twin.weight)
        return twin
    if not isinstance(layer, nn.MaxPool2d):
        return nn.Identity() if isinstance(layer, nn.ReLU) else layer
    return _Summed(layer)


class _Summed(nn.Module):
    """Sums over the windows of a max pooling, channel by channel."""

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.options = (pool.stride, pool.padding, pool.dilation)
        size = pool.kernel_size
        self.size = size if isinstance(size, tuple) else (size, size)

    def forward(self, X: Tensor) -> Tensor:
        ones = X.new_ones(X.shape[1], 1, *self.size)
        return nn.functional.conv2d(X, ones, None, *self.options, groups=X.shape[1])


PARTS = {
    "stacks": Part(
        *("random stacks: shapes, costs, misfits", 3000, 50, _stacks),
        (
            *("wrong row", "wrong total", "refused though it fits"),
            *("accepted though it misfits", "another layer named", "wrong size named"),
        ),
    ),
    "fields": Part(
        *("receptive fields against gradients", 1000, 30, _fields, ("wrong field",))
    ),
}
