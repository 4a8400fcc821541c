"""The loops that are compared: the usual one, as books print it, and ours."""

import functools
import time
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from d2lmini import mode
from d2lmini.data import ImageSet

WORKERS = 4  # as books set them
FIRST = 5  # batches that are not counted


class Pictures(Dataset):  # type: ignore[type-arg]
    """A picture at a time, through Pillow: what a DataLoader's workers do."""

    def __init__(self, images: ImageSet, size: int) -> None:
        self.images = images.images.cpu().squeeze(1).numpy()
        self.labels = images.labels.cpu().tolist()
        steps = [transforms.ToPILImage(), transforms.ToTensor()]
        if size != self.images.shape[-1]:
            steps.insert(1, transforms.Resize(size))
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


def usual(
    net: nn.Module, images: ImageSet, size: int, batch_size: int, seconds: float
) -> float:
    """Pictures a second of the loop that books print, after its ``FIRST`` batches.

    A DataLoader, float32, SGD without ``fused``, and loss and hits read back after
    each batch.
    """
    first, batch_size = (1, 4) if mode.quick() else (FIRST, batch_size)
    device = images.images.device
    net = net.to(device).train()
    warnings.filterwarnings("ignore", "This DataLoader will create 4 worker")
    loader = DataLoader(
        *(Pictures(images, size), batch_size), shuffle=True, num_workers=WORKERS
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    loss_sum, hits, seen, begun = 0.0, 0.0, 0, time.perf_counter()
    for i, (X, y) in enumerate(loader):
        if i == first:
            seen, begun = 0, time.perf_counter()
        X, y = X.to(device), y.to(device)
        optimizer.zero_grad()
        logits = net(X)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(y)
        hits += float((logits.argmax(1) == y).sum())
        seen += len(y)
        if i > first and time.perf_counter() - begun > seconds * (not mode.quick()):
            break
    return seen / (time.perf_counter() - begun)


def steps_a_second(step: Callable[[], object], seconds: float) -> float:
    """How often ``step`` runs in a second, after ten calls that are not counted."""
    for _ in range(10):
        step()
    torch.cuda.synchronize()
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for _ in range(20):
            step()
        torch.cuda.synchronize()
        count += 20
    return count / (time.perf_counter() - begun)


def eager(net: nn.Module, X: Tensor, y: Tensor) -> Callable[[], object]:
    """A step of training as ours does it: bfloat16, channels_last, fused Adam."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, fused=True)
    return functools.partial(_step, net, optimizer, X, y)


def compiled(net: nn.Module, X: Tensor, y: Tensor) -> Callable[[], object]:
    """The same step of the compiled network, with less done for each call."""
    return eager(torch.compile(net, mode="reduce-overhead"), X, y)  # type: ignore[arg-type]


def _step(
    net: nn.Module, optimizer: torch.optim.Optimizer, X: Tensor, y: Tensor
) -> None:
    with torch.autocast(X.device.type, torch.bfloat16):
        loss = F.cross_entropy(net(X).float(), y)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
