"""Answers to nin-unpooled: what a check must refuse, and what it must accept."""

RIGHT = {
    "slices": """
from torch import nn


def nin_unpooled():
    net = nin()
    return nn.Sequential(*net[:5], *net[6:])
""",
    "written-out": """
from torch import nn


def nin_unpooled():
    return nn.Sequential(
        nin_block(1, 96, kernel=11, stride=4, padding=0),
        nn.MaxPool2d(3, stride=2),
        nin_block(96, 256, kernel=5, stride=1, padding=2),
        nn.MaxPool2d(3, stride=2),
        nin_block(256, 384, kernel=3, stride=1, padding=1),
        nn.Dropout(0.5),
        nin_block(384, 10, kernel=3, stride=1, padding=1),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
    )
""",
    "replaced": """
from torch import nn


def nin_unpooled():
    net = nin()
    net[5] = nn.Identity()
    return net
""",
}
WRONG = {
    "nothing": ("def nin_unpooled():\n    nin()", "expected a network (nn.Module)"),
    "unchanged": (
        "def nin_unpooled():\n    return nin()",
        "the logits of nin_unpooled(), two pictures of 96×96",
    ),
    "the-second-pooling": (
        """
from torch import nn


def nin_unpooled():
    net = nin()
    return nn.Sequential(*net[:3], *net[4:])
""",
        "the logits of nin_unpooled()",
    ),
    "without-the-last-block": (
        """
from torch import nn


def nin_unpooled():
    return nn.Sequential(*nin()[:5], nn.AdaptiveAvgPool2d(1), nn.Flatten())
""",
        "found 1,957,376 parameters, expected 1,992,166",
    ),
    "without-the-dropout": (
        """
from torch import nn


def nin_unpooled():
    net = nin()
    return nn.Sequential(*net[:5], *net[7:])
""",
        "the dropout layers of nin_unpooled(): found () with 0 entries",
    ),
    "largest-vote": (
        """
from torch import nn


def nin_unpooled():
    net = nin()
    return nn.Sequential(*net[:5], *net[6:8], nn.AdaptiveMaxPool2d(1), nn.Flatten())
""",
        "the logits of nin_unpooled()",
    ),
    "average-kept-apart": (
        """
from torch import nn


def nin_unpooled():
    net = nin()
    return nn.Sequential(*net[:5], *net[6:9])
""",
        "found shape (2, 10, 1, 1), expected (2, 10)",
    ),
}
CHANGED = {
    "first-pooling-gone": (
        "del layers[5]",
        "del layers[1]",
        "8566674 at [0, 0], expected 7219422 (20 of 20 numbers differ).",
    ),
    "all-poolings-gone": (
        "del layers[5]",
        "layers = [x for x in layers if not isinstance(x, nn.MaxPool2d)]",
        "at [0, 0], expected 7219422 (20 of 20 numbers differ).",
    ),
    "average-pooling-instead": (
        "del layers[5]",
        "layers[5] = nn.AvgPool2d(3, 2)",
        "1555588 at [0, 0], expected 7219422 (20 of 20 numbers differ).",
    ),
    "dropout-twice": (
        "del layers[5]",
        "layers[5] = nn.Dropout(0.5)",
        "found (0.5, 0.5) with 2 entries, expected (0.5,) with 1.",
    ),
    "softmax-at-the-end": (
        "return nn.Sequential(*layers)",
        "return nn.Sequential(*layers, nn.Softmax(1))",
        "found 0 at [0, 0], expected 7219422 (20 of 20 numbers differ).",
    ),
}
