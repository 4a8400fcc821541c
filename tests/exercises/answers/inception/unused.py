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
    "all": ("used = kernel**2", "used: found 25, expected 9"),
    "size-of-the-map": ("used = min(kernel, side) ** 2", "used: found 4, expected 9"),
    "one-side-only": (
        "used = min(kernel, side + kernel // 2) ** 2",
        "used: found 16, expected 9",
    ),
    "the-unused": (
        "used = kernel**2 - min(kernel, 2 * side - 1) ** 2",
        "used: found 16, expected 9",
    ),
    "one-row": ("used = min(kernel, 2 * side - 1)", "used: found 3, expected 9"),
}
