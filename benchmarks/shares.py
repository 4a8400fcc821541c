"""What part of the processor a training uses, and where the time of its steps goes.

Part of ``make bench``; alone, ``python -m benchmarks.shares`` prints the tables.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from benchmarks import networks
from d2lmini import cost
from d2lmini.arguments import dtype_name
from d2lmini.data import batches as data
from d2lmini.device import best_device, best_precision
from d2lmini.nets.trained import TRAINED
from d2lmini.training import memory
from d2lmini.training.forward import Forward
from d2lmini.training.run import Run, Tally

SIDE = 1024  # of the matrices
IMAGES = (32, 128, 28, 28)  # what the convolution sees, and as many channels it makes
SECONDS, CALLS = 1.0, 5  # of each measurement at least
PRECISIONS = (torch.bfloat16, torch.float32)

#: Kinds of work, and how the names of PyTorch's functions for them begin or end.
KINDS = {
    "convolution": ("convolution", "convolution_backward", "mkldnn_convolution"),
    "dense": ("mm", "addmm"),
    "pooling": ("pool2d", "pool2d_backward", "_with_indices", "indices_backward"),
    "normalisation": ("batch_norm", "batch_norm_backward"),
    "copies": ("copy_", "cat"),
    "optimizer": ("_fused_sgd_",),
}


#: Multiply–adds a second of a matrix product and of a convolution, by format.
Best = dict[torch.dtype, tuple[float, float]]


class Steps(NamedTuple):
    """Steps of one network: pictures a second, and the share of each kind of work."""

    pictures: float
    multiply_adds: float  # a second, backward counted as twice forward
    precision: torch.dtype
    shares: dict[str, float]


def per_second(work: Callable[[], object]) -> float:
    """How often ``work`` is done in a second, by the median of its times."""
    work()  # the first call of each kernel is slower
    times: list[float] = []
    while len(times) < CALLS or sum(times) < SECONDS:
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1 / statistics.median(times)


def product(dtype: torch.dtype) -> float:
    """Multiply–adds a second of a large matrix product."""
    A = torch.randn(SIDE, SIDE).to(dtype)
    return SIDE**3 * per_second(lambda: torch.mm(A, A))


def convolution(dtype: torch.dtype) -> float:
    """Multiply–adds a second of a large 3×3 convolution, channels last."""
    N, C, H, W = IMAGES
    X = torch.randn(IMAGES).to(dtype, memory_format=torch.channels_last)
    K = torch.randn(C, C, 3, 3).to(dtype, memory_format=torch.channels_last)
    return 9 * C * C * N * H * W * per_second(lambda: F.conv2d(X, K, padding=1))


def steps(name: str) -> Steps:
    """Measure the network's steps, then watch two more of them with the profiler."""
    size = networks.SIZES.get(name, 28)
    batch_size = networks.BATCH_SIZE if size > 28 else 256
    train = data.load_fashion_mnist(batch_size, resize=size).train
    net = TRAINED[name]()
    work = cost(net, (1, size, size)).multiply_adds
    run = Run(Forward(net, train, training=True), torch.optim.SGD, 0.01)
    run.train_mode()
    tally, batches = Tally(run.device), iter(train)

    def step() -> None:
        X, y = next(batches)
        run.step(X, y, F.cross_entropy, tally)

    with memory.kept():
        pictures = batch_size * per_second(step)
        with profile(activities=[ProfilerActivity.CPU]) as watched:
            step()
            step()
    precision = run.forward.precision
    shares = _shares(watched.key_averages())
    return Steps(pictures, 3 * work * pictures, precision, shares)


def _shares(events: Any) -> dict[str, float]:
    """The part of all time that each kind of work took by itself."""
    found = dict.fromkeys([*KINDS, "others"], 0.0)
    for event in events:
        found[_kind(event.key)] += event.self_cpu_time_total
    total = sum(found.values())
    return {kind: spent / total for kind, spent in found.items()}


def _kind(function: str) -> str:
    if not function.startswith("aten::"):
        return "others"
    fits = (kind for kind, ends in KINDS.items() if function.endswith(ends))
    return next(fits, "others")


def best() -> Best:
    """Both for each format; nothing but on a CPU."""
    if best_device().type != "cpu":
        return {}
    return {dtype: (product(dtype), convolution(dtype)) for dtype in PRECISIONS}


def tables(found: Best) -> str:
    """Both tables as Markdown, with what their columns mean; nothing of nothing."""
    if not found:
        return ""
    lines = [
        "| 10⁹ multiply–adds/s | matrix product | convolution |",
        "|---|---:|---:|",
    ]
    for dtype, both in found.items():
        cells = " | ".join(f"{value / 1e9:,.0f}" for value in both)
        lines.append(f"| {dtype_name(dtype)} | {cells} |")
    kinds = [*KINDS, "others"]
    lines += ["", f"| | pictures/s | of the best | {' | '.join(kinds)} |"]
    lines.append("|---|---:|---:|" + "---:|" * len(kinds))
    for name in ("lenet", *networks.SIZES):
        made = steps(name)
        share = made.multiply_adds / max(found[made.precision])
        cells = " | ".join(f"{made.shares[kind]:.0%}" for kind in kinds)
        line = f"| {name} | {made.pictures:,.0f} | {share:.0%} | {cells} |"
        print(line, flush=True)
        lines.append(line)
    return "\n".join(lines) + "\n\n" + MEANING


MEANING = f"""The table of multiply–adds is what this processor does at best through the
same library in the same run: a product of {SIDE}×{SIDE} matrices, and a 3×3 convolution
of {IMAGES[1]} channels. In the table of shares below it, *pictures/s* are those of a
step alone (batches of {networks.BATCH_SIZE}, LeNet 256;
{dtype_name(best_precision(best_device()))}; SGD; the median of {CALLS} steps or more),
*of the best* the multiply–adds that these pictures need (those of a backward pass
counted twice) as a share of the faster of the two above, and the other columns where
the time of a step goes, as PyTorch's profiler has it for two more steps: what each kind
of the library's kernels takes by itself, forward and backward. *Copies* are casts and
changes of layout, *others* activations, dropout, gradients that are added, Python."""


if __name__ == "__main__":
    print(tables(best()))
