"""A network applied to batches: in which precision, which order, how many pieces."""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from d2lmini.arguments import dtype_name, found
from d2lmini.data import Batches
from d2lmini.device import best_precision, device_name
from d2lmini.nets.borrowed import (
    draws_kept,
    dtype_of,
    evaluating,
    lay_out,
    modes_kept,
    refuse_meta,
    state_kept,
)
from d2lmini.nets.misfit import Misfit, explain_misfit

LOWER = (torch.bfloat16, torch.float16)  # what autocast computes in
_NO_MEMORY = ("can't allocate memory", "out of memory", "ALLOC_FAILED")


class Forward:
    """``net`` as a function from a batch of the kind of ``batches`` to logits.

    ``precision`` is what it computes in (None: the fastest), ``layout`` the order in
    memory in which it gets its images, and ``pieces`` how many parts a batch is worked
    through in, which grows when memory is short.  The net moves to the data's device.
    The first images show at once whether they fit: ValueError, naming the layer, if
    not.  ``training``: the net is tried in training as well, and its weights are laid
    out anew; otherwise they stay.  ``classes=None``: as many as the images have.
    ``like``: that of training, which has tried this net, or one laid out as it is; if
    that allows channels_last, it is not tried again for images of the same shape.
    """

    def __init__(
        self,
        net: nn.Module,
        batches: Batches,
        precision: torch.dtype | None = None,
        *,
        training: bool = False,
        classes: int | None = None,
        like: "Forward | None" = None,
    ) -> None:
        self.training = training
        self.net = initialised(net, batches)
        self.device = batches.images.images.device
        self.classes = classes or len(batches.images.classes)
        self.dtype = dtype_of(net)
        self.precision = _precision(self.dtype, self.device, precision)
        self.layout = torch.contiguous_format
        self.say: Callable[[str], None] = lambda text: None  # to whom it may concern
        self.pieces = 1  # doubled whenever memory runs out
        self.divisible = True  # else a batch that does not fit is refused
        self.counts = False  # the net minds how many images it gets
        X = sample(batches, 2)
        self.shape = X.shape[1:]  # that of an image
        known = (torch.channels_last, self.shape)
        if like is not None and (like.layout, like.shape) == known:
            self.layout = like.layout
        else:
            self.layout = self._best_layout(X, batches)

    def __call__(self, X: Tensor) -> Tensor:
        """Logits (N, classes) of ``X`` (N, C, H, W), at least float32.

        Raises ValueError for a net that gives anything else.
        """
        with self.autocast():
            out = self.net(X.to(self.dtype, memory_format=self.layout))
        if not isinstance(out, Tensor) or out.shape != (len(X), self.classes):
            raise ValueError(
                f"The net gives {found(out)} for {len(X)} images of {self.classes} "
                f"classes: let it give logits, a tensor ({len(X)}, {self.classes})."
            )
        return out if out.dtype == torch.float64 else out.float()

    def autocast(self) -> torch.autocast:
        """Compute in the precision within, where that is lower than the weights'.

        Within another autocast PyTorch would go on using the copies of the weights that
        it has made there, however the weights have changed since: they are forgotten.
        """
        torch.clear_autocast_cache()
        lower = self.precision != self.dtype
        dtype = self.precision if lower else None
        return torch.autocast(self.device.type, dtype, enabled=lower)

    def answers(self, X: Tensor) -> Tensor:
        """What :meth:`__call__` gives, in pieces when memory is short."""
        while True:
            try:
                return torch.cat([self(part) for part in X.chunk(self.pieces)])
            except (RuntimeError, MemoryError) as error:
                if not no_memory(error) or self.pieces >= len(X):
                    raise
            self.halve(len(X))  # outside except, whose traceback holds tensors

    def halve(self, batch: int) -> None:
        """Work through batches, of so many images, in twice as many pieces.

        MemoryError where other processes would have to wait for each piece.
        """
        if not self.divisible:
            raise MemoryError(
                f"A share of {batch} images does not fit into the memory of "
                f"{device_name(self.device)}, and of several processes none works "
                "through it in pieces: give a smaller batch_size, or start more."
            )
        if self.pieces == 1:
            self.say(
                f"A batch of {batch} does not fit into the memory of "
                f"{device_name(self.device)}: working through it in pieces."
            )
        self.pieces *= 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def trial(self, X: Tensor, in_training: bool = False) -> list[object]:
        """What the net makes of ``X`` in evaluation mode, and before that in training.

        Nothing else is changed: what draws, draws the same in each trial (dropout would
        draw another mask in another layout, on a GPU, and is left out), and the
        process's random state, the net's buffers and what its layers hold stay.
        """
        given = X.to(self.dtype, memory_format=self.layout)
        made: list[object] = []
        with unlowered(self.device), draws_kept(), state_kept(self.net):
            if in_training:
                with torch.enable_grad(), modes_kept(self.net):
                    if not self.net.training:
                        self.net.train()
                    _drop_nothing(self.net)
                    made.append(self.net(given))
            with torch.no_grad(), evaluating(self.net):
                return [*made, self.net(given)]

    def _best_layout(self, X: Tensor, batches: Batches) -> torch.memory_format:
        """channels_last, with the weights laid out so, where the net allows it.

        Convolutions are faster in it.  But a net that looks at the order in memory
        (``view``, ``as_strided``) fails or computes something else: such a one gets
        its images, and keeps its weights, as PyTorch lays them out by itself.
        """
        convolves = any(weight.ndim == 4 for weight in self.net.parameters())
        both = self.training and convolves
        try:
            usual = self.trial(X, both)
        except (RuntimeError, ValueError, AssertionError):
            whole = sample(batches, batches.batch_size)  # it may mind their number
            with explain_misfit(self.net, whole):
                self.trial(whole)
            self.counts = True
            self._refuse_last(batches)
            return torch.contiguous_format
        if not convolves:
            return torch.contiguous_format
        weights = {weight: weight.data for weight in self.net.parameters()}
        if self.training:
            lay_out(self.net, torch.channels_last)
        self.layout = torch.channels_last
        with contextlib.suppress(RuntimeError):
            if all(map(_same, usual, self.trial(X, both))):
                return torch.channels_last
        for weight, data in weights.items():
            weight.data = data
        return torch.contiguous_format

    def _refuse_last(self, batches: Batches) -> None:
        """Misfit for a net that takes whole batches and not the smaller last one."""
        size = batches.batch_size
        last = len(batches.images) % size
        try:
            if len(batches) > 1 and last:
                self.trial(sample(batches, last))
        except (RuntimeError, ValueError, AssertionError):
            raise Misfit(
                f"The net takes batches of {size} images, and not the last one of "
                f"{len(batches.images):,}, which holds {last}: let it read the number "
                "from its input, as X.flatten(1) or X.view(len(X), -1) does."
            ) from None


@contextlib.contextmanager
def unlowered(device: torch.device) -> Iterator[None]:
    """Within, no autocast around lowers the precision; it keeps no weights of ours."""
    with torch.autocast(device.type, enabled=False):
        try:
            yield
        finally:
            torch.clear_autocast_cache()


def _drop_nothing(net: nn.Module) -> None:
    """Dropout in evaluation mode, within a net in training mode."""
    for layer in net.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd):
            layer.training = False


def initialised(net: nn.Module, batches: Batches) -> nn.Module:
    """``net`` on the data's device; lazy layers take their sizes from the images."""
    X = sample(batches, 2)
    refuse_meta(*net.parameters(), *net.buffers())
    net.to(X.device)
    if any(map(nn.parameter.is_lazy, (*net.parameters(), *net.buffers()))):
        with explain_misfit(net, X), evaluating(net), torch.no_grad():
            net(X.to(dtype_of(net)))
    return net


def sample(batches: Batches, count: int) -> Tensor:
    """The first images as the net gets them (count, C, H, W); no pass is counted."""
    return batches.prepare(batches.images.images[:count], torch.Generator())


def no_memory(error: BaseException) -> bool:
    """Whether an error says that memory has run out, on a GPU or a CPU."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error) for w in _NO_MEMORY)


def _precision(
    weights: torch.dtype, device: torch.device, asked: torch.dtype | None
) -> torch.dtype:
    """What to compute in; ValueError if weights of their type do not allow it."""
    if asked is not None and not isinstance(asked, torch.dtype):
        raise TypeError(
            f"precision is {found(asked)}: give a dtype, such as torch.bfloat16, or "
            "None."
        )
    if weights != torch.float32:  # chosen by whoever converted the net
        allowed: tuple[torch.dtype, ...] = (weights,)
        best = weights
    else:
        allowed, best = (torch.float32, *LOWER), best_precision(device)
    if asked is not None and asked not in allowed:
        raise ValueError(
            f"precision is {dtype_name(asked)}, and the net's weights are "
            f"{dtype_name(weights)}: give {' or '.join(map(dtype_name, allowed))}"
            + (", or convert the net first." if asked.is_floating_point else ".")
        )
    return asked or best


def _same(a: object, b: object) -> bool:
    """Whether two outputs are equal but for the order of summation.

    A GPU may round the factors of a convolution to ten bits before (TF32).
    """
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        a, b = a.detach(), b.detach()
        far = 1e-3 if a.device.type == "cpu" else 2e-2
        size = float(a.abs().max()) if a.numel() else 0.0
        return a.shape == b.shape and torch.allclose(
            a, b.to(a), rtol=far, atol=far * size, equal_nan=True
        )
    return type(a) is type(b)
