"""Answers to densenet-squeeze: what a check must refuse, and what it must accept."""

_NET = """
from torch import nn


def bottleneck(in_channels, growth):
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, 4 * growth, 1, bias=False),
        nn.BatchNorm2d(4 * growth),
        nn.ReLU(),
        nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
    )
"""


def changed(old: str, new: str) -> str:
    """The right network, one thing changed."""
    assert old in _NET, old
    return _NET.replace(old, new)


RIGHT = {
    "halves": """
from torch import nn


def half(i, o, k):
    conv = nn.Conv2d(i, o, k, padding="same", bias=False)
    return nn.Sequential(nn.BatchNorm2d(i), nn.ReLU(), conv)


def bottleneck(in_channels, growth):
    few = growth * squeeze
    return nn.Sequential(half(in_channels, few, 1), half(few, growth, 3))
""",
    "appended": """
from torch import nn


def bottleneck(in_channels, growth):
    net = nn.Sequential()
    for i, o, k in ((in_channels, squeeze * growth, 1), (squeeze * growth, growth, 3)):
        net.append(nn.BatchNorm2d(i))
        net.append(nn.LeakyReLU(0.0))
        net.append(nn.Conv2d(i, o, (k, k), padding=k // 2, bias=False))
    return net
""",
}
WRONG = {
    "constant": (
        changed(
            "nn.ReLU(),\n        nn.Conv2d(in",
            "nn.Threshold(1e9, 0.0),\n        nn.Conv2d(in",
        ),
        "bottleneck(5, 3): found",
    ),
    "no-padding": (
        changed(", padding=1", ""),
        "found shape (2, 3, 5, 4), expected (2, 3, 7, 6)",
    ),
    "with-biases": (
        changed(", bias=False", ""),
        "shapes of its parameters in order: found",
    ),
    "as-in-the-chapter": (
        """
from d2lmini.nets.densenet import conv_block as bottleneck
""",
        "shapes of its parameters in order: found",
    ),
    "quarter-instead-of-four-times": (
        changed("4 * growth", "in_channels // 4"),
        "shapes of its parameters in order, entry",
    ),
    "kernels-swapped": (
        changed("growth, 1, bias", "growth, 3, padding=1, bias").replace(
            "growth, growth, 3, padding=1", "growth, growth, 1"
        ),
        "shapes of its parameters in order, entry 5",
    ),
    "no-second-relu": (
        changed(
            "        nn.BatchNorm2d(4 * growth),\n        nn.ReLU(),\n",
            "        nn.BatchNorm2d(4 * growth),\n",
        ),
        "bottleneck(5, 3): found",
    ),
    "relu-first": (
        changed(
            "nn.BatchNorm2d(in_channels),\n        nn.ReLU()",
            "nn.ReLU(),\n        nn.BatchNorm2d(in_channels)",
        ),
        "bottleneck(5, 3): found",
    ),
    "mutates-input": (
        changed(
            "nn.BatchNorm2d(in_channels)",
            "nn.ReLU(inplace=True), nn.BatchNorm2d(in_channels)",
        ),
        "the function changed its input number 1 in place",
    ),
}
CHANGED = {
    "always-four": (
        (
            "nn.Conv2d(in_channels, squeeze * growth, kernel_size=1, bias=False),\n"
            "        nn.BatchNorm2d(squeeze * growth)"
        ),
        (
            "nn.Conv2d(in_channels, 5 * growth, kernel_size=1, bias=False),\n"
            "        nn.BatchNorm2d(5 * growth)"
        ),
        "order, entry 5, entry 0 in (15, 5, 1, 1): found 15, expected 12.",
    ),
    "convolve-first": (
        (
            "nn.BatchNorm2d(in_channels),\n"
            "        nn.ReLU(),\n"
            "        nn.Conv2d(in_channels, squeeze * growth, "
            "kernel_size=1, bias=False),"
        ),
        (
            "nn.Conv2d(in_channels, squeeze * growth, kernel_size=1, bias=False),\n"
            "        nn.BatchNorm2d(squeeze * growth),\n"
            "        nn.ReLU(),"
        ),
        "0: found (12, 5, 1, 1) with 4 entries, expected (5,) with 1.",
    ),
    "no-normalisation-inside": (
        (
            "nn.BatchNorm2d(squeeze * growth),\n"
            "        nn.ReLU(),\n"
            "        nn.Conv2d(squeeze"
        ),
        ("nn.ReLU(),\n        nn.Conv2d(squeeze"),
        "1, 1), (3, 12, 3, 3)) with 7 entries, expected a tuple with 12.",
    ),
    "leaky": (
        ("nn.BatchNorm2d(squeeze * growth),\n        nn.ReLU(),"),
        ("nn.BatchNorm2d(squeeze * growth),\n        nn.LeakyReLU(0.1),"),
        "at [0, 0, 0, 0], expected 0.7079261 (252 of 252 numbers differ).",
    ),
    "dilated": (
        "kernel_size=3, padding=1, bias=False",
        "kernel_size=3, padding=2, dilation=2, bias=False",
        "at [0, 0, 0, 0], expected 0.7079261 (252 of 252 numbers differ).",
    ),
}
