"""The convolution lab: slide a kernel over an input and read every sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Enum

from d2lmini.widgets import still
from d2lmini.widgets.labs import PictureLab, by, padding_note, sides
from d2lmini.widgets.traits import Controls, Pair, doubles, nested

if TYPE_CHECKING:
    import torch

CONTROLS = ("input", "kernel", "operation", "padding", "stride", "dilation")
OPERATIONS = ("cross-correlation", "convolution")
MODES = ("zeros", "reflect", "replicate", "circular")
AXES = ("rows", "columns")

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


class ConvolutionLab(PictureLab):
    """Cross-correlation and convolution with padding, stride and dilation.

    `padding_mode` is torch's.  `controls` names those of `CONTROLS` that the reader
    may change.  `formula` is "total" (p counts both sides, as in the text) or
    "torch" (padding a side).  For the rest see :class:`PictureLab`.
    """

    module = "convolution"
    INPUTS, KERNELS = INPUTS, KERNELS
    operation = Enum(OPERATIONS, OPERATIONS[0]).tag(sync=True)
    padding = Pair(0, high=6).tag(sync=True)
    padding_mode = Enum(MODES, MODES[0]).tag(sync=True)
    stride = Pair(1, low=1, high=6).tag(sync=True)
    dilation = Pair(1, low=1, high=4).tag(sync=True)
    controls = Controls(CONTROLS, ["kernel", "operation"]).tag(sync=True)
    formula = Enum(("total", "torch"), "total").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        if "dilation" in state.get("controls", ()):
            state.setdefault("formula", "torch")
        super().__init__(**state)

    @property
    def problem(self) -> str:
        """Why these settings have no output; empty when they have one."""
        kernel, padding = sides(self.kernel), self.padding
        for axis, n in enumerate(sides(self.input)):
            p, reach = padding[axis], self.dilation[axis] * (kernel[axis] - 1) + 1
            # torch mirrors and repeats what is there, once
            most = {"reflect": n - 1, "circular": n}.get(self.padding_mode, p)
            if p > most:
                return (
                    f"The padding mode {self.padding_mode} can add {most} to a side of "
                    f"{n}, not {p}. Pad less, or take another mode."
                )
            if reach > n + 2 * p:
                return (
                    f"The kernel reaches over {reach} {AXES[axis]}, but the input has "
                    f"only {n + 2 * p}{padding_note(n, p)}. {self._advice()}"
                )
        return ""

    def _advice(self) -> str:
        """What helps against a kernel that reaches too far, among the controls."""
        more = " or dilation" if "dilation" in self.controls else ""
        if "padding" in self.controls:
            return f"Pad more, or take a smaller kernel{more}."
        return f"Take a smaller kernel{more}."

    @property
    def output(self) -> torch.Tensor | None:
        """The output (height, width) in float64; None when `problem` says why."""
        from torch.nn.functional import conv2d, pad

        if self.problem:
            return None
        X = doubles(self.input)[None, None]
        K = doubles(self.kernel)
        if self.operation == "convolution":
            K = K.flip(0, 1)
        (rows, columns), mode = self.padding, self.padding_mode
        X = pad(
            X, (columns, columns, rows, rows), "constant" if mode == "zeros" else mode
        )
        return conv2d(X, K[None, None], stride=self.stride, dilation=self.dilation)[
            0, 0
        ]

    def describe(self) -> str:
        """One line: the shapes."""
        return (
            f"ConvolutionLab: {self.operation}, input {by(self.input)}, "
            f"kernel {by(self.kernel)}, output {by(self.output)}"
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
