"""Answers to densenet-copies: what a check must refuse, and what it must accept."""

RIGHT = {
    "added-up": """
copied = sum((entering + i * added) * map_side**2 for i in range(1, depth + 1))
once = map_side**2 * (entering + depth * added)
""",
    "step-by-step": """
copied, once = 0, entering
for _ in range(depth):
    once += added
    copied += once
copied, once = copied * map_side * map_side, once * map_side * map_side
""",
}
WRONG = {
    "nothing": ("copied = once = None", "copied: got None"),
    "one-map": (
        "copied = depth * entering + added * depth * (depth + 1) // 2\n"
        "once = entering + depth * added",
        "copied: found",
    ),
    "inputs-not-outputs": (
        "copied = map_side**2 * sum(entering + i * added for i in range(depth))\n"
        "once = map_side**2 * (entering + depth * added)",
        "copied: found",
    ),
    "new-maps-alone": (
        "copied = map_side**2 * added * depth * (depth + 1) // 2\n"
        "once = map_side**2 * (entering + depth * added)",
        "copied: found",
    ),
    "input-forgotten": (
        "copied = map_side**2 * sum(entering + (i + 1) * added for i in range(depth))\n"
        "once = map_side**2 * depth * added",
        "once: found",
    ),
    "the-wrong-way-round": (
        "once = map_side**2 * sum(entering + (i + 1) * added for i in range(depth))\n"
        "copied = map_side**2 * (entering + depth * added)",
        "copied: found",
    ),
}
