"""Learning-rate schedules: functions of progress in [0, 1).

Each returns the factor that multiplies ``lr``; progress 0 is the first step of a run,
and 1 would be the end of its last.  There ``cosine`` and ``one_cycle`` come to 0.
``one_cycle`` starts at 0.04; with a ``warm_up`` of 0 it starts at its peak of 1, and
with 1 it rises to it until the end, where it is not defined.

A run is resumed if its schedule is, docstring and all, what it was: a change to one
of these functions refuses the files of all who used it.
"""

import math


def constant(progress: float) -> float:
    """The same learning rate throughout."""
    return 1.0


def cosine(progress: float) -> float:
    """From 1 down to 0 along half a cosine (Loshchilov & Hutter, 2017)."""
    return (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float, warm_up: float = 0.3) -> float:
    """Up for the share ``warm_up`` of the run, then down to nearly 0.

    Smith & Topin, 2019.  For another share than 0.3, give ``train`` a
    ``functools.partial(one_cycle, warm_up=0.05)``.
    """
    if progress < warm_up:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * progress / warm_up)) / 2
    return cosine((progress - warm_up) / (1 - warm_up))
