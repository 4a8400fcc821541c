"""Answers to resnet-family: what a check must refuse, and what it must accept."""

RIGHT = {
    "halved-five-times": """
weighted = 1 + sum(2 * count for count in counts) + 1
rows = side
for _ in range(5):
    rows = -(-rows // 2)
shape = (512, rows, rows)
""",
    "walked": """
import torch
from d2lmini import summary
from d2lmini.nets import resnet18

with torch.device("meta"):
    net = resnet18(stages=tuple(zip(counts, (64, 128, 256, 512))))
walk = summary(net, (1, side, side))
weighted = 2 * len([row for row in walk.rows if row.layer == "Residual"]) + 2
shape = [row.shape for row in walk.rows if row.layer == "Residual"][-1][1:]
""",
}
_SHAPE = "\nshape = (512, side // 32, side // 32)"
WRONG = {
    "constant": ("weighted = 18" + _SHAPE, "weighted: found 18, which is too low."),
    "ends-forgotten": (
        "weighted = 2 * sum(counts)" + _SHAPE,
        "weighted: found 32, which is too low.",
    ),
    "blocks": (
        "weighted = sum(counts) + 2" + _SHAPE,
        "weighted: found 18, which is too low.",
    ),
    "skips-counted": (
        "weighted = 2 * sum(counts) + 5" + _SHAPE,
        "weighted: found 37, which is too high.",
    ),
    "first-stage-halves": (
        "weighted = 34\nshape = (512, side // 64, side // 64)",
        "shape (channels, height, width), entry 1",
    ),
    "channels-last": (
        "weighted = 34\nshape = (side // 32, side // 32, 512)",
        "shape (channels, height, width), entry 0",
    ),
}
