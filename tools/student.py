"""Derive the student edition from the chapters: ``python -m tools.student``.

``student/book/…`` is what Colab opens.  Solutions become stubs that raise a hint,
hidden tests, model answers and outputs go; nbgrader's own preprocessors do it.
"""

import functools
import hashlib
import re
import subprocess
import sys
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
from tools import address, written
from tools.book import ROOT, chapters

README = """# The student edition

Made from the chapters in `book/` by `make student`; please change them there. To work
on the exercises, `make lab` opens a copy that is yours to change.
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


def edition(root: Path = ROOT) -> dict[str, bytes]:
    """The content of every file in ``student/``, by its path there."""
    files = {"README.md": README}
    for path in chapters(root):
        name = path.relative_to(root).as_posix()
        files[name] = nbformat.writes(derive(path, root)) + "\n"
    return {name: text.encode() for name, text in files.items()}


def present(root: Path = ROOT) -> dict[str, bytes]:
    """The files that ``student/`` holds now, in the same form."""
    return written.files(root / "student")


def committed(root: Path = ROOT) -> dict[str, str]:
    """Git's hash of each file of ``student/`` in its last commit, if there is git."""
    command = ["git", "ls-tree", "-r", "-z", "HEAD", "--", "student"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}  # an unpacked archive, or no git
    lines = (line.split("\t") for line in done.stdout.decode().split("\0") if line)
    return {name.removeprefix("student/"): entry.split()[2] for entry, name in lines}


def _is(content: bytes, blob: str | None) -> bool:
    """Whether git would call ``content`` by the name ``blob``."""
    known = {40: "sha1", 64: "sha256"}.get(len(blob or ""))
    named = b"blob %d\0" % len(content) + content
    return known is not None and hashlib.new(known, named).hexdigest() == blob


def theirs(found: dict[str, bytes], root: Path = ROOT) -> list[str]:
    """The names of those files that somebody has changed or added by hand.

    Neither are they what this tool has written, nor what the last commit holds.
    """
    ours, kept = written.Written(root / "student"), committed(root)
    return [
        name
        for name, content in found.items()
        if content not in ours and not _is(content, kept.get(name))
    ]


def main(root: Path = ROOT) -> None:
    """Write what is new, remove what no chapter stands for any more.

    Nothing is touched if anything would be lost that is neither ours nor committed.
    """
    wanted, found = edition(root), present(root)
    stale = {name: old for name, old in found.items() if wanted.get(name) != old}
    if changed := theirs(stale, root):
        sys.exit(
            "student/ is left as it is, because of changes that would be lost there: "
            f"{', '.join(changed)}. Move what you want to keep (`make lab` opens a "
            "copy to work in), delete student/ and run `make student` again."
        )
    for name in sorted(stale.keys() - wanted.keys()):
        (root / "student" / name).unlink()
        print(f"student/{name}: removed")
    ours = written.Written(root / "student")
    for name, content in wanted.items():
        if found.get(name) != content:
            ours.write(name, content)
            print(f"student/{name}: written")
    if wanted == found:
        print("The student edition is up to date.")


if __name__ == "__main__":
    main()
