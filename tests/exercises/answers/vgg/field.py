"""Answers to vgg-field: what a check must refuse, and what it must accept."""

RIGHT = {
    "backwards": """
def field(stages):
    pixels = 1
    for convs, _ in reversed(stages):
        pixels = 2 * pixels + 2 * convs
    return pixels
""",
    "by-module": """
from torch import nn

from d2lmini import summary
from d2lmini.nets.vgg import vgg_block


def field(stages):
    net = nn.Sequential(*(vgg_block(convs, 1, 1) for convs, _ in stages))
    return summary(net, (1, 512, 512)).rows[-1].field[1]
""",
}
WRONG = {
    "pooling-forgotten": (
        """
def field(stages):
    pixels, distance = 1, 1
    for convs, _ in stages:
        pixels += 2 * distance * convs
        distance *= 2
    return pixels
""",
        "the field of ((1, 64),): found 3, expected 4.",
    ),
    "distance-forgotten": (
        """
def field(stages):
    return 1 + sum(2 * convs + 1 for convs, _ in stages)
""",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 22, expected 150.",
    ),
    "constant": (
        "def field(stages):\n    return 4 if len(stages) == 1 else 150\n",
        "the field of ((1, 64), (1, 128)): found 150, expected 10",
    ),
    "pooling-first": (
        """
def field(stages):
    pixels, distance = 1, 1
    for convs, _ in stages:
        distance *= 2
        pixels += distance // 2 + 2 * distance * convs
    return pixels
""",
        "the field of ((1, 64),): found 6, expected 4.",
    ),
    "one-conv-a-block": (
        """
def field(stages):
    pixels, distance = 1, 1
    for _ in stages:
        pixels, distance = pixels + 3 * distance, 2 * distance
    return pixels
""",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 94, expected 150.",
    ),
}
CHANGED = {
    "pooling-first": (
        ("pixels += distance  # pooling windows of two\n        distance *= 2"),
        ("distance *= 2\n        pixels += distance"),
        "the field of ((1, 64),): found 5, expected 4.",
    ),
    "distance-never-grows": (
        "distance *= 2",
        "distance += 1",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 70, expected 150.",
    ),
    "every-block-has-one": (
        "2 * distance * convs",
        "2 * distance",
        "(1, 128), (2, 256), (2, 512), (2, 512)): found 94, expected 150.",
    ),
    "starts-at-zero": (
        "pixels, distance = 1, 1",
        "pixels, distance = 0, 1",
        "the field of ((1, 64),): found 3, expected 4.",
    ),
    "whole-kernels-added": (
        "2 * distance * convs",
        "3 * distance * convs",
        "the field of ((1, 64),): found 5, expected 4.",
    ),
}
