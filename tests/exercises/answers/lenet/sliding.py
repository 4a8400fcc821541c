"""Answers to lenet-sliding: what a check must refuse, and what it must accept."""

RIGHT = {
    "copy-and-replace": """
import copy

import torch
from torch import nn


def sliding(net):
    wide = copy.deepcopy(net)
    for i, shape in ((7, (120, -1, 4, 4)), (9, (84, 120, 1, 1)), (11, (-1, 84, 1, 1))):
        weight, bias = wide[i].weight, wide[i].bias
        kernel = weight.reshape(shape)
        wide[i] = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2:])
        wide[i].load_state_dict({"weight": kernel, "bias": bias})
        wide[i].to(weight.dtype)
        with torch.no_grad():
            wide[i].weight.copy_(kernel)
            wide[i].bias.copy_(bias)
    del wide[6]
    return wide
""",
    "unflattened": """
from torch import nn


def sliding(net):
    def convolution(layer, maps, side):
        conv = nn.Conv2d(maps, layer.out_features, side)
        conv.weight = nn.Parameter(layer.weight.data.unflatten(1, (maps, side, side)))
        conv.bias = layer.bias
        return conv

    head = [
        convolution(net[7], 16, 4),
        nn.Sigmoid(),
        convolution(net[9], 120, 1),
        nn.Sigmoid(),
        convolution(net[11], 84, 1),
    ]
    return nn.Sequential(net[:6], *head)
""",
}
_SLIDING = """
from torch import nn


def sliding(net):
    layers, side = [], 4
    for layer in net:
        if isinstance(layer, nn.Linear):
            maps = layer.in_features // side**2
            conv = nn.Conv2d(maps, layer.out_features, kernel_size=side{options})
            weight = layer.weight.detach()
            conv.weight = nn.Parameter({weight})
            conv.bias = nn.Parameter({bias})
            layer, side = conv, 1
        if not isinstance(layer, nn.Flatten):
            layers.append(layer)
    return {result}
"""
_TRUE = {
    "options": "",
    "weight": "weight.view(-1, maps, side, side)",
    "bias": "layer.bias.detach()",
    "result": "nn.Sequential(*layers)",
}
_FIRST = "sliding(lenet(padding=0)) on X of shape (2, 1, 28, 28)"
WRONG = {
    "unchanged": (
        "def sliding(net):\n    return net",
        "layers of kind Flatten or Linear: found 4, expected 0",
    ),
    "constant": (
        """
from torch import nn


class Zeros(nn.Module):
    def forward(self, X):
        return X.new_zeros(len(X), 10, 1, 1)


def sliding(net):
    return nn.Sequential(Zeros())
""",
        f"{_FIRST}: found 0",
    ),
    "transposed": (
        _SLIDING.format(**_TRUE | {"weight": "weight.view(-1, maps, side, side).mT"}),
        f"{_FIRST}: found",
    ),
    "maps-last": (
        _SLIDING.format(
            **_TRUE | {"weight": "weight.view(-1, side, side, maps).movedim(-1, 1)"}
        ),
        f"{_FIRST}: found",
    ),
    "bias-forgotten": (
        _SLIDING.format(**_TRUE | {"bias": "0 * layer.bias.detach()"}),
        f"{_FIRST}: found",
    ),
    "steps-of-four-windows": (
        _SLIDING.format(**_TRUE | {"options": ", stride=side"}),
        "on X of shape (1, 1, 32, 40): found shape (1, 10, 1, 1), expected",
    ),
    "off-by-one-padding": (
        _SLIDING.format(**_TRUE | {"options": ", padding=1"}),
        f"{_FIRST}: found shape",
    ),
    "mutates-net": (
        _SLIDING.format(**_TRUE | {"bias": "layer.bias.data.add_(1) - 1"}),
        "parameters of net afterwards, entry 5: found",
    ),
    "flattened-at-the-end": (
        _SLIDING.format(**_TRUE | {"result": "nn.Sequential(*layers, nn.Flatten())"}),
        "layers of kind Flatten or Linear: found 1, expected 0",
    ),
}
CHANGED = {
    "biases-at-zero": (
        "conv.bias = nn.Parameter(layer.bias.detach().clone())",
        ("nn.init.zeros_(conv.bias.data)\n            conv.double()"),
        "at [0, 0, 0, 0], expected -2.225995 (20 of 20 numbers differ).",
    ),
    "sigmoids-lost": (
        "if not isinstance(layer, nn.Flatten):",
        "if not isinstance(layer, (nn.Flatten, nn.Sigmoid)):",
        "at [0, 0, 0, 0], expected -2.225995 (20 of 20 numbers differ).",
    ),
    "dense-weights-shared": (
        "nn.Parameter(weight.view(-1, maps, side, side))",
        "nn.Parameter(weight.view(-1, side, side, maps).permute(0, 3, 1, 2))",
        "at [0, 0, 0, 0], expected -2.225995 (20 of 20 numbers differ).",
    ),
    "kernels-turned": (
        "weight.view(-1, maps, side, side))",
        "weight.view(-1, maps, side, side).flip(2, 3))",
        "at [0, 0, 0, 0], expected -2.225995 (20 of 20 numbers differ).",
    ),
    "padded": (
        "kernel_size=side)",
        "kernel_size=side, padding=side // 2)",
        "1, 28, 28): found shape (2, 10, 5, 5), expected (2, 10, 1, 1).",
    ),
}
