"""The quiz: an explanation for each answer, by mouse and by keyboard."""

import json
import runpy

import oracle
import pytest

from d2lmini.widgets import Quiz
from d2lmini.widgets.quiz import pack, unpack

CHOICE = {
    "text": "Which `stride` halves 8?",
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


def said(page, index):
    return page.inner_text(f"[data-question='{index}'] [role=status]")


def test_every_choice_is_explained_at_once(page_of):
    page = page_of(Quiz([CHOICE]))
    page.get_by_role("button", name="1").click()
    assert said(page, 0) == "✗ Not quite. That keeps 8."
    page.get_by_role("button", name="2").focus()
    page.keyboard.press("Enter")
    assert said(page, 0) == "✓ Right. 8 / 2 = 4."
    assert oracle.state_of(page, 0, "answers") == {"answers": [1]}
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


def test_packer_and_unpacker_on_the_command_line(tmp_path, monkeypatch, capsys):
    file = tmp_path / "questions.json"
    file.write_text(json.dumps([CHOICE]), encoding="utf-8")
    for action in ("pack", "unpack"):
        monkeypatch.setattr("sys.argv", ["d2lmini.widgets", action, str(file)])
        runpy.run_module("d2lmini.widgets", run_name="__main__")
        file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == unpack(pack([CHOICE]))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"answer": 1}, "no `text`"),
        ({"text": "?"}, "either `choices` or `answer`"),
        ({"text": "?", "answer": 1}, "lacks `why`"),
        ({"text": "?", "choices": CHOICE["choices"][:1] * 2}, "one right"),
        ({"text": "?", "choices": [{"text": "a", "right": True}] * 2}, "lacks `text`"),
    ],
)
def test_incomplete_questions_are_refused(question, words):
    with pytest.raises(ValueError, match=words):
        Quiz([question])


def test_questions_can_be_read_without_javascript(page_of):
    page = page_of(Quiz([CHOICE, NUMBER]), java_script_enabled=False)
    text = page.inner_text(".d2l-still")
    assert "Which stride halves 8?" in text and "1/3 to two places?" in text
    assert "That keeps 8" not in text


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_looks(page_of, theme, width):
    page = page_of(Quiz([CHOICE, NUMBER, COUNT]), theme=theme, width=width)
    oracle.read(page, [{"answers": [0, 0.333, None]}])
    assert oracle.overflow(page) <= 0
    assert oracle.low_contrast(page) == []
    assert oracle.unnamed(page) == []
