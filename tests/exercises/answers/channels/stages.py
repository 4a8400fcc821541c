"""Answers to channels-stages: what a check must refuse and must accept."""

RIGHT = {
    "from-the-layers-themselves": """
import torch

weights, products = [], []
for c, n in [(channels, side), (2 * channels, side // 2)]:
    layer = torch.nn.Conv2d(c, c, span, padding="same", bias=False)
    weights.append(layer.weight.numel())
    pixels = layer(torch.zeros(1, c, n, n))[0, 0].numel()
    products.append(weights[-1] * pixels)
""",
    "the-second-from-the-first": """
first = (channels * span) ** 2
weights = first, 4 * first
products = (first * side * side,) * 2  # four times the weights, a quarter of the pixels
""",
}
_ANSWER = """
late = 2 * channels
weights = {weights}
products = {products}
"""
_TRUE = {
    "weights": "((channels * span) ** 2, (late * span) ** 2)",
    "products": "(weights[0] * side**2, weights[1] * (side // 2) ** 2)",
}
WRONG = {
    "constant": ("weights, products = (0, 0), (0, 0)", "weights, entry 0 in (0, 0)"),
    "half-the-work": (
        _ANSWER.format(
            **_TRUE | {"products": "(weights[0] * side**2, weights[0] * side**2 // 2)"}
        ),
        "products, entry 1",
    ),
    "weights-doubled": (
        _ANSWER.format(
            **_TRUE | {"weights": "((channels * span) ** 2, channels * late * span**2)"}
        ),
        "weights, entry 1 in (36864, 73728): found 73728, which is too low.",
    ),
    "with-biases": (
        _ANSWER.format(
            **_TRUE
            | {"weights": "((channels * span) ** 2 + channels, (late * span) ** 2)"}
        ),
        "entry 0 in (36928, 147456): found 36928, which is too high.",
    ),
    "the-rim-left-out": (
        _ANSWER.format(
            **_TRUE
            | {
                "products": "(weights[0] * (side - span + 1) ** 2, "
                "weights[1] * (side // 2 - span + 1) ** 2)"
            }
        ),
        "products, entry 0",
    ),
    "sums-counted-too": (
        _ANSWER.format(**_TRUE | {"products": "(2 * weights[0] * side**2,) * 2"}),
        "products, entry 0",
    ),
    "swapped": (
        _ANSWER.format(
            **_TRUE | {"weights": "((late * span) ** 2, (channels * span) ** 2)"}
        ),
        "weights, entry 0 in (147456, 36864)",
    ),
    "one-number": (
        _ANSWER.format(**_TRUE | {"products": "weights[0] * side**2"}),
        "products: found 115605504, which is no tuple.",
    ),
}
