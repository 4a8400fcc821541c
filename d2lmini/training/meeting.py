"""How the processes that torchrun has started find each other, and how one is lost."""

import atexit
import contextlib
import time
import traceback
import uuid
from datetime import timedelta
from typing import Any

import torch.distributed as dist

from d2lmini.arguments import first_line

#: How long a process waits for another before it takes it for lost.
PATIENCE = timedelta(minutes=5)

_store: Any = None  # where the processes find each other


def connect(backend: str) -> None:
    """Join the processes of torchrun; RuntimeError if they do not meet."""
    global _store
    found = dist.rendezvous("env://", timeout=PATIENCE)  # type: ignore[attr-defined]
    store, rank, world = next(found)
    name = meet(dist.PrefixStore("d2lmini", store), rank, world)  # type: ignore[attr-defined]
    _store = dist.PrefixStore(f"d2lmini/{name}", store)  # type: ignore[attr-defined]
    dist.init_process_group(
        backend, store=_store, rank=rank, world_size=world, timeout=PATIENCE
    )
    atexit.register(_leave)


def meet(store: Any, rank: int, world: int) -> str:
    """A name that these processes share, and none that used ``store`` before them.

    torchrun may start processes anew with the store of those before, and the numbers
    of restarts that it tells them can differ from machine to machine.  So process 0
    draws the name, each other answers with a word of its own to the last name that it
    finds, and it was the right one if process 0 has heard that word.
    """
    word = uuid.uuid4().hex
    if rank == 0:
        store.set("name", word)
        answers = [f"{word}/{other}" for other in range(1, world)]
        _wait(store, answers)
        for answer in answers:
            store.add(f"{word}/{store.get(answer).decode()}", 1)
        return word
    _wait(store, ["name"])
    end = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < end:
        name = str(store.get("name").decode())
        store.set(f"{name}/{rank}", word)
        if store.add(f"{name}/{word}", 0):
            return name
        time.sleep(0.05)
    raise dist.DistStoreError(f"process 0 has not answered for {PATIENCE}")


def _wait(store: Any, keys: list[str]) -> None:
    """Until ``store`` has all of them; unlike its own ``wait``, hears Ctrl-C."""
    end = time.monotonic() + PATIENCE.total_seconds()
    while not store.check(keys):
        if time.monotonic() > end:
            raise dist.DistStoreError(f"not all have come for {PATIENCE}")
        time.sleep(0.05)


def first_to(word: str) -> bool:
    """Whether no other process has asked this of ``word``, as far as can be told."""
    with contextlib.suppress(RuntimeError):
        return _store is None or bool(_store.add(word, 1) == 1)
    return True


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


_CLOSED = ("connection closed", "connection reset", "broken pipe")
#: Modules whose functions wait for the other processes.
_TALKING = ("torch.distributed", "torch.nn.parallel", "torch.autograd")
ENDED = "one of them has ended or all were told to (SIGTERM)"


def is_lost(error: RuntimeError) -> bool:
    """Whether PyTorch says that another process does not answer.

    The words alone may be anybody's: in a file's name, or of a disk that timed out.
    """
    if isinstance(error, dist.DistError):
        return True
    words = ("gloo", "nccl", "timed out", *_CLOSED)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    by = str(frames[-1].f_globals.get("__name__")) if frames else ""
    return by.startswith(_TALKING) and any(w in str(error).lower() for w in words)


def why_lost(error: RuntimeError) -> str:
    """Why another does not answer; PyTorch's own words unless it has plainly ended."""
    if any(word in str(error).lower() for word in _CLOSED):
        return ENDED
    return f"they do not reach each other ({first_line(error)})"
