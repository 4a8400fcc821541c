"""What a run is at one moment: exactly what a checkpoint stores."""

import enum
import functools
import math
import numbers
import random as pyrandom
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from d2lmini.arguments import dtype_name, first_line, found, unwrapped
from d2lmini.nets.borrowed import draws_kept
from d2lmini.training.average import Average
from d2lmini.training.forward import Forward, no_memory

Optimizer = Callable[..., torch.optim.Optimizer]
Loss = Callable[[Tensor, Tensor], Tensor]

_NUMPY = ("pos", "has_gauss", "gauss")  # of its generator, beside 624 words

#: How far gradients of a loss, relative to the largest, may be off by rounding.
OFF = 1e-3

#: Optimizers whose fused form every device of every PyTorch from 2.6 on has.
FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)


class Recorder(Protocol):
    """What computes a run's gradients in its place, as graphs.Graph does."""

    def __call__(self, X: Tensor, y: Tensor, tally: "Tally") -> bool:
        """Whether it has done so, and added loss and hits to ``tally``."""

    def begin_epoch(self) -> None:
        """The next batch is the first one of an epoch."""

    def end_epoch(self) -> None:
        """ValueError if the gradients were not those of the run."""

    def close(self) -> None:
        """Leave the run to itself from here on."""


class Run:
    """The net that is trained, and all that changes with it from step to step.

    ``forward`` applies the net; ``optimizer(parameters, lr=...)`` makes the optimizer;
    ``average`` is the decay of an average of the weights, or None.  ``others`` are the
    weights that the optimizer steps beside the net's, such as those of a loss.  The
    random state belongs to it too: it is the process's own.  ``world`` processes share
    a batch, so that the gradients of a picture are as many times larger.
    """

    def __init__(
        self,
        forward: Forward,
        optimizer: Optimizer,
        lr: float,
        average: float | None = None,
        world: int = 1,
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
        mine = {id(p) for p in self.net.parameters()}
        self.others = [p for p in optimized(self.optimizer) if id(p) not in mine]
        # Gradients of float16 vanish without scaling; bfloat16's do not.
        lower = forward.precision == torch.float16 != forward.dtype
        first = 2.0**16 / world  # PyTorch's own, for one
        self.scaler = torch.amp.GradScaler(self.device.type, first, enabled=lower)
        self.averaged = Average(self.net, average)
        self.last: tuple[Tensor, Tensor] | None = None  # logits and loss
        # Of logits and labels of a share, those of the batch; alone, it is the batch.
        self.of_all: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = _as_they_are
        self.graph: Recorder | None = None  # computes the gradients, where it does

    def train_mode(self) -> None:
        """The net in training mode, but for the layers that were frozen."""
        self.net.train()
        for layer in self.frozen:
            layer.training = False

    def scale_rates(self, factor: Any) -> None:
        """Give each group of parameters its own learning rate times ``factor``."""
        factor = plain(unwrapped(factor))
        truth = isinstance(factor, bool)
        if truth or not isinstance(factor, (int, float)) or not 0 <= factor < math.inf:
            no, how = (", no number", ", as float() makes") if truth else ("", "")
            raise ValueError(
                f"the schedule gives {found(factor)}{no}: it must give a finite factor "
                f"of at least 0 for the learning rate{how}."
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
        """Those of the mean loss times ``weight``; adds to ``tally`` as well.

        ValueError if they are not those of the batch, where that is in pieces.
        """
        self.optimizer.zero_grad(set_to_none=True)
        pieces, done = self.forward.pieces, list[Tensor]()
        for X_piece, y_piece in zip(X.chunk(pieces), y.chunk(pieces), strict=True):
            with self.forward.autocast():
                logits = self.forward(X_piece)
                value = mean_loss(loss, *self.of_all(logits, y_piece))
            share = value * (len(X_piece) / len(X) * weight)
            if pieces > 1:
                logits.retain_grad()
                done.append(logits)
            torch.autograd.backward(self.scaler.scale(share))
            tally.add(logits.detach().argmax(1), y_piece, value)
            self.last = logits, value
        if done:
            self._refuse_meeting(loss, done, y)

    def _refuse_meeting(self, loss: Loss, done: list[Tensor], y: Tensor) -> None:
        """ValueError where pieces, whose logits are ``done``, make another loss.

        Gradients tell at once, where the losses of an untrained net are all alike.  A
        loss that draws is not told apart; one that is no number has its own sentence.
        """
        logits = torch.cat(done).detach().requires_grad_()
        with draws_kept(), self.forward.autocast():  # a loss may write into its logits
            value, again = (mean_loss(loss, logits.clone(), y) for _ in range(2))
        (whole,) = torch.autograd.grad(self.scaler.scale(value), logits)
        if not (torch.equal(value, again) and whole.isfinite().all()):
            return
        parted = torch.cat([part.grad for part in done if part.grad is not None])
        far = OFF * float(whole.abs().max())
        if not torch.allclose(parted, whole, rtol=OFF, atol=far, equal_nan=True):
            raise ValueError(
                f"A batch of {len(y)} does not fit into memory, and the loss "
                f"{_name(loss)} of its pieces is a different one, as with a sum, "
                "weighted classes or mixed pictures: give a smaller batch_size."
            )

    @torch.no_grad()
    def settle(self, images: Iterable[Tensor]) -> None:
        """Make the averaged net the trained one, with statistics of ``images``.

        These are batches (N, C, H, W), none of which is drawn without an average.
        Averaged statistics belong to the single networks and not to the averaged one,
        so they are computed anew (Izmailov et al., 2018).
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
            "others": [p.detach() for p in self.others],
            "optimizer": plain(self.optimizer.state_dict()),
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
        for weight, stored in zip(self.others, state["others"], strict=True):
            weight.data.copy_(stored)
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.averaged.load_state_dict(state["average"])
        self.set_random(state["random"])

    def random_state(self) -> dict[str, Any]:
        """Where the generators of PyTorch, of Python and of NumPy are."""
        random = {
            "cpu": torch.get_rng_state(),
            "python": _python_state(),
            **_numpy_state(),
        }
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return random

    def set_random(self, random: dict[str, Any]) -> None:
        """Set the generators to :meth:`random_state`."""
        torch.set_rng_state(random["cpu"].cpu())
        pyrandom.setstate(of_python(random["python"]))
        if "numpy" in random:  # not where its generator is of another kind
            key, *rest = (random["numpy"][k] for k in ("key", *_NUMPY))
            np.random.set_state(("MT19937", key.cpu().numpy(), *rest))
        if "cuda" in random and self.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"].cpu(), self.device)


def made(optimizer: Optimizer, net: nn.Module, lr: float) -> torch.optim.Optimizer:
    """The optimizer of the net, updating all parameters in one kernel where it can."""
    try:
        fused = {} if _sparse(net) or _complex(net) else _fused(optimizer)
        made = optimizer(net.parameters(), lr=lr, **fused)
    except (RuntimeError, TypeError, ValueError, LookupError) as error:
        raise ValueError(
            f"The optimizer {_name(optimizer)} cannot be made of the net's parameters "
            f"and lr={lr:g} ({first_line(error)}): give a function of (parameters, "
            f"lr=…), such as torch.optim.Adam{_or_options(optimizer)}."
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
    for group in made.param_groups:
        group.update({k: plain(v) for k, v in group.items() if type(v) is not list})
    return made


def optimized(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The weights that ``optimizer`` steps, in its order."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def plain(value: Any) -> Any:
    """``value`` with each number as Python's own, within tuples, lists and dicts too.

    Those of NumPy, and fractions, are written to a file and not read from it again.
    Tensors, and what holds no numbers, stay.
    """
    if isinstance(value, np.generic) or (
        isinstance(value, np.ndarray) and not value.ndim
    ):
        value = value.item()
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (bool, enum.Enum)) or not isinstance(value, numbers.Real):
        return value
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def _sparse(net: nn.Module) -> bool:
    """Whether some gradients hold a few rows alone, which no fused kernel takes."""
    return any(getattr(layer, "sparse", False) is True for layer in net.modules())


def _complex(net: nn.Module) -> bool:
    return any(weight.is_complex() for weight in net.parameters())


def _python_state() -> tuple[int, Tensor, float | None]:
    """Where its generator is; one tensor is read faster than 625 words."""
    version, words, drawn = pyrandom.getstate()
    return version, torch.tensor(words, dtype=torch.int64, device="cpu"), drawn


def of_python(stored: Any) -> tuple[Any, ...]:
    """What Python takes of what is ``stored``."""
    version, words, drawn = stored
    return version, tuple(words.tolist()), drawn


def _numpy_state() -> dict[str, Any]:
    """Where its global generator is; empty if that is none of NumPy's first."""
    state = np.random.get_state(legacy=False)
    if not isinstance(state, dict) or state["bit_generator"] != "MT19937":
        return {}
    key = torch.from_numpy(state["state"]["key"].astype(np.int64))
    rest = {name: plain({**state["state"], **state}[name]) for name in _NUMPY}
    return {"numpy": {"key": key, **rest}}


def _fused(optimizer: Optimizer) -> dict[str, bool]:
    if isinstance(optimizer, functools.partial):
        if optimizer.keywords.keys() & {"fused", "foreach", "capturable"}:
            return {}  # told otherwise
        return _fused(optimizer.func)
    return {"fused": True} if optimizer in FUSED else {}


def _name(function: Any) -> str:
    if isinstance(function, functools.partial):
        return _name(function.func)
    return str(getattr(function, "__qualname__", type(function).__name__))


def _or_options(function: Any) -> str:
    """The end of a remedy: what a partial adds may be what is wrong."""
    given = isinstance(function, functools.partial) and function.keywords
    return f", or change what the partial adds ({', '.join(given)})" if given else ""


def _as_they_are(logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return logits, y


def mean_loss(loss: Loss, logits: Tensor, y: Tensor) -> Tensor:
    """``loss(logits, y)``, which must be one number with a gradient."""
    try:
        value = loss(logits, y)
    except (RuntimeError, TypeError, ValueError, LookupError) as error:
        if no_memory(error):
            raise
        raise ValueError(
            f"The loss {_name(loss)} does not take logits {tuple(logits.shape)} and "
            f"labels {tuple(y.shape)} ({first_line(error)}): give a function of these "
            f"two, such as F.cross_entropy{_or_options(loss)}."
        ) from error
    if not isinstance(value, Tensor) or value.ndim:
        problem = found(value)
    elif not value.is_floating_point():
        problem = f"a number of type {dtype_name(value.dtype)}"
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
        # Summed loss, and hits; half precision, if that is the default, stops counting.
        self.sums = torch.zeros(2, device=device, dtype=torch.float32)
        self.seen = 0
        self.answers: list[Tensor] = []  # a class for each image, where that is asked

    def add(self, classes: Tensor, y: Tensor, loss: Tensor) -> None:
        """Add a batch, whose mean loss is ``loss``: nothing is read back."""
        self.sums[0] += loss.detach() * len(y)
        self.sums[1] += (classes == y).sum()
        self.seen += len(y)

    def take(self, other: "Tally") -> None:
        """Add what another has counted."""
        self.sums += other.sums
        self.seen += other.seen

    def means(self) -> tuple[float, float]:
        """Mean loss and accuracy so far; this reads the device."""
        loss, accuracy = (self.sums / max(self.seen, 1)).tolist()
        return loss, accuracy
