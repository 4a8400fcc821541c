"""How sure a difference between networks is: intervals and paired tests.

The book's one rule for a tie is :attr:`Estimate.tie`.  What the interval is taken over
depends on the claim: over the test pictures (:func:`paired`, or
:func:`unpaired` where the answers are not known) for two trained networks, over seeds
(:func:`over_seeds`, or :func:`unpaired_seeds` where the two share nothing that a seed
decides) for two recipes.  For the best of ``k`` comparisons give
``confidence=1 - 0.05 / k``.  :func:`claims` puts them into a table.  All raise
TypeError or ValueError for impossible numbers.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from d2lmini.arguments import (
    classes,
    found,
    instance,
    listed,
    real,
    share,
    unwrapped,
    whole,
)
from d2lmini.plot.table import Table

MOST = 10**9  # pictures: beyond, a count is a slip
LAST_SEED = 2**64 - 1  # as PyTorch has it
EXACT = 10_000  # differing pictures up to which ways are counted as whole numbers
FEW = 25  # differing pictures below which the bootstrap finds too many differences
DRAWS = 10_000, 1_000_000  # of the bootstrap, the least and the most
BEYOND = 250  # of them beyond each end


class Estimate(NamedTuple):
    """A measured ``value``, and the interval that chance leaves for the true one."""

    value: float
    low: float
    high: float

    @property
    def tie(self) -> bool:
        """Of a difference: whether its interval contains zero."""
        return self.low <= 0 <= self.high


class Paired(NamedTuple):
    """Two networks that answered the same pictures."""

    only_first: int  # pictures that the first alone got right
    only_second: int
    difference: Estimate  # accuracy of the first less that of the second
    p: float  # McNemar's exact test, both sides


def wilson(right: int, of: int, *, confidence: float = 0.95) -> Estimate:
    """The accuracy ``right / of`` with Wilson's score interval (1927)."""
    of = whole("of", of, most=MOST)
    right = whole("right", right, least=0, most=of)
    # From below, where a confidence near 1 still leaves a share to ask for.
    z = -statistics.NormalDist().inv_cdf((1 - _share(confidence)) / 2)
    value, extra = right / of, z * z / of
    middle = (value + extra / 2) / (1 + extra)
    reach = math.sqrt(value * (1 - value) / of * z * z + extra**2 / 4) / (1 + extra)
    low, high = max(middle - reach, 0.0), min(middle + reach, 1.0)
    return Estimate(value, min(low, value), max(high, value))  # rounding at the ends


def measured(
    accuracy: float, of: int = 10_000, *, confidence: float = 0.95
) -> Estimate:
    """An ``accuracy`` over ``of`` pictures with :func:`wilson`'s interval.

    For what is known only as a share, such as a stored ``test_accuracy`` or a published
    one; Fashion-MNIST's test set has 10,000 pictures.  Rounded to whole pictures.
    """
    of = whole("of", of, most=MOST)
    accuracy = share("accuracy", accuracy, example="0.92")
    return wilson(round(accuracy * of), of, confidence=confidence)


def unpaired(first: Estimate, second: Estimate) -> Estimate:
    """The first accuracy less the second, both from :func:`measured` (Newcombe, 1998).

    For networks whose answers are not known, such as those of a publication; where they
    are, :func:`paired` sees smaller differences.  Raises ValueError for what reaches
    below 0 or beyond 1; a difference that does neither cannot be told from an accuracy.
    """
    remedy = "give what measured(accuracy) returns"
    first = _in_order("first", first, remedy)
    second = _in_order("second", second, remedy)
    for name, one in (("first", first), ("second", second)):
        if one.low < 0 or one.high > 1:
            raise ValueError(
                f"{name} reaches from {one.low:g} to {one.high:g}, and an accuracy "
                f"only from 0 to 1: {remedy}."
            )
    value = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - below, value + above)


def _in_order(name: str, one: Estimate, remedy: str) -> Estimate:
    """``one`` in floats; TypeError or ValueError unless one holds its value."""
    instance(name, one, Estimate, remedy)
    ends = zip(Estimate._fields, one, strict=True)
    value, low, high = (real(f"{end} of {name}", unwrapped(x)) for end, x in ends)
    if not low <= value <= high:
        raise ValueError(
            f"{name} is {value:g} in an interval from {low:g} to {high:g}, which does "
            f"not hold it: {remedy}."
        )
    return Estimate(value, low, high)


def mcnemar(only_first: int, only_second: int) -> float:
    """How often luck alone splits the pictures so unevenly, or more (McNemar, 1947).

    Where both are equally good, a picture that only one network gets right falls to
    either with probability ½: the exact binomial test, both sides, in place of
    McNemar's own approximation by the chi-square distribution.  Of more than ``EXACT``
    such pictures, to four digits or better.
    """
    counts = [whole("only_first", only_first, least=0, most=MOST)]
    counts += [whole("only_second", only_second, least=0, most=MOST)]
    n, ways, total = sum(counts), 1, 0
    if n > EXACT:
        return min(2 * _tail(min(counts), n), 1.0)
    for k in range(min(counts) + 1):
        total += ways
        ways = ways * (n - k) // (k + 1)  # n over k + 1, exactly
    return min(float(2 * total / 2**n), 1.0)


def _tail(most: int, n: int) -> float:
    """The chance of at most ``most`` heads, no more than half, of ``n`` coins."""
    ways = math.lgamma(n + 1) - math.lgamma(most + 1) - math.lgamma(n - most + 1)
    term = math.exp(ways - n * math.log(2))  # just as many; fewer are less likely
    total, k = 0.0, most
    while k >= 0 and term > total * 1e-17:
        total += term
        term *= k / (n - k + 1)
        k -= 1
    return total


def paired(
    first: Tensor,
    second: Tensor,
    labels: Tensor,
    *,
    confidence: float = 0.95,
    draws: int | None = None,
    seed: int = 0,
) -> Paired:
    """Compare the classes (N,) that two networks gave to pictures with ``labels`` (N,).

    All three are integers, such as ``logits.argmax(1)``, not whether it was right.
    The interval is the paired bootstrap's (Efron, 1979): ``draws`` times, N pictures
    are drawn with replacement, each with both answers.  None draws 10,000 times at 95%
    and below, and more often above, so that as many draws lie beyond an end: ``k``
    times as often for the best of ``k``, a million times at most; ``draws`` is from
    10,000 to a million, and ``seed`` from 0 to 2⁶⁴ − 1.  Where fewer than
    ``FEW`` pictures were answered correctly by only one network, it is exact instead
    (Clopper & Pearson, 1934, of the way they split), and contains zero just when ``p``
    is at least 1 − ``confidence``.  PyTorch's random state stays as it is.  Raises
    TypeError for what is not a class, and ValueError for numbers that do not fit.
    """
    first, second, labels = _same_pictures(first, second, labels)
    share = _share(confidence)
    least, most = DRAWS
    if draws is None:
        draws = max(least, min(round(2 * BEYOND / (1 - share)), most))
    draws = whole("draws", draws, least=least, most=most)
    seed = whole("seed", seed, least=0, most=LAST_SEED)
    right, other = first == labels, second == labels
    gained, lost = int((right & ~other).sum()), int((other & ~right).sum())
    if gained + lost < FEW:
        ends = _exact(gained, lost, share)
    else:
        ends = _resampled(gained, lost, len(right), share, draws, seed)
    low, high = (end / len(right) for end in ends)
    value = (gained - lost) / len(right)
    # The middle draw can be a picture off, and so all of an interval of hardly any.
    difference = Estimate(value, min(low, value), max(high, value))
    return Paired(gained, lost, difference, mcnemar(gained, lost))


def _resampled(
    gained: int, lost: int, of: int, share: float, draws: int, seed: int
) -> tuple[float, float]:
    """Between which numbers ``gained - lost`` lies in the share of all draws."""
    # Only these two counts matter, and how often such pictures are drawn is binomial.
    generator = torch.Generator().manual_seed(seed)
    size = torch.full((draws,), float(of), dtype=torch.float64, device="cpu")
    gains = torch.binomial(
        size, torch.full_like(size, gained / of), generator=generator
    )
    chance = torch.full_like(size, lost / (of - gained) if lost else 0.0)
    losses = torch.binomial(size - gains, chance, generator=generator)
    ends = size.new_tensor([(1 - share) / 2, (1 + share) / 2])
    low, high = (gains - losses).quantile(ends).tolist()
    return low, high


def _exact(gained: int, lost: int, share: float) -> tuple[float, float]:
    """The same, from all ways in which so many pictures can split."""
    n, tail = gained + lost, (1 - share) / 2
    return n * (2 * _least(gained, n, tail) - 1), n * (1 - 2 * _least(lost, n, tail))


def _least(heads: int, n: int, tail: float) -> float:
    """The chance of heads with which ``n`` coins show ``heads`` or more in ``tail``."""
    low, high = 0.0, 1.0
    for _ in range(60):
        chance = (low + high) / 2
        ways = (math.comb(n, k) for k in range(heads, n + 1))
        far = sum(
            way * chance**k * (1 - chance) ** (n - k)
            for k, way in enumerate(ways, heads)
        )
        low, high = (low, chance) if far > tail else (chance, high)
    return low


def over_seeds(
    first: Sequence[float], second: Sequence[float], *, confidence: float = 0.95
) -> Estimate:
    """Mean difference of two recipes that shared each seed, with Student's interval.

    The i-th accuracies belong to one seed; at least two are needed.  Two or three may
    differ equally by accident, and then the interval is a point, whatever the
    confidence: nothing has been seen of the spread, which is no proof of there being
    none.
    """
    share = _share(confidence)
    pairs = _accuracies(first, second)
    if len(pairs[0]) != len(pairs[1]) or len(pairs[0]) < 2:
        raise ValueError(
            f"there are {len(pairs[0])} and {len(pairs[1])} accuracies: give one of "
            "each recipe for each of at least two seeds."
        )
    differences = [a - b for a, b in zip(*pairs, strict=True)]
    mean, n = statistics.fmean(differences), len(differences)
    reach = student(share, n - 1) * statistics.stdev(differences) / math.sqrt(n)
    return Estimate(mean, mean - reach, mean + reach)


def unpaired_seeds(
    first: Sequence[float], second: Sequence[float], *, confidence: float = 0.95
) -> Estimate:
    """Mean of the first less that of the second, with Welch's interval (1947).

    For recipes whose runs share no initial weights and no order of the pictures, so
    that which belongs to which is arbitrary; each needs two seeds or more.  The
    degrees of freedom are rounded down, which can only make the interval wider.  Where
    no recipe shows a spread, the interval is a point, as in :func:`over_seeds`.
    """
    share = _share(confidence)
    sides = _accuracies(first, second)
    if min(map(len, sides)) < 2:
        raise ValueError(
            f"there are {len(sides[0])} and {len(sides[1])} accuracies: give each "
            "recipe at least two seeds."
        )
    errors = [statistics.variance(side) / len(side) for side in sides]
    lost = sum(e * e / (len(s) - 1) for e, s in zip(errors, sides, strict=True))
    freedom = sum(errors) ** 2 / lost if lost else 1.0
    reach = student(share, math.floor(freedom + 1e-9)) * math.sqrt(sum(errors))
    value = statistics.fmean(sides[0]) - statistics.fmean(sides[1])
    return Estimate(value, value - reach, value + reach)


def claims(rows: Sequence[tuple[str, str, Estimate]]) -> Table:
    """What a study claims, each as (a difference, what its interval is over, both).

    The last column is the rule's answer: a tie, or which of the two is higher.
    """
    made = []
    for what, over, gap in _claimed(rows):
        answer = "tie" if gap.tie else "first" if gap.low > 0 else "second"
        made.append((what, over, *gap, answer))
    head = ("difference", "over", "measured", "from", "to", "higher")
    return Table(head, made, formats=dict.fromkeys(head[2:5], "+.4f"))


def _claimed(rows: Sequence[tuple[str, str, Estimate]]) -> list[Any]:
    """``rows``, each two texts and an estimate in floats; else TypeError."""
    remedy = "give (a difference, what its interval is over, an Estimate)"
    made = []
    for number, row in enumerate(listed("rows", rows, f"{remedy} in a list"), 1):
        three = isinstance(row, (tuple, list)) and len(row) == 3
        if not three or not all(isinstance(text, str) for text in row[:2]):
            raise TypeError(f"row {number} of the claims is {found(row)}: {remedy}.")
        gap = _in_order(f"the difference {row[0]!r}", row[2], "give a difference")
        made.append((row[0], row[1], gap))
    return made


def student(confidence: float, freedom: int) -> float:
    """The t for which Student's distribution has the share ``confidence`` within ±t.

    ``freedom`` are its degrees of freedom, one less than the number of seeds, and
    10,000 at most: it is a sum of half as many terms.
    """
    share, freedom = _share(confidence), whole("freedom", freedom, most=10_000)
    low, high = 0.0, math.pi / 2  # of the angle whose tangent is t / √freedom
    for _ in range(60):
        angle = (low + high) / 2
        low, high = (low, angle) if _held(angle, freedom) > share else (angle, high)
    return math.tan(low) * math.sqrt(freedom)


def _held(angle: float, freedom: int) -> float:
    """The share within ±t, a finite sum (Abramowitz & Stegun, 26.7.3 and 26.7.4)."""
    odd, total = freedom % 2, 0.0
    term = math.cos(angle) if odd else 1.0
    for j in range(odd, freedom - 1, 2):
        total += term
        term *= (j + 1) / (j + 2) * math.cos(angle) ** 2
    part = math.sin(angle) * total
    return 2 / math.pi * (angle + part) if odd else part


def _share(confidence: float) -> float:
    return real("confidence", confidence, above=0, below=1, example="0.95")


def _accuracies(*recipes: Sequence[float]) -> list[list[float]]:
    """Those of the first and of the second recipe, as floats."""
    remedy = "give a list of accuracies, one for each seed"
    sides = zip(("first", "second"), recipes, strict=True)
    return [
        # within bounds whose squares a float still holds
        [
            real("an accuracy", x, above=-1e50, below=1e50)
            for x in listed(name, values, remedy)
        ]
        for name, values in sides
    ]


def _same_pictures(first: Tensor, second: Tensor, labels: Tensor) -> list[Tensor]:
    """All three as int64 (N,) on the CPU."""
    remedy = "give the class of each picture, an integer tensor (N,)"
    answer = f"{remedy}, as logits.argmax(1) has them"
    given = [classes("first", first, answer), classes("second", second, answer)]
    given.append(classes("labels", labels, remedy))
    shapes = [tuple(one.shape) for one in given]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1 or not shapes[0][0]:
        raise ValueError(
            f"first, second and labels have the shapes {shapes[0]}, {shapes[1]} and "
            f"{shapes[2]}: give one class for each of the same pictures, (N,)."
        )
    return given
