"""Answers to resnet-skip: what a check must refuse, and what it must accept."""

RIGHT = {
    "built": """
import torch
from d2lmini.nets.resnet import Residual

block = Residual(in_channels, out_channels, stride).eval()
needed = len(list(block.skip.parameters())) > 0
shape = tuple(block(torch.zeros(1, in_channels, side, side)).shape[1:])
""",
    "rounded-up": """
import math

same = in_channels == out_channels and stride == 1
needed = not same
shape = [out_channels, math.ceil(side / stride), math.ceil(side / stride)]
""",
}
_SHAPE = "shape = (out_channels, -(-side // stride), -(-side // stride))\n"
WRONG = {
    "constant": (
        "needed = False\n" + _SHAPE,
        "needed: found False, which is not right.",
    ),
    "channels-only": (
        "needed = in_channels != out_channels\n" + _SHAPE,
        "needed: found False, which is not right.",
    ),
    "a-number": ("needed = 1\n" + _SHAPE, "needed: found 1, which is no truth value."),
    "rounded-down": (
        "needed = True\nshape = (out_channels, side // stride, side // stride)",
        "shape (channels, height, width), entry 1",
    ),
    "channels-last": (
        "needed = True\nshape = (7, 7, out_channels)",
        "shape (channels, height, width), entry 0",
    ),
    "with-the-batch": (
        "needed = True\nshape = (1, out_channels, 7, 7)",
        "height, width): found (1, 64, 7, 7), which has too many entries.",
    ),
    "nothing": ("needed, shape = True, None", "got None"),
}
