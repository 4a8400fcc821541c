"""Answers to resolution-coarse: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-matrices": """
import torch


def coarse_share(kernel, rings):
    k = kernel.double()
    waves = torch.arange(grid).double()
    waves = torch.where(waves < (grid + 1) // 2, waves, waves - grid) / grid
    down = torch.exp(-2j * torch.pi * torch.outer(waves, torch.arange(k.shape[0])))
    across = torch.exp(-2j * torch.pi * torch.outer(waves, torch.arange(k.shape[1])))
    power = (down @ k.to(down.dtype) @ across.T).abs() ** 2
    squared = waves[:, None] ** 2 + waves**2
    means = []
    for i in range(rings):
        low, high = (i / rings / 2) ** 2, ((i + 1) / rings / 2) ** 2
        means.append(power[(low <= squared) & (squared < high)].mean())
    return float(means[0] / sum(means))
""",
    "by-shifted-grid": """
import torch
import torch.nn.functional as F


def coarse_share(kernel, rings):
    h, w = kernel.shape
    padded = F.pad(kernel, (0, grid - w, 0, grid - h))
    power = torch.fft.fftshift(torch.fft.fft2(padded)).abs().pow(2)
    totals, counts = [0.0] * 2 * rings, [0] * 2 * rings
    for i in range(grid):
        for j in range(grid):
            radius = ((i - grid // 2) ** 2 + (j - grid // 2) ** 2) ** 0.5
            ring = int(radius * 2 * rings / grid)
            totals[ring] += power[i, j].item()
            counts[ring] += 1
    means = [totals[i] / counts[i] for i in range(rings)]
    return means[0] / sum(means)
""",
}
MEANS = """
    means = torch.stack([power[ring == i].mean() for i in range(rings)])
    return float(means[0] / means.sum())
"""


def like_the_chapter(
    power: str = "torch.fft.fft2(kernel, s=(grid, grid)).abs() ** 2",
    distance: str = "torch.hypot(waves[:, None], waves)",
    first: str = "pass",
) -> str:
    """The chapter's own steps, one of which a wrong answer takes otherwise."""
    return f"""
import torch


def coarse_share(kernel, rings):
    {first}
    power = {power}
    waves = torch.fft.fftfreq(grid).double()
    ring = ({distance} * 2 * rings).long()
{MEANS}
"""


WRONG = {
    "size-not-power": (
        like_the_chapter(power="torch.fft.fft2(kernel, s=(grid, grid)).abs()"),
        "the mean of 5×5, five rings",
    ),
    "a-square-for-a-circle": (
        like_the_chapter(distance="torch.maximum(waves.abs()[:, None], waves.abs())"),
        "the mean of 5×5, five rings",
    ),
    "no-zeros-around": (
        f"""
import torch


def coarse_share(kernel, rings):
    power = torch.fft.fft2(kernel).abs() ** 2
    down = torch.fft.fftfreq(kernel.shape[0])
    across = torch.fft.fftfreq(kernel.shape[1])
    ring = (torch.hypot(down[:, None], across) * 2 * rings).long()
{MEANS}
""",
        "a single pixel, five rings",
    ),
    "share-of-the-whole": (
        """
import torch


def coarse_share(kernel, rings):
    power = torch.fft.fft2(kernel, s=(grid, grid)).abs() ** 2
    waves = torch.fft.fftfreq(grid)
    inside = torch.hypot(waves[:, None], waves) < 0.5 / rings
    return float(power[inside].sum() / power.sum())
""",
        "a single pixel, five rings",
    ),
    "mutates": (
        like_the_chapter(first="kernel /= kernel.square().sum().sqrt() * 2"),
        "a single pixel, five rings",
    ),
}
CHANGED = {
    "rings-of-the-whole-axis": (
        "* 2 * rings",
        "* rings",
        "a single pixel, five rings: found nan, expected 0.2.",
    ),
    "sums-for-means": (
        ".mean() for",
        ".sum() for",
        "a single pixel, five rings: found 0.03871829, expected 0.2.",
    ),
    "the-finest": (
        "means[0] /",
        "means[-1] /",
        "the mean of 5×5, five rings: found",
    ),
    "less-the-mean": (
        "torch.fft.fft2(kernel, s=(grid, grid))",
        "torch.fft.fft2(kernel - kernel.mean(), s=(grid, grid))",
        "a single pixel, five rings: found",
    ),
    "of-the-next": (
        "/ means.sum())",
        "/ means[1])",
        "a single pixel, five rings: found 1, expected 0.2.",
    ),
}
