"""Answers to densenet-block: what a check must refuse, and what it must accept."""

RIGHT = {
    "growing": """
import torch


def dense_forward(X, convs):
    for conv in convs:
        X = torch.cat([X, conv(X)], dim=1)
    return X
""",
    "recursive": """
import torch


def dense_forward(X, convs):
    if len(convs) == 0:
        return X
    first, *rest = convs
    return dense_forward(torch.hstack((X, first(X))), rest)
""",
}
_LOOP = """
import torch


def dense_forward(X, convs):
    for conv in convs:
        {line}
    return X
"""
WRONG = {
    "constant": (
        "def dense_forward(X, convs):\n    return X * 0",
        "number of calls: found 0, expected 2",
    ),
    "new-ones-first": (
        _LOOP.format(line="X = torch.cat([conv(X), X], dim=1)"),
        "input of a call: found",
    ),
    "wrong-dimension": (
        """
import torch


def dense_forward(X, convs):
    Y = X
    for conv in convs:
        new = conv(Y)
        Y = torch.cat([Y, new], dim=1)
    return Y.transpose(1, 2)
""",
        "found shape (2, 5, 9, 6), expected (2, 9, 5, 6)",
    ),
    "chain": (
        _LOOP.format(line="X = conv(X)"),
        "input of a call: found shape (2, 2, 5, 6), expected (2, 5, 5, 6)",
    ),
    "input-lost": (
        """
import torch


def dense_forward(X, convs):
    parts = [X]
    for conv in convs:
        parts.append(conv(torch.cat(parts, dim=1)))
    return torch.cat(parts[1:], dim=1)
""",
        "found shape (2, 6, 5, 6), expected (2, 9, 5, 6)",
    ),
    "called-twice": (
        _LOOP.format(line="X = torch.cat([X, (conv(X) + conv(X)) / 2], dim=1)"),
        "number of calls: found 4, expected 2",
    ),
    "mutates-input": (
        """
import torch


def dense_forward(X, convs):
    Y = X
    for conv in convs:
        Y = torch.cat([Y, conv(Y)], dim=1)
    X.zero_()
    return Y
""",
        "the function changed its input number 1 in place",
    ),
    "no-return": (
        "def dense_forward(X, convs):\n    for conv in convs:\n        pass",
        "got None: did you forget `return`",
    ),
}
CHANGED = {
    "newest-first": (
        "parts.append(conv(torch.cat(parts, dim=1)))",
        "parts.append(conv(torch.cat(parts[::-1], dim=1)))",
        "at [0, 0, 0, 0], expected -2.310412 (300 of 300 numbers differ).",
    ),
    "only-two-newest": (
        "conv(torch.cat(parts, dim=1))",
        "conv(torch.cat(parts[-2:], dim=1))",
        "input of a call: found shape (2, 3, 5, 6), expected (2, 4, 5, 6).",
    ),
    "new-ones-only": (
        "return torch.cat(parts, dim=1)",
        "return torch.cat(parts[1:] or parts, dim=1)",
        "(2, 4) new ones: found shape (2, 6, 5, 6), expected (2, 9, 5, 6).",
    ),
    "all-read-the-first": (
        "conv(torch.cat(parts, dim=1))",
        "conv(X)",
        "input of a call: found shape (2, 3, 5, 6), expected (2, 5, 5, 6).",
    ),
    "relu-at-the-end": (
        "return torch.cat(parts, dim=1)",
        "return torch.cat(parts, dim=1).relu()",
        "at [0, 0, 0, 0], expected -2.310412 (319 of 540 numbers differ).",
    ),
}
