"""A run is known by its content: what differs differs, in every process alike."""

import collections
import datetime
import enum
import functools
import math
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from samples import small_net
from torch import nn

from d2lmini import augment, schedules
from d2lmini.nets import he, initialise, lenet, xavier
from d2lmini.training.fingerprint import Unfollowable, fingerprint, names_of

DECAY = 0.1


def loss_with(smoothing):
    def loss(logits, y):
        return F.cross_entropy(logits, y, label_smoothing=smoothing)

    return loss


class Scaled:
    def __init__(self, by):
        self.by = by

    def __call__(self, logits, y):
        return self.by * F.cross_entropy(logits, y)

    def method(self, logits, y):
        return self.by


class Mild(enum.Enum):
    HALF = 0.5


class Strong(enum.Enum):
    HALF = 0.9


Strong.__qualname__ = "Mild"


class Slotted:
    __slots__ = ("by",)

    def __init__(self, by):
        self.by = by


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(4, 4)

    def forward(self, X):
        return X + torch.relu(self.layer(X))


def other_forward():
    """Skip, with the same name, layers and weights."""

    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layer = nn.Linear(4, 4)

        def forward(self, X):
            return torch.relu(self.layer(X))

    Skip.__qualname__ = "Skip"
    return Skip()


def edited(text):
    space = {"F": F}
    exec(f"def loss(z, y): return {text}", space)
    return space["loss"]


def net_with(rule):
    torch.manual_seed(0)
    return initialise(lenet(), rule)


def frozen():
    net = small_net()
    net[0].weight.requires_grad = False
    return net


def hooked():
    net = small_net()
    net[0].register_forward_hook(lambda layer, given, out: out * 2)
    return net


PAIRS = {
    "the function that is called": (lambda p: math.sin(p), lambda p: math.cos(p)),
    "a closure": (loss_with(0.1), loss_with(0.2)),
    "a default": (lambda p, by=1: by, lambda p, by=2: by),
    "a keyword default": (lambda p, *, by=1: by, lambda p, *, by=2: by),
    "a constant": (lambda p: 0.1 * p, lambda p: 0.2 * p),
    "1, 1.0 and True": (lambda p: 1, lambda p: 1.0),
    "zero and minus zero": (lambda p: 0.0, lambda p: -0.0),
    "an option": (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.2)),
    "a buffer": (
        nn.CrossEntropyLoss(weight=torch.ones(10)),
        nn.CrossEntropyLoss(weight=torch.full((10,), 2.0)),
    ),
    "a positional argument": (functools.partial(max, 1), functools.partial(max, 2)),
    "a tensor that prints alike": (
        functools.partial(max, torch.arange(9999.0)),
        functools.partial(max, torch.arange(9999.0) + (torch.arange(9999) == 5000)),
    ),
    "the state of an object": (Scaled(1), Scaled(2)),
    "the value of a name": (Mild.HALF, Strong.HALF),
    "a slot": (Slotted(1), Slotted(2)),
    "the object of a method": (Scaled(1).method, Scaled(2).method),
    "an edited function": (edited("1 * z"), edited("2 * z")),
    "another forward": (Skip(), other_forward()),
    "initial weights": (net_with(he), net_with(xavier)),
    "a frozen layer": (small_net(), frozen()),
    "a hook": (small_net(), hooked()),
    "a step of a chain": (
        augment.chain(augment.flip, augment.crop),
        augment.chain(augment.flip, functools.partial(augment.crop, padding=3)),
    ),
    "an inner function": (
        lambda p: [q * 2 for q in (1, p)],
        lambda p: [q * 3 for q in (1, p)],
    ),
    "warm-up": (
        functools.partial(schedules.one_cycle, warm_up=0.1),
        functools.partial(schedules.one_cycle, warm_up=0.2),
    ),
    "the type of numbers": (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
    "the shape": (torch.zeros(2, 1), torch.zeros(1, 2)),
    "a NumPy array": (np.arange(3), np.array([0, 1, 3])),
    "a random state": (random.Random(1), random.Random(2)),
    "a generator's seed": (
        torch.Generator().manual_seed(1),
        torch.Generator().manual_seed(2),
    ),
    "the order of a list": ([1, 2], [2, 1]),
    "list and tuple": ([1], (1,)),
    "a library's function": (torch.relu, torch.sigmoid),
    "a class": (torch.optim.Adam, torch.optim.SGD),
    "a pattern": (re.compile("a"), re.compile("b")),
    "a date": (datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)),
    "a queue": (collections.deque([1]), collections.deque([2])),
    "a cached function": (
        functools.lru_cache(loss_with(0.1)),
        functools.lru_cache(loss_with(0.2)),
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_what_differs_has_another_fingerprint(pair):
    one, other = pair
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_a_global_that_is_used_counts_and_another_does_not(monkeypatch):
    def loss(logits, y):
        return DECAY * logits.PAIRS  # an attribute of that name is no global

    before = fingerprint(loss)
    monkeypatch.setitem(globals(), "PAIRS", None)
    assert fingerprint(loss) == before
    monkeypatch.setitem(globals(), "DECAY", 0.2)
    assert fingerprint(loss) != before


SAME = {
    "a function written twice": lambda: edited("z + 1"),
    "a name": lambda: Scaled(3),
    "a set": lambda: {"x", "y", "zz", 3},
    "sharing": lambda: [(1, 2)] * 2,
    "a net": small_net,
    "a comprehension": lambda: edited("[i for i in {'a', 'b', 'c'}]"),
    "a hook": hooked,
}


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_what_is_made_again_has_the_same_fingerprint(make):
    assert fingerprint(make()) == fingerprint(make())


def test_which_of_several_gpus_does_not_count():
    one, other = (torch.device("cuda", number) for number in (0, 1))
    assert fingerprint(one) == fingerprint(other) != fingerprint(torch.device("cpu"))


def test_equal_parts_count_alike_whether_shared_or_not():
    part = [1, 2]
    assert fingerprint([part, part]) == fingerprint([[1, 2], [1, 2]])


def test_a_circle_ends():
    def circle(value):
        found = [value]
        found.append(found)
        return found

    assert fingerprint(circle(1)) == fingerprint(circle(1)) != fingerprint(circle(2))


SCRIPT = """
import sys; sys.path.insert(0, {tests!r}); sys.path.insert(0, {here!r})
import test_fingerprint as t
for name, pair in t.PAIRS.items():
    print(name, *map(t.fingerprint, pair))
print(t.fingerprint(lambda p: sum(i for i in (p, 1))), t.fingerprint(t.SAME["a set"]()))
"""


def test_every_process_finds_the_same(capsys):
    """This one and one with other hashes of strings."""
    here = Path(__file__)
    script = SCRIPT.format(tests=str(here.parents[1]), here=str(here.parent))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env={"PYTHONHASHSEED": "1", "PATH": "", "OMP_NUM_THREADS": "1"}
        | ({"PYTHONPATH": path} if (path := ":".join(sys.path)) else {}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])
        exec(script, {})
    assert capsys.readouterr().out == done.stdout != ""


def _endless():
    yield


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (_endless(), "it is a generator, whose content"),
        (Scaled(_endless()), "by of it is a generator"),
        (threading.Lock(), "it is a lock, whose"),
        (torch.zeros(2, device="meta"), "cannot be compared"),
        (nn.LazyLinear(3), "cannot be compared"),
    ],
)
def test_what_has_no_content_is_refused(value, words):
    with pytest.raises(Unfollowable, match=words):
        fingerprint(value)


def test_deep_nesting_is_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Unfollowable, match="nested too deeply"):
        fingerprint(deep)


def test_a_net_that_is_known_stands_for_itself():
    """A closure holds the net that is trained: its weights change, the run does not."""
    net = small_net()

    def loss(logits, y):
        return F.cross_entropy(logits, y) + net[0].weight.square().mean()

    before = fingerprint(loss, names_of(net))
    with torch.no_grad():
        net[0].weight += 1
    assert fingerprint(loss, names_of(net)) == before
    assert fingerprint(loss) != before


def test_nothing_is_changed():
    net, state = small_net(), torch.get_rng_state()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    fingerprint((net, Scaled(net), random.Random(1)))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_an_optimizer_s_class_is_the_same_after_one_has_been_made():
    """PyTorch wraps its step then, in the class itself or in one that inherits it."""

    class Own(torch.optim.Optimizer):
        def step(self, closure=None): ...

    class Derived(Own):
        pass

    class Other(torch.optim.Optimizer):
        def step(self, closure=None):
            self.stepped = True

    before = fingerprint((Own, Derived))
    for kind in (Derived, Own):
        kind([torch.zeros(1, requires_grad=True)], {})
        assert fingerprint((Own, Derived)) == before
    Other([torch.zeros(1, requires_grad=True)], {})
    assert fingerprint(Own.step) != fingerprint(Other.step)
