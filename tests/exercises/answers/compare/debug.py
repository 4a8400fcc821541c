"""Answers to compare-debug: what a check must refuse, and what it must accept."""

RIGHT = {
    "differing": """
from d2lmini.analysis.compare import mcnemar


def mended(first, second, labels):
    right, other = first == labels, second == labels
    gained = (right & (right != other)).sum().item()
    lost = (other & (right != other)).sum().item()
    return gained, lost, mcnemar(gained, lost)
""",
    "package": """
from d2lmini import compare


def mended(first, second, labels):
    found = compare.paired(first, second, labels)
    return found.only_first, found.only_second, found.p
""",
}
WRONG = {
    "constant": (
        "def mended(first, second, labels):\n    return 0, 0, 1.0\n",
        "mended of 50 pictures",
    ),
}
CHANGED = {
    "as-it-was": ("(second == labels)", "(second != first)", "mended of 50 pictures"),
    "both-lines-alike": (
        "(first == labels) & (second != labels)",
        "(second != labels) & (second != first)",
        "mended of 50 pictures",
    ),
    "turned": (
        "return gained, lost, compare",
        "return lost, gained, compare",
        "mended of 50 pictures",
    ),
    "all-its-mistakes": (
        "(first != labels) & (second == labels)",
        "(first != labels)",
        "mended of 50 pictures",
    ),
}
