"""Answers to googlenet-one-kernel: what a check must refuse and must accept."""

RIGHT = {
    "pad": """
from torch.nn import functional as F


def as_large(weight):
    return F.pad(weight, [(size - weight.shape[-1]) // 2] * 4)
""",
    "loops": """
import torch


def as_large(weight):
    n_out, n_in, k, _ = weight.shape
    five = torch.zeros(n_out, n_in, size, size, dtype=weight.dtype)
    for i in range(k):
        for j in range(k):
            five[:, :, (size - k) // 2 + i, (size - k) // 2 + j] = weight[:, :, i, j]
    return five
""",
    "of-torchs-own-type": """
import torch


def as_large(weight):
    k = weight.shape[-1]
    large, border = torch.zeros(*weight.shape[:2], size, size), (size - k) // 2
    large[:, :, border : border + k, border : border + k] = weight
    return large
""",
}
WRONG = {
    "unchanged": (
        "def as_large(weight):\n    return weight",
        "1 of 6 cases are right",
    ),
    "nothing": (
        """
def as_large(weight):
    five = weight.new_zeros(*weight.shape[:2], 5, 5)
    five[:, :, 1:4, 1:4] = weight
""",
        "as_large of a weight of shape (4, 3, 3, 3): got None: did you forget `return`",
    ),
    "constant": (
        """
def as_large(weight):
    return weight.new_zeros(*weight.shape[:2], 5, 5)
""",
        "used in a convolution: found 0",
    ),
    "in-the-corner": (
        """
def as_large(weight):
    k = weight.shape[-1]
    five = weight.new_zeros(*weight.shape[:2], 5, 5)
    five[:, :, :k, :k] = weight
    return five
""",
        "as_large of a weight of shape (4, 3, 3, 3), used in a convolution: found",
    ),
    "flipped": (
        """
from torch.nn import functional as F


def as_large(weight):
    return F.pad(weight, [(5 - weight.shape[-1]) // 2] * 4).flip(2, 3)
""",
        "used in a convolution: found",
    ),
    "channels-turned": (
        """
from torch.nn import functional as F


def as_large(weight):
    return F.pad(weight.transpose(0, 1), [(5 - weight.shape[-1]) // 2] * 4)
""",
        "its shape",
    ),
    "3×3-only": (
        """
from torch.nn import functional as F


def as_large(weight):
    return F.pad(weight, (1, 1, 1, 1))
""",
        "as_large of a weight of shape (2, 3, 1, 1), its shape",
    ),
    "stretched": (
        """
from torch.nn import functional as F


def as_large(weight):
    return F.interpolate(weight, (5, 5))
""",
        "used in a convolution: found",
    ),
}
CHANGED = {
    "corner-below": (
        "large[:, :, border : border + k, border : border + k] = weight",
        "large[:, :, 5 - k :, 5 - k :] = weight",
        "at [0, 0, 0, 0], expected 1.463923 (336 of 336 numbers differ).",
    ),
    "rows-only-centred": (
        "border : border + k, border : border + k]",
        "border : border + k, :k]",
        "at [0, 0, 0, 0], expected 1.463923 (336 of 336 numbers differ).",
    ),
    "spread-thin": (
        "return large",
        "return large * (k * k / 25)",
        "at [0, 0, 0, 0], expected 1.463923 (336 of 336 numbers differ).",
    ),
    "repeated": (
        "large[:, :, border : border + k, border : border + k] = weight",
        "large[:] = weight.mean((2, 3), keepdim=True)",
        "at [0, 0, 0, 0], expected 1.463923 (336 of 336 numbers differ).",
    ),
    "edges-continued": (
        "large = weight.new_zeros(*weight.shape[:2], size, size)",
        "large = torch.nn.functional.pad(weight, [border] * 4, mode='replicate')",
        "at [0, 0, 0, 0], expected 1.463923 (336 of 336 numbers differ).",
    ),
}
