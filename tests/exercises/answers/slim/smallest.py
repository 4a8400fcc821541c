"""Answers to slim-smallest: what a check must refuse, and what it must accept."""

_BACK = """
def smallest(stages):
    rows = 1
    for channels, kernel, stride, pool in stages[::-1]:
        if pool:
            rows = (rows - 1) * 2 + pool
        pad = kernel // 2 if stride == 1 else 0
        rows = (rows - 1) * stride + kernel - 2 * pad
        if rows < 1:
            rows = 1
    return rows
"""


def changed(old: str, new: str) -> str:
    """The right function, one thing changed."""
    assert old in _BACK, old
    return _BACK.replace(old, new)


RIGHT = {
    "backwards": _BACK,
    "forwards": """
from d2lmini.nets.slim import Plan, sides


def smallest(stages):
    size = 1
    while True:
        try:
            sides(Plan(stages, (), size))
        except ValueError:
            size += 1
        else:
            return size
""",
}
WRONG = {
    "one-row": (
        "def smallest(stages):\n    return 1\n",
        "2 of 7 cases are right",
    ),
    "constant": ("def smallest(stages):\n    return 67\n", "one stage: found 67"),
    "forgets-return": (changed("    return rows\n", ""), "did you forget `return`"),
    "not-from-the-back": (changed("stages[::-1]", "stages"), "smallest for AlexNet"),
    "doubles": (
        changed("(rows - 1) * 2 + pool", "rows * 2"),
        "smallest for one stage: found 2",
    ),
    "never-pads": (
        changed("kernel // 2 if stride == 1 else 0", "0"),
        "smallest for one stage: found 5",
    ),
    "always-pads": (
        changed("kernel // 2 if stride == 1 else 0", "kernel // 2"),
        "smallest for AlexNet",
    ),
    "one-too-many": (changed("return rows", "return rows + 1"), "found 4"),
    "only-the-last-stage-counts": (
        changed("stages[::-1]", "stages[-1:]"),
        "smallest for AlexNet",
    ),
    "windows-of-three-only": (
        changed("* 2 + pool", "* 2 + 3"),
        "smallest for three stages",
    ),
    "below-one": (
        changed("        if rows < 1:\n            rows = 1\n", ""),
        "smallest for an even kernel",
    ),
}
CHANGED = {
    "pooling-of-two-rows": (
        "rows = 2 * (rows - 1) + pool",
        "rows = 2 * rows",
        "smallest for one stage: found 2, expected 3.",
    ),
    "never-padded": (
        "margin = kernel // 2 if stride == 1 else 0",
        "margin = 0",
        "smallest for one stage: found 5, expected 3.",
    ),
    "stages-forwards": (
        "in reversed(stages)",
        "in stages",
        "smallest for AlexNet: found 79, expected 67.",
    ),
    "stride-times-rows": (
        "stride * (rows - 1) + kernel",
        "stride * rows + kernel - 1",
        "smallest for AlexNet: found 70, expected 67.",
    ),
    "pooling-as-wide-as-it-moves": (
        "rows = 2 * (rows - 1) + pool",
        "rows = pool * rows",
        "smallest for AlexNet: found 115, expected 67.",
    ),
}
