"""What a run is at one moment: exactly what a checkpoint stores."""

import functools
import math
import numbers
import random as pyrandom
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from d2lmini.arguments import found
from d2lmini.training.average import Average
from d2lmini.training.forward import Forward, no_memory

if TYPE_CHECKING:
    from d2lmini.training.graphs import Graph

Optimizer = Callable[..., torch.optim.Optimizer]
Loss = Callable[[Tensor, Tensor], Tensor]

#: Optimizers whose fused form every device of every PyTorch from 2.6 on has.
FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)


class Run:
    """The net that is trained, and all that changes with it from step to step.

    ``forward`` applies the net; ``optimizer(parameters, lr=...)`` makes the optimizer;
    ``average`` is the decay of an average of the weights, or None.  The random state
    belongs to it too: it is the process's own.
    """

    def __init__(
        self,
        forward: Forward,
        optimizer: Optimizer,
        lr: float,
        average: float | None = None,
    ) -> None:
        self.forward = forward
        self.net = forward.net
        self.device = forward.device
        # Frozen in a net that trains, a layer is meant to stay so.
        self.frozen = [m for m in self.net.modules() if not m.training]
        if not self.net.training:
            self.frozen = []
        self.optimizer = made(optimizer, self.net, lr)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        # Gradients of float16 vanish without scaling; bfloat16's do not.
        lower = forward.precision == torch.float16 != forward.dtype
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=lower)
        self.averaged = Average(self.net, average)
        self.last: tuple[Tensor, Tensor] | None = None  # logits and loss
        self.graph: Graph | None = None  # computes the gradients, where it does

    def train_mode(self) -> None:
        """The net in training mode, but for the layers that were frozen."""
        self.net.train()
        for layer in self.frozen:
            layer.training = False

    def scale_rates(self, factor: float) -> None:
        """Give each group of parameters its own learning rate times ``factor``."""
        if not isinstance(factor, numbers.Real) or not 0 <= factor < math.inf:
            raise ValueError(
                f"the schedule gives {found(factor)}: it must give a factor of at "
                "least 0 for the learning rate."
            )
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def step(
        self, X: Tensor, y: Tensor, loss: Loss, tally: "Tally", weight: float = 1.0
    ) -> None:
        """One step of the optimizer on a batch; adds its loss and hits to ``tally``.

        ``weight`` multiplies the gradients: other than 1 for an uneven share of a
        batch that several processes work through together.
        When memory is short the batch is worked through in pieces, whose gradients
        add up to its own.
        """
        while True:
            part = Tally(self.device)
            try:
                if not (self.graph and self.graph(X, y, part)):
                    self.gradients(X, y, loss, part, weight)
                break
            except (RuntimeError, MemoryError) as error:
                if not no_memory(error) or self.forward.pieces >= len(X):
                    raise
            self.optimizer.zero_grad(set_to_none=True)
            if self.graph:  # first what it keeps; outside except, as below
                self.graph.close()
                torch.cuda.empty_cache()
                self.forward.say("Memory is short: no step is recorded from here on.")
                continue
            self.forward.halve(len(X))  # outside except, whose traceback holds tensors
        tally.take(part)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.averaged.update()

    def gradients(
        self, X: Tensor, y: Tensor, loss: Loss, tally: "Tally", weight: float = 1.0
    ) -> None:
        """Those of the mean loss times ``weight``; adds to ``tally`` as well."""
        self.optimizer.zero_grad(set_to_none=True)
        pieces = self.forward.pieces
        for X_piece, y_piece in zip(X.chunk(pieces), y.chunk(pieces), strict=True):
            with self.forward.autocast():
                logits = self.forward(X_piece)
                value = mean_loss(loss, logits, y_piece)
            share = value * (len(X_piece) / len(X) * weight)
            torch.autograd.backward(self.scaler.scale(share))
            tally.add(logits, y_piece, value)
            self.last = logits, value

    @torch.no_grad()
    def settle(self, images: Iterable[Tensor]) -> None:
        """Make the averaged net the trained one, with statistics of ``images``.

        These are batches (N, C, H, W), none of which is drawn without an average.
        Averaged statistics belong to the single networks and not to the averaged one
        (Izmailov et al., 2018).
        """
        if not self.averaged:
            return
        self.averaged.take()
        self.train_mode()
        norms = [m for m in self.net.modules() if isinstance(m, _BatchNorm)]
        momenta = {norm: norm.momentum for norm in norms if norm.training}
        try:
            for norm in momenta:
                norm.reset_running_stats()
                norm.momentum = None  # the plain mean over all batches
            for X in images if momenta else ():
                self.forward.answers(X)
        finally:
            for norm, momentum in momenta.items():
                norm.momentum = momentum

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` restores, the random state included."""
        return {
            "net": self.net.state_dict(),
            "unsaved": self._unsaved(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.averaged.state_dict(),
            "random": self.random_state(),
        }

    def _unsaved(self) -> dict[str, Tensor]:
        """The buffers that are no part of the net's own state (persistent=False)."""
        saved = self.net.state_dict().keys()
        return {n: b for n, b in self.net.named_buffers() if n not in saved}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`, in place; raises what PyTorch raises."""
        self.net.load_state_dict(state["net"])
        for name, buffer in self._unsaved().items():
            buffer.copy_(state["unsaved"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.averaged.load_state_dict(state["average"])
        self.set_random(state["random"])

    def random_state(self) -> dict[str, Any]:
        """Where the generators of PyTorch and of Python are."""
        random = {"cpu": torch.get_rng_state(), "python": pyrandom.getstate()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return random

    def set_random(self, random: dict[str, Any]) -> None:
        """Set the generators to :meth:`random_state`."""
        torch.set_rng_state(random["cpu"].cpu())
        pyrandom.setstate(random["python"])
        if "cuda" in random and self.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"].cpu(), self.device)


def made(optimizer: Optimizer, net: nn.Module, lr: float) -> torch.optim.Optimizer:
    """The optimizer of the net, updating all parameters in one kernel where it can."""
    try:
        fused = {} if _sparse(net) else _fused(optimizer)
        made = optimizer(net.parameters(), lr=lr, **fused)
    except (RuntimeError, TypeError, ValueError, LookupError) as error:
        raise ValueError(
            f"The optimizer {_name(optimizer)} cannot be made of the net's parameters "
            f"and lr={lr:g} ({_line(error)}): give a function of (parameters, lr=…), "
            "such as torch.optim.Adam."
        ) from error
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer gives {found(made)}: let it give an optimizer of torch.optim."
        )
    if isinstance(made, torch.optim.LBFGS):
        raise ValueError(
            "LBFGS takes a closure that computes the loss again, which this loop does "
            "not give: choose another optimizer, such as torch.optim.Adam."
        )
    return made


def _sparse(net: nn.Module) -> bool:
    """Whether some gradients hold a few rows alone, which no fused kernel takes."""
    return any(getattr(layer, "sparse", False) is True for layer in net.modules())


def _fused(optimizer: Optimizer) -> dict[str, bool]:
    if isinstance(optimizer, functools.partial):
        if optimizer.keywords.keys() & {"fused", "foreach", "capturable"}:
            return {}  # told otherwise
        return _fused(optimizer.func)
    return {"fused": True} if optimizer in FUSED else {}


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".:")


def mean_loss(loss: Loss, logits: Tensor, y: Tensor) -> Tensor:
    """``loss(logits, y)``, which must be one number with a gradient."""
    try:
        value = loss(logits, y)
    except (RuntimeError, TypeError, ValueError, LookupError) as error:
        if no_memory(error):
            raise
        raise ValueError(
            f"The loss {_name(loss)} does not take logits {tuple(logits.shape)} and "
            f"labels {tuple(y.shape)} ({_line(error)}): give a function of these two, "
            "such as F.cross_entropy."
        ) from error
    if not isinstance(value, Tensor) or value.ndim:
        problem = found(value)
    elif not value.is_floating_point():
        problem = f"a number of type {str(value.dtype).removeprefix('torch.')}"
    elif logits.requires_grad and not value.requires_grad:
        problem = "a number without gradient"
    else:
        return value
    raise ValueError(
        f"The loss gives {problem}: let it return one number as a tensor, the mean "
        "over the batch, computed from the logits."
    )


class Tally:
    """Loss and hits of the batches so far, on the device until somebody asks."""

    def __init__(self, device: torch.device) -> None:
        self.sums = torch.zeros(2, device=device)  # summed loss, hits
        self.seen = 0
        self.answers: list[Tensor] = []  # a class for each image, where that is asked

    def add(self, logits: Tensor, y: Tensor, loss: Tensor) -> None:
        """Add a batch, whose mean loss is ``loss``: nothing is read back."""
        self.sums[0] += loss.detach() * len(y)
        self.sums[1] += (logits.detach().argmax(1) == y).sum()
        self.seen += len(y)

    def take(self, other: "Tally") -> None:
        """Add what another has counted."""
        self.sums += other.sums
        self.seen += other.seen

    def means(self) -> tuple[float, float]:
        """Mean loss and accuracy so far; this reads the device."""
        loss, accuracy = (self.sums / max(self.seen, 1)).tolist()
        return loss, accuracy
