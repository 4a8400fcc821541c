"""Answers to cross-correlation-locate: what a check must refuse and must accept."""

RIGHT = {
    "two-loops": """
def locate(X, P):
    h, w = P.shape
    best = None
    for i in range(X.shape[0] - h + 1):
        for j in range(X.shape[1] - w + 1):
            error = float(((X[i : i + h, j : j + w] - P) ** 2).sum())
            if best is None or error < best[0]:
                best = (error, i, j)
    return best[1:]
""",
    "all-windows-at-once": """
def locate(X, P):
    windows = X.unfold(0, P.shape[0], 1).unfold(1, P.shape[1], 1)
    error = (windows - P).square().sum((2, 3))
    return tuple((error == error.min()).nonzero()[0].tolist())
""",
}

WRONG = {
    "constant": (
        "def locate(X, P):\n    return 0, 0",
        "a pattern cut out of the picture, entry 0 in (0, 0): found 0, expected 4",
    ),
    "the-constant-that-fits-the-first-case": (
        "def locate(X, P):\n    return 4, 1",
        "that stands at (0, 0)",
    ),
    "the-largest-output": (
        """
def locate(X, P):
    Y = correlate(X, P)
    return divmod(int(Y.argmax()), Y.shape[1])
""",
        "entry",
    ),
    "column-first": (
        """
def locate(X, P):
    ones = P * 0 + 1
    error = correlate(X**2, ones) - 2 * correlate(X, P)
    row, column = divmod(int(error.argmin()), error.shape[1])
    return column, row
""",
        "in (1, 4): found 1, expected 4",
    ),
    "rows-of-the-picture-not-of-the-output": (
        """
def locate(X, P):
    ones = P * 0 + 1
    error = correlate(X**2, ones) - 2 * correlate(X, P)
    return divmod(int(error.argmin()), X.shape[1])
""",
        "a pattern cut out of the picture",
    ),
    "the-middle-of-the-window": (
        """
def locate(X, P):
    ones = P * 0 + 1
    error = correlate(X**2, ones) - 2 * correlate(X, P)
    row, column = divmod(int(error.argmin()), error.shape[1])
    return row + P.shape[0] // 2, column + P.shape[1] // 2
""",
        "in (5, 2): found 5, expected 4",
    ),
    "absolute-values-of-the-mean": (
        """
def locate(X, P):
    error = (correlate(X, P * 0 + 1) - P.sum()).abs()
    return divmod(int(error.argmin()), error.shape[1])
""",
        "that stands at (0, 0)",
    ),
    "the-largest-output-after-the-mean-is-gone": (
        """
def locate(X, P):
    Y = correlate(X, P - P.mean())
    return divmod(int(Y.argmax()), Y.shape[1])
""",
        "entry",
    ),
    "mutates-its-input": (
        """
def locate(X, P):
    twice = 2 * correlate(X, P)
    error = correlate(X.square_(), P * 0 + 1) - twice
    return divmod(int(error.argmin()), error.shape[1])
""",
        "changed its input number 1",
    ),
}
CHANGED = {
    "absolute-differences": (
        "row, column = divmod(int(difference.argmin()), difference.shape[1])",
        (
            "w = X.unfold(0, P.shape[0], 1).unfold(1, P.shape[1], 1)\n"
            "    d = (w - P).abs().sum((2, 3))\n"
            "    row, column = divmod(int(d.argmin()), d.shape[1])"
        ),
        "nowhere in the picture, entry 0 in (1, 2): found 1, expected 5.",
    ),
    "cosine": (
        "difference = squares - 2 * correlate(X, P) + (P**2).sum()",
        "difference = -correlate(X, P) / squares.clamp(min=1e-9).sqrt()",
        "nowhere in the picture, entry 0 in (1, 5): found 1, expected 5.",
    ),
    "largest-difference": (
        "row, column = divmod(int(difference.argmin()), difference.shape[1])",
        (
            "w = X.unfold(0, P.shape[0], 1).unfold(1, P.shape[1], 1)\n"
            "    d = (w - P).abs().amax((2, 3))\n"
            "    row, column = divmod(int(d.argmin()), d.shape[1])"
        ),
        "nowhere in the picture, entry 0 in (1, 5): found 1, expected 5.",
    ),
    "single-product": (
        "- 2 * correlate(X, P)",
        "- correlate(X, P)",
        "cut out of the picture, entry 0 in (2, 3): found 2, expected 4.",
    ),
    "brightness-taken-off": (
        "row, column = divmod(int(difference.argmin()), difference.shape[1])",
        (
            "w = X.unfold(0, P.shape[0], 1).unfold(1, P.shape[1], 1)\n"
            "    w = w - w.mean((2, 3), keepdim=True)\n"
            "    d = (w - P + P.mean()).square().sum((2, 3))\n"
            "    row, column = divmod(int(d.argmin()), d.shape[1])"
        ),
        "nowhere in the picture, entry 0 in (1, 5): found 1, expected 5.",
    ),
}
