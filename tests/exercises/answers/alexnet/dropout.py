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
    "not-scaled": (
        START + "    return X * keep\n",
        "dropout with p = 0.5: found",
    ),
    "scaled-by-p": (
        START + "    return X * keep / p if p else X * keep\n",
        "dropout with p = 0.2: found",
    ),
    "dropped-kept": (
        START + "    return X * ~keep / (1 - p) if p < 1 else X * 0\n",
        "dropout with p = 0.5: found",
    ),
    "its-own-mask": (
        START + "    return torch.nn.functional.dropout(X, p)\n",
        "dropout with p = 0.5: found",
    ),
    "mutates-input": (
        START + "    X[~keep] = 0\n    return X / (1 - p) if p < 1 else X\n",
        "changed its input number 1",
    ),
    "nan-at-one": (
        START + "    return X * keep / torch.tensor(1 - p)\n",
        "dropout with p = 1: found nan",
    ),
    "takes-any-p": (
        """
import torch


def dropout(X, keep, p):
    return X * keep / (1 - p) if p != 1 else torch.zeros_like(X)
""",
        "dropout with p = -0.1",
    ),
}
