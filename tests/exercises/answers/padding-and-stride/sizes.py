"""Answers to padding-and-stride-sizes: what a check must refuse and must accept."""

RIGHT = {
    "tried-out": """
import torch

weight = torch.zeros(1, 1, kernel_h)
found = []
for n in range(kernel_h, 200):
    Y = torch.conv1d(torch.zeros(1, 1, n), weight, stride=stride_h, padding=padding_h)
    if Y.shape[2] == rows:
        found.append(n)
smallest, largest = min(found), max(found)
""",
    "from-the-largest": """
padded = rows * stride_h + kernel_h  # one row too many: another window would fit
largest = padded - 1 - 2 * padding_h
smallest = largest - (stride_h - 1)
""",
}

WRONG = {
    "constant": (
        "smallest, largest = 56, 56",
        "smallest picture for 14 rows: found 56",
    ),
    "only-one-height": (
        "smallest = largest = (rows - 1) * stride_h + kernel_h - 2 * padding_h",
        "largest picture for 14 rows: found 53, which is too low.",
    ),
    "one-too-many": (
        """
smallest = (rows - 1) * stride_h + kernel_h - 2 * padding_h
largest = smallest + stride_h
""",
        "largest picture for 14 rows: found 57, which is too high.",
    ),
    "padding-on-one-side": (
        """
smallest = (rows - 1) * stride_h + kernel_h - padding_h
largest = smallest + stride_h - 1
""",
        "smallest picture for 14 rows: found 55, which is too high.",
    ),
    "swapped": (
        """
largest = (rows - 1) * stride_h + kernel_h - 2 * padding_h
smallest = largest + stride_h - 1
""",
        "smallest picture for 14 rows: found 56, which is too high.",
    ),
    "rows-times-stride": (
        """
smallest = rows * stride_h
largest = smallest + stride_h - 1
""",
        "smallest picture for 14 rows: found 56, which is too high.",
    ),
}
