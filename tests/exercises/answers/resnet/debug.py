"""Answers to resnet-debug: what a check must refuse, and what it must accept."""

_BLOCK = """
import torch
from torch import nn


class Mended(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, X):
        {}
"""
RIGHT = {
    "kept-aside": _BLOCK.format(
        "skip = X; X = self.norm1(self.conv1(X)).relu(); "
        "return (self.norm2(self.conv2(X)) + skip).relu()"
    ),
    "one-line": _BLOCK.format(
        "return torch.relu(X + self.norm2(self.conv2(self.norm1("
        "self.conv1(X)).clamp(min=0))))"
    ),
}
WRONG = {
    "as-given": (
        _BLOCK.format(
            "X = torch.relu(self.norm1(self.conv1(X))); "
            "return torch.relu(self.norm2(self.conv2(X)) + X)"
        ),
        "Mended(4): found",
    ),
    "no-sum": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))); "
            "return torch.relu(self.norm2(self.conv2(Y)))"
        ),
        "Mended(4): found",
    ),
    "relu-before-the-sum": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))); "
            "return torch.relu(self.norm2(self.conv2(Y))) + X"
        ),
        "Mended(4): found",
    ),
    "no-last-relu": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))); "
            "return self.norm2(self.conv2(Y)) + X"
        ),
        "Mended(4): found",
    ),
    "changes-its-input": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))); "
            "X += self.norm2(self.conv2(Y)); return torch.relu(X)"
        ),
        "Mended(4)",
    ),
    "nothing": (_BLOCK.format("pass"), "Mended(4): "),
    "relu-on-the-skip": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))); "
            "return torch.relu(self.norm2(self.conv2(Y)) + torch.relu(X))"
        ),
        "Mended(4): found",
    ),
    "first-half-detached": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))).detach(); "
            "return torch.relu(self.norm2(self.conv2(Y)) + X)"
        ),
        "whether training reaches conv1",
    ),
    "one-convolution-twice": (
        _BLOCK.format(
            "Y = torch.relu(self.norm1(self.conv1(X))); "
            "return torch.relu(self.norm2(self.conv1(Y)) + X)"
        ),
        "Mended(4): found",
    ),
}
