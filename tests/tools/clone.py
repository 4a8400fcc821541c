"""A small copy of the project that git knows, to try its commands in."""

import os
import shutil
import subprocess

from tools import student
from tools.book import ROOT

#: Few chapters, so that trying it is quick.
CHAPTERS = ("book/foundations/pooling.ipynb", "book/networks/lenet.ipynb")
TOC = "root: book/index\nchapters:\n" + "".join(f"- file: {n[:-6]}\n" for n in CHAPTERS)


def git(folder, *arguments):
    """What git says; with a name of its own, as a new machine has none."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    command = ["git", *who, *arguments]
    return subprocess.check_output(command, cwd=folder, encoding="utf-8")


def make(folder):
    """Two chapters and their students' edition, committed."""
    for name in ("_config.yml", ".gitignore", "book/index.md", *CHAPTERS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "_toc.yml").write_text(TOC, encoding="utf-8")
    student.main(folder)
    (folder / "student" / ".written").unlink()  # as in a clone from elsewhere
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "x")
    return folder


def call(*command, folder=ROOT, **environment):
    """The finished command, in a shell where nothing of this session is set."""
    ours = ("D2LMINI_", "PYTEST_", "JUPYTER_", "MAKE", "PIP_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
