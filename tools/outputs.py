"""Run chapters in full and store what they show: ``python -m tools.outputs``.

Without names, every chapter whose code has changed since its outputs were stored;
with names (``lenet``), those, if changed; ``--force`` runs them in any case, and
trains anew.  Without it a training that was interrupted goes on, and one that is
finished and whose recipe has not changed is read again: hours are not spent on a
corrected sentence.  The states lie in ``book/runs/checkpoints``.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from d2lmini import runs
from d2lmini.nets import trained
from d2lmini.training.history import History
from tools import address, book

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RUNS = book.ROOT / "book" / "runs"
MOST_SHIPPED = 1_000_000  # bytes of a network's weights in the package


def refusal(environment: dict[str, str]) -> str | None:
    """Why outputs may not be stored under ``environment``, or None if they may."""
    if environment.get("D2LMINI_QUICK", "") not in ("", "0"):
        return "D2LMINI_QUICK is set: outputs are stored from full runs; unset it."
    if environment.get("D2LMINI_DATA") == "offline":
        return (
            "D2LMINI_DATA is 'offline': outputs are stored from the real pictures; "
            "unset it, or name the folder that holds them."
        )
    return None


def digest(nb: NotebookNode) -> str:
    """A hash of the code, wherever the repository happens to live."""
    here, anywhere = address.current(), address.Address("OWNER", "NAME")
    sources = [
        address.replaced(cell.source, here, anywhere)
        for cell in nb.cells
        if cell.cell_type == "code"
    ]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def is_fresh(nb: NotebookNode) -> bool:
    """Whether the stored outputs are those of the stored code."""
    return nb.metadata.get("d2lmini", {}).get("code") == digest(nb)


def run(nb: NotebookNode, folder: Path) -> None:
    """Execute ``nb`` in place, with ``folder`` as its working directory."""
    client = NotebookClient(
        nb,
        kernel_name="python3",
        timeout=None,  # a full training takes as long as it takes
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    tidy(nb)
    nb.metadata["d2lmini"] = {"code": digest(nb)}


def tidy(nb: NotebookNode) -> None:
    """Keep what a reader sees; drop what would differ from one run to the next."""
    nb.metadata.pop("widgets", None)
    nb.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nb.metadata["language_info"] = {"name": "python"}
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            whole = _joined(cell.outputs)
            cell.outputs = [out for out in whole if not _is_progress_bar(out)]
            _describe_pictures(cell)
            for out in cell.outputs:
                # Its model died with the kernel, and its id is random: Jupyter would
                # show an error in place of the figure's own HTML.
                out.get("data", {}).pop(WIDGET_VIEW, None)
    name_cells(nb)


def _describe_pictures(cell: NotebookNode) -> None:
    """Tell the site what d2lmini's pictures tell Jupyter: alt text and width."""
    told = [out.get("metadata", {}).get("image/png", {}) for out in cell.outputs]
    told = [size for size in told if "alt" in size]
    if told:
        cell.metadata.setdefault("mystnb", {})["image"] = {
            "alt": " ".join(size["alt"] for size in told),
            "width": f"{max(size['width'] for size in told)}px",
        }


def checkpoints(nb: NotebookNode) -> list[Path]:
    """Where the named runs of ``nb`` keep their state while they train."""
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    names = re.findall(r"""name=["']([\w.-]+)["']""", code)
    return [RUNS / "checkpoints" / f"{name}.pt" for name in names]


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    # Into how many pieces a stream falls depends on the moment.
    joined: list[NotebookNode] = []
    for out in outputs:
        last = joined[-1] if joined else {}
        if out.get("name") and out.get("name") == last.get("name"):
            last["text"] += out.text
        else:
            joined.append(out)
    return joined


def _is_progress_bar(output: NotebookNode) -> bool:
    return output.get("name") == "stderr" and "\r" in output.text


def name_cells(nb: NotebookNode) -> None:
    """Give each cell an id that stays: its own if it is a name, else its heading's."""
    seen: set[str] = set()
    slug = "start"
    for cell in nb.cells:
        heading = re.match(r"#+ +(.+)", cell.source)
        if cell.cell_type == "markdown" and heading:
            slug = re.sub(r"[^a-z0-9]+", "-", heading[1].lower()).strip("-")[:48]
        wanted = cell.get("id", "")
        if not is_name(wanted) or wanted in seen:
            numbered = (f"{slug}-{n}" for n in range(1, len(nb.cells) + 2))
            wanted = next(name for name in numbered if name not in seen)
        cell["id"] = wanted
        seen.add(wanted)


def is_name(cell_id: str) -> bool:
    """Whether somebody chose this id; a random one is eight hexadecimal digits."""
    chosen = re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", cell_id) is not None
    return chosen and re.match(r"[0-9a-f]{8}(-|$)", cell_id) is None


def write(nb: NotebookNode, path: Path) -> None:
    """Replace ``path`` in one step: nobody ever sees half a chapter."""
    beside = path.with_name(f".{path.name}.new")
    nbformat.write(nb, beside)
    beside.replace(path)


def select(names: list[str]) -> list[Path]:
    """The chapters with these names, in the order of the book; all without any."""
    chapters = {path.stem: path for path in book.chapters()}
    wanted = {Path(name).stem for name in names}
    if unknown := wanted - set(chapters):
        raise ValueError(
            f"There is no chapter {', '.join(sorted(unknown))}; the chapters in "
            f"_toc.yml are {', '.join(chapters)}."
        )
    return [path for stem, path in chapters.items() if not names or stem in wanted]


def main() -> None:
    """Run what has changed; stop at the first chapter that fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.outputs")
    parser.add_argument("names", nargs="*", help="chapters, such as lenet")
    parser.add_argument("--force", action="store_true", help="run unchanged ones too")
    asked = parser.parse_args()
    if why := refusal(dict(os.environ)):
        sys.exit(why)
    # A folder given relative to here would be looked for beside each chapter.
    if folder := os.environ.get("D2LMINI_DATA"):
        os.environ["D2LMINI_DATA"] = str(Path(folder).expanduser().resolve())
    os.environ.update(D2LMINI_RUNS=str(RUNS), JUPYTER_PREFER_ENV_PATH="1")
    try:
        paths = select(asked.names)
    except ValueError as error:
        sys.exit(str(error))
    ship_runs()  # also runs whose chapter was stopped before its end
    for path in paths:
        _update(path, force=asked.force)


def _update(path: Path, *, force: bool) -> None:
    name = path.relative_to(book.ROOT)
    nb = nbformat.read(path, as_version=4)
    if is_fresh(nb) and not force:
        print(f"{name}: its code has not changed")
        return
    print(f"{name}: running …", flush=True)
    begun = time.monotonic()
    if force:  # else a run that had been finished would only be read again
        _remove(checkpoints(nb))
    try:
        run(nb, path.parent)
    except CellExecutionError as error:
        sys.exit(f"{name} is left as it was, because a cell failed:\n{error}")
    write(nb, path)
    _ship(nb)
    ship_runs()
    print(f"{name}: stored after {time.monotonic() - begun:.0f} s")


def ship_runs() -> None:
    """Put the histories of all named runs into the package, less their pictures."""
    for file in sorted(RUNS.glob("*.json")):
        history = dataclasses.replace(History.load(file), snapshots=[])
        history.save(runs.SHIPPED / file.name)


def _ship(nb: NotebookNode) -> None:
    """Put the small weights among those just trained into the package."""
    for checkpoint in checkpoints(nb):
        file = RUNS / "weights" / f"{checkpoint.stem}.npz"
        small = file.exists() and file.stat().st_size <= MOST_SHIPPED
        if small and checkpoint.stem in trained.TRAINED:
            trained.SHIPPED.mkdir(exist_ok=True)
            shutil.copyfile(file, trained.SHIPPED / file.name)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
