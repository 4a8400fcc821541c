"""Answers to lenet-parameters: what a check must refuse, and what it must accept."""

RIGHT = {
    "layer-by-layer": """
side = 28 // 2
side = side - kernel + 1
side = side // 2
in_convolutions = (channels * kernel * kernel + 1) * first
in_convolutions += (first * kernel * kernel + 1) * second
in_dense = (second * side * side + 1) * 120 + (120 + 1) * 84 + (84 + 1) * outputs
leanest = 7  # the maps it leaves are the smallest
""",
    "lists": """
def dense_with(k):
    n = [second * {3: 36, 5: 25, 7: 16}[k], 120, 84, outputs]
    return sum(a * b + b for a, b in zip(n, n[1:]))


def convolutional_with(k):
    c = [channels, first, second]
    return sum(a * b * k * k + b for a, b in zip(c, c[1:]))


in_dense, in_convolutions = dense_with(kernel), convolutional_with(kernel)
totals = [(dense_with(k) + convolutional_with(k), k) for k in (3, 5, 7)]
leanest = sorted(totals)[0][1]
""",
}
_COUNT = """
side = {side}
in_convolutions = {in_convolutions}
in_dense = second * side**2 * 120 + 120 * 84 + 84 * outputs + {biases}
leanest = {leanest}
"""
_TRUE = {
    "side": "(15 - kernel) // 2",
    "in_convolutions": "(channels + second) * first * kernel**2 + first + second",
    "biases": "120 + 84 + outputs",
    "leanest": 7,
}
WRONG = {
    "constant": (
        "in_convolutions, in_dense, leanest = 2572, 59134, 5",
        "in_convolutions: found 2572",
    ),
    "no-biases": (_COUNT.format(**_TRUE | {"biases": 0}), "in_dense: found"),
    "bias-for-each-pair-of-channels": (
        _COUNT.format(
            **_TRUE
            | {"in_convolutions": "(channels + second) * first * (kernel**2 + 1)"}
        ),
        "in_convolutions: found",
    ),
    "off-by-one-side": (
        _COUNT.format(**_TRUE | {"side": "(14 - kernel) // 2"}),
        "in_dense: found",
    ),
    "swapped": (
        _COUNT.format(**_TRUE)
        + "in_convolutions, in_dense = in_dense, in_convolutions",
        "in_convolutions: found",
    ),
    "small-kernel-small-network": (
        _COUNT.format(**_TRUE | {"leanest": 3}),
        "leanest: found 3, which is too low.",
    ),
}
