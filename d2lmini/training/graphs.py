"""The gradients of a batch, recorded once on a CUDA device and played again."""

import contextlib
import pickle
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from d2lmini.arguments import first_line
from d2lmini.training.forward import no_memory
from d2lmini.training.run import Loss, Run, Tally, mean_loss

WARM = 2  # batches that are computed as ever after the first one, then it is recorded
OFF = 1e-3  # how far, relatively, a recorded loss may be from what the loss says


class Recorded(Protocol):
    """A piece of work that has been recorded."""

    def replay(self) -> None:
        """Do it again, from and to the same places in memory."""


class Graph:
    """Computes the gradients of ``run``: a CUDA graph from the fourth batch on.

    A step of a small network is a few hundred short kernels, and Python takes longer to
    launch them one by one than the GPU to compute them.  A graph launches all of them
    at once.  Recorded are the forward pass, ``loss`` and the backward pass; the
    optimizer's step stays as it is.  Batches of another size, and the first of an epoch
    (which notices look at), are computed as usual.

    What Python decides is decided once, when the step is recorded.  So a step is
    refused with ValueError that reads a number from the GPU, draws numbers on the CPU,
    or replaces buffers or weights with new tensors; and a loss, which must keep
    no state, that gives something else for the same logits through the first epoch or
    at the beginning of a later one.  Hooks in Python, and tensors that are neither
    weights nor buffers, are not followed.
    """

    def __init__(self, run: Run, loss: Loss) -> None:
        self.run = run
        self.loss = loss
        self.graph: Recorded | None = None
        self.warm = 0
        self.size: torch.Size | None = None  # of a whole batch; None: none has come
        self.asking = True  # the loss itself is asked about the next batch
        self.proved = False  # through one epoch it said what was recorded
        self.tally = Tally(run.device)
        self.gradients: list[tuple[Tensor, Tensor]] = []
        self.places: list[int] = []  # of what the recorded step reads and writes
        # How far the loss was off.
        self.off = torch.zeros((), device=run.device, dtype=torch.float32)
        self.logits = self.value = self.off

    def begin_epoch(self) -> None:
        """The next batch is the first one of an epoch."""
        self.size, self.asking = None, True

    def __call__(self, X: Tensor, y: Tensor, tally: Tally) -> bool:
        """Compute the gradients for ``X`` and ``y`` and add to ``tally``.

        False, and nothing is done, for a batch that is to be computed as usual.
        """
        if self.size is None:
            self.size = X.shape
            return False
        if X.shape != self.size or self.run.forward.pieces > 1:
            return False
        if self.graph is None:
            self.warm += 1
            if self.warm < WARM:
                return False
            if self.warm == WARM:
                self._rehearse(X, y, tally)
                return True
            self.graph = self._record(X, y)
        self.X.copy_(X)
        self.y.copy_(y)
        self.graph.replay()
        self.run.optimizer.zero_grad(set_to_none=True)  # of a batch computed as ever
        for parameter, gradient in self.gradients:
            parameter.grad = gradient
        if self.asking:
            self._compare()
            self.asking = not self.proved
        tally.take(self.tally)
        return True

    def end_epoch(self) -> None:
        """ValueError if what was recorded is not what is computed; reads the device."""
        if self.graph is None:
            return
        if self._places() != self.places:
            raise _refused(
                "the optimizer puts new weights in the place of the old ones: let it "
                "change them in place"
            )
        if not float(self.off) <= OFF:
            raise _refused(
                "the loss gives something else than when it was recorded, for the same "
                "logits and labels: let it depend on nothing but these"
            )
        self.proved = True

    def close(self) -> None:
        """Give the memory of the recorded step back; the gradients stay."""
        for parameter, gradient in self.gradients:
            if parameter.grad is gradient:
                parameter.grad = gradient.clone()  # the other one holds the step's
        self.run.graph = None  # which holds this, and this it

    def _rehearse(self, X: Tensor, y: Tensor, tally: Tally) -> None:
        """A step as ever, which shows whether it can be recorded: else ValueError."""
        places, drawn = self._places(), _drawn()
        try:
            with _reading_refused():
                self.run.gradients(X, y, self.loss, tally)
        except (RuntimeError, ValueError) as error:
            if "synchronizing" not in str(error):
                raise
            raise _refused("it reads a number from the GPU (.item(), if …)") from error
        if _drawn() != drawn:
            raise _refused("it draws numbers on the CPU, and would draw them once")
        if self._places() != places:
            raise _refused(
                "it puts new tensors in the place of buffers: change them in place"
            )

    def _record(self, X: Tensor, y: Tensor) -> Recorded:
        """The step for batches like this one; nothing is computed yet."""
        run = self.run
        self.X, self.y = X.clone(), y.clone()
        run.last = None  # it would hold on to what belongs to another stream

        def step() -> None:
            self.tally.sums.zero_()  # each time it is played
            self.tally.seen = 0
            run.gradients(self.X, self.y, self.loss, self.tally)

        try:
            recorded = recording(run.device, step)
        except RuntimeError as error:
            if no_memory(error) or no_memory(error.__context__ or error):
                raise torch.OutOfMemoryError(str(error)) from error
            raise _refused(first_line(error.__context__ or error)) from error
        assert run.last is not None
        logits, value = run.last
        self.logits, self.value = logits.detach(), value.detach()
        run.last = None
        self.gradients = [(p, p.grad) for p in self._held() if p.grad is not None]
        self.places = self._places()
        return recorded

    def _held(self) -> list[Tensor]:
        """All that may get a gradient: a loss may have weights of its own."""
        groups = self.run.optimizer.param_groups
        held = [*self.run.net.parameters(), *(p for g in groups for p in g["params"])]
        return list({id(p): p for p in held}.values())

    def _places(self) -> list[int]:
        """Where in memory the weights and buffers lie that a step reads and writes."""
        return [t.data_ptr() for t in (*self._held(), *self.run.net.buffers())]

    def _compare(self) -> None:
        """Ask the loss itself about the logits that the graph has computed."""
        with self.run.forward.autocast():
            logits = self.logits.clone().requires_grad_()
            value = mean_loss(self.loss, logits, self.y).detach()
        far = (value - self.value).abs() / self.value.abs().clamp(min=OFF)
        torch.maximum(self.off, far, out=self.off)


def recording(device: torch.device, work: Callable[[], None]) -> Recorded:
    """``work``, which only launches kernels on the CUDA ``device``, recorded.

    RuntimeError if it cannot be; the current stream and PyTorch's random state are
    afterwards what they were.
    """
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream(device)
    generator = torch.cuda.default_generators[stream.device_index]
    before, done = generator.clone_state(), False
    try:
        aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        with torch.cuda.graph(graph, stream=aside):
            work()
        done = True
    finally:
        torch.cuda.set_stream(stream)  # PyTorch leaves its own after an error
        if not done:
            generator.graphsafe_set_state(before)  # else it believes to be recorded
    return graph


@contextlib.contextmanager
def _reading_refused() -> Iterator[None]:
    """Within, PyTorch raises where a number is read from the GPU."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this may change one day
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(before)


def _drawn() -> tuple[bytes, object, bytes]:
    """Where the CPU's generators are, PyTorch's, Python's and NumPy's."""
    numpy = pickle.dumps(np.random.get_state(legacy=False))
    return torch.get_rng_state().numpy().tobytes(), random.getstate(), numpy


def _refused(why: str) -> ValueError:
    return ValueError(
        f"graph=True: this step cannot be recorded, since {why}; or leave graph out."
    )
