"""The shape walk: a network as a column of stages, at every input size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Int, List, TraitError, Unicode, validate

from d2lmini.arguments import whole

from .base import Figure

if TYPE_CHECKING:
    from torch import nn

    from d2lmini.analysis.summary import Step, Summary

SIZES = (28, 32, 48, 64, 96, 128, 160, 224)
DEPTH = 3  # a stage, its layers, and the layers of those
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


def _named(layers: list[list[Any]], names: Sequence[str]) -> list[list[Any]]:
    """The layers with other names for the stages."""
    at = [i for i, layer in enumerate(layers) if layer[0] == 0]
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
    smallest that fits.  Raises ValueError if none does.
    """

    module = "shape_walk"
    size = Int().tag(sync=True)
    opened: List[Any] = List(Unicode()).tag(sync=True)
    data: Dict[str, Any] = Dict().tag(sync=True)

    def __init__(
        self,
        net: nn.Module,
        sizes: Sequence[int] = SIZES,
        in_channels: int = 1,
        name: str = "",
        stages: Sequence[str] | None = None,
        **state: Any,
    ) -> None:
        plain, channels = _checked(sizes), whole("in_channels", in_channels)
        self._net, walks = _walks(net, channels, plain)
        layers = _layers(walks)
        data = {
            "name": name or type(net).__name__,
            "channels": channels,
            "sizes": plain,
            "parameters": sum(p.numel() for p in self._net.parameters()),
            "layers": layers if stages is None else _named(layers, stages),
            "walks": [walk.packed() for walk in walks.values()],
        }
        fitting = next(n for n, walk in walks.items() if not walk.problem)
        super().__init__(data=data, size=state.pop("size", fitting), **state)

    @validate("size")
    def _listed(self, proposal: dict[str, Any]) -> int:
        size, sizes = int(proposal["value"]), self.data.get("sizes")
        if sizes and size not in sizes:
            raise TraitError(f"size is {size}; this walk has {sizes}.")
        return size

    @validate("opened")
    def _known(self, proposal: dict[str, Any]) -> list[str]:
        opened, layers = list(proposal["value"]), self.data.get("layers", [])
        names = {name for depth, name, *_ in layers if depth == 0}
        unknown = set(opened) - names
        if layers and unknown:
            raise TraitError(f"No stage is called {sorted(unknown)}.")
        return opened

    @property
    def _now(self) -> dict[str, Any]:
        """The packed walk at the chosen size."""
        walk: dict[str, Any] = self.data["walks"][self.data["sizes"].index(self.size)]
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
        return summary(self._net, (self.data["channels"], self.size, self.size))

    def describe(self) -> str:
        """One line: the network, its stages, its parameters and the sizes."""
        sizes, layers = self.data["sizes"], self.data["layers"]
        count = sum(depth == 0 for depth, *_ in layers)
        sides = ", ".join(map(str, sizes))
        return (
            f"ShapeWalk: {self.data['name']}, {count} stages, "
            f"{self.data['parameters']:,} parameters, images of {sides} pixels a side"
        )

    def still(self) -> str:
        """The stages at the chosen size as a table."""
        start = _line("input", "", (self.data["channels"], self.size, self.size))
        lines, rows, rest = [start], self._now["rows"], self._now["rest"]
        for i, (depth, name, kind, parameters) in enumerate(self.data["layers"]):
            row = rows[i] if i < len(rows) else None
            if depth == 0 and row:
                lines.append(_line(name, kind, row[0] or (), parameters, *row[1:]))
            elif depth == 0:
                lines.append(_line(name, kind, (rest,), parameters))
        head = "".join(f'<th scope="col" {PADDED}>{text}</th>' for text in HEAD)
        title = f"{self.data['name']} at {self.size} × {self.size}"
        return (
            f'<div class="d2l-scroll"><table><caption>{escape(title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            f'</div><p class="d2l-note">{escape(self.problem)}</p>'
        )


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
