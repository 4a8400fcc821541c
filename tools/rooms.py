"""Which room of the package uses which, read from its imports.

``python -m tools.rooms`` draws the picture in ARCHITECTURE.md; the tests demand that
it is current, that no room uses one above it and that no imports go round in a circle.
"""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

from tools.book import ROOT

#: From the ground up; a room may use those before it.
ROOMS = (
    "mode",
    "arguments",
    "storage",
    "device",
    "nets",
    "data",
    "plot",
    "training",
    "analysis",
    "widgets",
    "course",
)
PAGE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- rooms: python -m tools.rooms -->\n", "<!-- end of rooms -->"
PACKAGE = ROOT / "d2lmini"


def room(module: str) -> str:
    """The room of a module, whose name is given without the package's."""
    return module.partition(".")[0]


def imported(path: Path, package: Path = PACKAGE) -> Iterator[str]:
    """What a file of the package imports from it, wherever in it: modules and names."""
    folders = ("d2lmini", *path.relative_to(package).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = folders[: -node.level] if node.level else ()  # of a relative one
            inside = ".".join((*above, *filter(None, [node.module])))
            names = [f"{inside}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, module = name.partition(".")
            if package == "d2lmini" and module:
                yield module


def arrows(package: Path = PACKAGE) -> dict[tuple[str, str], list[str]]:
    """(user, used) with the files that make the arrow; a room's own are left out."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package)
        user = room(name.with_suffix("").as_posix().replace("/", "."))
        if user == "__init__":  # hands on the public names of all rooms
            continue
        for module in imported(path, package):
            used = room(module)
            if used != user:
                found.setdefault((user, used), []).append(name.as_posix())
    return found


def upward(package: Path = PACKAGE) -> list[str]:
    """Imports of a room by one below it, in words."""
    return [
        f"{files[0]} imports {used}, which stands above {user}"
        for (user, used), files in arrows(package).items()
        if ROOMS.index(used) > ROOMS.index(user)
    ]


def circle(package: Path = PACKAGE) -> list[str]:
    """Modules each of which imports the one before it, back to the first; or none."""
    paths = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        paths[".".join(p for p in parts if p != "__init__")] = path
    del paths[""]  # hands on the public names of all rooms

    def home(name: str) -> str:
        """The module that ``name`` is, or that it is taken from."""
        above, _, _ = name.rpartition(".")
        return name if name in paths or not above else home(above)

    used = {
        name: {home(module) for module in imported(path, package)} - {name}
        for name, path in paths.items()
    }
    try:
        graphlib.TopologicalSorter(used).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def picture() -> str:
    """The rooms from the top down, and a mark below each that the row's room uses."""
    known = arrows()
    head = "".join(f"{name:>10}" for name in ROOMS[:-1])
    lines = [" " * 10 + head]
    for user in reversed(ROOMS[1:]):
        marks = (
            "●" if (user, used) in known else "·" for used in ROOMS[: ROOMS.index(user)]
        )
        lines.append(f"{user:10s}" + "".join(f"{mark:>10}" for mark in marks))
    return "```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```\n"


def drawn(page: str) -> str:
    """``page`` with the picture as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{picture()}{END}{after}"


if __name__ == "__main__":
    text = drawn(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8", newline="\n")
