"""Answers to vgg-dense: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-formula": """
features = (512 // divisor) * (pixels // 32) ** 2
weights_and_biases = (features + 1) * 4096
""",
    "by-running": """
import torch
from torch import nn

pools = nn.Sequential(*(nn.MaxPool2d(2) for _ in range(5)))
maps = pools(torch.zeros(1, 1, pixels, pixels))
features = maps.numel() * 512 // divisor
weights_and_biases = sum(
    p.numel() for p in nn.Linear(features, 4096, device="meta").parameters()
)
""",
}
WRONG = {
    "one-side": (
        """
features = 512 // divisor * (pixels // 32)
weights_and_biases = features * 4096
""",
        "features: found 384, which is too low.",
    ),
    "ratio-forgotten": (
        """
features = 512 * (pixels // 32) ** 2
weights_and_biases = (features + 1) * 4096
""",
        "features: found 4608, which is too high.",
    ),
    "biases-forgotten": (
        """
features = 512 // divisor * (pixels // 32) ** 2
weights_and_biases = features * 4096
""",
        "weights_and_biases: found 4718592, which is too low.",
    ),
    "four-halvings": (
        """
features = 512 // divisor * (pixels // 16) ** 2
weights_and_biases = (features + 1) * 4096
""",
        "features: found 4608, which is too high.",
    ),
}
