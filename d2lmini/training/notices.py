"""What a training can notice of the usual slips, each said in one sentence."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from d2lmini import mode
from d2lmini.data import Batches
from d2lmini.nets.misfit import explain_misfit
from d2lmini.training.fingerprint import Unfollowable, fingerprint
from d2lmini.training.forward import sample
from d2lmini.training.history import Epoch, History
from d2lmini.training.report import Report
from d2lmini.training.run import Run, optimized

STEPS = 50  # an epoch of fewer says nothing yet

#: The normalisations that several processes make one over all of them.
COMMON = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def refuse_inference(net: nn.Module) -> None:
    """ValueError where PyTorch has been told that nothing will be trained."""
    if torch.is_inference_mode_enabled():
        raise ValueError(
            "train is called within torch.inference_mode(), where nothing gets a "
            "gradient: call it outside."
        )
    made = (t for t in (*net.parameters(), *net.buffers()) if not is_lazy(t))
    if any(t.is_inference() for t in made):
        raise ValueError(
            "The net, or a part of it, was made within torch.inference_mode(), so that "
            "its parameters get no gradient and its buffers stay: make it outside."
        )


def refuse_net(net: nn.Module) -> None:
    """ValueError for a net of which nothing can be trained."""
    parameters = list(net.parameters())
    if not parameters:
        raise ValueError(
            "The net has no parameters: layers in a plain list are not part of it; put "
            "them into an nn.Sequential or nn.ModuleList."
        )
    if not any(p.requires_grad for p in parameters):
        raise ValueError(
            "Every parameter of the net is frozen: set requires_grad to True for those "
            "that should be trained."
        )


def refuse(run: Run, batches: Batches, world: int = 1) -> None:
    """ValueError, before the first step, for a run that cannot train.

    ``world`` is how many processes train the same net.
    """
    if len(run.others) == len(optimized(run.optimizer)):
        raise ValueError(
            "The optimizer holds no parameter of this net, which would stay as it is: "
            "make it of the parameters that it is called with."
        )
    if run.others and world > 1:
        raise ValueError(
            f"The optimizer steps {sum(w.numel() for w in run.others):,} numbers that "
            "are not the net's, and they would come apart in several processes: make "
            "what holds them, such as a loss, a layer of the net, or train in one."
        )
    last = len(batches.images) % batches.batch_size or batches.batch_size
    last = min(last, len(batches.images))
    if last // world == 1:
        _refuse_single(run, batches, last, () if world == 1 else COMMON)


def _refuse_single(
    run: Run, batches: Batches, last: int, common: tuple[type, ...]
) -> None:
    """One picture of the last batch, where a layer would have to normalise one number.

    Layers of the types ``common`` normalise over those of the other processes too.
    """
    single: list[str] = []

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            if given[0].numel() == given[0].shape[1]:
                single.append(name)

        return hook

    frozen = set(run.frozen)
    hooks = [
        layer.register_forward_pre_hook(watch(name))
        for name, layer in run.net.named_modules()
        if isinstance(layer, _BatchNorm)
        and layer not in frozen
        and type(layer) not in common
    ]
    try:
        # Without statistics, PyTorch's own error comes at once, and without the name.
        with contextlib.suppress(ValueError):
            if hooks:
                run.forward.trial(sample(batches, 1))
    finally:
        for hook in hooks:
            hook.remove()
    if single:
        holds = "one" if last == 1 else f"{last}, of which a process gets one"
        raise ValueError(
            f"With batch_size={batches.batch_size} the last batch of "
            f"{len(batches.images):,} images holds {holds}, and layer {single[0]} "
            "cannot normalise over one number: give another batch_size."
        )


@contextlib.contextmanager
def first_batch(
    run: Run, X: Tensor, y: Tensor, report: Report, *, enabled: bool
) -> Iterator[None]:
    """Around the step on the first batch: a misfit is explained, a slip is said.

    All later batches have the same shape, but for the last one, which holds fewer.
    """
    if not enabled:
        yield
        return
    with explain_misfit(run.net, X):
        yield
    for sentence in _of_first(run, y):
        report.say(sentence)


def _of_first(run: Run, y: Tensor) -> Iterator[str]:
    assert run.last is not None
    logits, value = run.last  # of the last piece; its graph is still there
    logits = logits.detach()
    if bool((logits >= 0).all() & ((logits.sum(1) - 1).abs() < 1e-2).all()):
        twice = float(F.cross_entropy(logits, y[-len(logits) :]))
        if math.isclose(float(value.detach()), twice, rel_tol=1e-2):
            yield (
                "The outputs of the net sum to one already, and the cross-entropy "
                "applies softmax once more: leave the last softmax out."
            )
    mine = {id(p) for p in (*run.net.parameters(), *run.others)}
    strays = [leaf for leaf in leaves(value) if id(leaf) not in mine]
    if strays:
        yield (
            f"{sum(leaf.numel() for leaf in strays):,} numbers with a gradient take "
            "part and are not among the net's parameters, so that they stay as they "
            "are: keep layers in an nn.Sequential or nn.ModuleList, not in a list."
        )


def after_epoch(run: Run, history: History, report: Report) -> None:
    """Say what the epoch that has just been measured shows."""
    steps = history.recipe["examples"] / history.recipe["batch_size"]
    for sentence in _of_epoch(history.epochs[-1], run.forward.classes, steps):
        report.say(sentence)


def _of_epoch(epoch: Epoch, classes: int, steps: float) -> Iterator[str]:
    if epoch.loss < 0:
        yield (
            f"The loss is negative ({epoch.loss:.3f}): if it is meant as a "
            "cross-entropy, give logits to F.cross_entropy (F.nll_loss needs "
            "log-probabilities)."
        )
    if steps < STEPS or mode.quick():
        return
    guess = math.log(classes)
    if abs(epoch.loss - guess) < 0.01 and epoch.train_accuracy < 1.5 / classes:
        yield (
            f"In a whole epoch the loss has not moved from {guess:.2f}, which is what "
            "guessing costs: try another learning rate, or look at the gradients."
        )
    if epoch.loss > 4 * guess:
        yield (
            f"The mean loss is {epoch.loss:.4g}, where guessing costs {guess:.2f}: the "
            "learning rate is too large, or the loss is scaled, or a sum."
        )


class Unkept:
    """What a run holds beside its state, and what of that the training changes.

    ``known`` are the things that stand for themselves, as fingerprints take them.
    """

    def __init__(
        self, run: Run, functions: dict[str, Any], known: dict[int, str]
    ) -> None:
        others = {id(weight): "others" for weight in run.others}
        self.net, self.functions, self.known = run.net, functions, {**known, **others}
        # PyTorch's own keep nothing else; together, processes change some classes.
        self.layers = {
            name: layer
            for name, layer in run.net.named_modules()
            if not type(layer).__module__.startswith("torch.")
        }
        self.before = self._now()

    def say(self, report: Report) -> None:
        """Name what has changed since, which no checkpoint stores."""
        now = self._now()
        changed = [name for name in now if now[name] != self.before.get(name)]
        if changed:
            report.say(
                f"Training changes {' and '.join(changed[:2])}"
                f"{' …' * (len(changed) > 2)}, which no checkpoint stores: if what "
                "follows depends on it, make it a buffer (register_buffer) with its "
                "final shape."
            )

    def _now(self) -> dict[str, str]:
        """The content of each attribute of the net's own layers, and of the loss; of
        buffers, which are stored, the shape."""
        held = {
            f"the shape of the buffer {name}": tuple(buffer.shape)
            for name, buffer in self.net.named_buffers()
        }
        held |= {
            f"{key} of layer {name}" if name else f"the net's {key}": value
            for name, layer in self.layers.items()
            for key, value in vars(layer).items()
            if key not in _OF_A_MODULE
        }
        for name in ("loss", "schedule"):
            held[f"what the {name} holds"] = self.functions[name]
        found = {}
        for name, value in held.items():
            with contextlib.suppress(Unfollowable):
                found[name] = fingerprint(value, self.known)
        return found


_OF_A_MODULE = vars(nn.Module()).keys()


def leaves(value: Tensor) -> Iterator[Tensor]:
    """The tensors that the graph of ``value`` ends at: those that get a gradient."""
    waiting, seen = [value.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            yield leaf
        waiting += [parent for parent, _ in node.next_functions]
