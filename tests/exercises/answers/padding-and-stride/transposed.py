"""Answers to padding-and-stride-transposed: what a check must refuse, and accept."""

RIGHT = {
    "zeros-between": """
import torch
from torch.nn.functional import conv2d, pad


def transposed(Y, K, stride, extra=0):
    (h, w), (k_h, k_w) = Y.shape, K.shape
    spread = Y.new_zeros((h - 1) * stride + 1, (w - 1) * stride + 1)
    spread[::stride, ::stride] = Y
    wide = pad(spread, (k_w - 1, k_w - 1 + extra, k_h - 1, k_h - 1 + extra))
    return conv2d(wide[None, None], K.flip(0, 1)[None, None])[0, 0]
""",
    "by-autograd": """
import torch
from torch.nn.functional import conv2d


def transposed(Y, K, stride, extra=0):
    (h, w), (k_h, k_w) = Y.shape, K.shape
    size = (h - 1) * stride + k_h + extra, (w - 1) * stride + k_w + extra
    X = Y.new_zeros(size).requires_grad_()
    out = conv2d(X[None, None], K[None, None], stride=stride)[0, 0]
    return torch.autograd.grad((out[:h, :w] * Y).sum(), X)[0]
""",
}
_STAMPED = """
def transposed(Y, K, stride, extra=0):
    (h, w), (k_h, k_w) = Y.shape, K.shape
    sheet = Y.new_zeros({rows} + extra, {columns} + extra)
    for i in range(h):
        for j in range(w):
            top, left = {place}
            sheet[top : top + k_h, left : left + k_w] {plus} Y[i, j] * {kernel}
    return sheet
"""
_RIGHT = {
    "rows": "(h - 1) * stride + k_h",
    "columns": "(w - 1) * stride + k_w",
    "place": "i * stride, j * stride",
    "plus": "+=",
    "kernel": "K",
}
_SIDE = "2×2 numbers, a 2×2 kernel, stride 2, extra 0"
_EXTRA = "3×2 numbers, a 1×2 kernel, stride 3, extra 2"


def _wrong(**part):
    return _STAMPED.format(**{**_RIGHT, **part})


WRONG = {
    "constant": ("def transposed(Y, K, stride, extra=0):\n    return Y", _SIDE),
    "turned": (_wrong(kernel="K.flip(0, 1)"), _SIDE),
    "stamps-cover": (_wrong(plus="="), "2×3 numbers, a 2×2 kernel, stride 1"),
    "no-extra": (
        _wrong().replace(" + extra", ""),
        _EXTRA,
    ),
    "extra-above": (
        _wrong(place="i * stride + extra, j * stride + extra"),
        _EXTRA,
    ),
    "square-kernels": (_wrong(columns="(w - 1) * stride + k_h"), _EXTRA),
    "size-times-stride": (_wrong(rows="h * stride", columns="w * stride"), _EXTRA),
}
