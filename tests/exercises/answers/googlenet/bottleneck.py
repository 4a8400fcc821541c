"""Answers to googlenet-bottleneck: what a check must refuse and must accept."""

RIGHT = {
    "by-position": """
without_narrow = (entering * 5 * 5) * wide * side**2
with_narrow = entering * narrow * side**2 + narrow * 5 * 5 * wide * side**2
""",
    "function": """
def work(n_in, n_out, k):
    return n_in * n_out * (k * side) ** 2


without_narrow = work(entering, wide, 5)
with_narrow = work(entering, narrow, 1) + work(narrow, wide, 5)
""",
}
WRONG = {
    "nothing": ("without_narrow = with_narrow = None", "without_narrow: got None"),
    "one-position": (
        """
without_narrow = entering * wide * 25
with_narrow = entering * narrow + narrow * wide * 25
""",
        "without_narrow: found",
    ),
    "unpadded": (
        """
inner = (side - 4) ** 2
without_narrow = inner * entering * wide * 25
with_narrow = side**2 * entering * narrow + inner * narrow * wide * 25
""",
        "without_narrow: found",
    ),
    "first-layer-forgotten": (
        """
without_narrow = side**2 * entering * wide * 25
with_narrow = side**2 * narrow * wide * 25
""",
        "with_narrow: found",
    ),
    "with-biases": (
        """
without_narrow = side**2 * (entering * 25 + 1) * wide
with_narrow = side**2 * (entering * narrow + narrow * wide * 25)
""",
        "without_narrow: found",
    ),
    "the-wrong-way-round": (
        """
with_narrow = side**2 * entering * wide * 25
without_narrow = side**2 * (entering * narrow + narrow * wide * 25)
""",
        "without_narrow: found",
    ),
}
