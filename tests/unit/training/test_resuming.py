"""A run goes on only as itself; a disk that fails is found before the first epoch."""

import functools
import io
import os
import shutil
import signal
import zipfile

import pytest
import torch
import torch.nn.functional as F
from samples import quietly, small_net, splits, weights
from torch import nn

from d2lmini import History, report, schedules
from d2lmini.data import Batches, Splits
from d2lmini.training.checkpoint import CheckpointError


class Heard(report.Silent):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


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
    report, steps = Stop(7), []
    for _ in range(6):
        history = quietly(net, splits(), resume=path, report=report, **options)
        steps.append(len(history.epochs))
        if history.finished:
            break
        report = Stop(6)
    assert steps == [1, 2, 3, 4] and history.finished
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


def test_a_full_disk_is_found_before_the_first_epoch(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CheckpointError, match=r"run\.pt needs 0 MB, and 0 MB are free"):
        run(tmp_path / "run.pt")
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


def changed(path, **entries):
    state = torch.load(path, weights_only=True) | entries
    torch.save({k: v for k, v in state.items() if v is not None}, path)


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
        {"history": "{}"},
        {"history": "[" * 100_000},
        {"history": 3},
        {"content": []},
        {"content": None},
        {"history": None},
    ],
    ids=str,
)
def test_a_sound_file_with_another_content_changes_nothing(tmp_path, entries):
    path = tmp_path / "run.pt"
    run(path)
    if entries.get("optimizer") == "shapes":  # a fused kernel would write beyond
        entries = {"optimizer": torch.load(path, weights_only=True)["optimizer"]}
        entries["optimizer"]["state"][0]["exp_avg"] = torch.zeros(3)
    changed(path, **entries)
    net = small_net()
    before = weights(net)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with pytest.raises(CheckpointError, match=r"run\.pt"):
        quietly(net, splits(), resume=path)
    assert torch.equal(weights(net), before)
    assert torch.equal(torch.get_rng_state(), state)


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
        for part in old.infolist():
            new.writestr(part.filename, old.read(part) + bytes(10_000_000))
    path.write_bytes(packed.getvalue())
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        run(path)


@pytest.mark.parametrize("name", ["../out", "a/../../b", "/abs", "a:b", "", "a//b"])
def test_a_name_stays_in_the_folder_of_runs(tmp_path, monkeypatch, name):
    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path / "runs"))
    if name:
        with pytest.raises(ValueError, match="names files in D2LMINI_RUNS"):
            quietly(small_net(), splits(), name=name)
    else:
        quietly(small_net(), splits(), name=name)
    assert not list(tmp_path.iterdir())
