"""The exercises of a chapter, read from the notebook that teaches it."""

import ast
import copy
import json
import math
import random
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

KINDS = ("predict", "write", "open")

#: The numbers of one variant: what each varying name is given.
Variant = dict[str, Any]


@dataclass(frozen=True)
class Exercise:
    """One exercise: what a course needs to know of it, and its cells in order.

    `cells` are the text, the given numbers if there are any, the solution and its
    check; of an open question, the text and the answer.  `context` are the cells of
    the chapter on which it builds.
    """

    id: str
    chapter: str
    title: str
    kind: str
    minutes: float
    points: float
    gpu: bool
    task: str
    needs: tuple[str, ...]
    cells: tuple[NotebookNode, ...]
    context: tuple[NotebookNode, ...]

    def cell(self, part: str) -> NotebookNode | None:
        """The cell for `part`: "text", "given", "" (the solution) or "check"."""
        wanted = f"{self.id}-{part}" if part else self.id
        return next((cell for cell in self.cells if cell["id"] == wanted), None)

    @property
    def variants(self) -> dict[str, list[Any]]:
        """The values that each varying name may have."""
        given = self.cell("given")
        found = {} if given is None else given.metadata.get("d2lmini", {})
        return dict(found.get("variants", {}))

    def all_variants(self, most: int | None = None) -> list[Variant]:
        """Every combination of the values; of too many, `most`, always the same."""
        names = sorted(self.variants)
        every = [
            dict(zip(names, values, strict=True))
            for values in product(*(self.variants[name] for name in names))
        ]
        if most is not None and len(every) > most:
            return random.Random(self.id).sample(every, most)
        return every

    def draw(self, seed: str) -> Variant:
        """The variant for `seed`: one combination, the same on every machine."""
        # Random hashes strings with SHA-512, which no version or platform changes.
        chance = random.Random(f"{seed}/{self.id}")
        return {name: chance.choice(self.variants[name]) for name in self.variants}

    def draw_other(self, seed: str, than: Variant) -> Variant:
        """A variant for `seed` in which each number that can is another than in `than`.

        Names that `than` lacks have the numbers of the chapter.
        """
        given = self.cell("given")
        own = literals(given.source) if given is not None else {}
        before = {name: ast.literal_eval(own[name]) for name in self.variants} | than
        plain = {name: json.loads(json.dumps(value)) for name, value in before.items()}
        chance = random.Random(f"{seed}/{self.id}/again")
        return {
            name: chance.choice([x for x in values if x != plain[name]] or values)
            for name, values in self.variants.items()
        }

    def with_variant(self, variant: Variant) -> tuple[NotebookNode, ...]:
        """Copies of the cells, with the numbers of `variant` in the given one."""
        cells = copy.deepcopy(self.cells)
        for cell in cells:
            if cell["id"] == f"{self.id}-given":
                cell.source = assigned(cell.source, variant)
        return cells


def assigned(source: str, values: Variant) -> str:
    """`source`, a cell of plain assignments, with `values` in place of its own.

    Everything else, comments and layout, stays.  Raises ValueError for a name that
    the cell does not assign.
    """
    places = literals(source)
    if unknown := set(values) - set(places):
        raise ValueError(
            f"The given cell assigns {', '.join(places) or 'nothing'}, so "
            f"{', '.join(sorted(unknown))} cannot vary; rename it in the metadata."
        )
    lines = [line.encode() for line in source.split("\n")]  # ast counts in bytes
    nodes = [(places[name], value) for name, value in values.items()]
    nodes.sort(key=lambda one: (one[0].lineno, one[0].col_offset), reverse=True)
    for node, value in nodes:
        if node.end_lineno != node.lineno:
            raise ValueError("A given value must stand on one line.")
        line, text = lines[node.lineno - 1], _written(value, node).encode()
        start, end = node.col_offset, node.end_col_offset
        lines[node.lineno - 1] = line[:start] + text + line[end:]
    return b"\n".join(lines).decode()


def literals(source: str) -> dict[str, ast.expr]:
    """The literal that each name is given in a cell of plain assignments."""
    found: dict[str, ast.expr] = {}
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise ValueError("A given cell holds nothing but plain assignments.")
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Name):
            found[target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for name, one in zip(target.elts, value.elts, strict=True):
                if isinstance(name, ast.Name):
                    found[name.id] = one
    for value in found.values():
        ast.literal_eval(value)
    return found


def _written(value: Any, old: ast.expr) -> str:
    # JSON knows no tuples: a list is written as what stood there before.
    if isinstance(value, list) and isinstance(old, ast.Tuple):
        value = tuple(tuple(x) if isinstance(x, list) else x for x in value)
    return repr(value)


def notebook(path: Path) -> NotebookNode:
    """The notebook at `path`; ValueError, naming it, for what is none.

    A cell without an id has the one that Colab keeps in its metadata.
    """
    untyped: Any = nbformat  # it promises types and leaves some out
    try:
        text = path.read_text(encoding="utf-8-sig")
        found: NotebookNode = untyped.reads(text, as_version=4)
        for cell in found.cells:
            known = cell.metadata.get("id")
            if "id" not in cell and isinstance(known, str):
                cell["id"] = known
    except Exception as error:  # whatever nbformat makes of what is no notebook
        said = str(error).strip().partition("\n")[0][:200]
        raise ValueError(
            f"{path} cannot be read as a notebook ({type(error).__name__}: {said}): "
            "open it in Jupyter and save it again."
        ) from None
    return found


def counted(n: float, word: str) -> str:
    """A number and its word: 1 page, 2 pages."""
    return f"{n:g} {word}{'' if n == 1 else 's'}"


def new_cell(
    kind: str, name: str, source: str, metadata: dict[str, Any] | None = None
) -> NotebookNode:
    """A cell of `kind` "code" or "markdown" with the id `name`."""
    untyped: Any = nbformat.v4
    make = untyped.new_code_cell if kind == "code" else untyped.new_markdown_cell
    cell: NotebookNode = make(source, id=name, metadata=metadata or {})
    return cell


def read(path: Path) -> list[Exercise]:
    """The exercises of the notebook at `path`, in their order.

    Raises ValueError, naming the cell, where one breaks the form that
    `book/guide/instructor.md` describes.
    """
    nb = notebook(path)
    by_id = {cell["id"]: cell for cell in nb.cells if "id" in cell}
    found = []
    for cell in nb.cells:
        about = cell.metadata.get("d2lmini", {}).get("exercise")
        if about is not None:
            try:
                found.append(_exercise(cell, about, path.stem, by_id))
            except (KeyError, TypeError) as error:
                raise ValueError(
                    f"{path.name}: the exercise {cell.get('id')!r} lacks {error}."
                ) from None
            except ValueError as error:
                raise ValueError(f"{path.name}: {error}") from None
    return found


def _exercise(
    cell: NotebookNode,
    about: dict[str, Any],
    chapter: str,
    by_id: dict[str, NotebookNode],
) -> Exercise:
    name, kind = cell["id"], about["kind"]
    if kind not in KINDS:
        raise ValueError(f"{name}: kind {kind!r} is none of {', '.join(KINDS)}.")
    needs, gpu = about.get("needs", []), about.get("gpu", False)
    if not isinstance(needs, list) or not isinstance(gpu, bool):
        raise ValueError(
            f"{name}: needs is {needs!r} and gpu {gpu!r}; give a list of cells' ids, "
            "and true or false."
        )
    parts = ["text", "given", "", "check"] if kind != "open" else ["text", ""]
    if f"{name}-given" not in by_id:
        parts = [part for part in parts if part != "given"]
    cells = [by_id[f"{name}-{part}" if part else name] for part in parts]
    return Exercise(
        id=name,
        chapter=chapter,
        title=about["title"],
        kind=kind,
        minutes=_amount(name, "minutes", about["minutes"]),
        points=_amount(name, "points", cells[-1].metadata["nbgrader"]["points"]),
        gpu=gpu,
        task=about.get("task", ""),
        needs=tuple(needs),
        cells=tuple(cells),
        context=tuple(by_id[need] for need in needs),
    )


def _amount(name: str, what: str, given: Any) -> float:
    """`given`, of the exercise `name`: a whole number as one, as others are written."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not 0 <= given < math.inf:
        plain = " without quotes" if isinstance(given, str) else ""
        raise ValueError(
            f"{name}: {what} is {given!r}; give a number{plain}, 0 or more."
        )
    return int(given) if given == int(given) else given


def chapters(book: Path) -> list[Path]:
    """The notebooks in the parts of `book`, in the order of their numbers."""
    return sorted(book.glob("*/*.ipynb"), key=lambda path: (number(path), path.stem))


def number(path: Path) -> int:
    """The number in a chapter's title, `# 6 · LeNet`; 1000 without one."""
    cells = notebook(path).cells
    title = re.match(r"# (\d+) · ", cells[0].source if cells else "")
    return int(title[1]) if title else 1000
