"""Answers to resnet-preactivation: what a check must refuse and must accept."""

_CLASS = """
import torch
from torch import nn


class PreActivation(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        if stride == 1 and in_channels == out_channels:
            self.skip = nn.Identity()
        else:
            self.skip = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, X):
"""


def forward(*lines: str) -> str:
    """The class with this forward."""
    return _CLASS + "".join(f"        {line}\n" for line in lines)


_ACTIVE = "H = torch.relu(self.norm1(X))"
_ADDED = "Y = self.conv2(torch.relu(self.norm2(self.conv1(H))))"
_CARRIED = "C = X if isinstance(self.skip, nn.Identity) else self.skip(H)"
_RETURN = "return Y + C"

RIGHT = {
    "line-by-line": forward(_ACTIVE, _CARRIED, _ADDED, _RETURN),
    "layers-in-a-loop": """
import torch
from torch import nn
from torch.nn import functional as F


class PreActivation(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.same = (in_channels, stride) == (out_channels, 1)
        for i, (channels, step) in enumerate(
            ((in_channels, stride), (out_channels, 1)), 1
        ):
            conv = nn.Conv2d(channels, out_channels, 3, step, 1, bias=False)
            self.add_module(f"norm{i}", nn.BatchNorm2d(channels))
            self.add_module(f"conv{i}", conv)
        sides = (in_channels, out_channels, 1, stride)
        self.skip = nn.Identity() if self.same else nn.Conv2d(*sides, bias=False)

    def forward(self, X):
        carried = X
        for norm, conv in ((self.norm1, self.conv1), (self.norm2, self.conv2)):
            active = F.relu(norm(X))
            if norm is self.norm1 and not self.same:
                carried = self.skip(active)
            X = conv(active)
        return X.add(carried)
""",
}
WRONG = {
    "misspelt": (
        forward(_ACTIVE, _CARRIED, _ADDED, _RETURN).replace("forward", "foward"),
        'is missing the required "forward" function',
    ),
    "constant": (
        forward("return torch.zeros_like(X)"),
        "PreActivation(4, 4, 1): found 0",
    ),
    "relu-after-the-sum": (
        forward(_ACTIVE, _CARRIED, _ADDED, "return torch.relu(Y + C)"),
        "PreActivation(4, 4, 1): found 0",
    ),
    "skip-takes-the-input": (
        forward(_ACTIVE, "C = self.skip(X)", _ADDED, _RETURN),
        "PreActivation(3, 5, 2): found",
    ),
    "skip-takes-the-active": (
        forward(_ACTIVE, "C = self.skip(H)", _ADDED, _RETURN),
        "PreActivation(4, 4, 1): found",
    ),
    "order-of-the-chapter": (
        forward(
            _CARRIED.replace("(H)", "(torch.relu(self.norm1(X)))"),
            "Y = torch.relu(self.norm2(self.conv1(X)))",
            "Y = self.norm2(self.conv2(Y))",
            _RETURN,
        ),
        "PreActivation(4, 4, 1): found",
    ),
    "no-second-relu": (
        forward(
            _ACTIVE, _CARRIED, "Y = self.conv2(self.norm2(self.conv1(H)))", _RETURN
        ),
        "PreActivation(4, 4, 1): found",
    ),
    "mutates-input": (
        forward(_ACTIVE, _CARRIED, _ADDED, "C += Y", "return C"),
        "the function changed its input number 1 in place",
    ),
    "with-biases": (
        forward(_ACTIVE, _CARRIED, _ADDED, _RETURN).replace(", bias=False", ""),
        "parameters, expected 304",
    ),
    "other-names": (
        forward(_ACTIVE, _CARRIED, _ADDED, _RETURN).replace("norm", "bn"),
        "layers that it lacks: found 'norm1, norm2'",
    ),
    "no-return": (forward(_ACTIVE, _CARRIED, _ADDED), "got None"),
}
CHANGED = {
    "one-normalisation-for-both": (
        "torch.relu(self.norm2(self.conv1(active)))",
        "torch.relu(self.conv1(active))",
        "at [0, 0, 0, 0], expected 8.609818 (576 of 576 numbers differ).",
    ),
    "skip-has-no-stride": (
        "self.skip = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)",
        "self.skip = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)",
        "PreActivation(3, 5, 2): found 511 parameters, expected 391.",
    ),
    "always-the-active": (
        "return added + (X if same else self.skip(active))",
        "return added + self.skip(active)",
        "at [0, 0, 0, 0], expected 8.609818 (575 of 576 numbers differ).",
    ),
    "sum-forgotten": (
        "return added + (X if same else self.skip(active))",
        "return added",
        "at [0, 0, 0, 0], expected 8.609818 (576 of 576 numbers differ).",
    ),
    "leaky": (
        "active = torch.relu(self.norm1(X))",
        "active = nn.functional.leaky_relu(self.norm1(X))",
        "at [0, 0, 0, 0], expected 8.609818 (576 of 576 numbers differ).",
    ),
}
