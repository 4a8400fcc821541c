"""The shape walk: networks as columns of stages, at every input size."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Int, List, TraitError, Unicode, validate

from d2lmini.arguments import whole
from d2lmini.widgets.base import FOLDER, Figure

if TYPE_CHECKING:
    from torch import nn

    from d2lmini.analysis.summary import Step, Summary

SIZES = (28, 32, 48, 64, 96, 128, 160, 224)
DEPTH = 3  # a stage, its layers, and the layers of those
SEVEN = FOLDER / "seven.json"  # what `python -m tools.walks` makes of the book's nets
HEAD = ("stage", "output", "parameters", "multiply–adds", "memory", "field")
PADDED = 'style="padding: .3rem .6rem; text-align: left"'


@dataclass
class _Walk:
    """The layers at one size, in the order in which they begin."""

    steps: list[Step]
    work: int = 0
    problem: str = ""

    def packed(self) -> dict[str, Any]:
        """What the page needs; rows end where the walk does."""
        rest = "nothing left" if "pixels are left" in self.problem else "not reached"
        return {
            "rows": [_row(step) for step in self.steps],
            "work": self.work,
            "problem": self.problem,
            "rest": rest if self.problem else "",
        }


def _row(step: Step) -> list[Any] | None:
    """[shape, multiply–adds, field] of a layer that is done.

    The shape is null where there is no tensor; the field 0 after flattening and
    "?" if it is not known.
    """
    if step.shape is None:
        return None
    field: Any = step.field or 0
    if isinstance(field, tuple):
        field = field[0] if field[0] == field[1] else list(field)
    return [list(step.shape[1:]) if step.shape else None, step.work, field]


def _walk(net: nn.Module, shape: tuple[int, int, int]) -> _Walk:
    """Walks a (C, H, W) image through a copy of the net."""
    from d2lmini.analysis.summary import Passage

    passage = Passage(DEPTH)
    try:
        passage.through(net, shape)
    except (ValueError, RuntimeError) as error:
        return _Walk(passage.steps, problem=str(error).splitlines()[0])
    return _Walk([*passage.steps, *passage.rest], passage.work)


def _walks(
    net: nn.Module, channels: int, sizes: list[int]
) -> tuple[nn.Module, dict[int, _Walk]]:
    """A copy of the net as it is now, and the walk through it at every size."""
    from d2lmini.nets.misfit import settled

    shapes = {n: (channels, n, n) for n in sizes}
    kept = settled(net, shapes.values())
    return kept, {n: _walk(kept, shape) for n, shape in shapes.items()}


def _layers(walks: dict[int, _Walk]) -> list[list[Any]]:
    """[depth, name, kind, parameters] of every layer; the same at every size."""
    whole = next((walk for walk in walks.values() if not walk.problem), None)
    if whole is None:
        size, walk = next(iter(walks.items()))
        raise ValueError(f"No size fits the net. At {size} × {size}: {walk.problem}")
    layers = [[s.depth, s.name, s.kind, s.parameters] for s in whole.steps]
    for size, walk in walks.items():
        own = [[s.depth, s.name, s.kind, s.parameters] for s in walk.steps]
        if own != layers[: len(own)]:
            raise ValueError(
                f"At {size} × {size} the net runs other layers than at other sizes; "
                "give sizes at which it runs the same ones."
            )
    return layers


def _named(layers: list[list[Any]], names: Sequence[str] | None) -> list[list[Any]]:
    """The layers, the stages among them with other names if there are any."""
    at = [i for i, layer in enumerate(layers) if layer[0] == 0]
    if names is None:
        return layers
    if len(at) != len(names):
        raise ValueError(
            f"stages has {len(names)} names, but the net has {len(at)} stages; "
            "give one name to each."
        )
    renamed = dict(zip(at, names, strict=True))
    return [
        [depth, renamed.get(i, name), kind, parameters]
        for i, (depth, name, kind, parameters) in enumerate(layers)
    ]


def _drawn(layers: list[list[Any]]) -> list[int]:
    """The layers that get a box: blocks, and what may change the shape.

    A Sequential is opened, so far as `layers` goes; a block of a class of its own is
    one box, since what is in it need not stand in a row.
    """
    drawn: list[int] = []
    closed = DEPTH  # how deep the block lies that was drawn last
    for i, (depth, _, kind, _) in enumerate(layers):
        closed = closed if depth > closed else DEPTH
        opened = kind == "Sequential" and depth < max(x[0] for x in layers[i : i + 2])
        if depth <= closed and kind and kind not in _small() and not opened:
            drawn.append(i)
            closed = depth
    return drawn


@cache
def _small() -> set[str]:
    """Kinds of layers that keep the shape, or do no more than flatten it."""
    from torch import nn

    from d2lmini.plot.diagrams.words import ACTIVATIONS, DROPOUTS, SMALL

    kinds = (*SMALL, *ACTIVATIONS, *DROPOUTS, nn.Identity, nn.Flatten)
    return {kind.__name__ for kind in kinds}


def seven() -> dict[str, nn.Module]:
    """The book's seven networks, without data."""
    import torch

    from d2lmini import nets

    with torch.device("meta"):
        return {
            "LeNet": nets.lenet(),
            "AlexNet": nets.alexnet(),
            "VGG-11": nets.vgg11(),
            "NiN": nets.nin(),
            "GoogLeNet": nets.googlenet(),
            "ResNet-18": nets.resnet18(),
            "DenseNet": nets.densenet(),
        }


def _given(net: Any, name: str) -> dict[str, nn.Module]:
    """The networks by name; ValueError for none."""
    if net is None:
        return seven()
    if not isinstance(net, Mapping):
        return {name or type(net).__name__: net}
    if not net:
        raise ValueError("There is no network: give one, or some by name.")
    return {str(key): one for key, one in net.items()}


def _checked(sizes: Sequence[int]) -> list[int]:
    """The sizes as a list; ValueError unless they grow from 1 up."""
    plain = [whole("every size", size, least=None) for size in sizes]
    if not plain or plain[0] < 1 or plain != sorted(set(plain)):
        raise ValueError(
            f"sizes is {sizes!r}; give growing whole numbers of pixels, at least one."
        )
    return plain


class ShapeWalk(Figure):
    """What a network makes of images of several sizes, stage by stage.

    Each child of `net` is a stage: output shape, parameters, multiply–adds, memory
    of the output and receptive field, at every one of `sizes` (pixels a side).  A
    stage with layers of its own can be opened.  `stages` gives the stages other
    names, `opened` lists those open at first, `size` is the chosen one, at first the
    smallest that fits.

    Of several, `ShapeWalk({"wide": net, "deep": other})`, or the book's seven,
    `ShapeWalk()`, the reader picks one (`network`) and another to stand below it
    (`beside`, empty for none), at a size of its own.  They are drawn too, a box for a
    layer, in proportion.  Raises ValueError for a net that no size fits.
    """

    module = "shape_walk"
    network = Unicode().tag(sync=True)
    size = Int().tag(sync=True)
    opened: List[Any] = List(Unicode()).tag(sync=True)
    beside = Unicode().tag(sync=True)
    beside_size = Int().tag(sync=True)
    beside_opened: List[Any] = List(Unicode()).tag(sync=True)
    data: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(
        self,
        net: nn.Module | Mapping[str, nn.Module] | None = None,
        sizes: Sequence[int] = SIZES,
        in_channels: int = 1,
        name: str = "",
        stages: Sequence[str] | None = None,
        **state: Any,
    ) -> None:
        plain, channels = _checked(sizes), whole("in_channels", in_channels)
        self._nets: dict[str, nn.Module] = {}
        if net is None and (plain, channels) == (list(SIZES), 1):
            data = json.loads(SEVEN.read_text(encoding="utf-8"))
        else:
            data = {"channels": channels, "sizes": plain, "nets": []}
            for key, one in _given(net, name).items():
                self._add(key, one, data, stages)
        names = [one["name"] for one in data["nets"]]
        state = {"network": names[0], "beside": ""} | state
        for key, at in (("network", "size"), ("beside", "beside_size")):
            if state[key] not in ("", *names):
                raise ValueError(
                    f"{key} is {state[key]!r}; there are {', '.join(names)}."
                )
            state.setdefault(at, _smallest(data, state[key] or names[0]))
        super().__init__(data=data, **state)

    def _add(
        self,
        name: str,
        net: nn.Module,
        data: dict[str, Any],
        stages: Sequence[str] | None,
    ) -> None:
        """The walks through one more net, and a copy of it as it is now."""
        kept, walks = _walks(net, data["channels"], data["sizes"])
        layers = _named(_layers(walks), stages)
        self._nets[name] = kept
        data["nets"].append(
            {
                "name": name,
                "parameters": sum(p.numel() for p in kept.parameters()),
                "layers": layers,
                "drawn": _drawn(layers),
                "walks": [walk.packed() for walk in walks.values()],
            }
        )

    @validate("size", "beside_size")
    def _listed(self, proposal: dict[str, Any]) -> int:
        size, sizes = int(proposal["value"]), self.data.get("sizes")
        if sizes and size not in sizes:
            name = proposal["trait"].name
            raise TraitError(f"{name} is {size}; this walk has {sizes}.")
        return size

    @validate("network", "beside")
    def _there(self, proposal: dict[str, Any]) -> str:
        name, trait = proposal["value"], proposal["trait"].name
        names = [one["name"] for one in self.data.get("nets", [])]
        if names and name not in (names if trait == "network" else ["", *names]):
            raise TraitError(f"{trait} is {name!r}; there are {', '.join(names)}.")
        return str(name)

    @validate("opened", "beside_opened")
    def _known(self, proposal: dict[str, Any]) -> list[str]:
        opened, nets = list(proposal["value"]), self.data.get("nets", [])
        layers = [layer for one in nets for layer in one["layers"]]
        names = {name for depth, name, *_ in layers if depth == 0}
        unknown = set(opened) - names
        if layers and unknown:
            raise TraitError(f"No stage is called {sorted(unknown)}.")
        return opened

    @property
    def _shown(self) -> dict[str, Any]:
        """What is known of the chosen network."""
        return _of(self.data, self.network)

    @property
    def _now(self) -> dict[str, Any]:
        """Its packed walk at the chosen size."""
        walk: dict[str, Any] = self._shown["walks"][self.data["sizes"].index(self.size)]
        return walk

    @property
    def problem(self) -> str:
        """Why the net cannot take an image of the chosen size; empty when it can."""
        return str(self._now["problem"])

    @property
    def summary(self) -> Summary | None:
        """The :func:`d2lmini.summary` at the chosen size; None if it does not fit."""
        from d2lmini.analysis.summary import summary

        if self.problem:
            return None
        net = (self._nets or seven())[self.network]
        return summary(net, (self.data["channels"], self.size, self.size))

    def describe(self) -> str:
        """One line: the network, its stages, its parameters and the sizes."""
        sizes, shown = self.data["sizes"], self._shown
        count = sum(depth == 0 for depth, *_ in shown["layers"])
        sides = ", ".join(map(str, sizes))
        others = len(self.data["nets"]) - 1
        return (
            f"ShapeWalk: {shown['name']}, {count} stages, "
            f"{shown['parameters']:,} parameters, images of {sides} pixels a side"
            + (f"; {others} more to choose from" if others else "")
        )

    def still(self) -> str:
        """The stages at the chosen size as a table."""
        start = _line("input", "", (self.data["channels"], self.size, self.size))
        lines, rows, rest = [start], self._now["rows"], self._now["rest"]
        for i, (depth, name, kind, parameters) in enumerate(self._shown["layers"]):
            row = rows[i] if i < len(rows) else None
            if depth == 0 and row:
                lines.append(_line(name, kind, row[0] or (), parameters, *row[1:]))
            elif depth == 0:
                lines.append(_line(name, kind, (rest,), parameters))
        head = "".join(f'<th scope="col" {PADDED}>{text}</th>' for text in HEAD)
        title = f"{self.network} at {self.size} × {self.size}"
        return (
            f'<div class="d2l-scroll"><table><caption>{escape(title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            f'</div><p class="d2l-note">{escape(self.problem)}</p>'
        )


def _of(data: dict[str, Any], name: str) -> dict[str, Any]:
    """What is known of the network called `name`."""
    found: dict[str, Any] = next(one for one in data["nets"] if one["name"] == name)
    return found


def _smallest(data: dict[str, Any], name: str) -> int:
    """The smallest size that fits the network."""
    walks = zip(data["sizes"], _of(data, name)["walks"], strict=True)
    return int(next(size for size, walk in walks if not walk["problem"]))


def _memory(shape: Sequence[Any]) -> str:
    """Bytes of the output of one image as float32: 18.8 kB."""
    size = 4.0
    for n in shape:
        size *= n
    for unit in ("B", "kB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} MB" if size < 100 else f"{size:,.0f} MB"


def _line(
    name: str,
    kind: str,
    shape: Sequence[Any],
    parameters: int = 0,
    work: int = 0,
    field: Any = 0,
) -> str:
    """One row of the still table; a shape of one text is a word in its place."""
    high, wide = field if isinstance(field, (list, tuple)) else (field, field)
    word = not shape or isinstance(shape[0], str)
    cells = (
        " × ".join(map(str, shape)),
        f"{parameters:,}" if parameters else "–",
        f"{work:,}" if work else "–",
        "–" if word else _memory(shape),
        "?" if high == "?" else f"{high} × {wide}" if high else "–",
    )
    inner = "".join(f"<td>{escape(text)}</td>" for text in cells)
    title = escape(f"{name} {kind}".strip())
    return f'<tr><th scope="row" {PADDED}>{title}</th>{inner}</tr>'
