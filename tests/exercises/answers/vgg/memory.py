"""Answers to vgg-memory: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-summary": """
import torch
from torch import nn

from d2lmini import nets, summary

with torch.device("meta"):
    blocks = list(nets.vgg11(ratio=ratio, size=size))[:5]
    layers = nn.Sequential(*(layer for block in blocks for layer in block))
rows = summary(layers, (1, size, size)).rows
given = [row.shape[1] * row.shape[2] ** 2 for row in rows if row.layer == "Conv2d"]
numbers, early = sum(given), sum(given[:2]) / sum(given)
megabytes = batch * numbers / 250_000
""",
    "one-by-one": """
sides = [size // 2**i for i in (0, 1, 2, 2, 3, 3, 4, 4)]
channels = [c // ratio for c in (64, 128, 256, 256, 512, 512, 512, 512)]
given = [c * s * s for c, s in zip(channels, sides)]
numbers = sum(given)
megabytes, early = round(numbers * batch * 4e-6, 3), round(sum(given[:2]) / numbers, 4)
""",
}
_COUNT = """
sides = [size // 2**i for i in {sides}]
channels = [c // ratio for c in (64, 128, 256, 256, 512, 512, 512, 512)]
given = [c * s * s for c, s in zip(channels, sides)]
numbers = sum(given)
megabytes, early = numbers * batch * {bytes}, sum(given[:{first}]) / numbers
"""
_SIDES = "(0, 1, 2, 2, 3, 3, 4, 4)"
WRONG = {
    "after-the-pooling": (
        _COUNT.format(sides="(1, 2, 3, 3, 4, 4, 5, 5)", bytes="4e-6", first=2),
        "numbers for one picture",
    ),
    "one-a-block": (
        """
channels = (64, 128, 256, 512, 512)
given = [c // ratio * (size // 2**i) ** 2 for i, c in enumerate(channels)]
numbers = sum(given)
megabytes, early = numbers * batch * 4e-6, sum(given[:2]) / numbers
""",
        "numbers for one picture",
    ),
    "bits": (
        _COUNT.format(sides=_SIDES, bytes="32e-6", first=2),
        "megabytes for a batch",
    ),
    "two-to-the-twentieth": (
        _COUNT.format(sides=_SIDES, bytes="4 / 2**20", first=2),
        "megabytes for a batch",
    ),
    "first-block-alone": (
        _COUNT.format(sides=_SIDES, bytes="4e-6", first=1),
        "early, a share",
    ),
}
