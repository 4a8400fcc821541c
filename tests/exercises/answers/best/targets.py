"""Answers to best-targets: what a check must refuse, and what it must accept."""

RIGHT = {
    "spread": "wrong = smoothing / classes\nright = 1 - (classes - 1) * wrong",
    "one-hot": """
import torch

target = (1 - smoothing) * torch.eye(classes, dtype=torch.float64)[0]
target += smoothing / classes
right, wrong = target[0].item(), target[1].item()
""",
}
WRONG = {
    "the-others-only": (
        "right = 1 - smoothing\nwrong = smoothing / (classes - 1)",
        "right: found",
    ),
    "no-share": ("right = 1 - smoothing\nwrong = smoothing / classes", "right: found"),
    "all-for-each": (
        "right = 1 - smoothing + smoothing / classes\nwrong = smoothing",
        "wrong: found",
    ),
    "text": ("right = 'most'\nwrong = 0.01", "which is no number"),
}
