"""A network that a function borrows comes back as it was."""

import contextlib
from collections.abc import Iterator

from torch import nn


@contextlib.contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Every layer in evaluation mode meanwhile, and afterwards as it was.

    ``net.train(was_training)`` would set all layers alike, and so thaw one that was
    frozen on purpose.
    """
    modes = {layer: layer.training for layer in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for layer, training in modes.items():
            layer.training = training
