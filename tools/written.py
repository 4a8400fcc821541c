"""Files that a tool writes and a person may change: what is theirs is never lost.

Beside the files lies a list of the hashes of all that was ever written there.  What
is in a file and not on the list is somebody's own.
"""

import hashlib
from pathlib import Path

from d2lmini import storage


class Written:
    """What was written into ``folder`` by a tool, in this session or before."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.list = folder, folder / ".written"
        known = self.list.read_text(encoding="utf-8") if self.list.exists() else ""
        self.hashes = set(known.split())

    def __contains__(self, content: bytes) -> bool:
        return _hash(content) in self.hashes

    def write(self, name: str, content: bytes) -> None:
        """Make ``content`` the file ``name``, in one step; what was there is gone."""
        self._remember(content)  # first: if this is stopped here, nothing is lost
        with storage.written(self.folder / name) as file:
            file.write(content)

    def _remember(self, content: bytes) -> None:
        if content in self:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.list.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{_hash(content)}\n")
        self.hashes.add(_hash(content))


def files(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The content of all files below ``folder``, by their paths from there.

    Hidden ones are left out, and folders named in ``without``.  Lines end as in the
    repository, also where git checks out other ends.
    """
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")))
    return {
        path.as_posix(): plain((folder / path).read_bytes())
        for path in paths
        if (folder / path).is_file()
        and not any(part.startswith(".") or part in without for part in path.parts)
    }


def plain(content: bytes) -> bytes:
    """``content`` with the ends of lines that the repository has, if it is text."""
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
