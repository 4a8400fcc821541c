"""Answers to alexnet-expected: what a check must refuse, and what it must accept."""

_START = (
    "def mean_loss(w, x, y, p):\n    s, squares = (w * x).sum(), (w**2 * x**2).sum()\n"
)
RIGHT = {
    "mean-of-squares": """
def mean_loss(w, x, y, p):
    z = w * x
    square = z.sum() ** 2 - (z**2).sum() + (z**2).sum() / (1 - p)
    return square - 2 * y * z.sum() + y**2
""",
    "pair-by-pair": """
def mean_loss(w, x, y, p):
    total = y**2 + 0 * w[0]
    for i in range(len(w)):
        total = total - 2 * y * w[i] * x[i]
        for j in range(len(w)):
            both = w[i] * x[i] * w[j] * x[j]
            total = total + (both / (1 - p) if i == j else both)
    return total
""",
}
_THREE = "mean_loss of 3 inputs with p = 0.2"
WRONG = {
    "as-without-dropout": (_START + "    return (s - y) ** 2\n", _THREE),
    "not-divided": (
        _START + "    return ((1 - p) * s - y) ** 2 + p * (1 - p) * squares\n",
        _THREE,
    ),
    "variance-of-a-coin": (
        _START + "    return (s - y) ** 2 + p * (1 - p) * squares\n",
        _THREE,
    ),
    "odds-turned-round": (
        _START + "    return (s - y) ** 2 + p / (1 - p) ** 2 * squares\n",
        _THREE,
    ),
    "square-of-the-sum": (
        _START + "    return (s - y) ** 2 + p / (1 - p) * s**2\n",
        _THREE,
    ),
    "one-draw": (
        """
import torch


def mean_loss(w, x, y, p):
    return (w @ torch.dropout(x, p, True) - y) ** 2
""",
        _THREE,
    ),
    "mutates-input": (
        """
def mean_loss(w, x, y, p):
    w *= x
    return (w.sum() - y) ** 2 + p / (1 - p) * (w**2).sum()
""",
        "changed its input number 1",
    ),
}
