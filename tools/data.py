"""The data that what is started here uses."""

import os
from pathlib import Path

NAME = "D2LMINI_DATA"


def settle() -> None:
    """Let a relative ``D2LMINI_DATA`` mean what it means here.

    Chapters run in their own folders, and would look for it there.
    """
    folder = os.environ.get(NAME)
    if folder and folder != "offline":
        os.environ[NAME] = str(Path(folder).expanduser().resolve())
