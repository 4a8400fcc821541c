"""Answers to resolution-first-layer: what its check refuses, and what it accepts."""

RIGHT = {
    "by-module": """
from torch import nn

large = nn.Conv2d(before, channels, kernel).weight.numel()
layers = [nn.Conv2d(before, channels, 3)]
while 1 + 2 * len(layers) < kernel:
    layers.append(nn.Conv2d(channels, channels, 3))
stack = sum(layer.weight.numel() for layer in layers)
cheaper = min(("large", large), ("stack", stack), key=lambda pair: pair[1])[0]
""",
    "by-hand": """
large = channels * before * kernel * kernel
widths = [before] + [channels] * (kernel // 2)
stack = 0
for i in range(len(widths) - 1):
    stack += 9 * widths[i] * widths[i + 1]
cheaper = "stack"
if large < stack:
    cheaper = "large"
""",
}
WRONG = {
    "with-biases": (
        """
large = channels * (before * kernel**2 + 1)
stack = channels * (9 * before + 1) + (kernel // 2 - 1) * channels * (9 * channels + 1)
cheaper = "large"
""",
        "the weights of one convolution: found 2368, which is too high.",
    ),
    "as-in-the-middle": (
        """
large = kernel**2 * before * channels
stack = kernel // 2 * 9 * channels**2
cheaper = "large"
""",
        "the weights of all its layers: found 6912, which is too high.",
    ),
    "one-layer-too-many": (
        """
large = kernel**2 * before * channels
stack = 9 * before * channels + kernel // 2 * 9 * channels**2
cheaper = "large"
""",
        "stack, the weights of all its layers",
    ),
    "always-the-stack": (
        """
large = kernel**2 * before * channels
stack = 9 * before * channels + (kernel // 2 - 1) * 9 * channels**2
cheaper = "stack"
""",
        "cheaper",
    ),
}
