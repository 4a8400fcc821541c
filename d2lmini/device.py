"""Where to compute, and how precisely."""

import importlib.util
import io
import os
import platform
import random
import sys
from typing import NamedTuple

import numpy as np
import torch

from d2lmini import mode
from d2lmini.arguments import dtype_name, whole


def setup(seed: int = 0) -> torch.device:
    """Seed every random generator; choose the device, print a line on it, return it.

    Python's, NumPy's and PyTorch's generators are seeded, so that a notebook
    run from top to bottom repeats itself on the same machine.  A second line tells of
    quick mode, and of a machine of Colab without a GPU; of several processes, only the
    first one prints.  From here on, what standard output and standard error
    cannot write (− and · in a file, on Windows) becomes "?"; PyTorch's own settings
    stay.  Raises TypeError or ValueError for a seed that is no whole number from 0 to
    2⁶⁴ − 1, and ValueError where several processes have too few GPUs.
    """
    seed = whole("seed", seed, least=0, most=2**64 - 1)
    _never_fail_to_print()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    device = best_device()
    if device.type == "cuda" and place().world > 1:
        torch.cuda.set_device(device)  # what is meant by "cuda" from now on
    if place().rank == 0:
        print(describe(device, seed))
    return device


class Place(NamedTuple):
    """A process among those that torchrun, or another launcher, has started.

    ``rank`` is its number among all ``world`` of them, and ``local_rank`` that among
    those of its machine.
    """

    rank: int = 0
    local_rank: int = 0
    world: int = 1


def place() -> Place:
    """That of this process, as its environment tells it; alone without a launcher."""
    try:
        world, rank = (int(os.environ[name]) for name in ("WORLD_SIZE", "RANK"))
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        _ = os.environ["MASTER_ADDR"]  # where they meet
    except (KeyError, ValueError):
        return Place()
    return Place(rank, local_rank, world) if world > 1 else Place()


def _never_fail_to_print() -> None:
    """Let a stream that knows few characters replace the others, and not raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def best_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU.

    Each of several processes gets a GPU of its own; ValueError where they are too few.
    """
    if torch.cuda.is_available():
        return torch.device("cuda") if place().world == 1 else _own_gpu()
    if torch.backends.mps.is_available() and place().world == 1:
        return torch.device("mps")
    return torch.device("cpu")


def _own_gpu() -> torch.device:
    number, there = place().local_rank, torch.cuda.device_count()
    if number >= there:
        raise ValueError(
            f"Process {number} of this machine finds no GPU of its own (there "
            f"{'is' if there == 1 else 'are'} {there}): start as many processes as "
            "GPUs, or all on the CPU, with CUDA_VISIBLE_DEVICES= before the command."
        )
    return torch.device("cuda", number)


def best_precision(device: torch.device) -> torch.dtype:
    """The fastest number format that ``device`` computes in hardware.

    ``torch.cuda.is_bf16_supported()`` is true on a T4, which only emulates
    it; the compute capability tells the truth (8.0 for bfloat16, 7.0 for
    fast float16).
    """
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        if capability >= (8, 0):
            return torch.bfloat16
        return torch.float16 if capability >= (7, 0) else torch.float32
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def device_name(device: torch.device) -> str:
    """What a reader would call it: ``"NVIDIA T4"``, ``"CPU (2 threads)"``."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU ({threads} thread{'s' * (threads != 1)})"


def describe(device: torch.device, seed: int) -> str:
    """The line that :func:`setup` prints."""
    precision = dtype_name(best_precision(device))
    parts = [device_name(device), precision, f"PyTorch {torch.__version__}"]
    parts += [f"Python {platform.python_version()}", f"seed {seed}"]
    if place().world > 1:
        parts.append(f"{place().world} processes")
    lines = [" · ".join(parts)]
    if device.type == "cpu" and _on_colab():
        lines.append(
            "NO GPU: choose Runtime ▸ Change runtime type ▸ T4 GPU, or train "
            "the large networks with a smaller resize and fewer epochs."
        )
    if mode.quick():
        lines.append(
            "QUICK MODE (D2LMINI_QUICK is set): a few batches and one epoch; "
            "the accuracies mean nothing."
        )
    return "\n".join(lines)


def _cpu_has_bfloat16() -> bool:
    # Private names, so each may be missing in some version: then no bfloat16.
    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    checks = (getattr(torch.cpu, name, None) for name in names)
    return any(check() for check in checks if check is not None)


def _on_colab() -> bool:
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:  # there is no package "google" at all
        return False
