"""Answers to resnet-family: what a check must refuse, and what it must accept."""

RIGHT = {
    "halved-five-times": """
weighted = 1 + sum(2 * count for count in counts) + 1
rows = pixels
for _ in range(5):
    rows = -(-rows // 2)
last_shape = (512, rows, rows)
""",
    "walked": """
import torch
from d2lmini import summary
from d2lmini.nets import resnet18

with torch.device("meta"):
    net = resnet18(stages=tuple(zip(counts, (64, 128, 256, 512))))
walk = summary(net, (1, pixels, pixels))
weighted = 2 * len([row for row in walk.rows if row.layer == "Residual"]) + 2
last_shape = [row.shape for row in walk.rows if row.layer == "Residual"][-1][1:]
""",
}
_SHAPE = "\nlast_shape = (512, pixels // 32, pixels // 32)"
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
        "weighted = 34\nlast_shape = (512, pixels // 64, pixels // 64)",
        "last_shape (channels, height, width), entry 1",
    ),
    "channels-last": (
        "weighted = 34\nlast_shape = (pixels // 32, pixels // 32, 512)",
        "last_shape (channels, height, width), entry 0",
    ),
}
