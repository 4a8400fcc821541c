"""Answers to channels-merge: what a check must refuse and must accept."""

RIGHT = {
    "of-torchs-own-type": """
import torch


def merge(K, b, M, m):
    kernel = torch.zeros(len(M), *K.shape[1:])
    for c in range(len(K)):
        kernel += M[:, c, :, :, None] * K[c]
    return kernel, (M[:, :, 0, 0] * b).sum(1) + m
""",
    "einsum": """
import torch


def merge(K, b, M, m):
    kernel = torch.einsum("oc,cihw->oihw", M.flatten(1), K)
    return kernel, M.flatten(1).mv(b) + m
""",
    "loops": """
def merge(K, b, M, m):
    kernel = K.new_zeros(len(M), *K.shape[1:])
    bias = m.clone()
    for o in range(len(M)):
        for c in range(len(K)):
            kernel[o] += M[o, c, 0, 0] * K[c]
            bias[o] += M[o, c, 0, 0] * b[c]
    return kernel, bias
""",
    "a-convolution-of-the-kernels": """
import torch


def merge(K, b, M, m):
    kernel = torch.conv2d(K.transpose(0, 1), M).transpose(0, 1)
    return [kernel, torch.conv2d(b.view(1, -1, 1, 1), M, m).flatten()]
""",
}
_ANSWER = """
def merge(K, b, M, m):
    matrix = M[:, :, 0, 0]
    kernel = {kernel}
    return {result}
"""
_KERNEL = "(matrix @ K.flatten(1)).reshape(-1, *K.shape[1:])"
_CASE = "3 to 4 channels by 3×3, then to 2 by 1×1"
WRONG = {
    "constant": (
        _ANSWER.format(
            kernel="K.new_zeros(len(M), *K.shape[1:])",
            result="kernel, m.new_zeros(len(m))",
        ),
        f"{_CASE}, bias: found 0 at [0]",
    ),
    "biases-only-added": (
        _ANSWER.format(kernel=_KERNEL, result="kernel, b.sum() + m"),
        f"{_CASE}, bias: found",
    ),
    "first-bias-lost": (
        _ANSWER.format(kernel=_KERNEL, result="kernel, m"),
        f"{_CASE}, bias: found",
    ),
    "second-bias-lost": (
        _ANSWER.format(kernel=_KERNEL, result="kernel, matrix @ b"),
        f"{_CASE}, bias: found",
    ),
    "kernels-summed-without-weights": (
        _ANSWER.format(
            kernel="K.sum(0).expand(len(M), -1, -1, -1)",
            result="kernel, matrix @ b + m",
        ),
        f"{_CASE}, output: found",
    ),
    "transposed": (
        _ANSWER.format(
            kernel=f"{_KERNEL}.transpose(0, 1)", result="kernel, matrix @ b + m"
        ),
        f"{_CASE}, kernel's shape, entry 0 in (3, 2, 3, 3): found 3, expected 2",
    ),
    "pixels-in-another-order": (
        _ANSWER.format(kernel=f"{_KERNEL}.mT", result="kernel, matrix @ b + m"),
        f"{_CASE}, output: found",
    ),
    "no-bias-returned": (
        _ANSWER.format(kernel=_KERNEL, result="(kernel,)"),
        f"{_CASE}, kernel and bias: found 1, expected 2",
    ),
    "mutates-its-input": (
        _ANSWER.format(kernel=_KERNEL, result="kernel, m.add_(matrix @ b)"),
        "changed its input number 4",
    ),
}
CHANGED = {
    "second-bias-twice": (
        "matrix @ b + m",
        "matrix @ (b + 0 * b) + 2 * m",
        "found 2.964338 at [0], expected 3.113149 (2 of 2 numbers differ).",
    ),
    "bias-by-the-whole-matrix": (
        "matrix @ b + m",
        "matrix.sum(1) * b.mean() + m",
        "found 2.127745 at [0], expected 3.113149 (2 of 2 numbers differ).",
    ),
    "absolute-weights": (
        "matrix = M[:, :, 0, 0]",
        "matrix = M[:, :, 0, 0].abs()",
        "found 3.462611 at [0], expected 3.113149 (2 of 2 numbers differ).",
    ),
    "only-a-tensor": (
        "return kernel.reshape(-1, *K.shape[1:]), matrix @ b + m",
        "return kernel.reshape(-1, *K.shape[1:])",
        "then to 2 by 1×1, bias: found shape (3, 3, 3), expected (2,).",
    ),
    "first-kernel-kept": (
        "return kernel.reshape(-1, *K.shape[1:]),",
        "return K,",
        "kernel's shape, entry 0 in (4, 3, 3, 3): found 4, expected 2.",
    ),
}
