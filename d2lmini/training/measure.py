"""Measuring a network: what it answers, its loss and its accuracy."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini.arguments import function, instance
from d2lmini.data import Batches
from d2lmini.nets.borrowed import evaluating
from d2lmini.nets.misfit import is_network
from d2lmini.training import interrupts, memory
from d2lmini.training.forward import Forward, unlowered
from d2lmini.training.processes import Group
from d2lmini.training.run import Loss, Tally, mean_loss

LOSS = "give a function of logits and labels"
_PART = "give one part of the data, such as data.test"


def predict(
    net: nn.Module, batches: Batches, *, precision: torch.dtype | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits (batch_size, classes) and labels, a batch at a time.

    Logits are float32, or float64 where the net is.
    The net moves to the data's device; it is in evaluation mode meanwhile, and
    afterwards each of its layers is in the mode that it was in.  ``batches`` count the
    pass; random states stay as they are, as long as the net draws nothing in that mode
    (a lazy layer draws its weights, in its first pass).  A batch
    that does not fit into memory is worked through in pieces.  Before the first batch
    the net is tried on the first images, mostly two, once or more: a hook is called
    for these as well, so that what it collects begins with them.  Raises TypeError or
    ValueError: at once for what is not a net or not :class:`Batches`, with the first
    batch for images that do not fit and a net that does not give one row of logits for
    each image.
    """
    _check_measured(net, batches)
    return _answers(net, batches, precision)


@torch.no_grad()
def _answers(
    net: nn.Module,
    batches: Batches,
    precision: torch.dtype | None,
    like: Forward | None = None,
    group: Group | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    classes = like.classes if like else None
    forward = Forward(net, batches, precision, classes=classes, like=like)
    for X, y in group.dealt(batches) if group else batches:
        interrupts.point()
        with evaluating(net):  # for each batch: between two, the net is its owner's
            logits = forward.answers(X)
        yield logits, y


def evaluate(
    net: nn.Module,
    batches: Batches,
    *,
    precision: torch.dtype | None = None,
    loss: Loss = F.cross_entropy,
) -> tuple[float, float]:
    """Mean loss and accuracy of ``net`` on ``batches``, without training.

    The same is true of ``net``, its hooks and errors as in :func:`predict`.  An answer
    with NaN in it counts as wrong.
    """
    _check_measured(net, batches)
    function("loss", loss, LOSS)
    with memory.kept(), unlowered(batches.images.images.device):
        answers = predict(net, batches, precision=precision)
        return _tallied(answers, batches, loss).means()


def judged(
    net: nn.Module, batches: Batches, like: Forward, loss: Loss, group: Group
) -> Tally:
    """``net`` on ``batches`` as ``like`` computes: precision, classes and layout."""
    answers = _answers(net, batches, like.precision, like, group)
    return group.total(_tallied(answers, batches, loss))


def _tallied(
    answers: Iterator[tuple[Tensor, Tensor]], batches: Batches, loss: Loss
) -> Tally:
    tally = Tally(batches.images.images.device)
    for logits, y in answers:
        classes = logits.argmax(1)
        # argmax takes NaN for the largest number, but it is no answer, so never right.
        classes = classes.where(~logits.isnan().any(1), -1)
        tally.add(classes, y, mean_loss(loss, logits, y))
        tally.answers.append(classes)
    return tally


def _check_measured(net: Any, batches: Any) -> None:
    is_network("net", net)
    instance("batches", batches, Batches, _PART)
