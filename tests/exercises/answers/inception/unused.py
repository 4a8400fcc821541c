"""Answers to inception-unused: what a check must refuse and must accept."""

RIGHT = {
    "smaller-of-two": "used = min(kernel, 2 * side - 1) ** 2",
    "by-trying": """
used = 0
half = kernel // 2
for i in range(kernel):
    for j in range(kernel):
        rows = [r for r in range(side) if 0 <= r + i - half < side]
        columns = [c for c in range(side) if 0 <= c + j - half < side]
        used += bool(rows and columns)
""",
}
WRONG = {
    "nothing": ("used = None", "used: got None"),
    "all": ("used = kernel**2", "used: found 25, which is too high."),
    "size-of-the-map": (
        "used = min(kernel, side) ** 2",
        "used: found 4, which is too low.",
    ),
    "one-side-only": (
        "used = min(kernel, side + kernel // 2) ** 2",
        "used: found 16, which is too high.",
    ),
    "the-unused": (
        "used = kernel**2 - min(kernel, 2 * side - 1) ** 2",
        "used: found 16, which is too high.",
    ),
    "one-row": ("used = min(kernel, 2 * side - 1)", "used: found 3, which is too low."),
}
