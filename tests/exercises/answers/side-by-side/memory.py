"""Answers to side-by-side-memory: what a check must refuse, and what it must accept."""

RIGHT = {
    "layer-by-layer": """
numbers = 0
for maps in (side, side, side // 2):  # convolution, ReLU, pooling
    numbers += channels * maps * maps
megabytes = numbers * batch_size * width / 1_000_000
""",
    "run": """
import torch
from torch import nn

X, numbers = torch.zeros(1, 1, side, side), 0
for layer in (nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)):
    X = layer(X)
    numbers += X.numel()
megabytes = numbers * batch_size * width / 1e6
""",
}
_TRUE = "(2 * channels * side**2 + channels * (side // 2) ** 2)"
WRONG = {
    "constant": ("megabytes = 1", "megabytes: found 1, which is too low."),
    "one-picture": (f"megabytes = {_TRUE} * width / 1e6", "megabytes: found"),
    "no-relu": (
        "megabytes = (channels * side**2 + channels * (side // 2) ** 2)"
        " * batch_size * width / 1e6",
        "megabytes: found",
    ),
    "in-bytes": (f"megabytes = {_TRUE} * batch_size * width", "megabytes: found"),
    "binary": (
        f"megabytes = {_TRUE} * batch_size * width / 2**20",
        "megabytes: found",
    ),
    "text": ("megabytes = '57.8'", "which is no number"),
}
