"""Answers to pooling-average: what a check must refuse, and what it must accept."""

RIGHT = {
    "own-weight": """
import torch
from torch import nn


def average_layer(channels, window, stride, padding):
    layer = nn.Conv2d(
        channels,
        channels,
        kernel_size=window,
        stride=stride,
        padding=padding,
        groups=channels,
    )
    layer.weight = nn.Parameter(torch.full_like(layer.weight, window**-2))
    layer.bias = None
    return layer
""",
    "state": """
import torch
from torch import nn


def average_layer(channels, window, stride, padding):
    kernel = torch.ones(channels, 1, window, window)
    size = window, stride, padding
    layer = nn.Conv2d(channels, channels, *size, groups=channels, bias=False)
    layer.load_state_dict({"weight": kernel / kernel[0].sum()})
    return layer
""",
}
_CONV = """
from torch import nn


def average_layer(channels, window, stride, padding):
    layer = nn.Conv2d(channels, channels, window, {settings})
    {weights}
    return layer
"""
WRONG = {
    "constant": (
        _CONV.format(
            settings="stride, padding, groups=channels, bias=False",
            weights="nn.init.zeros_(layer.weight)",
        ),
        "average_layer(1, 2, 2, 0), output: found 0",
    ),
    "window-not-squared": (
        _CONV.format(
            settings="stride, padding, groups=channels, bias=False",
            weights="nn.init.constant_(layer.weight, 1 / window)",
        ),
        "average_layer(1, 2, 2, 0), output",
    ),
    "channels-mixed": (
        _CONV.format(
            settings="stride, padding, bias=False",
            weights="nn.init.constant_(layer.weight, 1 / window**2)",
        ),
        "{'weight': (3, 3, 3, 3)}, expected {'weight': (3, 1, 3, 3)}.",
    ),
    "one-kernel-for-each-pair": (
        """
import torch
from torch import nn


def average_layer(channels, window, stride, padding):
    layer = nn.Conv2d(channels, channels, window, stride, padding, bias=False)
    eye = torch.eye(channels)[:, :, None, None] / window**2
    layer.weight.data[:] = eye
    return layer
""",
        "{'weight': (3, 3, 3, 3)}, expected {'weight': (3, 1, 3, 3)}.",
    ),
    "bias-kept": (
        _CONV.format(
            settings="stride, padding, groups=channels",
            weights="nn.init.constant_(layer.weight, 1 / window**2)",
        ),
        "(1, 1, 2, 2), 'bias': (1,)}, expected {'weight': (1, 1, 2, 2)}.",
    ),
    "padding-and-stride-swapped": (
        _CONV.format(
            settings="padding or 2, stride, groups=channels, bias=False",
            weights="nn.init.constant_(layer.weight, 1 / window**2)",
        ),
        "found shape",
    ),
    "torchs-own": (
        """
from torch import nn


def average_layer(channels, window, stride, padding):
    return nn.AvgPool2d(window, stride, padding)
""",
        "2, 2, 0), its type: found nn.AvgPool2d, expected nn.Conv2d.",
    ),
    "no-return": (
        "def average_layer(channels, window, stride, padding):\n    pass",
        "2, 2, 0): got None: did you forget `return`",
    ),
}
CHANGED = {
    "a-bias-at-zero": (
        ("bias=False\n    )"),
        ("bias=True\n    )\n    nn.init.zeros_(layer.bias)"),
        "(1, 1, 2, 2), 'bias': (1,)}, expected {'weight': (1, 1, 2, 2)}.",
    ),
    "frozen": (
        "return layer",
        "return layer.requires_grad_(False)",
        "0), whether training may change it: found False, expected True.",
    ),
    "sums": (
        "1 / window**2",
        "1.0",
        "at [0, 0, 0, 0], expected 4.487704 (96 of 96 numbers differ).",
    ),
    "padding-not-counted": (
        "return layer",
        ("layer.padding_mode = 'replicate'\n    return layer"),
        "at [0, 0, 0, 0], expected 2.1905 (126 of 336 numbers differ).",
    ),
    "a-layer-in-disguise": (
        "return layer",
        (
            "class Conv2d(nn.AvgPool2d):\n"
            "        weight = layer.weight\n"
            "\n"
            "    return Conv2d(window, stride, padding)"
        ),
        "its type: found __main__.average_layer.<locals>.Conv2d, expected nn.Conv2d.",
    ),
}
