"""Where the chapters are, and in which order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]


def pages(root: Path = ROOT) -> list[Path]:
    """Every page of ``_toc.yml``, in the order of the book, title page first."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [_source(root, name) for name in _names(toc)]


def chapters(root: Path = ROOT) -> list[Path]:
    """The pages that are notebooks."""
    return [page for page in pages(root) if page.suffix == ".ipynb"]


def _names(entry: dict[str, Any]) -> Iterator[str]:
    yield from (entry[key] for key in ("root", "file") if key in entry)
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, ()):
            yield from _names(child)


def _source(root: Path, name: str) -> Path:
    for suffix in (".ipynb", ".md"):
        if (root / (name + suffix)).exists():
            return root / (name + suffix)
    raise FileNotFoundError(
        f"_toc.yml names {name}, but there is no {name}.ipynb and no {name}.md: "
        "add the file or take the line out."
    )
