"""Answers to alexnet-smallest: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-search": """
def left(n):
    n = (n - kernel) // stride + 1 if n >= kernel else 0
    for _ in range(3):
        n = (n - 3) // 2 + 1 if n >= 3 else 0
    return n


smallest_for_one = min(n for n in range(500) if left(n) == 1)
smallest_for_five = min(n for n in range(500) if left(n) == 5)
""",
    "as-a-field": """
# One number of the last maps sees kernel + 14 steps; four more lie 8 steps apart each.
smallest_for_one = kernel + 14 * stride
smallest_for_five = smallest_for_one + 4 * 8 * stride
""",
}
WRONG = {
    "constant": (
        "smallest_for_one, smallest_for_five = 63, 224",
        "the smallest picture that leaves 1×1: found 63, which is too low.",
    ),
    "the-largest": (
        "smallest_for_one, smallest_for_five = 67, 226",
        "smallest picture that leaves 5×5: found 226, which is too high.",
    ),
    "two-poolings": (
        """
smallest_for_one = (7 - 1) * stride + kernel
smallest_for_five = (23 - 1) * stride + kernel
""",
        "the smallest picture that leaves 1×1",
    ),
    "stride-forgotten": (
        "smallest_for_one, smallest_for_five = 14 + kernel, 46 + kernel",
        "the smallest picture that leaves 1×1",
    ),
}
