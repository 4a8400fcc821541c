"""Answers to googlenet-fifth-path: what a check must refuse and must accept."""

RIGHT = {
    "own-forward": """
import torch
from torch import nn


class FivePaths(Inception):
    def __init__(self, in_channels, paths, fifth):
        super().__init__(in_channels, paths)
        self.fifth = nn.Sequential(
            nn.Conv2d(in_channels, fifth[0], 1),
            nn.ReLU(),
            nn.Conv2d(fifth[0], fifth[1], 3, padding=1),
            nn.ReLU(),
        )
        for _ in range(1, depth):
            self.fifth.append(nn.Conv2d(fifth[1], fifth[1], 3, padding="same"))
            self.fifth.append(nn.ReLU())

    def forward(self, X):
        paths = self.one, self.three, self.five, self.pooled, self.fifth
        return torch.concat([path(X) for path in paths], 1)
""",
    "list": """
import torch
from torch import nn


class FivePaths(Inception):
    def __init__(self, in_channels, paths, fifth):
        super().__init__(in_channels, paths)
        widths = [in_channels, fifth[0]] + depth * [fifth[1]]
        self.fifth = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], k, padding=k // 2)
            for i, k in enumerate([1] + depth * [3])
        )

    def forward(self, X):
        H = X
        for layer in self.fifth:
            H = layer(H).clamp(min=0)
        return torch.cat((super().forward(X), H), dim=1)
""",
}
_CLASS = """
import torch
from torch import nn


class FivePaths(Inception):
    def __init__(self, in_channels, paths, fifth):
        super().__init__(in_channels, paths)
        narrow, out = fifth
        self.fifth = nn.Sequential(
            {layers}
        )

    def forward(self, X):
        return {result}
"""
_LAYERS = """conv(in_channels, narrow, 1),
            conv(narrow, out, 3, padding=1),
            conv(out, out, 3, padding=1),"""
_RESULT = "torch.cat([super().forward(X), self.fifth(X)], dim=1)"
WRONG = {
    "not-kept": (
        _CLASS.format(layers=_LAYERS, result=_RESULT)
        .replace("fifth =", "last =")
        .replace("self.fifth(", "self.last("),
        "whether it has a self.fifth: found False, expected True",
    ),
    "only-four": (
        _CLASS.format(layers=_LAYERS, result="super().forward(X)"),
        "found shape (2, 18, 6, 6), expected (2, 25, 6, 6)",
    ),
    "nothing-returned": (
        _CLASS.format(layers=_LAYERS, result="None"),
        "got None: did you forget `return`",
    ),
    "one-3×3": (
        _CLASS.format(
            layers="""conv(in_channels, narrow, 1),
            conv(narrow, out, 3, padding=1),""",
            result=_RESULT,
        ),
        "weights of the fifth path",
    ),
    "first-instead-of-last": (
        _CLASS.format(
            layers=_LAYERS,
            result="torch.cat([self.fifth(X), super().forward(X)], dim=1)",
        ),
        "FivePaths(12, (4, (3, 5), (2, 6), 3), (4, 7)): found",
    ),
    "without-the-last-relu": (
        _CLASS.format(
            layers="""conv(in_channels, narrow, 1),
            conv(narrow, out, 3, padding=1),
            nn.Conv2d(out, out, 3, padding=1),""",
            result=_RESULT,
        ),
        "FivePaths(12, (4, (3, 5), (2, 6), 3), (4, 7)): found",
    ),
    "after-the-block": (
        """
import torch
from torch import nn


class FivePaths(Inception):
    def __init__(self, in_channels, paths, fifth):
        super().__init__(in_channels, paths)
        narrow, out = fifth
        wide = paths[0] + paths[1][1] + paths[2][1] + paths[3]
        self.fifth = nn.Sequential(
            conv(wide, narrow, 1),
            conv(narrow, out, 3, padding=1),
            conv(out, out, 3, padding=1),
        )

    def forward(self, X):
        H = super().forward(X)
        return torch.cat([H, self.fifth(H)], dim=1)
""",
        "weights of the fifth path",
    ),
    "mutates-input": (
        _CLASS.format(
            layers=_LAYERS, result=_RESULT.replace("(X)]", "(X.clamp_(min=0))]")
        ),
        "changed its input number 1 in place",
    ),
}
CHANGED = {
    "one-kernel-size-for-all": (
        "conv(in_channels, narrow, 1)",
        "conv(in_channels, narrow, 3, padding=1)",
        "path, entry 0, entry 2 in (4, 12, 3, 3): found 3, expected 1.",
    ),
    "unpadded": (
        "conv(out, out, 3, padding=1)",
        "conv(out, out, 3)",
        "Expected size 6 but got size 4 for tensor number 1 in the list.",
    ),
    "reads-what-the-block-gives": (
        "return torch.cat([super().forward(X), self.fifth(X)], dim=1)",
        "return torch.cat([super().forward(X), 0 * self.fifth(X)], dim=1)",
        "at [0, 18, 0, 0], expected 0.021685 (279 of 1800 numbers differ).",
    ),
    "added-not-joined": (
        "return torch.cat([super().forward(X), self.fifth(X)], dim=1)",
        (
            "Y, Z = super().forward(X), self.fifth(X)\n"
            "        return torch.cat([Y, Z.abs() + 1e-3], dim=1)"
        ),
        "at [0, 18, 0, 0], expected 0.021685 (504 of 1800 numbers differ).",
    ),
    "wrong-order-of-widths": (
        (
            "conv(narrow, out, 3, padding=1),\n"
            "            *(conv(out, out, 3, padding=1)"
        ),
        (
            "conv(narrow, narrow, 3, padding=1),\n"
            "            *(conv(narrow, out, 3, padding=1)"
        ),
        "path, entry 1, entry 0 in (4, 4, 3, 3): found 4, expected 7.",
    ),
}
