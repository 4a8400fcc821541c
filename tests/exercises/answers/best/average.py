"""Answers to best-average: what must be refused, and what accepted."""

RIGHT = {
    "lerp": """
import torch


def averaged(steps, decay):
    average = steps[0]
    for weights in steps[1:]:
        average = torch.lerp(weights, average, decay)
    return average.clone()
""",
    "weights": """
def averaged(steps, decay):
    last = len(steps) - 1
    total = decay**last * steps[0]
    for i in range(1, len(steps)):
        total = total + (1 - decay) * decay ** (last - i) * steps[i]
    return total
""",
}
WRONG = {
    "plain-mean": (
        "def averaged(steps, decay):\n    return sum(steps) / len(steps)",
        "averaged over 2 tensors",
    ),
    "decay-turned-round": (
        """
def averaged(steps, decay):
    average = steps[0].clone()
    for weights in steps[1:]:
        average = (1 - decay) * average + decay * weights
    return average
""",
        "averaged over 2 tensors",
    ),
    "begins-at-zero": (
        """
def averaged(steps, decay):
    average = 0 * steps[0]
    for weights in steps:
        average = decay * average + (1 - decay) * weights
    return average
""",
        "averaged over 2 tensors",
    ),
    "changes-the-first": (
        """
def averaged(steps, decay):
    average = steps[0]
    for weights in steps[1:]:
        average *= decay
        average += (1 - decay) * weights
    return average
""",
        "changed",
    ),
    "the-last": (
        "def averaged(steps, decay):\n    return steps[-1].clone()",
        "averaged over 2 tensors",
    ),
}
CHANGED = {
    "last-counts-twice": (
        "for weights in steps[1:]:",
        "for weights in [*steps[1:], steps[-1]]:",
        "found 1.356209 at [0], expected 1.44374 (3 of 3 numbers differ).",
    ),
    "first-forgotten": (
        ("average = steps[0].clone()\n    for weights in steps[1:]:"),
        ("average = steps[-1].clone()\n    for weights in steps[1:-1]:"),
        "found 0.5684313 at [0], expected 1.44374 (3 of 3 numbers differ).",
    ),
    "newest-only-half": (
        "(1 - decay) * weights",
        "0.5 * (1 - decay) * weights",
        "found 1.415318 at [0], expected 1.44374 (3 of 3 numbers differ).",
    ),
    "in-place-on-the-first": (
        "average = steps[0].clone()",
        ("average = steps[0]\n    average *= 1.25"),
        "1 in place; work on a copy (`.clone()`) or make a new tensor.",
    ),
    "starts-at-zero-corrected": (
        "average = steps[0].clone()",
        "average = 0 * steps[0]",
        "0.05684313 at [0], expected 1.44374 (3 of 3 numbers differ).",
    ),
}
