"""What a check lets pass, what it refuses, and the sentence it says."""

import math
import random
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from d2lmini.course import check

NAN = math.nan
GRID = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (3, 3),
        (3.0, 3),
        (torch.tensor(3), 3),
        (np.float64(0.5), 0.5),
        (0.1 + 0.2, 0.3),
        (1 + 5e-7, 1.0),
        (NAN, NAN),
        (True, True),
        ("same", "same"),
        ((1, 2), (1, 2)),
        ([1, 2], (1, 2)),
        (torch.Size([1, 2]), (1, 2)),
        ((1, 2), torch.Size([1, 2])),
        (GRID.clone(), GRID),
        (GRID.numpy(), GRID),
        (GRID.float() * (1 + 1e-6), GRID),
        (GRID.clone().requires_grad_(), GRID),
        (torch.tensor([NAN, math.inf]), torch.tensor([NAN, math.inf])),
        ((GRID, 1), (GRID, 1)),
        (np.array([1, 2]), (1, 2)),
        (torch.tensor([1, 2]), (1, 2)),
        (np.int64(3), 3),
        (Fraction(1, 4), 0.25),
        (Decimal("0.25"), 0.25),
        (np.float32(0.1), np.float32(0.1)),
        (None, None),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (10_000.000000000002, 10_000),
        (17.99999999999997, 18),
        (np.float64(10_000.000000000002), 10_000),
        (torch.tensor(61_706.004), 61_706),
        (np.float32(61_706.004), 61_706),
        (1e-17, 0),
        (0.0, 5.5e-17),
        (-1e-13, 0.0),
        (-1.648e-15, -1.203e-15),
        (np.float32(0.3), 0.30000001),
        (np.longdouble(0.5), 0.5),
        (torch.tensor(3.02, dtype=torch.bfloat16), 3.0),
        (torch.tensor(0.1).half(), 0.1),
        (torch.tensor([0.1, 0.2]) * (1 + 1e-5), (0.1, 0.2)),
        (GRID * (1 + 1e-5), GRID.float()),
        (GRID.numpy()[:, ::-1], GRID.flip(1)),
    ],
    ids=str,
)
def test_what_is_right_passes_in_silence(found, expected, capsys):
    check.same(found, expected, "a case")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("found", "expected", "sentence"),
    [
        (4, 3, "found 4, expected 3."),
        (61_706.01, 61_706, "found 61706.01, expected 61706."),
        (61_706, 61_707, "found 61706, expected 61707."),
        (torch.tensor(61_706.3), 61_706, "found 61706.3, expected 61706."),
        (1e-11, 0.0, "found 1e-11, expected 0."),
        (1 + 5e-6, 1.0, "found 1.000005, expected 1."),
        (np.float32(0.30015), 0.3, "found 0.30015, expected 0.3."),
        (61_706.0001, 61_706, "found 61706.0001, expected 61706."),
        (3_215_000_001.0, 3_215_000_000, "found 3215000001, expected 3215000000."),
        (torch.tensor(3.3, dtype=torch.bfloat16), 3.0, "found 3.296875, expected 3."),
        (np.exp, 3, "found the function exp, which is no number, expected 3."),
        (np.array(["a"]), GRID, "found array(['a'], dtype='<U1'), expected a tensor"),
        (0.30001, 0.3, "found 0.30001, expected 0.3."),
        (NAN, 0.3, "found nan, expected 0.3."),
        (True, 1, "found True, which is no number, expected 1."),
        (1, True, "found 1, expected True."),
        ("3", 3, "found '3', which is no number, expected 3."),
        (None, 3, "got None: did you forget `return`, or to assign a value?"),
        (..., 3, "found Ellipsis, which is no number, expected 3."),
        ("some", "same", "found 'some', expected 'same'."),
        (5, (5, 5), "found 5, expected the tuple (5, 5)."),
        ((5,), (5, 5), "found (5,) with 1 entries, expected (5, 5) with 2."),
        ((5, 6), (5, 5), "found 6, expected 5."),
        (0.0, GRID, "found 0, expected a tensor of shape (2, 3)."),
        (torch.tensor(0.0), GRID, "found shape (), expected (2, 3)."),
        (GRID[:1], GRID, "found shape (1, 3), expected (2, 3)."),
        (GRID.T, GRID, "found shape (3, 2), expected (2, 3)."),
        (GRID.flip(1), GRID, "found 2 at [0, 0], expected 0 (4 of 6 numbers differ)."),
        (GRID.int(), GRID, "found integers (torch.int32), expected decimal numbers"),
        (GRID > 1, GRID > 2, "found True at [0, 2], expected False"),
        (GRID.long() + 1, GRID.long(), "found 1 at [0, 0], expected 0"),
        (GRID + 1e-4, GRID, "at [0, 0]"),
        (GRID.float() + 1e-2, GRID, "at [0, 0]"),
        (GRID * NAN, GRID, "found nan at [0, 0]"),
        (GRID + 0j, GRID, "found complex numbers (torch.complex128), expected dec"),
        (GRID + 1j, GRID + 2j, "found 1j at [0, 0], expected 2j"),
        ((GRID + 1, 1), (GRID, 1), "stride 2, entry 0: found 1 at [0, 0], expected 0"),
        (torch.zeros(3), torch.tensor([0, NAN, 0]), "found 0 at [1], expected nan"),
        (torch.ones(2), torch.tensor([1, math.inf]), "expected inf"),
        (torch.full((2,), 1e-9), torch.full((2,), 2e-9), "found 1e-09 at [0]"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_in_one_sentence(found, expected, sentence):
    with pytest.raises(AssertionError) as caught:
        check.same(found, expected, "stride 2")
    said = str(caught.value)
    assert said.startswith("stride 2") and sentence in said
    assert "\n" not in said and said.endswith((".", "?"))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (5.9161, math.sqrt(35)),
        (np.float32(3.2566), 3.2566080005),
        (12, 12),
        (np.int64(12), 12),
        (torch.tensor(12.0), 12),
        ([1, np.int64(2)], (1, 2)),
        (np.array([1, 2]), (1, 2)),
        (True, True),
        ("large", "large"),
        (1.01, 1.005),  # what lies in the middle may be rounded either way
        (10_000.000000000002, 10_000),
    ],
    ids=str,
)
def test_a_prediction_is_right_to_the_digits_of_a_pencil(found, expected):
    check.predicted(found, expected, "answer")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("power", [-9, -2, -1, 0, 2, 5])
def test_three_significant_digits_are_enough_and_two_are_not(power, sign):
    draw = random.Random(power)
    drawn = (draw.uniform(1, 10) for _ in range(20))
    for number in (1.0, 1.005, 9.994, 9.995, 9.996, 9.999, *drawn):
        expected = sign * number * 10.0**power
        rounded = Decimal(repr(expected)).normalize().adjusted()
        unit = 10.0 ** (rounded - 2)
        check.predicted(float(f"{expected:.3g}"), expected, "answer")
        with pytest.raises(AssertionError, match="found"):
            check.predicted(expected + 1.6 * unit, expected, "answer")


@pytest.mark.parametrize(
    ("found", "expected", "sentence"),
    [
        (12, 87_654, "found 12, which is too low."),
        (99_999, 87_654, "found 99999, which is too high."),
        (87_654.4, 87_654, "found 87654.4, which is too high."),
        (5.93, 5.9160797831, "found 5.93, which is too high."),
        (1.013, 1.004, "found 1.013, which is too high."),  # by one of the third digit
        (NAN, 87_654, "found nan, which is no number."),
        (None, 87_654, "got None"),
        ("12", 87_654, "found '12', which is no number."),
        (True, 87_654, "found True, which is no number."),
        (12, (4, 87_654), "found 12, which is no tuple."),
        ((4,), (4, 87_654), "found (4,), which has too few entries."),
        ((4, 5, 6), (4, 87_654), "found (4, 5, 6), which has too many entries."),
        ((4, 5), (4, 87_654), "answer, entry 1 in (4, 5): found 5, which is too low."),
        (False, True, "found False, which is not right."),
        ("no", True, "found 'no', which is no truth value."),
        (1, True, "found 1, which is no truth value."),
        ("small", "large", "found 'small', which is not right."),
        (87_654.0001, 87_654, "found 87654.0001, which is too high."),
        (np.exp, 5.916, "found the function exp, which is no number."),
        (np.poly1d([1, 2]), (4, 87_654), "found poly1d([1, 2]), which is no tuple."),
        (Decimal("sNaN"), 5.916, "found Decimal('sNaN'), which cannot be compared."),
    ],
    ids=str,
)
def test_a_prediction_is_judged_and_its_number_never_named(found, expected, sentence):
    with pytest.raises(AssertionError) as caught:
        check.predicted(found, expected, "answer")
    said = str(caught.value)
    assert sentence in said and "\n" not in said
    numbers = ("87654", "87,654", "5.916", "True", "large")
    assert not [n for n in numbers if n in said.replace(repr(found), "")]


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (10**400, "found an int, which is too high."),
        (-(10**5000), "found an int, which is too low."),  # has no repr
        (Fraction(10**400), "found a Fraction, which cannot be compared."),
    ],
    ids=("large", "without a repr", "fraction"),
)
def test_a_prediction_may_be_too_large_for_a_decimal(size, sentence):
    for expected in (5.916, 87_654):
        with pytest.raises(AssertionError, match=sentence):
            check.predicted(size, expected, "answer")


def three_cases(answers, points=3):
    """A check of three cases, for the numbers 1, 2 and 3."""
    marks = check.Cases(points)

    @marks
    def compare(n):
        check.same(answers[n], n, f"case {n}")

    for n in (1, 2, 3):
        compare(n)
    return marks


def test_all_cases_right_are_full_marks(capsys):
    assert three_cases({1: 1, 2: 2, 3: 3}).passed("Correct.") is None
    assert capsys.readouterr().out == "Correct.\n"


def test_each_case_has_its_share_and_the_wrong_ones_are_named(capsys):
    assert three_cases({1: 1, 2: 0, 3: 3}).passed("Correct.") == 2
    said = capsys.readouterr().out
    assert (
        said == "2 of 3 cases are right. What is not:\ncase 2: found 0, expected 2.\n"
    )
    assert three_cases({1: 1}, points=4).passed("Correct.") == 1.33
    assert "compare(2) raised KeyError: 2" in capsys.readouterr().out


def test_five_of_many_sentences_are_told(capsys):
    marks = check.Cases(7)
    for n in range(7):
        marks.predicted(n, 6, f"case {n}")
    assert marks.passed("Correct.") == 1
    told = capsys.readouterr().out.splitlines()[1:]
    assert [line[:6] for line in told] == [f"case {n}" for n in range(5)]


def test_an_answer_that_has_not_been_run_is_said():
    marks = check.Cases(1)

    @marks
    def compare():
        check.same(locate(), 1, "case")  # noqa: F821  that is the case

    compare()
    with pytest.raises(AssertionError, match="'locate' is not defined: run the answer"):
        marks.passed("Correct.")

    def misspelt():
        return lacate  # noqa: F821

    marks = check.Cases(1)
    marks(lambda: misspelt())()
    with pytest.raises(AssertionError, match=r"'lacate' is not defined$"):
        marks.passed("Correct.")


def test_nothing_right_is_an_error_with_the_first_sentence():
    with pytest.raises(AssertionError, match="case 1: found 0, expected 1"):
        three_cases({1: 0, 2: 0, 3: 0}).passed("Correct.")


def unsolved():
    """An answer as the student edition has it, which nbgrader makes."""
    stubs = pytest.importorskip("d2lmini.course.stubs", exc_type=ImportError)
    cell = {"__name__": "__main__"}
    exec(f"def answer(*args):\n    {stubs.stub('Write it here.', 4)}", cell)
    return cell["answer"]


def test_a_case_that_does_not_take_its_arguments_is_wrong():
    marks = check.Cases(1)
    marks(lambda size: None)(1, 2)
    with pytest.raises(AssertionError, match=r"\(1, 2\) raised TypeError: .* argument"):
        marks.passed("Correct.")


def test_an_unsolved_exercise_is_no_case():
    marks = check.Cases(1)
    with pytest.raises(NotImplementedError, match=r"Write it here\."):
        marks(lambda: unsolved()(1))()


#: What PyTorch raises a NotImplementedError for, or an old one a RuntimeError.
MISTAKEN = [lambda: torch.arange(3).softmax(0), lambda: nn.Module()(IMAGE)]


@pytest.mark.parametrize("mistaken", MISTAKEN)
def test_a_mistake_that_pytorch_calls_not_implemented_is_a_case(mistaken, capsys):
    marks = check.Cases(2)
    case = marks(lambda answer: answer())
    case(lambda: 1)
    case(eval("lambda: mistaken()", {"__name__": "__main__", "mistaken": mistaken}))
    assert marks.passed("Correct.") == 1
    said = r"raised (NotImplemented|Runtime)Error"
    assert re.search(said + ": ", capsys.readouterr().out)
    with pytest.raises(AssertionError, match=rf"^c: {said}.*, expected ValueE"):
        check.raises(mistaken, case="c")


@pytest.mark.parametrize(
    "use",
    [
        lambda found: len(found),
        lambda found: found.double(),
        lambda found: [net.double() for net in (found, found)],
        lambda found: torch.relu(found),
    ],
)
def test_an_answer_that_returns_nothing_is_asked_for_its_return(use):
    marks = check.Cases(1)
    marks(use)(None)
    with pytest.raises(AssertionError, match="did you forget `return`"):
        marks.passed("Correct.")


def test_the_same_error_within_an_answer_is_its_own():
    def answer():
        return len(None)

    marks = check.Cases(1)
    marks(lambda: answer())()
    with pytest.raises(AssertionError, match=r"has no len\(\)$"):
        marks.passed("Correct.")


def test_predictions_are_cases(capsys):
    marks = check.Cases(2)
    marks.predicted(3, 3, "a")
    marks.predicted(3, 4, "b")
    assert marks.passed("Correct.") == 1
    assert "b: found 3, which is too low." in capsys.readouterr().out


IMAGE = torch.zeros(1, 4, 8, 8)
KERNELS = torch.zeros(4, 1, 3, 3)


@pytest.mark.parametrize(
    ("names", "call"),
    [
        (["max_pool2d"], lambda: nn.functional.max_pool2d(IMAGE, 2)),
        (["max_pool2d"], lambda: nn.MaxPool2d(2)(IMAGE)),
        (["pooling"], lambda: nn.functional.max_pool3d(IMAGE, 2)),
        (["pooling"], lambda: nn.AdaptiveAvgPool1d(1)(IMAGE.flatten(2))),
        (["max_pool2d"], lambda: torch.max_pool2d(IMAGE, 2)),
        (["groups"], lambda: torch.conv2d(IMAGE, KERNELS, groups=4)),
        (["groups"], lambda: torch.conv2d(IMAGE, KERNELS, None, 1, 0, 1, 4)),
        (["groups"], lambda: nn.Conv2d(4, 4, 3, groups=4)(IMAGE)),
        (["relu"], lambda: IMAGE.relu_()),
        (["autograd"], lambda: IMAGE.clone().requires_grad_().sum().backward()),
        (["autograd"], lambda: torch.func.grad(torch.sum)(IMAGE)),
        (["autograd"], lambda: torch.autograd.functional.jacobian(torch.sum, IMAGE)),
    ],
)
def test_what_an_exercise_does_without_is_refused(names, call):
    with (
        pytest.raises(AssertionError, match=rf"^c: uses {names[0]}, which"),
        check.forbidden(*names, case="c"),
    ):
        call()
    call()  # and afterwards nobody minds


def test_everything_else_is_allowed():
    with check.forbidden("groups", "max_pool2d", case="c"):
        nn.Conv2d(4, 2, 3)(IMAGE).relu().amax()


@pytest.mark.parametrize(
    "found", [3, 3.0, np.int64(3), np.float32(3), torch.tensor(3), Fraction(3)]
)
def test_a_whole_number_has_any_type(found):
    assert check.whole(found, "c") == 3
    assert type(check.whole(found, "c")) is int


@pytest.mark.parametrize("wrong", [3.5, NAN, math.inf, "3", True, (3,), np.exp])
def test_what_is_no_whole_number_is_shown(wrong):
    with pytest.raises(AssertionError, match=r"^c: found .*, which is no whole number"):
        check.whole(wrong, "c")


@pytest.mark.parametrize("compare", [check.same, check.predicted])
def test_small_numbers_are_compared_like_large_ones(compare):
    """Such as the p of many pictures."""
    compare(1.0000000001e-13, 1e-13, "p")
    with pytest.raises(AssertionError, match=r"^p: found 5e-13, "):
        compare(5e-13, 1e-13, "p")


def test_a_small_element_may_not_hide_behind_nothing():
    """Zeros are compared to 1e-6, and a wrong sign of a small one is found."""
    tiny = torch.tensor([1e-3, 1.0], dtype=torch.float64)
    with pytest.raises(AssertionError, match=r"at \[0\]"):
        check.same(tiny * torch.tensor([-1, 1]), tiny, "signs")


def test_an_input_that_is_left_alone():
    X = torch.tensor([1.0, NAN])
    assert check.unchanged(lambda x, k: k, X, 5, case="c") == 5


def test_an_input_that_is_changed_is_named():
    X, Y = torch.zeros(2), torch.ones(2)
    with pytest.raises(AssertionError, match="input number 2 in place"):
        check.unchanged(lambda x, y: y.mul_(2), X, Y, case="c")
    assert Y.tolist() == [1, 1]  # only a copy was changed
    with pytest.raises(AssertionError, match="input number 1"):
        check.unchanged(lambda x: x.unsqueeze_(0), X, case="c")
    with pytest.raises(AssertionError, match=r"^c: got None: did you forget"):
        check.unchanged(lambda x: None, X, case="c")


def refuse(error):
    def function(*args):
        raise error("no")

    return function


def test_the_error_that_is_wanted():
    check.raises(refuse(ValueError), 1, case="c")
    check.raises(refuse(KeyError), 1, error=LookupError, case="c")
    with pytest.raises(AssertionError, match=r"raised TypeError \(no\), expected Val"):
        check.raises(refuse(TypeError), case="c")
    with pytest.raises(AssertionError, match="returned 3 and raised nothing"):
        check.raises(lambda x: x, 3, case="c")


@pytest.mark.parametrize("error", [ValueError, RuntimeError, Exception])
def test_an_unsolved_exercise_is_no_error_that_was_asked_for(error):
    with pytest.raises(NotImplementedError):
        check.raises(unsolved(), error=error, case="c")
    check.raises(refuse(NotImplementedError), error=NotImplementedError, case="c")


@pytest.fixture
def net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(6, 2)
    )


SHAPES = [(6, 1, 1), (6, 1, 1), (6,), (2,)]


def test_a_walk_with_and_without_a_batch(net):
    check.walk(net, (1, 5, 5), SHAPES, "c")
    check.walk(net, (7, 1, 5, 5), [(7, *shape) for shape in SHAPES], "c")
    assert net.training and not list(net[0]._forward_hooks)
    assert net[1].num_batches_tracked == 0


@pytest.mark.parametrize(
    ("shapes", "sentence"),
    [
        ([(6, 2, 2), *SHAPES[1:]], "layer 0 (Conv2d) gives shape (6, 1, 1), expected"),
        ([*SHAPES[:3], (3,)], "layer 3 (Linear) gives shape (2,), expected (3,)."),
        (SHAPES[:3], "the network has 4 layers, expected 3."),
        ([*SHAPES, (2,)], "the network has 4 layers, expected 5."),
    ],
)
def test_a_walk_that_goes_elsewhere(net, shapes, sentence):
    with pytest.raises(AssertionError) as caught:
        check.walk(net, (1, 5, 5), shapes, "c")
    assert sentence in str(caught.value)


def test_neither_default_of_pytorch_stops_a_check(net):
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            check.walk(net, (1, 5, 5), SHAPES, "c")
            check.same(np.ones(2), torch.ones(2, device="cpu"), "c")
    finally:
        torch.set_default_dtype(torch.float32)
    check.walk(net.double(), (1, 5, 5), SHAPES, "c")


def test_a_walk_that_cannot_go_on_names_the_layer(net):
    with pytest.raises(AssertionError, match="layer 3"):
        check.walk(net, (1, 6, 6), SHAPES, "c")


def test_parameters_are_counted(net):
    check.parameters(net, 6 * 25 + 6 + 12 + 14, "c")
    with pytest.raises(AssertionError, match="found 182 parameters, expected 1,000"):
        check.parameters(net, 1000, "c")
    tied = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    tied[1].weight = tied[0].weight
    check.parameters(tied, 4, "c")


@pytest.mark.parametrize("wrong", [None, nn.Linear, 5])
def test_a_network_is_asked_for(wrong):
    with pytest.raises(AssertionError, match="expected a network"):
        check.parameters(wrong, 1, "c")
    with pytest.raises(AssertionError, match="expected a network"):
        check.walk(wrong, (1, 5, 5), [], "c")


def test_what_passed_is_printed(capsys):
    check.passed("Shapes: correct.")
    assert capsys.readouterr().out == "Shapes: correct.\n"


def test_checks_work_where_assertions_are_switched_off():
    """As `python -O` compiles them."""
    without = {"__name__": check.__name__}
    for source, file in (
        ("def asserts():\n    assert False", "here"),
        (Path(check.__file__).read_text(encoding="utf-8"), check.__file__),
    ):
        exec(compile(source, file, "exec", optimize=1), without)
    without["asserts"]()
    with pytest.raises(AssertionError, match=r"^c: found 1, expected 2\.$"):
        without["same"](1, 2, "c")


class Agreeing:
    """What an answer may be made of that calls itself equal to anything."""

    class Whole(int):
        __eq__ = __lt__ = __gt__ = lambda self, other: True
        __hash__ = int.__hash__

    class Decimal(float):
        __eq__ = __lt__ = lambda self, other: True
        __sub__ = __rsub__ = lambda self, other: 0.0
        __hash__ = float.__hash__

    class Values(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func.__name__ in ("detach", "cpu", "to", "item", "tolist"):
                return torch.tensor([1.0, 2.0])
            return super().__torch_function__(func, types, args, kwargs or {})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Agreeing.Whole(3), 4),
        (Agreeing.Whole(3), 4.5),
        (Agreeing.Decimal(3), 4.0),
        ((Agreeing.Whole(1), 2), (3, 2)),
        (torch.zeros(2).as_subclass(Agreeing.Values), torch.tensor([1.0, 2.0])),
        (np.array(Agreeing.Whole(3), dtype=object), 4),
    ],
)
def test_an_answer_cannot_agree_for_itself(found, expected):
    with pytest.raises(AssertionError, match="found"):
        check.same(found, expected, "x")
    if not isinstance(expected, torch.Tensor):
        with pytest.raises(AssertionError, match="found"):
            check.predicted(found, expected, "x")


def test_a_subclass_with_the_right_value_is_right():
    check.same(Agreeing.Whole(4), 4, "x")
    check.same(torch.nn.Parameter(torch.ones(2)), torch.ones(2), "x")
    check.same(torch.ones(2).as_subclass(Agreeing.Values), torch.ones(2), "x")
