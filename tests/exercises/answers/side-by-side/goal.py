"""Answers to side-by-side-goal: what a check must refuse, and what it must accept."""

RIGHT = {
    "next": """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    ends = range(in_a_row, len(accuracies) + 1)
    good = (n for n in ends if min(accuracies[n - in_a_row : n]) >= wanted)
    first = next(good, None)
    return None if first is None else first * pictures / speed
""",
    "while": """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    seconds, left, missing = 0.0, list(accuracies), in_a_row
    while left:
        seconds += pictures / speed
        missing = missing - 1 if left.pop(0) >= wanted else in_a_row
        if not missing:
            return seconds
""",
}
WRONG = {
    "constant": (
        "def seconds_to(accuracies, wanted, speed, pictures=55_000):\n    return 330.0",
        "found 330, expected 220",
    ),
    "from-zero": (
        """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    for number, accuracy in enumerate(accuracies):
        if accuracy >= wanted:
            return number * pictures / speed
""",
        "found 220, expected 330",
    ),
    "above": (
        """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    for number, accuracy in enumerate(accuracies, 1):
        if accuracy > wanted:
            return number * pictures / speed
""",
        "found 440, expected 220",
    ),
    "the-last": (
        """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    if accuracies and accuracies[-1] >= wanted:
        return len(accuracies) * pictures / speed
""",
        "found 440, expected 330",
    ),
    "zero-for-never": (
        """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    for number, accuracy in enumerate(accuracies, 1):
        if accuracy >= wanted:
            return number * pictures / speed
    return 0
""",
        "found 0, expected None",
    ),
    "always-55000": (
        """
def seconds_to(accuracies, wanted, speed, pictures=55_000):
    for number, accuracy in enumerate(accuracies, 1):
        if accuracy >= wanted:
            return number * 55_000 / speed
""",
        "expected 10",
    ),
}
CHANGED = {
    "strictly-higher": (
        "if accuracy >= wanted else 0",
        "if accuracy > wanted else 0",
        "0.9, 0.88, 0.93], 0.9, 500): found 440, expected 220.",
    ),
    "epochs-from-zero": (
        "enumerate(accuracies, 1)",
        "enumerate(accuracies)",
        "0.89, 0.91, 0.92], 0.9, 500): found 220, expected 330.",
    ),
    "zero-for-never": (
        "return None",
        "return 0",
        "seconds_to([0.86, 0.89], 0.9, 500): found 0, expected None.",
    ),
    "seconds-of-one-epoch": (
        "return number * pictures / speed",
        "return pictures / speed",
        "0.89, 0.91, 0.92], 0.9, 500): found 110, expected 330.",
    ),
    "whole-seconds": (
        "return number * pictures / speed",
        "return number * pictures // (speed + 1)",
        "0.89, 0.91, 0.92], 0.9, 500): found 329, expected 330.",
    ),
}
