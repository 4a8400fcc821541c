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
    "zero-bias-and-state": """
import torch
from torch import nn


def average_layer(channels, window, stride, padding):
    kernel = torch.ones(channels, 1, window, window)
    state = {"weight": kernel / kernel[0].sum(), "bias": torch.zeros(channels)}
    layer = nn.Conv2d(channels, channels, window, stride, padding, groups=channels)
    layer.load_state_dict(state)
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
        "average_layer(3, 3, 2, 1), output",
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
        "average_layer(3, 3, 2, 1), number of weights: found 81, expected 27",
    ),
    "bias-kept": (
        _CONV.format(
            settings="stride, padding, groups=channels",
            weights="nn.init.constant_(layer.weight, 1 / window**2)",
        ),
        "average_layer(1, 2, 2, 0), output",
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
        "kind of layer: found 'AvgPool2d', expected 'Conv2d'",
    ),
    "no-return": (
        "def average_layer(channels, window, stride, padding):\n    pass",
        "kind of layer: found 'NoneType'",
    ),
}
