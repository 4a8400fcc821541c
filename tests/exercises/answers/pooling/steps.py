"""Answers to pooling-steps: what a check must refuse, and what it must accept."""

RIGHT = {
    "formulas": """
side_by_side = (column + steps) // size - column // size
s = size - 1
if s == 2:  # a window is entered or left at each step
    overlapping = steps
else:
    entered = (column + steps) // s - column // s
    left = (column + steps - size) // s - (column - size) // s
    overlapping = entered + left
""",
    "where-the-pixel-is-seen": """
def seen(c, stride):
    return tuple(start <= c < start + size for start in range(0, 60, stride))


def count(stride):
    places = [seen(c, stride) for c in range(column, column + steps + 1)]
    return len([1 for i in range(steps) if places[i] != places[i + 1]])


side_by_side, overlapping = count(size), count(size - 1)
""",
}
WRONG = {
    "constant": (
        "side_by_side = overlapping = 7",
        "side_by_side: found 7",
    ),
    "overlap-is-calmer": (
        """
side_by_side = (column + steps) // size - column // size
overlapping = side_by_side - 1
""",
        "overlapping: found",
    ),
    "entered-but-not-left": (
        """
side_by_side = (column + steps) // size - column // size
overlapping = (column + steps) // (size - 1) - column // (size - 1)
""",
        "overlapping: found",
    ),
    "off-by-one": (
        """
side_by_side = (column + steps) // size - column // size + 1
overlapping = steps
""",
        "side_by_side: found",
    ),
    "swapped": (
        """
overlapping = (column + steps) // size - column // size
side_by_side = steps
""",
        "side_by_side: found",
    ),
}
