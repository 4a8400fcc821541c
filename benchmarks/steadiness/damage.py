"""Files that lie on a disk for years: refused by name, or read as they were."""

import gzip
import hashlib
import os
import random
import shutil
import signal
import struct
from functools import partial
from pathlib import Path

import torch

from benchmarks.steadiness.child import Child, Tell
from benchmarks.steadiness.parts import Attempt, Part, Wrong
from benchmarks.steadiness.runs import RECIPES, digest, new, trained, whole
from d2lmini import History
from d2lmini.data import files
from d2lmini.nets import trained as weights
from d2lmini.training.checkpoint import CheckpointError
from d2lmini.training.report import Silent

AFTER = 3  # epochs that a checkpoint has behind it when it is damaged


def damaged(content: bytes, own: random.Random) -> bytes:
    """``content`` as a failing disk, a cut connection or an editor leaves it."""
    data, size = bytearray(content), len(content)
    at, length = own.randrange(size), own.randint(1, max(1, size // 8))
    if own.random() < 0.3:  # the ends hold what says where everything is
        at = (
            own.choice(
                (own.randrange(min(size, 64)), -1 - own.randrange(min(size, 2048)))
            )
            % size
        )
    kind = own.randrange(9)
    if kind == 0:
        for _ in range(own.randint(1, 8)):
            data[own.randrange(size)] ^= 1 << own.randrange(8)
    elif kind == 1:
        data[at] ^= own.randint(1, 255)
    elif kind == 2:
        del data[at:]
    elif kind in (3, 4):
        data[at : at + length] = bytes([0 if kind == 3 else 255]) * len(
            data[at : at + length]
        )
    elif kind == 5:
        other = own.randrange(size)
        data[at : at + length] = content[other : other + length]
    elif kind == 6:
        data[at:at] = own.randbytes(length)
    elif kind == 7:
        data += own.randbytes(length)
    else:
        data[:0] = own.randbytes(own.randint(1, 64))
    return bytes(data)


def _checkpoints(folder: Path) -> Attempt:
    """Ten files of the recipe with most to keep, and three of the plainest."""
    contents = {}
    for index in (0, 5):
        path = folder / f"{index}.pt"
        Child(partial(_stopped, index, path)).end()
        contents[index] = path.read_bytes()
    known = {index: whole(index) for index in contents}

    def attempt(number: int, own: random.Random) -> str:
        index = 5 if number % 13 < 10 else 0
        path = folder / f"damaged {number}.pt"
        content = damaged(contents[index], own)
        path.write_bytes(content)
        net = new(RECIPES[index])
        before = _numbers(net)
        try:
            history = trained(RECIPES[index], path, net)
        except CheckpointError as error:
            _check_sentence(error, path)
            if _numbers(net) != before or path.read_bytes() != content:
                raise Wrong("changed though refused", error) from None
            path.unlink()
            return "refused"
        path.unlink()
        if digest(net, history) != known[index].digest:
            raise Wrong("other result", content == contents[index])
        return "read as it was"

    return attempt


def _stopped(index: int, path: Path, tell: Tell) -> None:
    class Stop(Silent):
        def batch(self, epoch: int, done: int) -> None:
            if epoch == AFTER:
                os.kill(os.getpid(), signal.SIGKILL)

    trained(RECIPES[index], path, new(RECIPES[index]), report=Stop())


def _numbers(net: torch.nn.Module) -> bytes:
    state = (*net.state_dict().values(), torch.get_rng_state())
    parts = (value.flatten().view(torch.uint8).numpy().tobytes() for value in state)
    return hashlib.sha256(b"".join(parts)).digest()


def _check_sentence(error: Exception, path: Path) -> None:
    text = str(error)
    if str(path) not in text or "\n" in text:
        raise Wrong("unclear sentence", text)


def _data_files(folder: Path) -> Attempt:
    """The four files in the real format, small, packed or plain."""
    sound = _small_files()
    for name, content in sound.items():
        files.SHA256[name] = hashlib.sha256(content).hexdigest()
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    packed = {name: gzip.compress(content, mtime=0) for name, content in sound.items()}
    for name, content in packed.items():
        (raw / f"{name}.gz").write_bytes(content)
    wanted = files.load(folder)

    def attempt(number: int, own: random.Random) -> str:
        place = folder / str(number)
        shutil.copytree(folder / "FashionMNIST", place / "FashionMNIST")
        name = own.choice(list(sound))
        path = place / "FashionMNIST" / "raw" / f"{name}.gz"
        forms = packed
        if own.random() < 0.5:
            path.unlink()
            path, forms = path.with_suffix(""), sound
        other = own.choice([n for n in sound if n != name])
        swapped = own.random() < 0.1
        path.write_bytes(forms[other] if swapped else damaged(forms[name], own))
        try:
            found = files.load(place)
        except files.DataError as error:
            _check_sentence(error, path)
            return "refused"
        finally:
            shutil.rmtree(place)
        if not all(map(torch.equal, found, wanted)):
            raise Wrong("other data", name)
        return "read as it was"

    return attempt


def _small_files() -> dict[str, bytes]:
    drawn = random.Random(0)
    contents = {}
    for part, count in (("train", 120), ("t10k", 30)):
        head = struct.pack(">iiii", 0x803, count, 28, 28)
        contents[f"{part}-images-idx3-ubyte"] = head + drawn.randbytes(count * 784)
        labels = bytes(i % 10 for i in range(count))
        contents[f"{part}-labels-idx1-ubyte"] = (
            struct.pack(">ii", 0x801, count) + labels
        )
    return {name: contents[name] for name in files.SHA256}


def _weights(folder: Path) -> Attempt:
    """The file of a small network, as it comes with the package."""
    stored, path = new(RECIPES[0]), folder / "weights.npz"
    weights.save(stored, path)
    content = path.read_bytes()
    weights.read(stored, path)  # in half precision now
    wanted = _numbers(stored)

    def attempt(number: int, own: random.Random) -> str:
        path = folder / f"{number}.npz"
        path.write_bytes(damaged(content, own))
        net = new(RECIPES[0])
        before = _numbers(net)
        try:
            weights.read(net, path)
        except ValueError as error:
            _check_sentence(error, path)
            if _numbers(net) != before:
                raise Wrong("changed though refused", error) from None
            return "refused"
        finally:
            path.unlink()
        if _numbers(net) != wanted:
            raise Wrong("other numbers")
        return "read as it was"

    return attempt


def _histories(folder: Path) -> Attempt:
    """JSON has no checksum: what still is a history must at least be usable."""
    recipe = RECIPES[6]
    content = trained(recipe, None, new(recipe)).to_json().encode()

    def attempt(number: int, own: random.Random) -> str:
        path = folder / f"{number}.json"
        path.write_bytes(damaged(content, own))
        try:
            history = History.load(path)
        except ValueError as error:
            _check_sentence(error, path)
            return "refused"
        finally:
            path.unlink()
        f"{history!r} {history.table()} {history.origin} {history.finished}"
        if History.from_json(history.to_json()).to_json() != history.to_json():
            raise Wrong("other history")
        return "read"

    return attempt


_REFUSALS = ("changed though refused", "unclear sentence")
PARTS = {
    "checkpoints": Part(
        "damaged checkpoints", 2600, 39, _checkpoints, ("other result", *_REFUSALS)
    ),
    "data": Part(
        "damaged data files", 2048, 100, _data_files, ("other data", _REFUSALS[1])
    ),
    "weights": Part(
        "damaged weights", 2000, 100, _weights, ("other numbers", *_REFUSALS)
    ),
    "histories": Part(
        "damaged histories", 2000, 100, _histories, ("other history", _REFUSALS[1])
    ),
}
