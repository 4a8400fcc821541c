"""Run chapters in full and store what they show: ``python -m tools.outputs``.

Without names, every chapter whose code has changed since its outputs were stored;
with names (``lenet``), those, if changed; ``--force`` runs them in any case, and
trains anew: in a folder of its own, whose runs replace the old ones at the end.
Without it a training that was interrupted goes on, and one that is finished and whose
recipe has not changed is read again: hours are not spent on a corrected sentence.  The
states lie in ``book/runs/checkpoints``.  Where ``--force`` did not come to its end, the
next run without it goes on there, and only another ``--force`` begins once more.

``lenet --cells ID …`` runs these cells alone and leaves what all others show byte for
byte; so a new exercise needs no training.  In place of an id: ``changed`` (whatever
has other code than when it was run), ``exercises`` and ``quizzes``.  What a cell needs
is run with it, and how depends on the cell:

- without the tag ``nbval-ignore-output``, in a rehearsal, since such a cell shows the
  same there as in a full run, and the tests demand that.  It runs with the cells that
  bind what it reads, and with those that read what it binds: where one of these shows
  something else, nothing is stored;
- with the tag, in full, after the setup cell and the cells named by ``--after``.

A chapter keeps a hash of each code cell (``d2lmini.code`` in its metadata, an id and a
hash a line), and only a cell that was run gets a new one: a changed cell that was not
named stays stale.  So does the chapter, as long as a named cell binds a name that an
unnamed cell with the tag reads: name that, too, or run the chapter.
"""

import argparse
import ast
import configparser
import copy
import dataclasses
import hashlib
import math
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from d2lmini import mode, runs, storage
from d2lmini.nets import trained
from d2lmini.training.history import History
from tools import address, book, data

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RUNS = book.ROOT / "book" / "runs"
MOST_SHIPPED = 1_000_000  # bytes of a network's weights in the package


def refusal(environment: dict[str, str]) -> str | None:
    """Why outputs may not be stored under ``environment``, or None if they may."""
    if mode.quick(environment):
        return "D2LMINI_QUICK is set: outputs are stored from full runs; unset it."
    if environment.get("D2LMINI_DATA") == "offline":
        return (
            "D2LMINI_DATA is 'offline': outputs are stored from the real pictures; "
            "unset it, or name the folder that holds them."
        )
    return None


def digest(source: str) -> str:
    """A hash of a cell's code, wherever the repository happens to live."""
    here, anywhere = address.current(), address.Address("OWNER", "NAME")
    text = address.replaced(source, here, anywhere)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """The cells that can be run, in their order."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def hashes(nb: NotebookNode) -> list[str]:
    """What a chapter keeps: the id and the hash of each code cell, in their order."""
    return [f"{cell['id']} {digest(cell.source)}" for cell in code_cells(nb)]


def recorded(nb: NotebookNode) -> list[str]:
    """The hashes of the code that was run, as stored in ``nb``."""
    return list(nb.metadata.get("d2lmini", {}).get("code", []))


def is_fresh(nb: NotebookNode) -> bool:
    """Whether the stored outputs are those of the stored code."""
    return recorded(nb) == hashes(nb)


def stale(nb: NotebookNode) -> list[str]:
    """The ids of the cells whose code has not been run, in their order."""
    known = set(recorded(nb))
    return [line.split()[0] for line in hashes(nb) if line not in known]


def run(
    nb: NotebookNode, folder: Path, *, quick: bool = False, runs: Path | None = None
) -> None:
    """Execute ``nb`` in place, with ``folder`` as its working directory.

    A ``quick`` run is a rehearsal, which leaves no trace in ``book/runs``.  Named
    trainings keep their states in ``runs``, if given, instead of there.
    """
    client = NotebookClient(
        nb,
        kernel_name="python3",
        timeout=None,  # a full training takes as long as it takes
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    environment = dict(os.environ)
    if runs:
        environment["D2LMINI_RUNS"] = str(runs)
    if quick:
        environment.pop("D2LMINI_RUNS", None)
        environment["D2LMINI_QUICK"] = "1"
    client.execute(env=environment)
    tidy(nb)
    nb.metadata["d2lmini"] = {"code": hashes(nb)}


def run_anew(nb: NotebookNode, path: Path) -> None:
    """Execute ``nb``, the chapter ``path``, apart from the states of earlier runs.

    At the end, what its trainings have left takes the place of that in ``book/runs``,
    where all stays as it was if a cell fails.  So does what lies apart, and is said.
    """
    apart = _apart(path)
    try:
        _go_on(nb, path.parent, apart)
    except BaseException:  # a cell that failed, a kernel that died, Ctrl-C
        if is_unfinished(path):
            print(
                f"What {path.stem} has trained anew lies in {apart}: without --force "
                "the next run goes on with it, with --force it begins once more, and "
                "if you delete the folder, all is as it was."
            )
        raise
    for file in [found for found in apart.rglob("*") if found.is_file()]:
        place = RUNS / file.relative_to(apart)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.utime(file)  # news, though it may have waited here for days
        file.replace(place)
    shutil.rmtree(apart, ignore_errors=True)


def is_unfinished(path: Path) -> bool:
    """Whether a forced run of the chapter ``path`` has stopped before its end."""
    return any(_apart(path).rglob("*.pt"))


def _apart(path: Path) -> Path:
    return RUNS / "checkpoints" / ".anew" / path.stem


def _go_on(nb: NotebookNode, folder: Path, apart: Path) -> None:
    """Run ``nb`` on the states in ``apart``, less those of what it trains no longer."""
    earlier = set(apart.rglob("*.pt"))
    while True:
        try:
            run(nb, folder, runs=apart)
            return
        except CellExecutionError as error:
            refused = error.evalue if error.ename == "CheckpointError" else ""
            others = {file for file in earlier if refused.startswith(f"{file} ")}
            if not others:
                raise
        for file in others:
            print(f"{refused}\nIt is deleted, and that training begins anew.")
            file.unlink()
        earlier -= others  # no file a second time


def run_cells(
    nb: NotebookNode, folder: Path, names: list[str], after: list[str]
) -> None:
    """Execute the cells ``names`` of ``nb``, and what they need, in place.

    See the module for what that is.  All else in ``nb`` stays, counts excepted: they
    go on numbering the cells.  Raises ValueError where storing would not be honest.
    """
    name_cells(nb)
    named = [cell for cell in code_cells(nb) if cell["id"] in names]
    compared = [cell["id"] for cell in named if not ignored(cell)]
    others = [cell["id"] for cell in named if ignored(cell)]
    changed = [cell["id"] for cell in named if cell["id"] in stale(nb)]
    readers = {x["id"]: x for x in code_cells(nb) if x["id"] in _readers(nb, changed)}
    if touched := [x for x in readers if x not in names and ignored(readers[x])]:
        raise ValueError(
            f"{', '.join(touched)} may show something else now, and no rehearsal can "
            "tell: name them as well, or run the whole chapter."
        )
    if compared:
        _rehearse(nb, folder, compared, changed)
    if others:
        setup = code_cells(nb)[0]["id"]
        part = _only(nb, [setup, *after, *others])
        run(part, folder)
        _take(part, nb, others)
    known = set(recorded(nb)) | {x for x in hashes(nb) if x.split()[0] in names}
    nb.metadata["d2lmini"] = {"code": [x for x in hashes(nb) if x in known]}
    _count(nb)


def ignored(cell: NotebookNode) -> bool:
    """Whether the output of ``cell`` may differ between two runs."""
    return "nbval-ignore-output" in cell.metadata.get("tags", [])


def _ids(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def _only(nb: NotebookNode, ids: list[str]) -> NotebookNode:
    part = copy.deepcopy(nb)
    part.cells = [cell for cell in part.cells if cell["id"] in ids]
    return part


def _rehearse(
    nb: NotebookNode, folder: Path, names: list[str], changed: list[str]
) -> None:
    """Run ``names``, and what they touch, in quick mode; take them from there."""
    others = [x for x in _readers(nb, changed) if x not in names]
    rehearsal = _only(nb, _needed(nb, [*names, *others]))
    run(rehearsal, folder, quick=True)
    new = {cell["id"]: cell for cell in rehearsal.cells}
    old = {cell["id"]: cell for cell in nb.cells}
    if other := [x for x in others if seen(old[x]) != seen(new[x])]:
        raise ValueError(
            f"{', '.join(other)} would show something else now: name them as well."
        )
    _take(rehearsal, nb, names)


def _needed(nb: NotebookNode, ids: list[str]) -> list[str]:
    """``ids``, the setup cell, and all cells that bind what one of these reads."""
    kept, needed = [], set[str]()
    for cell in reversed(code_cells(nb)):
        if cell["id"] in ids or names(cell.source)[1] & needed:
            kept.append(cell["id"])
            needed |= _reads_first(cell.source)
    return [code_cells(nb)[0]["id"], *kept]


def _take(source: NotebookNode, goal: NotebookNode, names: list[str]) -> None:
    """Put the cells ``names`` of ``source`` in their places in ``goal``."""
    new = {cell["id"]: cell for cell in source.cells}
    goal.cells = [new[c["id"]] if c["id"] in names else c for c in goal.cells]


def _count(nb: NotebookNode) -> None:
    for count, cell in enumerate(code_cells(nb), 1):
        cell.execution_count = count
        for out in cell.outputs:
            if "execution_count" in out:
                out["execution_count"] = count


def seen(cell: NotebookNode) -> list[Any]:
    """What the tests compare of the outputs of ``cell``: no pictures, no timings."""
    found: list[Any] = []
    for out in cell.outputs:
        data = out.get("data", {"text/plain": out.get("text", out.get("ename", ""))})
        texts = {k: _plain(v) for k, v in data.items() if not k.startswith("image/")}
        found.append((out.output_type, texts))
    return found


def _plain(text: Any) -> Any:
    config = configparser.RawConfigParser()
    config.read(book.ROOT / "tests" / "nbval.cfg", encoding="utf-8")
    for part in config.sections() if isinstance(text, str) else ():
        text = re.sub(config[part]["regex"], config[part]["replace"], text)
    return text


def _readers(nb: NotebookNode, ids: list[str]) -> list[str]:
    """Later cells with outputs that read what the cells ``ids`` bind."""
    bound: set[str] = set()
    found = []
    for cell in code_cells(nb):
        loads, stores = names(cell.source)
        if cell["id"] in ids:
            bound |= stores
        elif loads & bound:
            bound |= stores
            found += [cell["id"]] if cell.outputs else []
    return found


def names(source: str) -> tuple[set[str], set[str]]:
    """The names that ``source`` reads, and those that it binds."""
    loads, stores = set(), set()
    for node in ast.walk(ast.parse(_without_magics(source))):
        if isinstance(node, ast.Name):
            (loads if isinstance(node.ctx, ast.Load) else stores).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            stores.add(node.name)
        elif isinstance(node, ast.alias):
            stores.add((node.asname or node.name).split(".")[0])
    return loads, stores


def _reads_first(source: str) -> set[str]:
    """The names that ``source`` reads and does not bind before, as x in x = x + 1."""
    free, bound = set[str](), set[str]()
    for statement in ast.parse(_without_magics(source)).body:
        loads, stores = names(ast.unparse(statement))
        if isinstance(statement, ast.Assign):
            stores -= names(ast.unparse(statement.value))[0]
        elif isinstance(statement, ast.AugAssign):
            loads, stores = loads | stores, set()
        free |= loads - stores - bound
        bound |= names(ast.unparse(statement))[1]
    return free


def _without_magics(source: str) -> str:
    return re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", source)


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
    with storage.written(path) as file:
        file.write(f"{nbformat.writes(nb)}\n".encode())


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


def pick(nb: NotebookNode, words: list[str]) -> list[str]:
    """The ids of the code cells that ``words`` mean, in their order.

    Raises ValueError for a word that is no id of a code cell.
    """
    known = _ids(hashes(nb))
    groups = {
        "changed": stale(nb),
        "exercises": [c["id"] for c in code_cells(nb) if "nbgrader" in c.metadata],
        "quizzes": [c["id"] for c in code_cells(nb) if "Quiz(" in c.source],
    }
    wanted = [name for word in words for name in groups.get(word, [word])]
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"There is no code cell {', '.join(unknown)}.")
    return [name for name in known if name in wanted]


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    made = argparse.ArgumentParser(prog="python -m tools.outputs")
    made.add_argument("names", nargs="*", help="chapters, such as lenet")
    made.add_argument("--force", action="store_true", help="train all anew")
    made.add_argument("--cells", nargs="+", metavar="ID", help="these cells alone")
    made.add_argument("--after", nargs="+", metavar="ID", help="run them before")
    return made


def main() -> None:
    """Run what has changed; stop at the first chapter that fails."""
    asked = parser().parse_args()
    if asked.cells and not asked.names:
        parser().error("--cells needs the name of a chapter")
    if asked.after and not asked.cells:
        parser().error("--after runs cells before those of --cells: name these as well")
    if asked.force and asked.cells:
        parser().error("--force trains a whole chapter anew: leave out it or --cells")
    if why := refusal(dict(os.environ)):
        sys.exit(why)
    data.settle()
    os.environ.update(D2LMINI_RUNS=str(RUNS), JUPYTER_PREFER_ENV_PATH="1")
    try:
        paths = select(asked.names)
    except ValueError as error:
        sys.exit(str(error))
    ship()  # what a process has left that was killed
    for path in paths:
        try:
            if asked.cells:
                _update_cells(path, asked.cells, asked.after or [])
            else:
                _update(path, force=asked.force)
        finally:  # also for a chapter that was stopped before its end
            ship()


def _update(path: Path, *, force: bool) -> None:
    name = path.relative_to(book.ROOT)
    nb = nbformat.read(path, as_version=4)
    if force:
        shutil.rmtree(_apart(path), ignore_errors=True)
    anew = force or is_unfinished(path)
    if is_fresh(nb) and not anew:
        print(f"{name}: its code has not changed")
        return
    on = " on, where --force has stopped" if anew and not force else ""
    print(f"{name}: running{on} …", flush=True)
    begun = time.monotonic()
    try:
        run_anew(nb, path) if anew else run(nb, path.parent)
    except CellExecutionError as error:
        sys.exit(f"{name} is left as it was, because a cell failed:\n{error}")
    write(nb, path)
    print(f"{name}: stored after {time.monotonic() - begun:.0f} s")


def _update_cells(path: Path, words: list[str], after: list[str]) -> None:
    name = path.relative_to(book.ROOT)
    nb = nbformat.read(path, as_version=4)
    begun = time.monotonic()
    try:
        ids = pick(nb, words)
        run_cells(nb, path.parent, ids, pick(nb, after))
    except (ValueError, CellExecutionError) as error:
        sys.exit(f"{name} is left as it was: {error}")
    write(nb, path)
    print(f"{name}: {len(ids)} cells stored after {time.monotonic() - begun:.0f} s")
    if left := stale(nb):
        print(f"  not run since they changed: {', '.join(left)}")


def ship() -> None:
    """Put what has been trained into the package, where the next chapter reads it."""
    ship_runs()
    ship_weights()


def ship_runs() -> None:
    """Put the histories of all named runs into the package, less their pictures."""
    for file in sorted(RUNS.glob("*.json")):
        history = dataclasses.replace(History.load(file), snapshots=[])
        shipped = runs.SHIPPED / file.name
        if not shipped.exists() or not _alike(History.load(shipped), history):
            history.save(shipped)  # else it stays byte for byte


def _alike(one: History, other: History) -> bool:
    """Whether they are equal, what is unknown in both included."""
    return one.to_json() == other.to_json()


def ship_weights() -> None:
    """Put small weights no older than those in the package in their place.

    Older ones are no news: git may have brought the package others since.
    """
    for name in trained.TRAINED:
        file = RUNS / "weights" / f"{name}.npz"
        shipped = trained.SHIPPED / file.name
        small = file.exists() and file.stat().st_size <= MOST_SHIPPED
        if small and _when(shipped) <= _when(file):
            with storage.written(shipped) as place:
                place.write(file.read_bytes())


def _when(path: Path) -> float:
    """The time at which a file was written; before all others if there is none."""
    return path.stat().st_mtime if path.exists() else -math.inf


if __name__ == "__main__":
    main()
