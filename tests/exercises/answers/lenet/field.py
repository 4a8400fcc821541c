"""Answers to lenet-field: what a check must refuse, and what it must accept."""

RIGHT = {
    "backwards": """
field = 1
for _ in range(2):
    field = field * pool_side  # pixels of the map before the pooling
    field += conv_side - 1
corner = field - conv_side // 2
""",
    "formula": """
field = conv_side + (pool_side - 1)
field += (conv_side - 1) * pool_side + (pool_side - 1) * pool_side
corner = field - (conv_side - 1) // 2
""",
}
WRONG = {
    "constant": ("field, corner = 16, 14", "field: found 16, which is too low."),
    "pooling-forgotten": (
        """
field = 2 * conv_side - 1
corner = field - conv_side // 2
""",
        "field: found",
    ),
    "stride-forgotten": (
        """
field = 1 + 2 * (conv_side - 1) + 2 * (pool_side - 1)
corner = field - conv_side // 2
""",
        "field: found",
    ),
    "off-by-one": (
        """
field = pool_side**2 + (conv_side - 1) * (1 + pool_side) + 1
corner = field - conv_side // 2
""",
        "field: found 18, which is too high.",
    ),
    "corner-sees-as-much": (
        """
field = pool_side**2 + (conv_side - 1) * (1 + pool_side)
corner = field
""",
        "corner: found 17, which is too high.",
    ),
    "padding-on-both-sides": (
        """
field = pool_side**2 + (conv_side - 1) * (1 + pool_side)
corner = field - 2 * (conv_side // 2)
""",
        "corner: found",
    ),
    "swapped": (
        """
corner = pool_side**2 + (conv_side - 1) * (1 + pool_side)
field = corner - conv_side // 2
""",
        "field: found",
    ),
}
