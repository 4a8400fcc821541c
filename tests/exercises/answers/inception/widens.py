"""Answers to inception-widens: what a check must refuse and must accept."""

RIGHT = {
    "function": """
def weights(n_in, n_out, k):
    return n_in * n_out * k**2


weights_five = weights(narrow, wide, 5)
widen_first = weights(narrow, wide, 3) + weights(wide, wide, 3)
widen_last = weights(narrow, narrow, 3) + weights(narrow, wide, 3)
""",
    "layers": """
import torch
from torch import nn

sizes = []
for layers in (
    [(narrow, wide, 5)],
    [(narrow, wide, 3), (wide, wide, 3)],
    [(narrow, narrow, 3), (narrow, wide, 3)],
):
    sizes.append(sum(nn.Conv2d(*layer).weight.numel() for layer in layers))
weights_five, widen_first, widen_last = sizes
""",
}
_FIVE = "weights_five = 25 * narrow * wide\n"
_FIRST = "widen_first = 9 * narrow * wide + 9 * wide * wide\n"
_LAST = "widen_last = 9 * narrow * narrow + 9 * narrow * wide\n"
WRONG = {
    "nothing": (
        "weights_five = widen_first = widen_last = None",
        "weights_five: got None",
    ),
    "exchanged": (
        _FIVE + "widen_last = 9 * wide * (narrow + wide)\n"
        "widen_first = 9 * narrow * (narrow + wide)\n",
        "widen_first: found",
    ),
    "same-channels": (
        _FIVE + "widen_first = widen_last = 18 * narrow * wide\n",
        "widen_first: found",
    ),
    "with-biases": (
        _FIVE + _FIRST + "widen_last = 9 * narrow * (narrow + wide) + narrow + wide\n",
        "widen_last: found",
    ),
    "one-kernel": (
        "weights_five = 25\nwiden_first = widen_last = 18\n",
        "weights_five: found 25",
    ),
    "rounded": (
        "weights_five = 25.5 * narrow * wide\n" + _FIRST + _LAST,
        "weights_five: found",
    ),
}
