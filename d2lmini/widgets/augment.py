"""The augmentation lab: a picture mirrored, shifted and in another light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Bool, TraitError, Unicode, validate

from d2lmini.arguments import found
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.labs import by, picture
from d2lmini.widgets.traits import (
    Grid,
    Pair,
    Within,
    doubles,
    nested,
    proposed,
    shape_of,
)

if TYPE_CHECKING:
    import torch

SIDE, REACH = 28, 8


class AugmentLab(Figure):
    """`image` with `mirror`, `shift` (down, right) and `light`, in this order.

    What moves in is zero, and brightness is and stays in 0 to 1.  `other`, called
    `other_name`, is a picture of the same size to compare the distance with.
    """

    module = "augment"
    image = Grid([[0]], most=(SIDE, SIDE)).tag(sync=True)
    other = Grid([[0]], most=(SIDE, SIDE)).tag(sync=True)
    other_name = Unicode("Another one").tag(sync=True)
    mirror = Bool(False).tag(sync=True)
    shift = Pair(0, low=-REACH, high=REACH).tag(sync=True)
    light = Within(1, 0.5, 1.5).tag(sync=True)

    def __init__(self, image: Any, other: Any, **state: Any) -> None:
        grids = {"image": picture(image, SIDE), "other": picture(other, SIDE)}
        super().__init__(**grids, **state)

    @validate("image", "other")
    def _alike(self, proposal: dict[str, Any]) -> Any:
        image, other = map(by, proposed(proposal, "image", "other"))
        if image != other:
            raise TraitError(
                f"image is {image} and other {other}; give two of one size."
            )
        pixels = [v for row in proposal["value"] for v in row]
        if min(pixels) < 0 or max(pixels) > 1:
            raise TraitError(
                f"{proposal['trait'].name} goes from {min(pixels)} to {max(pixels)}; "
                "give brightness from 0 to 1, of bytes image / 255."
            )
        return proposal["value"]

    @property
    def changed(self) -> torch.Tensor:
        """The picture as the network would get it, (height, width) in float64."""
        import torch

        image = doubles(self.image)
        if self.mirror:
            image = image.flip(1)
        rows, columns = image.shape
        down, right = self.shift
        framed = torch.nn.functional.pad(image, [REACH] * 4)
        shifted = framed[REACH - down :, REACH - right :][:rows, :columns]
        brightened: torch.Tensor = (self.light * shifted).clamp(0, 1)
        return brightened

    def distance(self, to: Any) -> float:
        """Root mean square of the differences from `image` of a picture as large."""
        grid = nested(to)
        if shape_of(grid) != shape_of(self.image):
            raise ValueError(f"to is {found(to)}: give a picture, {by(self.image)}.")
        return float((doubles(self.image) - doubles(grid)).square().mean().sqrt())

    def describe(self) -> str:
        """One line: what was changed, and how far that leads."""
        down, right = self.shift
        return (
            f"AugmentLab: {'mirrored, ' if self.mirror else ''}shifted by {down} and "
            f"{right}, light times {self.light:g}; distance "
            f"{self.distance(self.changed):.3f}, {self.other_name.lower()} "
            f"{self.distance(self.other):.3f}"
        )

    def still(self) -> str:
        """The picture, the changed one, and the other."""
        return still.row(
            still.grid(self.image, "The picture", (0, 1)),
            still.grid(nested(self.changed, 3), "As the network gets it", (0, 1)),
            still.grid(self.other, self.other_name, (0, 1)),
            caption=self.describe(),
        )
