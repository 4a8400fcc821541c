"""The marks around hidden tests: what lies between them, no student has seen."""

from collections.abc import Mapping
from typing import Any

#: As nbgrader looks for them, whatever else stands in their lines.
BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"


def demand(config: Mapping[str, Any]) -> None:
    """ValueError where a course's `config` has other marks: ours would be handed out.

    nbgrader looks for one pair of marks, and exercises of the book have this one.
    """
    found = config.get("ClearHiddenTests", {})
    for name, mark in {
        "begin_test_delimeter": BEGIN,
        "end_test_delimeter": END,
    }.items():
        if found.get(name, mark) != mark:
            raise ValueError(
                f"ClearHiddenTests.{name} is {found[name]!r} in the course's "
                f"configuration, and must be {mark!r}, as exercises of the book have "
                "it: take the line out and use this mark in yours."
            )


def parted(source: str) -> tuple[list[str], list[str]]:
    """The lines of `source` that students have, and those that they do not."""
    seen: list[str] = []
    hidden: list[str] = []
    inside = False
    for line in source.split("\n"):
        ends = END in line and BEGIN not in line  # nbgrader looks for BEGIN first
        inside = BEGIN in line or (inside and not ends)
        (hidden if inside or ends else seen).append(line)
    return seen, hidden


def visible(source: str) -> str:
    """`source` without hidden tests, as students have it."""
    return "\n".join(parted(source)[0])


def hidden(source: str) -> str:
    """`source` as a hidden test, all of it."""
    lines = []
    for line in source.split("\n"):
        rest = line.replace(BEGIN, "").replace(END, "")
        if rest == line or rest.strip(" \t#"):  # code that has a mark behind it stays
            lines.append(rest)
    return "\n".join([f"### {BEGIN}", *lines, f"### {END}"])
