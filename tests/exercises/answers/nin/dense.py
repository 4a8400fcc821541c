"""Answers to nin-dense: what a check must refuse, and what it must accept."""

RIGHT = {
    "state": """
from torch import nn


def as_dense(conv):
    state = conv.state_dict()
    state["weight"] = state["weight"][:, :, 0, 0].clone()
    n_out, n_in = state["weight"].shape
    dense = nn.Linear(n_in, n_out, "bias" in state, dtype=conv.weight.dtype)
    dense.load_state_dict(state)
    return dense
""",
    "parameters": """
import torch
from torch import nn


def as_dense(conv):
    weight = conv.weight.detach().squeeze(3).squeeze(2).clone()
    dense = nn.Linear(weight.shape[1], weight.shape[0])
    dense.weight = nn.Parameter(weight)
    dense.bias = None
    if conv.bias is not None:
        dense.bias = nn.Parameter(conv.bias.detach().clone())
    return dense
""",
}
_DENSE = """
import torch
from torch import nn


def as_dense(conv):
    n_in, n_out = conv.in_channels, conv.out_channels
    dense = nn.Linear(n_in, n_out, conv.bias is not None).double()
    {lines}
    return dense
"""
WRONG = {
    "untouched": (_DENSE.format(lines=""), "applied at every pixel: found"),
    "nothing": (
        "def as_dense(conv):\n    conv.weight.flatten(1)",
        "got None: did you forget `return`",
    ),
    "transposed": (
        """
from torch import nn


def as_dense(conv):
    dense = nn.Linear(conv.in_channels, conv.out_channels).double()
    dense.weight = nn.Parameter(conv.weight.detach().flatten(1).T.reshape(
        conv.out_channels, conv.in_channels))
    dense.bias = nn.Parameter(conv.bias.detach())
    return dense
""",
        "applied at every pixel: found",
    ),
    "bias-forgotten": (
        _DENSE.format(lines="dense.weight.data = conv.weight.data.flatten(1)"),
        "applied at every pixel: found",
    ),
    "always-a-bias": (
        """
from torch import nn


def as_dense(conv):
    dense = nn.Linear(conv.in_channels, conv.out_channels)
    dense.weight.data = conv.weight.data.flatten(1)
    dense.bias.data.zero_()
    if conv.bias is not None:
        dense.bias.data = conv.bias.data
    return dense.to(conv.weight.dtype)
""",
        "0 at [0, 0, 0, 0], expected -0.5724272 (15 of 15 numbers differ).",
    ),
    "empties-the-convolution": (
        """
import copy

from torch import nn


def as_dense(conv):
    dense = nn.Linear(conv.in_channels, conv.out_channels, conv.bias is not None)
    dense.load_state_dict(
        {k: v.clone().flatten(1) if v.ndim > 1 else v.clone()
         for k, v in conv.state_dict().items()}
    )
    dense = dense.to(conv.weight.dtype)
    dense.weight.data = conv.weight.data.flatten(1).clone()
    if conv.bias is not None:
        dense.bias.data = conv.bias.data.clone()
    conv.weight.data.zero_()
    return dense
""",
        "the conv's own weights, entry 0: found 0",
    ),
}
CHANGED = {
    "shares-the-bias": (
        "dense.bias.copy_(conv.bias)",
        "dense.bias = conv.bias",
        "the conv after the dense layer changed, entry 1: found 0",
    ),
    "bias-shared-out": (
        "dense.bias.copy_(conv.bias)",
        "dense.bias.copy_(conv.bias.mean().expand_as(dense.bias))",
        "at [0, 0, 0, 0], expected -0.9570403 (120 of 120 numbers differ).",
    ),
    "always-float64": (
        "dense = dense.to(conv.weight.dtype)",
        "dense = dense.double()",
        "m1 and m2 to have the same dtype, but got: float != double",
    ),
    "shares-the-weight": (
        "dense.weight.copy_(conv.weight.flatten(1))",
        "dense.weight = nn.Parameter(conv.weight.flatten(1))",
        "0 at [0, 0, 0, 0], expected -0.5724272 (15 of 15 numbers differ).",
    ),
    "a-subclass": (
        "return dense",
        "return nn.Sequential(dense)",
        "its type: found nn.Sequential, expected nn.Linear.",
    ),
    "negated": (
        "conv.weight.flatten(1))",
        "-conv.weight.flatten(1))",
        "at [0, 0, 0, 0], expected -0.9570403 (120 of 120 numbers differ).",
    ),
}
