"""Answers to vgg-cost: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-module": """
from torch import nn


def count(k, n):
    convs = [nn.Conv2d(channels, channels, k) for _ in range(n)]
    return sum(p.numel() for conv in convs for p in conv.parameters())


layers = kernel // 2
large, stacked = count(kernel, 1), count(3, layers)
""",
    "by-loop": """
layers, field = 0, 1
while field < kernel:
    layers, field = layers + 1, field + 2
large = channels * (channels * kernel * kernel + 1)
stacked = sum(channels * (9 * channels + 1) for _ in range(layers))
""",
}
WRONG = {
    "biases-forgotten": (
        """
layers = (kernel - 1) // 2
large = channels**2 * kernel**2
stacked = layers * channels**2 * 9
""",
        "large, the parameters of one convolution",
    ),
    "one-too-many": (
        """
layers = kernel // 2 + 1
large = channels**2 * kernel**2 + channels
stacked = layers * (channels**2 * 9 + channels)
""",
        "layers: found 4, expected 3",
    ),
    "one-bias-for-the-stack": (
        """
layers = kernel // 2
large = channels**2 * kernel**2 + channels
stacked = layers * channels**2 * 9 + channels
""",
        "stacked, the parameters of the stack",
    ),
    "side-for-square": (
        """
layers = kernel // 2
large = channels**2 * kernel + channels
stacked = layers * (channels**2 * 9 + channels)
""",
        "large, the parameters of one convolution",
    ),
}
