"""The guides quote what really happens."""

import argparse
import importlib
import re

import pytest
import torch
from samples import splits
from torch import nn

import d2lmini
from d2lmini import device
from d2lmini.course import assign, check, exercises, intake, report
from d2lmini.data import files
from d2lmini.nets import lenet
from tools.book import ROOT, chapters

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
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


def test_the_commands_of_tools_are_called_as_they_take_it():
    text = ARCHITECTURE + LEARNER + INSTRUCTOR
    called = re.findall(r"python -m (tools\.\w+)([^`\n>]*)", text)
    assert {"tools.exercise", "tools.outputs"} <= {name for name, _ in called}
    for name, rest in called:
        tool = importlib.import_module(name)
        if hasattr(tool, "parser"):
            tool.parser().parse_args(rest.split())


def pool(X, size):
    if size < 1:
        raise ValueError("a window has a side")
    return nn.functional.max_pool2d(X[None], size)[0]


@pytest.mark.parametrize("right", [True, False])
def test_the_snippets_of_checks_run(right, capsys):
    """With a right answer they pass, and with a wrong one they say what is wrong."""
    blocks = re.findall(r"```python\n(.*?)```", INSTRUCTOR, re.S)
    first, second = (block for block in blocks if "check." in block)
    net, images, shapes = lenet(), torch.zeros(1, 1, 28, 28), []
    for layer in net:
        images = layer(images)
        shapes.append(tuple(images.shape[1:]))
    space = {
        "F": nn.functional,
        "X": torch.rand(4, 4),
        "pool": pool if right else lambda X, size: 0 * pool(X, size),
        "net": net,
        "shapes": shapes,
        "side": 2.0,  # a prediction
    }
    if right:
        exec(first + second, space)
        assert capsys.readouterr().out == "Pooling: correct.\n"
        assert type(space["side"]) is int
        space["marks"].predicted(14, 14, "side")
        assert not space["marks"].wrong
        return
    with pytest.raises(AssertionError, match=r"X of shape \(4, 4\), size 2"):
        exec(first, space)
    with pytest.raises(AssertionError, match="size 2"):
        exec("from d2lmini import check\n" + second, space)


def test_the_table_is_the_one_that_grading_prints():
    table = re.search(r"```text\n(student .*?)```", INSTRUCTOR, re.S)[1].splitlines()
    ada, jo, mo = (
        report.Row("Ada", "week3.ipynb", "graded", 6, 9),
        report.Row("jo.smith", "week3_jo (1).ipynb", "graded", 5, 9),
        report.Row("mo", "", "failed"),
    )
    ada.why = "An answer waits for a person."
    jo.why = "Week3_jo (1).ipynb was taken for week3.ipynb."
    mo.why = report.without(intake.Handin("mo", [intake.File("hw.pdf")]))
    assert table[:-1] == list(report.shown([ada, jo, mo]))
    assert table[-1] == report.summary([ada, jo, mo], 12)


def test_the_minutes_of_the_exercises_are_about_right():
    for path in chapters():
        found = exercises.read(path)
        row = re.search(
            rf"\| \[{exercises.number(path)} · [^|]*\|[^|]*\| (\d+) min", INSTRUCTOR
        )
        if found:
            assert abs(int(row[1]) - sum(one.minutes for one in found)) <= 7, path.stem
            assert int(row[1]) % 5 == 0, f"{path.stem}: about, as the others"
