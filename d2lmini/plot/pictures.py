"""Images, kernels, feature maps."""

import math
from collections.abc import Sequence

import torch
from matplotlib.colors import Colormap
from torch import Tensor

from d2lmini.data import CLASSES
from d2lmini.plot.canvas import SIGNED, WIDTH, canvas, finish, look
from d2lmini.plot.picture import Picture


def images(
    X: Tensor,
    labels: Tensor | None = None,
    predicted: Tensor | None = None,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    alt: str | None = None,
) -> Picture:
    """Images ``X`` (N, 1, H, W) or (N, H, W), each under its class name.

    With ``predicted`` (N,) as well, a wrong guess is written out in words
    below the truth, never shown by colour alone.
    """
    X = _grey(X)
    texts = list(titles or _titles(len(X), labels, predicted))
    columns = min(columns, len(X))
    rows = math.ceil(len(X) / columns)
    lines = max((text.count("\n") + 1 for text in texts), default=0)
    size = WIDTH / max(columns, 5)
    with look():
        figure, axes = canvas(
            rows, columns, size * columns, rows * (size + 0.17 * lines)
        )
        for ax in axes:
            ax.set_axis_off()
        for ax, image, text in zip(axes, X, texts, strict=False):
            ax.imshow(image.numpy(), cmap="gray", vmin=0, vmax=1)
            ax.set_title(text, fontsize=8, loc="center")
    shown = ", ".join(text.replace("\n", " ") for text in texts if text)
    return finish(figure, alt or f"{len(X)} images: {shown}.")


def _titles(count: int, labels: Tensor | None, predicted: Tensor | None) -> list[str]:
    if labels is None:
        return [""] * count
    true = [class_name(int(label)) for label in labels]
    if predicted is None:
        return true
    guesses = [class_name(int(label)) for label in predicted]
    return [
        f"{t}\nright" if t == g else f"{t}\nsaid: {g}"
        for t, g in zip(true, guesses, strict=True)
    ]


def class_name(label: int) -> str:
    """The word for a label; ValueError for one that is not in 0–9."""
    if not 0 <= label < len(CLASSES):
        raise ValueError(
            f"the label {label} names no class: labels run from 0 ({CLASSES[0]}) to "
            f"{len(CLASSES) - 1} ({CLASSES[-1]})."
        )
    return CLASSES[label]


def _grey(X: Tensor) -> Tensor:
    """(N, 1, H, W) or (N, H, W) of any number type → float (N, H, W)."""
    if X.ndim == 4 and X.shape[1] == 1:
        X = X[:, 0]
    if X.ndim != 3 or len(X) == 0:
        raise ValueError(
            f"images must be (N, 1, H, W) or (N, H, W) with N above 0, not "
            f"{tuple(X.shape)}."
        )
    X = X.detach().cpu()
    return X.float() / 255 if X.dtype == torch.uint8 else X.float()


def filters(weight: Tensor, *, columns: int = 8, alt: str | None = None) -> Picture:
    """Kernels (out, in, h, w), one image each; orange is negative, blue positive.

    Of several input channels the mean is shown.  The scale is shared and
    symmetric, so that white is zero.
    """
    kernels = weight.detach().float().cpu().mean(1)  # (out, h, w)
    bound = float(kernels.abs().max()) or 1.0
    what = f"{len(kernels)} kernels of {kernels.shape[1]}×{kernels.shape[2]}, weights "
    what += f"from {float(kernels.min()):.2g} to {float(kernels.max()):.2g}"
    names = [str(i) for i in range(len(kernels))]
    return _maps(
        kernels, names, columns, SIGNED, (-bound, bound), alt or f"{what}, as images."
    )


def feature_maps(
    maps: Tensor,
    *,
    image: Tensor | None = None,
    columns: int = 8,
    alt: str | None = None,
) -> Picture:
    """The channels of one activation (1, C, H, W) or (C, H, W), side by side.

    Each channel has its own scale, dark to bright.  ``image`` (1, H, W) or
    (H, W), the network's input, comes first.
    """
    maps = _channels(maps)  # (C, H, W)
    what = f"{len(maps)} feature maps of {maps.shape[1]}×{maps.shape[2]}"
    panels, names = list(maps), [str(i) for i in range(len(maps))]
    if image is not None:
        panels.insert(0, _channels(image)[0])
        names.insert(0, "input")
    return _maps(panels, names, columns, "gray", None, alt or f"{what}, as images.")


def _channels(maps: Tensor) -> Tensor:
    """(1, C, H, W), (C, H, W) or (H, W) → float (C, H, W) on the CPU."""
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim not in (2, 3):
        raise ValueError(
            "feature maps must be those of one image, (1, C, H, W) or (C, H, W), not "
            f"{tuple(maps.shape)}."
        )
    return maps.detach().float().cpu().reshape(-1, *maps.shape[-2:])


def _maps(
    panels: Sequence[Tensor] | Tensor,
    names: Sequence[str],
    columns: int,
    cmap: str | Colormap,
    span: tuple[float, float] | None,
    alt: str,
) -> Picture:
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    size = WIDTH / max(columns, 5)
    low, high = span or (None, None)
    with look():
        figure, axes = canvas(rows, columns, size * columns, rows * (size + 0.17))
        for ax in axes:
            ax.set_axis_off()
        shown = None
        for ax, panel, name in zip(axes, panels, names, strict=False):
            shown = ax.imshow(panel.numpy(), cmap=cmap, vmin=low, vmax=high)
            ax.set_title(name, fontsize=8, loc="center")
        if span and shown:
            figure.colorbar(shown, ax=axes, shrink=0.8, aspect=12)
    return finish(figure, alt)
