"""The histories of the book's own training runs, to compare with.

They are files beside this one, written by ``make outputs`` and without the
snapshots that :func:`d2lmini.replay` shows.
"""

import difflib
from pathlib import Path

from d2lmini.training.history import History

SHIPPED = Path(__file__).parent


def names() -> list[str]:
    """Which runs there are, in the order of the alphabet."""
    return sorted(file.stem for file in SHIPPED.glob("*.json"))


def load(name: str) -> History:
    """How the run ``name`` of a chapter went; ValueError if there is none."""
    if name not in names():
        near = difflib.get_close_matches(str(name), names()) or names()[:3]
        raise ValueError(
            f"there is no run {name!r}; there are {', '.join(near)} and others, as "
            "runs.names() says."
        )
    return History.load(SHIPPED / f"{name}.json")
