"""Answers to learning-derive: what a check must refuse, and what it must accept."""

RIGHT = {
    "jacobian": """
import torch
from torch.nn import functional as F


def slope(logits, y):
    p = logits.softmax(1)
    far = p - F.one_hot(y, logits.shape[1])
    jacobian = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    return 2 * (jacobian @ far[:, :, None])[..., 0] / len(logits)
""",
    "one-by-one": """
import torch


def slope(logits, y):
    rows = []
    for z, label in zip(logits, y):
        p = z.softmax(0)
        e = torch.zeros_like(p)
        e[label] = 1
        rows.append(2 * p * (p - e - ((p - e) * p).sum()))
    return torch.stack(rows) / len(rows)
""",
}
_SLOPE = """
import torch
from torch.nn import functional as F


def slope(logits, y):
    p = {p}
    far = p - F.one_hot(y, logits.shape[1])
    return {result}
"""
_P, _N = "logits.softmax(1)", "(far * p).sum(1, keepdim=True)"
WRONG = {
    "autograd": (
        """
import torch
from torch.nn import functional as F


def slope(logits, y):
    z = logits.clone().requires_grad_()
    far = z.softmax(1) - F.one_hot(y, logits.shape[1])
    far.square().sum(1).mean().backward()
    return z.grad
""",
        "logits 0 and 8: uses autograd, which this exercise does without.",
    ),
    "arguments-mistaken": (
        _SLOPE.format(p="torch.softmax(y, 0)", result="0 * logits"),
        "raised NotImplementedError: ",
    ),
    "constant": ("def slope(logits, y):\n    return 0 * logits", "logits 0 and 8"),
    "cross-entropy": (_SLOPE.format(p=_P, result="far / len(y)"), "logits 0 and 8"),
    "slope-in-p": (_SLOPE.format(p=_P, result="2 * far / len(y)"), "logits 0 and 8"),
    "no-two": (
        _SLOPE.format(p=_P, result=f"p * (far - {_N}) / len(y)"),
        "logits 0 and 8",
    ),
    "diagonal-only": (
        _SLOPE.format(p=_P, result="2 * far * p * (1 - p) / len(y)"),
        "logits 0 and 8",
    ),
    "sum-over-the-batch": (
        _SLOPE.format(p=_P, result=f"2 * p * (far - {_N})"),
        "six pictures",
    ),
    "softmax-over-the-batch": (
        _SLOPE.format(p="logits.softmax(0)", result=f"2 * p * (far - {_N}) / len(y)"),
        "logits 0 and 8",
    ),
    "overflows": (
        _SLOPE.format(
            p="logits.exp() / logits.exp().sum(1, keepdim=True)",
            result=f"2 * p * (far - {_N}) / len(y)",
        ),
        "logits of 1000",
    ),
    "mutates-input": (
        """
def slope(logits, y):
    logits -= logits.amax(1, keepdim=True)
    return 0 * logits
""",
        "changed its input",
    ),
}
