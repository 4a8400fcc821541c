"""Answers to batch-normalisation-groups: what a check must refuse, and accept."""

RIGHT = {
    "copied-first": """
from copy import deepcopy

from torch import nn


def regroup(net, groups):
    new = deepcopy(net)
    for i, layer in enumerate(new):
        if hasattr(layer, "running_mean"):
            new[i] = nn.GroupNorm(groups, layer.num_features)
    return new
""",
    "layer-by-layer": """
from copy import deepcopy

from torch import nn


def regroup(net, groups):
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d)
    return nn.Sequential(
        *(
            nn.GroupNorm(groups, one.num_features)
            if isinstance(one, kinds)
            else deepcopy(one)
            for one in net
        )
    )
""",
}
_REGROUP = """
from copy import deepcopy

from torch import nn


def regroup(net, groups):
    new = {copy}
    for i, layer in enumerate(new):
        if isinstance(layer, {kinds}):
            new[i] = {norm}
    return new
"""
_TRUE = {
    "copy": "deepcopy(net)",
    "kinds": "(nn.BatchNorm1d, nn.BatchNorm2d)",
    "norm": "nn.GroupNorm(groups, layer.num_features)",
}
_ONE, _BOTH = "one convolution, two groups", "a convolution and a dense layer"


def _wrong(**part):
    return _REGROUP.format(**{**_TRUE, **part})


WRONG = {
    "unchanged": ("def regroup(net, groups):\n    return net", _ONE),
    "in-place": (_wrong(copy="net"), f"{_ONE}, net afterwards"),
    "shares-its-layers": (
        _wrong(copy="nn.Sequential(*net)"),
        f"{_ONE}, parameters shared with net",
    ),
    "convolutions-only": (_wrong(kinds="nn.BatchNorm2d"), _BOTH),
    "nothing-to-learn": (
        _wrong(norm="nn.GroupNorm(groups, layer.num_features, affine=False)"),
        f"{_ONE}, its parameters",
    ),
    "frozen": (_wrong(copy="deepcopy(net).requires_grad_(False)"), "they train"),
    "one-group": (_wrong(norm="nn.GroupNorm(1, layer.num_features)"), _ONE),
    "groups-of-that-size": (
        _wrong(norm="nn.GroupNorm(layer.num_features, layer.num_features)"),
        _ONE,
    ),
    "left-out": (_wrong(norm="nn.Identity()"), f"{_ONE}, output"),
}
