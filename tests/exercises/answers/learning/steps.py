"""Answers to learning-steps: what a check must refuse, and what it must accept."""

RIGHT = {
    "step-by-step": """
def walk(keep):
    w, v = start, 0
    for _ in range(3):
        v = keep * v + curvature * w
        w = w - rate * v
    return w


plain, with_momentum = walk(0), walk(0.9)
""",
    "matrix": """
import torch

a = rate * curvature
step = torch.tensor([[1 - a, -0.9 * rate], [curvature, 0.9]], dtype=torch.float64)
w, v = torch.linalg.matrix_power(step, 3) @ torch.tensor([start, 0]).double()
plain, with_momentum = start * (1 - a) ** 3, w
""",
}
_WALK = """
def walk(keep, w=start, v=0):
    for _ in range({steps}):
        v = {sum}
        w = w {sign} rate * v
    return w


plain, with_momentum = walk(0), walk({keep})
"""
_RIGHT = {"steps": 3, "sum": "keep * v + curvature * w", "sign": "-", "keep": 0.9}
WRONG = {
    "constant": ("plain = with_momentum = 5", "plain"),
    "uphill": (_WALK.format(**{**_RIGHT, "sign": "+"}), "plain"),
    "two-steps": (_WALK.format(**{**_RIGHT, "steps": 2}), "plain"),
    "loss-for-slope": (
        _WALK.format(**{**_RIGHT, "sum": "keep * v + curvature * w**2 / 2"}),
        "plain",
    ),
    "mean-for-sum": (
        _WALK.format(**{**_RIGHT, "sum": "keep * v + (1 - keep) * curvature * w"}),
        "with_momentum",
    ),
    "no-momentum": (_WALK.format(**{**_RIGHT, "keep": 0}), "with_momentum"),
    "other-momentum": (_WALK.format(**{**_RIGHT, "keep": 0.1}), "with_momentum"),
}
