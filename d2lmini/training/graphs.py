"""The gradients of a batch, recorded once on a CUDA device and played again."""

import torch
from torch import Tensor, nn

from d2lmini.training.forward import no_memory
from d2lmini.training.run import Loss, Run, Tally, mean_loss

WARM = 3  # steps that are launched one kernel at a time, so that PyTorch has settled


class Graph:
    """Computes the gradients of ``run``: a CUDA graph from the fourth batch on.

    A step of a small network is a few hundred short kernels, and Python takes longer to
    launch them one by one than the GPU to compute them.  A graph launches all of them
    at once.  Recorded are the forward pass, ``loss`` and the backward pass; the
    optimizer's step stays as it is.  Batches of another size, the first of an epoch
    (which notices look at), and all where memory is short, are computed as ever.

    What Python decides is decided once, when the step is recorded.  Through the first
    epoch the loss itself is asked as well, and one that gives something else is refused
    (:meth:`end_epoch`).
    """

    def __init__(self, run: Run, loss: Loss) -> None:
        self.run = run
        self.loss = loss
        self.warm = 0
        self.fresh = True  # the next batch is the first of an epoch
        self.graph: torch.cuda.CUDAGraph | None = None
        self.off = torch.zeros((), device=run.device)  # how far the loss was off
        self.proved = False
        self.gradients: list[tuple[nn.Parameter, Tensor]] = []
        self.logits = self.value = self.off

    def begin_epoch(self) -> None:
        """The next batch is the first one of an epoch."""
        self.fresh = True

    def __call__(self, X: Tensor, y: Tensor, tally: Tally) -> bool:
        """Compute the gradients for ``X`` and ``y`` and add to ``tally``.

        False, and nothing is done, for a batch that is to be computed as ever.
        """
        fresh, self.fresh = self.fresh, False
        if self.warm < WARM or fresh or self.run.forward.pieces > 1:
            self.warm += 1
            return False
        if self.graph is None:
            self._record(X, y)
        if X.shape != self.X.shape or X.dtype != self.X.dtype:
            return False
        self.X.copy_(X)
        self.y.copy_(y)
        assert self.graph is not None
        self.graph.replay()
        for parameter, gradient in self.gradients:
            parameter.grad = gradient  # a batch computed as ever has dropped them
        if not self.proved:
            self._compare()
        tally.take(self.tally)
        return True

    def end_epoch(self) -> None:
        """ValueError if the loss gave another value than the recorded one; reads it."""
        if self.proved or self.graph is None:
            return
        if float(self.off) > 1e-3:
            raise ValueError(
                "graph=True records the loss once, and on later batches it gives "
                "something else for the same logits and labels: let it depend on "
                "nothing but these, or leave graph out."
            )
        self.proved = True

    def _record(self, X: Tensor, y: Tensor) -> None:
        """Record the step for batches like this one; nothing is computed yet."""
        run = self.run
        self.X, self.y = X.clone(), y.clone()
        run.last = None  # it would hold on to what belongs to another stream
        graph, self.tally = torch.cuda.CUDAGraph(), Tally(run.device)
        generator = torch.cuda.default_generators[torch.cuda.current_device()]
        before = generator.clone_state()
        try:
            with torch.cuda.graph(graph):
                self.tally.sums.zero_()  # each time it is played
                run.gradients(self.X, self.y, self.loss, self.tally)
        except RuntimeError as error:
            generator.graphsafe_set_state(before)  # else it believes to be recorded
            if no_memory(error):
                raise
            raise ValueError(
                "graph=True: the step of this net cannot be recorded "
                f"({str(error).partition(chr(10))[0].rstrip('.')}): leave graph out."
            ) from error
        self.graph = graph
        assert run.last is not None
        logits, value = run.last
        self.logits, self.value = logits.detach(), value.detach()
        run.last = None
        parameters = run.net.parameters()
        self.gradients = [(p, p.grad) for p in parameters if p.grad is not None]

    def _compare(self) -> None:
        """Ask the loss itself about the logits that the graph has computed."""
        with self.run.forward.autocast():
            logits = self.logits.clone().requires_grad_()
            value = mean_loss(self.loss, logits, self.y).detach()
        far = (value - self.value).abs() / self.value.abs().clamp(min=1e-3)
        torch.maximum(self.off, far, out=self.off)
