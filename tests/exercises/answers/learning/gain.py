"""Answers to learning-gain: what a check must refuse, and what it must accept."""

RIGHT = {
    "draws": """
import torch


def gain(unit):
    z = torch.randn(2_000_000, generator=torch.Generator().manual_seed(0))
    return (variance / unit(z * variance**0.5).square().mean()).sqrt().item()
""",
    "quadrature": """
import numpy as np
import torch


def gain(unit):
    places, weights = np.polynomial.hermite_e.hermegauss(199)
    weights = torch.tensor(weights) / (2 * torch.pi) ** 0.5
    places = torch.tensor(places) * variance**0.5
    mean = (weights * unit(places) ** 2).sum()
    return (variance / float(mean)) ** 0.5
""",
}
_GAIN = """
import torch


def gain(unit):
    z = {z}
    return float({result})
"""
_DRAWN = "torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))"
_MEAN = "unit(z).square().mean()"
WRONG = {
    "constant": ("def gain(unit):\n    return 2**0.5", "gain of tanh"),
    "the-inverse": (
        _GAIN.format(z=_DRAWN, result=f"{_MEAN}.sqrt()"),
        "gain of the ReLU",
    ),
    "no-root": (_GAIN.format(z=_DRAWN, result=f"1 / {_MEAN}"), "gain of the ReLU"),
    "spread": (
        _GAIN.format(z=_DRAWN, result="1 / unit(z).std()"),
        "gain of the ReLU",
    ),
    "uniform": (
        _GAIN.format(z="torch.linspace(-3, 3, 10_001)", result=f"{_MEAN} ** -0.5"),
        "gain of the ReLU",
    ),
    "new-draws-each-time": (
        _GAIN.format(z="torch.randn(1_000_000)", result=f"{_MEAN} ** -0.5"),
        "called twice",
    ),
    "too-few-draws": (
        _GAIN.format(
            z="torch.randn(300, generator=torch.Generator().manual_seed(3))",
            result=f"{_MEAN} ** -0.5",
        ),
        "gain of",
    ),
    "slope-at-0": (
        """
import torch


def gain(unit):
    z = torch.tensor(1e-3)
    return float(2 * z / (unit(z) - unit(-z)))
""",
        "gain of the ReLU",
    ),
}
