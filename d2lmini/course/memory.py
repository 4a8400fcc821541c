"""What was graded before, and which part of all students is graded here."""

import json
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d2lmini import storage
from d2lmini.course.gradebook import Course
from d2lmini.course.pool import Outcome


@dataclass(frozen=True)
class Share:
    """A part of all students: number `number` of `of` parts that miss nobody."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """As in `2/8`; ValueError for what is no such part."""
        number, _, of = text.partition("/")
        found = cls(int(number), int(of)) if number.isdigit() and of.isdigit() else None
        if found is None or not 1 <= found.number <= found.of:
            raise ValueError(f"--share is {text}, and must be as 2/8: part 2 of 8.")
        return found

    def holds(self, student: str) -> bool:
        """Whether `student` is in this part."""
        return zlib.crc32(student.encode()) % self.of == self.number - 1

    def __str__(self) -> str:
        return "" if self.of == 1 else f"-{self.number}-of-{self.of}"


class Memory:
    """What was graded before, and as what: so that a new version is seen."""

    def __init__(self, folder: Path, name: str, share: Share) -> None:
        self.path = folder / f"{name}{share}.json"
        self.known: dict[str, Any] = {}
        self.writing = threading.Lock()
        for path in sorted({*folder.glob(f"{name}-*-of-*.json"), self.path}):
            try:
                self.known |= json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue

    def is_new(self, course: Course, student: str, found: str) -> bool:
        """Whether `student` has not been graded with just these files."""
        done = course.folder / "autograded" / student / course.name
        return not done.is_dir() or self.known.get(student, {}).get("digest") != found

    def remember(self, found: str, outcome: Outcome) -> None:
        """Keep what was graded, unless that failed, and write it down."""
        look = list(outcome.touched)
        kept = {"digest": found, "touched": look, "seconds": round(outcome.seconds, 1)}
        with self.writing:
            self.known[outcome.student] = {} if outcome.error else kept
        self.save()

    def save(self) -> None:
        """Write it down, in one step: nobody reads half of it."""
        with self.writing, storage.written(self.path) as file:
            text = json.dumps(self.known, indent=1, ensure_ascii=False)
            file.write(f"{text}\n".encode("utf-8", "replace"))
