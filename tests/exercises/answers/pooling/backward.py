"""Answers to pooling-backward: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-indices": """
import torch
from torch.nn import functional as F


def slopes(X, G, window, stride):
    index = F.max_pool2d(X[None, None], window, stride, return_indices=True)[1]
    flat = torch.zeros_like(X).flatten()
    return flat.index_add(0, index.flatten(), G.flatten()).view_as(X)
""",
    "pixel-by-pixel": """
import torch


def slopes(X, G, window, stride):
    back = torch.zeros_like(X)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            best, place = None, None
            for a in range(i * stride, i * stride + window):
                for b in range(j * stride, j * stride + window):
                    if best is None or X[a, b] > best:
                        best, place = X[a, b], (a, b)
            back[place] += G[i, j]
    return back
""",
}
_SLOPES = """
import torch


def slopes(X, G, window, stride):
    back = torch.zeros_like(X)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            rows = slice(i * stride, i * stride + window)
            columns = slice(j * stride, j * stride + window)
            part = X[rows, columns]
            {}
    return back
"""
_SIDE = "6×8 pixels, windows of 2×2 side by side"
_PLACE = (
    "row, column = divmod(int(part.flatten().argmax()), window); "
    "back[i * stride + row, j * stride + column] {} G[i, j]"
)
WRONG = {
    "autograd": (
        """
import torch
from torch.nn import functional as F


def slopes(X, G, window, stride):
    A = X.clone().requires_grad_()
    F.max_pool2d(A[None, None], window, stride)[0, 0].backward(G)
    return A.grad
""",
        f"{_SIDE}: uses autograd, which this exercise does without.",
    ),
    "constant": ("def slopes(X, G, window, stride):\n    return 0 * X", _SIDE),
    "average": (
        _SLOPES.format("back[rows, columns] += G[i, j] / window**2"),
        _SIDE,
    ),
    "last-window-wins": (_SLOPES.format(_PLACE.format("=")), "3×3 that overlap"),
    "all-of-the-equal": (
        _SLOPES.format("back[rows, columns] += G[i, j] * (part == part.max())"),
        "that are all the same",
    ),
    "equal-ones-share": (
        _SLOPES.format(
            "top = part == part.max(); back[rows, columns] += G[i, j] * top / top.sum()"
        ),
        "that are all the same",
    ),
    "stride-is-the-window": (
        _SLOPES.format(_PLACE.format("+=")).replace("* stride", "* window"),
        "3×3 that overlap",
    ),
    "largest-times-slope": (
        _SLOPES.format(_PLACE.format("+=") + " * part.max()"),
        _SIDE,
    ),
}
