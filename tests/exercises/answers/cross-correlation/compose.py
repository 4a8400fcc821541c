"""Answers to cross-correlation-compose: what a check must refuse and must accept."""

RIGHT = {
    "number-by-number": """
both = []
for i in range(len(first) + len(second) - 1):
    pairs = [
        first[i - j] * second[j]
        for j in range(len(second))
        if 0 <= i - j < len(first)
    ]
    both.append(sum(pairs))
""",
    "numpy-convolves": """
import numpy as np

both = tuple(int(n) for n in np.convolve(first, second))
""",
    "shifted-and-added": """
parts = [
    [0] * j + [b * a for a in first] + [0] * (len(second) - 1 - j)
    for j, b in enumerate(second)
]
both = tuple(map(sum, zip(*parts)))
""",
}

WRONG = {
    "constant": (
        "both = (1, 2, 1)",
        "1) and then (1, -1): found (1, 2, 1), which has too few entries.",
    ),
    "turned-over": (
        """
import numpy as np

both = tuple(int(n) for n in np.convolve(first, second)[::-1])
""",
        "(1, -1), entry 0 in (-1, -1, 1, 1): found -1, which is too low.",
    ),
    "second-turned-over": (
        """
import numpy as np

both = tuple(int(n) for n in np.convolve(first, second[::-1]))
""",
        "both, for (1, 2, 1) and then (1, -1)",
    ),
    "one-number-short": (
        """
import numpy as np

both = tuple(int(n) for n in np.convolve(first, second)[:-1])
""",
        "1) and then (1, -1): found (1, 1, -1), which has too few entries.",
    ),
    "one-after-the-other": (
        "both = first + second",
        "then (1, -1): found (1, 2, 1, 1, -1), which has too many entries.",
    ),
    "added": ("both = (2, 1, 1, 0)", "entry 0"),
    "nothing": ("both = None", "forget"),
}
