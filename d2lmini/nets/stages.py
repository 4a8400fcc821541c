"""Refusing a list of stages that describes no network."""

from collections.abc import Sequence
from numbers import Integral
from typing import TypeVar

Stage = TypeVar("Stage")


def checked(stages: Sequence[Stage], like: object) -> Sequence[Stage]:
    """``stages`` as they are, if each has the form of ``like``.

    In ``like`` a number stands for a whole number from 1 (0 for one from 0), a
    tuple for as many entries as it has, and a list of one entry for one such
    entry or more.
    Raises ValueError, naming the first stage that differs, or the empty list.
    """
    if not _listed(stages):
        raise ValueError(
            f"{stages!r} is no list: give one, with an entry like {_shown(like)} for "
            "each stage."
        )
    if not stages:
        raise ValueError(
            f"the list of stages is empty: give one or more like {_shown(like)}."
        )
    for number, stage in enumerate(stages, start=1):
        if not _fits(stage, like):
            raise ValueError(
                f"stage {number} is {stage!r}: write it like {_shown(like)}, in whole "
                f"numbers from {_least(like)}."
            )
    return stages


def _listed(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _fits(value: object, like: object) -> bool:
    if isinstance(like, int):
        return (
            isinstance(value, Integral)
            and not isinstance(value, bool)
            and int(value) >= _least(like)
        )
    if not isinstance(value, Sequence) or not _listed(value) or not value:
        return False
    entries = like * len(value) if isinstance(like, list) else like
    return (
        isinstance(entries, Sequence)
        and len(value) == len(entries)
        and all(map(_fits, value, entries))
    )


def _shown(like: object) -> str:
    """The form as a reader would write it: a list of one entry as a tuple."""
    return f"({_shown(like[0])}, …)" if isinstance(like, list) else str(like)


def _least(like: object) -> int:
    """The least number that some place of the form takes."""
    if isinstance(like, int):
        return min(like, 1)
    return min(map(_least, like)) if isinstance(like, Sequence) else 1
