"""Answers to padding-and-stride-sizes: what a check must refuse and must accept."""

RIGHT = {
    "tried-out": """
import torch

weight = torch.zeros(1, 1, kernel)
found = []
for n in range(kernel, 200):
    Y = torch.conv1d(torch.zeros(1, 1, n), weight, stride=stride, padding=padding)
    if Y.shape[2] == rows:
        found.append(n)
smallest, largest = min(found), max(found)
""",
    "from-the-largest": """
padded = rows * stride + kernel  # one row too many: another window would fit
largest = padded - 1 - 2 * padding
smallest = largest - (stride - 1)
""",
}

WRONG = {
    "constant": (
        "smallest, largest = 56, 56",
        "smallest picture for 14 rows: found 56",
    ),
    "only-one-height": (
        "smallest = largest = (rows - 1) * stride + kernel - 2 * padding",
        "largest picture for 14 rows: found 53, which is too low.",
    ),
    "one-too-many": (
        """
smallest = (rows - 1) * stride + kernel - 2 * padding
largest = smallest + stride
""",
        "largest picture for 14 rows: found 57, which is too high.",
    ),
    "padding-on-one-side": (
        """
smallest = (rows - 1) * stride + kernel - padding
largest = smallest + stride - 1
""",
        "smallest picture for 14 rows: found 55, which is too high.",
    ),
    "swapped": (
        """
largest = (rows - 1) * stride + kernel - 2 * padding
smallest = largest + stride - 1
""",
        "smallest picture for 14 rows: found 56, which is too high.",
    ),
    "rows-times-stride": (
        """
smallest = rows * stride
largest = smallest + stride - 1
""",
        "smallest picture for 14 rows: found 56, which is too high.",
    ),
}
