"""What a trained network gets right and wrong."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from d2lmini.analysis.given import sound
from d2lmini.arguments import instance, whole
from d2lmini.data import Batches
from d2lmini.training.measure import predict


class Mistakes(NamedTuple):
    """Images a network gets wrong, the most confident first."""

    images: Tensor  # float32 (N, C, H, W)
    labels: Tensor  # int64 (N,), the truth
    predicted: Tensor  # int64 (N,)
    confidence: Tensor  # as the logits (N,), the probability of the wrong class


def confusion_matrix(net: nn.Module, batches: Batches) -> Tensor:
    """Counts int64 (classes, classes) on the CPU: row true class, column predicted.

    Of the net and of ``batches`` the same is true as in :func:`d2lmini.predict`.
    Raises TypeError or ValueError as that does, and ValueError for logits of other
    classes, and for answers that are NaN or infinite.
    """
    answers = predict(net, batches)  # which checks both
    n = len(batches.images.classes)
    counts = torch.zeros(n * n, dtype=torch.long, device="cpu")
    for logits, y in _sound(net, answers):
        counts += torch.bincount(y * n + logits.argmax(1), minlength=n * n).cpu()
    return counts.view(n, n)


def worst_mistakes(net: nn.Module, batches: Batches, count: int = 10) -> Mistakes:
    """The ``count`` wrong answers that ``net`` is most sure of.

    ``batches`` must be neither shuffled nor augmented.  Fewer come back when fewer are
    wrong.  Of the net and of ``batches`` the same is true as in
    :func:`d2lmini.predict`.
    Raises TypeError or ValueError for a ``count`` that is no whole number above 0, for
    what is no net or no such batches, and for answers that are NaN or infinite.
    """
    count = whole("count", count)
    instance("batches", batches, Batches, "give data.val or data.test")
    if batches.shuffle:
        raise ValueError(
            "worst_mistakes needs the images in a fixed order, and these batches are "
            "shuffled: give data.val or data.test."
        )
    if batches.augment is not None:
        raise ValueError(
            "worst_mistakes shows the images as they are, and the network would get "
            "these batches augmented: give data.val or data.test."
        )
    # Of two logits that hardly differ, the probabilities may be one number.
    answers = _sound(net, predict(net, batches))
    parts = [(logits.softmax(1), logits.argmax(1), y) for logits, y in answers]
    shares, guess, y = (torch.cat(part) for part in zip(*parts, strict=True))
    probability = shares.gather(1, guess[:, None]).squeeze(1)
    wrong = torch.nonzero(guess != y).flatten()
    worst = wrong[probability[wrong].argsort(descending=True, stable=True)[:count]]
    X = batches.prepare(batches.images.images[worst], torch.Generator())
    return Mistakes(X, y[worst], guess[worst], probability[worst])


def _sound(
    net: nn.Module, answers: Iterator[tuple[Tensor, Tensor]]
) -> Iterator[tuple[Tensor, Tensor]]:
    """``answers``; ValueError for one without a largest logit."""
    for logits, y in answers:
        sound(net, logits)
        yield logits, y
