"""Answers to resolution-coarse: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-matrices": """
import torch


def coarse_share(kernel, limit):
    k = kernel.double()
    waves = torch.arange(grid).double()
    waves = torch.where(waves < grid // 2, waves, waves - grid) / grid
    down = torch.exp(-2j * torch.pi * torch.outer(waves, torch.arange(k.shape[0])))
    across = torch.exp(-2j * torch.pi * torch.outer(waves, torch.arange(k.shape[1])))
    power = (down @ k.to(down.dtype) @ across.T).abs() ** 2
    inside = waves[:, None] ** 2 + waves**2 < limit**2
    return float((power * inside).sum() / (grid**2 * k.square().sum()))
""",
    "by-shifted-grid": """
import torch
import torch.nn.functional as F


def coarse_share(kernel, limit):
    h, w = kernel.shape
    padded = F.pad(kernel, (0, grid - w, 0, grid - h))
    power = torch.fft.fftshift(torch.fft.fft2(padded)).abs().pow(2)
    total = below = 0.0
    for i in range(grid):
        for j in range(grid):
            total += power[i, j].item()
            if ((i - grid // 2) ** 2 + (j - grid // 2) ** 2) ** 0.5 < grid * limit:
                below += power[i, j].item()
    return below / total
""",
}
WRONG = {
    "size-not-power": (
        """
import torch


def coarse_share(kernel, limit):
    size = torch.fft.fft2(kernel, s=(32, 32)).abs()
    waves = torch.fft.fftfreq(32)
    inside = torch.hypot(waves[:, None], waves) < limit
    return float(size[inside].sum() / size.sum())
""",
        "the mean of 5×5 below 0.1",
    ),
    "a-square-for-a-circle": (
        """
import torch


def coarse_share(kernel, limit):
    power = torch.fft.fft2(kernel, s=(32, 32)).abs() ** 2
    waves = torch.fft.fftfreq(32).abs()
    inside = torch.maximum(waves[:, None], waves) < limit
    return float(power[inside].sum() / power.sum())
""",
        "a single pixel below 0.25",
    ),
    "half-the-grid": (
        """
import torch


def coarse_share(kernel, limit):
    power = torch.fft.rfft2(kernel, s=(32, 32)).abs() ** 2
    down, across = torch.fft.fftfreq(32), torch.fft.rfftfreq(32)
    inside = torch.hypot(down[:, None], across) < limit
    return float(power[inside].sum() / power.sum())
""",
        "a single pixel below 0.25",
    ),
    "no-zeros-around": (
        """
import torch


def coarse_share(kernel, limit):
    power = torch.fft.fft2(kernel).abs() ** 2
    down = torch.fft.fftfreq(kernel.shape[0])
    across = torch.fft.fftfreq(kernel.shape[1])
    inside = torch.hypot(down[:, None], across) < limit
    return float(power[inside].sum() / power.sum())
""",
        "a single pixel below 0.25",
    ),
    "mutates": (
        """
import torch


def coarse_share(kernel, limit):
    kernel /= kernel.square().sum().sqrt() * 2
    power = torch.fft.fft2(kernel, s=(32, 32)).abs() ** 2
    waves = torch.fft.fftfreq(32)
    inside = torch.hypot(waves[:, None], waves) < limit
    return float(power[inside].sum() / power.sum())
""",
        "a single pixel below 0.25",
    ),
}
CHANGED = {
    "at-the-limit-too": (
        "radius < limit",
        "radius <= limit",
        "a single pixel below 0.25: found 0.1923828, expected 0.1884766.",
    ),
    "along-one-axis": (
        "radius = torch.hypot(waves[:, None], waves)",
        "radius = torch.maximum(waves[:, None], waves).abs()",
        "a single pixel below 0.25: found 0.4833984, expected 0.1884766.",
    ),
    "half-the-transform": (
        "torch.fft.fft2(kernel, s=(grid, grid))",
        "torch.fft.fft2(kernel - kernel.mean(), s=(grid, grid))",
        "a single pixel below 0.25: found 0.0641573, expected 0.1884766.",
    ),
    "above-the-limit": (
        "power[radius < limit]",
        "power[radius >= limit]",
        "a single pixel below 0.25: found 0.8115234, expected 0.1884766.",
    ),
    "a-sum": (
        "/ power.sum())",
        "/ grid**2)",
        "the mean of 5×5 below 0.1: found 14.57552, expected 0.5830206.",
    ),
}
