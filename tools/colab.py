"""Try the package and every chapter under Colab's versions: ``make colab``.

Everything but PyTorch is installed in ``.venv-colab`` as Colab has it; PyTorch is
borrowed from this environment, since a second copy would cost 5 GB.  Three checks:
the floors of pyproject.toml lie below Colab's versions, pip would change nothing
there, and the chapters run in a kernel of that environment.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement

from tools import install
from tools.book import ROOT, chapters

#: What Colab has, as far as a chapter could meet it.
COLAB = {
    "anywidget": "0.9.21",
    "ipykernel": "6.17.1",
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "notebook": "6.5.7",
    "numpy": "2.1.3",
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "tqdm": "4.67.1",
}
BORROWED = ("torch", "torchvision")

VENV = ROOT / ".venv-colab"

SMOKE = """
import IPython, ipykernel, ipywidgets, matplotlib, numpy
have = {m.__name__.lower(): m.__version__
        for m in (IPython, ipykernel, ipywidgets, matplotlib, numpy)}
print(have)
assert have == {name: wanted[name] for name in have}, "not Colab's versions"

import d2lmini as d2l
from d2lmini.nets import lenet
assert "venv-colab" in d2l.__file__, d2l.__file__
d2l.setup()
data = d2l.load_fashion_mnist(batch_size=64)
net = lenet()
history = d2l.train(net, data, epochs=1, lr=0.01)
_ = history.plot()
"""


def main() -> None:
    """Run the three checks; the first that fails ends it with a sentence."""
    check_floors()
    ready = VENV / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != repr(COLAB):
        build()
        ready.write_text(repr(COLAB), encoding="utf-8", newline="\n")
    check_pip()
    install.pip(VENV, "install", "--no-deps", "--force-reinstall", str(ROOT))
    os.environ.update(D2LMINI_QUICK="1", D2LMINI_DATA="offline")
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # IPython's, not ours
    os.environ["JUPYTER_PATH"] = str(VENV / "share" / "jupyter")
    # outside the repository, or its d2lmini would be found before the installed one
    with tempfile.TemporaryDirectory() as elsewhere:
        smoke = new_notebook(cells=[new_code_cell(f"wanted = {COLAB}\n{SMOKE}")])
        execute("the package", smoke, Path(elsewhere))
    for path in chapters():
        nb = nbformat.read(path, as_version=4)
        execute(str(path.relative_to(ROOT)), nb, path.parent)
    print("All of it works under Colab's versions.")


def check_floors() -> None:
    """No floor of ours may lie above what Colab has."""
    for line in metadata.requires("d2lmini") or ():
        requirement = Requirement(line)
        version = COLAB.get(requirement.name.lower())
        if version and version not in requirement.specifier:
            sys.exit(f"pyproject.toml asks for {line}, but Colab has {version}.")
    print("The floors lie below Colab's versions.")


def build() -> None:
    """Make ``.venv-colab``: Colab's versions first on the path, PyTorch after."""
    print(f"Making {VENV.name} ...", flush=True)
    install.make(VENV)
    pins = [f"{n}=={v}" for n, v in COLAB.items() if n not in BORROWED]
    # a setuptools that the torch from here wants and IPython 7 can still use
    others = ("pillow", "filelock", "setuptools>=77.0.3,<82")
    install.pip(VENV, "install", *pins, *others)
    borrow()
    kernel = VENV / "share" / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    python = str(install.python(VENV))
    command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Colab", "language": "python"}
    (kernel / "kernel.json").write_text(
        json.dumps(spec), encoding="utf-8", newline="\n"
    )


def borrow() -> None:
    """Link PyTorch and what only it needs; a ``.pth`` puts them last on the path."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    said = subprocess.check_output([install.python(VENV), "-c", ask], encoding="utf-8")
    library, shelf = Path(said.strip()), VENV / "borrowed"
    shelf.mkdir()
    taken = {d.name.lower() for d in metadata.distributions(path=[str(library)])}
    for dist in needed(BORROWED, taken):
        tops = {Path(str(f)).parts[0] for f in dist.files or ()}
        for top in tops - {"..", "__pycache__"}:
            link = shelf / top
            if not link.exists():
                link.symlink_to(Path(str(dist.locate_file(top))))
    (library / "borrowed.pth").write_text(f"{shelf}\n", encoding="utf-8", newline="\n")


def needed(names: tuple[str, ...], taken: set[str]) -> Iterator[metadata.Distribution]:
    """These distributions and all they require, but for the ones in ``taken``."""
    todo = [Requirement(name) for name in names]
    seen: set[str] = set()
    while todo:
        wanted = todo.pop()
        name = wanted.name.lower().replace("_", "-")
        if name in taken or str(wanted) in seen:
            continue
        seen.add(str(wanted))
        dist = metadata.distribution(name)
        yield dist
        # what is behind an extra counts only if that extra was asked for
        extras = [{"extra": extra} for extra in ("", *wanted.extras)]
        for line in dist.requires or ():
            more = Requirement(line)
            if more.marker is None or any(map(more.marker.evaluate, extras)):
                todo.append(more)


def check_pip() -> None:
    """Installing the package must install the package, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        install.pip(VENV, "install", "--dry-run", "--report", str(report), str(ROOT))
        plan = json.loads(report.read_text(encoding="utf-8"))["install"]
    others = [item["metadata"]["name"] for item in plan]
    others = [name for name in others if name != "d2lmini"]
    if others:
        sys.exit(f"On Colab, pip would also install {', '.join(others)}.")
    print("On Colab, pip would install d2lmini and change nothing else.")


def execute(what: str, nb: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook in a kernel of ``.venv-colab``."""
    print(f"{what} ...", flush=True)
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(nb, kernel_name="colab", timeout=600, resources=where).execute()


if __name__ == "__main__":
    main()
