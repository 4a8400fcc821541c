"""Answers to batch-normalisation-moving: what a check must refuse and accept."""

RIGHT = {
    "one-batch-at-a-time": """
import statistics

moving_mean, moving_var = 0, 1
for _ in range(batches):
    moving_mean = 0.9 * moving_mean + 0.1 * statistics.mean(values)
    moving_var = 0.9 * moving_var + 0.1 * statistics.variance(values)
needed, rest = 0, 1.0
while rest >= 0.01:
    rest *= 0.9
    needed += 1
""",
    "tensors": """
import torch

x = torch.tensor(values, dtype=torch.float64)
share = 1 - torch.tensor(0.9, dtype=torch.float64) ** batches
moving_mean = share * x.mean()
moving_var = torch.lerp(torch.ones_like(share), x.var(), share)
needed = 44
""",
}
_AVERAGES = """
mean = sum(values) / len(values)
var = sum((x - mean) ** 2 for x in values) / {divisor}
kept = {old}**{steps}
moving_mean = (1 - kept) * mean
moving_var = {first} + (1 - kept) * var
needed = {needed}
"""
_TRUE = {
    "divisor": "(len(values) - 1)",
    "old": "0.9",
    "steps": "batches",
    "first": "kept",
    "needed": "44",
}
WRONG = {
    "constant": (
        "moving_mean = moving_var = needed = 5",
        "moving_mean after 10: found 5",
    ),
    "biased-variance": (
        _AVERAGES.format(**_TRUE | {"divisor": "len(values)"}),
        "moving_var after 10: found",
    ),
    "momentum-is-the-old-share": (
        _AVERAGES.format(**_TRUE | {"old": "0.1"}),
        "moving_mean after 10: found",
    ),
    "off-by-one-batch": (
        _AVERAGES.format(**_TRUE | {"steps": "(batches - 1)"}),
        "moving_mean after 10: found",
    ),
    "variance-begins-at-0": (
        _AVERAGES.format(**_TRUE | {"first": "0"}),
        "moving_var after 10: found",
    ),
    "needed-off-by-one": (
        _AVERAGES.format(**_TRUE | {"needed": "43"}),
        "needed: found 43",
    ),
    "not-assigned": (
        "moving_mean = moving_var = needed = None",
        "got None",
    ),
}
