"""The channels lab: a sum over the input channels for each output channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Int, List, TraitError, validate

from . import still
from .base import Figure
from .traits import Controls, Grid, Pair, nested, shape_of, tidy

if TYPE_CHECKING:
    import torch

CONTROLS = ("preset", "input", "kernel", "channels", "size", "bias")
MOST_CHANNELS, LARGEST_INPUT, LARGEST_KERNEL = 3, 6, 3


def counting(*shape: int) -> Any:
    """Whole numbers that count up through a picture and start one higher in the next.

    Shape (C, H, W) for an input, (O, C, h, w) for kernels.
    """
    *outer, height, width = shape
    if outer:
        return [_plus(counting(*shape[1:]), i) for i in range(shape[0])]
    return [[i * width + j for j in range(width)] for i in range(height)]


def _plus(value: Any, by: int) -> Any:
    return [_plus(x, by) for x in value] if isinstance(value, list) else value + by


EDGES = [[[[1, -1], [0, 0]], [[0, 0], [0, 0]]], [[[0, 0], [0, 0]], [[1, 0], [-1, 0]]]]
#: name: (input, kernel, bias)
PRESETS: dict[str, tuple[Any, Any, Any]] = {
    "the text's, one output": (counting(2, 3, 3), counting(1, 2, 2, 2), [0]),
    "the text's, three outputs": (counting(2, 3, 3), counting(3, 2, 2, 2), [0, 0, 0]),
    "1 × 1: three to two": (
        counting(3, 3, 3),
        [[[[1]], [[0]], [[-1]]], [[[0.5]], [[0.5]], [[0.5]]]],
        [0, 1],
    ),
    "1 × 1: colours to grey": (
        [
            [[1, 0, 0], [1, 1, 0], [1, 1, 1]],
            [[0, 1, 0], [1, 1, 0], [0, 0, 1]],
            [[0, 0, 1], [0, 1, 1], [0, 0, 1]],
        ],
        [[[[0.3]], [[0.59]], [[0.11]]]],
        [0],
    ),
    "each kernel on its own channel": (
        [[[0, 0, 1, 1]] * 4, [[0] * 4, [0] * 4, [1] * 4, [1] * 4]],
        EDGES,
        [0, 0],
    ),
}


class ChannelsLab(Figure):
    """Cross-correlation over several input and output channels.

    `input` is (C, H, W), `kernel` (O, C, h, w), `bias` has O numbers; all three, or
    some, may come from `preset`.  The chosen output element stands at `selected`
    (row, column) of output channel `channel`, counted from 0.
    """

    module = "channels"
    input = Grid(counting(2, 3, 3), ndim=3).tag(sync=True)
    kernel = Grid(counting(1, 2, 2, 2), ndim=4).tag(sync=True)
    bias = Grid([0], ndim=1).tag(sync=True)
    selected = Pair(0).tag(sync=True)
    channel = Int(0, min=0, max=MOST_CHANNELS - 1).tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)
    presets: List[Any] = List().tag(sync=True)

    def __init__(self, *, preset: str = "the text's, one output", **state: Any) -> None:
        if preset not in PRESETS:
            raise ValueError(
                f"No preset is called {preset!r}; take one of {list(PRESETS)}."
            )
        X, K, b = PRESETS[preset]
        state.setdefault("input", X)
        if "kernel" in state:
            outputs = len(nested(state["kernel"]))
            state.setdefault("bias", [0] * outputs)
        else:
            state["kernel"] = K
            state.setdefault("bias", b)
        super().__init__(
            presets=[[name, *map(nested, parts)] for name, parts in PRESETS.items()],
            **state,
        )

    @validate("input", "kernel", "bias")
    def _small(self, proposal: dict[str, Any]) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        shape, side = shape_of(value) or (), LARGEST_KERNEL
        most = {
            "input": (MOST_CHANNELS, LARGEST_INPUT, LARGEST_INPUT),
            "kernel": (MOST_CHANNELS, MOST_CHANNELS, side, side),
            "bias": (MOST_CHANNELS,),
        }[name]
        if any(n > m for n, m in zip(shape, most, strict=True)):
            raise TraitError(f"{name} has shape {shape}; the lab takes {most} at most.")
        return value

    @property
    def problem(self) -> str:
        """Why these settings have no output; empty when they have one."""
        channels, kernels = len(self.input), len(self.kernel[0])
        if channels != kernels:
            return (
                f"The input has {channels} channels, but each kernel has {kernels}. "
                "Give both the same number."
            )
        if len(self.bias) != len(self.kernel):
            return (
                f"There are {len(self.kernel)} output channels, but the bias has "
                f"{len(self.bias)} numbers. Give one bias to each output channel."
            )
        return self._too_small()

    def _too_small(self) -> str:
        """Says that the kernel does not fit into the input, if so."""
        picture, kernel = self.input[0], self.kernel[0][0]
        for name, size, reach in (
            ("rows", len(picture), len(kernel)),
            ("columns", len(picture[0]), len(kernel[0])),
        ):
            if reach > size:
                return (
                    f"The kernel has {reach} {name}, but the input has only {size}. "
                    "Take a smaller kernel."
                )
        return ""

    @property
    def output(self) -> torch.Tensor | None:
        """The output (O, height, width) in float64; None when `problem` says why."""
        parts = self._partial()
        if parts is None:
            return None
        return parts.sum(1) + parts.new_tensor(self.bias)[:, None, None]

    @property
    def partial(self) -> torch.Tensor | None:
        """The partial sums (C, height, width) of the chosen output channel."""
        parts = self._partial()
        return None if parts is None else parts[min(self.channel, len(parts) - 1)]

    def _partial(self) -> torch.Tensor | None:
        """Every input channel with its own kernel: (O, C, height, width)."""
        import torch
        from torch.nn.functional import conv2d

        if self.problem:
            return None
        X = torch.tensor(self.input, dtype=torch.float64)
        K = torch.tensor(self.kernel, dtype=torch.float64)
        # one group per input channel keeps the channels apart
        pairs = K.transpose(0, 1).flatten(0, 1)[:, None]  # (C·O, 1, h, w)
        parts = conv2d(X[None], pairs, groups=len(X))[0]
        by_input = parts.reshape(len(X), len(K), *parts.shape[1:])
        return by_input.transpose(0, 1)

    def describe(self) -> str:
        """One line: the shapes."""
        out = self.output
        shapes = [
            "×".join(map(str, shape_of(value) or ()))
            for value in (self.input, self.kernel)
        ]
        shape = "none" if out is None else "×".join(map(str, out.shape))
        return f"ChannelsLab: input {shapes[0]}, kernel {shapes[1]}, output {shape}"

    def still(self) -> str:
        """Every channel, its kernel and its partial sum, and the output."""
        partial, out, o = self.partial, self.output, min(self.channel, len(self.kernel))
        parts = []
        for c, picture in enumerate(self.input):
            parts.append(still.grid(picture, f"Input channel {c + 1}"))
        for c, kernel in enumerate(self.kernel[o]):
            parts.append(still.grid(kernel, f"Kernel for channel {c + 1}"))
        if partial is not None and out is not None:
            for c, values in enumerate(nested(partial)):
                parts.append(still.grid(values, f"Partial sum {c + 1}"))
            for i, values in enumerate(nested(out)):
                parts.append(still.grid(values, f"Output channel {i + 1}"))
        biases = ", ".join(still.number(tidy(b)) for b in self.bias)
        return still.row(*parts, caption=f"Bias: {biases}. {self.problem}".strip())
