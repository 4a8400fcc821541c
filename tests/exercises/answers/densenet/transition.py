"""Answers to densenet-transition: what a check must refuse, and what it must accept."""

_NET = """
from torch import nn


def cheap_transition(in_channels, out_channels):
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(in_channels, out_channels, 1),
    )
"""


def changed(old: str, new: str) -> str:
    """The right network, one thing changed."""
    assert old in _NET, old
    return _NET.replace(old, new)


RIGHT = {
    "reordered": """
from d2lmini.nets.densenet import transition
from torch import nn


def cheap_transition(in_channels, out_channels):
    norm, relu, conv, pool = transition(in_channels, out_channels)
    return nn.Sequential(norm, relu, pool, conv)
""",
    "pooled-by-a-kernel": """
from torch import nn


def cheap_transition(in_channels, out_channels):
    layers = [nn.BatchNorm2d(in_channels), nn.ReLU()]
    layers += [nn.AvgPool2d((2, 2), stride=2)]
    layers += [nn.Conv2d(in_channels, out_channels, kernel_size=(1, 1))]
    return nn.Sequential(*layers)
""",
}
WRONG = {
    "constant": (
        changed("nn.ReLU()", "nn.Threshold(1e9, 0.0)"),
        "cheap_transition(6, 3) on 8×8: found",
    ),
    "as-in-the-chapter": (
        "from d2lmini.nets.densenet import transition as cheap_transition",
        "multiply–adds: found 1152, expected 288",
    ),
    "max-pooling": (
        changed("nn.AvgPool2d(2)", "nn.MaxPool2d(2)"),
        "cheap_transition(6, 3) on 8×8: found",
    ),
    "pooled-before-the-relu": (
        """
from torch import nn


def cheap_transition(in_channels, out_channels):
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.AvgPool2d(2),
        nn.ReLU(),
        nn.Conv2d(in_channels, out_channels, 1),
    )
""",
        "cheap_transition(6, 3) on 8×8: found",
    ),
    "stride-instead-of-pooling": (
        changed("nn.AvgPool2d(2),", "").replace(
            "channels, 1)", "channels, 1, stride=2)"
        ),
        "cheap_transition(6, 3) on 8×8: found",
    ),
    "no-bias": (
        changed("channels, 1)", "channels, 1, bias=False)"),
        "shapes of its parameters in order",
    ),
    "no-pooling": (
        changed("nn.AvgPool2d(2),", ""),
        "found shape (2, 3, 8, 8), expected (2, 3, 4, 4)",
    ),
    "mutates-input": (
        changed("nn.BatchNorm2d(", "nn.ReLU(inplace=True), nn.BatchNorm2d("),
        "the function changed its input number 1 in place",
    ),
}
CHANGED = {
    "pooled-twice": (
        "nn.AvgPool2d(2),",
        ("nn.AvgPool2d(2),\n        nn.AvgPool2d(2),"),
        "3) on 8×8: found shape (2, 3, 2, 2), expected (2, 3, 4, 4).",
    ),
    "pooled-first": (
        ("nn.BatchNorm2d(in_channels),\n        nn.ReLU(),\n        nn.AvgPool2d(2),"),
        ("nn.AvgPool2d(2),\n        nn.BatchNorm2d(in_channels),\n        nn.ReLU(),"),
        "at [0, 0, 0, 0], expected 8.870591 (96 of 96 numbers differ).",
    ),
    "rounded-up": (
        "nn.AvgPool2d(2)",
        "nn.AvgPool2d(2, ceil_mode=True)",
        "4) on 7×7: found shape (2, 4, 4, 4), expected (2, 4, 3, 3).",
    ),
    "no-relu": (
        ("nn.ReLU(),\n        nn.AvgPool2d(2),"),
        "nn.AvgPool2d(2),",
        "at [0, 0, 0, 0], expected 8.870591 (96 of 96 numbers differ).",
    ),
    "every-second-place": (
        "nn.AvgPool2d(2)",
        "nn.AvgPool2d(1, stride=2)",
        "at [0, 0, 0, 0], expected 8.870591 (96 of 96 numbers differ).",
    ),
}
