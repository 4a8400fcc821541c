"""Answers to densenet-toy: what a check must refuse, and what it must accept."""

RIGHT = {
    "built": """
import torch
from d2lmini.nets.densenet import DenseBlock

block = DenseBlock(convs, in_channels, growth)
shape = block(torch.rand(4, in_channels, side, side)).shape
seen = block.convs[-1][0].num_features
""",
    "counted": """
seen = out = in_channels
for i in range(convs):
    seen = out
    out = out + growth
shape = [4, out, side, side]
""",
}
_SHAPE = "shape = (4, in_channels + convs * growth, side, side)\n"
WRONG = {
    "constant": (
        "shape = (4, 10, 8, 8)\nseen = 13",
        "shape, entry 1 in (4, 10, 8, 8): found 10, which is too low.",
    ),
    "input-lost": (
        "shape = (4, convs * growth, side, side)\nseen = 13",
        "shape, entry 1 in (4, 20, 8, 8): found 20, which is too low.",
    ),
    "own-output-seen": (
        _SHAPE + "seen = in_channels + convs * growth",
        "seen: found 23, which is too high.",
    ),
    "only-the-newest-seen": (
        _SHAPE + "seen = growth",
        "seen: found 10, which is too low.",
    ),
    "channels-last": (
        "shape = (4, side, side, in_channels + convs * growth)\nseen = 13",
        "shape, entry 1",
    ),
    "nothing": ("shape = seen = None", "shape: got None"),
}
