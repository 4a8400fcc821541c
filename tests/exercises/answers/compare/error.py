"""Answers to compare-error: what a check must refuse, and what it must accept."""

RIGHT = {
    "solved-for-the-pictures": """
from math import sqrt

error = sqrt(accuracy * (1 - accuracy) / pictures)
needed = accuracy * (1 - accuracy) / (error / 2) ** 2  # 10000.000000000002, say
""",
    "torch": """
import torch

p = torch.tensor(accuracy, dtype=torch.float64)
error = torch.sqrt(p * (1 - p)) / pictures**0.5
needed = pictures * 2**2
""",
    "by-hand": """
wrong = 1 - accuracy
variance = (accuracy * wrong**2 + wrong * accuracy**2) / pictures
error, needed = variance**0.5, pictures + 3 * pictures
""",
}
WRONG = {
    "constant": ("error, needed = 1, 1", "error: found 1"),
    "twice-the-pictures": (
        """
error = (accuracy * (1 - accuracy) / pictures) ** 0.5
needed = 2 * pictures
""",
        "needed: found",
    ),
    "of-one-picture": (
        """
error = (accuracy * (1 - accuracy)) ** 0.5
needed = 4 * pictures
""",
        "error: found",
    ),
    "the-interval": (
        """
error = 1.96 * (accuracy * (1 - accuracy) / pictures) ** 0.5
needed = 4 * pictures
""",
        "error: found",
    ),
    "no-root": (
        """
error = accuracy * (1 - accuracy) / pictures
needed = 4 * pictures
""",
        "error: found",
    ),
}
