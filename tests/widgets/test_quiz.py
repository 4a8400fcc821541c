"""The quiz: an explanation for each answer, by mouse and by keyboard."""

import base64
import json
import runpy
import zlib

import oracle
import pytest

from d2lmini.widgets import Quiz, base
from d2lmini.widgets.quiz import LETTERS, pack, unpack

CHOICE = {
    "text": "Which `stride` halves 8?",
    "picture": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAD"
    "UlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "alt": "Eight dots",
    "choices": [
        {"text": "1", "why": "That keeps 8."},
        {"text": "2", "why": "8 / 2 = 4.", "right": True},
    ],
}
NUMBER = {
    "text": "1/3 to two places?",
    "answer": 1 / 3,
    "tolerance": 0.005,
    "why": "0.333…",
    "wrong": [[3, "That is its inverse."]],
    "otherwise": "Divide 1 by 3.",
}
COUNT = {"text": "Weights of a dense layer?", "answer": 196609000, "why": "With bias."}


def place(text):
    """The index at which this choice is shown."""
    shown = Quiz([CHOICE]).questions[0]["choices"]
    return [choice["text"] for choice in shown].index(text)


def said(page, index):
    return page.inner_text(f"[data-question='{index}'] [role=status]")


def test_every_choice_is_explained_at_once(page_of):
    page = page_of(Quiz([CHOICE]))
    assert page.get_by_role("img", name="Eight dots").evaluate("x => x.naturalWidth")
    page.get_by_role("button", name="1").click()
    assert said(page, 0) == "✗ Not quite. That keeps 8."
    page.get_by_role("button", name="2").focus()
    page.keyboard.press("Enter")
    assert said(page, 0) == "✓ Right. 8 / 2 = 4."
    assert oracle.state_of(page, 0, "answers") == {"answers": [place("2")]}
    assert page.inner_text("[data-number=score]") == "1 of 1 right"
    assert page.get_by_role("button", name="2").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("0.33", "✓ Right. 0.333…"),
        ("1/3", "✓ Right. 0.333…"),
        ("0,336", "✓ Right. 0.333…"),
        ("3", "✗ Not quite. That is its inverse."),
        ("0.32", "✗ Not quite. Divide 1 by 3."),
        ("a third", "Please write a number, such as 12, 0.5 or 1/3."),
    ],
)
def test_numbers(page_of, typed, words):
    page = page_of(Quiz([CHOICE, NUMBER]))
    page.get_by_label("Your answer").fill(typed)
    page.keyboard.press("Enter")
    assert said(page, 1) == words
    why = page.get_by_label("Your answer").get_attribute("aria-describedby")
    assert page.locator(f"[id='{why}']").inner_text() == words  # for who comes back


@pytest.mark.parametrize("typed", ["196609000", "196 609 000", "196,609,000"])
def test_large_numbers_may_be_spaced(page_of, typed):
    page = page_of(Quiz([COUNT]))
    page.get_by_label("Your answer").fill(typed)
    page.get_by_role("button", name="Check").click()
    assert said(page, 0).startswith("✓ Right.")


@pytest.mark.parametrize("answer", [0.33, 1 / 3, 0.3384, 0.3383, 3, 0.32, -1])
def test_python_and_browser_judge_alike(page_of, answer):
    quiz = Quiz([NUMBER])
    shown = oracle.read(page_of(quiz), [{"answers": [answer]}])[0]
    quiz.answers = [answer]
    assert shown["values"]["score"] == quiz.score


def test_packing_hides_and_keeps_the_questions():
    packed = pack([CHOICE, NUMBER])
    assert "halves" not in packed and max(map(len, packed.splitlines())) <= 76
    assert Quiz(packed).questions == Quiz([CHOICE, NUMBER]).questions
    assert Quiz(f"\n  {packed}\n", [COUNT]).questions[2]["answer"] == 196609000
    with pytest.raises(ValueError, match="damaged"):
        unpack(packed[:-8])
    whole = base64.b64encode(zlib.compress(json.dumps([SUM | {"why": ""}]).encode()))
    with pytest.raises(ValueError, match=r"^The question '\?': `why` is empty"):
        unpack(whole.decode())


def test_numbers_keep_fifteen_digits_and_lose_what_a_sum_leaves_over():
    small = {"text": "?", "why": "!", "answer": 1e-13, "tolerance": 0.1 + 0.2}
    (question,) = Quiz([small]).questions
    assert (question["answer"], question["tolerance"]) == (1e-13, 0.3)


def test_packer_and_unpacker_on_the_command_line(tmp_path, monkeypatch, capsys):
    file = tmp_path / "questions.json"
    file.write_text(json.dumps([CHOICE]), encoding="utf-8")
    for action in ("pack", "unpack"):
        monkeypatch.setattr("sys.argv", ["d2lmini.widgets", action, str(file)])
        runpy.run_module("d2lmini.widgets", run_name="__main__")
        file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == unpack(pack([CHOICE]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ("{", "holds no questions: Expecting"),
        ("[]", "write one or more"),
        ('{"questions": []}', "are a dict: give a list of them"),
        (json.dumps([COUNT])[:-2] + ', "unit": "a\\u000b"}]', "the sign '.x0b': take"),
        (None, "No such file"),
    ],
)
def test_the_packer_refuses_a_file_in_one_sentence(text, words, tmp_path, monkeypatch):
    file = tmp_path / "questions.json"
    if text is not None:
        file.write_text(text, encoding="utf-8-sig")
    monkeypatch.setattr("sys.argv", ["d2lmini.widgets", "pack", str(file)])
    with pytest.raises(SystemExit, match=words) as end:
        runpy.run_module("d2lmini.widgets", run_name="__main__")
    assert str(end.value).startswith(f"{file} holds no questions: ")


YES, NO = {"text": "a", "why": "b", "right": True}, {"text": "c", "why": "d"}
SUM = {"text": "?", "answer": 1, "why": "w"}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("?", "A question is the text '.': give a dict"),
        ({"answer": 1}, "`text` is missing"),
        ({"text": "?"}, "either `choices` or `answer`"),
        ({"text": "?", "answer": 1}, "`why` is missing"),
        ({"text": "?", "choices": [YES]}, "one right"),
        ({"text": "?", "choices": [NO] * 2}, "one right"),
        ({"text": "?", "choices": [YES, {"text": "c"}]}, "choice 'c', `why` is miss"),
        ({"text": "?", "choices": [YES, *[NO] * 8]}, "has 9 choices; give 8 at most"),
        ({"text": "?", "choices": [YES, NO | {"text": 3}]}, "`text` is 3: give words"),
        ({"text": "?", "choices": [YES, NO | {"right": "no"}]}, "'no': give true or"),
        ({"text": " ", "answer": 1}, "`text` is empty: give words"),
        (SUM | {"why": ""}, "`why` is empty: give words"),
        ({"text": "?", "choices": [YES, NO | {"why": " "}]}, "'c', `why` is empty"),
        (SUM | {"picture": CHOICE["picture"], "alt": ""}, "`alt` is empty: give words"),
        (SUM | {"wrong": [["", ""]]}, "`wrong` is the text ''"),
        ({"text": "?", "choices": [YES, NO | {"rigt": 1}]}, "'rigt' is no key: there"),
        ({"text": "?", "choices": [YES, "c"]}, "a choice is the text 'c'"),
        ({"text": "?", "choices": 2}, "`choices` is 2: give a list"),
        (SUM | {"why": 7}, "'.': `why` is 7: give words"),
        (SUM | {"unit": 7}, "`unit` is 7: give words"),
        (SUM | {"otherwise": "a\x0b"}, "`otherwise` holds the sign"),
        (SUM | {"answer": True}, "`answer` is True: give a finite number"),
        (SUM | {"answer": float("nan")}, "`answer` is nan"),
        (SUM | {"answer": 10**400}, "`answer` is a whole number of 1329 bits"),
        (SUM | {"answer": "1"}, "`answer` is the text '1'"),
        (SUM | {"tolerance": -1}, "`tolerance` is -1: give 0 or more"),
        (SUM | {"tolerence": 1}, "'tolerence' is no key: there are text, "),
        (SUM | {"wrong": [[1]]}, "`wrong` holds the list .1.: give .number, why."),
        (SUM | {"wrong": [[4, 7]]}, "`wrong` is 7: give words"),
        (SUM | {"picture": CHOICE["picture"], "alt": 5}, "`alt` is 5: give words"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(question, words):
    with pytest.raises(ValueError, match=words):
        Quiz([question])


def test_there_are_letters_for_all_choices_and_none_is_a_default():
    assert f'"{LETTERS}"[i]' in base.source("quiz.js")
    nothing = {"unit": None, "otherwise": None, "picture": None, "tolerance": None}
    empty = {"unit": " ", "otherwise": "", "picture": "", "alt": ""}
    slips = {"wrong": [[2, ""], [3, None]], "tags": None}
    for unsaid in (nothing, empty, slips):
        assert Quiz([SUM | unsaid]).questions == Quiz([SUM]).questions
    choices = [YES | {"feedback": None}, NO | {"right": None}]
    (question,) = Quiz([{"text": "?", "choices": choices}]).questions
    assert question == Quiz([{"text": "?", "choices": [YES, NO]}]).questions[0]


def test_questions_can_be_read_without_javascript(page_of):
    page = page_of(Quiz([CHOICE, NUMBER]), java_script_enabled=False)
    text = page.inner_text(".d2l-still")
    assert "Which stride halves 8?" in text and "1/3 to two places?" in text
    assert "That keeps 8" not in text


def test_looks(page_of):
    page = page_of(Quiz([CHOICE, NUMBER, COUNT]), width=390)
    oracle.read(page, [{"answers": [0, 0.333, None]}])
    oracle.looks(page, 390, 1280)


def test_the_order_is_drawn_from_the_texts_alone():
    """The same from a list, packed, packed again, and in an assignment."""
    turned = CHOICE | {"choices": CHOICE["choices"][::-1]}
    orders = [
        Quiz([CHOICE]).questions,
        Quiz([turned]).questions,
        Quiz(pack([turned])).questions,
        unpack(pack(unpack(pack([CHOICE])))),
    ]
    assert all(order == orders[0] for order in orders)


def test_the_right_answer_may_stand_anywhere():
    letters = set()
    for n in range(60):
        choices = [{"text": str(i), "why": "…", "right": i == 0} for i in range(3)]
        (question,) = Quiz([{"text": f"Question {n}?", "choices": choices}]).questions
        letters.add([c["right"] for c in question["choices"]].index(True))
    assert letters == {0, 1, 2}


def test_again_forgets_every_answer(page_of):
    page = page_of(Quiz([CHOICE, NUMBER]))
    again = page.get_by_role("button", name="Start again")
    assert again.get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="2").click()
    page.get_by_label("Your answer").fill("0.33")
    page.keyboard.press("Enter")
    assert page.inner_text("[data-number=score]") == "2 of 2 right"
    page.evaluate(oracle.LISTEN)
    again.press("Enter")
    assert page.inner_text("[data-number=score]") == "0 of 2 right"
    assert "0 of 2 right" in page.evaluate("spoken")
    assert page.evaluate("document.activeElement.textContent") == "Start again"
    assert said(page, 0) == said(page, 1) == ""
    assert page.get_by_label("Your answer").input_value() == ""
    assert again.get_attribute("aria-disabled") == "true"


def test_answers_survive_a_reload_and_other_questions_do_not_get_them(page_of):
    page = page_of(Quiz([CHOICE, NUMBER]), Quiz([NUMBER, COUNT]))
    page.get_by_role("button", name="2").first.click()
    page.reload()
    assert said(page, 0).startswith("✓ Right.")
    assert page.inner_text("[data-number=score] >> nth=0") == "1 of 2 right"
    assert page.inner_text("[data-number=score] >> nth=1") == "0 of 2 right"
    page.get_by_role("button", name="Start again").first.click()
    page.reload()
    assert page.inner_text("[data-number=score] >> nth=0") == "0 of 2 right"


def test_what_else_is_kept_under_its_name_is_no_answer(page_of):
    page = page_of(Quiz([CHOICE, NUMBER]))
    page.get_by_role("button", name="2").click()
    others = ('\'["a", "b"]\'', "'[\"length\", 0]'", '\'{"0": 1, "1": 0}\'')
    for kept in ('"[7, 1]"', '"[0]"', '"{"', '"null"', *others):
        page.evaluate(
            f"for (const key of Object.keys(localStorage)) localStorage[key] = {kept}"
        )
        page.reload()
        assert page.inner_text("[data-number=score]") == "0 of 2 right"


def test_a_verdict_goes_when_its_number_is_edited(page_of):
    page = page_of(Quiz([NUMBER]))
    page.get_by_label("Your answer").fill("0.33")
    page.keyboard.press("Enter")
    assert said(page, 0).startswith("✓ Right.")
    page.keyboard.type("9")
    assert said(page, 0) == ""
    assert page.inner_text("[data-number=score]") == "0 of 1 right"
    assert page.get_by_label("Your answer").input_value() == "0.339"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([2, None], r"answers\[0\] must be at most 1, not 2"),
        ([-1, None], r"answers\[0\] must be at least 0, not -1"),
        ([0.5, None], r"answers\[0\] must be a whole number, not 0.5"),
        ([None, float("nan")], r"answers\[1\] must be a finite number"),
        ([None, "0.3"], r"answers\[1\] must be a number, not the text '0.3'"),
        ([None], "one entry for each of the 2 questions, not 1"),
    ],
)
def test_answers_that_no_question_has_are_refused(answers, words):
    quiz = Quiz([CHOICE, NUMBER])
    with pytest.raises((TypeError, ValueError), match=words):
        quiz.answers = answers
    assert quiz.score == 0
