"""A block of a network as a picture, drawn from the block itself."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType

from torch import nn

from d2lmini.arguments import image_shape, instance
from d2lmini.plot.diagrams.layout import LABEL, Drawing, Item, Point, arrange
from d2lmini.plot.diagrams.trace import Step, steps
from d2lmini.plot.diagrams.words import Kind

SIZE, SMALL = 13.0, 11.5  # of the letters: name and details
LINE, PAD, MARGIN = 16.0, 10.0, 6.0
CIRCLE = 26.0  # across, of a sign such as ⊕
ROUND = 8.0  # radius of a line's corner
#: Letters a line by the number of boxes side by side.
LETTERS = {1: 26, 2: 26, 3: 17}
NARROW, LONG = 13, 34
FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
)
#: The book's blue for weights, green for pooling, orange for joins: by kind
#: the colour, and how much of it fills the box on any background.
COLOURS = {
    Kind.LAYER: ("#2F8AC7", 0.16),
    Kind.POOL: ("#17A07A", 0.17),
    Kind.JOIN: ("#DD6B1E", 0.15),
    Kind.SMALL: ("currentColor", 0.05),
    Kind.OTHER: ("currentColor", 0.05),
}


@dataclass(frozen=True)
class Diagram:
    """The picture that :func:`diagram` makes; ``svg`` is its text, ``alt`` says it."""

    svg: str
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        return self.svg


def diagram(
    block: nn.Module,
    input_shape: tuple[int, int, int],
    *rest: object,
    title: str | None = None,
) -> Diagram:
    """Boxes for the layers of ``block`` and arrows for the way of the image.

    ``input_shape`` is (channels, height, width); below each box stands the
    shape that leaves it.  A copy of ``block`` runs once, on a tensor without data
    unless its ``forward`` asks for values, so the picture shows what that does;
    ``block`` stays as it is.  ``title`` stands above.  Raises TypeError for what is no
    network or no text, and ValueError for an input that does not fit, for a block that
    gives no tensor, and for more than 60 boxes.
    """
    instance("title", title, (str, NoneType), "give a text")
    found = steps(block, image_shape("input_shape", input_shape, *rest))
    across = _across(found)
    letters = LETTERS.get(across, NARROW)
    texts = [_text(s, LONG if s.kind is Kind.JOIN else letters) for s in found]
    sizes = _sizes(found, texts)
    bars = frozenset(
        i for i, s in enumerate(found) if s.kind is Kind.JOIN and not s.words[0].sign
    )
    drawing = arrange(sizes, [step.before for step in found], bars)
    alt = _read(title or _name(block), found)
    return Diagram(_svg(drawing, found, texts, title, alt), alt)


def _name(block: nn.Module) -> str:
    return "a block" if isinstance(block, nn.Sequential) else type(block).__name__


def _across(found: list[Step]) -> int:
    """Boxes in the fullest layer."""
    layers: list[int] = []
    for step in found:
        layers.append(1 + max((layers[i] for i in step.before), default=-1))
    return max(layers.count(n) for n in layers)


# ---- the words in the boxes -------------------------------------------------

Lines = list[tuple[str, bool]]  # text, and whether it is a layer's name


def _text(step: Step, letters: int) -> Lines:
    """Names in bold, details and small layers around them, wrapped."""
    lines: Lines = []
    small: list[str] = []
    for words in step.words:
        if words.kind is Kind.SMALL:
            small.append(words.name)
            continue
        lines += [(text, False) for text in _wrap(small, letters + 3)]
        lines += [(text, True) for text in _wrap([words.name], letters)]
        small = list(words.details)
    only = not lines
    return lines + [(text, only) for text in _wrap(small, letters + 3)]


def _wrap(parts: list[str], letters: int) -> list[str]:
    """The parts with commas between; one is broken only if it fills a line."""
    whole = [p.replace(" ", "\0") if len(p) < letters else p for p in parts]
    lines: list[str] = []
    for word in ", ".join(whole).split():
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [line.replace("\0", " ") for line in lines]


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is at most, in pixels, in any common sans-serif."""
    narrow, wide = "iljtf.,' |()-", "mwMWGOQ×–+−"
    ems = sum(0.4 if c in narrow else 0.88 if c in wide else 0.64 for c in text)
    return ems * size * (1.1 if bold else 1.0)


def _sizes(found: list[Step], texts: list[Lines]) -> list[tuple[float, float]]:
    """Width and height of each box; those with a layer in them are equally wide."""
    own = [_size(step, lines) for step, lines in zip(found, texts, strict=True)]
    layers = (Kind.LAYER, Kind.POOL, Kind.OTHER)
    wide = max(
        (w for s, (w, _) in zip(found, own, strict=True) if s.kind in layers), default=0
    )
    return [
        (wide if step.kind in layers else width, height)
        for step, (width, height) in zip(found, own, strict=True)
    ]


def _size(step: Step, lines: Lines) -> tuple[float, float]:
    if step.words[0].sign and step.kind is Kind.JOIN:
        return CIRCLE, CIRCLE
    if step.kind is Kind.INPUT:
        return text_width("input", SIZE) + 2 * PAD, LINE
    widths = [text_width(text, SIZE if b else SMALL, b) for text, b in lines]
    return round(max(widths)) + 2 * PAD, LINE * len(lines) + 1.2 * PAD


def shown(shape: tuple[int, ...]) -> str:
    """A shape as "64×24×24"."""
    return "×".join(map(str, shape))


def _read(title: str, found: list[Step]) -> str:
    """The alt text: every box in words, with its sources and its shape."""
    parts = [f"Diagram of {title}. The input is {shown(found[0].shape)}."]
    for number, step in enumerate(found[1:], start=1):
        sources = ["the input" if i == 0 else f"{i}" for i in step.before]
        words = ", ".join(map(str, step.words))
        parts.append(
            f"{number}: {words}, of {' and '.join(sources)}, gives {shown(step.shape)}."
        )
    return " ".join(parts)


# ---- the drawing ------------------------------------------------------------


def _svg(
    drawing: Drawing,
    found: list[Step],
    texts: list[Lines],
    title: str | None,
    alt: str,
) -> str:
    side = max(text_width(shown(s.shape), SMALL) for s in found) / 2 + MARGIN
    left = max(0.0, *(side - drawing.items[i].x for i in range(len(found))))
    right = max(
        0.0, *(drawing.items[i].x + side - drawing.width for i in range(len(found)))
    )
    head = 28.0 if title else 0.0
    named = text_width(title, SIZE + 1, bold=True) if title else 0.0
    width = max(drawing.width + left + right + 2 * MARGIN, named + 2 * MARGIN)
    height = drawing.height + head + 2 * MARGIN
    shift = (width - drawing.width - left - right) / 2 + left
    parts = list(_parts(drawing, found, texts))
    above = _words(title, width / 2, 18, SIZE + 1, 'font-weight="650"') if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="d2l-diagram" role="img" '
        f'aria-label="{html.escape(alt)}" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'style="display: block; width: 100%; max-width: {_n(min(width, 760))}px; '
        f'height: auto; margin: .75rem auto; color: inherit" '
        f'font-family="{FONT}" fill="currentColor">'
        f"<title>{html.escape(alt.split('.')[0])}</title>{above}"
        f'<g transform="translate({_n(shift)} {_n(head + MARGIN)})">'
        f"{''.join(parts)}</g></svg>"
    )


def _parts(drawing: Drawing, found: list[Step], texts: list[Lines]) -> Iterator[str]:
    # One opacity for all lines together, so that none looks darker where two meet.
    yield '<g fill="none" stroke="currentColor" stroke-width="1.4" opacity=".65">'
    for line in drawing.lines:
        yield _path(line)
    for item in drawing.items[1:]:
        yield f'<path d="M{_n(item.x)} {_n(item.y + item.height)}v5"/>'
    yield "</g>"
    for item, step, lines in zip(drawing.items, found, texts, strict=True):
        yield _box(item, step, lines)
        yield _label(item, step, found)


def _box(item: Item, step: Step, lines: Lines) -> str:
    middle = item.y + item.height / 2
    if step.kind is Kind.INPUT:
        return _words("input", item.x, middle + 4, SIZE, 'font-style="italic"')
    stroke, fill = COLOURS[step.kind]
    style = f'fill="{stroke}" fill-opacity="{fill}" stroke="{stroke}"'
    style += ' stroke-width="1.3"'
    if step.kind is Kind.JOIN and step.words[0].sign:
        circle = f'<circle cx="{_n(item.x)}" cy="{_n(middle)}" r="{_n(CIRCLE / 2)}" '
        sign = _words(step.words[0].sign, item.x, middle + 6, 19)
        return f"{circle}{style}/>{sign}"
    rect = (
        f'<rect x="{_n(item.x - item.width / 2)}" y="{_n(item.y)}" '
        f'width="{_n(item.width)}" height="{_n(item.height)}" rx="7" {style}/>'
    )
    first = middle - LINE * (len(lines) - 1) / 2 + 4.5
    return rect + "".join(
        _words(
            text,
            item.x,
            first + LINE * i,
            SIZE if bold else SMALL,
            'font-weight="600"' if bold else "",
        )
        for i, (text, bold) in enumerate(lines)
    )


def _label(item: Item, step: Step, found: list[Step]) -> str:
    """The shape below a box; in bold what goes in and what comes out."""
    end = step is found[0] or step is found[-1]
    weight = 'font-weight="600"' if end else ""
    y = item.y + item.height + LABEL - 6
    return _words(shown(step.shape), item.x, y, SMALL, weight)


def _words(text: str, x: float, y: float, size: float, more: str = "") -> str:
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size:g}" text-anchor="middle"'
        f"{' ' + more if more else ''}>{html.escape(text)}</text>"
    )


def _path(line: list[Point]) -> str:
    """A line with round corners and an arrow head at its end."""
    points = [p for i, p in enumerate(line) if i == 0 or p != line[i - 1]]
    d = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        start, end = _toward(b, a), _toward(b, c)
        d += f"L{_n(start[0])} {_n(start[1])}Q{_n(b[0])} {_n(b[1])} "
        d += f"{_n(end[0])} {_n(end[1])}"
    (x, y), (before, _) = points[-1], points[-2]
    aside = before > x
    d += f"H{_n(x + 6)}" if aside else f"V{_n(y - 6)}"
    head = f"M{_n(x)} {_n(y)}" + ("l8 -4.5v9z" if aside else "l-4.5 -8h9z")
    return f'<path d="{d}"/><path d="{head}" fill="currentColor" stroke="none"/>'


def _toward(corner: Point, other: Point) -> Point:
    """The point where the rounding of ``corner`` begins, on the way to ``other``."""
    (x, y), (u, v) = corner, other
    length = abs(u - x) + abs(v - y)  # the parts of a line are level or upright
    share = min(ROUND, length / 2) / length if length else 0.0
    return x + (u - x) * share, y + (v - y) * share


def _n(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")
