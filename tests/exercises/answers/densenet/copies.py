"""Answers to densenet-copies: what a check must refuse, and what it must accept."""

RIGHT = {
    "added-up": """
copied = sum((in_channels + i * growth) * side**2 for i in range(1, convs + 1))
once = side**2 * (in_channels + convs * growth)
""",
    "step-by-step": """
copied, once = 0, in_channels
for _ in range(convs):
    once += growth
    copied += once
copied, once = copied * side * side, once * side * side
""",
}
WRONG = {
    "nothing": ("copied = once = None", "copied: got None"),
    "one-map": (
        "copied = convs * in_channels + growth * convs * (convs + 1) // 2\n"
        "once = in_channels + convs * growth",
        "copied: found",
    ),
    "inputs-not-outputs": (
        "copied = side**2 * sum(in_channels + i * growth for i in range(convs))\n"
        "once = side**2 * (in_channels + convs * growth)",
        "copied: found",
    ),
    "new-maps-alone": (
        "copied = side**2 * growth * convs * (convs + 1) // 2\n"
        "once = side**2 * (in_channels + convs * growth)",
        "copied: found",
    ),
    "input-forgotten": (
        "copied = side**2 * sum(in_channels + (i + 1) * growth for i in range(convs))\n"
        "once = side**2 * convs * growth",
        "once: found",
    ),
    "the-wrong-way-round": (
        "once = side**2 * sum(in_channels + (i + 1) * growth for i in range(convs))\n"
        "copied = side**2 * (in_channels + convs * growth)",
        "copied: found",
    ),
}
