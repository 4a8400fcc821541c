"""The convolution lab: slide a kernel over an input and read every sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Enum, List, TraitError, validate

from . import still
from .base import Figure
from .traits import Controls, Grid, Pair, nested

if TYPE_CHECKING:
    import torch

CONTROLS = ("input", "kernel", "operation", "padding", "stride", "dilation")
OPERATIONS = ("cross-correlation", "convolution")

INPUTS: dict[str, Any] = {
    "0 to 8": [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
    "edge": [[1, 1, 0, 0, 0, 0, 1, 1]] * 6,
}
KERNELS: dict[str, Any] = {
    "0 to 3": [[0, 1], [2, 3]],
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "vertical edges": [[1, 0, -1]] * 3,
    "horizontal edges": [[1] * 3, [0] * 3, [-1] * 3],
    "left minus right": [[1, -1]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
}
LARGEST_KERNEL, LARGEST_INPUT = 5, 64
PICTURE_DIGITS = 3  # tells the 256 greys apart, and keeps the page short


def named(value: Any, presets: dict[str, Any], what: str) -> Any:
    """The preset called `value`, or `value` itself when it is no name."""
    if not isinstance(value, str):
        return value
    if value not in presets:
        raise ValueError(f"No {what} is called {value!r}; take one of {list(presets)}.")
    return presets[value]


class ConvolutionLab(Figure):
    """Cross-correlation and convolution with padding, stride and dilation.

    `input` and `kernel` are grids (height, width) or names from `INPUTS` and
    `KERNELS`; `image` adds a picture to the inputs under `image_name`.
    `controls` names those of `CONTROLS` that the reader may change.  `formula`
    is "total" (p counts both sides, as in the text) or "torch" (padding a side).
    """

    module = "convolution"
    input = Grid(INPUTS["0 to 8"]).tag(sync=True)
    kernel = Grid(KERNELS["0 to 3"]).tag(sync=True)
    operation = Enum(OPERATIONS, OPERATIONS[0]).tag(sync=True)
    padding = Pair(0).tag(sync=True)
    stride = Pair(1, low=1).tag(sync=True)
    dilation = Pair(1, low=1).tag(sync=True)
    selected = Pair(0).tag(sync=True)
    controls = Controls(CONTROLS, ["kernel", "operation"]).tag(sync=True)
    formula = Enum(("total", "torch"), "total").tag(sync=True)
    inputs: List[Any] = List().tag(sync=True)
    kernels: List[Any] = List().tag(sync=True)

    def __init__(
        self,
        *,
        input: Any = "0 to 8",
        kernel: Any = "0 to 3",
        image: Any = None,
        image_name: str = "picture",
        **state: Any,
    ) -> None:
        inputs = dict(INPUTS)
        if image is not None:
            inputs[image_name] = nested(image, PICTURE_DIGITS)
        state["input"] = named(input, inputs, "input")
        state["kernel"] = named(kernel, KERNELS, "kernel")
        if "dilation" in state.get("controls", ()):
            state.setdefault("formula", "torch")
        super().__init__(
            inputs=[[name, nested(grid)] for name, grid in inputs.items()],
            kernels=[[name, nested(grid)] for name, grid in KERNELS.items()],
            **state,
        )

    @validate("input", "kernel")
    def _small(self, proposal: dict[str, Any]) -> Any:
        grid, name = proposal["value"], proposal["trait"].name
        most = LARGEST_KERNEL if name == "kernel" else LARGEST_INPUT
        if len(grid) > most or len(grid[0]) > most:
            raise TraitError(
                f"{name} has shape {len(grid)} × {len(grid[0])}; "
                f"the lab takes {most} × {most} at most."
            )
        return grid

    @property
    def problem(self) -> str:
        """Why these settings have no output; empty when they have one."""
        for axis, (name, size, reach) in enumerate(self._reach()):
            if reach > size:
                pad = (
                    f" ({size - 2 * self.padding[axis]} and {self.padding[axis]} "
                    "padding on each side)"
                    if self.padding[axis]
                    else ""
                )
                return (
                    f"The kernel reaches over {reach} {name}, but the input has only "
                    f"{size}{pad}. Pad more, or take a smaller kernel or dilation."
                )
        return ""

    def _reach(self) -> list[tuple[str, int, int]]:
        """For rows and columns: name, padded input size, reach of the kernel."""
        sizes = (len(self.input), len(self.input[0]))
        kernel = (len(self.kernel), len(self.kernel[0]))
        return [
            (name, n + 2 * p, d * (k - 1) + 1)
            for name, n, p, d, k in zip(
                ("rows", "columns"),
                sizes,
                self.padding,
                self.dilation,
                kernel,
                strict=True,
            )
        ]

    @property
    def output(self) -> torch.Tensor | None:
        """The output (height, width) in float64; None when `problem` says why."""
        import torch
        from torch.nn.functional import conv2d

        if self.problem:
            return None
        X = torch.tensor(self.input, dtype=torch.float64)
        K = torch.tensor(self.kernel, dtype=torch.float64)
        if self.operation == "convolution":
            K = K.flip(0, 1)
        return conv2d(
            X[None, None],
            K[None, None],
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )[0, 0]

    def describe(self) -> str:
        """One line: the shapes."""
        out = self.output
        shape = "none" if out is None else f"{out.shape[0]}×{out.shape[1]}"
        return (
            f"ConvolutionLab: {self.operation}, input {len(self.input)}×"
            f"{len(self.input[0])}, kernel {len(self.kernel)}×{len(self.kernel[0])}, "
            f"output {shape}"
        )

    def still(self) -> str:
        """Input, kernel and output side by side."""
        out = self.output
        parts = [still.grid(self.input, "Input"), still.grid(self.kernel, "Kernel")]
        if out is not None:
            parts.append(still.grid(nested(out), "Output"))
        return still.row(
            *parts,
            caption=f"{self.operation.capitalize()}, padding {self.padding[0]} and "
            f"{self.padding[1]} on each side, stride {self.stride[0]} and "
            f"{self.stride[1]}. {self.problem}",
        )
