"""Where in an image a network looks when it decides."""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from d2lmini import mode
from d2lmini.analysis.given import of_gradients, of_images, of_logits
from d2lmini.arguments import instance, real, unwrapped, whole
from d2lmini.nets.borrowed import asked, dtype_of
from d2lmini.nets.misfit import explain_misfit, is_network, walk

PLACES = 12  # squares along each side, unless told: 144 passes
CHUNK = 64  # covered images in one pass
BRIGHTEST = 1e4  # of a square, either way: a number in every precision


def occlusion(
    net: nn.Module,
    image: Tensor,
    *,
    label: int | None = None,
    patch: int | None = None,
    stride: int | None = None,
    grey: float = 0.5,
) -> Tensor:
    """How far hiding each place lowers the probability of ``label``: (H, W).

    A square of ``patch`` pixels a side and of brightness ``grey`` is centred
    on every ``stride``-th pixel of ``image`` (C, H, W); between those centres
    the fall is interpolated.  Negative: the network is surer with the place
    hidden.  ``None`` is the predicted class, a fifth of the image, and a
    stride that makes about 144 passes, in quick mode 16.  The map is on the CPU,
    float32; the net and the image stay as they were.  Raises TypeError or
    ValueError for an image or an option that does not fit, and for answers that are
    NaN or infinite (Zeiler & Fergus, 2014).
    """
    X = _one(net, image)
    H, W = X.shape[-2:]
    short, long = sorted((H, W))
    grey = real("grey", grey, above=-BRIGHTEST, below=BRIGHTEST, example="0.5")
    patch = _whole("patch", patch, short // 5 | 1, most=short)
    places = mode.QUICK_PLACES if mode.quick() else PLACES
    stride = _whole("stride", stride, math.ceil(long / places), most=long)
    rows, columns = _covers(H, patch, stride), _covers(W, patch, stride)
    with explain_misfit(net, X), asked(net, X), torch.no_grad():
        logits = _logits(net, X)
        label = _label(logits, label)
        falls = [
            logits.softmax(1)[0, label] - _logits(net, hidden).softmax(1)[:, label]
            for hidden in _hidden(X, rows, columns, grey)
        ]
    grid = torch.cat(falls).float().view(1, 1, len(rows), len(columns))
    return F.interpolate(grid, (H, W), mode="bilinear")[0, 0].cpu()


def gradient_map(net: nn.Module, image: Tensor, label: int | None = None) -> Tensor:
    """How strongly the score of ``label`` answers to each pixel: (H, W).

    The absolute gradient of the logit of ``label`` (``None``: the predicted
    class) with respect to ``image`` (C, H, W), the largest over its channels.
    The map is on the CPU, float32; the net, its gradients and the image stay as
    they were.  Raises TypeError or ValueError for an image or a label that does not
    fit, and for an answer or a gradient that is NaN or infinite (Simonyan et al.,
    2014).
    """
    X = _one(net, image).requires_grad_()
    with explain_misfit(net, X), asked(net, X), torch.enable_grad():
        logits = _logits(net, X)
        score = logits[0, _label(logits, label)]
        slope = None
        if score.requires_grad:
            (slope,) = torch.autograd.grad(score, X, allow_unused=True)
    if slope is None:
        raise ValueError(
            f"no gradient comes from the score to the image: {type(net).__name__} cuts "
            "it off, as detach() does; take that out of its forward."
        )
    of_gradients(net, slope)
    return slope[0].abs().amax(0).float().cpu()


def _one(net: nn.Module, image: Tensor) -> Tensor:
    """The image as a batch of one (1, C, H, W) where the net is, no graph."""
    is_network("net", net)
    instance("image", image, Tensor, "give a tensor (C, H, W), such as X[0]")
    X = image.detach()
    if X.ndim == 4 and len(X) == 1:
        X = X[0]
    if X.ndim != 3:
        raise ValueError(
            f"the image must be one of (C, H, W), not {tuple(image.shape)}: give "
            "X[0], not the batch X."
        )
    if 0 in X.shape:
        raise ValueError(
            f"the image {tuple(X.shape)} has no pixels: give one that has."
        )
    if _is_channels_last(net, *X.shape):
        raise ValueError(
            f"the image is {tuple(X.shape)}, channels last: give (C, H, W), as "
            "image.movedim(-1, 0) does."
        )
    of_images("the image", X, net)
    weights = list(net.parameters())
    device = weights[0].device if weights else X.device
    with torch.inference_mode(False):
        return X.to(device, dtype_of(net, X.dtype)).unsqueeze(0).clone()


def _is_channels_last(net: nn.Module, H: int, W: int, C: int) -> bool:
    """Whether an image looks so, unless only as it stands it fits ``net``."""
    if C not in (1, 3) or min(H, W) <= 3:
        return False
    return _takes(net, (C, H, W)) or not _takes(net, (H, W, C))


def _takes(net: nn.Module, shape: tuple[int, int, int]) -> bool:
    """Whether an image of ``shape`` goes through ``net``."""
    try:
        walk(net, shape, lambda twin, X: twin(X))
    except Exception:  # whatever a forward raises
        return False
    return True


def _whole(name: str, value: int | None, default: int, *, most: int) -> int:
    value = default if value is None else whole(name, value, least=None)
    if not 1 <= value <= most:
        raise ValueError(
            f"{name} is {value}: give whole pixels from 1 to {most}, the image's side."
        )
    return value


def _label(logits: Tensor, label: int | None) -> int:
    """``label``, or the predicted class; ValueError if the net has no such class."""
    if label is None:
        return int(logits[0].argmax())
    label = whole("label", unwrapped(label), least=None)  # as y[0] is
    if not 0 <= label < logits.shape[1]:
        raise ValueError(
            f"label is {label}, but the network tells classes 0 to "
            f"{logits.shape[1] - 1} apart."
        )
    return label


def _logits(net: nn.Module, X: Tensor) -> Tensor:
    with explain_misfit(net, X):
        logits: Tensor = net(X)
    of_logits(net, logits, len(X))
    return logits


def _covers(length: int, patch: int, stride: int) -> list[slice]:
    """What a square hides along one side: centres spread evenly, cut at the ends.

    A square that would begin in the middle of a pixel begins with it or after it, each
    the same way: ``round`` alone would lay two neighbours of an even side on one place.
    """
    count = math.ceil(length / stride)
    centres = [(i + 0.5) * length / count for i in range(count)]
    place = round if patch % 2 else lambda start: math.floor(start + 0.5)
    starts = [place(centre - patch / 2) for centre in centres]
    return [slice(max(start, 0), min(start + patch, length)) for start in starts]


def _hidden(
    X: Tensor, rows: list[slice], columns: list[slice], grey: float
) -> Iterator[Tensor]:
    """The image (1, C, H, W) with each place covered, at most CHUNK a batch."""
    places = [(row, column) for row in rows for column in columns]
    for start in range(0, len(places), CHUNK):
        part = places[start : start + CHUNK]
        covered = X.repeat(len(part), 1, 1, 1)
        for i, (row, column) in enumerate(part):
            covered[i, :, row, column] = grey
        yield covered
