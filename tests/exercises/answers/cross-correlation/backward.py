"""Answers to cross-correlation-backward: what a check must refuse, and accept."""

RIGHT = {
    "padded-and-turned": """
import torch
from torch.nn.functional import pad


def slopes(X, K, G):
    k_h, k_w = K.shape
    wide = pad(G, (k_w - 1, k_w - 1, k_h - 1, k_h - 1))
    return correlate(X, G), correlate(wide, K.flip(0, 1))
""",
    "four-loops": """
import torch


def slopes(X, K, G):
    in_kernel, in_picture = torch.zeros_like(K), torch.zeros_like(X)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            for a in range(K.shape[0]):
                for b in range(K.shape[1]):
                    in_kernel[a, b] += G[i, j] * X[i + a, j + b]
                    in_picture[i + a, j + b] += G[i, j] * K[a, b]
    return in_kernel, in_picture
""",
}
_SLOPES = """
import torch
from torch.nn.functional import pad


def slopes(X, K, G):
    k_h, k_w = K.shape
    wide = pad(G, (k_w - 1, k_w - 1, k_h - 1, k_h - 1))
    return {}
"""
_CASE = "a 3×3 picture and a 2×2 kernel"
WRONG = {
    "autograd": (
        """
import torch


def slopes(X, K, G):
    return torch.func.vjp(lambda K, X: correlate(X, K), K, X)[1](G)
""",
        f"{_CASE}: uses autograd, which this exercise does without.",
    ),
    "nothing": (
        "def slopes(X, K, G):\n    pass",
        f"{_CASE}: got None: did you forget `return`",
    ),
    "constant": (_SLOPES.format("0 * K, 0 * X"), f"{_CASE}, slopes in the kernel"),
    "swapped": (
        _SLOPES.format("correlate(wide, K.flip(0, 1)), correlate(X, G)"),
        f"{_CASE}, slopes in the kernel",
    ),
    "kernel-not-turned": (
        _SLOPES.format("correlate(X, G), correlate(wide, K)"),
        f"{_CASE}, slopes in the picture",
    ),
    "slopes-turned": (
        _SLOPES.format("correlate(X, G.flip(0, 1)), correlate(wide, K.flip(0, 1))"),
        f"{_CASE}, slopes in the kernel",
    ),
    "kernel-by-convolution": (
        _SLOPES.format("correlate(X, G).flip(0, 1), correlate(wide, K.flip(0, 1))"),
        f"{_CASE}, slopes in the kernel",
    ),
    "mean-for-sum": (
        _SLOPES.format("correlate(X, G) / G.numel(), correlate(wide, K.flip(0, 1))"),
        f"{_CASE}, slopes in the kernel",
    ),
    "one-only": (_SLOPES.format("(correlate(X, G),)"), "how many tensors"),
}
