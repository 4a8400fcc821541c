"""Answers to best-targets: what a check must refuse, and what it must accept."""

RIGHT = {
    "spread": """
wrong_target = smoothing / classes
right_target = 1 - (classes - 1) * wrong_target
""",
    "one-hot": """
import torch

target = (1 - smoothing) * torch.eye(classes, dtype=torch.float64)[0]
target += smoothing / classes
right_target, wrong_target = target[0].item(), target[1].item()
""",
}
WRONG = {
    "the-others-only": (
        "right_target = 1 - smoothing\nwrong_target = smoothing / (classes - 1)",
        "right_target: found",
    ),
    "no-share": (
        "right_target = 1 - smoothing\nwrong_target = smoothing / classes",
        "right_target: found",
    ),
    "all-for-each": (
        "right_target = 1 - smoothing + smoothing / classes\nwrong_target = smoothing",
        "wrong_target: found",
    ),
    "text": ("right_target = 'most'\nwrong_target = 0.01", "which is no number"),
}
