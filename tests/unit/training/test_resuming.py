"""A run goes on only as itself; a disk that fails is found before the first epoch."""

import functools
import io
import json
import math
import operator
import os
import random
import shutil
import signal
import zipfile
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from samples import FP32, Heard, quietly, small_net, splits, weights
from torch import nn

from d2lmini import History, schedules
from d2lmini.data import Batches, Splits
from d2lmini.training.checkpoint import CheckpointError
from d2lmini.training.fingerprint import fingerprint
from d2lmini.training.form import fitted
from d2lmini.training.forward import Forward
from d2lmini.training.run import Run


class Stop(Heard):
    """Presses Ctrl-C, as the operating system would, after so many batches."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def batch(self, epoch, done):
        self.after -= 1
        if self.after == 0:
            os.kill(os.getpid(), signal.SIGINT)


def smooth(by):
    return lambda logits, y: F.cross_entropy(logits, y, label_smoothing=by)


def with_decay(decay):
    def made(parameters, lr):
        return torch.optim.SGD(parameters, lr=lr, weight_decay=decay)

    return made


def other_labels():
    data = splits()
    images = data.train.images
    turned = type(images)(images.images, 9 - images.labels)
    return Splits(Batches(turned, 8, shuffle=True), data.val, data.test)


def other_images():
    data = splits()
    data.train.images.images[0, 0, 3, 3] += 1
    return data


def judged_small():
    data = splits()
    data.val.resize = 14
    return data


def ordered():
    data = splits()
    data.train.shuffle = False
    return data


def scaled_start():
    net = small_net()
    with torch.no_grad():
        net[0].weight *= 2
    return net


def frozen_layer():
    net = small_net()
    net[0].weight.requires_grad = False
    return net


def frozen_norm():
    net = small_net()
    net[1].eval()
    return net


def clipped():
    net = small_net()
    net[0].weight.register_hook(lambda gradient: gradient.clamp(-0.1, 0.1))
    return net


def activated():
    net = small_net()
    net[2] = nn.Sigmoid()
    return net


OTHER_RUNS = {
    "a closure": ({"loss": smooth(0.1)}, {"loss": smooth(0.2)}, "loss"),
    "an optimizer's closure": (
        {"optimizer": with_decay(0.0)},
        {"optimizer": with_decay(0.1)},
        "optimizer",
    ),
    "an optimizer's lambda": (
        {"optimizer": lambda p, lr: torch.optim.Adam(p, lr=lr)},
        {"optimizer": lambda p, lr: torch.optim.RMSprop(p, lr=lr)},
        "optimizer",
    ),
    "an option of a loss": (
        {"loss": nn.CrossEntropyLoss()},
        {"loss": nn.CrossEntropyLoss(label_smoothing=0.5)},
        "loss",
    ),
    "labels": ({}, {"data": other_labels}, "training images, their labels"),
    "images": ({}, {"data": other_images}, "training images, their labels"),
    "the order": ({}, {"data": ordered}, "order"),
    "first weights": ({}, {"net": scaled_start}, "starts from other weights"),
    "an activation": ({}, {"net": activated}, "computes something else"),
    "a frozen weight": ({}, {"net": frozen_layer}, "net"),
    "a hook of a weight": ({}, {"net": clipped}, "computes something else"),
    "a frozen layer": ({}, {"net": frozen_norm}, "other layers are in evaluation"),
    "the seed": ({}, {"seed": 2}, "seed"),
    "a watched image": ({}, {"watch": torch.rand(1, 1, 28, 28)}, "images are watched"),
    "the size it is judged at": ({}, {"data": judged_small}, "validation images"),
    "a schedule": (
        {"schedule": functools.partial(schedules.one_cycle, warm_up=0.1)},
        {"schedule": functools.partial(schedules.one_cycle, warm_up=0.2)},
        r"schedule is one_cycle\(warm_up=0\.1\) there",
    ),
}


def run(path, *, net=small_net, data=splits, seed=1, **options):
    built, loaded = net(), data()
    torch.manual_seed(seed)
    return built, quietly(built, loaded, resume=path, **options)


@pytest.mark.parametrize(
    ("first", "second", "words"), OTHER_RUNS.values(), ids=OTHER_RUNS
)
def test_another_run_is_refused(tmp_path, first, second, words):
    run(tmp_path / "run.pt", **first)
    content = (tmp_path / "run.pt").read_bytes()
    with pytest.raises(CheckpointError, match=words) as caught:
        run(tmp_path / "run.pt", **second)
    assert "belongs to another run" in str(caught.value)
    assert (tmp_path / "run.pt").read_bytes() == content
    assert run(tmp_path / "run.pt", **first)[1].finished  # the same goes on


def test_what_cannot_be_recognised_is_said_before_training(tmp_path):
    endless = (factor for factor in iter(float, 1.0))
    with pytest.raises(
        ValueError, match=r"recognised again: endless of schedule is a generator.*leav"
    ):
        run(tmp_path / "run.pt", schedule=lambda p: next(endless))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("average", [None, 0.9])
def test_the_same_net_goes_on_in_the_same_process(tmp_path, average):
    """A learner presses stop, and runs the cell again: net, seed and file as before."""
    path, options = tmp_path / "run.pt", {"epochs": 4, "average": average}
    whole, expected = run(None, **options)
    net = small_net()
    torch.manual_seed(1)
    report, steps = Stop(3), []  # in the first epoch, of which nothing is kept
    for _ in range(6):
        history = quietly(net, splits(), resume=path, report=report, **options)
        steps.append(len(history.epochs))
        if history.finished:
            break
        report = Stop(6)
    assert steps == [0, 1, 2, 3, 4] and history.finished
    assert torch.equal(weights(net), weights(whole))
    assert history.test_accuracy == expected.test_accuracy
    assert "Continues after epoch 3." in report.said
    again = Heard()
    quietly(net, splits(), resume=path, report=again, **options)
    assert again.said == ["Read again: nothing was trained."]
    assert net[1].momentum == 0.1


@pytest.mark.parametrize("moment", range(1, 16, 2))
def test_an_interrupt_leaves_everything_whole(tmp_path, moment):
    """Wherever it comes: layers, file, and a history that prints."""
    path = tmp_path / "run.pt"
    net = small_net()
    torch.manual_seed(1)
    history = quietly(net, splits(), resume=path, average=0.9, report=Stop(moment))
    assert f"{history.test_accuracy:.4f} {history.test_loss:.3f}" and repr(history)
    assert net[1].momentum == 0.1 and net.training
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert History.from_json(history.to_json()) == history
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_an_interrupt_in_the_averaged_net_or_in_a_file_waits(tmp_path, monkeypatch):
    """One press during each of the moments in which nothing must be cut short."""
    presses = []

    def pressing(save):
        def pressed(*args):
            presses.append(os.kill(os.getpid(), signal.SIGINT))
            save(*args)

        return pressed

    monkeypatch.setattr(torch, "save", pressing(torch.save))
    history = run(tmp_path / "run.pt", average=0.9)[1]
    assert presses and not history.finished
    monkeypatch.undo()
    assert run(tmp_path / "run.pt", average=0.9)[1].finished


def test_a_second_press_is_raised_at_once():
    class Twice(Heard):
        def batch(self, epoch, done):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    assert not quietly(small_net(), splits(), report=Twice()).epochs


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_found_before_the_first_epoch(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match=r"run\.pt cannot be written.*resume="):
        run(tmp_path / "run.pt", report=Stop(1))


@pytest.mark.parametrize(("numbers", "average"), [(3, None), (4, 0.9)])
def test_a_full_disk_is_found_before_the_first_epoch(
    tmp_path, monkeypatch, numbers, average
):
    """The optimizer keeps two more numbers for each, and an average a third."""
    size = 4 * sum(p.numel() for p in small_net().parameters())
    usage = shutil.disk_usage(tmp_path)._replace(free=numbers * size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(
        CheckpointError, match=r"run\.pt needs 0\.1 MB, and 0\.1 MB are free"
    ):
        run(tmp_path / "run.pt", average=average)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_becomes_full_costs_the_file_and_not_the_run(tmp_path, monkeypatch):
    report, whole = Heard(), torch.save

    def full(state, file):
        if '"epochs": []' not in state["history"]:
            raise OSError(28, "No space left on device")
        whole(state, file)

    monkeypatch.setattr(torch, "save", full)
    history = run(tmp_path / "run.pt", report=report)[1]
    assert history.finished and len(history.epochs) == 2
    assert "No space left" in report.said[0] and "goes on" in report.said[0]


def test_two_runs_with_one_file_do_not_take_it_from_each_other(tmp_path):
    """The one that comes later is refused; one that came at the same time is told."""
    path = tmp_path / "run.pt"

    class Meanwhile(Heard):
        def epoch(self, history):
            if len(history.epochs) == 1:
                path.unlink()
                run(path, seed=2)

    report = Meanwhile()
    assert run(path, report=report)[1].finished
    assert "holds another run by now" in report.said[0]
    assert run(path, seed=2)[1].finished  # it is whole, and theirs


class Paced(torch.optim.Optimizer):
    """Of somebody's own: its options move, and what it keeps grows."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr, "pace": 1.0, "count": 0, "kind": "a"})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            group["count"] += 1
            group["pace"] *= 0.9
            for weight in group["params"]:
                kept = self.state[weight]
                kept.setdefault("norms", []).append(weight.grad.norm())
                if group["count"] > 3:
                    kept.setdefault("late", torch.ones_like(weight)).mul_(0.9)
                weight.sub_(weight.grad * kept.get("late", 1) * group["lr"])


def dense():
    torch.manual_seed(7)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10, bias=False))


class Half(Heard):
    """Keeps a copy of the file as it is after the first epoch."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def begin(self, epoch, so_far):
        if epoch == 1:
            shutil.copy(self.path, self.path.with_name("half.pt"))


def assert_resumes(tmp_path, make=dense, **options):
    """A run that goes on after one epoch ends as the whole one; what both have said."""
    whole, half = Half(tmp_path / "whole.pt"), Heard()
    net = run(whole.path, net=make, report=whole, **options)[0]
    again, history = run(tmp_path / "half.pt", net=make, report=half, **options)
    assert "Continues after epoch 1." in half.said and history.finished
    assert torch.equal(weights(again), weights(net))
    return whole.said + half.said


class Looked(nn.Module):
    """A net that looks up, whose gradients hold a few rows."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        self.table = nn.Embedding(784, 10, sparse=True)

    def forward(self, X):
        return self.table((X.flatten(1)[:, :5] * 99).long()).sum(1)


_NAMES = set(torch.optim.__all__) - {"Optimizer", "LBFGS"}
OPTIMIZERS = [getattr(torch.optim, n) for n in sorted(_NAMES) if n[:1].isupper()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_every_optimizer_goes_on_as_if_never_interrupted(tmp_path, optimizer):
    make = Looked if optimizer is torch.optim.SparseAdam else dense
    assert_resumes(tmp_path, make, optimizer=optimizer)


NUMBERS = [
    (np.cos, torch.optim.Adam, {"weight_decay": np.float64(1e-4)}),
    (lambda p: Fraction(1, 2), torch.optim.SGD, {"momentum": np.float32(0.9)}),
    (lambda p: torch.tensor(0.5), torch.optim.SGD, {"weight_decay": Fraction(1, 99)}),
    (lambda p: np.array(1), torch.optim.AdamW, {"betas": (np.float64(0.5), 0.9)}),
]


@pytest.mark.parametrize(("schedule", "optimizer", "options"), NUMBERS)
def test_numbers_of_every_kind_are_stored(tmp_path, schedule, optimizer, options):
    optimizer = functools.partial(optimizer, **options)
    average = Fraction(1, 2)
    assert_resumes(tmp_path, schedule=schedule, optimizer=optimizer, average=average)


class Masked(nn.Module):
    """Keeps what is not finite: a mask, one that is frozen, the least of what came."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        mask = torch.tensor([0.0, -math.inf]).repeat(5)
        self.register_buffer("mask", mask)
        self.frozen = nn.Parameter(mask.clone(), requires_grad=False)
        self.register_buffer("least", torch.tensor(0.0))
        self.out = nn.Linear(784, 10)

    def forward(self, X):
        self.least = self.least - math.inf
        return self.out(X.flatten(1)) * self.mask.softmax(0) * self.frozen.softmax(0)


@pytest.mark.parametrize("average", [None, 0.5])
def test_a_net_may_keep_what_is_not_finite(tmp_path, average):
    assert not assert_resumes(tmp_path, Masked, average=average)[1:]
    net, history = run(None, net=Masked, average=average)
    assert history.epochs[-1].val_loss < 3 and not weights(net).isnan().any()


class Grows(nn.Linear):
    """Keeps a buffer that grows, and one whose numbers stand for several."""

    def __init__(self, several=1):
        torch.manual_seed(7)
        super().__init__(784, 10)
        self.register_buffer("seen", torch.zeros(0))
        self.register_buffer("shift", torch.zeros(1).expand(several))

    def forward(self, X):
        self.seen = torch.cat([self.seen, X.mean()[None]])
        return super().forward(X.flatten(1)) + self.shift


def test_buffers_that_cannot_be_set_again_are_said(tmp_path):
    report = Heard()
    run(tmp_path / "run.pt", net=Grows, epochs=1, report=report)
    assert "changes the shape of the buffer seen, which no" in report.said[0]
    with pytest.raises(CheckpointError, match=r"cannot be set again.*leave out resume"):
        run(tmp_path / "other.pt", net=lambda: Grows(10))
    net, history = run(None, net=lambda: Grows(10), epochs=1)
    assert history.finished and len(net.seen) == 5 + 3 + 3


class Warmth(nn.Module):
    """A loss with a weight of its own."""

    def __init__(self):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(1.0))

    def forward(self, logits, y):
        return F.cross_entropy(logits * self.by, y)


def beside(loss):
    return lambda parameters, lr: torch.optim.Adam([*parameters, loss.by], lr=lr)


def test_weights_beside_the_net_are_stored(tmp_path):
    """In another process, and where net and loss are handed in again to go on."""
    path, ends = tmp_path / "run.pt", []
    for after in (None, 7):
        net, loss, report = dense(), Warmth(), Stop(after) if after else Heard()
        options = {"loss": loss, "optimizer": beside(loss)}
        torch.manual_seed(1)
        file = path if after else None
        quietly(net, splits(), resume=file, report=report, **options)
        if after:
            shutil.copy(path, tmp_path / "new.pt")
            quietly(net, splits(), resume=path, **options)
        ends.append((weights(net), loss.by.item()))
    new = Warmth()
    net = run(tmp_path / "new.pt", net=dense, loss=new, optimizer=beside(new))[0]
    ends.append((weights(net), new.by.item()))
    assert ends[0][1] == ends[1][1] == ends[2][1] != 1
    assert all(torch.equal(end, ends[0][0]) for end, _ in ends)
    warmer = Warmth()
    warmer.by.data.fill_(2)
    with pytest.raises(CheckpointError, match="beside the net's"):
        run(tmp_path / "new.pt", net=dense, loss=warmer, optimizer=beside(warmer))


class Drawing(nn.Linear):
    """Draws from NumPy and Python, counts in an attribute and beside its state."""

    def __init__(self):
        torch.manual_seed(7)
        super().__init__(784, 10)
        self.calls = 0
        self.register_buffer("warmth", torch.ones(()), persistent=False)

    def forward(self, X):
        self.calls += 1
        self.warmth *= 1.1
        drawn = np.random.rand() + random.random()
        return super().forward(X.flatten(1) * self.warmth * drawn)


def test_what_is_kept_goes_on_and_what_is_not_is_said(tmp_path):
    np.random.seed(0)
    said = assert_resumes(tmp_path, Drawing)
    assert "Training changes the net's calls, which no checkpoint stores" in said[0]
    assert len({*said}) == len(said) - 1  # once in each of the two runs


class Unpicklable(nn.Linear):
    def get_extra_state(self):
        return {"a picture": np.zeros(3)}

    def set_extra_state(self, state): ...


def with_option(option):
    return lambda p, lr: torch.optim.SGD([{"params": [*p], "rule": option}], lr=lr)


@pytest.mark.parametrize(
    ("make", "optimizer", "words"),
    [
        (lambda: nn.Sequential(nn.Flatten(), Unpicklable(784, 10)), Paced, "numpy"),
        (dense, with_option(smooth(0.1)), "lambda"),
        (dense, with_option(nn.ReLU), "ReLU"),
    ],
)
def test_what_could_not_be_read_again_is_said_first(tmp_path, make, optimizer, words):
    with pytest.raises(CheckpointError, match=rf"{words}.*resume=, and name= where"):
        run(tmp_path / "run.pt", net=make, optimizer=optimizer)
    assert not list(tmp_path.iterdir())


def test_a_run_whose_name_is_another_s_by_now_leaves_it_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path))

    class Meanwhile(Heard):
        def epoch(self, history):
            if len(history.epochs) == 1:
                (tmp_path / "checkpoints" / "a" / "b.pt").unlink()
                run(None, net=dense, seed=2, name="a/b")

    report = Meanwhile()
    assert run(None, net=dense, name="a/b", report=report)[1].finished
    assert "run 'a/b' is not stored" in report.said[-1]
    assert History.load(tmp_path / "a" / "b.json").seed == 2


def changed(path, **entries):
    state = torch.load(path, weights_only=True) | entries
    torch.save({k: v for k, v in state.items() if v is not None}, path)


#: What a kernel that updates all weights at once would follow beyond its memory.
HOSTILE = {
    "shapes": lambda kept, group: kept.update(exp_avg=torch.zeros(3)),
    "one number": lambda kept, group: kept.update(
        exp_avg=torch.zeros(1).expand(4, 1, 5, 5)
    ),
    "order": lambda kept, group: group["params"].reverse(),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The file of a run, for all who change it."""
    path = tmp_path_factory.mktemp("stored") / "run.pt"
    run(path)
    return path


@pytest.mark.parametrize(
    "entries",
    [
        {"net": {}},
        {"net": None},
        {"net": {"0.weight": torch.zeros(3)}},
        {"optimizer": {}},
        {"optimizer": {"state": {}, "param_groups": []}},
        {"random": {}},
        {"random": {"cpu": torch.zeros(3)}},
        {"random": None},
        {"scaler": 3},
        {"optimizer": "shapes"},
        {"optimizer": "one number"},
        {"optimizer": "order"},
        {"history": "{}"},
        {"history": "[" * 100_000},
        {"history": 3},
        {"content": []},
    ],
    ids=str,
)
def test_a_sound_file_with_another_content_changes_nothing(tmp_path, stored, entries):
    path = shutil.copy(stored, tmp_path / "run.pt")
    if isinstance(entries.get("optimizer"), str):
        optimizer = torch.load(path, weights_only=True)["optimizer"]
        HOSTILE[entries["optimizer"]](optimizer["state"][0], *optimizer["param_groups"])
        entries = {"optimizer": optimizer}
    changed(path, **entries)
    net = small_net()
    before = weights(net)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with pytest.raises(CheckpointError, match=r"run\.pt"):
        quietly(net, splits(), resume=path)
    assert torch.equal(weights(net), before)
    assert torch.equal(torch.get_rng_state(), state)


class Particular(nn.Linear):
    """Refuses what another has kept beside its weights."""

    def get_extra_state(self):
        return {"kind": 1}

    def set_extra_state(self, state):
        if state["kind"] != 1:
            raise ValueError("another kind")


def test_a_file_that_a_layer_refuses_leaves_the_others_as_they_were(tmp_path):
    def make():
        torch.manual_seed(7)
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 9), Particular(9, 10))

    path, net = tmp_path / "run.pt", make()
    run(path, net=make, epochs=1)
    state = torch.load(path, weights_only=True)["net"]
    changed(path, net={**state, "2._extra_state": {"kind": 2}})
    with pytest.raises(CheckpointError, match=r"damaged.*another kind"):
        run(path, net=lambda: net, epochs=1)
    assert torch.equal(net[1].weight, make()[1].weight)


def places(content, *above):
    """The keys that lead to each part of ``content``; generators have too many."""
    for key in content if isinstance(content, dict) else range(len(content)):
        yield (*above, key)
        if isinstance(content[key], (dict, list, tuple)) and len(content[key]) < 99:
            yield from places(content[key], *above, key)


GONE = object()


def replaced(content, way, other):
    """``content`` with ``other`` in one place, or without it where that is ``GONE``."""
    parts = dict(content) if isinstance(content, dict) else dict(enumerate(content))
    if len(way) > 1:
        other = replaced(parts[way[0]], way[1:], other)
    parts[way[0]] = other
    if other is GONE:
        del parts[way[0]]
    return parts if isinstance(content, dict) else type(content)(parts.values())


def others(value, way):
    """What may stand in the place of ``value`` and does not belong there."""
    yield from (GONE, "x", math.nan, torch.zeros(2, 3, 4))
    if isinstance(value, torch.Tensor) and value.ndim:
        yield value.new_ones(())
        yield value.new_ones(1).expand(value.shape)
        yield torch.full(value.shape, math.nan)
        yield value.float() if value.dtype == torch.float64 else value.double()
    if way[-1] in ("step", "exp_avg_sq", "lr", "key"):
        yield -value - 1


@pytest.mark.parametrize(
    "optimizer",
    [torch.optim.Adam, functools.partial(torch.optim.SGD, momentum=0.9, foreach=True)],
    ids=["fused", "foreach"],
)
def test_no_part_of_a_file_can_be_another(tmp_path, optimizer):
    path, options = tmp_path / "run.pt", {"optimizer": optimizer, "epochs": 1}
    run(path, net=dense, average=0.9, **options)
    state = torch.load(path, weights_only=True)
    history = History.from_json(state.pop("history"))
    del state["content"], state["digest"]
    made = Run(Forward(dense(), splits().train, FP32), optimizer, 0.01, 0.9)
    before = str(made.state_dict())
    assert fitted(state, history, made)["net"].keys() == state["net"].keys()
    del state["infinite"]
    for way in places(state):
        for other in others(functools.reduce(operator.getitem, way, state), way):
            hostile = {**replaced(state, way, other), "infinite": []}
            with pytest.raises(Exception, match=r"."):
                fitted(hostile, history, made)
                print(f"accepted: {way}: {other}")
    assert str(made.state_dict()) == before


@pytest.mark.parametrize("option", ["pace", "kind", "late"])
def test_what_an_optimizer_of_somebody_s_own_keeps_may_grow(tmp_path, option):
    """And nothing else may happen to it."""
    path, options = tmp_path / "run.pt", {"optimizer": Paced, "epochs": 2}
    run(path, net=dense, report=Stop(6), **options)
    optimizer = torch.load(path, weights_only=True)["optimizer"]
    place = optimizer["state"][0] if option == "late" else optimizer["param_groups"][0]
    place[option] = torch.zeros(3) if option == "late" else "x"
    shutil.copy(path, tmp_path / "other.pt")
    changed(tmp_path / "other.pt", optimizer=optimizer)
    with pytest.raises(CheckpointError, match="damaged"):
        run(tmp_path / "other.pt", net=dense, **options)
    whole, resumed = (run(file, net=dense, **options)[0] for file in (None, path))
    assert torch.equal(weights(whole), weights(resumed))


@pytest.mark.parametrize("part", ["history", "digest", "content", "infinite", None])
def test_a_file_of_another_form_is_told(tmp_path, stored, part):
    path = shutil.copy(stored, tmp_path / "run.pt")
    if part:
        changed(path, **{part: None})
    else:
        torch.save([small_net().state_dict()], path)
    with pytest.raises(CheckpointError, match=r"run\.pt is not a checkpoint .* delete"):
        run(path)


@pytest.mark.parametrize("part", [(), ("epochs", 0)])
def test_a_run_of_a_newer_version_is_not_damaged(tmp_path, stored, part):
    path = shutil.copy(stored, tmp_path / "run.pt")
    values = json.loads(torch.load(path, weights_only=True)["history"])
    functools.reduce(operator.getitem, part, values)["later"] = 1
    changed(path, history=json.dumps(values), digest=fingerprint(json.dumps(values)))
    with pytest.raises(CheckpointError, match=r"newer .*'later'.*: update d2l") as said:
        run(path)
    assert "delete" not in str(said.value) and str(path) in str(said.value)


@pytest.mark.parametrize("epochs", ["[]", '[{"loss": null}, {}]', "[{}, {}, {}]"])
def test_a_history_that_no_run_has_is_refused(tmp_path, stored, epochs):
    path = shutil.copy(stored, tmp_path / "run.pt")
    values = json.loads(torch.load(path, weights_only=True)["history"])
    first = values["epochs"][0]
    values["epochs"] = [{**first, **epoch} for epoch in json.loads(epochs)]
    text = json.dumps(values)
    changed(path, history=text)
    with pytest.raises(CheckpointError, match="damaged"):
        run(path)
    changed(path, history=text, digest=fingerprint(text))
    with pytest.raises(CheckpointError, match="damaged"):
        run(path)


def test_a_tensor_of_more_numbers_than_it_holds_is_never_looked_at(
    tmp_path, stored, monkeypatch
):
    path = shutil.copy(stored, tmp_path / "run.pt")
    seen, look, state = [], torch.isfinite, torch.load(path, weights_only=True)
    monkeypatch.setattr(torch, "isfinite", lambda X: seen.append(X.numel()) or look(X))
    many = torch.zeros(1).expand(2**24)
    for part, name in (("net", "0.weight"), ("random", "more")):
        changed(path, **{part: {**state[part], name: many}})
        with pytest.raises(CheckpointError, match="damaged"):
            run(path)
    assert max(seen, default=0) < 2**24


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    path = tmp_path / "run.pt"
    net = run(path)[0]
    net[0].weight.data.fill_(torch.nan)
    changed(path, net=net.state_dict())
    with pytest.raises(CheckpointError, match="damaged"):
        run(path)


def test_a_file_that_unpacks_to_more_than_itself_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    run(path)
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for i, part in enumerate(old.infolist()):
            more = bytes(10_000_000 * (i == 0))
            new.writestr(part.filename, old.read(part) + more)
    path.write_bytes(packed.getvalue())
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        run(path)


@pytest.mark.parametrize("resume", [None, "x.pt"])
@pytest.mark.parametrize("name", ["n" * 300, "a/" * 600 + "b", "a:b"])
def test_a_name_is_refused_before_the_first_epoch(tmp_path, monkeypatch, name, resume):
    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path / "runs"))
    file = resume and tmp_path / resume
    with pytest.raises(ValueError, match=r"^name is .*D2LMINI_RUNS.*: (give|use)"):
        quietly(small_net(), splits(), name=name, resume=file)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../out", "a/../../b", "/abs", "a:b", "", "a//b"])
def test_a_name_stays_in_the_folder_of_runs(tmp_path, monkeypatch, name):
    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path / "runs"))
    if name:
        with pytest.raises(ValueError, match="names files in D2LMINI_RUNS"):
            quietly(small_net(), splits(), name=name)
    else:
        quietly(small_net(), splits(), name=name)
    assert not list(tmp_path.iterdir())
