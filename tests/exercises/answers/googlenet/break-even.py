"""Answers to googlenet-break-even: what a check refuses, and what it accepts."""

RIGHT = {
    "by-search": """
def most_narrow(n_in, n_out, k):
    narrow = 0
    while (narrow + 1) * (n_in + n_out * k * k) < n_in * n_out * k * k:
        narrow += 1
    return narrow
""",
    "ceil": """
import math
from fractions import Fraction


def most_narrow(n_in, n_out, k):
    limit = 1 / (Fraction(1, n_in) + Fraction(1, n_out * k * k))
    return math.ceil(limit) - 1
""",
    "numpy": """
import numpy as np


def most_narrow(n_in, n_out, k):
    limit = n_in * n_out * k * k / np.int64(n_in + n_out * k * k)
    return np.ceil(limit).astype(int) - 1
""",
    "a-decimal": """
import torch


def most_narrow(n_in, n_out, k):
    return torch.tensor(n_in * n_out * k**2 / (n_in + n_out * k**2)).ceil() - 1
""",
}
WRONG = {
    "nothing": (
        "def most_narrow(n_in, n_out, k):\n    pass",
        "most_narrow(192, 32, 5): got None: did you forget `return`",
    ),
    "a-fraction": (
        "def most_narrow(n_in, n_out, k):\n"
        "    return n_in * n_out * k * k / (n_in + n_out * k * k)",
        "most_narrow(192, 32, 5): found 154.8387, which is no whole number.",
    ),
    "too-many": (
        "def most_narrow(n_in, n_out, k):\n    return 10**30",
        "whether it is from 0 to 153600: found False",
    ),
    "equal-counts-too": (
        "def most_narrow(n_in, n_out, k):\n"
        "    return n_in * n_out * k * k // (n_in + n_out * k * k)",
        "most_narrow(64, 64, 1), whether 32 channels pay",
    ),
    "half-of-the-input": (
        "def most_narrow(n_in, n_out, k):\n    return n_in // 2",
        "most_narrow(192, 32, 5), whether 97 channels pay",
    ),
    "kernel-not-squared": (
        "def most_narrow(n_in, n_out, k):\n"
        "    return (n_in * n_out * k - 1) // (n_in + n_out * k)",
        "most_narrow(192, 32, 5), whether",
    ),
    "narrow-reads-the-window": (
        "def most_narrow(n_in, n_out, k):\n"
        "    return (n_in * n_out - 1) // (n_in + n_out)",
        "most_narrow(192, 32, 5), whether",
    ),
    "one-at-least": (
        "def most_narrow(n_in, n_out, k):\n"
        "    return max(1, (n_in * n_out * k * k - 1) // (n_in + n_out * k * k))",
        "most_narrow(1, 8, 3), whether 1 channels pay",
    ),
}
