"""Move the repository's address: ``python -m tools.address URL``.

The address stands in ``_config.yml``; links, setup cells and the citation repeat
it, because they are read where no configuration is.  This rewrites them all.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from d2lmini import storage
from tools.book import ROOT

CONFIG = "_config.yml"
_NOT_OURS = {
    "_build",
    "build",
    "node_modules",
    "work",
    "__pycache__",
}  # built, or a reader's
_HIDDEN = {".ci", ".github"}  # the only hidden folders that are ours


class Address(NamedTuple):
    """A repository on GitHub."""

    owner: str
    name: str

    @property
    def forms(self) -> tuple[str, ...]:
        """How links begin that lead to it: itself, its files, Colab, its site."""
        path = f"{self.owner}/{self.name}"
        return (
            f"github.com/{path}",
            f"raw.githubusercontent.com/{path}",
            f"colab.research.google.com/github/{path}",
            f"{self.owner.lower()}.github.io/{self.name}",
        )


def parse(url: str) -> Address:
    """The address that ``url`` gives; ValueError if it is not one."""
    owner, name = r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}", r"[A-Za-z0-9._-]{1,100}?"
    match = re.fullmatch(rf"https://github\.com/({owner})/({name})(?:\.git)?/?", url)
    if match is None or match[2] in (".", ".."):
        raise ValueError(
            f"{url!r} is not the address of a GitHub repository; it must look like "
            "https://github.com/OWNER/NAME."
        )
    return Address(match[1], match[2])


def current(root: Path = ROOT) -> Address:
    """The address in ``_config.yml``."""
    config = yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))
    return parse(config["repository"]["url"])


def replaced(text: str, old: Address, new: Address) -> str:
    """``text`` with every link to ``old`` leading to ``new``, and clones' folders."""
    for before, after in zip(old.forms, new.forms, strict=True):
        # a longer name that begins alike is another repository
        whole = rf"(?<![\w.-]){re.escape(before)}(?![\w-])(?!\.(?!git\b)\w)"
        text = re.sub(whole, after, text)
    # git names the folder of a clone after the repository, and guides go there
    clone = rf"git clone https://{re.escape(new.forms[0])}(?:\.git)?\s+(?:&&\s+)?cd "
    folder = rf"({clone}|--book \.\./){re.escape(old.name)}(?![\w.-])"
    return re.sub(folder, rf"\g<1>{new.name}", text)


def texts(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Every text file of the project with its text; nothing built or installed.

    Links are passed over: Emacs leaves one that leads nowhere beside a changed file.
    """
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if _ours(name))
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file():
                continue
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture


def _ours(folder: str) -> bool:
    if folder.startswith("."):
        return folder in _HIDDEN
    return folder not in _NOT_OURS and not folder.endswith(".egg-info")


def move(new: Address, root: Path = ROOT) -> list[Path]:
    """Rewrite the address in every file; return the files that changed.

    All are read before the first is written, and the one that says what the address is
    comes last: after an error, the same call goes on.
    """
    old = current(root)
    moved = {path: (text, replaced(text, old, new)) for path, text in texts(root)}
    changed = [path for path, (before, after) in moved.items() if before != after]
    changed.sort(key=lambda path: path == root / CONFIG)
    for path in changed:
        with storage.written(path) as file:
            file.write(moved[path][1].encode())
    return changed


def main() -> None:
    """Take the new address from the command line."""
    url = sys.argv[1] if len(sys.argv) > 1 else ""
    if not url:
        sys.exit("Give the new address: make address URL=https://github.com/OWNER/NAME")
    try:
        changed = move(parse(url))
    except ValueError as error:
        sys.exit(str(error))
    except storage.StorageError as error:
        sys.exit(f"{error} Then run it again: the address has not moved everywhere.")
    except OSError as error:
        sys.exit(
            f"{error.filename} cannot be read ({error.strerror}), so nothing was "
            "changed: mend that, or move it elsewhere."
        )
    for path in changed:
        print(path.relative_to(ROOT))
    print(f"{len(changed)} files now say {url}" if changed else "It is there already.")


if __name__ == "__main__":
    main()
