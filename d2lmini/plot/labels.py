"""Finding names a place beside their points, in nobody's way."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

#: Where a name may stand, as steps right and up; the first is liked best.
PLACES = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
_CORNER = 0.7  # of the gap: at a corner, as far from the point as at a side
_ROUNDS = 8  # after which names that keep moving are left where they are


class Box(NamedTuple):
    """A rectangle; y grows upwards."""

    left: float
    low: float
    right: float
    high: float

    def shared(self, other: "Box") -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        tall = min(self.high, other.high) - max(self.low, other.low)
        return wide * tall if wide > 0 and tall > 0 else 0.0

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.high - self.low)


class Label(NamedTuple):
    """The name of the point (x, y), and the size of its text."""

    x: float
    y: float
    width: float
    height: float

    def box(self, place: int, gap: float) -> Box:
        """What the text covers if it stands at ``place``, ``gap`` from the point."""
        right, up = PLACES[place]
        gap *= _CORNER if right and up else 1
        left = self.x + right * gap - self.width * (1 - right) / 2
        low = self.y + up * gap - self.height * (1 - up) / 2
        return Box(left, low, left + self.width, low + self.height)


def placed(
    labels: Sequence[Label], taken: Iterable[Box], room: Box, gap: float
) -> list[Box]:
    """The boxes of ``labels`` that cover least of ``taken`` and of one another.

    What stands outside ``room`` counts as covered.  Each name in turn takes the
    best of eight places until none wants to move, from eight beginnings.
    """
    taken = list(taken)
    choices = [[label.box(i, gap) for i in range(len(PLACES))] for label in labels]
    # What a choice costs alone; in a draw, the place that is liked best.
    alone = [
        [_covered(box, taken, room) + i * 1e-3 for i, box in enumerate(boxes)]
        for boxes in choices
    ]
    ends = [_settled(choices, alone, start) for start in range(len(PLACES))]
    _, best = min(ends)
    return [boxes[i] for boxes, i in zip(choices, best, strict=True)]


def _covered(box: Box, taken: Iterable[Box], room: Box) -> float:
    return sum(map(box.shared, taken)) + box.area - box.shared(room)


def _settled(
    choices: Sequence[Sequence[Box]], alone: Sequence[Sequence[float]], start: int
) -> tuple[float, list[int]]:
    """What is covered in the end, and the choices, if all begin at ``start``."""
    chosen = [start] * len(choices)

    def costs(n: int) -> list[float]:
        others = [choices[m][i] for m, i in enumerate(chosen) if m != n]
        return [
            own + sum(map(box.shared, others))
            for own, box in zip(alone[n], choices[n], strict=True)
        ]

    for _ in range(_ROUNDS):
        before = list(chosen)
        for n in range(len(choices)):
            now = costs(n)
            chosen[n] = now.index(min(now))
        if chosen == before:
            break
    return sum(costs(n)[i] for n, i in enumerate(chosen)), chosen
