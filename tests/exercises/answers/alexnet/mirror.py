"""Answers to alexnet-mirror: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-index": """
def mirror(X, chosen):
    out = X.clone()
    out[chosen] = X[chosen].flip(3)
    return out
""",
    "picture-by-picture": """
import torch


def mirror(X, chosen):
    pairs = zip(X, chosen.tolist(), strict=True)
    return torch.stack([x.flip(-1) if c else x for x, c in pairs])
""",
}
WRONG = {
    "all-of-them": (
        "def mirror(X, chosen):\n    return X.flip(-1)\n",
        "mirror, chosen [True, False, True, False]: found",
    ),
    "upside-down": (
        """
def mirror(X, chosen):
    out = X.clone()
    out[chosen] = X[chosen].flip(2)
    return out
""",
        "mirror, chosen [True, False, True, False]: found",
    ),
    "the-others": (
        """
import torch


def mirror(X, chosen):
    return torch.where(chosen.view(-1, 1, 1, 1), X, X.flip(-1))
""",
        "mirror, chosen [True, False, True, False]: found",
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
        "mirror, chosen [True, False, True, False]: found",
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
