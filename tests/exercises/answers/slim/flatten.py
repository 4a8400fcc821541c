"""Answers to slim-flatten: what a check must refuse, and what it must accept."""

RIGHT = {
    "plan": """
from d2lmini.nets.slim import Plan, sides

last = ((128, 5, 1, 3), (192, 3, 1, 0), (128, 3, 1, 3))
rows = sides(Plan(((48, kernel, stride, 3), *last), (512,), size))
features = 128 * rows[-1] * rows[-1]
""",
    "loop": """
side, rows = size, []
for k, s, pool in ((kernel, stride, 3), (1, 1, 3), (1, 1, 0), (1, 1, 3)):
    side = (side - k + s) // s
    if pool:
        side = (side - pool + 2) // 2
    rows.append(side)
rows = tuple(rows)
features = 128 * side**2
""",
}
WRONG = {
    "constant": (
        "rows = (0, 0, 0, 0)\nfeatures = 0",
        "rows after the four stages, entry",
    ),
    "pools-every-stage": (
        """
rows, n = [], (size - kernel) // stride + 1
for _ in range(4):
    n = (n - 3) // 2 + 1
    rows.append(n)
features = 128 * n * n
""",
        "rows after the four stages, entry 2",
    ),
    "windows-of-two": (
        """
first = ((size - kernel) // stride + 1) // 2
rows = (first, first // 2, first // 2, first // 4)
features = 128 * rows[-1] ** 2
""",
        "rows after the four stages, entry",
    ),
    "padded": (
        """
first = ((size + kernel // 2 * 2 - kernel) // stride + 1 - 3) // 2 + 1
second = (first - 3) // 2 + 1
rows = (first, second, second, (second - 3) // 2 + 1)
features = 128 * rows[-1] ** 2
""",
        "rows after the four stages, entry",
    ),
    "one-channel": (
        """
from d2lmini.nets.slim import Plan, sides

last = ((128, 5, 1, 3), (192, 3, 1, 0), (128, 3, 1, 3))
rows = sides(Plan(((48, kernel, stride, 3), *last), (512,), size))
features = rows[-1] ** 2
""",
        "features: found",
    ),
    "three-numbers": ("rows = (21, 10, 4)\nfeatures = 2048", "with 3 entries"),
}
