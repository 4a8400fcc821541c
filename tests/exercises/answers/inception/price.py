"""Answers to inception-price: what a check must refuse and must accept."""

RIGHT = {
    "layers": """
import torch
from torch import nn

out = one + three[1] + five[1] + pooled
added = [nn.Conv2d(out, out, 1)]
added += [nn.Conv2d(in_channels, out, 1)] * (in_channels != out)
more = sum(p.numel() for layer in added for p in layer.parameters())
""",
    "one-line": """
out = one + three[1] + five[1] + pooled
more = out * (out + 1) + (0 if out == in_channels else out * (in_channels + 1))
""",
}
_OUT = "out = one + three[1] + five[1] + pooled\n"
WRONG = {
    "nothing": ("more = None", "more: got None"),
    "no-projection": (_OUT + "more = out * out + out", "more: found"),
    "no-biases": (_OUT + "more = out * out + in_channels * out", "more: found"),
    "all-channels-of-the-paths": (
        """
out = one + sum(three) + sum(five) + pooled
more = out * (out + 1) + out * (in_channels + 1)
""",
        "more: found",
    ),
    "mix-of-the-input": (
        _OUT + "more = in_channels * out + out",
        "more: found",
    ),
    "a-truth-value": (_OUT + "more = True", "more: found True, which is no number"),
}
