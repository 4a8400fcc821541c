"""Answers to channels-grouped: what a check must refuse and must accept."""

RIGHT = {
    "of-torchs-own-type": """
import torch


def ungroup(K, groups):
    c_o, n_in, k_h, k_w = K.shape
    full = torch.zeros(groups, c_o // groups, groups, n_in, k_h, k_w)
    for g in range(groups):
        full[g, :, g] = K.unflatten(0, (groups, -1))[g]
    return full.reshape(c_o, -1, k_h, k_w)
""",
    "kernel-by-kernel": """
import torch


def ungroup(K, groups):
    c_o, n_in = K.shape[:2]
    full = torch.zeros(c_o, n_in * groups, *K.shape[2:], dtype=K.dtype)
    for o in range(c_o):
        group = o * groups // c_o
        for i in range(n_in):
            full[o, group * n_in + i] = K[o, i]
    return full
""",
    "blocks-on-the-diagonal": """
import torch


def ungroup(K, groups):
    c_o, n_in, k_h, k_w = K.shape
    pixels = K.permute(2, 3, 0, 1).reshape(k_h * k_w, c_o, n_in)
    full = [torch.block_diag(*pixel.chunk(groups)) for pixel in pixels]
    return torch.stack(full, -1).reshape(c_o, n_in * groups, k_h, k_w)
""",
    "repeated-and-masked": """
import torch


def ungroup(K, groups):
    c_o, n_in = K.shape[:2]
    of_output = torch.arange(c_o) // (c_o // groups)
    of_input = torch.arange(n_in * groups) // n_in
    same = of_output[:, None] == of_input  # (c_o, c_i)
    return K.repeat(1, groups, 1, 1) * same[:, :, None, None]
""",
}
_ANSWER = """
def ungroup(K, groups):
    c_o, n_in, k_h, k_w = K.shape
    n_out = c_o // groups
    full = K.new_zeros(c_o, n_in * groups, k_h, k_w)
    for g in range(groups):
        {rows}
        {put}
    return full
"""
_TRUE = {
    "rows": "rows = slice(g * n_out, (g + 1) * n_out)",
    "put": "full[rows, g * n_in : (g + 1) * n_in] = K[rows]",
}
_CASE = "4 to 6 channels in 2 groups, kernels of 3×3"
WRONG = {
    "constant": (_ANSWER.format(**_TRUE | {"put": "pass"}), f"{_CASE}: found 0"),
    "unchanged": (
        "def ungroup(K, groups):\n    return K",
        f"{_CASE}: found shape (6, 2, 3, 3), expected (6, 4, 3, 3)",
    ),
    "no-zeros": (
        "def ungroup(K, groups):\n    return K.repeat(1, groups, 1, 1)",
        f"{_CASE}: found",
    ),
    "groups-interleaved": (
        _ANSWER.format(
            rows="rows = slice(g, None, groups)", put="full[rows, g::groups] = K[rows]"
        ),
        f"{_CASE}: found",
    ),
    "off-by-one": (
        _ANSWER.format(
            **_TRUE
            | {"put": "full[rows, n_in * ((g + 1) % groups) :][:, :n_in] = K[rows]"}
        ),
        f"{_CASE}: found 0",
    ),
    "transposed": (
        _ANSWER.format(**_TRUE).replace("return full", "return full.transpose(0, 1)"),
        f"{_CASE}: found shape (4, 6, 3, 3), expected (6, 4, 3, 3)",
    ),
    "turned-over": (
        _ANSWER.format(
            **_TRUE | {"put": _TRUE["put"].replace("K[rows]", "K[rows].flip(2, 3)")}
        ),
        f"{_CASE}: found",
    ),
    "depthwise-only": (
        _ANSWER.format(**_TRUE | {"put": "full[g, g] = K[g, 0]"}),
        f"{_CASE}: found",
    ),
    "mutates-its-input": (
        _ANSWER.format(**_TRUE).replace("return full", "K.zero_()\n    return full"),
        "changed its input number 1",
    ),
}
CHANGED = {
    "first-group-only": (
        "for g in range(groups):",
        "for g in range(1):",
        "0 at [3, 2, 0, 0], expected 1.511591 (54 of 216 numbers differ).",
    ),
    "columns-by-outputs": (
        "g * n_in : (g + 1) * n_in] = K[rows]",
        "g * n_in : (g + 1) * n_in] = K[rows.start : rows.stop].flip(0)",
        "at [0, 0, 0, 0], expected 1.13116 (72 of 216 numbers differ).",
    ),
    "ones-between": (
        "K.new_zeros(",
        "K.new_ones(",
        "found 1 at [0, 2, 0, 0], expected 0 (108 of 216 numbers differ).",
    ),
    "groups-reversed": (
        "rows = slice(g * n_out, (g + 1) * n_out)",
        (
            "back = groups - 1 - g\n"
            "        rows = slice(back * n_out, (back + 1) * n_out)"
        ),
        "0 at [0, 0, 0, 0], expected 1.13116 (216 of 216 numbers differ).",
    ),
    "a-view-of-the-kernel": (
        "full[rows,",
        ("K[rows] *= 1.5\n        full[rows,"),
        "1 in place; work on a copy (`.clone()`) or make a new tensor.",
    ),
}
