"""The attacks can fail: each kind of bad end is told from a good one."""

import faulthandler
import os
import random
import signal

import pytest
import torch
from torch import nn

from benchmarks.steadiness import damage, stacks
from benchmarks.steadiness.parts import Part, Wrong, results, row

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="they are forked")


def ends(number, own):
    if number == 1:
        raise Wrong("other result", "here")
    if number == 2:
        raise KeyError("raw")
    if number == 3:
        faulthandler.disable()  # or pages about it stand among the tests' dots
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 4:
        signal.alarm(1)
        signal.pause()
    return "fine"


def test_each_end_is_counted_as_what_it_is():
    found = list(results("some", ends, range(6), seed=1))
    kinds = ["fine", "other result", "raw error", "crash", "hang", "fine"]
    assert [result.kind for result in found] == kinds
    assert [result.number for result in found if result.wrong] == [1, 2, 3, 4]
    part = Part("title", 6, 6, lambda folder: ends, ("other result", "litter"))
    assert row(part, found) == (
        "| title | 6 | 2 fine | 1 other result, 0 litter, 1 raw error, "
        "1 hang, 1 crash |"
    )


def test_an_attempt_is_the_same_whenever_it_is_repeated():
    def attempt(number, own):
        return str(own.random())

    whole = list(results("some", attempt, range(60), seed=1))
    assert list(results("some", attempt, [57], seed=1)) == [whole[57]]
    assert len({result.kind for result in whole}) == 60


def test_damage_changes_what_it_is_given():
    content = random.Random(0).randbytes(5000)
    changed = [damage.damaged(content, random.Random(i)) for i in range(200)]
    assert sum(made != content for made in changed) > 190
    assert {len(made) < len(content) for made in changed} == {True, False}


def test_the_oracle_of_fields_knows_what_can_be_told_by_hand():
    two = nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.Conv2d(1, 1, (3, 1)))
    assert stacks._true_field(two, 1)[0] == (3 + 1 + 2 * 2, 3 + 1)


def test_the_oracle_of_stacks_counts_products_one_by_one():
    layer = nn.Conv2d(4, 6, (3, 2), groups=2)
    out = layer(torch.zeros(1, 4, 5, 5))
    products = sum(layer.weight[i].numel() * out[0, i].numel() for i in range(6))
    assert stacks._multiply_adds(layer, out) == products
    assert stacks._parameters(layer) == sum(p.numel() for p in layer.parameters())
