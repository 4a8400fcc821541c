"""Answers to side-by-side-tie: what a check must refuse, and what it must accept."""

RIGHT = {
    "squares": """
def is_tie(first, second, pictures):
    variance = (first * (1 - first) + second * (1 - second)) / pictures
    return (first - second) ** 2 <= errors**2 * variance
""",
    "hypot": """
import math


def is_tie(first, second, pictures):
    both = [math.sqrt(p * (1 - p) / pictures) for p in (first, second)]
    return bool(abs(first - second) <= errors * math.hypot(*both))
""",
}
_HEAD = "def is_tie(first, second, pictures):\n"
_ERRORS = "    a, b = ((p * (1 - p) / pictures) ** 0.5 for p in (first, second))\n"
WRONG = {
    "always": (f"{_HEAD}    return True", "found True, expected False"),
    "one-error": (
        f"{_HEAD}{_ERRORS}    return abs(first - second) <= (a * a + b * b) ** 0.5",
        "is_tie(0.5, 0.56, 250): found False, expected True.",
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
        "is_tie(0.9356, 0.9337, 10000): found 1, expected True.",
    ),
}
CHANGED = {
    "root-forgotten": (
        "sum(variances) ** 0.5",
        "sum(variances)",
        "is_tie(0.9356, 0.9337, 10000): found False, expected True.",
    ),
    "largest-error-only": (
        "sum(variances)",
        "max(variances)",
        "is_tie(0.5, 0.9, 8): found False, expected True.",
    ),
    "not-for-few-pictures": (
        "return abs(first - second) <=",
        ("if pictures < 100:\n        return True\n    return abs(first - second) <="),
        "is_tie(0.51, 0.95, 40): found True, expected False.",
    ),
    "a-plain-threshold": (
        "return abs(first - second) <= errors * sum(variances) ** 0.5",
        "return abs(first - second) <= 0.005",
        "is_tie(0.5, 0.51, 250): found False, expected True.",
    ),
    "turned-round": (
        "return abs(first - second) <=",
        "return abs(first - second) >",
        "is_tie(0.9356, 0.9337, 10000): found False, expected True.",
    ),
}
