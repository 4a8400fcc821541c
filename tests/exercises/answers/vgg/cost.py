"""Answers to vgg-cost: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-module": """
from torch import nn


def count(k, n):
    convs = [nn.Conv2d(channels, channels, k) for _ in range(n)]
    return sum(p.numel() for conv in convs for p in conv.parameters())


in_stack = kernel // 2
large, of_stack = count(kernel, 1), count(3, in_stack)
""",
    "by-loop": """
in_stack, field = 0, 1
while field < kernel:
    in_stack, field = in_stack + 1, field + 2
large = channels * (channels * kernel * kernel + 1)
of_stack = sum(channels * (9 * channels + 1) for _ in range(in_stack))
""",
}
WRONG = {
    "biases-forgotten": (
        """
in_stack = (kernel - 1) // 2
large = channels**2 * kernel**2
of_stack = in_stack * channels**2 * 9
""",
        "large, the parameters of one convolution",
    ),
    "one-too-many": (
        """
in_stack = kernel // 2 + 1
large = channels**2 * kernel**2 + channels
of_stack = in_stack * (channels**2 * 9 + channels)
""",
        "in_stack: found 4, which is too high.",
    ),
    "one-bias-for-the-stack": (
        """
in_stack = kernel // 2
large = channels**2 * kernel**2 + channels
of_stack = in_stack * channels**2 * 9 + channels
""",
        "of_stack, the parameters of the stack",
    ),
    "side-for-square": (
        """
in_stack = kernel // 2
large = channels**2 * kernel + channels
of_stack = in_stack * (channels**2 * 9 + channels)
""",
        "large, the parameters of one convolution",
    ),
}
