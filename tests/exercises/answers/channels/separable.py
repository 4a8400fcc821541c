"""Answers to channels-separable: what a check must refuse and must accept."""

RIGHT = {
    "counted-by-the-layers": """
from torch import nn


def count(*layers):
    return sum(p.numel() for layer in layers for p in layer.parameters())


ordinary = count(nn.Conv2d(c_in, c_out, kernel))
separable = count(
    nn.Conv2d(c_in, c_in, kernel, groups=c_in), nn.Conv2d(c_in, c_out, 1)
)
""",
    "with-the-bias-as-one-more-weight": """
area = kernel * kernel
ordinary = c_out * (c_in * area + 1)
separable = c_in * (area + 1) + c_out * (c_in + 1)
""",
}
_ANSWER = """
area = kernel**2
ordinary = {ordinary}
separable = {separable}
"""
_TRUE = {
    "ordinary": "c_out * c_in * area + c_out",
    "separable": "c_in * area + c_in + c_out * c_in + c_out",
}
WRONG = {
    "constant": ("ordinary, separable = 73856, 73856", "separable: found 73856"),
    "without-biases": (
        _ANSWER.format(ordinary="c_out * c_in * area", separable=_TRUE["separable"]),
        "ordinary: found 73728, which is too low.",
    ),
    "one-bias-for-two-layers": (
        _ANSWER.format(**_TRUE | {"separable": "c_in * area + c_out * c_in + c_out"}),
        "separable: found 8896, which is too low.",
    ),
    "depthwise-mixes-after-all": (
        _ANSWER.format(
            **_TRUE | {"separable": "c_in * c_in * area + c_in + c_out * (c_in + 1)"}
        ),
        "separable: found 45248, which is too high.",
    ),
    "one-kernel-for-all-channels": (
        _ANSWER.format(**_TRUE | {"separable": "area + 1 + c_out * (c_in + 1)"}),
        "separable: found 8330, which is too low.",
    ),
    "side-for-area": (
        _ANSWER.format(**_TRUE).replace("kernel**2", "kernel"),
        "ordinary: found 24704, which is too low.",
    ),
    "bias-of-each-input-channel": (
        _ANSWER.format(**_TRUE | {"ordinary": "c_out * c_in * area + c_in"}),
        "ordinary: found 73792, which is too low.",
    ),
}
