"""Answers to compare-flips: what a check must refuse, and what it must accept."""

RIGHT = {
    "bits": """
def flips(differences):
    n, far = len(differences), 0
    for signs in range(2**n):
        total = sum(-d if signs >> i & 1 else d for i, d in enumerate(differences))
        far += abs(total) >= abs(sum(differences))
    return far / 2**n
""",
    "tensor": """
import torch


def flips(differences):
    steps = torch.tensor(differences)
    signs = torch.cartesian_prod(*[torch.tensor([-1, 1])] * len(steps))
    sums = (signs.reshape(-1, len(steps)) * steps).sum(1).abs()
    return (sums >= steps.sum().abs()).double().mean().item()
""",
}
WRONG = {
    "always-a-tie": (
        "def flips(differences):\n    return 1.0\n",
        "2 of 8 cases are right",
    ),
    "constant": ("def flips(differences):\n    return 0.25\n", "flips([31])"),
    "sign-test": (
        """
from math import comb


def flips(differences):
    n = len(differences)
    k = min(sum(d > 0 for d in differences), sum(d < 0 for d in differences))
    return min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n)
""",
        "flips([12, 40, -5])",
    ),
    "students-interval": (
        """
from d2lmini.analysis.compare import over_seeds


def flips(differences):
    return 1.0 if over_seeds(differences, [0] * len(differences)).tie else 0.0
""",
        "flips",
    ),
}
CHANGED = {
    "one-direction": (
        "abs(one) >= abs(sum(differences))",
        "one >= sum(differences)",
        "flips([31])",
    ),
    "further-only": ("abs(one) >= abs(", "abs(one) > abs(", "flips([31])"),
    "signs-of-nothing": ("(-1, 1), repeat", "(0, 1), repeat", "flips([31])"),
}
