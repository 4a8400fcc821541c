"""What every part is: attempts with numbers, and outcomes that are fine or wrong."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.steadiness.child import Child, Tell, ended_by

#: Attempt ``number``, which draws from a generator of its own: the kind of outcome.
Attempt = Callable[[int, random.Random], str]
_CHUNK = 25  # attempts that one child makes, one after the other


class Wrong(Exception):
    """An outcome that must not be; ``kind`` is its column, the rest are details."""

    def __init__(self, kind: str, details: object = "") -> None:
        super().__init__(f"{kind}: {details}")
        self.kind = kind


class Part(NamedTuple):
    """A kind of attack: ``begin(folder)`` prepares it and returns the attempt."""

    title: str
    tries: int
    short: int
    begin: Callable[[Path], Attempt]
    wrong: tuple[str, ...]  # what must be zero, besides raw errors, hangs and crashes


class Result(NamedTuple):
    """How attempt ``number`` ended."""

    number: int
    kind: str
    wrong: bool
    details: str


def results(
    name: str, attempt: Attempt, numbers: Iterable[int], seed: int
) -> Iterator[Result]:
    """One result for each of ``numbers``, made in forked children."""
    waiting = list(numbers)
    while waiting:
        chunk, waiting = waiting[:_CHUNK], waiting[_CHUNK:]

        def work(tell: Tell, chunk: list[int] = chunk) -> None:
            for number in chunk:
                own = random.Random(f"{name} {seed} {number}")
                tell(json.dumps(_result(attempt, number, own)))

        child = Child(work)
        for line in child.lines():
            yield Result(*json.loads(line))
            chunk = chunk[1:]
        ended = child.end()
        if chunk:
            kind = ended_by(ended)
            yield Result(chunk[0], kind.partition(" ")[0], True, kind)
            waiting = chunk[1:] + waiting


def _result(attempt: Attempt, number: int, own: random.Random) -> Result:
    try:
        return Result(number, attempt(number, own), False, "")
    except Wrong as error:
        return Result(number, error.kind, True, str(error))
    except BaseException as error:
        return Result(number, "raw error", True, f"{type(error).__name__}: {error}")


def row(part: Part, found: list[Result]) -> str:
    """A line of the table: what must be zero is there also when it is."""
    fine = Counter(result.kind for result in found if not result.wrong)
    bad = Counter(dict.fromkeys((*part.wrong, "raw error", "hang", "crash"), 0))
    bad.update(result.kind for result in found if result.wrong)
    return f"| {part.title} | {len(found):,} | {_counts(fine)} | {_counts(bad)} |"


def _counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
