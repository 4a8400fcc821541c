"""Answers to padding-and-stride-shape: what a check must refuse and must accept."""

RIGHT = {
    "jump-by-jump": """
shape, left = [], []
for n in (height, width):
    bottom = dilation * (kernel - 1)  # the row on which the kernel's last one lies
    outputs = 0
    while bottom < n + 2 * padding:
        outputs += 1
        last, bottom = bottom, bottom + stride
    shape.append(outputs)
    left.append(n + 2 * padding - 1 - last)
left_over = left[0]
""",
    "the-layer-and-arithmetic": """
import torch

layer = torch.nn.Conv2d(1, 1, kernel, stride, padding, dilation)
shape = layer(torch.zeros(1, 1, height, width)).shape[2:]
reach = (shape[0] - 1) * stride + dilation * (kernel - 1) + 1
left_over = height + 2 * padding - reach
""",
}
_ANSWER = """
span = {span}
down, across = height + {p} - span, width + {p} - span
shape = {shape}
left_over = {left}
"""
_TRUE = {
    "span": "dilation * (kernel - 1) + 1",
    "p": "2 * padding",
    "shape": "(down // stride + 1, across // stride + 1)",
    "left": "down % stride",
}
WRONG = {
    "constant": (
        "shape, left_over = (32, 20), 0",
        "left_over: found 0, which is too low.",
    ),
    "dilation-forgotten": (
        _ANSWER.format(**_TRUE | {"span": "kernel"}),
        "shape, entry 0 in (34, 22): found 34, which is too high.",
    ),
    "padding-on-one-side": (
        _ANSWER.format(**_TRUE | {"p": "padding"}),
        "left_over: found 0, which is too low.",
    ),
    "off-by-one": (
        _ANSWER.format(**_TRUE | {"shape": "(down // stride, across // stride)"}),
        "shape, entry 0 in (31, 19): found 31, which is too low.",
    ),
    "columns-first": (
        _ANSWER.format(
            **_TRUE | {"shape": "(across // stride + 1, down // stride + 1)"}
        ),
        "shape, entry 0 in (20, 32): found 20, which is too low.",
    ),
    "rounded-up": (
        _ANSWER.format(
            **_TRUE | {"shape": "(-(-down // stride) + 1, across // 3 + 1)"}
        ),
        "shape, entry 0 in (33, 20)",
    ),
    "left-over-of-the-picture": (
        _ANSWER.format(**_TRUE | {"left": "height % stride"}),
        "left_over: found 1, which is too low.",
    ),
    "whole-numbers-lost": (
        _ANSWER.format(**_TRUE | {"shape": "(down / stride + 1, across / stride + 1)"}),
        "shape, entry 0",
    ),
}
