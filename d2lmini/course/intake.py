"""Which file of each student is the notebook, and what becomes of all the others."""

import gzip
import io
import os
import re
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from nbformat import NotebookNode

from d2lmini.course import repair

LARGEST = 2**25  # bytes of a file
MOST = 2**28  # bytes of all that a student hands in
LONGEST = 200  # bytes of a student's name, which is to name a folder
MANY = 2000  # files of a student
NOTEBOOKS_READ = 50  # of them; a student who sends more says which
DEPTH = 3  # archives within archives

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # line breaks, controls
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json", ".json")
NAMELESS = (
    "Its name says no student: say in nbgrader_config.py (named_regexp) where in such "
    "a name the student stands."
)
LITTER = re.compile(
    r"(?:^|/)(?:__MACOSX|\.ipynb_checkpoints|__pycache__|\.git|\._[^/]*|\.DS_Store"
    r"|Thumbs\.db|desktop\.ini)(?:/|$)"
)
NAMESAKES = (
    "Whose it is cannot be said, as {} students are called so and differ in a number "
    "only: take it into the name in nbgrader_config.py (named_regexp)."
)
#: How platforms name what they pack: "%s" is the assignment.
PLATFORMS = (
    r"(?P<student_id>[^/]+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?"
    r"(?P<rest>.*)",
    r"(?P<student_id>[^/_]+)_(?:LATE_)?(?P<number>\d+)_\d+_(?P<rest>[^/]+)",
    r"%s_(?P<student_id>[^/]+?)(?:\.ipynb|\.py|\.zip)(?P<rest>.*)",
    r"(?P<student_id>[^/]+)/(?P<rest>.+)",
)


@dataclass
class File:
    """A file that was handed in: where it came from, and what became of it."""

    name: str
    data: bytes = b""
    state: str = "kept"  # or: taken, not taken
    why: str = "It lies beside the notebook."

    @property
    def leaf(self) -> str:
        """Its name without folders, in lower case."""
        return PurePosixPath(self.name).name.lower()


@dataclass
class Handin:
    """All that one student handed in, and the notebooks made of it by name."""

    student: str
    files: list[File] = field(default_factory=list)
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stamp: str = ""
    unpacked: int = 0  # bytes that came out of archives

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(len(file.data) for file in self.files)

    def refuse(self, name: str, why: str) -> None:
        """Note a file that is not even looked at."""
        self.files.append(File(name, state="not taken", why=why))


def walk(folder: Path, into: Handin) -> None:
    """Take in the files in `folder`: plain ones, and no link is followed."""
    from d2lmini.course.grading import read_plain

    if folder.is_symlink():
        return into.refuse(folder.name, "It is a link, which is not followed.")
    for place, below, names in os.walk(folder, onerror=lambda e: _closed(e, into)):
        for name in sorted(below):
            if Path(place, name).is_symlink():
                into.refuse(name, "It is a link, which is not followed.")
        below[:] = sorted(x for x in below if not Path(place, x).is_symlink())
        for name in sorted(names):
            path = Path(place, name)
            shown = _shown(path.relative_to(folder).as_posix())
            if shown == "timestamp.txt":
                into.stamp = (read_plain(path, 1000) or b"").decode(errors="replace")
            elif not LITTER.search(shown):
                data = read_plain(path, LARGEST)
                if data is None:
                    into.refuse(shown, _unread(path))
                else:
                    add(shown, data, into)
    return None


def _closed(error: OSError, into: Handin) -> None:
    into.refuse(_shown(str(error.filename or "")), f"It cannot be read: {error}.")


def _unread(path: Path) -> str:
    if path.is_symlink():
        return "It is a link, which is not followed."
    if not path.is_file():
        return "It is no file, but a pipe, a socket or a device."
    if path.stat().st_size > LARGEST:
        return f"It is larger than {LARGEST // 2**20} MB."
    return "It cannot be read: its permissions forbid it."


def _shown(name: str) -> str:
    """A file's name as text: old systems wrote it in an encoding of their own."""
    try:
        data = os.fsencode(name)
    except UnicodeEncodeError:  # half a character, which an archive may hold
        data = name.encode("utf-8", "replace")
    try:
        text = unicodedata.normalize("NFC", data.decode())
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return UNSEEN.sub("\ufffd", text)


def add(name: str, data: bytes, into: Handin, depth: int = 0) -> None:
    """Take in one file, and what is in it if it is an archive."""
    if len(into.files) >= MANY or into.size > MOST:
        if not into.files[-1].why.startswith("There were"):
            into.refuse(name, "There were too many files before it, or too large ones.")
    elif not name.lower().endswith(ARCHIVES):
        into.files.append(File(name, data))
    elif depth >= DEPTH:
        into.refuse(name, "It is an archive in too many others.")
    else:
        try:
            for inner, content in unpacked(name, data):
                shown = f"{name}/{_shown(inner)}"
                if content is None:
                    into.unpacked += LARGEST
                    into.refuse(shown, "It is too large, or no plain file.")
                else:
                    into.unpacked += len(content)
                    add(shown, content, into, depth + 1)
                if len(into.files) > MANY or max(into.size, into.unpacked) > MOST:
                    into.refuse(name, "It holds too much: the rest was left out.")
                    break
        except Exception as error:  # a damaged archive may raise anything
            into.refuse(name, f"This archive cannot be opened: {error}.")


def unpacked(name: str, data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """The files in an archive, litter left out; None for what is no plain file."""
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for one in archive.infolist():
                if one.is_dir() or LITTER.search(one.filename):
                    continue
                kind = one.external_attr >> 16 & 0o170000
                plain = kind in (0, 0o100000) and one.file_size <= LARGEST
                yield one.filename, _read(archive.open(one)) if plain else None
        return
    if data.startswith(b"\x1f\x8b"):  # a header of it could name any size
        with gzip.open(io.BytesIO(data)) as packed:
            data = packed.read(MOST + 1)
        if len(data) > MOST:
            raise ValueError(f"it holds more than {MOST // 2**20} MB")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tape:
        for count, member in enumerate(tape):
            if count > MANY:
                return
            if not member.isdir() and not LITTER.search(member.name):
                plain = member.isreg() and member.size <= LARGEST
                file = tape.extractfile(member) if plain else None
                yield member.name, _read(file) if file else None


def _read(file: Any) -> bytes | None:
    with file:
        found: bytes = file.read(LARGEST + 1)
    return found if len(found) <= LARGEST else None


def submitted(course: Path, name: str) -> dict[str, Handin]:
    """What lies in `submitted/STUDENT/NAME`, by student, and beside it."""
    found: dict[str, Handin] = {}
    root = course / "submitted"
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        one = Handin(_shown(folder.name))
        if LITTER.search(folder.name) or folder.name.startswith("."):
            continue
        if not folder.is_dir():
            one.student = "?"
            one.refuse(_shown(folder.name), f"Put it into submitted/STUDENT/{name}/.")
        else:
            _of_student(folder, name, one)
        if one.files or (folder / name).is_dir():
            found.setdefault(one.student, Handin(one.student)).files += one.files
            found[one.student].stamp = one.stamp
    return found


def _of_student(folder: Path, name: str, one: Handin) -> None:
    """Take in the folder of the assignment; name what lies beside it."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        return _closed(error, one)
    for path in inside:
        if path.name.lower() == name.lower() and (path.is_dir() or path.is_symlink()):
            walk(path, one)
        elif not path.is_dir() and not LITTER.search(path.name):
            one.refuse(_shown(path.name), f"Put it into the folder {name} beside it.")
    return None


def downloaded(
    course: Path, name: str, pattern: str, into: dict[str, Handin]
) -> Handin:
    """Hand the files of `downloaded/NAME/archive` out to the students `into`.

    `pattern` is a regular expression with `student_id`, tried before those of known
    platforms.  What names no student is returned; of those whom only a platform's
    number tells apart, nobody gets another's file.
    """
    raw, rest = Handin(""), Handin("")
    known = [f"{one.replace('%s', re.escape(name))}$" for one in PLATFORMS]

    def whose(file: str) -> tuple[str, str, str]:
        own = _student(file, [pattern]) if pattern else ("", "", "")
        return own if own[0] else _student(_unwrapped(file, name), known)

    folder = course / "downloaded" / name / "archive"
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            shown = _shown(path.relative_to(folder).as_posix())
            # What a student hands in is opened later, and names nobody else.
            whole = "/" not in shown and not whose(shown)[0]
            _whose(path, shown, raw, whole)
    owners = [whose(file.name) for file in raw.files]
    numbers: dict[str, set[str]] = {}
    for student, _, number in owners:
        numbers.setdefault(student, set()).update([number] if number else [])
    for file, (student, inner, _) in zip(raw.files, owners, strict=True):
        leaf = inner or PurePosixPath(file.name).name
        if not student:
            rest.refuse(file.name, file.why if file.state != "kept" else NAMELESS)
        elif len(numbers[student]) > 1:
            why = NAMESAKES.format(len(numbers[student]))
            into.setdefault(student, Handin(student)).refuse(file.name, why)
        elif file.state != "kept":
            into.setdefault(student, Handin(student)).refuse(leaf, file.why)
        else:
            add(leaf, file.data, into.setdefault(student, Handin(student)))
    return rest


def _whose(path: Path, shown: str, into: Handin, whole: bool) -> None:
    from d2lmini.course.grading import read_plain

    if path.is_dir() or LITTER.search(shown):
        return
    top = whole and shown.lower().endswith(".zip")
    data = read_plain(path, 2**31 if top else LARGEST)
    if data is None:
        into.refuse(shown, _unread(path))
        return
    try:
        inside = list(unpacked(shown, data)) if top else []
    except Exception as error:  # a damaged archive may raise anything
        into.refuse(shown, f"This archive cannot be opened: {error}.")
        return
    if top:
        for inner, content in inside:
            name = f"{shown}/{_shown(inner)}"
            if content is None:
                into.refuse(name, "It is too large, or no plain file.")
            else:
                into.files.append(File(name, content))
    else:
        into.files.append(File(shown, data))


def _unwrapped(file: str, name: str) -> str:
    """The path `file` without what packs the whole class, and is no student's.

    That is an archive, a folder of the archive's name and one of the assignment's.
    """
    first, *rest = file.split("/")
    packs = {name.lower()}
    if rest and first.lower().endswith(".zip"):
        packs.add(first[:-4].lower())
        first, *rest = rest
    while rest and first.lower() in packs:
        first, *rest = rest
    return "/".join([first, *rest])


def _student(name: str, patterns: Iterable[str]) -> tuple[str, str, str]:
    """The student in the `name` of a file, the rest of it, a platform's number."""
    for pattern in patterns:
        for text in (name, f"/{name}"):
            found = re.match(pattern, text)
            if found and found.groupdict().get("student_id"):
                student = found["student_id"].strip()
                folder = student not in (".", "..") and "/" not in student
                if folder and len(student.encode()) <= LONGEST:
                    more = found.groupdict()
                    rest = (more.get("rest") or "").strip("/")
                    return student, rest, more.get("number") or ""
    return "", "", ""


def choose(one: Handin, expected: Mapping[str, list[repair.Cell]]) -> None:
    """Find the notebooks `expected` among the files of `one`, by what they hold.

    `expected` gives the cells that were handed out, by the name of the notebook.
    Every file gets a state and a sentence.
    """
    possible = [file for file in one.files if file.state == "kept"]
    notebooks = [x for x in possible if x.leaf.endswith(NOTEBOOKS)]
    scripts = [x for x in possible if x.leaf.endswith(".py")]
    for name, cells in expected.items():
        if not _taken(one, name, _read_all(notebooks, repair.notebook, name, cells)):
            _taken(one, name, _read_all(scripts, repair.script, name, cells))
    for file in possible:
        if file.state == "kept" and file.leaf.endswith((".ipynb", *ARCHIVES)):
            file.state, file.why = "not taken", "Another file was taken."
        elif file.state == "kept" and not one.notebooks:
            file.why = "It is no notebook."


@dataclass(frozen=True)
class Candidate:
    """A file that is a notebook, and how well it fits: the larger the better."""

    file: File
    nb: NotebookNode
    notes: list[str]
    answered: bool
    exact: bool
    known: int  # how many of our cells are in it

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """What decides between two."""
        return self.answered, self.exact, self.known

    @property
    def text(self) -> str:
        """All its cells."""
        return "\0".join(cell.source for cell in self.nb.cells)


def _read_all(
    group: list[File], make: Any, name: str, cells: list[repair.Cell]
) -> list[Candidate]:
    """The files of `group` that are notebooks."""
    found: list[Candidate] = []
    ours = {cell.name: cell for cell in cells}
    for file in group:
        if file.state != "kept":
            continue
        if len(found) == NOTEBOOKS_READ:
            file.state, file.why = "not taken", "There were too many others before it."
            continue
        try:
            nb, notes = make(file.data, cells)
        except Exception as error:  # a file may hold anything, and is one student's
            if not file.leaf.endswith(".json"):  # which may be anything
                file.state, file.why = "not taken", _reason(error)
            continue
        known = {n: x.source for x in nb.cells if (n := repair.grade_id(x)) in ours}
        answered = any(
            not ours[n].locked and source.strip() != ours[n].source.strip()
            for n, source in known.items()
        )
        exact = file.leaf == f"{name.lower()}.ipynb"
        found.append(Candidate(file, nb, notes, answered, exact, len(known)))
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        return str(error)
    return f"It cannot be read ({type(error).__name__})."


def _taken(one: Handin, name: str, found: list[Candidate]) -> bool:
    """Take the one file that is meant; of several equal ones the first."""
    if not found:
        return False
    top = max(x.rank for x in found)
    best = [x for x in found if x.rank == top]
    if any(x.text != best[0].text for x in best):
        for x in best:
            x.file.state = "not taken"
            x.file.why = f"It could be {name} as well as another file: leave one."
        return True
    it = best[0]
    it.file.state, it.file.why = "taken", "It was graded."
    notes = it.notes
    if not it.exact:
        notes = [f"{it.file.name} was taken for {name}.ipynb", *notes]
    if not it.known:
        notes = [*notes, "none of the cells handed out is in it"]
    one.notebooks[name] = it.nb
    one.notes += notes
    return True
