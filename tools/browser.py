"""The Chromium that tests and reports drive: ``python -m tools.browser`` finds it."""

import os
import shutil
import sys
from pathlib import Path

#: Names on the path: first those that have no window to draw, in which a page opens
#: in a quarter of the time; then those of Linux, then those of Windows.
NAMES = (
    *("chromium-headless-shell", "chrome-headless-shell"),
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("chrome", "msedge", "microsoft-edge"),
)

#: Where they lie on macOS and on Windows, which put programs on no path.
MAC = tuple(
    f"Applications/{name}.app/Contents/MacOS/{name}"
    for name in ("Google Chrome", "Chromium", "Microsoft Edge")
)
WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)

ADVICE = {
    "darwin": "install Google Chrome, or Chromium (brew install --cask chromium)",
    "win32": "install Google Chrome",
    "linux": "install Chromium (apt install chromium-headless-shell, or chromium)",
}

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
    for name in (*NAMES, *places(sys.platform)):
        if path := shutil.which(name):
            return path
    advice = ADVICE.get(sys.platform, ADVICE["linux"])
    raise LookupError(
        "The tests and reports need a real browser, and none was found: "
        f"{advice}, or set D2LMINI_CHROMIUM to its path."
    )


def places(platform: str) -> list[str]:
    """Where a browser may lie on ``platform`` (as in ``sys.platform``) off the path."""
    if platform == "darwin":
        return [str(Path(root, app)) for root in ("/", Path.home()) for app in MAC]
    if platform == "win32":
        names = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        roots = [os.environ[name] for name in names if name in os.environ]
        return [str(Path(root, app)) for root in roots for app in WINDOWS]
    return []


if __name__ == "__main__":
    try:
        print(f"browser: {find()}")
    except LookupError as error:
        sys.exit(str(error))
