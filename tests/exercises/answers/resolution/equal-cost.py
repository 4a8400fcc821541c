"""Answers to resolution-equal-cost: what its check refuses, and what it accepts."""

RIGHT = {
    "by-module": """
import torch
from torch import nn


def narrow(kernel, channels):
    if kernel not in range(5, 1000, 2):
        raise ValueError("an odd kernel of at least 5, please.")

    def cost(size, widths):
        with torch.device("meta"):
            convs = [
                nn.Conv2d(widths[i], widths[i + 1], size)
                for i in range(len(widths) - 1)
            ]
        return sum(p.numel() for conv in convs for p in conv.parameters())

    target, found = cost(kernel, [1, channels]), {}
    for width in range(1, 2 * channels + 9):
        widths = [1, *[width] * (kernel // 2 - 1), channels]
        found[width] = abs(cost(3, widths) - target)
    return min(found, key=found.get)
""",
    "by-quadratic": """
import math


def narrow(kernel, channels):
    if kernel < 5 or kernel % 2 == 0:
        raise ValueError("no stack")
    a, b = 9 * (kernel // 2 - 2), kernel // 2 - 2 + 10 + 9 * channels
    c = channels - (kernel**2 + 1) * channels  # a·w² + b·w + c = 0 at equal cost
    root = -c / b if a == 0 else (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    low = max(1, math.floor(root))
    off = [abs(a * w * w + b * w + c) for w in (low, low + 1)]
    return low if off[0] <= off[1] else low + 1
""",
}
WRONG = {
    "always-below": (
        """
def narrow(kernel, channels):
    if kernel < 5 or kernel % 2 == 0:
        raise ValueError("no stack")
    width = 1
    while True:
        w = width + 1
        inner = (kernel // 2 - 2) * (9 * w + 1) * w
        if 10 * w + inner + (9 * w + 1) * channels > (kernel**2 + 1) * channels:
            return width
        width += 1
""",
        "narrow(5, 16): found 2, expected 3",
    ),
    "constant": (
        "def narrow(kernel, channels):\n    return {5: 3, 7: 4, 11: 6}[kernel]",
        "narrow(5, 4)",
    ),
    "accepts-everything": (
        """
def narrow(kernel, channels):
    target, layers = (kernel**2 + 1) * channels, kernel // 2

    def cost(w):
        return 10 * w + (layers - 2) * (9 * w + 1) * w + (9 * w + 1) * channels

    return min(range(1, 99), key=lambda w: abs(cost(w) - target))
""",
        "a kernel of 1",
    ),
    "one-layer-missing": (
        """
def narrow(kernel, channels):
    if kernel < 5 or kernel % 2 == 0:
        raise ValueError("no stack")
    target, layers = (kernel**2 + 1) * channels, kernel // 2

    def cost(w):
        return 10 * w + (layers - 3) * (9 * w + 1) * w + (9 * w + 1) * channels

    return min(range(1, 99), key=lambda w: abs(cost(w) - target))
""",
        "narrow(7, 16): found 5, expected 4",
    ),
    "forgets-return": (
        "def narrow(kernel, channels):\n    channels * kernel",
        "None",
    ),
}
CHANGED = {
    "weights-only": (
        "target = (kernel**2 + 1) * channels",
        "target = kernel**2 * channels",
        "narrow(5, 16): found 2, expected 3.",
    ),
    "larger-of-two-equals": (
        "return min(range(1, target),",
        "return min(range(target, 0, -1),",
        "narrow(5, 10): found 3, expected 2.",
    ),
    "one-layer-too-many": (
        "between = (kernel - 1) // 2 - 2",
        "between = (kernel - 1) // 2 - 1",
        "narrow(5, 16): found 2, expected 3.",
    ),
    "last-layer-free": (
        "return (9 + 1) * width + inner + (9 * width + 1) * channels",
        "return (9 + 1) * width + inner",
        "narrow(5, 16): found 42, expected 3.",
    ),
    "even-kernels-taken": (
        "if kernel < 5 or kernel % 2 == 0:",
        "if kernel < 5:",
        "a kernel of 6: returned 4 and raised nothing, expected ValueError.",
    ),
}
