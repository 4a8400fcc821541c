"""Answers to batch-normalisation-affine: what a check must refuse and accept."""

RIGHT = {
    "by-probing": """
import copy

import torch


def as_affine(norm):
    twin = copy.deepcopy(norm).eval()
    C = twin.num_features
    shape = (1, C) if isinstance(twin, torch.nn.BatchNorm1d) else (1, C, 1, 1)
    with torch.no_grad():
        at_0 = twin(torch.zeros(shape)).flatten()
        at_1 = twin(torch.ones(shape)).flatten()
    return at_1 - at_0, at_0
""",
    "ones-and-zeros": """
import torch


def as_affine(norm):
    mean, var = norm.running_mean, norm.running_var
    gamma = torch.ones_like(mean) if norm.weight is None else norm.weight
    beta = torch.zeros_like(mean) if norm.bias is None else norm.bias
    a = gamma * (var + norm.eps).rsqrt()
    return a, beta - a * mean
""",
}
_AFFINE = """
import torch


def as_affine(norm):
    gamma = 1 if norm.weight is None else norm.weight
    beta = 0 if norm.bias is None else norm.bias
    {body}
    return {result}
"""
_A = "a = gamma / (norm.running_var + norm.eps) ** 0.5"
WRONG = {
    "nothing": (
        "def as_affine(norm):\n    pass",
        "cannot unpack non-iterable NoneType object: did you forget `return`",
    ),
    "constant": (
        _AFFINE.format(
            body="one = torch.ones_like(norm.running_mean)", result="one, 0 * one"
        ),
        "X of shape (8, 5): found 1.235",
    ),
    "mean-not-scaled": (
        _AFFINE.format(body=_A, result="a, beta - norm.running_mean"),
        "X of shape (8, 5): found -0.1647",
    ),
    "no-root": (
        _AFFINE.format(
            body="a = gamma / (norm.running_var + norm.eps)",
            result="a, beta - norm.running_mean * a",
        ),
        "X of shape (8, 5): found -0.6766",
    ),
    "epsilon-fixed": (
        _AFFINE.format(
            body="a = gamma / (norm.running_var + 1e-5) ** 0.5",
            result="a, beta - norm.running_mean * a",
        ),
        "X of shape (8, 5): found -0.1812",
    ),
    "one-for-all-channels": (
        _AFFINE.format(body=_A, result="a.mean(), (beta - norm.running_mean).mean()"),
        "shapes",
    ),
    "changes-the-mode": (
        """
import torch


def as_affine(norm):
    norm.eval()
    a = norm(torch.ones(1, 5)) - norm(torch.zeros(1, 5))
    return a[0], norm(torch.zeros(1, 5))[0]
""",
        "training mode afterwards: found False, expected True",
    ),
    "moves-the-averages": (
        """
import torch


def as_affine(norm):
    ones, zeros = torch.ones(2, 5), torch.zeros(2, 5)
    return (norm(ones) - norm(zeros))[0], norm(zeros)[0]
""",
        "running_mean afterwards: found",
    ),
    "ends-in-training-mode": (
        _AFFINE.format(
            body=f"norm.train()\n    {_A}", result="a, beta - norm.running_mean * a"
        ),
        "training mode afterwards: found True, expected False",
    ),
    "mutates-weight": (
        """
import torch


def as_affine(norm):
    with torch.no_grad():
        norm.weight /= torch.sqrt(norm.running_var + norm.eps)
        return norm.weight, norm.bias - norm.weight * norm.running_mean
""",
        "weight afterwards: found",
    ),
    "None-overlooked": (
        """
import torch


def as_affine(norm):
    gamma = norm.weight if norm.weight is not None else torch.zeros(norm.num_features)
    beta = norm.bias if norm.bias is not None else torch.zeros(norm.num_features)
    a = gamma / (norm.running_var + norm.eps) ** 0.5
    return a, beta - a * norm.running_mean
""",
        "nn.BatchNorm2d with {'affine': False}",
    ),
}
CHANGED = {
    "epsilon-outside-the-root": (
        "1 / torch.sqrt(norm.running_var + norm.eps)",
        "1 / (torch.sqrt(norm.running_var) + norm.eps)",
        "X of shape (8, 5): found -0.2651",
    ),
    "no-epsilon": (
        "torch.sqrt(norm.running_var + norm.eps)",
        "torch.sqrt(norm.running_var)",
        "X of shape (8, 5): found -0.1812",
    ),
    "mean-added": (
        "b = -norm.running_mean * a",
        "b = norm.running_mean * a",
        "X of shape (8, 5): found -0.7434",
    ),
    "gamma-forgotten": (
        "a = norm.weight * a",
        "a = a",
        "X of shape (8, 5): found -0.5315",
    ),
    "beta-scaled": (
        "b = norm.bias + b",
        "b = norm.bias * a + b",
        "X of shape (8, 5): found 0.01224",
    ),
}
