"""Answers to batch-normalisation-scale: what a check must refuse, and accept."""

RIGHT = {
    "by-hand": """
output_times = 1
slopes_times = 1 / factor
step_times = 1 / factor**2
""",
    "by-differences": """
import torch

W = torch.tensor([0.7, -1.2], dtype=torch.float64)
X = torch.randn(50, 2, dtype=torch.float64, generator=torch.manual_seed(0))


def out(w):
    z = X @ w
    return (z - z.mean()) / z.std(correction=0)


def slope(w, d=1e-6):
    d = d * float(w.norm())
    e = torch.tensor([d, 0.0], dtype=torch.float64)
    return float((out(w + e)[0] - out(w - e)[0]) / (2 * d))


output_times = float(out(factor * W)[0] / out(W)[0])
slopes_times = slope(factor * W) / slope(W)
step_times = slopes_times / factor
""",
}
_ANSWER = """
output_times = {}
slopes_times = {}
step_times = {}
"""
WRONG = {
    "output-grows": (
        _ANSWER.format("factor", "1 / factor", "1 / factor**2"),
        "output_times: ",
    ),
    "slopes-stay": (_ANSWER.format("1", "1", "1 / factor"), "slopes_times: "),
    "slopes-grow": (_ANSWER.format("1", "factor", "1"), "slopes_times: "),
    "slopes-of-the-square": (
        _ANSWER.format("1", "1 / factor**2", "1 / factor**3"),
        "slopes_times: ",
    ),
    "step-in-itself": (
        _ANSWER.format("1", "1 / factor", "1 / factor"),
        "step_times: ",
    ),
    "constant": (_ANSWER.format("0", "0", "0"), "output_times: "),
}
