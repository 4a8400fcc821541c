"""The channels lab: a sum over the input channels for each output channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import List

from d2lmini.arguments import instance
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.labs import example, plural
from d2lmini.widgets.traits import (
    Controls,
    Grid,
    Pair,
    Whole,
    doubles,
    nested,
    shape_of,
    tidy,
)

if TYPE_CHECKING:
    import torch

CONTROLS = ("preset", "input", "kernel", "channels", "size", "bias")
MOST_CHANNELS, LARGEST_INPUT, LARGEST_KERNEL = 3, 28, 3


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


def scene(side: int = 16) -> Any:
    """A drawing in red, green and blue, (3, side, side): sky, sun, hill, red house."""
    sky, sun, hill, wall = (
        (0.4, 0.7, 1),
        (1, 0.9, 0.2),
        (0.2, 0.6, 0.2),
        (0.8, 0.2, 0.1),
    )

    def colour(i: int, j: int) -> tuple[float, float, float]:
        if 5 * i >= 3 * side and 6 <= j < 11 and i < side - 2:
            return wall
        if 3 * i >= 2 * side:
            return hill
        return sun if (i - 4) ** 2 + (j - 12) ** 2 <= 6 else sky

    return [
        [[colour(i, j)[c] for j in range(side)] for i in range(side)] for c in range(3)
    ]


EDGES = [[[[1, -1], [0, 0]], [[0, 0], [0, 0]]], [[[0, 0], [0, 0]], [[1, 0], [-1, 0]]]]
GREY = [[[[0.3]], [[0.59]], [[0.11]]]]
#: name: (input, kernel, bias, groups)
PRESETS: dict[str, tuple[Any, Any, Any, int]] = {
    "the text's, one output": (counting(2, 3, 3), counting(1, 2, 2, 2), [0], 1),
    "the text's, three outputs": (
        counting(2, 3, 3),
        counting(3, 2, 2, 2),
        [0, 0, 0],
        1,
    ),
    "1 × 1: three to two": (
        counting(3, 3, 3),
        [[[[1]], [[0]], [[-1]]], [[[0.5]], [[0.5]], [[0.5]]]],
        [0, 1],
        1,
    ),
    "1 × 1: colours to grey": (
        [
            [[1, 0, 0], [1, 1, 0], [1, 1, 1]],
            [[0, 1, 0], [1, 1, 0], [0, 0, 1]],
            [[0, 0, 1], [0, 1, 1], [0, 0, 1]],
        ],
        GREY,
        [0],
        1,
    ),
    "each kernel on its own channel": (
        [[[0, 0, 1, 1]] * 4, [[0] * 4, [0] * 4, [1] * 4, [1] * 4]],
        EDGES,
        [0, 0],
        1,
    ),
    "the same, depthwise": (
        [[[0, 0, 1, 1]] * 4, [[0] * 4, [0] * 4, [1] * 4, [1] * 4]],
        [[EDGES[0][0]], [EDGES[1][1]]],
        [0, 0],
        2,
    ),
    "a colour picture to grey": (scene(), GREY, [0], 1),
    "a colour picture: red minus blue": (scene(), [[[[1]], [[0]], [[-1]]]], [0], 1),
    "a colour picture: edges, depthwise": (
        scene(),
        [[[[1, 0, -1]] * 3]] * 3,
        [0, 0, 0],
        3,
    ),
}


class ChannelsLab(Figure):
    """Cross-correlation over several input and output channels.

    `input` is (C, H, W), `kernel` (O, C / groups, h, w), `bias` has O numbers; all, or
    some, may come from `preset`.  With `groups` = C (depthwise) each kernel reads one
    channel.  Three channels larger than 6 × 6 are shown as a colour picture too.
    The chosen output element stands at `selected` (row, column) of output channel
    `channel`, counted from 0.
    """

    module = "channels"
    input = Grid(
        counting(2, 3, 3), most=(MOST_CHANNELS, LARGEST_INPUT, LARGEST_INPUT)
    ).tag(sync=True)
    kernel = Grid(
        counting(1, 2, 2, 2),
        most=(MOST_CHANNELS, MOST_CHANNELS, LARGEST_KERNEL, LARGEST_KERNEL),
    ).tag(sync=True)
    bias = Grid([0], most=(MOST_CHANNELS,)).tag(sync=True)
    groups = Whole(1, 1, MOST_CHANNELS).tag(sync=True)
    selected = Pair(0, high=10_000).tag(sync=True)
    channel = Whole(0, 0, MOST_CHANNELS - 1).tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)
    presets: List[Any] = List().tag(sync=True)

    def __init__(self, *, preset: str = "the text's, one output", **state: Any) -> None:
        instance("preset", preset, str, f"take one of {list(PRESETS)}")
        X, K, b, groups = example(preset, PRESETS, "preset")
        state.setdefault("input", X)
        if "kernel" in state:
            state["kernel"] = type(self).kernel.validate(self, state["kernel"])
            state.setdefault("bias", [0] * len(state["kernel"]))
        else:
            state["kernel"] = K
            state.setdefault("bias", b)
            state.setdefault("groups", groups)
        super().__init__(
            presets=[[name, *map(nested, parts)] for name, parts in PRESETS.items()],
            **state,
        )

    @property
    def problem(self) -> str:
        """Why these settings have no output; empty when they have one."""
        channels, outputs, groups = len(self.input), len(self.kernel), self.groups
        own = len(self.kernel[0])
        if channels % groups or outputs % groups:
            return (
                f"{groups} groups need numbers of input and output channels that are "
                f"divisible by {groups}; there are {channels} and {outputs}."
            )
        if channels != groups * own and groups > 1:
            each = plural(channels // groups, "channel")
            return f"In {groups} groups, each kernel has {each}, not {own}."
        if channels != own * groups:
            return (
                f"The input has {plural(channels, 'channel')}, but each kernel has "
                f"{own}. Give both the same number."
            )
        if len(self.bias) != outputs:
            return (
                f"There are {plural(outputs, 'output channel')}, but the bias has "
                f"{plural(len(self.bias), 'number')}. Give one bias to each output "
                "channel."
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
        """The partial sums (C / groups, height, width) of the chosen output."""
        parts = self._partial()
        return None if parts is None else parts[min(self.channel, len(parts) - 1)]

    def _partial(self) -> torch.Tensor | None:
        """Every channel that an output reads with its own kernel: (O, C / g, h, w)."""
        import torch
        from torch.nn.functional import conv2d

        if self.problem:
            return None
        X = doubles(self.input)
        K = doubles(self.kernel)
        rows = []
        for o, kernels in enumerate(K):
            first = o // (len(K) // self.groups) * len(kernels)
            read = X[first : first + len(kernels)]
            # one group per input channel keeps the channels apart
            rows.append(conv2d(read[None], kernels[:, None], groups=len(read))[0])
        return torch.stack(rows)

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
        partial, out = self.partial, self.output
        o = min(self.channel, len(self.kernel) - 1)
        parts = []
        numbers = [v for picture in self.input for row in picture for v in row]
        ends = (min(0, *numbers), max(1, *numbers))  # as in the browser, of all three
        for c, picture in enumerate(self.input):
            parts.append(still.grid(picture, f"Input channel {c + 1}", ends))
        for c, kernel in enumerate(self.kernel[o]):
            parts.append(still.grid(kernel, f"Kernel for channel {c + 1}"))
        if partial is not None and out is not None:
            for c, values in enumerate(nested(partial)):
                parts.append(still.grid(values, f"Partial sum {c + 1}"))
            for i, values in enumerate(nested(out)):
                parts.append(still.grid(values, f"Output channel {i + 1}"))
        biases = ", ".join(still.number(tidy(b)) for b in self.bias)
        return still.row(*parts, caption=f"Bias: {biases}. {self.problem}".strip())
