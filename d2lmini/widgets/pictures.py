"""Pictures of Fashion-MNIST as the text that the playground unpacks."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import numpy.typing as npt

COUNT = 7_000  # the first of the training files: 6,000 to learn from, 1,000 to validate
GREYS = 32
Bytes = npt.NDArray[np.uint8]


def rounded(images: Bytes) -> Bytes:
    """Greys 0–255 as the nearest of 0–31."""
    near: Bytes = np.round(images.astype(np.float64) * (GREYS - 1) / 255).astype("u1")
    return near


def guesses(images: Bytes) -> npt.NDArray[np.int64]:
    """The median of left, above, and their sum less the corner, for each grey."""
    padded = np.pad(images.astype(np.int64), ((0, 0), (1, 0), (1, 0)))
    return median(padded[:, 1:, :-1], padded[:, :-1, 1:], padded[:, :-1, :-1])


def median(
    left: npt.NDArray[np.int64],
    above: npt.NDArray[np.int64],
    corner: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The median of left, above, and left + above − corner."""
    low, high = np.minimum(left, above), np.maximum(left, above)
    middle: npt.NDArray[np.int64] = np.clip(left + above - corner, low, high)
    return middle


def packed(images: Bytes, labels: Bytes) -> str:
    """Images uint8 (N, 28, 28) and labels (N,) as the text that scripts unpack."""
    greys = rounded(images)
    rest = (greys.astype(np.int64) - guesses(greys)) % GREYS
    content = labels.astype("u1").tobytes() + rest.astype("u1").tobytes()
    return base64.b64encode(zlib.compress(content, 9)).decode()
