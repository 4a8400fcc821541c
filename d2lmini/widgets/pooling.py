"""The pooling lab: sum up windows, shift the picture, see what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Enum

from d2lmini.widgets import still
from d2lmini.widgets.labs import PictureLab, by, padding_note, plural, sides
from d2lmini.widgets.traits import Controls, Pair, doubles, nested

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
LARGEST_SHIFT = 6
SAME = 1e-9  # outputs nearer than this count as unchanged: rounding, not shifting


class PoolingLab(PictureLab):
    """Max and average pooling, and what a shift of the picture does to them.

    `kernel` is the convolution (stride 1, no padding) that the same shift goes
    through.  `shift` is in pixels (down, right), negative for up and left; zeros
    move in.  `controls` names those of `CONTROLS` that the reader may change.
    As in torch, max pooling never picks padding, and average pooling counts it
    as zeros.  For the rest see :class:`PictureLab`.
    """

    module = "pooling"
    INPUTS, KERNELS = INPUTS, KERNELS
    mode = Enum(MODES, MODES[0]).tag(sync=True)
    window = Pair(2, low=1, high=6).tag(sync=True)
    stride = Pair(1, low=1, high=6).tag(sync=True)
    padding = Pair(0, high=3).tag(sync=True)
    shift = Pair(0, low=-LARGEST_SHIFT, high=LARGEST_SHIFT).tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)

    @property
    def problem(self) -> str:
        """Why these settings have no output; empty when they have one."""
        axes = zip(AXES, sides(self.input), self.window, self.padding, strict=True)
        for name, n, k, p in axes:
            if 2 * p > k:
                return (
                    f"The padding is {plural(p, name[:-1])} on each side, more than "
                    f"half of the window's {k}, which torch refuses. Take a "
                    f"padding of {k // 2} at most, or a larger window."
                )
            if k > n + 2 * p:
                return (
                    f"The window covers {k} {name}, but the input has only "
                    f"{n + 2 * p}{padding_note(n, p)}. Take a smaller window."
                )
        return ""

    @property
    def shifted(self) -> torch.Tensor:
        """The input moved by `shift`, zeros moving in; (height, width), float64."""
        from torch.nn.functional import pad

        X = doubles(self.input)
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

        return self._pooled(doubles(self.input))

    @property
    def convolved(self) -> torch.Tensor | None:
        """The shifted input through the kernel; None if that is the larger one."""
        return self._convolved(self.shifted)

    @property
    def convolved_before(self) -> torch.Tensor | None:
        """The input through the kernel without the shift, or None."""

        return self._convolved(doubles(self.input))

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
        from torch.nn.functional import conv2d

        K = doubles(self.kernel)
        if K.shape[0] > X.shape[0] or K.shape[1] > X.shape[1]:
            return None
        return conv2d(X[None, None], K[None, None])[0, 0]

    def describe(self) -> str:
        """One line: the operation and the shapes."""
        return (
            f"PoolingLab: {self.mode}, input {by(self.input)}, "
            f"window {self.window[0]}×{self.window[1]}, output {by(self.output)}"
        )

    def still(self) -> str:
        """Input and pooled output side by side."""
        numbers = [v for row in self.input for v in row]
        ends = (min(0, *numbers), max(0, *numbers))
        parts = [still.grid(nested(self.shifted), "Input", ends)]
        out = self.output
        if out is not None:
            parts.append(still.grid(nested(out), "Pooled output", ends))
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
