"""Several processes train what one trains, and end together.

torchrun is really started, twice: with the script of the guide and many trainings after
it, whose outcomes are compared with those made here; and with one that never ends.
"""

import contextlib
import functools
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import together
import torch
import torch.distributed as dist
import torch.nn.functional as F
import yaml
from samples import image_set, splits
from torch import nn
from torch.distributed.run import get_args_parser

import d2lmini.data
from d2lmini import History, nets, setup
from d2lmini.data import Batches
from d2lmini.device import place
from d2lmini.training import meeting
from d2lmini.training.forward import Forward
from d2lmini.training.meeting import is_lost, meet, why_lost
from d2lmini.training.normalising import OverAll, normalising_together
from d2lmini.training.processes import Group
from d2lmini.training.run import Run, Tally
from tests import kernels

GUIDE = Path(__file__).parents[3] / "book" / "guide" / "larger.md"
LIMIT = 300  # seconds for what takes ten on a quiet machine
ALIKE = ("plain", "averaged", "idle", "stored", "continued", "elsewhere")


def script():
    """The one that the guide shows."""
    return re.search(
        r"```python\n(# train.py\n.*?)```", GUIDE.read_text("utf-8"), re.S
    )[1]


#: As ``python together.py …``: a fork has imported the package under another parent.
PROGRAM = f"""
import os, runpy, sys
sys.path[:0] = {[path for path in sys.path if path]!r}
from d2lmini.training import processes
processes._LAUNCHER = os.getppid()
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@contextlib.contextmanager
def torchrun(folder, *options, script=()):
    """torchrun with two processes of ``together.py``; ended afterwards.

    All three, and those that are started again, have imported PyTorch already.
    """
    with (folder / "said").open("w", encoding="utf-8") as said:
        started = subprocess.Popen(
            [
                *(*kernels.PYTHON, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", "2", "--log-dir", str(folder), *options),
                *("--no-python", *kernels.PYTHON, "-c", PROGRAM),
                *(together.__file__, str(folder), *script),
            ],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            yield started
        finally:
            if started.poll() is None:
                started.terminate()
            started.wait(LIMIT)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder, and what came of each training in two processes and in one."""
    folder = tmp_path_factory.mktemp("processes")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    (folder / "train.py").write_text(script(), encoding="utf-8")
    alone = {"stored": together.stored(folder / "one.pt", folder / "one-half.pt")}
    with torchrun(folder, script=["train.py"]) as started:
        assert started.wait(LIMIT) == 0, (folder / "said").read_text("utf-8")
    for name in ("plain", "averaged", "idle", "lower", "elsewhere"):
        alone[name] = getattr(together, name)()
    alone["continued"] = together.stored(folder / "two-half.pt")
    torch.set_num_threads(threads)
    return folder, alone, [torch.load(folder / f"rank-{r}.pt") for r in (0, 1)]


@pytest.mark.parametrize("name", [*ALIKE, "lower"])
def test_two_processes_train_what_one_does(ran, name):
    """Weights to 1e-5 in float32, with an uneven last batch; bfloat16 rounds more."""
    _, alone, (first, _) = ran
    near = (
        {"rtol": 1e-5, "atol": 1e-5}
        if name != "lower"
        else {"rtol": 0.05, "atol": 0.05}
    )
    torch.testing.assert_close(first[name]["weights"], alone[name]["weights"], **near)
    one, two = (History.from_json(each[name]["history"]) for each in (alone, first))
    for mine, theirs in zip(one.epochs, two.epochs, strict=True):
        assert mine.loss == pytest.approx(theirs.loss, rel=near["rtol"])
        assert mine.val_loss == pytest.approx(theirs.val_loss, rel=near["rtol"])
    if name == "lower":
        return
    assert one.answers == two.answers and one.test_accuracy == two.test_accuracy
    assert [s.probabilities for s in one.snapshots] == [
        [pytest.approx(row, abs=2e-4) for row in s.probabilities] for s in two.snapshots
    ]
    assert [s.loss for s in one.snapshots[1:]] == pytest.approx(
        [s.loss for s in two.snapshots[1:]], abs=2e-5
    )


@pytest.mark.parametrize("name", [*ALIKE, "lower", "dropped", "own norm", "page"])
def test_both_processes_end_alike(ran, name):
    first, second = (each[name] for each in ran[2])
    assert first["history"] == second["history"]
    assert torch.equal(first["random"], second["random"])
    torch.testing.assert_close(first["weights"], second["weights"], rtol=0, atol=0)
    device = History.from_json(first["history"]).device
    assert device.startswith("2 × CPU") or name == "continued"


def test_the_net_comes_back_as_it_was(ran):
    _, alone, both = ran
    for found in both:
        assert found["plain"]["as it was"] and not any(found["plain"]["hooks"])
        assert found["plain"]["classes"] == alone["plain"]["classes"]
        assert found["own norm"]["classes"][2] == "OwnNorm"
        assert found["plain"]["again"] == pytest.approx(
            alone["plain"]["again"], rel=1e-4
        )


def test_each_process_evaluates_and_predicts_by_itself(ran):
    _, alone, both = ran
    for found in both:
        assert found["plain"]["evaluated"] == pytest.approx(
            alone["plain"]["evaluated"], rel=1e-5
        )
        assert found["plain"]["logits"].shape == (20, 10)


def test_another_number_of_processes_goes_on(ran):
    """One began and two continued, and the other way round; neither from the start."""
    _, alone, (first, second) = ran
    assert first["continued"]["said"] == ["Continues after epoch 1."]
    assert alone["continued"]["said"] == ["Continues after epoch 1."]
    assert second["continued"]["said"] == []  # one of them reports
    one = alone["stored"]["weights"]
    for other in (first["continued"], alone["continued"], first["stored"]):
        torch.testing.assert_close(other["weights"], one, rtol=1e-5, atol=1e-5)


def test_a_normalisation_of_ones_own_is_named(ran):
    first, second = (each["own norm"]["said"] for each in ran[2])
    (said,) = first
    assert said.startswith(
        "1.running_mean and 1.running_var followed each process's own"
    )
    assert not second


@pytest.mark.parametrize(
    ("name", "said"),
    {
        "last batch": "With batch_size=8 the last batch of 17 images holds 1,",
        "one picture": "fewer than the 2 processes",
        "rate": "lr is 0.1 in process 0 and 1.1 in process 1",
        "labels": "the training images, their labels or their order differ",
        "net": "parameters in process 0 and",
        "layer": "computes something else",
        "mode": "other layers are in evaluation mode",
        "validation": "the validation images, their labels or their order differ",
        "watch": "other images are watched",
        "schedule": "schedule is lambda:.*let no function of it read which process",
        "unknown": "cannot be recognised again",
        "folder": "a folder or no file's name",
        "beside": "steps 3 numbers that are not the net's, and they would come apart",
        "another's file": "CheckpointError",
        "drawn step": "used.weight is no longer the same in process 1 as in process 0",
        "drawn rate": "used.weight is no longer the same in process 1 as in process 0",
        "option": "cannot be shared, as the optimizer .* holds more than .*lambda",
        "class": "cannot be shared, as the optimizer .* holds more than .*ReLU",
    }.items(),
)
def test_what_cannot_be_is_refused_in_both(ran, name, said):
    for found in ran[2]:
        assert re.search(said, found["refusals"][name])
        assert "\n" not in found["refusals"][name]


def test_a_share_that_does_not_fit_is_refused(ran):
    for found in ran[2]:
        assert "A share of 4 images does not fit" in found["no memory"]


def test_the_script_of_the_guide_reports_once(ran, monkeypatch, capsys):
    """And one process reads its run again."""
    folder, _, (first, _) = ran
    said = (folder / "said").read_text("utf-8")
    assert said.count("test accuracy") == 1 and "2 processes" in said
    assert "Error" not in said and "arning: " not in said, said
    monkeypatch.chdir(folder)
    monkeypatch.setattr(d2lmini.data, "load_fashion_mnist", together.small_data)
    page = runpy.run_path("train.py")
    assert "Read again: nothing was trained." in capsys.readouterr().out
    assert page["history"].to_json() == first["page"]["history"]


def test_a_killed_process_and_ctrl_c_end_all(tmp_path):
    """Killed, the run goes on from its file as torchrun's --max-restarts has it; then
    Ctrl-C ends torchrun and all processes.  Each is said once."""
    said = tmp_path / "said"
    with torchrun(tmp_path, "--max-restarts", "1") as started:
        killed = numbers(tmp_path, 0, started)
        until(lambda: "epoch 2/" in said.read_text("utf-8"), started)
        os.kill(killed[1], signal.SIGKILL)
        again = numbers(tmp_path, 1, started)
        until(lambda: "Continues after" in said.read_text("utf-8"), started)
        started.send_signal(signal.SIGINT)
        assert started.wait(LIMIT) != 0
    text = said.read_text("utf-8")
    for sentence in (
        r"The run ends after \d+ of 1000000 epochs in all 2 processes, because one",
        r"Stopped by hand after \d+ of 1000000 epochs: all 2 processes end\.",
    ):
        assert len(re.findall(sentence, text)) == 1
    again_from = f"Started again, it goes on from {tmp_path / 'run.pt'}, after the last"
    assert text.count(again_from) == 2
    assert not any(map(alive, [*killed, *again]))


def numbers(folder, restart, started):
    """The numbers of both processes, once they have started."""
    files = [folder / f"{restart}-{rank}" for rank in (0, 1)]
    until(
        lambda: all(file.exists() and file.read_text("utf-8") for file in files),
        started,
    )
    return [int(file.read_text("utf-8")) for file in files]


def until(condition, started):
    """Waits, but not for what can no longer come."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < LIMIT and started.poll() is None
        time.sleep(0.2)


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


# What needs no second process


@pytest.fixture
def clients():
    """Makes clients of one store, as torchrun keeps it from one round to the next."""
    server = dist.TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    return lambda: dist.PrefixStore(
        "d2lmini", dist.TCPStore("localhost", server.port, wait_for_workers=False)
    )


def test_the_processes_of_each_round_find_one_name(clients):
    """Whoever comes first, and whatever rounds before have left, met or not."""

    def come(rank, late):
        time.sleep(0.1 * late)
        return meet(clients(), rank, 3)

    names = []
    with ThreadPoolExecutor(3) as pool:
        for first in range(3):
            late = [(rank - first) % 3 for rank in range(3)]
            names.append(set(pool.map(come, range(3), late)))
            left = clients()
            left.set("name", "ended")
            left.set("ended/1", "word")
            left.add("ended/word", 1)
    assert [len(found) for found in names] == [1, 1, 1]
    assert len(set.union(*names)) == 3


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_that_do_not_meet_are_lost(clients, rank, monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE", timedelta(seconds=0.2))
    store = clients()
    store.set("name", "of a round before")
    with pytest.raises(dist.DistStoreError) as lost:
        meet(store, rank, 2)
    assert is_lost(lost.value)


@pytest.mark.parametrize("rank", [0, 1])
def test_ctrl_c_is_heard_while_others_are_waited_for(clients, rank, monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE", timedelta(seconds=1))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            meet(clients(), rank, 2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("text", ["runs/gloo.pt is damaged", "the disk timed out"])
def test_an_error_of_ones_own_is_not_taken_for_a_lost_process(text, capsys):
    """Whatever words it has; PyTorch's own errors are known by where they arise."""
    with pytest.raises(RuntimeError, match=text), Group(0, 2).together():
        raise RuntimeError(text)
    raised = f"raise RuntimeError({text!r})"
    with pytest.raises(SystemExit), Group(0, 2).together():
        exec(raised, {"__name__": "torch.distributed.distributed_c10d"})
    assert f"they do not reach each other ({text})" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[1] Connection closed by peer", "NCCL WARN"])
def test_a_lost_process_is_known_by_pytorchs_words(text):
    with pytest.raises(RuntimeError) as lost:
        exec(f"raise RuntimeError({text!r})", {"__name__": "torch.distributed.run"})
    assert is_lost(lost.value)


def test_the_first_to_ask_alone_is_told_so(clients, monkeypatch):
    monkeypatch.setattr(meeting, "_store", clients())
    assert [meeting.first_to(word) for word in "aab"] == [True, False, True]


def losses(net):
    """Such as are no mean of what each picture gives by itself."""
    mixed, weight = together.Mixed(), torch.arange(10.0)
    mixed.own = 0.3
    return {
        "mixed": mixed.loss,
        "weighted": functools.partial(F.cross_entropy, weight=weight),
        "sum": functools.partial(F.cross_entropy, reduction="sum"),
        "of weights": lambda logits, y: (
            F.cross_entropy(logits, y) + net.weight.square().sum()
        ),
    }


@pytest.mark.parametrize("name", ["mixed", "weighted", "sum", "of weights"])
def test_the_loss_of_a_share_is_that_of_the_whole_batch(name, monkeypatch):
    """The mean of the gradients of uneven shares is the gradient of one process."""
    monkeypatch.setattr(Group, "_gathered", lambda self, thing: [thing] * self.world)
    net, batches = nn.Linear(784, 10), Batches(image_set(5), 5)
    loss = losses(net)[name]
    ((X, y),) = batches
    logits = net(X.flatten(1))
    monkeypatch.setattr(dist, "all_reduce", lambda Z: Z.copy_(logits.detach()))
    value = loss(logits, y)
    value.backward()
    expected, net.weight.grad = net.weight.grad, None
    for rank in (0, 1):
        group = Group(rank, 2)
        ((share, labels, weight),) = group.shares(batches)
        found = loss(*group._of_all(net(share.flatten(1)), labels))
        torch.testing.assert_close(found, value)
        (found * weight / 2).backward()
    torch.testing.assert_close(net.weight.grad, expected)


def test_a_process_that_is_lost_at_the_loss_is_not_the_losss_fault(monkeypatch):
    def lost(Z):
        raise dist.DistBackendError("Connection closed by peer")

    monkeypatch.setattr(dist, "all_reduce", lost)
    net, data = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), splits().train
    run, (X, y) = Run(Forward(net, data), torch.optim.SGD, 0.1), next(iter(data))
    group = Group(0, 2)
    run.of_all, group.labels = group._of_all, torch.cat([y, y])
    with pytest.raises(dist.DistBackendError):
        run.gradients(X, y, F.cross_entropy, Tally(run.device))


def test_batches_that_differ_are_refused(monkeypatch):
    monkeypatch.setattr(Group, "_gathered", lambda self, thing: [thing, "another"])
    with pytest.raises(ValueError, match=r"^Process 1 draws other batches of data"):
        next(Group(0, 2).shares(splits().train))


def test_gradients_are_scaled_as_one_process_scales_them():
    """Each picture's is larger by the number of those who share, and float16 ends."""
    forward = Forward(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), splits().train)
    forward.precision = torch.float16
    one, four = (Run(forward, torch.optim.SGD, 0.1, world=n) for n in (1, 4))
    assert four.scaler.get_scale() == one.scaler.get_scale() / 4 == 2**14
    forward.dtype = torch.float16  # its gradients cannot be scaled back
    assert not Run(forward, torch.optim.SGD, 0.1).scaler.is_enabled()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.complex64])
def test_weights_that_come_apart_are_refused(dtype, monkeypatch):
    """By the last bit of one of them, and not for being no number."""
    group, told = Group(0, 2), []

    def gathered(self, thing):
        told.append(thing)
        return [told[0], thing]

    monkeypatch.setattr(Group, "_gathered", gathered)
    net = nn.Linear(3, 2, dtype=dtype).to(memory_format=torch.channels_last)
    with torch.no_grad():
        net.weight[0, 0] = torch.nan
    assert group._alike(net) == group._alike(net) == []
    with torch.no_grad():
        net.bias.view(torch.uint8)[0] ^= 1
    with pytest.raises(ValueError, match=r"^bias is no longer the same in process 1"):
        group._alike(net)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    "options",
    [
        {"eps": 0.1},
        {"momentum": None},
        {"affine": False},
        {"track_running_stats": False},
    ],
    ids=str,
)
def test_the_common_normalisation_is_pytorchs_own(dtype, options, monkeypatch):
    """With one process; that two make the same of their shares is shown above."""
    monkeypatch.setattr("torch.distributed.all_reduce", lambda X: None)
    wide = torch.promote_types(dtype, torch.float32)
    own, ours = (kind(3, **options).to(wide) for kind in (nn.BatchNorm2d, OverAll))
    for weight in own.parameters():
        nn.init.uniform_(weight, 0.5, 2)
    ours.load_state_dict(own.state_dict())
    near = {"rtol": 2e-2, "atol": 2e-2} if dtype == torch.bfloat16 else {}
    for training in (True, True, False):
        X = (torch.randn(5, 3, 4, 4) * 3 + 7).to(dtype).requires_grad_()
        Z = X.detach().clone().requires_grad_()
        expected, found = own.train(training)(X), ours.train(training)(Z)
        assert found.dtype == expected.dtype
        torch.testing.assert_close(found, expected, **near)
        up = torch.randn_like(expected)
        expected.backward(up)
        found.backward(up)
        torch.testing.assert_close(Z.grad, X.grad, **near)
    torch.testing.assert_close(ours.state_dict(), own.state_dict())
    for weight, other in zip(ours.parameters(), own.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, other.grad, **near)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, nn.SyncBatchNorm])
def test_layers_change_their_class_and_change_it_back(norm):
    """On GPUs to PyTorch's own, which alone does what batch normalisation does."""
    net, other = together.net_with(norm), together.net_with(norm)
    X = torch.rand(4, 1, 28, 28)
    before = [(type(layer), sorted(vars(layer))) for layer in net.modules()]
    with normalising_together(net, torch.device("cuda")):
        assert isinstance(net[1], nn.SyncBatchNorm) and net[5].process_group is None
        torch.testing.assert_close(net(X), other(X))
        torch.testing.assert_close(net.eval()(X), other.eval()(X))
    assert before == [(type(layer), sorted(vars(layer))) for layer in net.modules()]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WORLD_SIZE": "1", "RANK": "0", "MASTER_ADDR": "here"},
        {"WORLD_SIZE": "2"},
        {"WORLD_SIZE": "two", "RANK": "0", "MASTER_ADDR": "here"},
    ],
)
def test_without_a_launcher_a_process_is_alone(environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert place() == (0, 0, 1)


def test_each_process_gets_a_gpu_of_its_own(monkeypatch, capsys):
    told = {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "MASTER_ADDR": "here"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert setup() == torch.device("cuda:1") and chosen == [torch.device("cuda:1")]
    assert capsys.readouterr().out == ""  # process 0 says it
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=r"Process 1 of this machine finds no GPU"):
        setup()


def test_why_the_others_are_lost_is_pytorchs_own_word():
    closed = RuntimeError("[pair.cc:547] Connection closed by peer [127.0.0.1]:3502")
    assert "one of them has ended" in why_lost(closed)
    twice = dist.DistBackendError("NCCL error: invalid usage.\nDuplicate GPU detected")
    assert why_lost(twice) == "they do not reach each other (NCCL error: invalid usage)"


def test_a_gpu_is_known_by_its_own_name(monkeypatch):
    """Its number says little: each process may be shown another GPU as number 0."""
    shown = SimpleNamespace(uuid="GPU-1")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: shown)
    assert Group(1, 2)._chip(torch.device("cuda:0")) == "GPU-1"


# The guide


def blocks(language):
    """The blocks of code of the guide in a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.S | re.M
    )


def test_the_commands_of_the_guide_are_torchruns():
    parser = get_args_parser()
    commands = "\n".join(blocks("bash")).replace("\\\n", " ")
    found = re.findall(r"torchrun (.*)", commands)
    assert len(found) == 4
    for line in found:
        line = re.sub(r"\$NODE\b", "1", line)
        asked = parser.parse_args(shlex.split(line))
        assert asked.training_script == "train.py" and not asked.training_script_args
    for block in blocks("bash"):
        subprocess.run(["bash", "-n"], input=block, check=True, encoding="utf-8")


def test_the_guides_slurm_script_starts_one_torchrun_on_each_machine():
    (script,) = (block for block in blocks("bash") if block.startswith("#!"))
    given = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)$", script, re.M))
    assert given["ntasks-per-node"] == "1"
    assert f"--nnodes {given['nodes']} " in script
    assert f"--nproc-per-node {given['gpus-per-node']} " in script
    assert int(given["cpus-per-task"]) >= int(given["gpus-per-node"])
    asked = script.index("export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK\n")
    assert asked < script.index("\nsrun ")


def test_the_guides_jobs_are_of_kubeflows_form():
    job, second = map(yaml.safe_load, blocks("yaml"))
    words = " ".join(GUIDE.read_text("utf-8").split())
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "PyTorchJob")
    replicas = job["spec"]["pytorchReplicaSpecs"]
    assert set(replicas) == {"Master", "Worker"}
    for replica in replicas.values():
        (container,) = replica["template"]["spec"]["containers"]
        assert replica["replicas"] == 1 and container["name"] == "pytorch"
        gpus = container["resources"]["limits"]["nvidia.com/gpu"]
        assert job["spec"]["nprocPerNode"] == str(gpus)
        (mount,) = container["volumeMounts"]
        (volume,) = replica["template"]["spec"]["volumes"]
        assert mount["name"] == volume["name"] and "persistentVolumeClaim" in volume
        assert f"its working directory is `{mount['mountPath']}`" in words
    group = "trainer.kubeflow.org/v1alpha1"
    assert (second["apiVersion"], second["kind"]) == (group, "TrainJob")
    assert second["spec"]["runtimeRef"]["name"] == "torch-distributed"
    trainer = second["spec"]["trainer"]
    assert trainer["numNodes"] == 2
    assert trainer["command"] == container["command"] == ["torchrun", "/train.py"]
    resources = trainer["resourcesPerNode"]  # Trainer 2.0 counts what is requested
    assert resources["requests"] == resources["limits"] == {"nvidia.com/gpu": gpus}


@pytest.mark.parametrize(
    ("name", "net"), [("LeNet + BN", nets.lenet_bn), ("AlexNet", nets.alexnet)]
)
def test_what_a_step_sends_follows_from_the_parameters(name, net):
    with torch.device("meta"):
        made = net()
    count = sum(p.numel() for p in made.parameters())
    channels = sum(len(b) for n, b in made.named_buffers() if n.endswith("_mean"))
    section = GUIDE.read_text("utf-8").partition("## What a step sends")[2]
    row = next(x for x in section.splitlines() if x.startswith(f"| {name} |"))
    parameters, *sizes = (cell.strip() for cell in row.strip("| ").split("|")[1:])
    assert parameters == f"{count:,}"
    sent = 4 * count, 4 * 4 * channels  # bytes: gradients, and sums
    expected = [*sent, sum(sent) * 2 * 1 / 2, sum(sent) * 2 * 7 / 8]
    expected = [size / 1e6 for size in expected]
    assert [float(size.split()[0]) for size in sizes] == pytest.approx(
        expected, rel=5e-3
    )
