"""Answers to nin-parameters: what a check must refuse, and what it must accept."""

RIGHT = {
    "bias-as-a-further-input": """
first = out_channels * (in_channels * kernel**2 + 1)
held = (first, first + 2 * out_channels * (out_channels + 1))
""",
    "added-up": """
weights = [in_channels * kernel**2, out_channels, out_channels]
sizes = [out_channels * n + out_channels for n in weights]
held = sizes[0], sum(sizes)
""",
}
WRONG = {
    "nothing": ("held = None", "held: got None"),
    "no-biases": (
        """
first = in_channels * out_channels * kernel**2
held = (first, first + 2 * out_channels**2)
""",
        "held, entry 0",
    ),
    "one-layer-by-pixel": (
        """
first = out_channels * (in_channels * kernel**2 + 1)
held = (first, first + out_channels * (out_channels + 1))
""",
        "held, entry 1",
    ),
    "channels-the-wrong-way": (
        """
first = out_channels * (in_channels * kernel**2 + 1)
held = (first, first + 2 * in_channels * (in_channels + 1))
""",
        "held, entry 1",
    ),
    "only-the-block": (
        """
first = out_channels * (in_channels * kernel**2 + 1)
held = first + 2 * out_channels * (out_channels + 1)
""",
        "held: found 106880, which is no tuple.",
    ),
}
