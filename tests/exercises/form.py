"""The form of an exercise's cells, each rule a function from them to complaints."""

import ast
import re
import symtable

from d2lmini.course.exercises import literals
from tools import outputs

#: Lock and purpose of each cell, as nbgrader wants them.
ROLES = {
    "given": {"grade": False, "solution": False, "locked": True},
    "": {"grade": False, "solution": True, "locked": False},
    "check": {"grade": True, "solution": False, "locked": True},
    "open": {"grade": True, "solution": True, "locked": False},
}
HIDDEN = r"(?ms)^[ ]*### BEGIN HIDDEN TESTS\n.*?^[ ]*### END HIDDEN TESTS$"
SOLUTION = r"(?ms)^[ ]*### BEGIN SOLUTION\n.*?^[ ]*### END SOLUTION$"


def cells_follow_each_other(exercise, nb):
    ids = [cell["id"] for cell in nb.cells]
    start = ids.index(exercise.cells[0]["id"])
    if ids[start : start + len(exercise.cells)] != [c["id"] for c in exercise.cells]:
        yield "its cells do not follow each other."


def cells_have_their_roles(exercise, nb):
    for cell in exercise.cells:
        part = cell["id"].removeprefix(exercise.id).removeprefix("-")
        role = "open" if exercise.kind == "open" and part == "" else part
        wanted = ROLES.get(role)
        if wanted is None:
            continue
        wanted = {**wanted, "grade_id": cell["id"], "schema_version": 3, "task": False}
        found = dict(cell.metadata.get("nbgrader", {}))
        found.pop("points", None)
        found.pop("cell_type", None)
        if found != wanted:
            yield f"{cell['id']}: nbgrader's metadata are {found}, not {wanted}."


def the_text_says_what_it_costs(exercise, nb):
    text = exercise.cells[0].source
    if not re.match(rf"### \d+ · {re.escape(exercise.title)}\n", text):
        yield f"the text does not begin with '### N · {exercise.title}'."
    kinds = {"predict": "Predict, then run", "write": "Write", "open": "Open question"}
    points = f"{exercise.points} point{'s' * (exercise.points != 1)}"
    last = f"*{kinds[exercise.kind]} · {exercise.minutes} minutes · {points}*"
    if last not in text:
        yield f"the text lacks the line {last}"
    if not 3 <= exercise.minutes <= 25:
        yield f"it takes {exercise.minutes} minutes; 3 to 25 is the measure."


def the_solution_is_a_region(exercise, nb):
    if exercise.kind == "open":
        return
    source = exercise.cell("").source
    if len(re.findall(SOLUTION, source)) != 1 or source.count("### ") != 2:
        yield "the solution needs one region from BEGIN SOLUTION to END SOLUTION."
    if not exercise.task.strip() or "\n" in exercise.task:
        yield "the stub needs a task of one line."
    stub = re.sub(SOLUTION, "", source)
    if "hide-input" not in exercise.cell("").metadata.get("tags", ()):
        yield "the solution is not in a closed drawer (tag hide-input)."
    if re.search(r"(?m)^\s*return\b", stub):
        yield "the stub still returns something."


def the_check_ends_with_a_sentence(exercise, nb):
    if exercise.kind == "open":
        return
    source = exercise.cell("check").source
    last = ast.parse(source).body[-1]
    if not ast.unparse(last).startswith(("check.passed(", "marks.passed(")):
        yield "the check's last line is not check.passed(…) or marks.passed(…)."
    points = re.findall(r"(?m)^marks = check\.Cases\((\d+)\)$", source)
    if "marks." in source and points != [str(exercise.points)]:
        yield f"its cases are worth {points}, and the exercise {exercise.points}."
    if exercise.kind == "predict" and re.search(r"check\.(?!Cases)\w+\(", source):
        yield "only marks.predicted(…) judges a prediction without naming the number."
    if not re.search(r"(?m)^from d2lmini import (\w+, )*check\b", source):
        yield "the check does not import check: an answer may have changed it."
    regions = len(re.findall(HIDDEN, source))
    if regions > 1 or source.count("HIDDEN TESTS") != 2 * regions:
        yield "the hidden tests need one region with a beginning and an end."
    if exercise.kind == "write" and not regions:
        yield "the check has no hidden tests."
    if exercise.kind == "predict" and not exercise.variants:
        yield "its numbers do not vary: an assignment asks for them twice."
    if not exercise.variants and not regions:
        yield "neither its numbers vary nor are tests hidden."


def a_hint_is_asked_for(exercise, nb):
    """It stands in a closed drawer, leads, and holds no code that could be copied."""
    drawer = re.search(
        r"(?s)<details><summary>Hint</summary>\n\n(.*?)\n\n</details>",
        exercise.cells[0].source,
    )
    if exercise.kind == "write" and drawer is None:
        yield "the text has no hint in a closed drawer."
    code = drawer[1].split("`")[1::2] if drawer is not None else ()
    if any(re.search(r"[(=.\[]", one) for one in code):
        yield "its hint holds code."


def given_numbers_vary_around_their_own(exercise, nb):
    given = exercise.cell("given")
    if given is None:
        return
    values = {k: ast.literal_eval(v) for k, v in literals(given.source).items()}
    for name, choices in exercise.variants.items():
        plain = [tuple(x) if isinstance(x, list) else x for x in choices]
        own = values.get(name)
        if name not in values:
            yield f"{name} varies, and the given cell does not assign it."
        elif (tuple(own) if isinstance(own, list) else own) not in plain:
            yield f"the chapter's own {name} = {own} is none of its variants."
        elif len(set(plain)) < 2:
            yield f"{name} has one variant."


def no_name_of_the_chapter_passes_for_an_answer(exercise, nb):
    """A check that is run before the answer must not meet a variable of the chapter."""
    if exercise.kind != "predict":
        return
    chapter = set()
    for cell in nb.cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            chapter |= outputs.names(cell.source)[1]
    read, bound = outputs.names(exercise.cell("check").source)
    asked = read - bound
    own = outputs.names(exercise.cell("").source)[1]
    if met := own & asked & chapter:
        yield f"the chapter has names of its answers: {', '.join(sorted(met))}."


def a_check_reads_names_of_its_own_exercise(exercise, nb):
    """Who goes back to an earlier check must not find the numbers of a later one."""
    parts = {cell["id"]: cell.source for cell in exercise.cells}
    check = parts.get(f"{exercise.id}-check")
    if check is None:
        return
    code = [x for x in nb.cells if x.cell_type == "code" and "nbgrader" in x.metadata]
    own = set().union(*(bound(x.source) for x in code if x["id"] in parts))
    read = own & (outputs.names(check)[0] - bound(check))
    for cell in code:
        met = read & bound(cell.source)
        if met and cell["id"] not in parts:
            yield f"{cell['id']} binds {', '.join(sorted(met))}, too."


def bound(source):
    """The names that a cell binds for those that follow it: none within functions."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {x.get_name() for x in symbols if x.is_assigned() or x.is_imported()}


RULES = (
    cells_follow_each_other,
    cells_have_their_roles,
    the_text_says_what_it_costs,
    the_solution_is_a_region,
    the_check_ends_with_a_sentence,
    given_numbers_vary_around_their_own,
    a_hint_is_asked_for,
    no_name_of_the_chapter_passes_for_an_answer,
    a_check_reads_names_of_its_own_exercise,
)
