"""The marks around hidden tests: what lies between them, no student has seen."""

#: As nbgrader looks for them, whatever else stands in their lines.
BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"


def parted(source: str) -> tuple[list[str], list[str]]:
    """The lines of `source` that students have, and those that they do not."""
    seen: list[str] = []
    hidden: list[str] = []
    inside = False
    for line in source.split("\n"):
        inside = inside or BEGIN in line
        (hidden if inside else seen).append(line)
        inside = inside and END not in line
    return seen, hidden


def visible(source: str) -> str:
    """`source` without hidden tests, as students have it."""
    return "\n".join(parted(source)[0])


def hidden(source: str) -> str:
    """`source` as a hidden test, all of it."""
    lines = (x for x in source.split("\n") if BEGIN not in x and END not in x)
    return "\n".join([f"### {BEGIN}", *lines, f"### {END}"])
