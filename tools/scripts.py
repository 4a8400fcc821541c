"""Lint, format and type check of the figures' scripts: ``python -m tools.scripts``.

Biome and TypeScript's checker do it, in the versions that ``package-lock.json``
names.  They need Node, which nothing else here does: without it, or without a
network to fetch them once, this says that the scripts were not checked; where ``CI``
is set it fails instead.
"""

import os
import shutil
import subprocess
import sys

from tools import book

PROGRAMS = book.ROOT / "node_modules" / ".bin"


def missing() -> str:
    """Why the scripts cannot be checked here; empty when they can."""
    npm = shutil.which("npm")
    if npm is None:
        return "Node.js is not installed"
    if not (PROGRAMS / "biome").exists():
        fetch = [npm, "ci", "--silent", "--no-audit", "--no-fund"]
        if subprocess.run(fetch, cwd=book.ROOT, check=False).returncode:
            return "npm could not fetch what package-lock.json names"
    return ""


def main() -> None:
    """Exits with 1 at a finding; with 0 and a sentence where nothing can check."""
    if why := missing():
        print(f"The figures' scripts were NOT checked: {why}.")
        sys.exit(1 if os.environ.get("CI") else 0)
    npm = shutil.which("npm")  # on Windows it has an ending
    done = subprocess.run([npm, "run", "--silent", "check"], cwd=book.ROOT, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
