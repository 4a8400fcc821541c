"""Training speed against d2l and against a bare loop, in one run.

``make bench`` runs it in an environment of its own, prints the table and writes
it to ``benchmarks/speed.md``.  Rounds alternate between the competitors, so that
a machine that slows down slows all of them; medians are quoted.
"""

import argparse
import contextlib
import io
import os
import platform
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks import networks, shares
from d2lmini import evaluate, nets, schedules, train
from d2lmini.arguments import dtype_name
from d2lmini.data import batches as data
from d2lmini.data import files
from d2lmini.device import best_device, best_precision, device_name
from d2lmini.training.report import Silent

HERE = Path(__file__).parent
BATCH_SIZE, LR = 256, 0.9  # d2l's own for LeNet
D2L_EPOCHS = 10
REPEATS = 3  # of the large networks
FAST = {"batch_size": 64, "epochs": 1, "lr": 0.02}  # ours, to d2l's accuracy

Rates = dict[str, float]  # examples per second, by competitor


def d2l_run(net: nn.Module, epochs: int) -> tuple[float, float]:
    """Seconds and test accuracy of d2l's loader and ``train_ch6``, as they are."""
    from d2l import torch as d2l

    warnings.filterwarnings("ignore", "This DataLoader will create 4 worker")
    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        train_iter, test_iter = d2l.load_data_fashion_mnist(BATCH_SIZE)
        d2l.train_ch6(net, train_iter, test_iter, epochs, LR, best_device())
    seconds = time.perf_counter() - begun
    return seconds, d2l.evaluate_accuracy_gpu(net, test_iter)


def our_run(epochs: int, precision: torch.dtype) -> tuple[float, float]:
    """Seconds of our loader and ``train`` at d2l's recipe; and per epoch alone."""
    files.unpacked.cache_clear()  # d2l reads its files each time, too
    begun = time.perf_counter()
    splits = data.load_fashion_mnist(BATCH_SIZE)
    history = train(
        nets.lenet(),
        splits,
        epochs=epochs,
        lr=LR,
        optimizer=torch.optim.SGD,
        schedule=schedules.constant,
        precision=precision,
        report=Silent(),
    )
    seconds = time.perf_counter() - begun
    return seconds, min(epoch.seconds for epoch in history.epochs)


def bare_loop(epochs: int, precision: torch.dtype) -> float:
    """Seconds of the fastest epoch of a loop over tensors on the device."""
    images = data.load_fashion_mnist(BATCH_SIZE).train.images
    device = images.images.device
    X_all = images.images.float().div(255)
    net = nets.lenet().to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, fused=True)
    lower = precision != torch.float32
    times = []
    for _ in range(epochs):
        begun = time.perf_counter()
        for rows in torch.randperm(len(X_all)).to(device).split(BATCH_SIZE):
            X, y = X_all[rows], images.labels[rows]
            with torch.autocast(device.type, precision if lower else None, lower):
                loss = F.cross_entropy(net(X), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()  # wait for the device
        times.append(time.perf_counter() - begun)
    return min(times)


def rates(rounds: int, epochs: int) -> list[Rates]:
    """Examples per second of each competitor, one dictionary a round."""
    found = []
    for _ in range(rounds):
        rate = {"d2l": 60_000 * epochs / d2l_run(nets.lenet(), epochs)[0]}
        for precision in {best_precision(best_device()), torch.float32}:
            name = dtype_name(precision)
            seconds, fastest = our_run(epochs, precision)
            rate[f"d2lmini {name}"] = 55_000 * epochs / seconds
            rate[f"d2lmini {name}, epoch alone"] = 55_000 / fastest
            rate[f"bare loop {name}"] = 55_000 / bare_loop(epochs, precision)
        found.append(rate)
        print({key: round(value) for key, value in rate.items()}, flush=True)
    return found


def time_to_accuracy() -> dict[str, tuple[float, float]]:
    """Seconds and test accuracy: d2l's ten epochs, and ours until there."""
    d2l_seconds, d2l_accuracy = d2l_run(nets.lenet(), D2L_EPOCHS)
    files.unpacked.cache_clear()
    begun = time.perf_counter()
    splits = data.load_fashion_mnist(FAST["batch_size"])
    net = nets.lenet()
    options = {key: FAST[key] for key in ("epochs", "lr")}
    train(net, splits, **options, report=Silent())
    seconds = time.perf_counter() - begun
    _, accuracy = evaluate(net, splits.test)
    return {"d2l": (d2l_seconds, d2l_accuracy), "d2lmini": (seconds, accuracy)}


def table(found: list[Rates], reached: dict[str, tuple[float, float]]) -> str:
    """The report as Markdown."""
    base = "d2l"
    lines = [
        "| LeNet, 28 px, batch 256, SGD | examples/s | of d2l | best round |",
        "|---|---:|---:|---:|",
    ]
    for name in found[0]:
        rate = statistics.median(r[name] for r in found)
        ratio = f"{statistics.median(r[name] / r[base] for r in found):.2f}×"
        if "alone" in name or "loop" in name:
            ratio = ""  # of an epoch alone d2l has no figure to divide by
        best = max(r[name] for r in found)
        lines.append(f"| {name} | {rate:,.0f} | {ratio} | {best:,.0f} |")
    lines += ["", "| | seconds | test accuracy |", "|---|---:|---:|"]
    for name, (seconds, accuracy) in reached.items():
        lines.append(f"| {name} | {seconds:.1f} | {accuracy:.3f} |")
    ratio = reached["d2l"][0] / reached["d2lmini"][0]
    lines += ["", f"To d2l's accuracy after its ten epochs: {ratio:.1f}× less time."]
    return "\n".join(lines)


def report(body: str, rounds: int, epochs: int, minutes: float) -> str:
    """The page that ``benchmarks/speed.md`` holds."""
    where = (
        f"{device_name(best_device())}, {platform.machine()}, PyTorch "
        f"{torch.__version__}, Python {platform.python_version()}"
    )
    return f"""# Training speed

Written by `make bench`; do not edit. {where}; seed 0; medians of {rounds} rounds of
{epochs} epochs each. All of it took {minutes:.0f} minutes.

{body}

*Examples/s* counts training examples over the whole call: loading the data, training,
and the measurement after each epoch (d2l: 10 000 test images; d2lmini: 5 000 of
validation, and the test set once). *Epoch alone* leaves out loading and measurement, as
the bare loop does, which trains over float tensors that are already on the device; of
both, the fastest epoch of a round counts, and there is no such figure of d2l. *Of d2l*
is the median of the rounds' quotients. Where rounds differ by more than the
competitors do, compare the best ones: nothing makes a program faster than it is.

In the table of seconds d2l trains its ten epochs with its own recipe, and d2lmini
{FAST["epochs"]} epoch with Adam (lr {FAST["lr"]}, one cycle, batch
{FAST["batch_size"]}), once each; both times include loading. So the factor below it
holds the recipe as well as the speed.

d2l computes in float32. So a factor of ours in a smaller format holds two gains, that
of the format and that of the package; LeNet's rows of float32 show the second alone,
and for the large networks nothing here does.
Unless `precision=` is given, `train` takes the fastest format that the device has in
hardware for every network, without an exception: so where rows of bfloat16 stand here,
LeNet is trained in it by default, even if its rows of float32 are the faster ones.

The table of large networks trains each of them on {networks.SHORT} and on
{networks.LONG} batches and divides the examples between the two by the seconds between
them, data and measurement included. It shows the median of {REPEATS} such quotients, in
brackets the least and the largest. *At the best* is about the most that *of d2l* could
be on this machine: as if a step were its multiply–adds and nothing else, all at the
best rate that the library reaches here (two tables further down; CPU only).
"""


@contextlib.contextmanager
def d2ls_folder():
    """A working directory from which d2l finds the data where it looks for them."""
    root = os.environ.get("D2LMINI_DATA") or files.cache()
    raw = Path(root).expanduser().resolve() / "FashionMNIST" / "raw"
    back = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        theirs = Path(scratch) / "data" / "FashionMNIST" / "raw"
        theirs.mkdir(parents=True)
        (Path(scratch) / "run").mkdir()
        for name in files.SHA256:
            (theirs / name).write_bytes(files.read(raw, name))
        os.environ["D2LMINI_DATA"] = str(raw.parent.parent)
        os.chdir(Path(scratch) / "run")
        try:
            yield
        finally:
            os.chdir(back)


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lenet-only", action="store_true", help="minutes, not more")
    parser.add_argument(
        "--short", action="store_true", help="3 rounds of 2 epochs: twenty minutes"
    )
    asked = parser.parse_args()
    if asked.short:
        asked.rounds, asked.epochs = 3, 2
    begun = time.perf_counter()
    torch.manual_seed(0)
    data.load_fashion_mnist(BATCH_SIZE)  # downloads now, if it must
    with d2ls_folder():
        found = rates(asked.rounds, asked.epochs)
        body = table(found, time_to_accuracy())
        if not asked.lenet_only:
            best = shares.best()
            rate = max(best[best_precision(best_device())]) if best else None
            body += "\n\n" + networks.table(REPEATS, rate)
            body += "\n\n" + shares.tables(best)
    minutes = (time.perf_counter() - begun) / 60
    page = report(body, asked.rounds, asked.epochs, minutes)
    print(page)
    (HERE / "speed.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
