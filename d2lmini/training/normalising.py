"""Batch normalisation over the pictures of several processes."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from d2lmini.training.notices import COMMON


@contextlib.contextmanager
def normalising_together(net: nn.Module, device: torch.device) -> Iterator[None]:
    """Within, batch normalisation takes mean and variance of the whole batch.

    The layers stay the same objects and only change their class, so that parameters,
    buffers, hooks and names stay.  PyTorch's SyncBatchNorm does it on GPUs alone.
    """
    kind: type[_BatchNorm] = nn.SyncBatchNorm if device.type == "cuda" else OverAll
    before = {m: type(m) for m in net.modules() if type(m) in COMMON}
    for layer in before:
        layer.__class__ = kind
        layer.__dict__["process_group"] = None  # all of them, to SyncBatchNorm
    try:
        yield
    finally:
        for layer, own in before.items():
            layer.__class__ = own
            if own is not nn.SyncBatchNorm:
                del layer.__dict__["process_group"]


class OverAll(_BatchNorm):
    """Batch normalisation over the pictures of all processes, on any device.

    Two sums go round: of the numbers, for the mean μ; of their squared distances from
    it, for the variance.  Gradients go back the same way.
    """

    def _check_input_dim(self, X: Tensor) -> None: ...

    def forward(self, X: Tensor) -> Tensor:
        """X (N, C, …) of any float type, normalised for each channel."""
        if not self.training:
            return super().forward(X)
        x = X.to(torch.promote_types(X.dtype, torch.float32))
        over = [d for d in range(X.ndim) if d != 1]
        shape = [-1 if d == 1 else 1 for d in range(X.ndim)]
        own = x.new_tensor([X.numel() / X.shape[1]])
        sums: Tensor = _Sum.apply(torch.cat([x.sum(over), own]))  # (C + 1,)
        count = sums[-1].detach()
        mean = sums[:-1] / count
        x = x - mean.view(shape)
        variance: Tensor = _Sum.apply(x.square().sum(over)) / count  # (C,)
        self._follow(mean, variance * count / (count - 1))
        scale = (variance + self.eps).rsqrt()
        if self.affine:
            scale = scale * self.weight
        x = x * scale.view(shape)
        return (x + self.bias.view(shape) if self.affine else x).to(X.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics; with ``momentum=None`` they are plain means."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean), share)
        self.running_var.lerp_(variance.to(self.running_var), share)


class _Sum(torch.autograd.Function):
    """The sum over all processes, through which gradients go back summed as well."""

    @staticmethod
    def forward(ctx: Any, X: Tensor) -> Tensor:
        return _summed(X)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(X: Tensor) -> Tensor:
    total = X.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total
