"""Answers to padding-and-stride-strided: what a check must refuse and must accept."""

RIGHT = {
    "window-by-window": """
def corr2d_slices(X, K, s=(1, 1), d=(1, 1)):
    span = [d[i] * (K.shape[i] - 1) + 1 for i in (0, 1)]
    rows = []
    for top in range(0, X.shape[-2] - span[0] + 1, s[0]):
        row = []
        for left in range(0, X.shape[-1] - span[1] + 1, s[1]):
            window = X[..., top : top + span[0], left : left + span[1]]
            row.append((window[..., :: d[0], :: d[1]] * K).sum((-2, -1)))
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


import torch
""",
    "a-kernel-with-gaps-and-every-sth-output": """
def corr2d_slices(X, K, s=(1, 1), d=(1, 1)):
    wide = K.new_zeros(d[0] * (K.shape[0] - 1) + 1, d[1] * (K.shape[1] - 1) + 1)
    wide[:: d[0], :: d[1]] = K
    windows = X.unfold(-2, wide.shape[0], 1).unfold(-2, wide.shape[1], 1)
    return (windows * wide).sum((-2, -1))[..., :: s[0], :: s[1]]
""",
    "one-slice-from-end-to-end": """
def corr2d_slices(X, K, s=(1, 1), d=(1, 1)):
    reach = [d[i] * (K.shape[i] - 1) for i in (0, 1)]
    Y = 0
    for a, row in enumerate(K):
        for b, number in enumerate(row):
            bottom = X.shape[-2] - reach[0] + a * d[0]
            right = X.shape[-1] - reach[1] + b * d[1]
            Y = Y + number * X[..., a * d[0] : bottom : s[0], b * d[1] : right : s[1]]
    return Y
""",
}
_ANSWER = """
def corr2d_slices(X, K, s=(1, 1), d=(1, 1)):
    {unpack}
    h = (X.shape[-2] - d[0] * (K.shape[0] - 1) - 1) // s[0] + 1
    w = (X.shape[-1] - d[1] * (K.shape[1] - 1) - 1) // s[1] + 1
    Y = X.new_zeros(*X.shape[:-2], h, w)
    for a in range(K.shape[0]):
        for b in range(K.shape[1]):
            met = X[..., a * d[0] :: s[0], b * d[1] :: s[1]]
            {step}
    return Y
"""
_STEP = "Y += K[a, b] * met[..., :h, :w]"
WRONG = {
    "constant": (
        _ANSWER.format(unpack="pass", step="pass"),
        "6×9 pixels, a 2×2 kernel, stride 1: found 0",
    ),
    "stride-overlooked": (
        _ANSWER.format(unpack="s = (1, 1)", step=_STEP),
        "stride (2, 3): found shape (5, 8), expected (3, 3)",
    ),
    "dilation-overlooked": (
        _ANSWER.format(unpack="d = (1, 1)", step=_STEP),
        "dilation (3, 2): found shape (5, 8), expected (3, 7)",
    ),
    "columns-first": (
        _ANSWER.format(unpack="s, d = s[::-1], d[::-1]", step=_STEP),
        "stride (2, 3): found shape (2, 4), expected (3, 3)",
    ),
    "turned-over": (
        _ANSWER.format(unpack="K = K.flip(0, 1)", step=_STEP),
        "6×9 pixels, a 2×2 kernel, stride 1: found",
    ),
    "transposed": (
        _ANSWER.format(unpack="pass", step="Y += K[b, a] * met[..., :h, :w]")
        .replace("range(K.shape[0])", "range(K.shape[1])", 1)
        .replace(
            "range(K.shape[1]):\n            met", "range(K.shape[0]):\n            met"
        ),
        "6×9 pixels, a 2×2 kernel, stride 1: found",
    ),
    "off-by-one": (
        _ANSWER.format(unpack="pass", step=_STEP).replace(" + 1\n", "\n"),
        "found shape (4, 7), expected (5, 8)",
    ),
    "last-slice-only": (
        _ANSWER.format(unpack="pass", step="Y = K[a, b] * met[..., :h, :w]"),
        "6×9 pixels, a 2×2 kernel, stride 1: found",
    ),
    "mutates-its-input": (
        """
def corr2d_slices(X, K, s=(1, 1), d=(1, 1)):
    h = (X.shape[-2] - d[0] * (K.shape[0] - 1) - 1) // s[0] + 1
    w = (X.shape[-1] - d[1] * (K.shape[1] - 1) - 1) // s[1] + 1
    old, Y = X.clone(), X[..., :: s[0], :: s[1]][..., :h, :w]
    Y *= K[0, 0]
    for a in range(K.shape[0]):
        for b in range(K.shape[1]):
            if (a, b) != (0, 0):
                met = old[..., a * d[0] :: s[0], b * d[1] :: s[1]]
                Y += K[a, b] * met[..., :h, :w]
    return Y * 1
""",
        "changed its input number 1",
    ),
    "one-picture-only": (
        """
def corr2d_slices(X, K, s=(1, 1), d=(1, 1)):
    Y = 0
    for a in range(K.shape[0]):
        for b in range(K.shape[1]):
            bottom = X.shape[0] - d[0] * (K.shape[0] - 1 - a)
            right = X.shape[1] - d[1] * (K.shape[1] - 1 - b)
            Y = Y + K[a, b] * X[a * d[0] : bottom : s[0], b * d[1] : right : s[1]]
    return Y
""",
        "2×3 pictures of 11×8",
    ),
}
CHANGED = {
    "stride-columns-as-rows": (
        ":: s[0], b * d[1] :: s[1]",
        ":: s[0], b * d[1] :: s[0]",
        "(2, 3): found 89 at [0, 1], expected 99 (6 of 9 numbers differ).",
    ),
    "dilation-rows-as-columns": (
        "met = X[..., a * d[0] ::",
        "met = X[..., a * d[1] ::",
        "2): found 138 at [0, 0], expected 201 (21 of 21 numbers differ).",
    ),
    "span-too-wide": (
        "w = (n_w - d[1] * (k_w - 1) - 1) // s[1] + 1",
        "w = (n_w - d[1] * k_w) // s[1] + 1",
        "2×2 kernel, dilation (3, 2): found shape (3, 6), expected (3, 7).",
    ),
    "rounded-up": (
        "h = (n_h - d[0] * (k_h - 1) - 1) // s[0] + 1",
        ("h = -(-(n_h - d[0] * (k_h - 1)) // s[0])\n    h = h - 1 if h > 2 else h"),
        "a 2×2 kernel, stride 1: found shape (4, 8), expected (5, 8).",
    ),
    "kernel-in-bits": (
        "Y += K[a, b] * met",
        "Y += K[a, b].round() * met",
        "at [0, 0, 0, 0], expected 2.572281 (36 of 36 numbers differ).",
    ),
}
