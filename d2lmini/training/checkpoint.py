"""A run's whole state on disk, so that it resumes as if never interrupted."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from d2lmini.training.average import Average
from d2lmini.training.history import History
from d2lmini.training.recipe import difference


class CheckpointError(RuntimeError):
    """The file cannot continue this run; the message names it and says why."""


def save(
    path: Path,
    history: History,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    averaged: Average,
    device: torch.device,
) -> None:
    """Write everything a run needs to go on, in one step or not at all.

    The order of the data needs no room: it follows from the seed and the
    number of epochs in ``history``.
    """
    state = {
        "history": history.to_json(),
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scaler": scaler.state_dict(),
        "average": averaged.state_dict(),
        "random": _random_state(device),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())  # else a power cut leaves an empty file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def restore(
    path: Path,
    history: History,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    averaged: Average,
    device: torch.device,
) -> History:
    """Load ``path`` into the objects in place; return its history.

    ``history`` is the new, empty one: its recipe must be the stored one's.
    Raises :class:`CheckpointError`, before anything is changed, for another
    recipe's file or a damaged one.
    """
    state = _read(path, device)
    stored = History.from_json(state["history"])
    reason = difference(stored.recipe, history.recipe)
    if reason:
        raise CheckpointError(
            f"{path} belongs to another recipe ({reason}): give another file, or "
            "delete this one to start anew."
        )
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    scaler.load_state_dict(state["scaler"])
    averaged.load_state_dict(state.get("average", {}))
    torch.set_rng_state(state["random"]["cpu"].cpu())
    if "cuda" in state["random"] and device.type == "cuda":
        torch.cuda.set_rng_state(state["random"]["cuda"].cpu(), device)
    return stored


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    """The verified content: a torch file is a zip, with a CRC for each part."""
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("a checksum does not fit")
        state: dict[str, Any] = torch.load(
            io.BytesIO(content), map_location=device, weights_only=True
        )
        json.loads(state["history"])
    except (
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        NotImplementedError,  # a bit flip can ask for an unknown compression
    ) as error:
        raise CheckpointError(
            f"{path} is damaged or no checkpoint ({type(error).__name__}): "
            "delete it to start anew."
        ) from error
    return state


def _random_state(device: torch.device) -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state
