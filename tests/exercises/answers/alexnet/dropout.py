"""Answers to alexnet-dropout: what a check must refuse, and what it must accept."""

START = """
import torch


def dropout(X, keep, p):
    if not 0 <= p <= 1:
        raise ValueError("no probability")
"""
RIGHT = {
    "by-multiplying": START
    + """
    share = 1 - p
    return X * keep / share if share else X * 0.0
""",
    "one-by-one": START
    + """
    out = torch.zeros_like(X)
    for place in keep.nonzero().tolist():
        out[tuple(place)] = X[tuple(place)] / (1 - p)
    return out
""",
}
WRONG = {
    "always-refuses": (
        "def dropout(X, keep, p):\n    raise ValueError",
        "2 of 8 cases are right",
    ),
    "not-scaled": (
        START + "    return X * keep\n",
        "0.6895882 at [0, 0], expected 1.379176 (11 of 24 numbers differ).",
    ),
    "scaled-by-p": (
        START + "    return X * keep / p if p else X * keep\n",
        "3.447941 at [0, 0], expected 0.8619852 (22 of 24 numbers differ).",
    ),
    "dropped-kept": (
        START + "    return X * ~keep / (1 - p) if p < 1 else X * 0\n",
        "found 0 at [0, 0], expected 1.379176 (24 of 24 numbers differ).",
    ),
    "its-own-mask": (
        START + "    return torch.nn.functional.dropout(X, p)\n",
        "found 0 at [0, 0], expected 1.379176 (17 of 24 numbers differ).",
    ),
    "mutates-input": (
        START + "    X[~keep] = 0\n    return X / (1 - p) if p < 1 else X\n",
        "changed its input number 1",
    ),
    "nan-at-one": (
        START + "    return X * keep / torch.tensor(1 - p)\n",
        "= 1.0: found nan at [0, 0], expected 0 (24 of 24 numbers differ).",
    ),
    "takes-any-p": (
        """
import torch


def dropout(X, keep, p):
    return X * keep / (1 - p) if p != 1 else torch.zeros_like(X)
""",
        "dropout with p = 1.5: returned",
    ),
}
CHANGED = {
    "zeros-for-half": (
        "if p == 1:",
        "if p >= 0.5:",
        "found 0 at [0, 0], expected 1.379176 (11 of 24 numbers differ).",
    ),
    "scaled-up-by-one-plus-p": (
        "X / (1 - p)",
        "X * (1 + p)",
        "1.034382 at [0, 0], expected 1.379176 (11 of 24 numbers differ).",
    ),
    "in-place": (
        "return torch.where(keep, X / (1 - p), 0)",
        ("X /= 1 - p\n    X[~keep] = 0\n    return X"),
        "1 in place; work on a copy (`.clone()`) or make a new tensor.",
    ),
    "negative-p-taken": (
        "if not 0 <= p <= 1:",
        "if p > 1:",
        "a tensor of shape (4, 6) and raised nothing, expected ValueError.",
    ),
    "another-error": (
        'raise ValueError(f"p must',
        'raise TypeError(f"p must',
        "(p must lie between 0 and 1, not 1.5.), expected ValueError.",
    ),
}
