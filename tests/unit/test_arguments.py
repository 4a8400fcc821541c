"""Arguments are refused in one sentence: what, the value found, the remedy."""

import functools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from d2lmini import arguments, setup
from d2lmini.nets import lenet


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        ("0.1", "the text '0.1'"),
        (2.5, "2.5"),
        (True, "True"),
        (nn.CrossEntropyLoss, "the class CrossEntropyLoss"),
        (lenet, "the function lenet"),
        (nn.ReLU(), "a ReLU"),
        ([1, 2], "the list [1, 2]"),
        ([0] * 9, "a list"),
        (torch.zeros(2, 3), "a tensor float32 of shape (2, 3)"),
        (np.zeros((2, 3)), "a NumPy array float64 of shape (2, 3)"),
        ("x" * 80, "the text 'xxx"),
        pytest.param(-(10**5000), "a whole number of 16610 bits", id="huge"),
        ([10**5000], "the list …"),
        ((torch.zeros(2), 1), "the tuple of a tensor float32 of shape (2,) and 1"),
        (nn.LazyLinear(2).weight, "a tensor that has no size yet"),
        (torch.zeros(2, device="meta"), "a meta tensor float32 of shape (2,)"),
    ],
)
def test_a_value_is_named_in_a_few_words(value, words):
    assert arguments.found(value).startswith(words)
    assert len(arguments.found(value)) < 60


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError("\nno such file.\nsee above"), "no such file"),
        (RuntimeError("Error(s) in loading:\n\t1.weight"), "Error(s) in loading"),
        (RuntimeError(), "RuntimeError"),
        (OSError("\n . \n"), "OSError"),
        (ValueError("x" * 9999), "x" * 200),
    ],
)
def test_an_error_is_told_in_its_first_line(error, line):
    assert arguments.first_line(error) == line


@pytest.mark.parametrize("value", ["3", None, 2.5, 1.0, True, [3], torch.tensor(3)])
def test_a_whole_number_is_not_guessed(value):
    with pytest.raises(TypeError, match=r"^epochs must be a whole number, not .*\.$"):
        arguments.whole("epochs", value)


def test_whole_numbers_of_numpy_are_whole_and_bounds_are_named():
    assert arguments.whole("n", np.int64(3)) == 3
    assert type(arguments.whole("n", np.int64(3))) is int
    with pytest.raises(ValueError, match=r"n must be at least 1, not 0\."):
        arguments.whole("n", 0)
    with pytest.raises(ValueError, match=r"n must be at most 5, not 6\."):
        arguments.whole("n", 6, most=5)
    with pytest.raises(ValueError, match="at most 5, not a whole number of 16610 bits"):
        arguments.whole("n", 10**5000, most=5)


@pytest.mark.parametrize("value", ["0.1", None, [0.1], True, 1j])
def test_a_real_number_is_not_guessed(value):
    with pytest.raises(TypeError, match=r"^lr must be a number, such as 0\.01, not"):
        arguments.real("lr", value, above=0, example="0.01")


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1])
def test_a_real_number_keeps_its_bounds(value):
    with pytest.raises(ValueError, match=r"finite number above 0 and below 1.*not"):
        arguments.real("average", value, above=0, below=1)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(10**400, "a whole number of 1329 bits", id="huge"),
        pytest.param(-(10**400), "a whole number of 1329 bits", id="minus"),
        (Fraction(10**400, 3), "inf"),
        (-Fraction(10**400, 3), "-inf"),
    ],
)
def test_a_number_that_no_float_reaches_is_refused(value, shown):
    with pytest.raises(ValueError, match=rf"^lr must be a finite number, not {shown}"):
        arguments.real("lr", value)


def test_true_and_false_are_not_guessed():
    assert arguments.truth("shuffle", np.True_) is True
    for wrong in ("no", 1, None, torch.tensor(True)):
        with pytest.raises(TypeError, match=r"^shuffle must be True or False, not"):
            arguments.truth("shuffle", wrong)


def test_a_function_is_no_class_and_no_value():
    assert arguments.function("loss", nn.ReLU(), "give one")
    for wrong in (nn.CrossEntropyLoss, "cross_entropy", None, 3):
        with pytest.raises(TypeError, match=r"^loss is .*: give a function\.$"):
            arguments.function("loss", wrong, "give a function")


class Pair(nn.Module):
    """Called with two, and forward with one."""

    def __call__(self, X, generator):
        return self.forward(X)

    def forward(self, X):
        return X


class Odd:
    """What is called forward is no function."""

    forward = None

    def __call__(self, X, generator):
        return X


@functools.wraps(math.sin)
def wrapped(X, generator):
    return math.sin(X)


@pytest.mark.parametrize("value", [Pair(), Odd(), wrapped])
def test_a_function_takes_what_it_is_called_with(value):
    arguments.function("augment", value, "give one", takes=2)
    with pytest.raises(TypeError, match=r"^augment is .*: give one\.$"):
        arguments.function("augment", value, "give one", takes=1)


def test_a_layer_takes_what_its_forward_takes():
    arguments.function("augment", nn.ReLU(), "give one", takes=1)
    with pytest.raises(TypeError, match=r"^augment is a ReLU: give one\.$"):
        arguments.function("augment", nn.ReLU(), "give one", takes=2)


def test_a_partial_that_hides_its_options_is_believed():
    function = functools.partial(lambda X, **options: X, any=1)
    assert arguments.function("augment", function, "give one", takes=1) is function
    hidden = functools.partial(dict.fromkeys, [])
    assert arguments.function("augment", hidden, "give one", takes=1) is hidden


def test_what_a_partial_holds_is_not_proposed_as_an_option():
    wrong = functools.partial(lambda scale, X, generator, more=1: X, 2, mroe=3)
    with pytest.raises(TypeError, match=r"does not have: give more=\.$"):
        arguments.function("augment", wrong, "give one", takes=2)


def test_a_path_is_followed_home_and_is_never_empty(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert arguments.path("path", "~/a", "give one") == tmp_path / "a"
    assert arguments.path("path", "./~/a", "give one") == Path("~/a")
    for wrong, words in (("", "''"), ("~nobody-there/a", ".*, in nobody's home")):
        with pytest.raises(ValueError, match=rf"^path is the text {words}: give one"):
            arguments.path("path", wrong, "give one")
    with pytest.raises(TypeError, match=r"^path is None: give one\.$"):
        arguments.path("path", None, "give one")


def test_a_number_of_a_tensor_comes_out_of_it():
    assert arguments.unwrapped(torch.tensor(3)) == 3
    for other in ("a", torch.ones(1), torch.ones((), device="meta")):
        assert arguments.unwrapped(other) is other


def test_an_instance_is_one():
    arguments.instance("net", nn.ReLU(), nn.Module, "call it")
    with pytest.raises(TypeError, match=r"^net is the function lenet: call it\.$"):
        arguments.instance("net", lenet, nn.Module, "call it")


@pytest.mark.parametrize("seed", ["a", None, 1.5, -1])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises((TypeError, ValueError), match=r"^seed must be .*\.$"):
        setup(seed)
