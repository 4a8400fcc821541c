"""Answers to side-by-side-tie: what a check must refuse, and what it must accept."""

RIGHT = {
    "squares": """
def is_tie(first, second, pictures):
    variance = (first * (1 - first) + second * (1 - second)) / pictures
    return (first - second) ** 2 <= 4 * variance
""",
    "hypot": """
import math


def is_tie(first, second, pictures):
    errors = [math.sqrt(p * (1 - p) / pictures) for p in (first, second)]
    return bool(abs(first - second) <= 2 * math.hypot(*errors))
""",
}
_HEAD = "def is_tie(first, second, pictures):\n"
_ERRORS = "    a, b = ((p * (1 - p) / pictures) ** 0.5 for p in (first, second))\n"
WRONG = {
    "always": (f"{_HEAD}    return True", "found True, expected False"),
    "one-error": (
        f"{_HEAD}{_ERRORS}    return abs(first - second) <= (a * a + b * b) ** 0.5",
        "is_tie(0.8904, 0.896, 10000): found False",
    ),
    "of-one-accuracy": (
        f"{_HEAD}{_ERRORS}    return abs(first - second) <= 2 * a",
        "found False, expected True",
    ),
    "errors-added": (
        f"{_HEAD}{_ERRORS}    return abs(first - second) <= 2 * (a + b)",
        "found True, expected False",
    ),
    "signed": (
        f"{_HEAD}{_ERRORS}    return first - second <= 2 * (a * a + b * b) ** 0.5",
        "found True, expected False",
    ),
    "a-number": (
        f"{_HEAD}{_ERRORS}"
        "    return int(abs(first - second) <= 2 * (a**2 + b**2) ** 0.5)",
        "whether it is True or False",
    ),
}
