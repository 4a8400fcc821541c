"""Trained weights on disk: arrays in half precision, and nothing that runs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from d2lmini.nets.alexnet import alexnet
from d2lmini.nets.densenet import densenet
from d2lmini.nets.googlenet import googlenet
from d2lmini.nets.lenet import lenet
from d2lmini.nets.nin import nin
from d2lmini.nets.resnet import resnet18
from d2lmini.nets.vgg import vgg11

#: The networks as their chapters train them, by the name of the run.
TRAINED: dict[str, Callable[[], nn.Sequential]] = {
    "lenet": lenet,
    "alexnet": alexnet,
    "vgg": partial(vgg11, ratio=4),
    "nin": nin,
    "googlenet": googlenet,
    "resnet": resnet18,
    "densenet": densenet,
}

#: Where the weights are that come with the package: files of at most 1 MB.
SHIPPED = Path(__file__).parent / "weights"


def load(name: str, folder: str | Path | None = None) -> nn.Sequential:
    """The network ``name`` as its chapter trained it, in evaluation mode.

    The weights are read from ``folder``, or else from the package, which
    carries the small ones.  Nothing is unpickled: the file holds plain
    arrays.  Raises ValueError for an unknown name, a missing file, or one that
    does not fit the network.
    """
    if name not in TRAINED:
        raise ValueError(
            f"there is no trained network {name!r}; there are {', '.join(TRAINED)}."
        )
    path = Path(folder or SHIPPED) / f"{name}.npz"
    if not path.exists():
        raise ValueError(
            f"{path} does not exist, since weights above 1 MB are not shipped: run "
            f"`make outputs CHAPTERS={name}` and load from book/runs/weights."
        )
    net = TRAINED[name]()
    read(net, path)
    return net.eval()


def save(net: nn.Module, path: str | Path) -> None:
    """Write the weights and buffers of ``net``, floats as float16."""
    arrays = {
        key: (value.half() if value.is_floating_point() else value).cpu().numpy()
        for key, value in net.state_dict().items()
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:  # np.savez would add a suffix of its own
        np.savez_compressed(file, **arrays)


def read(net: nn.Module, path: str | Path) -> None:
    """Put the weights that :func:`save` wrote into ``net``, in place."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: torch.from_numpy(file[key]) for key in file.files}
        net.load_state_dict(arrays)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).splitlines()[0].rstrip(":")
        raise ValueError(
            f"{path} does not hold the weights of this {type(net).__name__} "
            f"({reason}): give the file that its own training wrote."
        ) from error
