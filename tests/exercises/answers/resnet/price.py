"""Answers to resnet-price: what a check must refuse, and what it must accept."""

RIGHT = {
    "built": """
from d2lmini.nets.resnet import Residual

block = Residual(in_channels, out_channels, stride)
parameters = sum(p.numel() for p in block.parameters())
""",
    "path-by-path": """
first = in_channels * out_channels * 3 * 3 + 2 * out_channels
second = out_channels * out_channels * 3 * 3 + 2 * out_channels
fits = (in_channels, 1) == (out_channels, stride)
skip = 0 if fits else in_channels * out_channels + 2 * out_channels
parameters = first + second + skip
""",
}
_TWO = "9 * in_channels * out_channels + 9 * out_channels**2"
WRONG = {
    "constant": ("parameters = 73984", "parameters: found 73984, which is too low."),
    "no-normalisation": (
        f"parameters = {_TWO} + in_channels * out_channels",
        "parameters: found 229376, which is too low.",
    ),
    "no-skip": (
        f"parameters = {_TWO} + 4 * out_channels",
        "parameters: found 221696, which is too low.",
    ),
    "with-biases": (
        f"parameters = {_TWO} + in_channels * out_channels + 9 * out_channels",
        "parameters: found 230528",
    ),
    "skip-of-3x3": (
        f"parameters = {_TWO} + 9 * in_channels * out_channels + 6 * out_channels",
        "parameters: found 295680",
    ),
    "text": (
        "parameters = '230144'",
        "parameters: found '230144', which is no number.",
    ),
}
