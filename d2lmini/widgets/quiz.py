"""Self-check questions with an explanation for every answer.

A question is a dict with `text` and either
`choices`: [{"text", "why", "right": true}, …], or
`answer`: a number, with `why`, and optionally `tolerance`, `unit`,
`wrong`: [[number, why], …] for likely slips, and `otherwise` for all the rest.
Texts are plain, with `code` between backticks.  A `picture`, a PNG, JPEG, GIF or SVG as
a data: address, may stand below the text; `alt` then says what is to be seen on it.

In a notebook the questions stand packed, so that nobody reads the answers by
accident: `python -m d2lmini.widgets pack questions.json` prints the argument.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
import textwrap
import zlib
from html import escape
from typing import Any

from traitlets import List, Unicode, validate

from d2lmini.arguments import real, whole
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import tidy

Question = dict[str, Any]


def pack(questions: list[Question]) -> str:
    """Questions as wrapped base64 text, checked on the way."""
    checked = [check(question) for question in questions]
    text = json.dumps(checked, ensure_ascii=False, separators=(",", ":"))
    coded = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return textwrap.fill(coded, 76)


def unpack(packed: str) -> list[Question]:
    """The questions in text made by `pack`; ValueError if it is damaged."""
    try:
        raw = zlib.decompress(base64.b64decode("".join(packed.split()), validate=True))
        questions = [check(question) for question in json.loads(raw)]
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(
            f"The packed questions are damaged ({error}); copy the whole text again, "
            "or make it anew with `python -m d2lmini.widgets pack FILE`."
        ) from None
    return questions


def check(question: Question) -> Question:
    """The question with its numbers made plain; ValueError says what it lacks."""
    text = question.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"A question has no `text`: {question!r}.")
    if ("choices" in question) == ("answer" in question):
        raise ValueError(f"{text!r} needs either `choices` or `answer`.")
    made = _choices(question) if "choices" in question else _numeric(question)
    if picture(question) is not None:
        if not str(question.get("alt") or "").strip():
            raise ValueError(f"The picture of {text!r} has no `alt` that describes it.")
        made |= {"picture": question["picture"], "alt": question["alt"]}
    return made


def picture(question: Question) -> tuple[str, bytes] | None:
    """The ending (such as "png") and the bytes of a question's picture, if it has one.

    Raises ValueError for what is not a picture as a data: address.
    """
    if (source := question.get("picture")) is None:
        return None
    found = re.fullmatch(r"data:image/(png|jpeg|gif|svg\+xml);base64,(.+)", str(source))
    try:
        if found is None:
            raise ValueError("it is not a data: address of a PNG, JPEG, GIF or SVG")
        return found[1].partition("+")[0], base64.b64decode(found[2], validate=True)
    except ValueError as error:
        what = f"{question.get('text')!r} cannot be read: {error}"
        raise ValueError(
            f"The picture of {what}; give data:image/png;base64,…."
        ) from None


def _choices(question: Question) -> Question:
    choices = question["choices"]
    if len(choices) < 2 or not any(c.get("right") for c in choices):
        raise ValueError(f"{question['text']!r} needs two choices or more, one right.")
    for choice in choices:
        if not choice.get("text") or not choice.get("why"):
            raise ValueError(f"A choice lacks `text` or `why` in {question['text']!r}.")
    plain = [
        {"text": c["text"], "why": c["why"], "right": bool(c.get("right"))}
        for c in choices
    ]
    return {"text": question["text"], "choices": shuffled(question["text"], plain)}


def shuffled(text: str, choices: list[Question]) -> list[Question]:
    """`choices` in an order drawn from the texts: the same wherever they are shown.

    Whoever writes the right one first, or anywhere else, gives nothing away.
    """

    def draw(choice: Question) -> str:
        return hashlib.sha256(f"{text}\0{choice['text']}".encode()).hexdigest()

    return sorted(choices, key=draw)


def _numeric(question: Question) -> Question:
    if not question.get("why"):
        raise ValueError(f"{question['text']!r} lacks `why`.")
    return {
        "text": question["text"],
        "answer": tidy(question["answer"]),
        "tolerance": tidy(question.get("tolerance", 0)),
        "unit": question.get("unit", ""),
        "why": question["why"],
        "wrong": [[tidy(number), why] for number, why in question.get("wrong", [])],
        "otherwise": question.get("otherwise", "Not yet. Try once more."),
    }


def rich(text: str) -> str:
    """Escaped HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _shown(question: Question) -> str:
    if "picture" not in question:
        return ""
    return f'<p><img src="{question["picture"]}" alt="{escape(question["alt"])}"></p>'


class Quiz(Figure):
    """Questions on one figure; takes packed texts, or lists of question dicts.

    `answers` holds the last answer to each question: the index of a choice, a
    number, or None.
    """

    module = "quiz"
    title = Unicode("Check yourself").tag(sync=True)
    questions: List[Any] = List().tag(sync=True)
    answers: List[Any] = List().tag(sync=True)

    def __init__(self, *parts: str | list[Question], **state: Any) -> None:
        lists = [unpack(part) if isinstance(part, str) else part for part in parts]
        questions = [check(question) for part in lists for question in part]
        if not questions:
            raise ValueError("A quiz needs a question: give packed text or a list.")
        state.setdefault("answers", [None] * len(questions))
        super().__init__(questions=questions, **state)

    @validate("answers")
    def _answers_fit(self, proposal: Any) -> list[Any]:
        answers: list[Any] = proposal["value"]
        if len(answers) != len(self.questions):
            raise ValueError(
                f"answers must hold one entry for each of the {len(self.questions)} "
                f"questions, not {len(answers)}."
            )
        for i, (question, answer) in enumerate(
            zip(self.questions, answers, strict=True)
        ):
            if answer is None:
                continue
            if "choices" in question:
                whole(
                    f"answers[{i}]", answer, least=0, most=len(question["choices"]) - 1
                )
            else:
                real(f"answers[{i}]", answer)
        return answers

    def is_right(self, index: int) -> bool:
        """Whether the last answer to question `index` is right."""
        question, answer = self.questions[index], self.answers[index]
        if answer is None:
            return False
        if "choices" in question:
            return bool(question["choices"][answer]["right"])
        return math.isclose(
            answer, question["answer"], rel_tol=1e-9, abs_tol=question["tolerance"]
        )

    @property
    def score(self) -> int:
        """How many questions are answered correctly now."""
        return sum(self.is_right(i) for i in range(len(self.questions)))

    def describe(self) -> str:
        """One line: how many questions."""
        return f"Quiz: {len(self.questions)} questions"

    def still(self) -> str:
        """The questions and choices as a list, without the answers."""
        items = []
        for question in self.questions:
            choices = "".join(
                f"<li>{rich(c['text'])}</li>" for c in question.get("choices", [])
            )
            choices = choices and f'<ol type="A">{choices}</ol>'
            items.append(
                f"<li>{rich(question['text'])}{_shown(question)}{choices}</li>"
            )
        return f'<p class="d2l-title">{escape(self.title)}</p><ol>{"".join(items)}</ol>'
