"""The guides quote what really happens."""

import argparse
import re

import pytest
from samples import splits
from torch import nn

import d2lmini
from d2lmini import device
from d2lmini.course import assign, check, exercises
from d2lmini.data import files
from d2lmini.nets import lenet
from tools.book import ROOT, chapters

LEARNER = (ROOT / "book/guide/learner.md").read_text(encoding="utf-8")
INSTRUCTOR = (ROOT / "book/guide/instructor.md").read_text(encoding="utf-8")


def quoted(text):
    """The sentences that the learner's guide shows as text."""
    return re.findall(r"```text\n(.*?)\n```", text, re.S)


def no_gpu(monkeypatch):
    monkeypatch.setattr(device, "_on_colab", lambda: True)
    return device.describe(device.torch.device("cpu"), 0).split("\n")[1]


def wrong_size(monkeypatch):
    return said(lambda: d2lmini.summary(lenet(), (1, 32, 32)))


def wrong_channels(monkeypatch):
    return said(lambda: d2lmini.summary(lenet(), (3, 28, 28)))


def not_a_number(monkeypatch):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.constant_(net[1].weight, float("nan"))
    return said(lambda: d2lmini.train(net, splits(), epochs=1, lr=0.5, report=None))


def no_network(monkeypatch):
    def fail(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr(files, "urlopen", fail)
    return said(lambda: files._download(next(iter(files.SHA256))))


def returns_nothing(monkeypatch):
    return said(lambda: check.same(None, 1, "mean"))


def said(action):
    with pytest.raises(Exception) as caught:
        action()
    return str(caught.value)


ERRORS = [no_gpu, wrong_size, wrong_channels, not_a_number, no_network, returns_nothing]


def test_the_six_are_all():
    assert len(quoted(LEARNER)) == len(ERRORS)


@pytest.mark.parametrize("n", range(6), ids=[error.__name__ for error in ERRORS])
def test_the_learners_guide_quotes_the_error(n, monkeypatch):
    assert quoted(LEARNER)[n] in ERRORS[n](monkeypatch)


def test_the_commands_of_the_instructors_guide_name_what_exists():
    known = assign.every(ROOT / "book", ROOT / "examples" / "private")
    commands = re.findall(
        r"d2lmini-assign (week\S+.*?)(?=\nnbgrader|\n```)", INSTRUCTOR, re.S
    )
    assert commands
    for command in commands:
        asked = assign.parser().parse_args(command.replace("\\\n", " ").split())
        assert isinstance(asked, argparse.Namespace)
        assert assign.chosen(asked.ids, known)


def test_the_minutes_of_the_exercises_are_about_right():
    for path in chapters():
        found = exercises.read(path)
        row = re.search(
            rf"\| \[{exercises.number(path)} · [^|]*\|[^|]*\| (\d+) min", INSTRUCTOR
        )
        if found:
            assert abs(int(row[1]) - sum(one.minutes for one in found)) <= 7, path.stem
