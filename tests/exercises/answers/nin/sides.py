"""Answers to nin-sides: what a check must refuse, and what it must accept."""

RIGHT = {
    "step-by-step": """
first = ((size - 11) // 4 + 1 - 3) // 2 + 1
second = (first - 3) // 2 + 1
third = (second - 3) // 2 + 1
sides = (first, second, third)
""",
    "halved": """
side, sides = (size - 7) // 4, ()
for _ in range(3):
    side = (side - 1) // 2
    sides += (side,)
""",
}
WRONG = {
    "nothing": ("sides = None", "sides: got None"),
    "that-of-224": ("sides = (26, 12, 5)", "sides, entry 0"),
    "before-the-pooling": (
        """
side, sides = (size - 11) // 4 + 1, []
for _ in range(3):
    sides.append(side)
    side = (side - 3) // 2 + 1
sides = tuple(sides)
""",
        "sides, entry 0",
    ),
    "rounded-up": (
        """
side, sides = (size - 11) // 4 + 1, []
for _ in range(3):
    side = side // 2
    sides.append(side)
sides = tuple(sides)
""",
        "sides, entry",
    ),
    "padded-too-little": (
        """
first = ((size - 11) // 4 + 1 - 3) // 2 + 1
second = (first - 2 - 3) // 2 + 1
sides = (first, second, (second - 3) // 2 + 1)
""",
        "sides, entry 1",
    ),
}
