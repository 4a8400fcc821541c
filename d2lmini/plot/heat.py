"""A map over an image: bright where it matters."""

from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from d2lmini.plot.canvas import SIGNED, WIDTH, canvas, finish, look
from d2lmini.plot.numbers import Numbers, bright, exact, numbers
from d2lmini.plot.picture import Picture

#: White at zero, blue above, as the upper half of the signed scale, but deeper.
UNSIGNED = LinearSegmentedColormap.from_list(
    "unsigned", ("white", "#56B4E9", "#003E66")
)
OUTLINE = 0.15  # brightness at which a garment ends and the background begins
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def heat(
    image: Numbers,
    heat: Numbers,
    title: str = "",
    *,
    unit: str = "",
    alt: str | None = None,
) -> Picture:
    """An image (1, H, W) or (H, W) beside a map (H, W) of what matters in it.

    The outline of the image is drawn over the map.  A map with values below
    zero has orange there, blue above, and white at zero; any other runs from
    white to blue, and so does one whose values below zero are within a hundredth of its
    largest: those are white.  Of a colour image, the channels' mean is drawn.  ``unit``
    stands at the colour bar.  Raises TypeError for what are not numbers, and ValueError
    when the shapes differ.
    """
    grey, shown, note = _checked(image, heat)
    bound = float(shown.abs().max()) or 1.0
    signed = float(shown.min()) < -0.01 * bound
    scale, low = (SIGNED, -bound) if signed else (UNSIGNED, 0.0)
    with look():
        figure, (left, right) = canvas(1, 2, 0.86 * WIDTH, 0.42 * WIDTH)
        for ax in (left, right):
            ax.set_axis_off()
        left.imshow(grey.numpy(), cmap="gray", vmin=0, vmax=1)
        left.set_title("the image")
        drawn = right.imshow(shown.numpy(), cmap=scale, vmin=low, vmax=bound)
        outlined = float(grey.min()) < OUTLINE < float(grey.max())
        if outlined and min(grey.shape) > 1:
            right.contour(grey.numpy(), [OUTLINE], colors="#555555", linewidths=0.8)
        right.set_title(title)
        bar = figure.colorbar(drawn, ax=right, shrink=0.86, aspect=16, label=unit)
        bar.outline.set_visible(False)
    return finish(figure, alt or _read(shown, title, unit), note=note)


def _checked(image: Numbers, heat: Numbers) -> tuple[Tensor, Tensor, str]:
    """Both as (H, W) on the CPU, the image bright, and the note on its scale."""
    whole, shown = numbers("the image", image), exact(numbers("the map", heat))
    grey, note = bright(whole)
    grey = grey.mean(-3) if whole.shape[-3:-2] == (3,) else grey
    while grey.ndim > 2 and len(grey) == 1:
        grey = grey[0]
    while shown.ndim > 2 and len(shown) == 1:
        shown = shown[0]
    if grey.ndim != 2 or grey.shape != shown.shape:
        raise ValueError(
            f"an image {tuple(whole.shape)} and a map {tuple(shown.shape)} do not "
            "lie over each other: give one image and the map made from it."
        )
    return grey, shown, note


def _read(shown: Tensor, title: str, unit: str) -> str:
    """The alt text: the range, and where the largest value lies."""
    row, column = divmod(int(shown.argmax()), shown.shape[1])
    H, W = shown.shape
    place = f"{_ROWS[3 * row // H]} {_COLUMNS[3 * column // W]}"
    of = f" ({unit})" if unit else ""
    low, high = float(shown.min()), float(shown.max())
    return (
        f"{title or 'Heat map'}: an image and a map of it{of}, with values from "
        f"{low:.2g} to {high:.2g}; the largest lies in the {place}, at row {row}, "
        f"column {column} of {H}×{W}."
    )
