"""Open the chapters in JupyterLab, in a copy to work in: ``python -m tools.lab``.

Chapters belong to the repository, which rewrites and updates them.  So each edition
is copied into ``work/``, and what is changed there stays: a later call brings what is
new in the book, and leaves alone what is not as it was copied.
"""

import argparse
import os
import sys
from pathlib import Path

from d2lmini.storage import StorageError
from tools import data, written
from tools.book import ROOT

#: The two editions, and where their copies lie.
COPIES = {
    ROOT / "student" / "book": ROOT / "work" / "student",
    ROOT / "book": ROOT / "work" / "book",
}
LEFT_OUT = ("runs",)  # histories, which chapters read from the package

#: Defaults of JupyterLab's settings that suit the book; a reader's own come first.
SETTINGS = Path(__file__).with_name("jupyter")


def copied(edition: Path, copy: Path) -> list[str]:
    """Bring ``copy`` up to date; return what is new in the book and not in there.

    A file that was changed in ``copy`` is not touched.  One that was deleted or given
    another name comes again.
    """
    ours, there = written.Written(copy), written.files(copy)
    missed = []
    for name, content in written.files(edition, without=LEFT_OUT).items():
        if there.get(name) == content:
            continue
        if name not in there or there[name] in ours:
            ours.write(name, content)
        elif content not in ours:  # changed on both sides
            missed.append(name)
    return missed


def opened(asked: Path) -> Path:
    """The folder to open for ``asked``: its copy, if it belongs to the repository.

    Says so, and names what is kept there in spite of changes in the book.  Any other
    folder is opened itself.
    """
    folder = asked.expanduser().resolve()
    if not folder.is_dir():
        raise ValueError(
            f"There is no folder {asked}: leave BOOK out for the students' edition, or "
            "take BOOK=book for the chapters with their solutions."
        )
    if folder == ROOT / "student":
        folder = ROOT / "student" / "book"
    for edition, copy in COPIES.items():
        if folder.is_relative_to(edition):
            missed = copied(edition, copy)
            where = copy.relative_to(ROOT).as_posix()
            print(f"Your copy is {where}/, and what you change there stays.")
            if missed:
                print(
                    f"The book has newer versions of {', '.join(missed)}. Yours are "
                    "kept, since you changed them; rename them, and the new ones come."
                )
            return copy / folder.relative_to(edition)
    return folder


def options(folder: Path) -> list[str]:
    """What JupyterLab is started with to open ``folder``."""
    root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return [f"--notebook-dir={folder}", *root]


def main() -> None:
    """Make the copy and start JupyterLab on it, with the options that it is given."""
    parser = argparse.ArgumentParser(prog="python -m tools.lab")
    parser.add_argument(
        "folder",
        nargs="?",
        help="student/book (the default), book, or a folder of your own; what follows "
        "are options of JupyterLab",
    )
    # the first word alone: `8889` in `--port 8889` names no folder
    given = sys.argv[1:]
    named = given[:1] if given and not given[0].startswith("-") else []
    further = given[len(named) :]
    asked = parser.parse_args(named + [x for x in further if x in ("-h", "--help")])
    data.settle()
    try:
        folder = opened(Path(asked.folder or ROOT / "student" / "book"))
    except ValueError as error:
        sys.exit(str(error))
    except StorageError as error:
        sys.exit(f"{error} Or name a folder of your own: make lab BOOK=...")
    except OSError as error:
        sys.exit(
            f"Your copy cannot be written: {error.filename}: {error.strerror}. Mend "
            "that, or name a folder of your own: make lab BOOK=..."
        )
    paths = (str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH", ""))
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel
    from jupyterlab.labapp import main as lab  # after the paths, which it reads

    sys.exit(lab([*options(folder), *further]))


if __name__ == "__main__":
    main()
