"""Answers to alexnet-gigabyte: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-module": """
import torch
from torch import nn

with torch.device("meta"):
    layers = nn.Linear(6400, 4096), nn.Linear(9216, 4096), nn.Linear(4096, 4096)
five, six, wide = (sum(p.numel() for p in m.parameters()) for m in layers)
stored_mb, original_mb = (bytes_each * (n + wide) / 10**6 for n in (five, six))
training_mb = original_mb * (2 + ["descent", "momentum", "Adam"].index(optimiser))
""",
    "rounded": """
stored_mb = round((6401 + 4097) * 4096 * bytes_each / 1e6, 1)
original_mb = round((9217 + 4097) * 4096 * bytes_each / 1e6, 1)
extra = {"descent": 0, "momentum": 1, "Adam": 2}[optimiser]
training_mb = round((2 + extra) * (9217 + 4097) * 4096 * bytes_each / 1e6, 1)
""",
}
_START = """
stored_mb = (6401 + 4097) * 4096 * bytes_each / 1e6
original_mb = (9217 + 4097) * 4096 * bytes_each / 1e6
"""
WRONG = {
    "numbers-for-bytes": (
        """
stored_mb = (6401 + 4097) * 4096 / 1e6
original_mb = (9217 + 4097) * 4096 / 1e6
training_mb = 3 * original_mb
""",
        "stored_mb",
    ),
    "one-layer": (
        "stored_mb = original_mb = training_mb = 6401 * 4096 * bytes_each / 1e6",
        "stored_mb",
    ),
    "two-to-the-twentieth": (
        _START.replace("1e6", "2**20") + "training_mb = 3 * original_mb",
        "stored_mb",
    ),
    "one-map": (
        """
stored_mb = (6401 + 4097) * 4096 * bytes_each / 1e6
original_mb = (36 + 1 + 4097) * 4096 * bytes_each / 1e6
training_mb = 3 * original_mb
""",
        "original_mb",
    ),
    "without-the-gradient": (_START + "training_mb = 2 * original_mb", "training_mb"),
    "of-this-chapter": (_START + "training_mb = 3 * stored_mb", "training_mb"),
}
