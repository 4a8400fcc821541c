"""Answers to resnet-price: what a check must refuse, and what it must accept."""

RIGHT = {
    "built": """
from d2lmini.nets.resnet import Residual

block = Residual(n_in, n_out, step)
parameters = sum(p.numel() for p in block.parameters())
""",
    "path-by-path": """
first = n_in * n_out * 3 * 3 + 2 * n_out
second = n_out * n_out * 3 * 3 + 2 * n_out
fits = (n_in, 1) == (n_out, step)
skip = 0 if fits else n_in * n_out + 2 * n_out
parameters = first + second + skip
""",
}
_TWO = "9 * n_in * n_out + 9 * n_out**2"
WRONG = {
    "constant": ("parameters = 73984", "parameters: found 73984, which is too low."),
    "no-normalisation": (
        f"parameters = {_TWO} + n_in * n_out",
        "parameters: found 229376, which is too low.",
    ),
    "no-skip": (
        f"parameters = {_TWO} + 4 * n_out",
        "parameters: found 221696, which is too low.",
    ),
    "with-biases": (
        f"parameters = {_TWO} + n_in * n_out + 9 * n_out",
        "parameters: found 230528",
    ),
    "skip-of-3x3": (
        f"parameters = {_TWO} + 9 * n_in * n_out + 6 * n_out",
        "parameters: found 295680",
    ),
    "text": (
        "parameters = '230144'",
        "parameters: found '230144', which is no number.",
    ),
}
