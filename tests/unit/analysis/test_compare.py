"""Intervals and paired tests: published examples, definitions, resampling."""

import itertools
import math
import random
import statistics
import time

import pytest
import torch

from d2lmini.analysis.compare import (
    FEW,
    Estimate,
    claims,
    mcnemar,
    measured,
    over_seeds,
    paired,
    student,
    unpaired,
    unpaired_seeds,
    wilson,
)

#: Hours of sleep that two drugs added, the same ten patients: Student (1908).
SLEEP = (
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
)


def test_wilson_agrees_with_the_published_example():
    """81 of 263: Newcombe (1998), Statistics in Medicine 17, 857–872."""
    assert wilson(81, 263) == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize("right", [0, 1, 37, 9099, 10_000])
def test_a_share_is_measured_as_its_pictures_are(right):
    share = torch.tensor(right / 10_000, dtype=torch.float32).item()
    assert measured(share) == wilson(right, 10_000)
    half = measured(0.5, 7, confidence=0.8)  # no whole number of seven pictures
    assert half == wilson(4, 7, confidence=0.8)


@pytest.mark.parametrize("right", [0, 1, 37, 99, 100])
def test_wilson_holds_what_the_score_test_does_not_refuse(right):
    value, low, high = wilson(right, 100, confidence=0.9)
    assert 0 <= low <= value <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            spread = math.sqrt(end * (1 - end) / 100)
            assert abs(value - end) / spread == pytest.approx(1.6448536)


def test_unpaired_agrees_with_the_published_example():
    """56 of 70 and 48 of 80: Newcombe (1998), ibid., 873–890, method 10."""
    found = unpaired(wilson(56, 70), wilson(48, 80))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert not found.tie and Estimate(0.1, -0.1, 0.3).tie


def test_claims_are_answered_by_the_rule_for_a_tie():
    found = {"a − b": (0.1, 0.05, 0.15), "b − a": (-0.1, -0.15, -0.05)}
    found["a − c"] = (0.0, -0.1, 0.1)
    table = claims([(x, "3 seeds", Estimate(*y)) for x, y in found.items()])
    assert [row[-1] for row in table.rows] == ["first", "second", "tie"]
    assert table.rows[1][:5] == ("b − a", "3 seeds", -0.1, -0.15, -0.05)
    gap = Estimate(*torch.tensor([0.5, 0.25, 0.75]))
    assert claims([("a", "b", gap)]).rows[0][2:5] == (0.5, 0.25, 0.75)
    with pytest.raises(TypeError, match="the difference 'a − b' is"):
        claims([("a − b", "3 seeds", (0.1, 0.05, 0.15))])


def test_mcnemar_counts_the_ways_in_which_coins_fall():
    for n in range(9):
        falls = [sum(coins) for coins in itertools.product((0, 1), repeat=n)]
        for heads in range(n + 1):
            far = sum(abs(2 * k - n) >= abs(2 * heads - n) for k in falls)
            assert mcnemar(heads, n - heads) == pytest.approx(far / 2**n)


def test_mcnemar_of_thousands_is_near_the_normal_approximation():
    b, c = 5100, 4900
    z = (abs(b - c) - 1) / math.sqrt(b + c)
    assert mcnemar(b, c) == pytest.approx(math.erfc(z / math.sqrt(2)), abs=1e-4)


def test_mcnemar_of_many_is_what_counting_gives_and_soon_there(monkeypatch):
    begun = time.perf_counter()
    z = 1e5 / math.sqrt(2e9)
    p = mcnemar(10**9 - 10**5, 10**9)
    assert p == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-3)
    assert (mcnemar(10**9, 10**9), mcnemar(0, 10**9)) == (1, 0)
    assert time.perf_counter() - begun < 30
    splits = [(0, 9), (3, 4), (4, 4), (1, 60), (400, 450), (600, 400)]
    counted = [mcnemar(*split) for split in splits]
    monkeypatch.setattr("d2lmini.analysis.compare.EXACT", 0)
    assert [mcnemar(*split) for split in splits] == pytest.approx(counted, rel=1e-9)


def test_the_exact_interval_holds_zero_at_equality_too():
    found = paired(*answers(9, 2, 0, 0), confidence=0.5)
    assert found.p == 1 - 0.5
    assert found.difference.tie


@pytest.mark.parametrize(
    ("confidence", "freedom", "t"),
    [
        (0.95, 1, 12.706),
        (0.95, 2, 4.303),
        (0.95, 3, 3.182),
        (0.95, 4, 2.776),
        (0.99, 5, 4.032),
        (0.9, 9, 1.833),
        (0.95, 100, 1.984),
    ],
)
def test_student_agrees_with_the_printed_table(confidence, freedom, t):
    assert student(confidence, freedom) == pytest.approx(t, abs=5e-4)


@pytest.mark.parametrize("freedom", [1, 2, 5, 6])
def test_students_density_holds_the_share(freedom):
    t = torch.linspace(0, student(0.8, freedom), 20_001, dtype=torch.float64)
    density = torch.distributions.StudentT(freedom).log_prob(t).exp()
    assert 2 * torch.trapezoid(density, t) == pytest.approx(0.8, abs=1e-6)


def test_over_seeds_agrees_with_students_own_example():
    found = over_seeds(*SLEEP)
    assert found == pytest.approx((1.58, 0.7001142, 2.4598858), abs=1e-6)


def test_unpaired_seeds_agrees_with_the_example_of_r():
    """t.test(extra ~ group): −3.3654832 to 0.2054832 with 17.776 degrees, not 17."""
    found = unpaired_seeds(*SLEEP)
    assert found.value == pytest.approx(1.58)
    assert found.low < -0.2054832 and found.high > 3.3654832
    assert found[1:] == pytest.approx((-0.2054832, 3.3654832), abs=0.01)


def test_equal_spreads_have_all_degrees_and_a_side_without_spread_adds_none():
    first, second = [0.9, 0.8, 0.7, 0.6], [0.2, 0.4, 0.3, 0.5]
    reach = student(0.95, 6) * math.sqrt(2 * statistics.variance(first) / 4)
    assert unpaired_seeds(first, second) == pytest.approx(
        (0.4, 0.4 - reach, 0.4 + reach)
    )
    alone = over_seeds(first, [0.5] * 4)
    assert unpaired_seeds(first, [0.5] * 9) == pytest.approx(alone)
    assert unpaired_seeds([1, 1], [0, 0]) == (1, 1, 1)


def test_unpaired_seeds_holds_the_truth_as_often_as_it_says():
    draw, held = random.Random(0), 0
    for _ in range(1000):
        first = [draw.gauss(0.8, 0.01) for _ in range(5)]
        second = [draw.gauss(0.8, 0.02) for _ in range(5)]
        held += unpaired_seeds(first, second).tie
    assert 0.935 < held / 1000 < 0.98


def answers(n, gained, lost, both):
    """Two networks' answers to n pictures of class 1, the rest wrong in both."""
    first, second = torch.zeros(2, n, dtype=torch.long)
    first[: gained + both] = 1
    second[gained : gained + both + lost] = 1
    return first, second, torch.ones(n, dtype=torch.long)


@pytest.mark.parametrize(
    ("confidence", "draws"),
    [(0.5, 10_000), (0.95, 10_000), (1 - 0.05 / 21, 210_000), (1 - 1e-12, 1_000_000)],
)
def test_as_many_draws_lie_beyond_an_end_whatever_the_confidence(confidence, draws):
    given = answers(10_000, 283, 215, 9000)
    found = paired(*given, confidence=confidence)
    assert found == paired(*given, confidence=confidence, draws=draws)
    other = paired(*given, confidence=confidence, seed=1)
    if confidence < 1 - 1e-6:  # 12 draws would let it jump by several pictures
        assert other.difference.low == pytest.approx(found.difference.low, abs=1.1e-4)


def test_paired_counts_and_resamples_pictures():
    first, second, labels = answers(200, 30, 14, 120)
    found = paired(first, second, labels)
    assert (found.only_first, found.only_second) == (30, 14)
    assert found.difference.value == pytest.approx(16 / 200)
    assert found.p == mcnemar(30, 14)
    step = (first == labels).double() - (second == labels).double()
    drawn = torch.randint(200, (20_000, 200), generator=torch.manual_seed(1))
    ends = step[drawn].mean(1).quantile(torch.tensor([0.025, 0.975]).double())
    assert found.difference[1:] == pytest.approx(ends.tolist(), abs=0.006)


def test_an_interval_of_hardly_any_confidence_holds_its_value_too():
    for seed in range(5):
        found = paired(*answers(9999, 2000, 1900, 9), confidence=1e-4, seed=seed)
        assert found.difference.low <= found.difference.value <= found.difference.high


def test_paired_is_antisymmetric_and_repeats_itself_for_the_same_seed():
    first, second, labels = answers(500, 40, 40, 300)
    state = torch.random.get_rng_state()
    one, other = paired(first, second, labels), paired(second, first, labels)
    assert one == paired(first, second, labels)
    assert one != paired(first, second, labels, seed=1)
    assert torch.equal(state, torch.random.get_rng_state())
    assert one.p == other.p == 1 and one.difference.tie and other.difference.tie
    assert paired(labels, labels, labels).difference == (0, 0, 0)


@pytest.mark.parametrize("gained", [0, 200])
def test_paired_knows_the_extremes(gained):
    found = paired(*answers(200, gained, 200 - gained, 0))
    sign = 1 if gained else -1
    assert found.difference == (sign, sign, sign) and found.p < 1e-50


def test_a_few_pictures_are_a_tie_just_when_the_exact_test_says_so():
    for n in range(FEW):
        for gained in range(n + 1):
            found = paired(*answers(50, gained, n - gained, 5))
            value, low, high = found.difference
            assert found.difference.tie == (found.p > 0.05)
            assert low <= value <= high
            turned = paired(*answers(50, n - gained, gained, 5))
            assert turned.difference == (-value, -high, -low)


def test_a_few_pictures_agree_with_the_published_example():
    """0 of 20, exact: Newcombe (1998), Statistics in Medicine 17, 857–872."""
    found = paired(*answers(20, 0, 20, 0)).difference
    assert found == pytest.approx((-1, -1, 2 * 0.1684 - 1), abs=1e-4)


def test_a_wider_confidence_is_a_wider_interval():
    first, second, labels = answers(500, 40, 20, 300)
    for confidence in (0.8, 0.95):
        wider = 1 - (1 - confidence) / 10
        for made in (
            lambda c: wilson(40, 50, confidence=c),
            lambda c: paired(first, second, labels, confidence=c).difference,
            lambda c: over_seeds([0.9, 0.8, 0.7], [0.5, 0.6, 0.6], confidence=c),
            lambda c: unpaired_seeds([0.9, 0.8], [0.5, 0.6, 0.6], confidence=c),
        ):
            inner, outer = made(confidence), made(wider)
            assert outer.low < inner.low <= inner.high < outer.high


def test_a_confidence_that_is_hardly_below_1_is_one():
    value, low, high = wilson(3, 5, confidence=1 - 2**-53)
    assert 0 < low < value < high < 1
    assert low < wilson(3, 5, confidence=1 - 2**-50).low


def test_classes_are_integers_of_any_size():
    first, second, labels = answers(30, 5, 2, 9)
    wanted = paired(first, second, labels)
    for kind in (torch.uint8, torch.int8, torch.int32, torch.uint16):
        assert paired(first.to(kind), second, labels.to(kind)) == wanted


PART = wilson(1, 2)
ONES = torch.ones(3).long()
NO_CLASSES = {  # of which True and 1 are alike
    "bool": ONES == ONES,
    "float32": torch.rand(3),
    "float16": torch.full((3,), math.nan).half(),
    "complex64": ONES + 0j,
    "meta tensor int64": ONES.to("meta"),
}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wilson(11, 10), "right must be at most 10, not 11"),
        (lambda: wilson(1, 10, confidence=95), "confidence must be .* such as 0.95"),
        (lambda: measured(92.4), "accuracy must be from 0 to 1, .*, not 92.4"),
        (lambda: unpaired((0.9, 0.8, 1.0), wilson(1, 2)), "first is .*measured"),
        (lambda: unpaired(PART, over_seeds([0.8, 0.9], [0.9, 0.8])), "second reaches"),
        (lambda: unpaired(Estimate(1, 0.9, 1.1), PART), "first reaches .* to 1.1"),
        (lambda: unpaired(Estimate(0.5, math.nan, 1), PART), "low of first .* not nan"),
        (lambda: claims([("a", "b", Estimate(*[math.nan] * 3))]), "'a' must be"),
        (lambda: claims([("a", "b", Estimate(0.1, 0.2, -0.2))]), "is 0.1 in an .*-0.2"),
        (lambda: claims([("a", "b", Estimate("x", 1, 2))]), "value of the .* a number"),
        (lambda: mcnemar(-1, 2), "only_first must be at least 0"),
        (lambda: student(0.95, 0), "freedom must be at least 1"),
        (lambda: over_seeds([0.9], [0.8]), "1 and 1 accuracies: .*two seeds"),
        (lambda: over_seeds([0.9, 0.8], [0.8]), "2 and 1 accuracies"),
        (lambda: unpaired_seeds([0.9], [0.8, 1]), "1 and 2 accuracies: .*two seeds"),
        (lambda: over_seeds([0.9, None], [0.8, 1]), "accuracy must be a number"),
        (lambda: over_seeds(None, [0.8]), "first is None: .*one for each seed"),
        (lambda: over_seeds([0.8], 0.9), "second is 0.9: .*one for each seed"),
        (lambda: unpaired_seeds(torch.tensor(1), [1]), "first is a tensor int64"),
        (lambda: over_seeds([10**400, 1], [1, 1]), "an accuracy must be a finite"),
        (lambda: unpaired_seeds([1e200, 1], [1, 1]), "an accuracy must be .* 1e.50"),
        (lambda: student(0.95, 10**400), "freedom must be at most 10000,"),
        (lambda: wilson(3, 10**400), "of must be at most 1000000000, not a whole"),
        (lambda: measured(0.5, 10**400), "of must be at most 1000000000"),
        (lambda: mcnemar(10**400, 1), "only_first must be at most 1000000000"),
        (lambda: claims(None), "rows is None: .*in a list"),
        (lambda: claims([("a", "b")]), "row 1 of the claims is the tuple .*Estimate"),
        (lambda: claims([("a", [1], wilson(1, 2))]), "row 1 of the claims is the tupl"),
        (lambda: claims([wilson(1, 2)]), "row 1 of the claims is an Estimate"),
        (lambda: paired([1], ONES, ONES), "first is .*tensor"),
        (lambda: paired(ONES, ONES, ONES[:2]), r"\(3,\), \(3,\) and \(2,\)"),
        (lambda: paired(*torch.ones(3, 0).long()), "one class for each"),
        (lambda: paired(ONES, ONES, ONES, seed=2**64), "seed must be at most"),
        (lambda: paired(ONES, ONES, ONES, draws=9_999), "draws must be at least 10000"),
        (lambda: paired(ONES, ONES, ONES.float()), "labels is a tensor float32"),
        (lambda: paired(ONES, torch.ones(3, 4), ONES), "second is .*logits.argmax"),
        *[
            (lambda X=X: paired(X, ONES, ONES), f"first is a .*{kind} .*logits.argmax")
            for kind, X in NO_CLASSES.items()
        ],
    ],
)
def test_what_cannot_be_compared_is_said(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
