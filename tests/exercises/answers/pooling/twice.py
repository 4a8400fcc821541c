"""Answers to pooling-twice: what a check must refuse, and what it must accept."""

RIGHT = {
    "step-by-step": """
k1, s1 = first
k2, s2 = second
window = k1
for _ in range(k2 - 1):
    window += s1
single = (window, s1 * s2)
average_too = k1 == s1
""",
    "by-marking-pixels": """
from collections import Counter


def pixels(i):
    begin = i * second[1]
    for j in range(begin, begin + second[0]):
        yield from range(j * first[1], j * first[1] + first[0])


counted = Counter(pixels(0))
single = (len(counted), min(pixels(1)) - min(pixels(0)))
average_too = len(set(counted.values())) == 1
""",
}
WRONG = {
    "constant": ("single, average_too = (4, 4), True", "single (window, stride)"),
    "windows-multiplied": (
        """
single = (first[0] * second[0], first[1] * second[1])
average_too = False
""",
        "single (window, stride), entry 0",
    ),
    "off-by-one": (
        """
single = (first[0] + second[0] * first[1], first[1] * second[1])
average_too = first[0] == first[1]
""",
        "single (window, stride), entry 0",
    ),
    "swapped": (
        """
single = (first[1] * second[1], first[0] + (second[0] - 1) * first[1])
average_too = first[0] == first[1]
""",
        "single (window, stride), entry 0",
    ),
    "average-judged-wrongly": (
        """
single = (first[0] + (second[0] - 1) * first[1], first[1] * second[1])
average_too = first[0] != first[1]
""",
        "average_too: found",
    ),
    "number-for-truth": (
        """
single = (first[0] + (second[0] - 1) * first[1], first[1] * second[1])
average_too = int(first[0] == first[1])
""",
        "average_too: found",
    ),
}
