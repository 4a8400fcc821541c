"""A training run, moment by moment, as a figure with a slider."""

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from d2lmini.arguments import found, whole
from d2lmini.data.classes import names
from d2lmini.plot.canvas import COLOURS, SIGNED, WIDTH, canvas, finish, look
from d2lmini.plot.numbers import Numbers, bright, pictures
from d2lmini.plot.picture import Picture
from d2lmini.training.history import History
from d2lmini.training.snapshots import Snapshot
from d2lmini.widgets.explore import Explore, explore

_FRAMES = 8  # a page carries them all


def replay(
    history: History,
    image: Numbers,
    *,
    watched: int = 0,
    classes: Sequence[str] | None = None,
) -> Explore:
    """What ``train(..., watch=images)`` saw, behind a slider over its moments.

    Each frame shows the loss so far, the first layer's kernels, and
    ``image`` (C, H, W), the ``watched``-th of the watched ones, with the
    probability of each of ``classes`` (``None``: as the session's data call theirs).
    At most eight moments, the first and the last among them; ``history`` stays as it
    is.  Raises ValueError for a run that watched nothing, and TypeError or ValueError
    for an image that is none or was not watched.
    """
    moments = _chosen(history)
    X, _ = bright(pictures(image, 1, name="image"))
    if len(X) != 1:
        raise ValueError(f"image is {found(image)}: give one image, such as X[0].")
    watched = whole("watched", watched, least=None)
    if watched not in range(len(moments[0].probabilities)):
        raise ValueError(
            f"watched={watched} names no image: {len(moments[0].probabilities)} were "
            "watched, counted from 0."
        )
    words = names(classes, len(moments[0].probabilities[watched]))

    def frame(epochs: float) -> Picture:
        now = min(moments, key=lambda s: abs(s.progress - epochs))
        said = list(zip(now.probabilities[watched], words, strict=True))
        return _frame(history, now, X[0], said)

    times = [round(s.progress, 2) for s in moments]
    return explore(frame, title="The training, moment by moment", dpi=90, epochs=times)


def _chosen(history: History) -> list[Snapshot]:
    taken = history.snapshots
    if not taken:
        raise ValueError(
            f"the run {history.name} watched no image: train with watch=X[:1]."
        )
    unique = list({round(s.progress, 2): s for s in taken}.values())
    if len(unique) <= _FRAMES:
        return unique
    last = len(unique) - 1
    return [unique[round(i * last / (_FRAMES - 1))] for i in range(_FRAMES)]


def _frame(
    history: History, now: Snapshot, image: Tensor, said: list[tuple[float, str]]
) -> Picture:
    with look():
        figure, axes = canvas(2, 2, WIDTH, 4.6)
        _loss(axes[0], history, now)
        axes[1].imshow(image.movedim(0, -1).numpy(), cmap="gray", vmin=0, vmax=1)
        axes[1].set_title("The picture", loc="center")
        axes[1].set_axis_off()
        _bars(axes[2], said)
        _kernels(axes[3], now)
    return finish(figure, _words(now, said), history.origin)


def _loss(ax: Axes, history: History, now: Snapshot) -> None:
    known = [s for s in history.snapshots if s.loss is not None]
    until = [s for s in known if s.progress <= now.progress]
    ax.plot(
        [s.progress for s in until],
        [s.loss for s in until if s.loss is not None],
        color=COLOURS[0],
        marker="o",
        markersize=4,
    )
    highest = max((s.loss for s in known if s.loss is not None), default=1.0)
    ax.set(
        title="Training loss of the epoch so far",
        xlabel="epoch",
        xlim=(0, max(history.recipe["epochs"], 1) * 1.02),
        ylim=(0, highest * 1.05),
    )


def _bars(ax: Axes, said: list[tuple[float, str]]) -> None:
    probabilities, words = zip(*said, strict=True)
    colours = [COLOURS[1] if one == max(said) else COLOURS[0] for one in said]
    ax.barh(words, probabilities, color=colours)
    ax.invert_yaxis()
    ax.set(title="What the network says of it", xlim=(0, 1))
    ax.tick_params(axis="y", labelsize=8)
    ax.grid(visible=False, axis="y")


def _kernels(ax: Axes, now: Snapshot) -> None:
    """All first kernels as one mosaic, each scaled alike."""
    ax.set_title("First kernels", loc="center")
    ax.set_axis_off()
    kernels = now.first_kernels()[:, 0]
    if kernels.numel() == 0:
        return
    count, height, width = kernels.shape
    across = 4 if count > 6 else 3
    rows = -(-count // across)
    sides = rows * (height + 1) - 1, across * (width + 1) - 1
    mosaic = torch.full(sides, torch.nan, dtype=torch.float32, device="cpu")
    for i, kernel in enumerate(kernels):
        top, left = i // across * (height + 1), i % across * (width + 1)
        mosaic[top : top + height, left : left + width] = kernel
    span: Any = {"vmin": -127 * now.scale, "vmax": 127 * now.scale}
    ax.imshow(mosaic.numpy(), cmap=SIGNED, **span)


def _words(now: Snapshot, said: list[tuple[float, str]]) -> str:
    probability, guess = max(said)
    loss = "before the first batch" if now.loss is None else f"loss {now.loss:.2f}"
    return (
        f"After {now.progress:.2f} epochs, {loss}: the picture is taken for "
        f"{guess} with probability {probability:.2f}."
    )
