"""A whole network as a picture: what the image becomes, in proportion."""

import html
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import NoneType
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2lmini.arguments import image_shape, instance
from d2lmini.nets.misfit import is_network, walk
from d2lmini.nets.twin import class_of, tensors
from d2lmini.plot.diagrams.drawing import (
    COLOURS,
    FONT,
    SIZE,
    SMALL,
    Diagram,
    shown,
    text_width,
)
from d2lmini.plot.diagrams.words import Kind, of_layer

WIDTH, LEFT = 430.0, 158.0  # of the figure, and of the part with the boxes
WIDEST, THICKEST, THIN = 140.0, 64.0, 3.0
LINE, GAP, TOP = 16.0, 12.0, 8.0  # of the text, between boxes, above and below
TEXT = LEFT + 14
MOST = 40  # boxes in a figure that can still be read


@dataclass(frozen=True)
class Part:
    """One box: what is done, the shape it ends at, and how many weights it takes."""

    name: str
    kind: Kind
    shape: tuple[int, ...]  # without the batch
    parameters: int = 0
    times: int = 1
    #: What is inside one block of a class of its own, and how often.
    made_of: Counter[str] = field(default_factory=Counter)
    small: tuple[str, ...] = ()  # activations and the like that follow

    @property
    def title(self) -> str:
        """The name, how often it follows itself, and what follows it."""
        what = self.name + (f" × {self.times}" if self.times > 1 else "")
        return ", ".join((what, *self.small))

    def __str__(self) -> str:
        inside = f" ({_told(self.made_of)})" if self.made_of else ""
        return self.title + inside


def overview(
    net: nn.Module,
    input_shape: tuple[int, int, int],
    *rest: object,
    title: str | None = None,
) -> Diagram:
    """The parts of ``net`` from the image down, a box for what each of them gives.

    A box is as wide as its maps in proportion to the widest, and as thick as the root
    of their number, so that one sees the maps shrink and multiply.  Parts are the
    children of ``net``: activations and normalisations share a box with the layer
    before them.  Blocks of one class that follow each other share one, which says what
    the first is made of and what the last gives: those after the first have no layer
    that it lacks, and their maps are of one size and become no fewer.  Weights are
    counted where they are used first.  What ``net`` does with functions, and weights
    of its own, are in no box.  ``input_shape`` is (channels, height, width).  A copy
    of ``net`` runs once, on a tensor without data; ``net`` stays as it is.  ``title``
    stands above.  Raises TypeError for what is no network or no text, and ValueError
    for an input that does not fit and for more than 40 boxes.
    """
    instance("title", title, (str, NoneType), "give a text")
    is_network("net", net)
    shape = image_shape("input_shape", input_shape, *rest)
    found = [Part("input", Kind.INPUT, shape), *_merged(walk(net, shape, _recorded))]
    if len(found) > MOST:
        raise ValueError(
            f"{type(net).__name__} has {len(found)} parts, and {MOST} is the most that "
            "can be read: put layers that belong together into one nn.Sequential."
        )
    name = title or type(net).__name__
    alt = f"{name} from the image down. The input is {shown(shape)}. " + " ".join(
        f"{part} gives {shown(part.shape)}." for part in found[1:]
    )
    return Diagram(_svg(found, title, alt), alt)


# ---- the parts --------------------------------------------------------------


def _recorded(twin: nn.Module, X: Tensor) -> list[Part]:
    """The children of the network that were called, in this order."""
    parts: list[Part] = []
    counted: set[int] = set()

    def after(part: nn.Module, args: Any, out: Any) -> None:
        made = next(tensors([out]), None)
        if made is not None:
            weights = {id(p): p.numel() for p in part.parameters() if not is_lazy(p)}
            new = sum(n for p, n in weights.items() if p not in counted)
            counted.update(weights)
            parts.append(_part(part, tuple(made.shape[1:]), new))

    hooks = [c.register_forward_hook(after) for c in _children(twin) or [twin]]
    try:
        twin(X)
    finally:
        for hook in hooks:
            hook.remove()
    return parts


def _children(block: nn.Module) -> list[nn.Module]:
    """The modules in ``block``, but not those that compute a weight of its own."""
    found = block.named_children()
    return [child for name, child in found if name != "parametrizations"]


def _layers(block: nn.Module) -> list[nn.Module]:
    """The innermost modules of ``block``, each once; of a layer, itself."""
    inner = [layer for child in _children(block) for layer in _layers(child)]
    return list(dict.fromkeys(inner)) or [block]


def _part(part: nn.Module, shape: tuple[int, ...], weights: int) -> Part:
    """One child: a layer, or a block with the layers it is made of."""
    if _children(part):
        name, inside = _inside(part)
        return Part(name, Kind.LAYER, shape, weights, made_of=inside)
    if isinstance(part, (nn.Flatten, nn.Identity)):
        return Part("", Kind.NONE, shape)
    words = of_layer(part)
    return Part(words.name, words.kind, shape, weights)


def _inside(block: nn.Module) -> tuple[str, Counter[str]]:
    """A Sequential by its layers; another block by its class, its layers beside it."""
    words = [of_layer(m) for m in _layers(block) if not isinstance(m, nn.Identity)]
    main = Counter(w.name for w in words if w.kind in (Kind.LAYER, Kind.POOL))
    if isinstance(block, nn.Sequential):
        return _told(main) or "layers", Counter()
    return class_of(block), main


def _told(layers: Counter[str]) -> str:
    return ", ".join(f"{one} × {n}" if n > 1 else one for one, n in layers.items())


def _merged(parts: list[Part]) -> list[Part]:
    """Small layers into the box before them, and blocks of one kind into one."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if last and part.kind in (Kind.SMALL, Kind.NONE):
            name = (part.name,) if part.name else ()
            merged[-1] = replace(
                last,
                small=last.small + name,
                parameters=last.parameters + part.parameters,
            )
        elif last and part.made_of and _like(last, part):
            merged[-1] = replace(
                part,
                times=last.times + 1,
                parameters=last.parameters + part.parameters,
                made_of=last.made_of,  # the first may have a projection of its own
            )
        else:
            merged.append(part)
    return merged


def _like(last: Part, part: Part) -> bool:
    """Whether two blocks of one class can share a box that says little of the second.

    Inception's put out more and more channels; a box that gave fewer than one before it
    would hide that one's.
    """
    same = last.name == part.name and last.shape[1:] == part.shape[1:]
    return same and last.shape[0] <= part.shape[0] and part.made_of <= last.made_of


# ---- the drawing ------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Where a part stands: the top of its row, its height, and its box in it."""

    top: float
    height: float
    box: tuple[float, float]  # width and thickness
    lines: tuple[tuple[str, bool], ...]

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def _rows(parts: list[Part], top: float) -> list[Row]:
    widest = max(part.shape[-1] for part in parts if len(part.shape) == 3)
    most = max(part.shape[0] for part in parts) ** 0.5
    rows: list[Row] = []
    for part in parts:
        side = part.shape[-1] if len(part.shape) == 3 else 0
        box = (
            max(THIN, WIDEST * side / widest),
            max(THIN, THICKEST * part.shape[0] ** 0.5 / most),
        )
        lines = _lines(part)
        height = max(LINE * len(lines), box[1]) + GAP
        rows.append(Row(top, height, box, lines))
        top += height
    return rows


def _lines(part: Part) -> tuple[tuple[str, bool], ...]:
    """The name in bold, wrapped; then the shape and the parameters."""
    facts = shown(part.shape)
    if part.parameters:
        facts += f" · {part.parameters:,} parameters"
    named = [(text, True) for text in _wrapped(part.title, SIZE)]
    inside = [(text, False) for text in _wrapped(_told(part.made_of), SMALL)]
    return (*named, *inside, (facts, False))


def _wrapped(text: str, size: float) -> list[str]:
    """The text in lines that fit beside the boxes, broken after a comma."""
    lines: list[str] = []
    for piece in filter(None, text.split(", ")):
        longer = f"{lines[-1]}, {piece}" if lines else piece
        if lines and text_width(longer, size, size == SIZE) <= WIDTH - TEXT:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def _svg(parts: list[Part], title: str | None, alt: str) -> str:
    rows = _rows(parts, TOP + (24.0 if title else 0.0))
    height = rows[-1].top + rows[-1].height + TOP
    named = _text(title, LEFT / 2, 20, SIZE + 1, True, "middle") if title else ""
    drawn = [*_funnel(rows), *_boxes(parts, rows)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="d2l-diagram" role="img" '
        f'aria-label="{html.escape(alt)}" viewBox="0 0 {WIDTH:g} {height:.4g}" '
        f'style="display: block; width: 100%; max-width: {WIDTH:g}px; height: auto; '
        f'margin: .75rem auto; color: inherit" font-family="{FONT}" '
        f'fill="currentColor"><title>{html.escape(alt.split(".")[0])}</title>'
        f"{named}{''.join(drawn)}</svg>"
    )


def _funnel(rows: list[Row]) -> Iterator[str]:
    """What lies between the boxes, from the width of one to that of the next."""
    x = LEFT / 2
    for a, b in pairwise(rows):
        top, bottom = a.middle + a.box[1] / 2, b.middle - b.box[1] / 2
        yield (
            f'<path d="M{x - a.box[0] / 2:.1f} {top:.1f}H{x + a.box[0] / 2:.1f}'
            f'L{x + b.box[0] / 2:.1f} {bottom:.1f}H{x - b.box[0] / 2:.1f}Z" '
            f'fill-opacity=".09"/>'
        )


def _boxes(parts: list[Part], rows: list[Row]) -> Iterator[str]:
    for part, row in zip(parts, rows, strict=True):
        stroke, fill = COLOURS.get(part.kind, COLOURS[Kind.OTHER])
        (wide, thick), y = row.box, row.middle
        yield (
            f'<rect x="{LEFT / 2 - wide / 2:.1f}" y="{y - thick / 2:.1f}" '
            f'width="{wide:.1f}" height="{thick:.1f}" rx="1.5" fill="{stroke}" '
            f'fill-opacity="{fill + 0.3:g}" stroke="{stroke}" stroke-width="1.2"/>'
        )
        first = y - LINE * (len(row.lines) - 1) / 2 + 4.5
        for i, (text, bold) in enumerate(row.lines):
            size = SIZE if bold else SMALL
            yield _text(text, TEXT, first + LINE * i, size, bold, "start")


def _text(text: str, x: float, y: float, size: float, bold: bool, anchor: str) -> str:
    weight = ' font-weight="600"' if bold else ' opacity=".8"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" '
        f'text-anchor="{anchor}"{weight}>{html.escape(text)}</text>'
    )
