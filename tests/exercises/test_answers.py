"""Every check of the book accepts right answers and refuses wrong ones."""

import ast
from collections import Counter

import form
import pytest
from attempts import ANSWERS, attempt, kept, readable, run

from d2lmini.course import exercises

EITHER = readable()
READ = {path: found for path, found in EITHER.items() if isinstance(found, list)}
CHECKED = [one for found in READ.values() for one in found if one.kind != "open"]
WITH_EXERCISES = [path for path, found in READ.items() if found]


def named(value):
    return getattr(value, "id", None) or getattr(value, "stem", None)


@pytest.fixture(params=CHECKED, ids=named)
def exercise(request):
    return request.param


def pairs(which):
    """Every exercise with the name of each of its kept answers."""
    return [
        pytest.param(one, name, id=f"{one.id}:{name}")
        for one in CHECKED
        for name in kept(one)[which]
    ]


def test_every_chapter_can_be_read():
    assert not [found for found in EITHER.values() if isinstance(found, ValueError)]


def test_enough_answers_are_kept(exercise):
    right, wrong = kept(exercise)
    assert len(right) >= 2 and len(wrong) >= 3, (
        f"{exercise.id} keeps {len(right)} right and {len(wrong)} wrong answers; "
        "2 and 3 are the least."
    )


def test_the_chapters_own_solution_passes_with_all_numbers(exercise):
    sentences = set()
    for variant in exercise.all_variants(most=2):
        outcome = attempt(exercise, variant=variant)
        assert outcome.passed, f"{variant}: {outcome.error!r}"
        assert not outcome.complained, "nbgrader gives no points for stderr"
        sentences.add(outcome.printed)
    assert len(sentences) == 1 and sentences.pop().strip()


@pytest.mark.parametrize(("one", "name"), pairs(0))
def test_a_right_answer_passes(one, name):
    [variant] = one.all_variants(most=1)
    outcome = attempt(one, kept(one)[0][name], variant)
    assert outcome.passed, f"{variant}: {outcome.error!r}"


@pytest.mark.parametrize(("one", "name"), pairs(1))
def test_a_wrong_answer_is_refused_with_its_sentence(one, name):
    answer, sentence = kept(one)[1][name]
    outcome = attempt(one, answer, hidden=False)
    assert not outcome.passed, f"the student edition accepts the wrong answer {name!r}"
    if sentence not in outcome.sentence:
        outcome = attempt(one, answer)
    assert isinstance(outcome.error, AssertionError | None), repr(outcome.error)
    assert outcome.score is None or 0 < outcome.score < one.points
    assert sentence.strip() and sentence in outcome.sentence


@pytest.mark.course
@pytest.mark.parametrize(("one", "name"), pairs(0))
def test_a_right_answer_passes_with_all_numbers(one, name):
    for variant in one.all_variants(most=20) if one.variants else []:
        outcome = attempt(one, kept(one)[0][name], variant)
        assert outcome.passed, f"{variant}: {outcome.error!r}"


#: Wrong answers that some numbers make right: where nothing is rounded, say, whoever
#: rounds up is right too, and the answer for another axis is right for that axis.
SOMETIMES_RIGHT = {
    "padding-and-stride-same:larger-part-before",
    "lenet-field:constant",
    "alexnet-size:rounding-up",
    "alexnet-size:halved",
    "alexnet-size:as-at-224",
    "alexnet-mirror:upside-down",
    "alexnet-gigabyte:without-the-gradient",
    "vgg-vgg13:vgg-16",
    "vgg-vgg13:vgg16",
    "resnet-skip:constant",
    "resnet-skip:channels-only",
    "resnet-skip:rounded-down",
    "resnet-price:constant",
    "resnet-price:no-skip",
    "resnet-bottleneck:half-instead-of-a-quarter",
    "slim-flatten:windows-of-two",
    "slim-flatten:padded",
    "resolution-first-layer:always-the-stack",
    "inception-price:no-projection",
    "inception-price:mix-of-the-input",
    "inception-unused:all",
    "inception-unused:size-of-the-map",
    "inception-unused:one-side-only",
    "inception-unused:one-row",
    "side-by-side-tie:one-error",
    "best-smooth:the-others-only",
    "best-smooth:a-sum-over-classes",
}


@pytest.mark.course
@pytest.mark.parametrize(("one", "name"), pairs(1))
def test_a_wrong_answer_is_refused_with_all_numbers(one, name):
    """As one of a cohort hands it in, whose numbers are not those of the chapter."""
    variants = one.all_variants(most=8) if one.variants else []
    passed = [v for v in variants if attempt(one, kept(one)[1][name][0], v).passed]
    if f"{one.id}:{name}" in SOMETIMES_RIGHT:
        assert 0 < len(passed) < len(variants), "it need not be an exception"
    else:
        assert not passed


@pytest.mark.parametrize("one", [x for x in CHECKED if x.variants], ids=named)
def test_an_answer_to_the_books_numbers_fails_with_others(one):
    """As somebody hands in who has it from last year: the numbers stand in the code."""
    given = exercises.literals(one.cell("given").source)
    answer = substituted(one.cell("").source, {name: given[name] for name in given})
    assert attempt(one, answer).passed, "the book's own numbers, written out"
    others = [one.draw_other(cohort, {}) for cohort in ("2026", "2027", "2028")]
    refused = [not attempt(one, answer, variant).passed for variant in others]
    assert sum(refused) >= 2, others  # two numbers may have one answer


def substituted(source, literals):
    """`source` with these names replaced by what they are given."""

    class Write(ast.NodeTransformer):
        def visit_Name(self, node):
            known = node.id in literals and isinstance(node.ctx, ast.Load)
            return literals[node.id] if known else node

    return ast.unparse(Write().visit(ast.parse(source)))


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=named)
def test_in_a_whole_chapter_no_answer_serves_another_exercise(path):
    """Top to bottom in one namespace: each check fails until its own answer stands."""
    namespace = {"__name__": "__main__"}
    for one in READ[path]:
        if one.kind == "open":
            continue
        with pytest.raises(Exception):  # noqa: B017  NameError, AssertionError, …
            for cell in (*one.context, one.cell("given"), one.cell("check")):
                if cell is not None:
                    run(cell.source, namespace, cell["id"])
        outcome = attempt(one, namespace=namespace)
        assert outcome.passed, f"{one.id}: {outcome.error!r}"


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=named)
def test_a_chapter_has_two_of_each_and_an_open_question(path):
    kinds = Counter(one.kind for one in READ[path])
    assert kinds["predict"] >= 2 and kinds["write"] >= 2 and kinds["open"] == 1


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=named)
def test_exercises_stand_at_the_end_in_order(path):
    cells = exercises.notebook(path).cells
    headings = [i for i, cell in enumerate(cells) if "## Exercises\n" in cell.source]
    assert len(headings) == 1
    ours = [cell["id"] for one in READ[path] for cell in one.cells]
    assert [cell["id"] for cell in cells[headings[0] + 1 :]] == ours
    numbers = [int(one.cells[0].source.split()[1]) for one in READ[path]]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("rule", form.RULES, ids=lambda rule: rule.__name__)
def test_exercises_have_their_form(rule):
    complaints = []
    for path, found in READ.items():
        nb = exercises.notebook(path)
        for one in found:
            complaints += [f"{one.id}: {said}" for said in rule(one, nb)]
    assert not complaints, "\n".join(complaints)


def test_every_kept_answer_belongs_to_an_exercise():
    known = {f"{one.chapter}/{one.id[len(one.chapter) + 1 :]}.py" for one in CHECKED}
    found = {path.relative_to(ANSWERS).as_posix() for path in ANSWERS.glob("*/*.py")}
    assert found <= known


def test_ids_are_unique_in_the_book():
    ids = Counter(one.id for found in READ.values() for one in found)
    assert not [name for name, count in ids.items() if count > 1]
