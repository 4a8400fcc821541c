"""What a session must admit about itself: quick mode, the offline sample."""

import os
from collections.abc import Mapping

#: Batches that quick mode keeps of the training, validation and test set, and the
#: most images in one.  Two, since a fault may show in the second step alone.  Chapters
#: pick the images they show from the first test batch, and 64 hold some of each class.
#: Enlarged ones cost more, and among 16 are what chapters show of those.
QUICK_BATCHES = (2, 1, 1)
QUICK_BATCH_SIZES = (8, 8, 64)
QUICK_ENLARGED = (2, 2, 16)
QUICK_EPOCHS = 1
#: Squares along each side that a map of occlusion covers in quick mode.
QUICK_PLACES = 4

_notes: list[str] = []


def quick(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether ``D2LMINI_QUICK`` asks for a rehearsal: few batches, one epoch.

    "0", "false", "no" and "off" ask for none.  This is the only place that decides it.
    """
    asked = environment.get("D2LMINI_QUICK", "").strip().lower()
    return asked not in ("", "0", "false", "no", "off")


def admit(note: str) -> None:
    """Make every later figure and history of this session say ``note``."""
    if note not in _notes:
        _notes.append(note)


def notes() -> tuple[str, ...]:
    """What figures and histories have to say, most important first."""
    return (*_notes, *(("quick mode",) if quick() else ()))


def withdraw() -> None:
    """Forget what was admitted: the real data have been loaded since."""
    _notes.clear()
