"""Images, kernels, feature maps."""

import math
from collections.abc import Iterable, Sequence

import torch
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from torch import Tensor

from d2lmini.arguments import found, whole
from d2lmini.data.classes import name, names
from d2lmini.plot.canvas import SIGNED, WIDTH, canvas, finish, look
from d2lmini.plot.numbers import Numbers, bright, exact, numbers, pictures
from d2lmini.plot.picture import Picture


def images(
    X: Numbers,
    labels: Numbers | None = None,
    predicted: Numbers | None = None,
    *,
    titles: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    columns: int = 8,
    alt: str | None = None,
) -> Picture:
    """Images ``X`` (N, 1, H, W) or (N, H, W), each under its class name.

    In colour they are (N, 3, H, W); the channel may also come last.  A single one may
    be (H, W), or (H, W, 3) from 8 rows and columns on.  Where three dimensions may be
    one picture or several, the number of labels or titles tells, and without any they
    are a ValueError that says how to give either.

    With ``predicted`` (N,) as well, a wrong guess is written out in words below the
    truth, never shown by colour alone.  ``classes`` name the labels; None means as the
    session's data do.  ``titles``, one for each, stand there instead.  ``columns`` is
    how many make a row at most, and ``alt`` replaces the sentence that the figure
    writes of itself.  Values are brightness in [0, 1], or whole numbers up to 255; with
    others, the figure says what black and white are.  Raises TypeError or ValueError
    for what is not pictures, and for labels or titles that do not fit them.
    """
    words = _listed(titles)
    X = numbers("X", X)  # first: where there are no images, there are no labels
    if labels is not None:
        labels = numbers("labels", labels)
    captions = words if words is not None else labels
    X, note = bright(pictures(X, None if captions is None else len(captions)))
    texts = _texts(len(X), words, labels, predicted, classes)
    figure = _grid(X.movedim(1, -1), texts, columns, "gray", (0, 1))
    shown = ", ".join(text.replace("\n", " ") for text in texts if text)
    many = f"{len(X)} image{'s' * (len(X) != 1)}"
    said = alt or (f"{many}: {shown}." if shown else f"{many}.")
    return finish(figure, said, note=note)


def _listed(titles: Sequence[str] | None) -> list[str] | None:
    if isinstance(titles, str) or not isinstance(titles, Iterable | None):
        raise TypeError(f"titles is {found(titles)}: give a list, one for each image.")
    return None if titles is None else [str(title) for title in titles]


def _texts(
    count: int,
    titles: list[str] | None,
    labels: Numbers | None,
    predicted: Numbers | None,
    classes: Sequence[str] | None,
) -> list[str]:
    """What stands above each image."""
    if titles is not None:
        if len(titles) != count:
            raise ValueError(
                f"there are {count} images and {len(titles)} titles: give one for each."
            )
        return titles
    if labels is None:
        if predicted is not None:
            raise ValueError("predicted is given without labels: give both.")
        return [""] * count
    words = names(classes)
    true = _labels("labels", labels, count)
    if predicted is None:
        return [name(label, words) for label in true]
    guesses = _labels("predicted", predicted, count)
    return [
        f"{name(t, words)}\n{'right' if t == g else f'said: {name(g, words)}'}"
        for t, g in zip(true, guesses, strict=True)
    ]


def _labels(what: str, values: Numbers, count: int) -> list[int]:
    labels = numbers(what, values)
    if labels.ndim != 1 or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"{what} is {found(labels)}: give the number of a class for each image, "
            "such as logits.argmax(1)."
        )
    if len(labels) != count:
        raise ValueError(
            f"there are {count} images and {len(labels)} in {what}: give one for each."
        )
    return labels.tolist()


def class_name(label: int | Tensor, classes: Sequence[str] | None = None) -> str:
    """The word for a label, of ``classes`` or else of the session's data.

    Raises ValueError for a label that names no class, and TypeError for what is no
    whole number.
    """
    return name(label, names(classes))


def filters(weight: Numbers, *, columns: int = 8, alt: str | None = None) -> Picture:
    """Kernels (out, in, h, w), one image each; orange is negative, blue positive.

    Of several input channels the mean is shown.  The scale is shared and
    symmetric, so that white is zero.  Raises TypeError or ValueError for what is not
    kernels.
    """
    remedy = "give kernels (out, in, h, w), such as net[0].weight"
    kernels = numbers("weight", weight, remedy=remedy)
    if kernels.ndim != 4:
        raise ValueError(f"weight is {found(kernels)}: {remedy}.")
    kernels = exact(kernels).mean(1)  # (out, h, w)
    bound = float(kernels.abs().max()) or 1.0
    what = f"{len(kernels)} kernels of {kernels.shape[1]}×{kernels.shape[2]}, weights "
    what += f"from {float(kernels.min()):.2g} to {float(kernels.max()):.2g}"
    words = [str(i) for i in range(len(kernels))]
    figure = _grid(kernels, words, columns, SIGNED, (-bound, bound), scale=True)
    return finish(figure, alt or f"{what}, as images.")


def feature_maps(
    maps: Numbers,
    *,
    image: Numbers | None = None,
    columns: int = 8,
    alt: str | None = None,
) -> Picture:
    """The channels of one activation (1, C, H, W) or (C, H, W), side by side.

    Each channel has its own scale, dark to bright.  ``image`` (1, C, H, W), (C, H, W)
    or (H, W), the network's input, comes first, as the mean of its channels; those of
    a picture in colour may also come last.
    Raises TypeError or ValueError for what is not the maps, or the picture, of one
    image.
    """
    maps = _channels(maps)  # (C, H, W)
    what = f"{len(maps)} feature maps of {maps.shape[1]}×{maps.shape[2]}"
    panels, words = list(maps), [str(i) for i in range(len(maps))]
    if image is not None:
        panels.insert(0, _mean(numbers("image", image)))
        words.insert(0, "input")
    figure = _grid(panels, words, columns, "gray", (None, None))
    return finish(figure, alt or f"{what}, as images.")


def _mean(image: Tensor) -> Tensor:
    """The mean (H, W) of the channels; ValueError for what may be several pictures."""
    alone = image.ndim == 4 and len(image) == 1
    X = exact(image[0] if alone else image)
    if X.ndim == 2:
        return X
    if X.ndim == 3:
        first, high, wide = X.shape
        if first > 3 and wide in (1, 3):
            return X.mean(-1)
        colour = first == 3 and not high > wide == 1
        # A narrow (1, C, H, W) may also have its channels last.
        fits = first < min(high, wide) or (alone and wide >= min(first, high))
        if first == 1 or colour or fits:
            return X.mean(0)
    raise ValueError(
        f"image is {found(image)}: give the picture of one image, (1, C, H, W), (H, W) "
        "or, with C below H and W, (C, H, W)."
    )


def _channels(values: Numbers) -> Tensor:
    """(1, C, H, W), (C, H, W) or (H, W) → float (C, H, W) on the CPU."""
    maps = numbers("maps", values)
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim not in (2, 3):
        raise ValueError(
            f"maps is {found(maps)}: give those of one image, (1, C, H, W) or "
            "(C, H, W)."
        )
    return exact(maps).reshape(-1, *maps.shape[-2:])


def _grid(
    panels: Sequence[Tensor] | Tensor,
    titles: Sequence[str],
    columns: int,
    cmap: str | Colormap,
    span: tuple[float | None, float | None],
    *,
    scale: bool = False,
) -> Figure:
    """``panels``, each (H, W) or (H, W, C), in rows; ``scale`` adds a colour bar.

    ``span`` is what the ends of ``cmap`` mean; with None, a panel's own least and
    largest value.
    """
    columns = min(whole("columns", columns), len(panels))
    rows = math.ceil(len(panels) / columns)
    size = WIDTH / max(columns, 5)
    height = size + 0.17 * (1 + max(title.count("\n") for title in titles))
    with look():
        figure, axes = canvas(rows, columns, size * columns, rows * height)
        for ax in axes:
            ax.set_axis_off()
        for ax, panel, title in zip(axes, panels, titles, strict=False):
            ax.imshow(panel.numpy(), cmap=cmap, vmin=span[0], vmax=span[1])
            # Its usual place, given since matplotlib would make all ticks to find it.
            ax.set_title(title, fontsize=8, loc="center", y=1.0)
        if scale:
            figure.colorbar(axes[0].images[0], ax=axes, shrink=0.8, aspect=12)
    return figure
