"""Answers to lenet-field: what a check must refuse, and what it must accept."""

RIGHT = {
    "backwards": """
field = 1
for _ in range(2):
    field = field * window  # pixels of the map before the pooling
    field += kernel - 1
corner = field - kernel // 2
""",
    "formula": """
field = kernel + (window - 1) + (kernel - 1) * window + (window - 1) * window
corner = field - (kernel - 1) // 2
""",
}
WRONG = {
    "constant": ("field, corner = 16, 14", "field: found 16, which is too low."),
    "pooling-forgotten": (
        """
field = 2 * kernel - 1
corner = field - kernel // 2
""",
        "field: found",
    ),
    "stride-forgotten": (
        """
field = 1 + 2 * (kernel - 1) + 2 * (window - 1)
corner = field - kernel // 2
""",
        "field: found",
    ),
    "off-by-one": (
        """
field = window**2 + (kernel - 1) * (1 + window) + 1
corner = field - kernel // 2
""",
        "field: found 18, which is too high.",
    ),
    "corner-sees-as-much": (
        """
field = window**2 + (kernel - 1) * (1 + window)
corner = field
""",
        "corner: found 17, which is too high.",
    ),
    "padding-on-both-sides": (
        """
field = window**2 + (kernel - 1) * (1 + window)
corner = field - 2 * (kernel // 2)
""",
        "corner: found",
    ),
    "swapped": (
        """
corner = window**2 + (kernel - 1) * (1 + window)
field = corner - kernel // 2
""",
        "field: found",
    ),
}
