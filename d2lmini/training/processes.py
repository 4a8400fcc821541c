"""One net trained by several processes, as torchrun starts them.

Each process holds the whole net and all pictures.  It draws every batch as a single
process would and works through its share; PyTorch's DistributedDataParallel gives all
of them the gradient of the whole batch, so that all take the same step.  Process 0
reports and stores.
"""

import contextlib
import functools
import io
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from d2lmini.arguments import first_line
from d2lmini.data import Batches, Splits
from d2lmini.device import place
from d2lmini.training import interrupts
from d2lmini.training.checkpoint import UNWRITABLE, no_numbers
from d2lmini.training.fingerprint import Unfollowable, fingerprint, fingerprints
from d2lmini.training.forward import sample
from d2lmini.training.history import History
from d2lmini.training.meeting import ENDED, connect, first_to, is_lost, why_lost
from d2lmini.training.normalising import normalising_together
from d2lmini.training.notices import leaves
from d2lmini.training.recipe import Recipe, difference, known, sequence
from d2lmini.training.report import Report, Silent
from d2lmini.training.run import Run, Tally

_LAUNCHER = os.getppid()

Thing = TypeVar("Thing")
Share = tuple[Tensor, Tensor, float]


class Group:
    """The processes that train one net; without arguments, this one alone.

    ``rank`` is the number of this one, ``world`` how many there are.  Every process
    calls the same methods in the same order: most of them wait for the others.  Alone,
    each method gives back what it gets.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank, self.world = rank, world
        self.seed = 0
        self.history: History | None = None
        self.path: Path | None = None
        # Of the whole batch that is worked through.
        self.labels = torch.empty(0, dtype=torch.int64, device="cpu")

    @property
    def first(self) -> bool:
        """Whether this is the process that reports and stores."""
        return self.rank == 0

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.world > 1

    # Batches and what is counted on them

    def shares(self, batches: Batches) -> Iterator[Share]:
        """Of each batch: this process's pictures, their labels, and the weight of
        their mean in the mean of the processes, which is 1 for equal shares.

        ValueError where another process draws other batches.
        """
        for i, (X, y) in enumerate(batches):
            if not self.several:
                yield X, y, 1.0
                continue
            self._look_for_launcher()
            if i == 0:
                self._refuse_other(y)
            self.labels = y
            share = X.tensor_split(self.world)[self.rank]
            weight = len(share) * self.world / len(X)
            yield share, y.tensor_split(self.world)[self.rank], weight

    def _refuse_other(self, y: Tensor) -> None:
        labels = self._gathered(fingerprint(y))
        for rank, theirs in enumerate(labels):
            if theirs != labels[0]:
                raise ValueError(
                    f"Process {rank} draws other batches of data.train than process 0: "
                    "let their order follow from seed and epoch, and not from the "
                    "generator of PyTorch, which differs in each."
                )

    def _of_all(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the whole batch, for a share of :meth:`shares`.

        In a loss pictures may meet: those that CutMix has mixed, or all of them where
        a mean divides by the weights of their classes.
        """
        size = len(self.labels)
        whole: Tensor = _Whole.apply(logits, self.rank, self.world, size)
        return whole, self.labels

    def dealt(self, batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
        """Every so-manieth batch, whole: what is only measured needs no shares."""
        batches.epoch = self.same(batches.epoch)  # their order may follow from it
        return itertools.islice(batches, self.rank, None, self.world)

    def total(self, tally: Tally) -> Tally:
        """What all have counted, with the answers to :meth:`dealt` in their order."""
        if not self.several:
            return tally
        whole = Tally(tally.sums.device)
        numbers = torch.cat([tally.sums, tally.sums.new_tensor([tally.seen])]).double()
        dist.all_reduce(numbers)
        whole.sums, whole.seen = numbers[:2].to(tally.sums), int(numbers[2])
        dealt = self._gathered([answers.cpu() for answers in tally.answers])
        rounds = itertools.zip_longest(*dealt)
        whole.answers = [a for turn in rounds for a in turn if a is not None]
        return whole

    # What all must have alike

    def made_once(self, make: Callable[[], Thing]) -> Thing:
        """What ``make()`` gives in process 0, or raises there, for all of them."""
        if not self.several:
            return make()
        made: Any = None
        if self.first:
            try:
                made = make()
            except Exception as error:
                made = error
        made = self.same(made)
        if isinstance(made, Exception):
            raise made
        return made  # type: ignore[no-any-return]

    def same(self, thing: Thing) -> Thing:
        """``thing`` as process 0 has it."""
        if not self.several:
            return thing
        kept = [thing]
        dist.broadcast_object_list(kept, src=0)
        return thing if self.first else kept[0]

    def agree(
        self,
        asked: Recipe,
        data: Splits,
        net: nn.Module,
        watch: Tensor | None,
        functions: dict[str, Any],
    ) -> None:
        """ValueError unless all are about to train the same, each on its device."""
        if not self.several:
            return
        _refuse_small(data.train, self.world)
        content = {name: _content(part) for name, part in data._asdict().items()}
        content |= {"watch": fingerprint(watch), **_form(net)}
        with contextlib.suppress(Unfollowable):  # what nobody can compare
            content |= fingerprints(functions, known(net, data))
        device = data.train.images.images.device
        mine = asked, content, self._chip(device)
        all_of_them = self._gathered(mine)
        for rank, (recipe, parts, _) in enumerate(all_of_them):
            reason = difference(all_of_them[0][0], recipe, all_of_them[0][1], parts)
            if reason:
                reason = reason.replace(" there", " in process 0")
                raise ValueError(
                    f"Process {rank} is about to train something other than process 0 "
                    f"({reason.replace(' here', f' in process {rank}')}): start the "
                    "same script, with the same data, in each, and let no function of "
                    "it read which process this is (a Report may)."
                )
        if len({chip for *_, chip in all_of_them}) < self.world:
            raise ValueError(
                f"Two processes compute on {device}: call d2lmini.setup, or load the "
                "data with device=None, so that each gets a GPU of its own."
            )

    def _chip(self, device: torch.device) -> str:
        """What no other process may compute on: a GPU has a name of its own."""
        if device.type == "cpu":
            return str(self.rank)
        return str(torch.cuda.get_device_properties(device).uuid)

    def _begin_alike(self, run: Run) -> None:
        content = self.made_once(functools.partial(_packed, run))
        if not self.first:
            file = io.BytesIO(content)
            state = torch.load(file, map_location=run.device, weights_only=True)
            run.load_state_dict(state)
        self.seed = torch.initial_seed()

    def begin_epoch(self, epoch: int) -> None:
        """Let dropout draw other masks in each process; those of 0 as if alone."""
        if not self.first:
            seed = (self.seed * 1_000_003 + epoch) * self.world + self.rank
            torch.manual_seed(seed % 2**63)

    def same_buffers(self, run: Run, report: Report) -> None:
        """Give all the buffers of process 0; say in epoch 0 where they differed.

        ValueError where weights do: each process would train a net of its own.
        """
        if not self.several:
            return
        differing = self._alike(run.net)
        if run.averaged:
            self._alike(run.averaged.net)
        if differing and self.history and not self.history.epochs:
            report.say(
                f"{' and '.join(differing[:2])}{' …' * (len(differing) > 2)} followed "
                "each process's own share of the pictures: after each epoch what "
                "process 0 has is kept."
            )

    @torch.no_grad()
    def _alike(self, net: nn.Module) -> list[str]:
        """Give the buffers of ``net`` what they are in process 0; those that change."""
        buffers = {name: buffer.cpu() for name, buffer in net.named_buffers()}
        gathered, weights = zip(*self._gathered((buffers, _sums(net))), strict=True)
        for rank, theirs in enumerate(weights):
            for name, number in theirs.items():
                if number != weights[0][name]:
                    raise ValueError(_APART.format(name, rank))
        differing = []
        for name, buffer in net.named_buffers():
            others = [buffers[name] for buffers in gathered]
            buffer.copy_(others[0])
            if not all(map(others[0].equal, others)):
                differing.append(name)
        return differing

    def _gathered(self, thing: Thing) -> list[Thing]:
        """That of each process, in the order of their ranks."""
        things: list[Any] = [None] * self.world
        dist.all_gather_object(things, thing)
        return things

    # Steps taken together

    @contextlib.contextmanager
    def joined(self, run: Run, history: History, batches: Batches) -> Iterator[None]:
        """Within, a step of ``run`` has the gradient of the whole batch.

        All begin with the state of process 0, and end with its random state.
        """
        if not self.several:
            yield
            return
        self.history = history
        self._begin_alike(run)
        forward, idle = run.forward, self.same(_idle(run, batches))
        with normalising_together(run.net, run.device), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Grad strides")  # of one channel: alike
            warnings.filterwarnings("ignore", "`broadcast_buffers`")  # no other in 2.6
            wrapped = nn.parallel.DistributedDataParallel(
                run.net, broadcast_buffers=False, find_unused_parameters=idle
            )
            run.of_all, forward.net = self._of_all, wrapped
            forward.divisible = False  # others would wait for this one's pieces
            try:
                yield
            finally:
                del wrapped.reducer, wrapped.logger  # with their hooks on the weights
                forward.net, forward.divisible = run.net, True
        run.set_random(self.same(run.random_state()))

    def report(self, report: Report) -> Report:
        """``report`` in process 0, and silence in the others."""
        return report if self.first else Silent()

    # The end of one is the end of all

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Within, all processes end when one does: one of them says so, and each
        raises SystemExit."""
        if not self.several:
            yield
            return
        try:
            yield
        except KeyboardInterrupt as asked:
            by_hand = not isinstance(asked, interrupts.Terminated)
            why = ENDED
        except RuntimeError as error:
            if _unused(error):
                raise ValueError(_UNUSED) from error
            if not is_lost(error):
                raise
            by_hand = interrupts.by_hand()
            why = why_lost(error)
        else:
            return
        with interrupts.held():  # Ctrl-C reaches a process twice, through torchrun too
            if self._speaks():
                print(self._ending(by_hand, why), file=sys.stderr, flush=True)
        raise SystemExit(1)

    def _ending(self, by_hand: bool, why: str) -> str:
        epochs = len(self.history.epochs) if self.history else 0
        of = f" of {self.history.recipe['epochs']}" if self.history else ""
        after = f"after {epochs}{of} epochs"
        said = f"Stopped by hand {after}: all {self.world} processes end."
        if not by_hand:
            said = f"The run ends {after} in all {self.world} processes, because {why}."
        if self.path and epochs:
            said += (
                f" Started again, it goes on from {self.path}, after the last epoch "
                "stored there."
            )
        return said

    def _speaks(self) -> bool:
        """Whether no other process has said it; the store that torchrun keeps knows."""
        if self._orphaned():
            return self.first
        return first_to("said")

    def _orphaned(self) -> bool:
        """Whether torchrun, which would end its processes, has itself been killed."""
        return "TORCHELASTIC_RUN_ID" in os.environ and os.getppid() != _LAUNCHER

    def _look_for_launcher(self) -> None:
        if self._orphaned():
            raise interrupts.Terminated


def group_for(batches: Batches) -> Group:
    """The processes that torchrun has started, connected once; else this one alone."""
    here = place()
    if here.world == 1 and not (dist.is_available() and dist.is_initialized()):
        return Group()
    device = batches.images.images.device
    if not dist.is_available() or device.type not in ("cpu", "cuda"):
        raise ValueError(
            f"Several processes cannot train on {device.type} with this PyTorch: "
            "start one, or load the data with device='cpu'."
        )
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        try:
            connect("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
        except RuntimeError as error:
            if not is_lost(error):
                raise
            raise SystemExit(
                f"Process {here.rank} of {here.world} does not reach the others "
                f"({first_line(error)}): see what they say."
            ) from None
    return Group(dist.get_rank(), dist.get_world_size())


def _refuse_small(batches: Batches, world: int) -> None:
    size, count = batches.batch_size, len(batches.images)
    last = count % size or size
    if last < world:
        raise ValueError(
            f"With batch_size={size} the last batch of {count:,} images holds {last}, "
            f"fewer than the {world} processes: give another batch_size, or start "
            "fewer processes."
        )


def _content(batches: Batches) -> str:
    cut = batches.batch_size, batches.seed
    try:
        return fingerprint((cut, sequence(batches)))
    except Unfollowable:  # an augmentation that nobody can compare
        return fingerprint((cut, batches.images.images, batches.images.labels))


def _packed(run: Run) -> bytes:
    """The state of ``run``; ValueError if the others could not read it."""
    file = io.BytesIO()
    try:
        torch.save(run.state_dict(), file)
        file.seek(0)
        torch.load(file, "cpu", weights_only=True)
    except UNWRITABLE as error:
        raise ValueError(no_numbers("The run cannot be shared", error)) from None
    return file.getvalue()


_APART = (
    "{} is no longer the same in process {} as in process 0, and each would train a "
    "net of its own: let optimizer, schedule and net draw no random numbers for their "
    "weights and read no clock, and start all processes on chips of one kind."
)
_WORDS = {1: torch.uint8, 2: torch.int16, 4: torch.int32}


def _sums(net: nn.Module) -> dict[str, int]:
    """Of each parameter the sum of its bits, read as whole numbers: NaN is like NaN,
    and a single number leaves the device for each."""
    sums = {}
    for name, weight in net.named_parameters():
        word = _WORDS.get(weight.itemsize, torch.int64)
        sums[name] = weight.detach().flatten().view(word).sum()
    return dict(zip(sums, torch.stack([*sums.values()]).tolist(), strict=True))


def _form(net: nn.Module) -> dict[str, str]:
    """What else of a net all must have alike: its layers, and which of them train."""
    layers = [(name, type(layer).__qualname__) for name, layer in net.named_modules()]
    numbers = [
        (name, X.shape, X.dtype, X.requires_grad)
        for name, X in (*net.named_parameters(), *net.named_buffers())
    ]
    frozen = [name for name, layer in net.named_modules() if not layer.training]
    return {
        "net": str((layers, numbers)),
        "frozen": str(frozen if net.training else []),
    }


def _idle(run: Run, batches: Batches) -> bool:
    """Whether some parameter takes no part; to look for such costs time each step."""
    try:
        made = run.forward.trial(sample(batches, 2), in_training=True)[0]
    except (RuntimeError, ValueError, AssertionError):  # it may mind their number
        return True
    reached = {id(leaf) for leaf in leaves(made)} if isinstance(made, Tensor) else set()
    return any(p.requires_grad and id(p) not in reached for p in run.net.parameters())


_UNUSED = (
    "A parameter of the net took part in one step and not in another, which several "
    "processes cannot do: let every layer take part in each, or train in one process."
)


def _unused(error: RuntimeError) -> bool:
    return "finished reduction in the prior iteration" in str(error)


class _Whole(torch.autograd.Function):
    """The logits of the whole batch, made of this process's share of them.

    Gradients go back as if the share's were a mean over the share, of which the mean
    over the processes is taken: as many times larger as the batch is.
    """

    @staticmethod
    def forward(ctx: Any, share: Tensor, rank: int, world: int, size: int) -> Tensor:
        ctx.rank, ctx.world = rank, world
        whole = share.new_zeros(size, *share.shape[1:])
        whole.tensor_split(world)[rank].copy_(share)
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        share = gradient.tensor_split(ctx.world)[ctx.rank]
        return share * (len(gradient) / len(share)), None, None, None
