"""What a network was like at moments of its training, small enough to keep."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from d2lmini.data import Batches
from d2lmini.nets.borrowed import dtype_of, evaluating
from d2lmini.training.forward import no_memory, unlowered
from d2lmini.training.run import Tally

#: The first kernels that are kept; more do not fit into a figure.
KERNELS = 16

#: Moments of the first epoch, as parts of it: most happens early.
EARLY = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)


@dataclass(frozen=True)
class Snapshot:
    """A network after ``progress`` epochs.

    ``probabilities``: a row for each watched image, with one for each class.
    ``kernels`` are the first input channel of the first convolution's first kernels, as
    base64 of int8 in ``shape`` (kernels, height, width), to be multiplied by
    ``scale``; empty for a network without a convolution.  ``loss`` is the mean
    of the epoch so far, None before the first batch.
    """

    progress: float
    loss: float | None
    probabilities: list[list[float]]
    kernels: str
    shape: list[int]
    scale: float

    def first_kernels(self) -> Tensor:
        """float32 (kernels, 1, height, width), to 1/127 of the largest weight."""
        whole = np.frombuffer(base64.b64decode(self.kernels), dtype=np.int8)
        kernels = torch.from_numpy(whole.copy()).view(self.shape)
        return kernels.unsqueeze(1) * self.scale


def moments(batches: int, epoch: int) -> set[int]:
    """How many batches of this epoch are done when a snapshot is due."""
    if epoch > 0:
        return {batches // 2, batches} - {0}
    return {round(part * batches) for part in EARLY} | {batches}


class Watcher:
    """Adds a snapshot to a list whenever one is due; ``images=None``: never.

    ``total`` makes, of this process's tally, that of all that train the net.
    """

    def __init__(
        self,
        net: nn.Module,
        images: Tensor | None,
        batches: Batches,
        snapshots: list[Snapshot],
        total: Callable[[Tally], Tally] = lambda tally: tally,
    ) -> None:
        self.net, self.images, self.batches = net, images, batches
        self.snapshots, self.total = snapshots, total

    def __call__(self, epoch: int, done: int, tally: Tally) -> None:
        """After ``done`` batches of ``epoch``, whose loss is in ``tally``."""
        total = len(self.batches)
        if self.images is None or done not in moments(total, epoch):
            return
        loss = round(self.total(tally).means()[0], 5) if done else None
        progress = epoch + done / total
        self.snapshots.append(take(self.net, self.images, progress, loss))


@torch.no_grad()
def take(
    net: nn.Module, images: Tensor, progress: float, loss: float | None
) -> Snapshot:
    """The state of ``net``, and what it says of ``images`` (N, C, H, W).

    Measured in evaluation mode and the net's own precision; the net is left as it was.
    """
    device = next(net.parameters()).device
    images = images.to(device, dtype_of(net))
    with unlowered(device), evaluating(net):
        logits = _logits(net, images)
    rows: list[list[float]] = logits.softmax(1).tolist()
    probabilities = [[round(p, 4) for p in row] for row in rows]
    return Snapshot(progress, loss, probabilities, **_first_kernels(net))


def _logits(net: nn.Module, images: Tensor) -> Tensor:
    try:
        logits: Tensor = net(images)
    except (RuntimeError, MemoryError) as error:
        if not no_memory(error) or len(images) == 1:
            raise
    else:
        return logits
    return torch.cat([net(image) for image in images.chunk(len(images))])


def _first_kernels(net: nn.Module) -> dict[str, Any]:
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            kernels = layer.weight[:KERNELS, 0].float().cpu()
            scale = float(kernels.abs().max()) / 127 or 1.0
            whole = (kernels / scale).round().to(torch.int8).contiguous()
            text = base64.b64encode(whole.numpy().tobytes()).decode()
            return {"kernels": text, "shape": list(whole.shape), "scale": scale}
    return {"kernels": "", "shape": [0, 0, 0], "scale": 1.0}
