"""Answers to channels-depthwise: what a check must refuse and must accept."""

RIGHT = {
    "loops-over-the-chapters-function": """
import torch


def depthwise(X, K):
    pictures = [torch.stack([correlate(x, k) for x, k in zip(P, K)]) for P in X]
    return torch.stack(pictures)
""",
    "einsum": """
import torch


def depthwise(X, K):
    windows = X.unfold(-2, K.shape[1], 1).unfold(-2, K.shape[2], 1)
    return torch.einsum("nchwab,cab->nchw", windows, K)
""",
    "slice-by-slice": """
def depthwise(X, K):
    c, k_h, k_w = K.shape
    h, w = X.shape[2] - k_h + 1, X.shape[3] - k_w + 1
    Y = X.new_zeros(X.shape[0], c, h, w)
    for a in range(k_h):
        for b in range(k_w):
            Y += K[:, a, b].view(c, 1, 1) * X[:, :, a : a + h, b : b + w]
    return Y
""",
}
_ANSWER = """
def depthwise(X, K):
    c, k_h, k_w = K.shape
    windows = X.unfold(2, {across}, 1).unfold(3, {down}, 1)
    return {result}
"""
_TRUE = {"across": "k_h", "down": "k_w", "result": None}
WRONG = {
    "constant": (
        """
def depthwise(X, K):
    h, w = X.shape[2] - K.shape[1] + 1, X.shape[3] - K.shape[2] + 1
    return X.new_zeros(X.shape[0], len(K), h, w)
""",
        "with a single number: found 0 at [0, 0, 0, 1], expected 1",
    ),
    "adds-the-channels": (
        _ANSWER.format(
            **_TRUE
            | {"result": "(windows * K.view(c, 1, 1, k_h, k_w)).sum((1, -2, -1))"}
        ),
        "found shape (1, 3, 3), expected (1, 2, 3, 3)",
    ),
    "adds-them-and-copies": (
        _ANSWER.format(
            **_TRUE
            | {
                "result": "(windows * K.view(c, 1, 1, k_h, k_w)).sum((-2, -1))"
                ".sum(1, keepdim=True).expand(-1, c, -1, -1)"
            }
        ),
        "with a single number: found",
    ),
    "one-kernel-for-all": (
        _ANSWER.format(**_TRUE | {"result": "(windows * K[0]).sum((-2, -1))"}),
        "with a single number: found 16 at [0, 1, 0, 0], expected 42",
    ),
    "kernels-turned-over": (
        _ANSWER.format(
            **_TRUE
            | {
                "result": "(windows * K.flip(1, 2).view(c, 1, 1, k_h, k_w))"
                ".sum((-2, -1))"
            }
        ),
        "with a single number: found 5 at [0, 0, 0, 0], expected 0",
    ),
    "transposed": (
        _ANSWER.format(
            across="k_w",
            down="k_h",
            result="(windows * K.mT.reshape(c, 1, 1, k_w, k_h)).sum((-2, -1))",
        ),
        "2 pictures, 3 channels of 7×5, kernels of 3×2: found shape",
    ),
    "off-by-one": (
        _ANSWER.format(
            **_TRUE
            | {"result": "(windows * K.view(c, 1, 1, k_h, k_w)).sum((-2, -1))[..., 1:]"}
        ),
        "found shape (1, 2, 3, 2), expected (1, 2, 3, 3)",
    ),
    "first-picture-only": (
        _ANSWER.format(
            **_TRUE
            | {"result": "(windows * K.view(c, 1, 1, k_h, k_w)).sum((-2, -1))[:1]"}
        ),
        "2 pictures, 3 channels of 7×5",
    ),
    "mutates-its-input": (
        """
def depthwise(X, K):
    c, k_h, k_w = K.shape
    h, w = X.shape[2] - k_h + 1, X.shape[3] - k_w + 1
    old, Y = X.clone(), X[:, :, :h, :w]
    Y *= K[:, 0, 0].view(c, 1, 1)
    for a in range(k_h):
        for b in range(k_w):
            if a or b:
                Y += K[:, a, b].view(c, 1, 1) * old[:, :, a : a + h, b : b + w]
    return Y
""",
        "changed its input number 1",
    ),
}
CHANGED = {
    "with-groups": (
        "c, k_h, k_w = K.shape",
        (
            "return torch.conv2d(X, K[:, None], groups=len(K))\n"
            "    c, k_h, k_w = K.shape"
        ),
        "a single number: uses groups, which this exercise does without.",
    ),
    "with-a-grouped-layer": (
        "c, k_h, k_w = K.shape",
        (
            "return nn.functional.conv2d(X, K[:, None], None, 1, 0, 1, len(K))\n"
            "    c, k_h, k_w = K.shape"
        ),
        "with a single number') raised NameError: name 'nn' is not defined",
    ),
    "kernels-averaged": (
        "(windows * K.reshape(c, 1, 1, k_h, k_w))",
        "(windows * K.mean(0).expand(c, 1, 1, k_h, k_w))",
        "found 5 at [0, 0, 0, 0], expected 0 (18 of 18 numbers differ).",
    ),
    "mean-of-the-window": (
        ".sum((-2, -1))",
        ".mean((-2, -1))",
        "found 0.25 at [0, 0, 0, 1], expected 1 (17 of 18 numbers differ).",
    ),
    "channels-reversed": (
        "K.reshape(c, 1, 1, k_h, k_w)",
        "K.flip(0).reshape(c, 1, 1, k_h, k_w)",
        "found 10 at [0, 0, 0, 0], expected 0 (18 of 18 numbers differ).",
    ),
}
