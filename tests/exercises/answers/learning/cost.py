"""Answers to learning-cost: what a check must refuse, and what it must accept."""

RIGHT = {
    "torch": """
import torch

z = torch.tensor(logits, dtype=torch.float64)
p_true = z.softmax(0)[target]
loss_true = -z.log_softmax(0)[target]
slope_true = p_true - 1
""",
    "differences": """
from math import exp, log

p_true = 1 / sum(exp(z - logits[target]) for z in logits)
loss_true, slope_true = log(1 / p_true), -(1 - p_true)
""",
    "three-digits": """
from math import exp, log

p_true = exp(logits[target]) / sum(map(exp, logits))
loss_true, slope_true = float(f"{-log(p_true):.3g}"), float(f"{p_true - 1:.3g}")
p_true = float(f"{p_true:.3g}")
""",
}
_P = """
from math import exp, log, log10

p_true = exp(logits[target]) / sum(map(exp, logits))
"""
WRONG = {
    "constant": ("p_true = loss_true = slope_true = 0.5", "p_true"),
    "share-of-the-logits": (
        "p_true = logits[target] / sum(logits)\nloss_true, slope_true = 1.4, -0.8",
        "p_true",
    ),
    "the-first-class": (
        _P.replace("logits[target]", "logits[0]")
        + "loss_true, slope_true = -log(p_true), p_true - 1",
        "p_true",
    ),
    "sign": (_P + "loss_true, slope_true = log(p_true), p_true - 1", "loss_true"),
    "base-ten": (
        _P + "loss_true, slope_true = -log10(p_true), p_true - 1",
        "loss_true",
    ),
    "slope-of-the-others": (
        _P + "loss_true, slope_true = -log(p_true), p_true",
        "slope_true",
    ),
}
