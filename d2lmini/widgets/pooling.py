"""The pooling lab: sum up windows, shift the picture, see what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Enum, List, TraitError, validate

from . import still
from .base import Figure
from .convolution import named
from .traits import Controls, Grid, Pair, nested

if TYPE_CHECKING:
    import torch

CONTROLS = ("input", "mode", "window", "stride", "padding", "shift")
MODES = ("max", "average")
AXES = ("rows", "columns")

INPUTS: dict[str, Any] = {
    "0 to 8": [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
    "bright pixel": [
        [9 if (i, j) == (2, 2) else 0 for j in range(6)] for i in range(6)
    ],
    "cross": [[9 if 2 in (i, j) else 0 for j in range(6)] for i in range(6)],
}
KERNELS: dict[str, Any] = {
    "left minus right (2 × 2)": [[1, -1]] * 2,
    "top minus bottom (2 × 2)": [[1, 1], [-1, -1]],
    "left minus right (3 × 3)": [[1, 0, -1]] * 3,
    "top minus bottom (3 × 3)": [[1] * 3, [0] * 3, [-1] * 3],
}
LARGEST_INPUT, LARGEST_SHIFT = 64, 6
PICTURE_DIGITS = 3  # tells the 256 greys apart, and keeps the page short
SAME = 1e-9  # outputs nearer than this count as unchanged: rounding, not shifting


class PoolingLab(Figure):
    """Max and average pooling, and what a shift of the picture does to them.

    `input` is a grid (height, width) or a name from `INPUTS`; `image` adds a
    picture to the inputs under `image_name`.  `kernel` is a grid or a name from
    `KERNELS`: the convolution (stride 1, no padding) that the same shift goes
    through.  `shift` is in pixels (down, right), negative for up and left; zeros
    move in.  `controls` names those of `CONTROLS` that the reader may change.
    As in torch, max pooling never picks padding, and average pooling counts it
    as zeros.
    """

    module = "pooling"
    input = Grid(INPUTS["0 to 8"]).tag(sync=True)
    mode = Enum(MODES, MODES[0]).tag(sync=True)
    window = Pair(2, low=1).tag(sync=True)
    stride = Pair(1, low=1).tag(sync=True)
    padding = Pair(0).tag(sync=True)
    shift = Pair(0, low=-LARGEST_SHIFT).tag(sync=True)
    kernel = Grid(KERNELS["left minus right (2 × 2)"]).tag(sync=True)
    selected = Pair(0).tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)
    inputs: List[Any] = List().tag(sync=True)
    kernels: List[Any] = List().tag(sync=True)

    def __init__(
        self,
        *,
        input: Any = "0 to 8",
        kernel: Any = "left minus right (2 × 2)",
        image: Any = None,
        image_name: str = "picture",
        **state: Any,
    ) -> None:
        inputs = dict(INPUTS)
        if image is not None:
            inputs[image_name] = nested(image, PICTURE_DIGITS)
        state["input"] = named(input, inputs, "input")
        state["kernel"] = named(kernel, KERNELS, "kernel")
        super().__init__(
            inputs=[[name, nested(grid)] for name, grid in inputs.items()],
            kernels=[[name, nested(grid)] for name, grid in KERNELS.items()],
            **state,
        )

    @validate("input", "kernel")
    def _small(self, proposal: dict[str, Any]) -> Any:
        grid, name = proposal["value"], proposal["trait"].name
        most = 5 if name == "kernel" else LARGEST_INPUT
        if len(grid) > most or len(grid[0]) > most:
            raise TraitError(
                f"{name} has shape {len(grid)} × {len(grid[0])}; "
                f"the lab takes {most} × {most} at most."
            )
        return grid

    @validate("shift")
    def _near(self, proposal: dict[str, Any]) -> Any:
        if max(proposal["value"]) > LARGEST_SHIFT:
            raise TraitError(
                f"shift is {proposal['value']}; the lab shifts by {LARGEST_SHIFT} "
                "pixels at most."
            )
        return proposal["value"]

    @property
    def problem(self) -> str:
        """Why these settings have no output; empty when they have one."""
        sizes = (len(self.input), len(self.input[0]))
        for name, n, k, p in zip(AXES, sizes, self.window, self.padding, strict=True):
            if 2 * p > k:
                return (
                    f"The padding is {p} {name} on each side, more than half of the "
                    f"window's {k}, which torch refuses. Take a "
                    f"padding of {k // 2} at most, or a larger window."
                )
            if k > n + 2 * p:
                pad = f" ({n} and {p} padding on each side)" if p else ""
                return (
                    f"The window covers {k} {name}, but the input has only "
                    f"{n + 2 * p}{pad}. Take a smaller window."
                )
        return ""

    @property
    def shifted(self) -> torch.Tensor:
        """The input moved by `shift`, zeros moving in; (height, width), float64."""
        import torch
        from torch.nn.functional import pad

        X = torch.tensor(self.input, dtype=torch.float64)
        (down, right), m = self.shift, LARGEST_SHIFT
        rows, columns = X.shape
        wide = pad(X, (m, m, m, m))
        return wide[m - down :][:rows, m - right :][:, :columns]

    @property
    def output(self) -> torch.Tensor | None:
        """The shifted input, pooled, in float64; None when `problem` says why."""
        return self._pooled(self.shifted)

    @property
    def before(self) -> torch.Tensor | None:
        """The input pooled without the shift; None when `problem` says why."""
        import torch

        return self._pooled(torch.tensor(self.input, dtype=torch.float64))

    @property
    def convolved(self) -> torch.Tensor | None:
        """The shifted input through the kernel; None if that is the larger one."""
        return self._convolved(self.shifted)

    @property
    def convolved_before(self) -> torch.Tensor | None:
        """The input through the kernel without the shift, or None."""
        import torch

        return self._convolved(torch.tensor(self.input, dtype=torch.float64))

    @property
    def changed(self) -> float | None:
        """Share of the pooled outputs that the shift changes, or None."""
        return share(self.before, self.output)

    @property
    def convolved_changed(self) -> float | None:
        """Share of the convolution's outputs that the shift changes, or None."""
        return share(self.convolved_before, self.convolved)

    def _pooled(self, X: torch.Tensor) -> torch.Tensor | None:
        from torch.nn.functional import avg_pool2d, max_pool2d

        if self.problem:
            return None
        pool = max_pool2d if self.mode == "max" else avg_pool2d
        pooled: torch.Tensor = pool(
            X[None, None], self.window, stride=self.stride, padding=self.padding
        )
        return pooled[0, 0]

    def _convolved(self, X: torch.Tensor) -> torch.Tensor | None:
        import torch
        from torch.nn.functional import conv2d

        K = torch.tensor(self.kernel, dtype=torch.float64)
        if K.shape[0] > X.shape[0] or K.shape[1] > X.shape[1]:
            return None
        return conv2d(X[None, None], K[None, None])[0, 0]

    def describe(self) -> str:
        """One line: the operation and the shapes."""
        out = self.output
        shape = "none" if out is None else f"{out.shape[0]}×{out.shape[1]}"
        return (
            f"PoolingLab: {self.mode}, input {len(self.input)}×{len(self.input[0])}, "
            f"window {self.window[0]}×{self.window[1]}, output {shape}"
        )

    def still(self) -> str:
        """Input and pooled output side by side."""
        parts = [still.grid(nested(self.shifted), "Input")]
        out = self.output
        if out is not None:
            parts.append(still.grid(nested(out), "Pooled output"))
        name = "Max pooling" if self.mode == "max" else "Average pooling"
        return still.row(
            *parts,
            caption=f"{name}, window {self.window[0]} × {self.window[1]}, stride "
            f"{self.stride[0]} and {self.stride[1]}, padding {self.padding[0]} and "
            f"{self.padding[1]} on each side. {self.problem}",
        )


def share(before: torch.Tensor | None, after: torch.Tensor | None) -> float | None:
    """Share of elements that differ by more than rounding; None without both."""
    if before is None or after is None:
        return None
    return float(((before - after).abs() > SAME).double().mean())
