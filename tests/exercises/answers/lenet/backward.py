"""Answers to lenet-backward: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-kron": """
import torch


def slopes(Z, G):
    tile = torch.ones(window, window, dtype=G.dtype) / window**2
    flat = G.reshape(-1, *G.shape[-2:])
    spread = torch.stack([torch.kron(one, tile) for one in flat]).view(Z.shape)
    e = (-Z).exp()
    return spread * e / (1 + e) ** 2
""",
    "window-by-window": """
import torch


def slopes(Z, G):
    back = torch.zeros_like(Z)
    S = torch.sigmoid(Z)
    for i in range(G.shape[-2]):
        for j in range(G.shape[-1]):
            rows = slice(i * window, (i + 1) * window)
            columns = slice(j * window, (j + 1) * window)
            part = S[..., rows, columns]
            share = G[..., i : i + 1, j : j + 1] / (window * window)
            back[..., rows, columns] = share * (part - part**2)
    return back
""",
}
_START = """
import torch


def slopes(Z, G):
    S = torch.sigmoid(Z)
    spread = G.repeat_interleave(window, -2).repeat_interleave(window, -1)
"""
_MAPS = "maps of shape (1, 2, 2), windows of 2×2"
WRONG = {
    "autograd": (
        """
import torch


def slopes(Z, G):
    A = Z.clone().requires_grad_()
    Y = torch.nn.functional.avg_pool2d(torch.sigmoid(A), window)
    return torch.autograd.grad(Y, A, G)[0]
""",
        f"{_MAPS}: uses autograd, which this exercise does without.",
    ),
    "not-shared": (_START + "    return spread * S * (1 - S)\n", _MAPS),
    "without-the-sigmoid": (_START + "    return spread / window**2 + 0 * S\n", _MAPS),
    "its-value-for-its-slope": (_START + "    return spread / window**2 * S\n", _MAPS),
    "a-quarter-everywhere": (
        _START + "    return spread / window**2 / 4 + 0 * S\n",
        _MAPS,
    ),
    "slope-of-the-mean": (
        """
import torch


def slopes(Z, G):
    S = torch.nn.functional.avg_pool2d(torch.sigmoid(Z), window)
    back = G * S * (1 - S) / window**2
    return back.repeat_interleave(window, -2).repeat_interleave(window, -1)
""",
        _MAPS,
    ),
    "tiled": (
        """
import torch


def slopes(Z, G):
    S = torch.sigmoid(Z)
    spread = torch.cat([torch.cat([G] * window, -1)] * window, -2)
    return spread / window**2 * S * (1 - S)
""",
        "maps of shape (2, 4, 6), windows of 2×2",
    ),
}
