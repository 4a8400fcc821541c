"""The Chromium that tests and reports drive: ``python -m tools.browser`` finds it."""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: For machines without a display or a sandbox; and it shall not call home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str:
    """The path of a Chromium; LookupError, and how to get one, if there is none."""
    if named := os.environ.get("D2LMINI_CHROMIUM"):
        if not shutil.which(named):
            raise LookupError(f"D2LMINI_CHROMIUM is {named}, which is no program.")
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise LookupError(
        "The tests and reports need a real browser, and none was found: install "
        "Chromium (apt install chromium), or set D2LMINI_CHROMIUM to its path."
    )


if __name__ == "__main__":
    try:
        print(f"browser: {find()}")
    except LookupError as error:
        sys.exit(str(error))
