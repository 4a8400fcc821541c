"""Quiz questions as files that learning platforms import: `d2lmini-quizzes`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from d2lmini import storage
from d2lmini.course import assign, quizzes
from d2lmini.course.exercises import chapters, counted
from d2lmini.course.items import Item
from d2lmini.course.moodle import gift, moodle
from d2lmini.course.qti import qti12, qti21
from d2lmini.widgets.quiz import read

FORMATS: dict[str, tuple[Callable[[str, list[Item]], bytes], str]] = {
    "qti12": (qti12, "zip"),
    "qti21": (qti21, "zip"),
    "moodle": (moodle, "xml"),
    "gift": (gift, "txt"),
}


def of_book(book: Path, names: list[str]) -> list[Item]:
    """The questions of these chapters (`lenet`) and of these ids (`quiz:lenet:2`).

    All of the book without names.  ValueError for a name that there is not.
    """
    every: dict[str, list[Item]] = {}
    for path in chapters(book):
        title = quizzes.title(path)
        for n, question in enumerate(quizzes.questions(path), 1):
            one = Item(f"{path.stem}-{n}", title, question)
            every.setdefault(path.stem, []).append(one)
            every[f"quiz:{path.stem}:{n}"] = [one]
    if unknown := [name for name in names if name not in every]:
        known = ", ".join(name for name in every if ":" not in name)
        raise ValueError(
            f"There are no questions {unknown[0]}: name chapters ({known}), or one "
            "question as quiz:lenet:2."
        )
    asked = names or [name for name in every if ":" not in name]
    found = {one.id: one for name in asked for one in every[name]}
    return list(found.values())


def of_file(path: Path) -> list[Item]:
    """The questions of a file: JSON as in `d2lmini.widgets.quiz`, or packed."""
    asked = enumerate(read(path), 1)
    return [Item(f"{path.stem}-{n}", path.stem, one) for n, one in asked]


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    it = argparse.ArgumentParser(
        prog="d2lmini-quizzes",
        description="Write quiz questions as a file that a learning platform imports.",
    )
    it.add_argument("names", nargs="*", metavar="NAME", help="lenet, quiz:pooling:4, …")
    it.add_argument("--to", choices=FORMATS, required=True)
    it.add_argument("--book", type=Path, help="the clone; default: where you are")
    it.add_argument("--questions", type=Path, metavar="FILE", help="your own instead")
    it.add_argument("--title", default="Convolutional neural networks")
    it.add_argument("--file", type=Path, help="default: quizzes-FORMAT.zip and so on")
    return it


def run(asked: argparse.Namespace) -> str:
    """Write the file; return a sentence that says so."""
    if asked.questions is not None and asked.names:
        raise ValueError(
            f"Give either chapters of the book ({', '.join(asked.names)}) or "
            "--questions with your own: write one file after the other, with --file."
        )
    if asked.questions is not None:
        items = of_file(asked.questions)
    else:
        items = of_book(assign.find_book(asked.book, Path.cwd()), asked.names)
    make, ending = FORMATS[asked.to]
    path = asked.file or Path(f"quizzes-{asked.to}.{ending}")
    with storage.written(path) as file:
        file.write(make(asked.title, items))
    return f"{path}: {counted(len(items), 'question')}"


def main() -> None:
    """Take the command line."""
    try:
        print(run(parser().parse_args()))
    except (ValueError, storage.StorageError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
