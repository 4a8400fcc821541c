"""Answers to resnet-bottleneck: what a check must refuse, and what it must accept."""

_CLASS = """
import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        few = out_channels // 4
        self.added = nn.Sequential(
            nn.Conv2d(in_channels, few, 1, bias=False),
            nn.BatchNorm2d(few),
            nn.ReLU(),
            nn.Conv2d(few, few, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(few),
            nn.ReLU(),
            nn.Conv2d(few, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.skip = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.skip = nn.Sequential(conv, nn.BatchNorm2d(out_channels))

    def forward(self, X):
        return torch.relu(self.added(X) + self.skip(X))
"""


def changed(old: str, new: str) -> str:
    """The right class, one thing changed."""
    assert old in _CLASS, old
    return _CLASS.replace(old, new)


RIGHT = {
    "subclass": """
from torch import nn
from d2lmini.nets.resnet import Residual


class Bottleneck(Residual):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        few, layers = out_channels // ratio, []
        for i, o, k, s in (
            (in_channels, few, 1, 1),
            (few, few, 3, stride),
            (few, out_channels, 1, 1),
        ):
            layers.append(nn.Conv2d(i, o, k, s, padding=k // 2, bias=False))
            layers += [nn.BatchNorm2d(o), nn.ReLU()]
        self.added = nn.Sequential(*layers[:-1])
""",
    "pieces": """
import torch
from torch import nn


def conv(i, o, k, s=1):
    layer = nn.Conv2d(i, o, k, s, padding=(k - 1) // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(o))


class Bottleneck(nn.Module):
    def __init__(self, i, o, s=1):
        super().__init__()
        few = o // ratio
        squeeze, work, restore = conv(i, few, 1), conv(few, few, 3, s), conv(few, o, 1)
        self.added = nn.Sequential(squeeze, nn.ReLU(), work, nn.ReLU(), restore)
        self.skip = nn.Sequential() if (i, s) == (o, 1) else conv(i, o, 1, s)

    def forward(self, X):
        Y = self.added(X)
        return (Y + self.skip(X)).clamp(min=0)
""",
}
WRONG = {
    "constant": (
        changed("return torch.relu(self.added(X) + self.skip(X))", "return X * 0"),
        "Bottleneck(16, 16, 1): found 0",
    ),
    "no-last-relu": (
        changed(
            "torch.relu(self.added(X) + self.skip(X))", "self.added(X) + self.skip(X)"
        ),
        "Bottleneck(16, 16, 1): found -",
    ),
    "relu-before-the-sum": (
        changed("torch.relu(self.added(X) + self", "torch.relu(self.added(X)) + (self"),
        "Bottleneck(16, 16, 1): found",
    ),
    "stride-in-the-first": (
        changed("few, 1, bias", "few, 1, stride, bias").replace(
            "few, few, 3, stride", "few, few, 3, 1"
        ),
        "of added, entry 0, entry 0 in (2, 2): found 2, expected 1.",
    ),
    "half-instead-of-a-quarter": (
        changed("out_channels // 4", "out_channels // 2"),
        "shapes of its parameters in order, entry 0",
    ),
    "quarter-of-the-input": (
        changed("few = out_channels // 4", "few = in_channels // 4"),
        "Bottleneck(12, 32, 2), shapes of its parameters in order",
    ),
    "with-biases": (
        changed(", bias=False", ""),
        "shapes of its parameters in order: found",
    ),
    "normalised-after-the-relu": (
        changed(
            "nn.BatchNorm2d(few),\n            nn.ReLU()",
            "nn.ReLU(),\n            nn.BatchNorm2d(few)",
        ),
        "Bottleneck(16, 16, 1): found",
    ),
    "other-names": (
        changed("self.added", "self.path"),
        "paths that it lacks: found 'added'",
    ),
    "mutates-input": (
        changed("return torch.relu(self.added(X) + self.skip(X))", "Y = self.added(X)")
        + "        X = self.skip(X)\n        X += Y\n        return torch.relu(X)\n",
        "the function changed its input number 1 in place",
    ),
}
CHANGED = {
    "three-kernels-of-three": (
        "squeeze, work = conv(inputs, few, 1), conv(few, few, 3, stride)",
        "squeeze, work = conv(inputs, few, 3), conv(few, few, 3, stride)",
        "in order, entry 0, entry 2 in (4, 16, 3, 3): found 3, expected 1.",
    ),
    "stride-in-the-last": (
        ("conv(few, few, 3, stride)\n        restore = conv(few, outputs, 1)"),
        ("conv(few, few, 3)\n        restore = conv(few, outputs, 1, stride)"),
        "of added, entry 1, entry 0 in (1, 1): found 1, expected 2.",
    ),
    "difference": (
        "self.added(X) + self.skip(X)",
        "self.added(X) - self.skip(X)",
        "at [0, 0, 0, 1], expected 2.217012 (1412 of 2304 numbers differ).",
    ),
    "one-relu-missing": (
        "squeeze, nn.ReLU(), work, nn.ReLU(), restore",
        "squeeze, nn.ReLU(), work, restore",
        "at [0, 0, 0, 1], expected 2.217012 (1523 of 2304 numbers differ).",
    ),
    "sigmoid-at-the-end": (
        "return torch.relu(",
        "return torch.sigmoid(",
        "at [0, 0, 0, 1], expected 2.217012 (1492 of 2304 numbers differ).",
    ),
}
