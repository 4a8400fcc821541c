"""What a network was like at moments of its training, small enough to keep."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from d2lmini.data import Batches
from d2lmini.nets.borrowed import evaluating

if TYPE_CHECKING:
    from d2lmini.training.history import History

#: The first kernels that are kept; more do not fit into a figure.
KERNELS = 16

#: Moments of the first epoch, as parts of it: most happens early.
EARLY = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)


@dataclass(frozen=True)
class Snapshot:
    """A network after ``progress`` epochs.

    ``probabilities``: one row of ten for each watched image.  ``kernels`` are
    the first input channel of the first convolution's first kernels, as
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
    """Adds a snapshot to a history whenever one is due; ``images=None``: never."""

    def __init__(self, net: nn.Module, images: Tensor | None, batches: Batches) -> None:
        self.net, self.images, self.batches = net, images, batches

    def __call__(
        self, history: "History", epoch: int, done: int, tally: Tensor
    ) -> None:
        """After ``done`` batches of ``epoch``; ``tally[0]`` is their summed loss."""
        total = len(self.batches)
        if self.images is None or done not in moments(total, epoch):
            return
        seen = min(done * self.batches.batch_size, len(self.batches.images))
        loss = round(tally[0].item() / seen, 5) if seen else None
        progress = epoch + done / total
        history.snapshots.append(take(self.net, self.images, progress, loss))


@torch.no_grad()
def take(
    net: nn.Module, images: Tensor, progress: float, loss: float | None
) -> Snapshot:
    """The state of ``net``, and what it says of ``images`` (N, C, H, W).

    Measured in evaluation mode and float32; the net is left as it was.
    """
    device = next(net.parameters()).device
    with evaluating(net):
        logits = net(images.to(device))
    rows: list[list[float]] = logits.softmax(1).tolist()
    probabilities = [[round(p, 4) for p in row] for row in rows]
    return Snapshot(progress, loss, probabilities, **_first_kernels(net))


def _first_kernels(net: nn.Module) -> dict[str, Any]:
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            kernels = layer.weight[:KERNELS, 0].float().cpu()
            scale = float(kernels.abs().max()) / 127 or 1.0
            whole = (kernels / scale).round().to(torch.int8).contiguous()
            text = base64.b64encode(whole.numpy().tobytes()).decode()
            return {"kernels": text, "shape": list(whole.shape), "scale": scale}
    return {"kernels": "", "shape": [0, 0, 0], "scale": 1.0}
