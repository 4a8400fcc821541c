"""Derive the student edition from the chapters: ``python -m tools.student``.

``student/book/…`` is what Colab opens.  Solutions become stubs that raise a hint,
hidden tests, model answers and outputs go; nbgrader's own preprocessors do it.
"""

import functools
import re
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
)

from d2lmini.course.exercises import notebook
from d2lmini.course.stubs import HintedStubs
from tools import address
from tools.book import ROOT, chapters

README = """# The student edition

Made from the chapters in `book/` by `make student`. Please change it there: what is
changed here is lost the next time.
"""

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


def derive(path: Path, root: Path = ROOT) -> NotebookNode:
    """The chapter at ``path`` as students get it."""
    nb = notebook(path)
    resources: dict[str, object] = {}
    for step in (HintedStubs, ClearHiddenTests, ClearMarkScheme, ClearOutput):
        nb, resources = step().preprocess(nb, resources)
    nb.metadata.pop("d2lmini", None)  # the outputs' hash: there are none
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, path.parent, root)
    return nb


def relinked(text: str, folder: Path, root: Path = ROOT) -> str:
    """``text`` from a chapter in ``folder``, with links that hold in Colab too.

    Chapters link to chapters as before, since they move together.  Pages go to the
    site, and pictures to the files of the repository.
    """
    files, site = homes(root)

    def moved(link: re.Match[str]) -> str:
        mark, words, target = link.groups()
        name, _, part = target.partition("#")
        if name.endswith(".ipynb"):
            return link[0]
        file = (folder / name).resolve().relative_to(root.resolve()).as_posix()
        if name.endswith(".md"):
            goal = f"{site}/{file.removesuffix('.md')}.html"
        else:
            goal = f"{files}/{file}"
        return f"{mark}[{words}]({goal}{'#' * bool(part)}{part})"

    return LINK.sub(moved, text)


@functools.cache
def homes(root: Path) -> tuple[str, str]:
    """Where the repository's files and the site are."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    _, raw, _, site = (f"https://{form}" for form in address.current(root).forms)
    return f"{raw}/{config['repository']['branch']}", site


def edition(root: Path = ROOT) -> dict[str, str]:
    """The text of every file in ``student/``, by its path there."""
    files = {"README.md": README}
    for path in chapters(root):
        name = path.relative_to(root).as_posix()
        files[name] = nbformat.writes(derive(path, root)) + "\n"
    return files


def present(root: Path = ROOT) -> dict[str, str]:
    """The files that ``student/`` holds now, in the same form."""
    folder = root / "student"
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }


def main(root: Path = ROOT) -> None:
    """Write what is new, remove what no chapter stands for any more."""
    wanted, found = edition(root), present(root)
    for name in sorted(found.keys() - wanted.keys()):
        (root / "student" / name).unlink()
        print(f"student/{name}: removed")
    for name, text in wanted.items():
        if found.get(name) != text:
            path = root / "student" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"student/{name}: written")
    if wanted == found:
        print("The student edition is up to date.")


if __name__ == "__main__":
    main()
