"""The receptive field: what one element of a stack of layers sees of the input."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from traitlets import Enum, List, TraitError, validate

from d2lmini import arguments
from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.labs import by, example, padding_note, picture, sides
from d2lmini.widgets.traits import Controls, Pair, Whole, whole

KINDS = ("convolution", "pooling")
CONTROLS = ("preset", "size", "layers", "channels")
CHANNELS = (1, 3, 16, 64, 256, 512)
LOWEST = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1}
HIGHEST = {"kernel": 11, "stride": 11, "padding": 5, "dilation": 8}
LARGEST_INPUT, MOST_LAYERS = 48, 8

Layer = dict[str, Any]


def as_layer(value: Any) -> Layer:
    """A layer with all its settings, from a kernel size or a dict of some.

    A pooling layer steps by its window unless it says otherwise.
    Raises TraitError for settings that no layer of the figure has.
    """
    kernel = whole(value)
    given = value if kernel is None else {"kernel": kernel}
    named = isinstance(given, Mapping) and not set(given) - {"kind", *LOWEST}
    kind = given.get("kind", KINDS[0]) if named else ""
    if kind not in KINDS:
        raise TraitError(
            f"{value!r} is no layer: give a kernel's size, or a dict with some of "
            f"{list(LOWEST)}, kind in {KINDS}."
        )
    stride = given.get("kernel", 3) if kind == "pooling" else 1
    given = {"kernel": 3, "padding": 0, "dilation": 1, "stride": stride, **given}
    settings = {name: _setting(name, given[name]) for name in LOWEST}
    if kind == "pooling" and settings["dilation"] != 1:
        raise TraitError(f"dilation is {given['dilation']}; pooling here has only 1.")
    return {"kind": kind, **settings}


def _setting(name: str, value: Any) -> int:
    number = whole(value)
    if number is None or not LOWEST[name] <= number <= HIGHEST[name]:
        raise TraitError(
            f"{name} is {value!r}; give a whole number from {LOWEST[name]} to "
            f"{HIGHEST[name]}."
        )
    return number


def pool(size: int) -> Layer:
    """A pooling layer that steps by its window."""
    return as_layer({"kind": "pooling", "kernel": size})


def conv(kernel: int, **settings: int) -> Layer:
    """A convolution."""
    return as_layer({"kernel": kernel, **settings})


PRESETS: dict[str, tuple[int, list[Layer]]] = {
    "two 3 × 3": (11, [conv(3), conv(3)]),
    "one 5 × 5": (11, [conv(5)]),
    "three 3 × 3": (11, [conv(3), conv(3), conv(3)]),
    "one 7 × 7": (11, [conv(7)]),
    "LeNet": (28, [conv(5, padding=2), pool(2), conv(5), pool(2)]),
    "dilation 1, 2, 4": (
        21,
        [conv(3, dilation=d, padding=d) for d in (1, 2, 4)],
    ),
    "dilation 2, 2: holes": (15, [conv(3, dilation=2), conv(3, dilation=2)]),
    "stride 2, three times": (23, [conv(3, stride=2, padding=1)] * 3),
    "larger than the input": (
        8,
        [conv(3, padding=1)] * 2 + [pool(2)] + [conv(3, padding=1)] * 2,
    ),
}


def square(image: Any) -> Any:
    """A picture (n, n) as nested lists; ValueError for any other shape."""
    grid = picture(image, LARGEST_INPUT)
    if len(grid) != len(grid[0]):
        raise ValueError(
            f"The image has shape {sides(grid)}; give as many rows as columns, (n, n)."
        )
    return grid


class ReceptiveField(Figure):
    """The input pixels that one element of a stack of layers can see.

    `layers` is a preset's name or a list from the input upwards, each a kernel
    size or a dict with some of `kind`, `kernel`, `stride`, `padding`, `dilation`.
    Every layer is square, so one cross-section of `size` pixels tells all.
    The chosen element stands at `selected` (row, column) of layer `layer`, counted
    from 1; `image` (size, size) lies under the field in two dimensions, and says
    which `size` it is, in a preset too.
    """

    module = "receptive_field"
    size = Whole(11, 1, LARGEST_INPUT).tag(sync=True)
    layers: List[Any] = List().tag(sync=True)
    layer = Whole(1, 1, MOST_LAYERS).tag(sync=True)
    selected = Pair(0, high=10_000).tag(sync=True)
    channels = Enum(CHANNELS, 64).tag(sync=True)
    image: List[Any] = List().tag(sync=True)
    controls = Controls(CONTROLS).tag(sync=True)
    presets: List[Any] = List().tag(sync=True)

    def __init__(
        self, *, layers: Any = "two 3 × 3", image: Any = None, **state: Any
    ) -> None:
        if image is not None:
            state["image"] = square(image)
            side = len(state["image"])
            if state.setdefault("size", side) != side:
                raise ValueError(
                    f"size is {state['size']!r} and the image {by(state['image'])}; "
                    "leave size out."
                )
        if isinstance(layers, str):
            size, layers = example(layers, PRESETS, "stack")
            state.setdefault("size", size)
        layers = arguments.listed("layers", layers, "give a list, such as [3, 3]")
        state.setdefault("layer", max(1, min(len(layers), MOST_LAYERS)))
        presets = [[name, size, stack] for name, (size, stack) in PRESETS.items()]
        super().__init__(layers=layers, presets=presets, **state)
        if "selected" not in state:
            middle = (self.sizes[self._top] - 1) // 2
            self.selected = [middle, middle]

    @validate("layers")
    def _whole(self, proposal: dict[str, Any]) -> list[Layer]:
        if not 1 <= len(proposal["value"]) <= MOST_LAYERS:
            raise TraitError(
                f"The stack has {len(proposal['value'])} layers; "
                f"give from 1 to {MOST_LAYERS}."
            )
        return [as_layer(value) for value in proposal["value"]]

    @property
    def problem(self) -> str:
        """Why the next layer does not fit; empty when all of them do."""
        return self._walk()[1]

    @property
    def sizes(self) -> list[int]:
        """Elements in a row of the input and of each layer that fits."""
        return self._walk()[0]

    def _walk(self) -> tuple[list[int], str]:
        sizes = [self.size]
        for number, one in enumerate(self.layers, 1):
            why = misfit(number, one, sizes[-1])
            if why:
                return sizes, why
            room = sizes[-1] + 2 * one["padding"] - reach(one)
            sizes.append(room // one["stride"] + 1)
        return sizes, ""

    @property
    def steps(self) -> list[int]:
        """Input pixels between neighbours, for the input and each layer that fits."""
        steps = [1]
        for one in self.layers[: len(self.sizes) - 1]:
            steps.append(steps[-1] * one["stride"])
        return steps

    @property
    def fields(self) -> list[int]:
        """Pixels from end to end of the field, as if the image had no border."""
        fields = [1]
        for step, one in zip(self.steps, self.layers[: self._fit], strict=False):
            fields.append(fields[-1] + (reach(one) - 1) * step)
        return fields

    @property
    def _fit(self) -> int:
        return len(self.sizes) - 1

    @property
    def _top(self) -> int:
        """The layer of the chosen element, among those that fit."""
        return min(int(self.layer), self._fit)

    def pixels(self, axis: int = 1) -> list[int]:
        """The input's rows (axis 0) or columns (1) that the chosen element sees.

        Counted from 0.  Padding ends a path: a zero put in sees nothing.
        """
        sizes, top = self.sizes, self._top
        axis = arguments.whole("axis", axis, least=0, most=1)
        seen = {min(self.selected[axis], sizes[top] - 1)}
        for one, n in zip(self.layers[:top][::-1], sizes[:top][::-1], strict=True):
            offsets = range(0, reach(one), one["dilation"])
            starts = [i * one["stride"] - one["padding"] for i in seen]
            seen = {a + b for a in starts for b in offsets if 0 <= a + b < n}
        return sorted(seen)

    def span(self, axis: int = 1) -> tuple[int, int]:
        """First and last pixel of the field; beyond the image if it reaches there."""
        top, axis = self._top, arguments.whole("axis", axis, least=0, most=1)
        pairs = zip(self.steps, self.layers[:top], strict=False)
        before = sum(step * one["padding"] for step, one in pairs)
        index = min(self.selected[axis], self.sizes[top] - 1)
        first = index * self.steps[top] - before
        return first, first + self.fields[top] - 1

    @property
    def weights(self) -> tuple[int, int]:
        """Weights of the stack up to the chosen layer, and of one kernel as wide.

        Every convolution takes and gives `channels` channels; biases left out.
        """
        stack = self.layers[: self._top]
        squares = sum(x["kernel"] ** 2 for x in stack if x["kind"] == "convolution")
        area = self.channels**2
        return squares * area, self.fields[self._top] ** 2 * area

    def describe(self) -> str:
        """One line: the stack and its field."""
        stack = ", ".join(named(one) for one in self.layers)
        field = self.fields[self._top]
        return (
            f"ReceptiveField: {stack} on {self.size}×{self.size}; "
            f"an element of layer {self._top} sees {field}×{field}"
        )

    def still(self) -> str:
        """The stack as a table of sizes and fields."""
        rows = zip(self.sizes, self.steps, self.fields, strict=True)
        names = ["input", *(named(one) for one in self.layers)]
        body = "".join(
            f"<tr><th>{name}</th><td>{n} × {n}</td><td>{step}</td>"
            f"<td>{r} × {r}</td></tr>"
            for name, (n, step, r) in zip(names, rows, strict=False)
        )
        table = (
            "<table><caption>A stack of layers</caption><thead><tr><th>layer</th>"
            "<th>size</th><th>step</th><th>field</th></tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )
        return still.row(table, caption=f"{self._seen()} {self.problem}".strip())

    def _seen(self) -> str:
        pixels, (first, last) = self.pixels(), self.span()
        holes = any(b - a > 1 for a, b in pairwise(pixels))
        count = f"{len(pixels)} of the {self.size} pixels of its row"
        return (
            f"The chosen element of layer {self._top} sees {count}, in a field of "
            f"{last - first + 1}{', with holes' if holes else ''}."
        )


def reach(one: Layer) -> int:
    """Elements from the first to the last that a layer's kernel touches."""
    return int(one["dilation"] * (one["kernel"] - 1) + 1)


def named(one: Layer) -> str:
    """A layer in words: its kind and its kernel."""
    return f"{one['kind']} {one['kernel']} × {one['kernel']}"


def misfit(number: int, one: Layer, n: int) -> str:
    """Why layer `number` cannot follow `n` elements; empty when it can."""
    name, p = f"Layer {number} ({named(one)})", one["padding"]
    if one["kind"] == "pooling" and 2 * p > one["kernel"]:
        return (
            f"{name} has padding {p}, but pooling pads by at most half of its window. "
            "Pad less, or take a larger window."
        )
    if reach(one) > n + 2 * p:
        return (
            f"{name} reaches over {reach(one)} elements, but gets only "
            f"{n + 2 * p}{padding_note(n, p)}. Pad more, take a smaller kernel or "
            "dilation, or a larger input."
        )
    return ""
