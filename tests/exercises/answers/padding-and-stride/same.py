"""Answers to padding-and-stride-same: what a check must refuse and must accept."""

RIGHT = {
    "zero-by-zero": """
import math


def same_padding(n, kernel, stride=1, dilation=1):
    before = after = 0
    while True:
        room = n + before + after - dilation * (kernel - 1) - 1
        if room >= 0 and room // stride + 1 >= math.ceil(n / stride):
            return (before, after) if larger == "after" else (after, before)
        if after > before:
            before += 1
        else:
            after += 1
""",
    "by-the-remainder": """
def same_padding(n, kernel, stride=1, dilation=1):
    span = dilation * (kernel - 1) + 1
    rest = n % stride or stride  # the pixels that the last jump leaves
    p = span - rest if span > rest else 0
    return sorted([p // 2, (p + 1) // 2], reverse=larger != "after")
""",
}
_ANSWER = """
def same_padding(n, kernel, stride=1, dilation=1):
    span = {span}
    needed = ({outputs} - 1) * stride + span
    p = {p}
    return {pair}
"""
_TRUE = {
    "span": "dilation * (kernel - 1) + 1",
    "outputs": "-(-n // stride)",
    "p": "max(needed - n, 0)",
    "pair": "(p // 2, p - p // 2)",
}
WRONG = {
    "constant": (
        "def same_padding(n, kernel, stride=1, dilation=1):\n    return 1, 1",
        "8 pixels, kernel 4, stride 1, dilation 3",
    ),
    "the-chapters-rule-for-stride-1": (
        _ANSWER.format(**_TRUE | {"p": "kernel - 1"}),
        "8 pixels, kernel 4, stride 1, dilation 3, entry 0 in (1, 2): found 1",
    ),
    "stride-overlooked": (
        _ANSWER.format(**_TRUE | {"p": "span - 1"}),
        "8 pixels, kernel 2, stride 2, dilation 1, entry 1 in (0, 1): found 1",
    ),
    "larger-part-before": (
        _ANSWER.format(**_TRUE | {"pair": "(p - p // 2, p // 2)"}),
        "entry 0 in (5, 4): found 5, expected 4",
    ),
    "both-sides-alike": (
        _ANSWER.format(**_TRUE | {"pair": "(p // 2, p // 2)"}),
        "entry 1 in (4, 4): found 4, expected 5",
    ),
    "rounded-down": (
        _ANSWER.format(**_TRUE | {"outputs": "n // stride"}),
        "9 pixels, kernel 2, stride 2, dilation 1",
    ),
    "negative": (
        _ANSWER.format(**_TRUE | {"p": "needed - n"}),
        "kernel 1, stride 2, dilation 1",
    ),
    "off-by-one": (
        _ANSWER.format(**_TRUE | {"span": "dilation * kernel"}),
        "8 pixels, kernel 4, stride 1, dilation 3",
    ),
    "the-sum": (
        _ANSWER.format(**_TRUE | {"pair": "p"}),
        "expected the tuple (1, 1)",
    ),
    "forgets-to-return": (
        "def same_padding(n, kernel, stride=1, dilation=1):\n    kernel - 1",
        "forget `return`",
    ),
}
CHANGED = {
    "dilation-on-top": (
        "span = dilation * (kernel - 1) + 1",
        "span = dilation * kernel",
        "4, stride 1, dilation 3, entry 0 in (5, 6): found 5, expected 4.",
    ),
    "for-exact-sizes-only": (
        "outputs = (n + stride - 1) // stride",
        "outputs = max(n // stride, 1)",
        "2, stride 2, dilation 1, entry 1 in (0, 0): found 0, expected 1.",
    ),
    "one-too-many-windows": (
        "(outputs - 1) * stride + span",
        "outputs * stride + span - 1",
        "2, stride 2, dilation 1, entry 1 in (0, 1): found 1, expected 0.",
    ),
    "all-on-one-side": (
        "parts = (p // 2, p - p // 2)",
        "parts = (0, p)",
        "3, stride 1, dilation 1, entry 0 in (0, 2): found 0, expected 1.",
    ),
    "stride-1-is-enough": (
        "needed = (outputs - 1) * stride + span",
        "needed = n - 1 + span",
        "2, stride 2, dilation 1, entry 1 in (0, 1): found 1, expected 0.",
    ),
}
