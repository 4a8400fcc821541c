"""Answers to lenet-colour: what a check must refuse, and what it must accept."""

RIGHT = {
    "sizes-left-open": """
from torch import nn


def colour_lenet():
    features = nn.Sequential(
        nn.LazyConv2d(6, kernel_size=5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.LazyConv2d(16, kernel_size=5),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
    )
    head = [nn.Flatten(), nn.LazyLinear(120), nn.Sigmoid()]
    head += [nn.LazyLinear(84), nn.Sigmoid(), nn.LazyLinear(classes)]
    return nn.Sequential(features, *head)
""",
    "the-books-lenet-mended": """
from torch import nn

from d2lmini.nets import lenet


def colour_lenet():
    net = lenet(classes, in_channels=colours)
    net[7] = nn.Linear(16 * ((side - 8) // 4) ** 2, 120)
    return net
""",
    "a-class": """
import torch
from torch import nn
from torch.nn import functional as F


class ColourLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(colours, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = nn.Linear(16 * (side // 4 - 2) ** 2, 120)
        self.dense2 = nn.Linear(120, 84)
        self.dense3 = nn.Linear(84, classes)

    def forward(self, X):
        for conv in (self.conv1, self.conv2):
            X = F.avg_pool2d(torch.sigmoid(conv(X)), 2)
        X = torch.sigmoid(self.dense1(X.flatten(1)))
        return self.dense3(torch.sigmoid(self.dense2(X)))


def colour_lenet():
    return ColourLeNet()
""",
}
_NET = """
from torch import nn


def colour_lenet():
    return nn.Sequential(
        nn.Conv2d({c}, 6, {kernel}, padding={padding}),
        {act}(),
        {pool}(2),
        nn.Conv2d(6, 16, {kernel}),
        {act}(),
        {pool}(2),
        nn.Flatten(),
        nn.Linear({inputs}, 120),
        {act}(),
        nn.Linear(120, 84),
        {act}(),
        nn.Linear(84, {classes}),
    )
"""
_TRUE = {
    "c": 3,
    "kernel": 5,
    "padding": 2,
    "act": "nn.Sigmoid",
    "pool": "nn.AvgPool2d",
    "inputs": "16 * 14 * 14",
    "classes": 10,
}
WRONG = {
    "nothing": (
        "def colour_lenet():\n    lenet(classes, in_channels=colours)",
        "3×64×64: got None: did you forget `return`",
    ),
    "constant": (
        """
import torch


def colour_lenet():
    return torch.zeros(1, 10)
""",
        "is it a network: found False",
    ),
    "dense-input-of-28": (
        _NET.format(**_TRUE | {"inputs": 400}),
        "3136 features reach layer",
    ),
    "grey": (_NET.format(**_TRUE | {"c": 1}), "3 channels reach layer"),
    "off-by-one-class": (
        _NET.format(**_TRUE | {"classes": 9}),
        "gives shape (9,), expected (10,)",
    ),
    "no-padding": (
        _NET.format(**_TRUE | {"padding": 0, "inputs": "16 * 13 * 13"}),
        "found 338,486 parameters, expected 390,326",
    ),
    "relu": (_NET.format(**_TRUE | {"act": "nn.ReLU"}), "its logits: found"),
    "max-pooling": (
        _NET.format(**_TRUE | {"pool": "nn.MaxPool2d"}),
        "its logits: found",
    ),
    "other-kernels": (
        _NET.format(**_TRUE | {"kernel": 3, "padding": 1, "inputs": "16 * 15 * 15"}),
        "parameters, expected 390,326",
    ),
    "pooling-before-sigmoid": (
        """
from torch import nn


def colour_lenet():
    return nn.Sequential(
        *[nn.Conv2d(3, 6, 5, padding=2), nn.AvgPool2d(2), nn.Sigmoid()],
        *[nn.Conv2d(6, 16, 5), nn.AvgPool2d(2), nn.Sigmoid(), nn.Flatten()],
        *[nn.Linear(3136, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid()],
        nn.Linear(84, 10),
    )
""",
        "its logits: found",
    ),
}
CHANGED = {
    "softmax-at-the-end": (
        "nn.Linear(84, classes),",
        ("nn.Linear(84, classes),\n        nn.Softmax(1),"),
        "at [0, 0], expected 10.05334 (40 of 40 numbers differ).",
    ),
    "first-sigmoid-is-relu": (
        (
            "nn.Conv2d(colours, 6, kernel_size=5, padding=2),  # (6, side, side)\n"
            "        nn.Sigmoid(),"
        ),
        ("nn.Conv2d(colours, 6, kernel_size=5, padding=2),\n        nn.ReLU(),"),
        "6.752399 at [0, 0], expected 10.05334 (40 of 40 numbers differ).",
    ),
    "no-sigmoid-between-dense-layers": (
        ("nn.Linear(120, 84),\n        nn.Sigmoid(),"),
        "nn.Linear(120, 84),",
        "18.62141 at [0, 0], expected 10.05334 (40 of 40 numbers differ).",
    ),
    "second-convolution-padded": (
        "nn.Conv2d(6, 16, kernel_size=5),",
        "nn.Conv2d(6, 16, kernel_size=5, padding=2),",
        "of Sequential, which takes 3136; change resize or the layer.",
    ),
    "wider-dense-layers": (
        ("nn.Linear(120, 84),\n        nn.Sigmoid(),\n        nn.Linear(84, classes)"),
        ("nn.Linear(120, 96),\n        nn.Sigmoid(),\n        nn.Linear(96, classes)"),
        "a picture of 3×64×64: found 391,898 parameters, expected 390,326.",
    ),
}
