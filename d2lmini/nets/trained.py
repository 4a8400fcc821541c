"""Trained weights on disk: arrays in half precision, and nothing that runs."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2lmini import arguments, storage
from d2lmini.nets.alexnet import alexnet
from d2lmini.nets.densenet import densenet
from d2lmini.nets.googlenet import googlenet
from d2lmini.nets.lenet import lenet
from d2lmini.nets.lenet_bn import lenet_bn
from d2lmini.nets.nin import nin
from d2lmini.nets.resnet import resnet18
from d2lmini.nets.slim import SLIM_FAST, SLIM_SMALL, slim
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
    "lenet-bn": lenet_bn,
    "slim-small": partial(slim, plan=SLIM_SMALL),
    "slim-fast": partial(slim, plan=SLIM_FAST),
}

#: Where the weights are that come with the package: files of at most 1 MB.
SHIPPED = Path(__file__).parent / "weights"

_FILE = "give the name of a file"


def load(name: str, folder: str | Path | None = None) -> nn.Sequential:
    """The network ``name`` as its chapter trained it, in evaluation mode.

    The weights are read from ``folder``, or else from the package, which
    carries the small ones.  Nothing is unpickled: the file holds plain
    arrays; and nothing is drawn from torch's generator.  Raises ValueError for
    an unknown name, a missing file, or one that does not fit the network, and
    TypeError for what is no folder.
    """
    if not isinstance(name, str) or name not in TRAINED:
        raise ValueError(
            f"there is no trained network {name!r}; there are {', '.join(TRAINED)}."
        )
    if folder is not None:
        folder = arguments.path("folder", folder, "give its path, or None")
    path = (folder or SHIPPED) / f"{name}.npz"
    with torch.random.fork_rng(devices=[]):
        net = TRAINED[name]()
    if next(net.parameters()).is_meta:
        raise ValueError(
            "the device is meta, where a network has no weights: call load outside of "
            'torch.device("meta").'
        )
    read(net, path)
    return net.eval()


def save(net: nn.Module, path: str | Path) -> None:
    """Write the weights and buffers of ``net``, floats as float16 where they fit.

    Half precision has a step of 6e-8 around 0, to which small numbers are rounded.
    The file is written whole or not at all; StorageError where it cannot be, and
    ValueError for a net that keeps more than tensors, or some without values or with
    such as are not finite; only a buffer may hold infinity, as a mask does.
    """
    arguments.instance("net", net, nn.Module, "give a network")
    path = arguments.path("path", path, _FILE)
    masks, own = _masks(net), net.state_dict()
    arrays: Any = {key: _small(key, X, key in masks).numpy() for key, X in own.items()}
    with storage.written(path) as file:  # np.savez would add a suffix of its own
        np.savez_compressed(file, **arrays)


def _masks(net: nn.Module) -> set[str]:
    """The buffers that may hold infinity: a statistic that does has gone wrong."""
    names = (name for name, _ in net.named_buffers(remove_duplicate=False))
    return {name for name in names if ".running_" not in f".{name}"}


def _small(key: str, value: object, mask: bool) -> Tensor:
    """``value`` on the CPU, in half precision unless that makes it infinite."""
    if not isinstance(value, Tensor) or is_lazy(value) or value.is_meta:
        raise ValueError(
            f"{key} of the net is {arguments.found(value)}, and a file of weights "
            "holds tensors with values alone: give a net that has only these."
        )
    value = value.cpu()
    if not value.is_floating_point():
        return value
    infinite = value.double().isinf() & mask
    for kind in (torch.float16, torch.float32):
        small = value.to(kind)
        if (small.isfinite() | infinite).all():
            return small
    raise ValueError(
        f"{key} of the net holds NaN or infinity, or numbers beyond float32, which "
        "would not be read again: give a net whose numbers are finite."
    )


def read(net: nn.Module, path: str | Path) -> None:
    """Put the weights that :func:`save` wrote into ``net``, in place.

    ValueError for any other file or none; ``net`` is then what it was.
    """
    path = arguments.path("path", path, _FILE)
    try:
        own = net.state_dict()
        with np.load(path, allow_pickle=False) as file:
            _check_size(sum(part.file_size for part in file.zip.infolist()), own)
            arrays = {key: torch.from_numpy(file[key]) for key in file.files}
        _check(arrays, own, _masks(net))
    except FileNotFoundError:
        raise ValueError(_missing(path)) from None
    except Exception as error:  # damage makes zipfile, zlib and NumPy raise a dozen
        raise ValueError(
            f"{path} does not hold the weights of this {type(net).__name__} "
            f"({arguments.first_line(error)}): give the file that its own training "
            "wrote."
        ) from error
    net.load_state_dict(arrays)


def _missing(path: Path) -> str:
    if path.parent == SHIPPED:
        return (
            f"{path} does not exist, since weights above 1 MB are not shipped: train "
            f"the network with name={path.stem!r} and D2LMINI_RUNS set to a folder, "
            "and load from the folder weights in it."
        )
    here = (SHIPPED / path.name).exists()
    return (
        f"{path} does not exist: give the folder that holds it, which is called "
        "weights where a training has written it"
        f"{', or None for what is shipped' if here else ''}."
    )


def _check_size(size: int, own: Mapping[str, Tensor]) -> None:
    """Before anything is unpacked, since few bytes can become very many."""
    if size > sum(8 * value.numel() + 4096 for value in own.values()):
        raise ValueError(f"it unpacks to {size:,} bytes")


def _check(
    arrays: Mapping[str, Tensor], own: Mapping[str, Tensor], masks: set[str]
) -> None:
    """Before anything is changed: the same names and shapes, and sound numbers."""
    if missing := arrays.keys() ^ own.keys():
        raise ValueError(f"{min(missing)} is only in one of them")
    for key, value in own.items():
        array, floats = arrays[key], (torch.float16, torch.float32)
        kinds = floats if value.is_floating_point() else (value.dtype,)
        if array.shape != value.shape or array.dtype not in kinds:
            raise ValueError(f"{key} is {arguments.found(array)}")
        unsound = array.isnan() if key in masks else ~array.isfinite()
        if unsound.any():
            raise ValueError(f"{key} holds NaN or infinity")
        if key.endswith("running_var") and (array < 0).any():
            raise ValueError(f"{key} holds a variance below 0")
