"""Answers to channels-debug: what a check must refuse, and what it must accept."""

RIGHT = {
    "pixels-last": """
import torch


def mix(X, K):
    return torch.einsum("oi,nihw->nohw", K[:, :, 0, 0], X)
""",
    "picture-by-picture": """
import torch


def mix(X, K):
    N, c_i, h, w = X.shape
    matrix = K.reshape(len(K), c_i)
    return torch.stack([(matrix @ x.reshape(c_i, -1)).reshape(-1, h, w) for x in X])
""",
}
_MIX = """
def mix(X, K):
    N, c_i, h, w = X.shape
    c_o = K.shape[0]
    columns = {columns}
    Y = K.reshape(c_o, c_i) @ columns
    return {back}
"""
_BACK = "Y.reshape(c_o, N, h, w).transpose(0, 1)"
_CASE = "2 pictures of 1×1, 2 to 2 channels"
WRONG = {
    "as-it-was": (
        _MIX.format(
            columns="X.reshape(c_i, N * h * w)", back="Y.reshape(N, c_o, h, w)"
        ),
        _CASE,
    ),
    "only-before": (
        _MIX.format(
            columns="X.transpose(0, 1).reshape(c_i, -1)", back="Y.reshape(N, c_o, h, w)"
        ),
        _CASE,
    ),
    "only-after": (_MIX.format(columns="X.reshape(c_i, -1)", back=_BACK), _CASE),
    "first-picture-only": (
        _MIX.format(
            columns="X[:1].reshape(c_i, -1)",
            back="Y.reshape(1, c_o, h, w).expand(N, -1, -1, -1)",
        ),
        _CASE,
    ),
    "constant": ("def mix(X, K):\n    return 0 * X", "1 pictures of 4×5"),
}
