"""Where the boxes and lines of a diagram go: layers from top to bottom."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP = 18  # between two boxes of a layer
LANE = 16  # between a box and a line that passes it
LABEL = 22  # below a box, for its shape
TRACK = 9  # between two horizontal lines
ARROW = 17  # from the lowest horizontal line to the next box
SWEEPS = 16

Point = tuple[float, float]


@dataclass
class Item:
    """A box, or the place where a line passes a layer (``box`` is None)."""

    layer: int
    width: float = 0.0
    height: float = 0.0
    box: int | None = None
    skip: bool = False  # on a line from a fork straight to a join
    bar: bool = False  # reaches over all its sources
    x: float = 0.0  # the centre
    y: float = 0.0  # the top

    @property
    def span(self) -> Point:
        """Its left and right end."""
        return self.x - self.width / 2, self.x + self.width / 2


@dataclass
class Drawing:
    """Boxes by number, lines as the points of their corners, and the size."""

    items: list[Item] = field(default_factory=list)
    lines: list[list[Point]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


@dataclass
class _Link:
    """A line from one layer to the next; several make up the way of an edge."""

    start: Item
    end: Item
    y: float = 0.0  # of its horizontal part

    @property
    def straight(self) -> bool:
        """Whether it can go straight down: into a wide bar at any place."""
        left, right = self.end.span
        inside = left + LANE <= self.start.x <= right - LANE
        return self.start.x == self.end.x or (self.end.bar and inside)


def arrange(
    sizes: Sequence[tuple[float, float]],
    before: Sequence[tuple[int, ...]],
    bars: frozenset[int] = frozenset(),
) -> Drawing:
    """Places boxes of the given sizes, of which ``before`` lists the sources.

    A box stands below all that it depends on.  Boxes of a layer get the same
    height.  Boxes in ``bars`` reach over all their sources, if they stand
    alone in their layer.
    """
    items = _items(sizes, before)
    ways = _ways(items, before)
    links = [_Link(a, b) for way in ways for a, b in pairwise(way)]
    layers = _ordered(items, ways)
    _place_across(layers, links)
    for number in bars:
        _widen(items[number], layers, links)
    _place_down(layers, links)
    lines = [_line(way, links, layers) for way in ways]
    return _framed(Drawing(items, lines), layers)


def _items(
    sizes: Sequence[tuple[float, float]], before: Sequence[tuple[int, ...]]
) -> list[Item]:
    items: list[Item] = []
    for number, ((width, height), sources) in enumerate(
        zip(sizes, before, strict=True)
    ):
        layer = 1 + max((items[i].layer for i in sources), default=-1)
        items.append(Item(layer, width, height, number))
    return items


def _ways(items: list[Item], before: Sequence[tuple[int, ...]]) -> list[list[Item]]:
    """Each edge as its source, a place in every layer it passes, and its target."""
    uses: dict[int, int] = defaultdict(int)
    for sources in before:
        for i in sources:
            uses[i] += 1
    ways = []
    for number, sources in enumerate(before):
        for i in sources:
            a, b = items[i], items[number]
            passing = range(a.layer + 1, b.layer)
            skip = uses[i] > 1
            ways.append([a, *(Item(n, skip=skip) for n in passing), b])
    return ways


def _ordered(items: list[Item], ways: list[list[Item]]) -> list[list[Item]]:
    """The items of each layer from left to right, skips last, the longest outside."""
    layers: list[list[Item]] = [[] for _ in range(1 + max(i.layer for i in items))]
    sources: dict[int, list[Item]] = defaultdict(list)
    length: dict[int, int] = {}
    for way in ways:
        for a, b in pairwise(way):
            sources[id(b)].append(a)
        length.update({id(item): len(way) for item in way[1:-1]})
    passing = [item for way in ways for item in way[1:-1]]
    for item in [*items, *passing]:
        layers[item.layer].append(item)
    for number, layer in enumerate(layers):
        above = {id(item): i for i, item in enumerate(layers[number - 1])}

        def rank(
            item: Item, above: dict[int, int] = above
        ) -> tuple[bool, float, float]:
            own = [float(above.get(id(a), 0)) for a in sources[id(item)]]
            return item.skip, length.get(id(item), 0) * item.skip, _mean(own)

        layer.sort(key=rank)
    return layers


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _place_across(layers: list[list[Item]], links: list[_Link]) -> None:
    """Centre every column between as far left and as far right as it can be."""
    apart = _distances(layers)
    columns = _columns(layers, links)
    if _packed(columns, apart) is None:  # columns that cross: each item by itself
        columns = {id(item): id(item) for layer in layers for item in layer}
    left, right = _packed(columns, apart) or {}, _packed(columns, apart, -1) or {}
    near: dict[int, list[int]] = defaultdict(list)
    for link in links:
        a, b = columns[id(link.start)], columns[id(link.end)]
        if a != b and not (link.start.skip or link.end.skip):
            near[a].append(b)
            near[b].append(a)
    widest = max(left.values())
    x = {c: (left[c] + widest + right[c]) / 2 for c in left}
    _settle(x, near, columns, apart)
    for layer in layers:
        for item in layer:
            item.x = float(round(x[columns[id(item)]]))


_Distance = tuple[Item, Item, float]  # left, right, and how far apart at least


def _distances(layers: list[list[Item]]) -> list[_Distance]:
    found = []
    for layer in layers:
        for a, b in pairwise(layer):
            room = GAP if a.box is not None and b.box is not None else LANE
            found.append((a, b, (a.width + b.width) / 2 + room))
    return found


def _columns(layers: list[list[Item]], links: list[_Link]) -> dict[int, int]:
    """The column of each item: those that only feed one another stand in line."""
    outs, ins = defaultdict(list), defaultdict(list)
    for link in links:
        if link.start.skip == link.end.skip or not link.end.skip:
            ins[id(link.end)].append(link.start)
        if not link.end.skip or link.start.skip:
            outs[id(link.start)].append(link.end)
    column: dict[int, int] = {}
    for layer in layers:
        for item in layer:
            own = [a for a in ins[id(item)] if a.skip == item.skip]
            one = own[0] if len(own) == 1 else None
            ends = [b for b in outs[id(one)] if b.skip == item.skip] if one else []
            column[id(item)] = column[id(one)] if len(ends) == 1 else id(item)
    return column


def _packed(
    columns: dict[int, int], apart: list[_Distance], side: int = 1
) -> dict[int, float] | None:
    """Places from 0 to the right, or with ``side`` -1 from 0 to the left.

    None when the distances cannot all be kept.
    """
    x = dict.fromkeys(columns.values(), 0.0)
    for _ in range(len(x) + 1):
        done = True
        for a, b, distance in apart:
            first, second = columns[id(a)], columns[id(b)]
            first, second = (first, second) if side > 0 else (second, first)
            if side * (x[second] - x[first]) < distance:
                x[second] = x[first] + side * distance
                done = False
        if done:
            return x
    return None


def _settle(
    x: dict[int, float],
    near: dict[int, list[int]],
    columns: dict[int, int],
    apart: list[_Distance],
) -> None:
    """Move columns towards the middle of their neighbours, as far as there is room."""
    for column in list(x) * SWEEPS:
        low, high = float("-inf"), float("inf")
        for a, b, distance in apart:
            if columns[id(b)] == column:
                low = max(low, x[columns[id(a)]] + distance)
            if columns[id(a)] == column:
                high = min(high, x[columns[id(b)]] - distance)
        if near[column]:
            wanted = _mean([x[other] for other in near[column]])
            x[column] = min(max(wanted, low), high)


def _widen(bar: Item, layers: list[list[Item]], links: list[_Link]) -> None:
    above = [k.start for k in links if k.end is bar and not k.start.skip]
    if len(layers[bar.layer]) == 1 and len(above) > 1:
        reach = max(abs(item.x - bar.x) + item.width / 2 for item in above)
        bar.width, bar.bar = max(bar.width, 2 * reach), True


def _place_down(layers: list[list[Item]], links: list[_Link]) -> None:
    """Tops of the layers, and the height of each line's horizontal part."""
    y = 0.0
    for number, layer in enumerate(layers):
        tall = max(item.height for item in layer)
        for item in layer:
            item.y, item.height = y, tall
        bent = [k for k in links if k.start.layer == number and not k.straight]
        tracks = _tracks([k for k in bent if not _aside(k, layers)])
        for link, track in tracks:
            link.y = y + tall + LABEL + TRACK * (track + 0.5)
        count = 1 + max((track for _, track in tracks), default=-1)
        y += tall + LABEL + TRACK * count + ARROW


def _aside(link: _Link, layers: list[list[Item]]) -> bool:
    """Whether a skip can reach its join from the right."""
    beside = layers[link.end.layer]
    right = beside[beside.index(link.end) + 1 :]
    free = all(item.skip for item in right)
    beyond = link.start.x >= link.end.span[1] + LANE / 2
    return link.start.skip and not link.end.skip and free and beyond


def _tracks(links: list[_Link]) -> list[tuple[_Link, int]]:
    """Lines of one source, or into one target, share a height; others do not."""
    groups: dict[int, list[_Link]] = defaultdict(list)
    starts = [id(link.start) for link in links]
    for link in links:
        fans = starts.count(id(link.start)) > 1 or link.start.skip or link.end.skip
        groups[id(link.start if fans else link.end)].append(link)
    taken: list[tuple[float, float, int]] = []
    found = []
    for group in groups.values():
        xs = [x for k in group for x in (k.start.x, k.end.x)]
        low, high = min(xs) - LANE / 2, max(xs) + LANE / 2
        used = {t for left, right, t in taken if low < right and left < high}
        track = next(t for t in range(len(taken) + 1) if t not in used)
        taken.append((low, high, track))
        found += [(link, track) for link in group]
    return found


def _line(way: list[Item], links: list[_Link], layers: list[list[Item]]) -> list[Point]:
    """The corners of an edge, from below its source's shape to its target."""
    points: list[Point] = [(way[0].x, way[0].y + way[0].height + LABEL - 3)]
    pairs = {(id(k.start), id(k.end)): k for k in links}
    for a, b in pairwise(way):
        link = pairs[id(a), id(b)]
        if _aside(link, layers):
            middle = b.y + b.height / 2
            return [*points, (a.x, middle), (b.span[1], middle)]
        if not link.straight:
            points += [(a.x, link.y), (b.x, link.y)]
    return [*points, (points[-1][0], way[-1].y)]


def _framed(drawing: Drawing, layers: list[list[Item]]) -> Drawing:
    """The drawing moved so that it begins at (0, 0), and its size."""
    everything = [item for layer in layers for item in layer]
    left = min(item.span[0] for item in everything)
    right = max(item.span[1] for item in everything)
    for item in everything:
        item.x -= left
    drawing.lines = [[(x - left, y) for x, y in line] for line in drawing.lines]
    drawing.width = right - left
    drawing.height = max(item.y + item.height for item in everything) + LABEL
    return drawing
