"""Make ``.venv``, or bring it up to date with its lists: ``python -m tools.install``.

Runs before anything is installed, so it imports nothing but the standard library.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def python(venv: Path) -> Path:
    """The interpreter of the virtual environment ``venv``, on any system."""
    windows = venv / "Scripts" / "python.exe"
    return windows if windows.exists() else venv / "bin" / "python"


def make(venv: Path, interpreter: str = sys.executable) -> None:
    """Make ``venv`` anew for ``interpreter``; ends the program if that fails."""
    command = [interpreter, "-m", "venv", "--clear", str(venv)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        shutil.rmtree(venv, ignore_errors=True)
        sys.exit(
            "No virtual environment could be made; on Debian: apt install python3-venv"
        )


def works(venv: Path) -> bool:
    """Whether ``venv`` has a Python that runs, and pip."""
    try:
        done = _asked(venv, "--version")
    except OSError:  # not there, or its Python was removed since
        return False
    return done.returncode == 0


def unreachable(venv: Path) -> str | None:
    """Why pip gets nothing from its package index; None if it does.

    Asks once, for a small package: an installation would try again and again.
    """
    with tempfile.TemporaryDirectory() as folder:
        once = ("--retries=0", "--timeout=10", "--no-deps", "--dest", folder)
        done = _asked(venv, "download", *once, "--no-cache-dir", "anywidget")
    if done.returncode == 0:
        return None
    # without a network pip says no more than that it found nothing
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    said = [line[7:] for line in said if "anywidget" not in line]
    return said[-1] if said else "there is no network"


def pip(venv: Path, *arguments: str) -> None:
    """Run the pip of ``venv``; ends the program if that fails."""
    command = [str(python(venv)), "-m", "pip", "--quiet", *arguments]
    if subprocess.call(command, stdin=subprocess.DEVNULL):
        sys.exit(f"pip {' '.join(arguments)} failed in {venv.name}.")


def _asked(venv: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """What pip says and how it ends."""
    return subprocess.run(
        [str(python(venv)), "-m", "pip", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
    )


def main(root: Path = ROOT) -> None:
    """Install what ``requirements.txt`` lists, and note that it is done."""
    venv = root / ".venv"
    done = venv / ".up-to-date"
    if not works(venv):
        make(venv)
    if reason := unreachable(venv):
        if done.exists():
            print("No package index is reached: going on with .venv as it is.")
            return
        sys.exit(
            f"Nothing can be installed, since pip reaches no package index: {reason}. "
            "Connect this machine for the first call, which fetches 6 GB."
        )
    print("Installing into .venv (6 GB with PyTorch; minutes, once) ...", flush=True)
    os.chdir(root)  # the list says "--editable ."
    pip(venv, "install", "--requirement", "requirements.txt")
    done.touch()


if __name__ == "__main__":
    main()
