"""A run's whole state on disk, so that it resumes as if never interrupted."""

import contextlib
import copy
import io
import os
import pickle
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from d2lmini import mode, storage
from d2lmini.arguments import first_line, found, instance
from d2lmini.arguments import path as followed
from d2lmini.data import Splits
from d2lmini.nets import trained
from d2lmini.training.fingerprint import Unfollowable, fingerprint
from d2lmini.training.form import fitted, infinite
from d2lmini.training.history import History, Newer
from d2lmini.training.interrupts import held
from d2lmini.training.notices import Unkept
from d2lmini.training.recipe import FILELESS, beside, content, difference, known, leave
from d2lmini.training.report import Report
from d2lmini.training.run import Run

#: Bytes in the name of a file (most systems take 255), and characters in a path.
LONGEST, PATH = 200, 1000

#: What a file has besides the state of its run.
OWN = {"history", "digest", "content", "infinite"}

#: What PyTorch raises for content that is not safe to read, or not to be written.
UNWRITABLE = (pickle.PickleError, AttributeError, TypeError)


class CheckpointError(RuntimeError):
    """The file cannot continue this run; the message names it and says why."""


class Unreadable(ValueError):
    """A run holds what no file of numbers can give back."""


class Checkpoint:
    """The file that keeps a run, and the content by which it knows that run again.

    ``path=None`` keeps nothing, at no cost.  The order of the data needs no room: it
    follows from the seed and the number of epochs.  ``functions`` are those that the
    run computes with, by their names.
    """

    def __init__(
        self,
        path: Path | None,
        net: nn.Module,
        data: Splits,
        watch: Tensor | None,
        functions: dict[str, Any],
    ) -> None:
        self.path, self.net, self.data = path, net, data
        self.functions, self.others = functions, list[Tensor]()
        self.content = content(net, data, watch, **functions) if path else {}
        self.unkept: Unkept | None = None  # asked once

    def begin(self, run: Run, history: History) -> History:
        """The stored history, and ``run`` as it was then; else ``history``.

        ``history`` is the new, empty one, and stored at once: so a folder that cannot
        be written to, or is full, is found before hours have been spent.  Raises
        :class:`CheckpointError`, and leaves the run as it is, for that and for a
        damaged file or one of another run.
        """
        if self.path is None:
            return history
        self.others = run.others
        if run.others:
            self.content |= beside(self.net, self.data, run.others, self.functions)
        try:
            if self.path.exists():
                history = self._restored(self.path, run, history)
            else:
                self._check_room(self.path, run)
                _refuse_lasting(self.path, run)
                self._write(self.path, run, history)
        except (OSError, Unreadable) as error:
            raise CheckpointError(
                f"{error} To train without a file, {FILELESS}."
            ) from None
        self.unkept = Unkept(run, self.functions, known(self.net, self.data))
        return history

    def save(self, run: Run, history: History, report: Report) -> None:
        """Write everything that the run needs to go on, in one step or not at all.

        A disk that has become full costs the file and not the run, and so does another
        process that has stored another run there: it is said.
        """
        if self.path is None:
            return
        try:
            if self._is_taken(self.path):
                raise OSError(f"{self.path} holds another run by now.")
            self._write(self.path, run, history)
        except (OSError, Unreadable) as error:
            report.say(f"{error} The run goes on and is not stored meanwhile.")
        if self.unkept:
            self.unkept.say(report)
            self.unkept = None

    def keep(self, history: History, name: str | None, report: Report) -> None:
        """Store the history and the weights of a named run in ``D2LMINI_RUNS``.

        What cannot be stored is said: the run is over, and its history is not lost.
        """
        folder = _runs(name)
        if not folder or not name:
            return
        lost = f"The run {name!r} is not stored in {folder}"
        try:
            if self._is_taken(self.path):
                raise OSError(f"{self.path} holds another run by now.")
            history.save(folder / f"{_checked(name)}.json")
            lost = f"The history of {name!r} is stored in {folder}, its weights are not"
            trained.save(self.net, folder / "weights" / f"{name}.npz")
        except (OSError, ValueError, TypeError, AttributeError) as error:
            report.say(f"{lost}: {error}")

    def _is_taken(self, path: Path | None) -> bool:
        """Whether another process has put another run there meanwhile."""
        if path is None:
            return False
        try:  # mmap: the numbers are not read
            state = torch.load(path, "cpu", mmap=True, weights_only=True)
            return bool(state["content"] != self.content)
        except Exception:  # no file, or one that helps nobody
            return False

    def leave(self) -> None:
        """Know the net again when it is handed in once more to go on."""
        if self.path is not None:
            with contextlib.suppress(Unfollowable):  # it holds what it did not before
                leave(self.net, self.content, self.others)

    def _write(self, path: Path, run: Run, history: History) -> None:
        """Replace the file; Unreadable, and it stays, if nobody could read the new one.

        PyTorch writes whatever there is, and of safe files it reads tensors, numbers
        and texts alone.
        """
        state = {
            "history": (text := history.to_json()),
            "digest": fingerprint(text),
            "content": self.content,
            **run.state_dict(),
        }
        state["infinite"] = infinite(state)
        with held(), storage.written(path) as file:
            try:
                torch.save(state, file)
                file.flush()
                torch.load(file.name, "cpu", mmap=True, weights_only=True)
            except UNWRITABLE as error:
                what = f"{path} could not be read again"
                raise Unreadable(no_numbers(what, error)) from None

    def _check_room(self, path: Path, run: Run) -> None:
        """OSError unless there is room for what the file will grow to."""
        weights = sum(w.numel() * w.element_size() for w in run.net.parameters())
        needed = weights * (4 if run.averaged else 3)  # Adam keeps two numbers a weight
        storage.check(path)
        free = shutil.disk_usage(path.parent).free
        if free < needed:
            raise OSError(
                f"{path} needs {needed / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free "
                "there: make room."
            )

    def _restored(self, path: Path, run: Run, history: History) -> History:
        state = _read(path, run.device)
        try:
            if state["digest"] != fingerprint(state["history"]):
                raise ValueError("the history is another one")
            stored = History.from_json(state["history"])
            reason = difference(
                stored.recipe, history.recipe, state["content"], self.content
            )
        except Newer as error:
            raise CheckpointError(f"{path}: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(_damaged(path, error)) from error
        if reason:
            raise CheckpointError(
                f"{path} belongs to another run ({reason}): give another file, or "
                "delete this one to start anew."
            )
        before = copy.deepcopy(run.state_dict())
        try:
            run.load_state_dict(fitted(state, stored, run))
        except Exception as error:  # whatever PyTorch raises for a file of others
            run.load_state_dict(before)
            raise CheckpointError(_damaged(path, error, first_line(error))) from error
        return stored


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    """The verified content: a torch file is a zip, with a CRC for each part."""
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("a checksum does not fit")
            if sum(part.file_size for part in archive.infolist()) > len(content):
                raise zipfile.BadZipFile("it is compressed, and no checkpoint is")
        state: dict[str, Any] = torch.load(
            io.BytesIO(content), map_location=device, weights_only=True
        )
    except Exception as error:  # damage takes many forms; none may end in a traceback
        raise CheckpointError(_damaged(path, error)) from error
    if not isinstance(state, dict) or not state.keys() >= OWN:
        raise CheckpointError(
            f"{path} is not a checkpoint of a run, or one of another version: give "
            "another file, or delete this one."
        )
    return state


def no_numbers(what: str, error: Exception) -> str:
    """Why ``what`` is so, from one of ``UNWRITABLE``."""
    named = re.search(r"GLOBAL ([\w.]+)|object '?([^'\n]+)", str(error))
    which = next(filter(None, named.groups())) if named else type(error).__name__
    return (
        f"{what}, as the optimizer or the net's extra state holds more than numbers, "
        f"texts and tensors ({which}): keep only these."
    )


def _refuse_lasting(path: Path, run: Run) -> None:
    """Unreadable for a run that cannot even be given what it has."""
    try:
        run.load_state_dict(copy.deepcopy(run.state_dict()))
    except Exception as error:  # whatever PyTorch, a layer or an optimizer raises
        raise Unreadable(
            f"{path} could not be used, as the run's state cannot be set again "
            f"({first_line(error)}): see the net's buffers and its load_state_dict."
        ) from error


def _damaged(path: Path, error: Exception, reason: str = "") -> str:
    return (
        f"{path} is damaged or not a checkpoint ({reason or type(error).__name__}): "
        "delete it to start anew."
    )


def file_of(resume: str | Path | None, name: str | None) -> Path | None:
    """Where a run keeps its state: ``resume``, or a place in ``D2LMINI_RUNS``."""
    if name is not None:
        instance("name", name, str, "give a short text")
    folder = _runs(name)
    if folder and name:
        _checked(name)
    if resume is not None:
        instance("resume", resume, (str, os.PathLike), "give the name of a file")
        path = _file(resume)
        if path is None:
            raise ValueError(
                f"resume is {str(resume)!r}, a folder or no file's name: give the name "
                "of a file, such as run.pt."
            )
        return path
    return folder / "checkpoints" / f"{name}.pt" if folder and name else None


def _file(resume: str | Path) -> Path | None:
    """``resume`` as a path, ``~`` followed; None for what can be no file."""
    text = os.fsdecode(resume)
    try:
        path = Path(text).expanduser()
        unusable = not text or text.endswith(("/", os.sep)) or "\0" in text
        fits = len(os.fsencode(path.name)) <= LONGEST
        return None if unusable or path.is_dir() or not fits else path
    except (OSError, ValueError, RuntimeError):  # too long, no text, nobody's home
        return None


def _checked(name: str) -> str:
    parts = name.split("/")
    fit = [re.fullmatch(r"[\w.+=-][\w .+=-]*", part) for part in parts]
    if len(name) > PATH or max(len(os.fsencode(part)) for part in parts) > LONGEST:
        raise ValueError(
            f"name is {found(name)} with {len(name)} characters, and names files in "
            "D2LMINI_RUNS: give a shorter one."
        )
    if not all(fit) or ".." in parts:
        raise ValueError(
            f"name is {name!r}, and names files in D2LMINI_RUNS: use letters, digits, "
            "'-', '.', '_', and '/' for folders."
        )
    return name


def _runs(name: str | None) -> Path | None:
    """Where a run of that name is kept, if it is."""
    # A rehearsal must never replace a real run.
    folder = os.environ.get("D2LMINI_RUNS")
    if not folder or not name or mode.quick():
        return None
    return followed("D2LMINI_RUNS", folder, "give the path of a folder")
