"""Answers to batch-normalisation-fold: what a check must refuse and accept."""

RIGHT = {
    "torchs-own": """
import copy

from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold(conv, norm):
    return fuse_conv_bn_eval(copy.deepcopy(conv).eval(), copy.deepcopy(norm).eval())
""",
    "new-layer": """
import torch
from torch import nn


@torch.no_grad()
def fold(conv, norm):
    one = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
        padding_mode=conv.padding_mode,
    ).to(conv.weight)
    a = norm.weight * (norm.running_var + norm.eps).rsqrt()
    for c in range(conv.out_channels):
        one.weight[c] = conv.weight[c] * a[c]
        bias = 0.0 if conv.bias is None else conv.bias[c]
        one.bias[c] = (bias - norm.running_mean[c]) * a[c] + norm.bias[c]
    return one
""",
}
_FOLD = """
import copy

import torch
from torch import nn


@torch.no_grad()
def fold(conv, norm):
    one = {one}
    a = {a}
    bias = 0 if conv.bias is None else conv.bias
    b = {b}
    one.weight = nn.Parameter({weight})
    one.bias = nn.Parameter(b)
    return one
"""
_TRUE = {
    "one": "copy.deepcopy(conv)",
    "a": "norm.weight / torch.sqrt(norm.running_var + norm.eps)",
    "b": "norm.bias + a * (bias - norm.running_mean)",
    "weight": "a.view(-1, 1, 1, 1) * conv.weight",
}
_FIRST = "nn.Conv2d(1, 2, {'kernel_size': 3, 'bias': False})"
_SECOND = "nn.Conv2d(3, 4, {'kernel_size': 3, 'stride': 2, 'padding': 1})"
WRONG = {
    "constant": (
        _FOLD.format(**_TRUE | {"weight": "0 * conv.weight"}),
        f"{_FIRST} and its batch normalisation: found",
    ),
    "bias-not-scaled": (
        _FOLD.format(**_TRUE | {"b": "norm.bias + bias - a * norm.running_mean"}),
        "'circular'}) and its batch normalisation: found 1.75",
    ),
    "input-channels-scaled": (
        _FOLD.format(
            **_TRUE | {"weight": "a.sum() / len(a) * conv.weight"},
        ),
        f"{_FIRST} and its batch normalisation: found",
    ),
    "no-root": (
        _FOLD.format(**_TRUE | {"a": "norm.weight / (norm.running_var + norm.eps)"}),
        f"{_FIRST} and its batch normalisation: found",
    ),
    "stride-and-padding-lost": (
        _FOLD.format(
            **_TRUE | {"one": "nn.Conv2d(conv.in_channels, conv.out_channels, 3)"}
        ),
        "normalisation: found shape (3, 4, 7, 6), expected (3, 4, 5, 4).",
    ),
    "mutates-the-convolution": (
        """
import torch
from torch import nn


@torch.no_grad()
def fold(conv, norm):
    a = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    conv.weight *= a.view(-1, 1, 1, 1)
    bias = 0 if conv.bias is None else conv.bias
    conv.bias = nn.Parameter(norm.bias + a * (bias - norm.running_mean))
    return conv
""",
        "0.weight afterwards",
    ),
    "both-layers-in-a-row": (
        """
import copy

from torch import nn


def fold(conv, norm):
    return nn.Sequential(copy.deepcopy(conv), copy.deepcopy(norm)).eval()
""",
        "its type: found nn.Sequential, expected nn.Conv2d.",
    ),
}
CHANGED = {
    "changes-the-modes": (
        "return one  #",
        "conv.train(), norm.train()\n    return one  #",
        "training modes afterwards, entry 0",
    ),
    "always-float64": (
        "return one  #",
        "return one.double()  #",
        "3 of 4 cases are right",
    ),
    "padding-mode-lost": (
        "one = deepcopy(conv)",
        (
            "one = deepcopy(conv)\n"
            "    one.padding_mode = 'zeros'\n"
            "    one._reversed_padding_repeated_twice = []"
        ),
        "'circular'}) and its batch normalisation: found 0.8038",
    ),
    "a-class-called-conv2d": (
        "one = deepcopy(conv)",
        (
            "class Conv2d(nn.Sequential):\n"
            "        pass\n"
            "\n"
            "    return Conv2d(deepcopy(conv), deepcopy(norm)).eval()\n"
            "    one = deepcopy(conv)"
        ),
        "its type: found __main__.fold.<locals>.Conv2d, expected nn.Conv2d.",
    ),
    "epsilon-forgotten": (
        "norm.running_var + norm.eps",
        "norm.running_var + 1e-5",
        "at [0, 0, 0, 0], expected -1.928537 (252 of 252 numbers differ).",
    ),
    "old-bias-lost": (
        "bias = 0 if conv.bias is None else conv.bias",
        "bias = 0",
        "'circular'}) and its batch normalisation: found 1.567",
    ),
    "shared-bias": (
        "return one",
        ("one.bias = norm.bias\n    return one"),
        "at [0, 0, 0, 0], expected -1.928537 (252 of 252 numbers differ).",
    ),
}
