"""Pictures a second of the seven networks, and what share of the chip they use."""

import time
from collections.abc import Iterator

import torch

import d2lmini
from benchmarks.gpu import loops
from benchmarks.gpu.settings import SETTINGS, made
from d2lmini import mode, report
from d2lmini.device import best_device
from d2lmini.nets.lenet import lenet
from d2lmini.training.forward import Forward

SECONDS = 2.5  # of each measurement
PRODUCT = 8192  # the side of the matrices that show what the chip can do


def peak(device: torch.device) -> float:
    """Multiply–adds a second of a large matrix product in bfloat16."""
    side = 256 if mode.quick() else PRODUCT
    A = torch.randn(side, side, device=device).to(torch.bfloat16)
    torch.mm(A, A)
    _wait(device)
    count, begun = 0, time.perf_counter()
    while not count or (time.perf_counter() - begun < 2 and not mode.quick()):
        for _ in range(10):
            torch.mm(A, A)
        _wait(device)
        count += 10
    return count * side**3 / (time.perf_counter() - begun)


def rows() -> Iterator[str]:
    """The table, a line at a time; a line is measured when it is asked for."""
    best = peak(best_device())
    yield f"bfloat16 product {PRODUCT}³: {2 * best / 1e12:,.0f} TFLOP/s"
    yield ""
    yield (
        "| network | px | batch | usual loop | ours, training | factor | inference "
        "| share of the product | layout |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---|"
    for name, setting in SETTINGS.items():
        data, (size, batch_size, *_) = setting.data(), setting
        net = made(name)
        work = d2lmini.cost(net, (1, size, size)).multiply_adds
        ours = d2lmini.speed(net, data, seconds=SECONDS)
        layout = str(Forward(net, data.train, training=True).layout).split(".")[1]
        usual = loops.usual(made(name), data.train.images, size, batch_size, SECONDS)
        share = 3 * work * ours.training / best  # backward is twice the forward
        yield (
            f"| {name} | {size} | {batch_size} | {usual:,.0f} | {ours.training:,.0f} "
            f"| {ours.training / usual:.1f}× | {ours.inference:,.0f} | {share:.1%} "
            f"| {layout} |"
        )


def graphs() -> Iterator[str]:
    """Seconds of an epoch by ``train``, without and with ``graph``."""
    yield "| network | px | batch | seconds an epoch | with graph | gain |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, setting in SETTINGS.items():
        spent = []
        for graph in (False, True):
            torch.manual_seed(0)
            history = d2lmini.train(
                made(name),
                setting.data(),
                epochs=3 if name == "lenet" else 1,
                lr=setting.lr,
                report=report.Silent(),
                graph=graph,
            )
            spent.append(min(epoch.seconds for epoch in history.epochs))
        plain, played = spent
        yield (
            f"| {name} | {setting.size} | {setting.batch_size} | {plain:.3f} "
            f"| {played:.3f} | {plain / played:.2f}× |"
        )


def small() -> Iterator[str]:
    """What the compiler gains where a step is mostly launching."""
    yield "| LeNet, batch of 128 | steps/s | of eager |"
    yield "|---|---:|---:|"
    before = 0.0
    for name, way in (("eager", loops.eager), ("compiled", loops.compiled)):
        net = lenet().cuda().to(memory_format=torch.channels_last)
        X = torch.rand(128, 1, 28, 28, device="cuda")
        y = torch.randint(0, 10, (128,), device="cuda")
        try:
            rate = loops.steps_a_second(way(net, X, y), 2.0)
        except Exception as error:  # a compiler may be missing
            yield f"| {name} | {type(error).__name__} | |"
            continue
        before = before or rate
        yield f"| {name} | {rate:,.0f} | {rate / before:.2f}× |"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
