"""Try the package under the oldest versions that it allows: ``make oldest``.

``.venv-oldest`` gets exactly the floors of pyproject.toml, on the Python that is named
or else the oldest that is here; the unit tests and some chapters run in it.
"""

import os
import shutil
import subprocess
import sys
from importlib import metadata

from packaging.requirements import Requirement

from tools import data, install
from tools.book import ROOT, chapters

VENV = ROOT / ".venv-oldest"
FIRST = 10  # Python 3.10; older ones are refused

#: What the tests need beside the package; setuptools as IPython 7 can still use it.
TESTING = (
    *("pytest", "pytest-xdist", "nbval", "nbclient", "pyyaml", "hypothesis"),
    "setuptools<82",
)
#: Chapters with every kind of figure, a net with branches, and a study of many.
CHAPTERS = ("cross-correlation", "pooling", "lenet", "resnet", "side-by-side")


def floors() -> list[str]:
    """Every dependency of the package as its oldest allowed version."""
    needed = map(Requirement, metadata.requires("d2lmini") or ())
    return [
        f"{one.name}=={floor.version}"
        for one in needed
        if one.marker is None  # else it belongs to an extra
        for floor in one.specifier
        if floor.operator == ">="
    ]


def interpreter() -> str:
    """The oldest Python here that the book allows."""
    for minor in range(FIRST, sys.version_info.minor):
        name = f"python3.{minor}"
        if shutil.which(name) and _runs(name):
            return name
    return sys.executable


def _runs(name: str) -> bool:
    """Whether there is such a Python: the name may be a stand-in that finds none."""
    return subprocess.run([name, "-c", ""], capture_output=True).returncode == 0


def main() -> None:
    """Make the environment where it is missing or another, and run the tests in it."""
    wanted = [*floors(), *TESTING]
    ready = VENV / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != repr(wanted):
        print(f"Making {VENV.name} with {', '.join(floors())} ...", flush=True)
        install.make(VENV, sys.argv[1] if sys.argv[1:] else interpreter())
        install.pip(VENV, "install", *wanted)
        ready.write_text(repr(wanted), encoding="utf-8", newline="\n")
    install.pip(VENV, "install", "--no-deps", "--editable", str(ROOT))
    os.environ.setdefault(data.NAME, "offline")
    data.settle()
    os.environ.update(OMP_NUM_THREADS="1", JUPYTER_PREFER_ENV_PATH="1")
    # What chapters show may look otherwise in old versions: they only have to run.
    some = [str(path) for path in chapters() if path.stem in CHAPTERS]
    nbval = ("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600")
    command = (install.python(VENV), "-m", "pytest", "-n2", "--dist=loadfile", *nbval)
    sys.exit(subprocess.call([*command, "tests/unit", *some], cwd=ROOT))


if __name__ == "__main__":
    main()
