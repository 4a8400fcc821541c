"""Answers to alexnet-size: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-counting-windows": """
def windows(n, kernel, stride):
    return len(range(0, n - kernel + 1, stride))


first = windows(size, 11, 4)
second = windows(first, 3, 2)
third = windows(second, 3, 2)
rows = (first, second, third, windows(third, 3, 2))
features = 256 * rows[3] * rows[3]
fits = rows[3] == 5
""",
    "by-running": """
import torch
from torch import nn

rows, X = [], torch.zeros(1, 1, size, size)
for layer in (nn.Conv2d(1, 1, 11, 4), *[nn.MaxPool2d(3, 2)] * 3):
    X = layer(X)
    rows.append(X.shape[-1])
features = rows[-1] ** 2 * 256
fits = features == 6400
""",
}
WRONG = {
    "rounding-up": (
        """
import math

rows = [math.ceil((size - 11) / 4) + 1]
for _ in range(3):
    rows.append(math.ceil((rows[-1] - 3) / 2) + 1)
features, fits = 256 * rows[-1] ** 2, False
""",
        "rows after conv 1 and the three pooling layers, entry 0",
    ),
    "halved": (
        """
rows = [(size - 11) // 4 + 1]
for _ in range(3):
    rows.append(rows[-1] // 2)
features, fits = 256 * rows[-1] ** 2, False
""",
        "rows after conv 1 and the three pooling layers, entry",
    ),
    "not-squared": (
        "rows, features, fits = (38, 18, 8, 3), 256 * 3, False",
        "features: found 768, which is too low.",
    ),
    "as-at-224": (
        "rows, features, fits = (54, 26, 12, 5), 6400, True",
        "found 54",
    ),
    "fits-as-a-number": (
        "rows, features, fits = (38, 18, 8, 3), 2304, 0",
        "fits: found 0, which is no truth value.",
    ),
    "fits-all": (
        "rows, features, fits = (38, 18, 8, 3), 2304, True",
        "fits: found True, which is not right.",
    ),
}
