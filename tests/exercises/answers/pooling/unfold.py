"""Answers to pooling-unfold: what a check must refuse, and what it must accept."""

RIGHT = {
    "views": """
import torch
from torch.nn import functional as F


def pool(X, window, stride, padding):
    never = float("-inf" if extreme == "largest" else "inf")
    X = F.pad(X, (padding, padding, padding, padding), value=never)
    windows = X.unfold(2, window, stride).unfold(3, window, stride)
    return (windows.amax if extreme == "largest" else windows.amin)((-2, -1))
""",
    "channels-as-pictures": """
import torch
from torch.nn import functional as F


def pool(X, window, stride, padding):
    N, C, H, W = X.shape
    h = (H + 2 * padding - window) // stride + 1
    w = (W + 2 * padding - window) // stride + 1
    sign = 1 if extreme == "largest" else -1
    X = sign * X
    big = X.new_full((N * C, 1, H + 2 * padding, W + 2 * padding), -torch.inf)
    big[:, 0, padding : padding + H, padding : padding + W] = X.reshape(N * C, H, W)
    columns = F.unfold(big, window, stride=stride)
    return sign * columns.max(1).values.reshape(N, C, h, w)
""",
    "loops": """
import torch


def pool(X, window, stride, padding):
    N, C, H, W = X.shape
    h = (H + 2 * padding - window) // stride + 1
    w = (W + 2 * padding - window) // stride + 1
    Y = X.new_empty(N, C, h, w)
    for i in range(h):
        for j in range(w):
            a, b = i * stride - padding, j * stride - padding
            rows, columns = slice(max(a, 0), a + window), slice(max(b, 0), b + window)
            seen = X[:, :, rows, columns].flatten(2)
            Y[:, :, i, j] = seen.amax(2) if extreme == "largest" else seen.amin(2)
    return Y
""",
}
_UNFOLD = """
import torch
from torch.nn import functional as F


def pool(X, window, stride, padding):
    C = X.shape[1]
    {pad}
    columns = F.unfold(X, window, stride={stride})
    height = (X.shape[2] - window) // {stride} + 1
    {windows}
    return {result}
"""
_PAD = 'X = F.pad(X, [padding] * 4, value=float("-inf"))'
_WINDOWS = "windows = columns.unflatten(1, (C, -1)).amax(2)"
_RESULT = "windows.unflatten(2, (height, -1))"
WRONG = {
    "constant": (
        """
def pool(X, window, stride, padding):
    return X.max()
""",
        "X of shape (1, 1, 4, 4), window 2, stride 2, padding 0: found shape ()",
    ),
    "zeros-in-the-padding": (
        _UNFOLD.format(
            pad="X = F.pad(X, [padding] * 4)",
            stride="stride",
            windows=_WINDOWS,
            result=_RESULT,
        ),
        "padding 1: found 0 at [0, 0, 0, 0]",
    ),
    "channels-interleaved": (
        _UNFOLD.format(
            pad=_PAD,
            stride="stride",
            windows="windows = columns.unflatten(1, (-1, C)).amax(1)",
            result=_RESULT,
        ),
        "X of shape (2, 3, 7, 10), window 3",
    ),
    "transposed": (
        _UNFOLD.format(
            pad=_PAD, stride="stride", windows=_WINDOWS, result=f"{_RESULT}.mT"
        ),
        "X of shape (1, 1, 4, 4), window 2, stride 2, padding 0: found",
    ),
    "stride-is-the-window": (
        _UNFOLD.format(pad=_PAD, stride="window", windows=_WINDOWS, result=_RESULT),
        "X of shape (2, 3, 7, 10), window 3, stride 2, padding 1: found shape",
    ),
    "off-by-one": (
        _UNFOLD.format(
            pad=_PAD, stride="stride", windows=_WINDOWS, result=f"{_RESULT}[..., 1:]"
        ),
        "X of shape (1, 1, 4, 4), window 2, stride 2, padding 0: found shape",
    ),
    "mean": (
        _UNFOLD.format(
            pad=_PAD,
            stride="stride",
            windows=_WINDOWS.replace("amax", "mean"),
            result=_RESULT,
        ),
        "X of shape (1, 1, 4, 4)",
    ),
    "mutates-input": (
        """
from torch.nn import functional as F


def pool(X, window, stride, padding):
    least = X.min()
    X -= least
    return F.max_pool2d(F.pad(X, [padding] * 4), window, stride) + least
""",
        "2, padding 0: uses pooling, which this exercise does without.",
    ),
}
CHANGED = {
    "minus-hundred": (
        "value=-torch.inf",
        "value=-100.0",
        "[0, 0, 0, 0], expected -7.257808e+12 (24 of 32 numbers differ).",
    ),
    "minus-a-billion": (
        "value=-torch.inf",
        "value=-1e9",
        "[0, 0, 0, 0], expected -7.257808e+12 (24 of 32 numbers differ).",
    ),
    "torchs-own": (
        "columns = F.unfold(X, window, stride=stride)",
        (
            "return F.max_pool2d(X, window, stride)\n"
            "    columns = F.unfold(X, window, stride=stride)"
        ),
        "2, padding 0: uses pooling, which this exercise does without.",
    ),
    "torchs-layer": (
        "columns = F.unfold(X, window, stride=stride)",
        (
            "return torch.nn.MaxPool2d(window, stride)(X)\n"
            "    columns = F.unfold(X, window, stride=stride)"
        ),
        "2, padding 0: uses pooling, which this exercise does without.",
    ),
    "edges-repeated": (
        "X = F.pad(sign * X, [padding] * 4, value=-torch.inf)",
        "X = F.pad(X, [padding] * 4, value=float(X.min())).clamp(min=-50)",
        "[0, 0, 0, 0], expected -7.257808e+12 (32 of 32 numbers differ).",
    ),
}
