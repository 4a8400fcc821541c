"""Answers to alexnet-mirror: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-index": """
def mirror(X, chosen):
    out = X.clone()
    out[chosen] = X[chosen].flip(axis)
    return out
""",
    "picture-by-picture": """
import torch


def mirror(X, chosen):
    pairs = zip(X, chosen.tolist(), strict=True)
    return torch.stack([x.flip(axis) if c else x for x, c in pairs])
""",
}
WRONG = {
    "all-of-them": (
        "def mirror(X, chosen):\n    return X.flip(-1)\n",
        "found 34 at [1, 0, 0, 0], expected 30 (48 of 120 numbers differ).",
    ),
    "upside-down": (
        """
def mirror(X, chosen):
    out = X.clone()
    out[chosen] = X[chosen].flip(2)
    return out
""",
        "found 10 at [0, 0, 0, 0], expected 4 (56 of 120 numbers differ).",
    ),
    "the-others": (
        """
import torch


def mirror(X, chosen):
    return torch.where(chosen.view(-1, 1, 1, 1), X, X.flip(-1))
""",
        "found 0 at [0, 0, 0, 0], expected 4 (96 of 120 numbers differ).",
    ),
    "mutates-input": (
        """
def mirror(X, chosen):
    X[chosen] = X[chosen].flip(-1)
    return X
""",
        "changed its input number 1",
    ),
    "channels-too": (
        """
def mirror(X, chosen):
    out = X.clone()
    out[chosen] = X[chosen].flip(1, 3)
    return out
""",
        "found 19 at [0, 0, 0, 0], expected 4 (60 of 120 numbers differ).",
    ),
    "only-square-pictures": (
        """
import torch


def mirror(X, chosen):
    if X.shape[2] == X.shape[3]:
        return X
    return torch.where(chosen.view(-1, 1, 1, 1), X.flip(-1), X)
""",
        "mirror of shape (6, 3, 6, 6)",
    ),
}
CHANGED = {
    "turned-by-half": (
        "X.flip(axis)",
        "X.flip(-1, -2)",
        "found 14 at [0, 0, 0, 0], expected 4 (40 of 120 numbers differ).",
    ),
    "first-picture-decides": (
        "torch.where(chosen.view(-1, 1, 1, 1), X.flip(axis), X)",
        "X.flip(axis) if chosen[0] else X.clone()",
        "found 34 at [1, 0, 0, 0], expected 30 (48 of 120 numbers differ).",
    ),
    "rolled": (
        "X.flip(axis)",
        "X.roll(1, axis)",
        "found 0 at [0, 0, 0, 1], expected 3 (48 of 120 numbers differ).",
    ),
    "half-and-half": (
        "X.flip(axis), X)",
        "(X + X.flip(axis)) / 2, X)",
        "found 2 at [0, 0, 0, 0], expected 4 (48 of 120 numbers differ).",
    ),
    "transposed": (
        "X.flip(axis)",
        "X.flip(1)",
        "found 15 at [0, 0, 0, 0], expected 4 (60 of 120 numbers differ).",
    ),
}
