"""What a training run did, epoch by epoch."""

import base64
import dataclasses
import json
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import torch
from torch import Tensor

from d2lmini import arguments, storage
from d2lmini.training.recipe import Recipe
from d2lmini.training.snapshots import Snapshot

if TYPE_CHECKING:
    from d2lmini.plot.picture import Picture


MOST_ANSWERS = 10_000_000  # no test set has as many; a small file may claim billions
_FILE = "give the name of a file"


class Newer(ValueError):
    """A later version of this package has stored the run."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training set; losses are means per example, in nats.

    Where a number is not known, it is not a number.
    """

    loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float  # training alone, data included, validation not
    examples_per_second: float


@dataclass
class History:
    """A run: what it was made of, where it ran, and how each epoch went.

    ``test_loss`` and ``test_accuracy`` are measured once, after the last epoch, and
    not a number until then.  ``notes`` is what every figure of the run has to say
    ("offline sample", "quick mode").  ``snapshots`` follow the images that ``train``
    was asked to watch; :func:`d2lmini.replay` shows them.  ``answers`` holds what
    :meth:`answered` gives.
    """

    name: str
    recipe: Recipe
    device: str
    seed: int
    versions: dict[str, str]
    notes: tuple[str, ...] = ()
    epochs: list[Epoch] = field(default_factory=list)
    test_loss: float = math.nan
    test_accuracy: float = math.nan
    snapshots: list[Snapshot] = field(default_factory=list)
    answers: str = ""

    def keep_answers(self, answers: Sequence[Tensor]) -> None:
        """Store the classes given to the test images, batches (N,) in their order.

        Nothing is stored if they do not fit a byte each, or if one is no class (-1).
        """
        whole = torch.cat(list(answers)).cpu()
        fits = 0 < len(whole) <= MOST_ANSWERS
        if fits and int(whole.min()) >= 0 and int(whole.max()) < 256:
            content = zlib.compress(whole.to(torch.uint8).numpy().tobytes(), 9)
            self.answers = base64.b64encode(content).decode()

    def answered(self) -> Tensor:
        """The class given to each test image, int64 (N,), as the test set orders them.

        So two networks can be compared picture by picture.  Raises ValueError for a
        run that did not keep them, such as a run of an earlier version.
        """
        if not self.answers:
            raise ValueError(
                f"the run {self.name!r} did not keep its answers: train it "
                "again, with at most 256 classes, an unshuffled test set and no NaN in "
                "what it answers, to compare picture by picture."
            )
        try:
            content = _unpacked(base64.b64decode(self.answers))
        except (ValueError, zlib.error) as error:
            raise ValueError(
                f"the answers of the run {self.name!r} are damaged ({error}): load the "
                "file again."
            ) from error
        return torch.frombuffer(bytearray(content), dtype=torch.uint8).long()

    @property
    def finished(self) -> bool:
        """Whether the run came to its end, the test included."""
        return not math.isnan(self.test_accuracy)

    @property
    def precision(self) -> str:
        """The number format of the forward pass, such as ``"bfloat16"``."""
        return str(self.recipe["precision"])

    @property
    def origin(self) -> str:
        """Where the numbers come from, in one line for a figure."""
        parts = [self.recipe["data"], self.device, self.precision]
        parts += [note for note in self.notes if note not in parts]
        return " · ".join(parts)

    def plot(self) -> "Picture":
        """Loss and accuracy against the epoch."""
        from d2lmini.plot import curves

        return curves([self])

    def table(self) -> str:
        """The run as plain text, a line per epoch; timings are left out, since
        two runs never agree on them (they are in ``epochs``)."""
        lines = ["epoch   loss   train   validation"]
        for number, e in enumerate(self.epochs, 1):
            lines.append(
                f"{number:5d}  {e.loss:.3f}   {e.train_accuracy:.3f}   "
                f"{e.val_accuracy:.3f}"
            )
        if self.finished:
            lines.append(f"test accuracy {self.test_accuracy:.4f}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        ending = f", test accuracy {self.test_accuracy:.4f}" if self.finished else ""
        return f"<History {self.name}: {len(self.epochs)} epochs{ending}>"

    def to_json(self) -> str:
        """The whole run as JSON text; :meth:`from_json` reads it."""
        values = dataclasses.asdict(self)
        for part in (values, *values["epochs"]):  # JSON has no "not a number"
            for name, value in part.items():
                if isinstance(value, float) and math.isnan(value):
                    part[name] = None
        return json.dumps(values, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "History":
        """A run from :meth:`to_json`; ValueError for any other text.

        It is :class:`Newer` if nothing is wrong with the text but fields that are not
        known here.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            for epoch in values["epochs"]:
                _none_to_nan(epoch, [field.name for field in dataclasses.fields(Epoch)])
            values["epochs"] = [_typed(Epoch, epoch) for epoch in values["epochs"]]
            values["notes"] = tuple(values.get("notes", ()))
            values["snapshots"] = [
                _typed(Snapshot, shot) for shot in values.get("snapshots", ())
            ]
            _none_to_nan(values, ("test_loss", "test_accuracy"))
            history: History = _typed(cls, values)
            history.recipe["epochs"], history.recipe["data"], history.precision
        except Newer:
            raise
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as e:
            raise ValueError(
                f"this text is not a stored History ({_reason(e)}): give what "
                "History.to_json wrote."
            ) from e
        return history

    def save(self, path: str | Path) -> None:
        """Write :meth:`to_json` to ``path`` in one step; folders are made.

        StorageError where it cannot be, TypeError or ValueError for what is no path.
        """
        with storage.written(arguments.path("path", path, _FILE)) as file:
            file.write(self.to_json().encode())

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read what :meth:`save` wrote.

        ValueError, which names the file, for any other or none; it is :class:`Newer`
        for a run that a later version has stored.
        """
        path = arguments.path("path", path, _FILE)
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError) as error:
            raise ValueError(
                f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): "
                "give a file that History.save has written."
            ) from error
        except ValueError as error:
            kind = Newer if isinstance(error, Newer) else ValueError
            raise kind(f"{path}: {error}") from error


def _unpacked(packed: bytes) -> bytes:
    """From 1 to MOST_ANSWERS bytes, and no memory for more; else an error of zlib's."""
    stream = zlib.decompressobj()
    content = stream.decompress(packed, MOST_ANSWERS + 1)
    if not 0 < len(content) <= MOST_ANSWERS:
        raise zlib.error(f"not from 1 to {MOST_ANSWERS:,} answers")
    if not stream.eof:
        raise zlib.error("cut short")
    return content


def _none_to_nan(values: dict[str, Any], names: Iterable[str]) -> None:
    """Make what is null among ``names`` not a number again, in place."""
    for name in names:
        if values.get(name, 0) is None:
            values[name] = math.nan


def _typed(kind: Any, values: dict[str, Any]) -> Any:
    """``kind(**values)``; TypeError for a field of another type, Newer for others."""
    hints = get_type_hints(kind)
    known = {name: value for name, value in values.items() if name in hints}
    made = kind(**known)
    for name in known:
        wanted = getattr(hints[name], "__origin__", hints[name])
        value = getattr(made, name)
        if wanted is float and type(value) is int:
            continue
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise TypeError(f"{name} is a {type(value).__name__}")
    if len(values) > len(known):
        field = next(name for name in values if name not in hints)
        raise Newer(
            f"a newer d2lmini has written this run (with {field!r}): update d2lmini."
        )
    return made


def _reason(error: BaseException) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
