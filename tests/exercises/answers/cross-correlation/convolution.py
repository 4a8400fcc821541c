"""Answers to cross-correlation-convolution: what a check must refuse and accept."""

RIGHT = {
    "pads-and-slides-the-turned-kernel": """
import torch


def convolve_full(X, K):
    k_h, k_w = K.shape
    padded = torch.nn.functional.pad(X, (k_w - 1, k_w - 1, k_h - 1, k_h - 1))
    return correlate(padded, K.flip(0, 1))
""",
    "gathers-each-output": """
def convolve_full(X, K):
    rows, columns = X.shape[0] + K.shape[0] - 1, X.shape[1] + K.shape[1] - 1
    Y = X.new_zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            for a in range(K.shape[0]):
                for b in range(K.shape[1]):
                    if 0 <= i - a < X.shape[0] and 0 <= j - b < X.shape[1]:
                        Y[i, j] += X[i - a, j - b] * K[a, b]
    return Y
""",
    "one-shifted-picture-for-each-number-of-the-kernel": """
def convolve_full(X, K):
    (n_h, n_w), (k_h, k_w) = X.shape, K.shape
    Y = X.new_zeros(n_h + k_h - 1, n_w + k_w - 1)
    for a in range(k_h):
        for b in range(k_w):
            Y[a : a + n_h, b : b + n_w] += K[a, b] * X
    return Y
""",
}

WRONG = {
    "constant": (
        """
def convolve_full(X, K):
    return X.new_zeros(X.shape[0] + K.shape[0] - 1, X.shape[1] + K.shape[1] - 1)
""",
        "one white pixel and a 2×2 kernel: found 0",
    ),
    "the-kernel-is-not-turned-over": (
        """
import torch


def convolve_full(X, K):
    k_h, k_w = K.shape
    padded = torch.nn.functional.pad(X, (k_w - 1, k_w - 1, k_h - 1, k_h - 1))
    return correlate(padded, K)
""",
        "one white pixel and a 2×2 kernel: found 3 at [1, 1], expected 0",
    ),
    "full-windows-only": (
        """
def convolve_full(X, K):
    return correlate(X, K.flip(0, 1))
""",
        "found shape (2, 2), expected (4, 4)",
    ),
    "stamps-cover-each-other": (
        """
def convolve_full(X, K):
    (n_h, n_w), (k_h, k_w) = X.shape, K.shape
    Y = X.new_zeros(n_h + k_h - 1, n_w + k_w - 1)
    for i in range(n_h):
        for j in range(n_w):
            if X[i, j] != 0:
                Y[i : i + k_h, j : j + k_w] = X[i, j] * K
    return Y
""",
        "whose stamps overlap",
    ),
    "transposed": (
        """
def convolve_full(X, K):
    (n_h, n_w), (k_h, k_w) = X.shape, K.shape
    Y = X.new_zeros(n_h + k_h - 1, n_w + k_w - 1)
    for i in range(n_h):
        for j in range(n_w):
            Y[i : i + k_h, j : j + k_w] += X[j, i] * K.T
    return Y
""",
        "one white pixel",
    ),
    "off-by-one": (
        """
def convolve_full(X, K):
    (n_h, n_w), (k_h, k_w) = X.shape, K.shape
    Y = X.new_zeros(n_h + k_h, n_w + k_w)
    for i in range(n_h):
        for j in range(n_w):
            Y[i : i + k_h, j : j + k_w] += X[i, j] * K
    return Y
""",
        "found shape (5, 5), expected (4, 4)",
    ),
    "mutates-its-input": (
        """
def convolve_full(X, K):
    (n_h, n_w), (k_h, k_w) = X.shape, K.shape
    Y = X.new_zeros(n_h + k_h - 1, n_w + k_w - 1)
    for a in range(k_h):
        for b in range(k_w):
            Y[a : a + n_h, b : b + n_w] += K[a, b] * X
    X.zero_()
    return Y
""",
        "changed its input number 1",
    ),
    "square-kernels-only": (
        """
def convolve_full(X, K):
    (n_h, n_w), k = X.shape, K.shape[0]
    Y = X.new_zeros(n_h + k - 1, n_w + k - 1)
    for a in range(k):
        for b in range(k):
            Y[a : a + n_h, b : b + n_w] += K[a, b % K.shape[1]] * X
    return Y
""",
        "a 5×7 picture and a 3×2 kernel",
    ),
    "forgets-to-return": (
        """
def convolve_full(X, K):
    correlate(X, K)
""",
        "forget `return`",
    ),
}
CHANGED = {
    "columns-never-move": (
        "sheet[i : i + k_h, j : j + k_w] +=",
        "sheet[i : i + k_h, :k_w] +=",
        "kernel: found 1 at [1, 1], expected 0 (5 of 16 numbers differ).",
    ),
    "last-row-forgotten": (
        "for i in range(n_h):",
        "for i in range(n_h - 1):",
        "overlap: found 5 at [1, 1], expected 6 (5 of 9 numbers differ).",
    ),
    "kernel-squared": (
        "X[i, j] * K",
        "X[i, j] * K * K",
        "kernel: found 4 at [2, 1], expected 2 (2 of 16 numbers differ).",
    ),
    "black-pixels-by-size": (
        "X[i, j] * K",
        "X[i, j].abs() * K",
        "kernel: found 8 at [0, 0], expected -8 (5 of 10 numbers differ).",
    ),
    "upside-down": (
        "return sheet",
        "return sheet.flip(0)",
        "kernel: found 2 at [1, 1], expected 0 (4 of 16 numbers differ).",
    ),
}
