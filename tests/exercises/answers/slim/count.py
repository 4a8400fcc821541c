"""Answers to slim-count: what a check must refuse, and what it must accept."""

_LOOP = """
def multiply_adds(plan):
    total, maps, side = 0, 1, plan.size
    for channels, kernel, stride, pool in plan.stages:
        pad = kernel // 2 if stride == 1 else 0
        side = (side + 2 * pad - kernel + stride) // stride
        total += channels * side * side * maps * kernel * kernel
        if pool:
            side = (side - pool + 2) // 2
        maps = channels
    inputs = maps * side * side if plan.dense else maps
    for units in list(plan.dense) + [10]:
        total += inputs * units
        inputs = units
    return total
"""


def changed(old: str, new: str) -> str:
    """The right function, one thing changed."""
    assert old in _LOOP, old
    return _LOOP.replace(old, new)


RIGHT = {
    "loop": _LOOP,
    "summary": """
import torch
from d2lmini import summary
from d2lmini.nets.slim import slim


def multiply_adds(plan):
    with torch.device("meta"):
        rows = summary(slim(plan=plan), (1, plan.size, plan.size)).rows
    return sum(row.multiply_adds for row in rows)
""",
}
WRONG = {
    "constant": ("def multiply_adds(plan):\n    return 938146176\n", "one convolution"),
    "forgets-return": (changed("    return total\n", ""), "did you forget `return`"),
    "after-the-pooling": (
        changed("        total += channels * side * side", "        late = channels")
        .replace(" * maps * kernel * kernel", " * maps * kernel * kernel", 1)
        .replace(
            "        maps = channels\n",
            "        maps, total = channels, total + late * side * side\n",
        ),
        "one convolution, pooling, five units",
    ),
    "always-flattens": (
        changed("maps * side * side if plan.dense else maps", "maps * side * side"),
        "one convolution and the average",
    ),
    "forgets-the-maps-below": (
        changed(" * maps * kernel", " * kernel"),
        "multiply_adds of AlexNet: found",
    ),
    "forgets-the-last-layer": (
        changed("list(plan.dense) + [10]", "plan.dense"),
        "one convolution and the average",
    ),
    "always-pads": (
        changed("kernel // 2 if stride == 1 else 0", "kernel // 2"),
        "multiply_adds of AlexNet: found",
    ),
    "counts-biases": (
        changed("inputs * units", "(inputs + 1) * units"),
        "one convolution and the average",
    ),
    "windows-of-three-only": (
        changed("(side - pool + 2) // 2", "(side - 3) // 2 + 1"),
        "one convolution, pooling, five units",
    ),
}
CHANGED = {
    "after-the-pooling": (
        "total += rows**2 * channels",
        "total += left**2 * channels",
        "one convolution, pooling, five units: found 946, expected 2674.",
    ),
    "biases-too": (
        "total += width * units",
        "total += (width + 1) * units",
        "of one convolution and the average: found 2354, expected 2344.",
    ),
    "last-layer-forgotten": (
        "for units in (*plan.dense, 10):",
        "for units in plan.dense:",
        "of one convolution and the average: found 2304, expected 2344.",
    ),
    "always-padded": (
        "margin = kernel // 2 if stride == 1 else 0",
        "margin = kernel // 2",
        "multiply_adds of AlexNet: found 940701696, expected 938146176.",
    ),
    "maps-not-multiplied": (
        "* channels * width * kernel**2",
        "* channels * kernel**2",
        "multiply_adds of AlexNet: found 82558336, expected 938146176.",
    ),
}
