"""Answers to inception-nearest: what a check must refuse and must accept."""

RIGHT = {
    "shared-out": """
import torch


def nearest_pair(kernel):
    left, sizes, right = torch.linalg.svd(kernel, full_matrices=False)
    root = sizes[0].sqrt()
    return -root * right[0], -root * left[:, 0]
""",
    "power-iteration": """
import torch


def nearest_pair(kernel):
    row = torch.ones(len(kernel), dtype=kernel.dtype)
    row = row + torch.arange(len(kernel)) / 10  # at right angles to nothing
    for _ in range(3000):
        row = kernel.T @ (kernel @ row)
        row = row / row.norm()
    return row, kernel @ row
""",
}
_SVD = """
import torch


def nearest_pair(kernel):
    left, sizes, right = torch.linalg.svd(kernel)
    return {result}
"""
WRONG = {
    "nothing-returned": (
        _SVD.format(result="None"),
        "got None: did you forget `return`",
    ),
    "exchanged": (
        _SVD.format(result="sizes[0] * left[:, 0], right[0]"),
        "column times row: found",
    ),
    "without-the-size": (
        _SVD.format(result="right[0], left[:, 0]"),
        "column times row: found",
    ),
    "columns-of-the-right": (
        _SVD.format(result="right[:, 0], sizes[0] * left[:, 0]"),
        "column times row: found",
    ),
    "the-smallest": (
        _SVD.format(result="right[-1], sizes[-1] * left[:, -1]"),
        "column times row: found",
    ),
    "means": (
        """
def nearest_pair(kernel):
    return kernel.mean(0), kernel.mean(1) / kernel.mean()
""",
        "Sobel's kernel, column times row: found nan",
    ),
    "as-matrices": (
        _SVD.format(result="right[:1], sizes[0] * left[:, :1]"),
        "shape of the row: found (1, 3)",
    ),
    "a-kernel": (
        _SVD.format(result="sizes[0] * torch.outer(left[:, 0], right[0])"),
        "whether it returns a pair: found False, expected True",
    ),
    "in-place": (
        """
import torch


def nearest_pair(kernel):
    left, sizes, right = torch.linalg.svd(kernel)
    kernel -= sizes[0] * torch.outer(left[:, 0], right[0])
    return right[0], sizes[0] * left[:, 0]
""",
        "changed its input number 1 in place",
    ),
}
CHANGED = {
    "size-in-both": (
        "return right[0], sizes[0] * left[:, 0]",
        "return sizes[0] * right[0], sizes[0] * left[:, 0]",
        "found 3.464102 at [0, 0], expected 1 (6 of 9 numbers differ).",
    ),
    "second-pair": (
        "return right[0], sizes[0] * left[:, 0]",
        "return right[1], sizes[1] * left[:, 1]",
        "-2.266233e-16 at [0, 0], expected 1 (6 of 9 numbers differ).",
    ),
    "root-only-once": (
        "sizes[0] * left[:, 0]",
        "sizes[0].sqrt() * left[:, 0]",
        "found 0.537285 at [0, 0], expected 1 (6 of 9 numbers differ).",
    ),
    "row-of-the-left": (
        "sizes[0] * left[:, 0]",
        "sizes[0] * left[0]",
        "found -2.236068 at [1, 0], expected 2 (4 of 9 numbers differ).",
    ),
    "middle-row": (
        (
            "left, sizes, right = torch.linalg.svd(kernel)\n"
            "    return right[0], sizes[0] * left[:, 0]"
        ),
        (
            "middle = len(kernel) // 2\n"
            "    row = kernel[middle]\n"
            "    return row, kernel @ row / row.square().sum().clamp(min=1e-9)"
        ),
        "1.085239 at [0, 0], expected 1.378691 (9 of 9 numbers differ).",
    ),
}
