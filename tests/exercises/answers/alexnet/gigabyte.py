"""Answers to alexnet-gigabyte: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-module": """
import torch
from torch import nn

with torch.device("meta"):
    layers = nn.Linear(6400, 4096), nn.Linear(9216, 4096), nn.Linear(4096, 4096)
five, six, wide = (sum(p.numel() for p in m.parameters()) for m in layers)
stored, original = (bytes_each * (n + wide) / 10**6 for n in (five, six))
training = original * (2 + ["descent", "momentum", "Adam"].index(optimiser))
""",
    "rounded": """
stored = round((6401 + 4097) * 4096 * bytes_each / 1e6, 1)
original = round((9217 + 4097) * 4096 * bytes_each / 1e6, 1)
extra = {"descent": 0, "momentum": 1, "Adam": 2}[optimiser]
training = round((2 + extra) * (9217 + 4097) * 4096 * bytes_each / 1e6, 1)
""",
}
_START = """
stored = (6401 + 4097) * 4096 * bytes_each / 1e6
original = (9217 + 4097) * 4096 * bytes_each / 1e6
"""
WRONG = {
    "numbers-for-bytes": (
        """
stored = (6401 + 4097) * 4096 / 1e6
original = (9217 + 4097) * 4096 / 1e6
training = 3 * original
""",
        "stored, in MB",
    ),
    "one-layer": (
        "stored = 6401 * 4096 * bytes_each / 1e6\noriginal = training = stored",
        "stored, in MB",
    ),
    "two-to-the-twentieth": (
        _START.replace("1e6", "2**20") + "training = 3 * original",
        "stored, in MB",
    ),
    "one-map": (
        """
stored = (6401 + 4097) * 4096 * bytes_each / 1e6
original = (36 + 1 + 4097) * 4096 * bytes_each / 1e6
training = 3 * original
""",
        "original, in MB",
    ),
    "without-the-gradient": (_START + "training = 2 * original", "training, in MB"),
    "of-this-chapter": (_START + "training = 3 * stored", "training, in MB"),
}
