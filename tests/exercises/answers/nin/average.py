"""Answers to nin-average: what a check must refuse, and what it must accept."""

RIGHT = {
    "loops": """
import torch


def global_average(maps):
    N, C, H, W = maps.shape
    means = torch.zeros(N, C, dtype=maps.dtype)
    for i in range(H):
        for j in range(W):
            means += maps[:, :, i, j]
    return means / (H * W)
""",
    "einsum": """
import torch


def global_average(maps):
    places = maps.shape[2] * maps.shape[3]
    return torch.einsum("nchw->nc", maps) / places
""",
    "twice": """
def global_average(maps):
    return maps.mean(3).mean(2)
""",
}
WRONG = {
    "nothing": ("def global_average(maps):\n    maps.mean((2, 3))", "got None"),
    "the-largest": (
        "def global_average(maps):\n    return maps.amax((2, 3))",
        "global_average of maps (2, 10, 5, 5): found",
    ),
    "not-divided": (
        "def global_average(maps):\n    return maps.sum((2, 3))",
        "global_average of maps (2, 10, 5, 5): found",
    ),
    "square-only": (
        "def global_average(maps):\n    return maps.sum((2, 3)) / maps.shape[2] ** 2",
        "global_average of maps (3, 4, 2, 6): found",
    ),
    "shape-kept": (
        "def global_average(maps):\n    return maps.mean((2, 3), keepdim=True)",
        "found shape (2, 10, 1, 1), expected (2, 10)",
    ),
    "over-the-channels": (
        "def global_average(maps):\n    return maps.mean((1, 2))",
        "found shape (2, 5), expected (2, 10)",
    ),
    "in-place": (
        """
def global_average(maps):
    maps /= maps.shape[2] * maps.shape[3]
    return maps.sum((2, 3))
""",
        "changed its input number 1 in place",
    ),
}
CHANGED = {
    "pooled-by-torch": (
        "H, W = maps.shape[2:]",
        (
            "return torch.nn.functional.adaptive_avg_pool2d(maps, 1).flatten(1)\n"
            "    H, W = maps.shape[2:]"
        ),
        "5): uses pooling, which this exercise does without.",
    ),
    "pooled-by-a-layer": (
        "H, W = maps.shape[2:]",
        (
            "return torch.nn.AvgPool2d(maps.shape[2:])(maps).flatten(1)\n"
            "    H, W = maps.shape[2:]"
        ),
        "(2, 10, 5, 5): uses pooling, which this exercise does without.",
    ),
    "median": (
        "maps.sum(dim=(2, 3)) / (H * W)",
        "maps.flatten(2).median(-1).values",
        "at [0, 0], expected -0.1189522 (20 of 20 numbers differ).",
    ),
    "divided-by-height": (
        "(H * W)",
        "H**2",
        "at [0, 0], expected 0.2558504 (12 of 12 numbers differ).",
    ),
    "of-the-batch": (
        "maps.sum(dim=(2, 3)) / (H * W)",
        "maps.mean((0, 2, 3)).expand(len(maps), -1)",
        "at [0, 0], expected -0.1189522 (20 of 20 numbers differ).",
    ),
}
