"""Training repeats, resumes, measures and stops as it says."""

import base64
import dataclasses
import functools
import math
import os
import signal
import subprocess
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from samples import FP32, Heard, quietly, small_net, splits, weights
from torch import nn

from d2lmini import evaluate, mode, nets, predict, schedules
from d2lmini.device import best_precision
from d2lmini.nets import trained
from d2lmini.training.average import Average
from d2lmini.training.checkpoint import Checkpoint, CheckpointError
from d2lmini.training.forward import Forward
from d2lmini.training.history import History, Newer
from d2lmini.training.report import Silent
from d2lmini.training.run import Run, Tally
from tests import kernels


def test_one_epoch_equals_a_loop_written_out():
    """The oracle: textbook SGD in float32, no helper of ours."""
    data, net, twin = splits(), small_net(), small_net()
    net.pop(4), twin.pop(4)  # dropout draws differ in order
    options = {"lr": 0.1, "optimizer": torch.optim.SGD, "schedule": schedules.constant}
    quietly(net, data, epochs=1, **options)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    data.train.epoch = 0
    for X, y in data.train:
        optimizer.zero_grad()
        F.cross_entropy(twin(X), y).backward()
        optimizer.step()
    torch.testing.assert_close(weights(net), weights(twin), rtol=1e-5, atol=1e-6)


def test_learns_an_easy_task():
    data, net = splits(400, batch_size=32), small_net()
    history = quietly(net, data, epochs=4)
    assert history.epochs[0].loss > history.epochs[-1].loss
    assert history.test_accuracy > 0.9


def test_same_seed_same_weights_and_another_order_other_weights():
    def run(seed: int) -> torch.Tensor:
        net = small_net()
        torch.manual_seed(0)
        quietly(net, splits(seed=seed))
        return weights(net)

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_evaluate_against_brute_force():
    data, net = splits(), small_net().eval()
    loss, accuracy = evaluate(net, data.val, precision=FP32)
    X = data.val.images.images.double() / 255
    logits = net.double()(X)
    y = data.val.images.labels
    assert loss == pytest.approx(F.cross_entropy(logits, y).item(), abs=1e-5)
    assert accuracy == pytest.approx((logits.argmax(1) == y).double().mean().item())


def test_evaluation_leaves_the_net_as_it_was():
    data, net = splits(), small_net().train()
    before = weights(net)
    evaluate(net, data.val)
    assert net.training
    assert torch.equal(weights(net), before)
    assert not any(logits.requires_grad for logits, _ in predict(net, data.val))


@pytest.mark.parametrize(
    "schedule", [schedules.constant, schedules.cosine, schedules.one_cycle]
)
def test_schedules_stay_within_zero_and_one(schedule):
    values = [schedule(i / 1000) for i in range(1001)]
    assert min(values) >= 0 and max(values) <= 1
    assert max(values) == pytest.approx(1, abs=1e-3)


def test_a_schedule_falls_and_warms_up_along_a_cosine():
    assert schedules.cosine(1 / 3) == pytest.approx(0.75)
    quarter = 0.04 + 0.96 * (1 - math.sqrt(0.5)) / 2
    assert schedules.one_cycle(0.25 * 0.3) == pytest.approx(quarter)


def test_one_cycle_rises_then_falls():
    values = [schedules.one_cycle(i / 100) for i in range(101)]
    top = values.index(max(values))
    assert top == 30
    assert values[:31] == sorted(values[:31])
    assert values[30:] == sorted(values[30:], reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-9)


def test_schedule_sees_progress_from_zero_to_one():
    seen = []
    quietly(small_net(), splits(), schedule=lambda p: seen.append(p) or 1.0)
    assert seen == [pytest.approx(i / 10) for i in range(10)]


class Trace(Silent):
    """Keeps the weights after every step."""

    def __init__(self, net: nn.Module) -> None:
        self.net, self.steps = net, []

    def batch(self, epoch: int, done: int) -> None:
        self.steps.append(weights(self.net))


def averaged(steps: list[torch.Tensor], decay: float) -> torch.Tensor:
    """The oracle: the recursion, in float64, over the trace of the same run."""
    mean, *others = steps
    for step in others:
        mean = decay * mean + (1 - decay) * step
    return mean


def test_the_average_is_that_of_the_weights_after_each_step():
    net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))
    trace = Trace(net)
    data, decay = splits(160), 0.8
    history = quietly(net, data, average=decay, report=trace)
    mean = averaged(trace.steps, decay)
    torch.testing.assert_close(weights(net), mean, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(mean, trace.steps[-1], rtol=1e-3)
    loss, accuracy = evaluate(net, data.test, precision=FP32)
    assert (history.test_loss, history.test_accuracy) == (loss, accuracy)
    assert history.epochs[-1].val_loss == evaluate(net, data.val, precision=FP32)[0]


def test_the_average_keeps_whole_numbers_and_statistics_sane():
    """Batch normalisation counts its batches in an integer buffer."""
    net = small_net()
    quietly(net, splits(160), average=0.5)
    assert net[1].num_batches_tracked.dtype == torch.long
    assert bool((net[1].running_var > 0).all())


@pytest.mark.parametrize("average", [None, 0.5])
def test_the_next_pass_follows_from_the_epochs_trained(tmp_path, average):
    for _ in ("trained", "read again"):
        data = splits()
        data.train.epoch = 7
        torch.manual_seed(0)
        quietly(small_net(), data, average=average, resume=tmp_path / "run.pt")
        assert data.train.epoch == 2


def test_an_averaged_net_keeps_its_momentum_and_what_is_frozen():
    net = small_net()
    quietly(net, splits(), epochs=1, average=0.5)
    assert net[1].momentum == 0.1
    net[1].eval()
    before = net[1].running_mean.clone()
    quietly(net, splits(), epochs=1, average=0.5)
    assert torch.equal(net[1].running_mean, before)


def test_statistics_are_averaged_like_weights():
    norm = nn.BatchNorm1d(2)
    average = Average(norm, 0.75)
    for mean in (4, 8):  # with the first of them it begins
        norm.running_mean.fill_(mean)
        average.update()
    assert average.net.running_mean.tolist() == [5, 5]


@torch.no_grad()
def test_an_averaged_net_normalises_by_statistics_of_its_own():
    """The oracle: mean and variance of what its convolution gives, batch by batch."""
    net, data = small_net(), splits(160)
    with torch.enable_grad():
        quietly(net, data, average=0.9)
    data.train.epoch = 0
    given = [net[0](X) for X, _ in data.train]
    mean = torch.stack([Y.mean(dim=(0, 2, 3)) for Y in given]).mean(dim=0)
    variance = torch.stack([Y.var(dim=(0, 2, 3)) for Y in given]).mean(dim=0)
    torch.testing.assert_close(net[1].running_mean, mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net[1].running_var, variance, rtol=1e-4, atol=1e-5)


class Interrupt(Silent):
    """Stands for the user: presses Ctrl-C in the second epoch."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def batch(self, epoch: int, done: int) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    def say(self, text: str) -> None:
        self.said.append(text)


def test_ctrl_c_returns_the_epochs_so_far():
    report = Interrupt()
    history = quietly(small_net(), splits(), epochs=3, report=report)
    assert len(history.epochs) == 1
    assert f"{history.test_accuracy:.4f}" == "nan" and not history.finished
    assert report.said == ["Stopped by hand after 1 of 3 epochs."]


class Stopped(Trace):
    """Presses Ctrl-C after the first step of the second epoch."""

    def batch(self, epoch: int, done: int) -> None:
        super().batch(epoch, done)
        if epoch == 1:
            raise KeyboardInterrupt


def test_ctrl_c_leaves_the_averaged_net():
    net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))
    stopped = Stopped(net)
    quietly(net, splits(), average=0.8, report=stopped)
    mean = averaged(stopped.steps, 0.8)
    torch.testing.assert_close(weights(net), mean, rtol=1e-5, atol=1e-6)


def test_ctrl_c_while_the_last_files_are_written_is_heard(monkeypatch):
    """And the averaged net keeps the statistics that it was measured with."""
    net, pressed, report = small_net(), small_net(), Listen()
    for made in (net, pressed):
        made.pop(4)  # dropout
    quietly(net, splits(), epochs=1, average=0.9)
    pressing = lambda *given: os.kill(os.getpid(), signal.SIGINT)  # noqa: E731
    monkeypatch.setattr(Checkpoint, "keep", pressing)
    history = quietly(pressed, splits(), epochs=1, average=0.9, report=report)
    assert history.finished
    assert report.said == ["Stopped by hand after 1 of 1 epochs."]
    assert torch.equal(weights(pressed), weights(net))


@pytest.mark.parametrize("options", [{}, {"average": 0.9}], ids=["plain", "average"])
def test_resume_after_an_interrupt_is_bit_identical(tmp_path, options):
    whole, parts = small_net(), small_net()
    torch.manual_seed(3)
    expected = quietly(whole, splits(), epochs=3, **options)
    torch.manual_seed(3)
    state = tmp_path / "run.pt"
    quietly(parts, splits(), epochs=3, resume=state, report=Interrupt(), **options)
    again = small_net()
    torch.manual_seed(3)
    torch.rand(5)  # the file knows better how far the draws have come
    history = quietly(again, splits(), epochs=3, resume=state, **options)
    assert torch.equal(weights(again), weights(whole))
    assert [e.loss for e in history.epochs] == [e.loss for e in expected.epochs]
    assert history.test_accuracy == expected.test_accuracy


class Tell(Silent):
    """Say each batch that is done."""

    def batch(self, epoch, done):
        print(epoch, done, flush=True)


def _run(state: Path) -> torch.Tensor:
    """Twelve epochs, kept in ``state`` and continued from there; the weights."""
    net = small_net()
    torch.manual_seed(3)
    quietly(net, splits(160), epochs=12, resume=state, report=Tell())
    return weights(net)


def _killed(state: Path, moment: str) -> None:
    """The same in a process of its own, which dies when it says ``moment``."""
    folders = [str(Path(__file__).parents[i]) for i in (1, 0, 3)]
    text = (
        "import os, sys; print(os.getpid(), flush=True); "
        f"sys.path[:0] = {folders!r}; from pathlib import Path; "
        f"from {Path(__file__).stem} import _run; _run(Path({str(state)!r}))"
    )
    process = subprocess.Popen(
        [*kernels.PYTHON, "-c", text], stdout=subprocess.PIPE, encoding="utf-8"
    )
    number = int(process.stdout.readline())
    for line in process.stdout:
        if line.strip() == moment:
            os.kill(number, signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL


def test_a_killed_run_resumes_bit_identically(tmp_path):
    """SIGKILL in the first epoch and in a later one."""
    whole, state = _run(tmp_path / "never.pt"), tmp_path / "state.pt"
    for moment in ("0 7", "4 13"):
        _killed(state, moment)
    assert torch.equal(_run(state), whole)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": 0.02}, r"lr is 0\.01 there and 0\.02 here"),
        ({"epochs": 3}, "epochs is 2 there and 3 here"),
        ({"optimizer": torch.optim.SGD}, "optimizer is Adam there and SGD here"),
        (
            {"optimizer": functools.partial(torch.optim.Adam, eps=0.1)},
            r"Adam\(eps=0\.1\)",
        ),
        ({"schedule": lambda p: 0.5}, "schedule is one_cycle"),
        ({"precision": torch.bfloat16}, "precision"),
        ({"average": 0.9}, r"average is None there and 0\.9 here"),
    ],
)
def test_another_recipes_file_is_refused_by_name(tmp_path, change, words):
    state = tmp_path / "run.pt"
    quietly(small_net(), splits(), resume=state)
    content = state.read_bytes()
    net = small_net()
    before = weights(net)
    with pytest.raises(CheckpointError, match=words) as caught:
        quietly(net, splits(), resume=state, **change)
    assert "run.pt" in str(caught.value)
    assert state.read_bytes() == content
    assert torch.equal(weights(net), before)


def test_another_nets_or_datas_file_is_refused(tmp_path):
    state = tmp_path / "run.pt"
    quietly(small_net(), splits(), resume=state)
    with pytest.raises(CheckpointError, match="examples is 40 there and 48 here"):
        quietly(small_net(), splits(48), resume=state)
    other = small_net()
    other[1] = nn.Identity()
    with pytest.raises(CheckpointError, match="parameters"):
        quietly(other, splits(), resume=state)


@pytest.mark.parametrize("where", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_flipped_bit_is_noticed(tmp_path, where):
    state = tmp_path / "run.pt"
    quietly(small_net(), splits(), resume=state)
    content = bytearray(state.read_bytes())
    content[int(where * len(content))] ^= 0x10
    state.write_bytes(content)
    try:
        quietly(small_net(), splits(), resume=state)
    except CheckpointError as error:
        assert "run.pt" in str(error)
    else:  # the bit lay in padding between the parts: nothing was lost
        assert _parts(bytes(content)) == _parts(_good(tmp_path))


def _good(tmp_path: Path) -> bytes:
    state = tmp_path / "good.pt"
    quietly(small_net(), splits(), resume=state)
    return state.read_bytes()


def _parts(content: bytes) -> int:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return len(archive.namelist())


@pytest.mark.parametrize("harm", [b"", b"not a checkpoint", "truncate"])
def test_a_damaged_file_is_refused_by_name(tmp_path, harm):
    state = tmp_path / "run.pt"
    quietly(small_net(), splits(), resume=state)
    content = state.read_bytes()
    state.write_bytes(content[: len(content) // 2] if harm == "truncate" else harm)
    with pytest.raises(CheckpointError, match=r"run\.pt is damaged.*delete it"):
        quietly(small_net(), splits(), resume=state)


def test_a_pickle_with_code_is_never_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "owned",))

    torch.save({"history": Evil()}, tmp_path / "run.pt")
    with pytest.raises(CheckpointError):
        quietly(small_net(), splits(), resume=tmp_path / "run.pt")
    assert not (tmp_path / "owned").exists()


def test_nothing_is_left_beside_the_file(tmp_path):
    quietly(small_net(), splits(), resume=tmp_path / "run.pt")
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]


class Small(nn.Module):
    """A net for which memory runs out above ``limit`` images."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit, self.sizes = limit, []
        torch.manual_seed(5)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    def forward(self, X):
        self.sizes.append(len(X))
        if self.training and len(X) > self.limit:
            raise torch.OutOfMemoryError("pretended")
        return self.layers(X)


class Listen(Interrupt):
    def batch(self, epoch: int, done: int) -> None: ...


def test_out_of_memory_works_in_pieces_with_the_same_gradient():
    options = {"optimizer": torch.optim.SGD, "lr": 0.1}
    roomy, tight, report = Small(100), Small(3), Listen()
    quietly(roomy, splits(42), **options)
    history = quietly(tight, splits(42), report=report, **options)
    torch.testing.assert_close(weights(roomy), weights(tight), rtol=1e-5, atol=1e-6)
    assert len(report.said) == 1 and "does not fit" in report.said[0]
    assert max(tight.sizes[3:10]) <= 3  # found once, kept
    assert len(history.epochs) == 2


@pytest.mark.parametrize(
    "loss",
    [
        lambda logits, y: F.cross_entropy(logits, y.flip(0)),
        functools.partial(F.cross_entropy, weight=2.0 ** torch.arange(10)),
        functools.partial(F.cross_entropy, reduction="sum"),
    ],
    ids=["mixed", "weighted", "sum"],
)
def test_a_loss_in_which_pictures_meet_is_not_made_of_pieces(loss):
    net = Small(4)
    before = weights(net)
    with pytest.raises(ValueError, match=r"A batch of 8 does not .* its pieces is a d"):
        quietly(net, splits(8), loss=loss)
    assert torch.equal(weights(net), before)


def masked(logits, y):
    logits[:, 9] = -1e4
    return F.cross_entropy(logits, y)


@pytest.mark.parametrize(
    "loss",
    [masked, lambda logits, y: F.cross_entropy(F.dropout(logits, 0.1), y)],
    ids=["writes into its logits", "draws"],
)
def test_any_other_loss_is_made_of_pieces(loss):
    history = quietly(Small(4), splits(8), loss=loss)
    assert len(history.epochs) == 2


def test_to_compare_pieces_with_their_batch_draws_nothing():
    def loss(logits, y):
        return F.cross_entropy(logits, y) * torch.rand(())

    forward, (X, y) = Forward(Small(4), splits().train), next(iter(splits().train))
    run, forward.pieces = Run(forward, torch.optim.SGD, 0.1), 2
    torch.manual_seed(0)
    run.gradients(X, y, loss, Tally(run.device))
    drawn = torch.rand(())
    torch.manual_seed(0)
    assert drawn == torch.rand(3)[-1]  # one for each piece came before


def test_a_loss_that_is_no_number_in_pieces_has_its_own_sentence():
    def loss(logits, y):
        return F.cross_entropy(logits / 0, y)

    with pytest.raises(ValueError, match="The loss became nan"):
        quietly(Small(4), splits(8), loss=loss)


def test_out_of_memory_for_one_image_is_raised():
    with pytest.raises(torch.OutOfMemoryError):
        quietly(Small(0), splits())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": 0}, "lr.*above 0, not 0"),
        ({"lr": -0.1}, r"lr.*above 0, not -0\.1"),
        ({"lr": math.nan}, "lr.*not nan"),
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        (
            {"average": 1.0},
            r"average must be a finite number .* below 1, such as 0\.998, not 1",
        ),
    ],
)
def test_impossible_recipe(options, words):
    with pytest.raises(ValueError, match=words):
        quietly(small_net(), splits(), **options)


def test_nan_stops_with_the_epoch_and_the_remedy():
    with pytest.raises(ValueError, match=r"loss became (nan|inf) in epoch 1.*below"):
        quietly(small_net(), splits(), lr=1e30, optimizer=torch.optim.SGD)


@pytest.mark.parametrize(
    ("net", "resize", "words"),
    [
        (nets.lenet(), 16, r"\(1, 16, 16\).*64 features reach layer 7.*takes 400"),
        (nets.lenet(), 4, r"only 2×2 pixels.*layer 3"),
        (nets.lenet(in_channels=3), None, r"1 channels reach layer 0.*takes 3"),
    ],
)
def test_misfit_names_the_layer(net, resize, words):
    data = splits(resize=resize)
    for measure in (quietly, lambda n, d: evaluate(n, d.train)):
        with pytest.raises(ValueError, match=words):
            measure(net, data)


@pytest.mark.parametrize("word", ["0", "", "False", "no", "OFF"])
def test_quick_mode_can_be_declined_in_words(word):
    assert not mode.quick({"D2LMINI_QUICK": word})


def test_quick_mode_runs_one_epoch_and_says_so(monkeypatch):
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    history = quietly(small_net(), splits(), epochs=9)
    assert len(history.epochs) == 1
    assert "quick mode" in history.origin


def test_runs_folder_keeps_named_runs_only(tmp_path, monkeypatch):
    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path))
    quietly(small_net(), splits())
    assert not list(tmp_path.iterdir())
    net, twin = small_net(), small_net()
    history = quietly(net, splits(), name="mini")
    assert History.load(tmp_path / "mini.json") == history
    trained.read(twin, tmp_path / "weights" / "mini.npz")
    torch.testing.assert_close(weights(twin), weights(net), rtol=1e-3, atol=1e-6)
    assert (tmp_path / "checkpoints" / "mini.pt").exists()


def test_runs_at_home_are_kept_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("D2LMINI_RUNS", "~/runs")
    history = quietly(small_net(), splits(), epochs=1, name="mini")
    assert History.load("~/runs/mini.json") == history
    assert (tmp_path / "runs" / "checkpoints" / "mini.pt").exists()
    history.save("~/again.json")
    assert History.load(tmp_path / "again.json") == history
    monkeypatch.setenv("D2LMINI_RUNS", "~nobody-there/runs")
    with pytest.raises(ValueError, match=r"^D2LMINI_RUNS is .*, in nobody's home: "):
        quietly(small_net(), splits(), name="mini")
    quietly(small_net(), splits(), resume=tmp_path / "unnamed.pt")  # kept elsewhere


def test_what_is_kept_of_a_run_is_said_file_by_file(tmp_path, monkeypatch):
    class More(nn.Linear):
        def get_extra_state(self):
            return {"seen": 1}

        def set_extra_state(self, state):
            pass

    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path))
    heard = Heard()
    net = nn.Sequential(nn.Flatten(), More(784, 10))
    quietly(net, splits(), epochs=1, name="mini", report=heard)
    assert heard.said[-1].startswith("The history of 'mini' is stored in")
    assert "its weights are not: 1._extra_state of the net is a dict" in heard.said[-1]
    assert sorted(f.name for f in tmp_path.iterdir()) == ["checkpoints", "mini.json"]


def test_quick_mode_never_replaces_a_stored_run(tmp_path, monkeypatch):
    monkeypatch.setenv("D2LMINI_RUNS", str(tmp_path))
    monkeypatch.setenv("D2LMINI_QUICK", "1")
    quietly(small_net(), splits(), name="mini")
    assert not list(tmp_path.iterdir())


def test_half_precision_agrees_with_float32():
    data, exact, rough = splits(400, batch_size=32), small_net(), small_net()
    quietly(exact, data, epochs=3)
    history = quietly(rough, data, epochs=3, precision=torch.bfloat16)
    assert history.precision == "bfloat16"
    assert abs(evaluate(exact, data.test)[0] - evaluate(rough, data.test)[0]) < 0.15


def test_history_survives_json(tmp_path):
    history = quietly(small_net(), splits())
    assert History.from_json(history.to_json()) == history
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.json"):
        History.load(tmp_path / "bad.json")
    newer = history.to_json().replace('"seed"', '"more": 1, "seed"', 1)
    (tmp_path / "new.json").write_text(newer, encoding="utf-8")
    with pytest.raises(Newer, match=r"new\.json: a newer d2lmini"):
        History.load(tmp_path / "new.json")
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name, reason in (("none", "No such file"), (".", "Is a"), ("bytes", "codec")):
        words = rf"cannot be read .*{reason}.*: give a file that History\.save has"
        with pytest.raises(ValueError, match=words):
            History.load(tmp_path / name)


def test_an_unknown_number_of_an_epoch_survives_json(tmp_path):
    history = quietly(small_net(), splits(), epochs=1)
    unknown = dataclasses.replace(history.epochs[0], loss=math.nan)
    history.epochs = [unknown]
    assert "NaN" not in history.to_json()
    (again,) = History.from_json(history.to_json()).epochs
    assert math.isnan(again.loss) and again.val_loss == unknown.val_loss


def test_a_history_keeps_what_was_answered(tmp_path):
    net, data = small_net(), splits(160)
    history = quietly(net, data)
    history.save(tmp_path / "run.json")
    answered = History.load(tmp_path / "run.json").answered()
    expected = [logits.argmax(1) for logits, _ in predict(net, data.test)]
    assert torch.equal(answered, torch.cat(expected))
    right = (answered == data.test.images.labels).double().mean()
    assert history.test_accuracy == pytest.approx(float(right))
    history.answers = ""
    with pytest.raises(ValueError, match="did not keep its answers"):
        history.answered()


def test_answers_of_a_shuffled_test_set_are_not_kept():
    """Nobody would know whose they are."""
    data = splits()
    data.test.shuffle = True
    history = quietly(small_net(), data, epochs=1)
    assert history.finished and not history.answers


def test_answers_that_are_too_many_or_cut_short_are_damaged(monkeypatch):
    history = History("x", {}, "CPU", 0, {})
    history.keep_answers([torch.arange(256)])
    assert torch.equal(history.answered(), torch.arange(256))
    whole = base64.b64decode(history.answers)
    bomb, none = zlib.compress(bytes(10**6)), zlib.compress(b"")
    monkeypatch.setattr("d2lmini.training.history.MOST_ANSWERS", 256)
    assert len(history.answered()) == 256
    for content in (bomb, none, whole[:-9], whole[:-1], b"answers"):
        history.answers = base64.b64encode(content).decode()
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"answers of the run 'x' are damaged"):
            history.answered()
        assert tracemalloc.get_traced_memory()[1] < 10**5
        tracemalloc.stop()
    history.answers = ""
    history.keep_answers([torch.tensor([3, -1])])  # of which one is no class
    assert history.answers == ""
    history.keep_answers([torch.zeros(257).long()])  # could not be read again
    assert not history.answers


def test_history_tells_what_was_measured():
    history = quietly(small_net(), splits())
    assert history.versions["torch"] == torch.__version__
    assert all(
        e.examples_per_second * e.seconds == pytest.approx(40) for e in history.epochs
    )
    assert f"test accuracy {history.test_accuracy:.4f}" in history.table()
    assert "s" not in history.table().split("\n")[1]


def test_training_reads_the_device_once_an_epoch(monkeypatch):
    """No ``.item()``, ``.tolist()`` or ``float(...)`` inside the batch loop."""
    reads = []
    for name in ("item", "tolist", "__float__", "__bool__", "numpy"):
        original = getattr(torch.Tensor, name)

        def counted(self, *args, _original=original, _name=name):
            reads.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)
    quietly(small_net(), splits(80), epochs=1)
    few = len(reads)
    reads.clear()
    quietly(small_net(), splits(400), epochs=1)
    assert len(reads) == few


def test_a_bar_costs_little():
    """The reporter is called for each batch, so that it must not draw."""
    from d2lmini.training.report import Terminal

    report = Terminal()
    begun = time.perf_counter()
    for i in range(10_000):
        report.batch(0, i)
    assert time.perf_counter() - begun < 1


def test_precision_of_the_cpu_is_half_or_single():
    assert best_precision(torch.device("cpu")) in (torch.bfloat16, torch.float32)


@pytest.mark.parametrize(
    ("capability", "wanted"),
    [
        ((9, 0), "bfloat16"),
        ((8, 0), "bfloat16"),
        ((7, 5), "float16"),
        ((6, 1), "float32"),
    ],
)
def test_precision_follows_the_compute_capability(monkeypatch, capability, wanted):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    chosen = best_precision(torch.device("cuda"))
    assert chosen == getattr(torch, wanted)


def test_without_a_warm_up_the_peak_comes_first():
    assert schedules.one_cycle(0.0, 0) == 1
    assert schedules.one_cycle(0.0, 1) == pytest.approx(0.04)
    assert schedules.one_cycle(0.999, 1) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("warm_up", [0.05, 0.3, 0.9])
def test_one_cycle_peaks_where_its_warm_up_ends(warm_up):
    values = [schedules.one_cycle(i / 1000, warm_up) for i in range(1001)]
    peak = round(1000 * warm_up)
    assert values[0] == pytest.approx(0.04) and values[peak] == pytest.approx(1)
    assert values[:peak] == sorted(values[:peak])
    assert values[peak:] == sorted(values[peak:], reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-6)
