"""Answers to slim-flatten: what a check must refuse, and what it must accept."""

RIGHT = {
    "plan": """
from d2lmini.nets.slim import Plan, sides

last = ((128, 5, 1, 3), (192, 3, 1, 0), (128, 3, 1, 3))
rows_left = sides(Plan(((48, kernel, stride, 3), *last), (512,), size))
features = 128 * rows_left[-1] * rows_left[-1]
""",
    "loop": """
side, rows_left = size, []
for k, s, pool in ((kernel, stride, 3), (1, 1, 3), (1, 1, 0), (1, 1, 3)):
    side = (side - k + s) // s
    if pool:
        side = (side - pool + 2) // 2
    rows_left.append(side)
rows_left = tuple(rows_left)
features = 128 * side**2
""",
}
WRONG = {
    "constant": (
        "rows_left = (0, 0, 0, 0)\nfeatures = 0",
        "rows_left after the four stages, entry",
    ),
    "pools-every-stage": (
        """
rows_left, n = [], (size - kernel) // stride + 1
for _ in range(4):
    n = (n - 3) // 2 + 1
    rows_left.append(n)
features = 128 * n * n
""",
        "rows_left after the four stages, entry 2",
    ),
    "windows-of-two": (
        """
first = ((size - kernel) // stride + 1) // 2
rows_left = (first, first // 2, first // 2, first // 4)
features = 128 * rows_left[-1] ** 2
""",
        "rows_left after the four stages, entry",
    ),
    "padded": (
        """
first = ((size + kernel // 2 * 2 - kernel) // stride + 1 - 3) // 2 + 1
second = (first - 3) // 2 + 1
rows_left = (first, second, second, (second - 3) // 2 + 1)
features = 128 * rows_left[-1] ** 2
""",
        "rows_left after the four stages, entry",
    ),
    "one-channel": (
        """
from d2lmini.nets.slim import Plan, sides

last = ((128, 5, 1, 3), (192, 3, 1, 0), (128, 3, 1, 3))
rows_left = sides(Plan(((48, kernel, stride, 3), *last), (512,), size))
features = rows_left[-1] ** 2
""",
        "features: found",
    ),
    "three-numbers": (
        "rows_left = (21, 10, 4)\nfeatures = 2048",
        "the four stages: found (21, 10, 4), which has too few entries.",
    ),
}
