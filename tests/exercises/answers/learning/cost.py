"""Answers to learning-cost: what a check must refuse, and what it must accept."""

RIGHT = {
    "torch": """
import torch

z = torch.tensor(logits, dtype=torch.float64)
p = z.softmax(0)[target]
loss = -z.log_softmax(0)[target]
slope = p - 1
""",
    "differences": """
from math import exp, log

p = 1 / sum(exp(z - logits[target]) for z in logits)
loss, slope = log(1 / p), -(1 - p)
""",
    "three-digits": """
from math import exp, log

p = exp(logits[target]) / sum(map(exp, logits))
p, loss, slope = round(p, 4), round(-log(p), 4), round(p - 1, 4)
""",
}
_P = """
from math import exp, log, log10

p = exp(logits[target]) / sum(map(exp, logits))
"""
WRONG = {
    "constant": ("p = loss = slope = 0.5", "p"),
    "share-of-the-logits": (
        "p = logits[target] / sum(logits)\nloss, slope = 1.4, -0.8",
        "p",
    ),
    "the-first-class": (
        _P.replace("logits[target]", "logits[0]") + "loss, slope = -log(p), p - 1",
        "p",
    ),
    "sign": (_P + "loss, slope = log(p), p - 1", "loss"),
    "base-ten": (_P + "loss, slope = -log10(p), p - 1", "loss"),
    "slope-of-the-others": (_P + "loss, slope = -log(p), p", "slope"),
}
