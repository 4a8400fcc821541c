"""Answers to inception-learned-scale: what a check must refuse and must accept."""

RIGHT = {
    "own-forward": """
import torch
from torch import nn

from d2lmini.nets.googlenet import Inception
from d2lmini.nets.inception import InceptionResidual


class LearnedScale(InceptionResidual):
    def __init__(self, in_channels, paths):
        super().__init__(in_channels, paths, scale=0.0)
        del self.scale
        self.register_parameter("scale", nn.Parameter(torch.tensor(0.0)))

    def forward(self, X):
        added = self.scale * self.mix(Inception.forward(self, X))
        return (self.skip(X) + added).clamp(min=0)
""",
    "any-arguments": """
import torch

from d2lmini.nets.inception import InceptionResidual


class LearnedScale(InceptionResidual):
    def __init__(self, *args):
        super().__init__(*args)
        self.scale = torch.nn.Parameter(torch.tensor(0.0))
""",
}
_CLASS = """
import torch
from torch import nn

from d2lmini.nets.inception import InceptionResidual


class LearnedScale(InceptionResidual):
    def __init__(self, in_channels, paths):
        super().__init__(in_channels, paths)
        {line}
"""
WRONG = {
    "nothing-changed": (
        _CLASS.format(line="pass"),
        "parameters more than with 0.2: found 0, expected 1",
    ),
    "a-tensor": (
        _CLASS.format(line="self.scale = torch.zeros((), requires_grad=True)"),
        "parameters more than with 0.2: found 0, expected 1",
    ),
    "one-a-channel": (
        _CLASS.format(line="self.scale = nn.Parameter(torch.zeros(18, 1, 1))"),
        "parameters more than with 0.2: found 18, expected 1",
    ),
    "another-name": (
        _CLASS.format(line="self.factor = nn.Parameter(torch.zeros(()))"),
        "whether scale is a parameter: found False",
    ),
    "one-dimension": (
        _CLASS.format(line="self.scale = nn.Parameter(torch.zeros(1))"),
        "shape of scale: found",
    ),
    "starts-at-0.2": (
        _CLASS.format(line="self.scale = nn.Parameter(torch.tensor(0.2))"),
        "output at the start: found",
    ),
    "never-used": (
        _CLASS.format(line="self.scale = nn.Parameter(torch.zeros(()))")
        + """
    def forward(self, X):
        return torch.relu(self.skip(X))
""",
        "whether a gradient reaches the scale",
    ),
}
CHANGED = {
    "frozen": (
        "nn.Parameter(torch.zeros(()))",
        "nn.Parameter(torch.zeros(()), requires_grad=False)",
        "whether a gradient reaches the scale: found False, expected True.",
    ),
    "almost-zero": (
        "torch.zeros(())",
        "torch.full((), 1e-3)",
        "[0, 0, 0, 0], expected 0.08404007 (563 of 1080 numbers differ).",
    ),
    "a-buffer": (
        "self.scale = nn.Parameter(torch.zeros(()))",
        ("del self.scale\n        self.register_buffer('scale', torch.zeros(()))"),
        "(2, 6), 3)), parameters more than with 0.2: found 0, expected 1.",
    ),
    "two-numbers": (
        "torch.zeros(())",
        "torch.zeros(2)",
        "(2, 6), 3)), parameters more than with 0.2: found 2, expected 1.",
    ),
    "one-more-parameter": (
        "self.scale = nn.Parameter(torch.zeros(()))",
        (
            "self.scale = nn.Parameter(torch.zeros(()))\n"
            "        self.shift = nn.Parameter(torch.zeros(()))"
        ),
        "(2, 6), 3)), parameters more than with 0.2: found 2, expected 1.",
    ),
}
