"""What the labs share: examples by name, a picture beside them, limits of size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from traitlets import List

from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Controls, Grid, Pair, nested, shape_of

LARGEST_PICTURE = 64
LARGEST_KERNEL = 5
PICTURE_DIGITS = 3  # tells the 256 greys apart, and keeps the page short


def example(value: Any, known: Mapping[str, Any], what: str) -> Any:
    """The example called `value`, or `value` itself; ValueError for no such name."""
    if not isinstance(value, str):
        return value
    if value not in known:
        raise ValueError(f"No {what} is called {value!r}; take one of {list(known)}.")
    return known[value]


def picture(image: Any, side: int = LARGEST_PICTURE) -> list[list[float]]:
    """A picture (height, width) as nested lists; ValueError for another shape.

    At most `side` pixels high and wide, since a page carries every one of them.
    """
    arrays = hasattr(image, "shape")
    try:
        shape = tuple(image.shape) if arrays else shape_of(nested(image))
        if shape and len(shape) == 2 and 1 <= min(shape) <= max(shape) <= side:
            grid: list[list[float]] = nested(image, PICTURE_DIGITS)
            return grid
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The image holds something that is not a number: {error}; give (height, "
            "width) numbers."
        ) from None
    deep = len(shape or ()) - 2  # (1, 28, 28), as X[0] is, becomes (28, 28)
    part = ", ".join(["0"] * deep if deep > 0 else ["::2"] * 2)
    raise ValueError(
        f"The image has shape {shape or 'ragged or empty'}; give (height, width) with "
        f"at most {side} pixels a side, for instance image[{part}]."
    )


class PictureLab(Figure):
    """A lab with an input, a kernel and examples of both, on a grid of outputs.

    `input` and `kernel` are grids (height, width) or names from `INPUTS` and
    `KERNELS`, by default the first; `image` adds a picture to the inputs under
    `image_name`.  The chosen output stands at `selected` (row, column).
    """

    INPUTS: ClassVar[Mapping[str, Any]] = {"0": [[0]]}
    KERNELS: ClassVar[Mapping[str, Any]] = {"0": [[0]]}

    input = Grid([[0]], most=(LARGEST_PICTURE, LARGEST_PICTURE)).tag(sync=True)
    kernel = Grid([[0]], most=(LARGEST_KERNEL, LARGEST_KERNEL)).tag(sync=True)
    selected = Pair(0, high=10_000).tag(sync=True)
    controls = Controls(()).tag(sync=True)
    inputs: List[Any] = List().tag(sync=True)
    kernels: List[Any] = List().tag(sync=True)

    def __init__(
        self,
        *,
        input: Any = None,
        kernel: Any = None,
        image: Any = None,
        image_name: str = "picture",
        **state: Any,
    ) -> None:
        inputs, kernels = dict(self.INPUTS), dict(self.KERNELS)
        if image is not None:
            inputs[image_name] = picture(image)
        first = next(iter(inputs)) if input is None else input
        state["input"] = example(first, inputs, "input")
        first = next(iter(kernels)) if kernel is None else kernel
        state["kernel"] = example(first, kernels, "kernel")
        super().__init__(
            inputs=[[name, nested(grid)] for name, grid in inputs.items()],
            kernels=[[name, nested(grid)] for name, grid in kernels.items()],
            **state,
        )


def sides(grid: Any) -> tuple[int, int]:
    """Rows and columns of a grid."""
    return len(grid), len(grid[0])


def by(grid: Any) -> str:
    """Rows and columns of a grid or tensor in words, "none" for None."""
    return "none" if grid is None else f"{len(grid)}×{len(grid[0])}"


def padding_note(n: int, p: int) -> str:
    """ " (8 and 2 padding on each side)"; empty without padding."""
    return f" ({n} and {p} padding on each side)" if p else ""


def plural(n: int, word: str) -> str:
    """A number and its word: 1 row, 2 rows."""
    return f"{n} {word}{'' if n == 1 else 's'}"
