"""Self-check questions with an explanation for every answer.

A question is a dict with `text` and either
`choices`: [{"text", "why", "right": true}, …], 2 to 8 of them, or
`answer`: a number, with `why`, and optionally `tolerance`, `unit`,
`wrong`: [[number, why], …] for likely slips, and `otherwise` for all the rest.
Texts are plain, with `code` between backticks.  A `picture`, a PNG, JPEG, GIF or SVG as
a data: address, may stand below the text; `alt` then says what is to be seen on it.
A null, and an optional text that is empty, count as not given.

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
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from traitlets import List, Unicode, validate

from d2lmini.arguments import found, listed, real, truth, whole
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import finite

Question = dict[str, Any]

LETTERS = "ABCDEFGH"  # of the choices, as in quiz.js
CHOICES = ("choices",)
NUMERIC = ("answer", "why", "tolerance", "unit", "wrong", "otherwise")
PICTURE = ("picture", "alt")
OPTIONAL = ("picture", "unit", "otherwise")  # texts
#: signs that no XML holds, and so no platform; a text out of a PDF may have some
UNSEEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def pack(questions: list[Question]) -> str:
    """Questions as wrapped base64 text, checked on the way."""
    text = json.dumps(check_all(questions), ensure_ascii=False, separators=(",", ":"))
    coded = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return textwrap.fill(coded, 76)


def unpack(packed: str) -> list[Question]:
    """The questions in text made by `pack`; ValueError if it is damaged.

    Or if they cannot be asked: then the text is as it was packed.
    """
    try:
        raw = zlib.decompress(base64.b64decode("".join(packed.split()), validate=True))
        questions = json.loads(raw)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(
            f"The packed questions are damaged ({error}); copy the whole text again, "
            "or make it anew with `python -m d2lmini.widgets pack FILE`."
        ) from None
    return check_all(questions)


def read(path: Path) -> list[Question]:
    """The questions of a file, JSON or packed; ValueError for what holds none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        packed = not text.lstrip().startswith(("[", "{"))
        questions = unpack(text) if packed else check_all(json.loads(text))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} holds no questions: {error}") from None
    if not questions:
        raise ValueError(f"{path} holds no questions: write one or more into its list.")
    return questions


def check_all(questions: Iterable[Any]) -> list[Question]:
    """Each of `questions` as `check` makes it; ValueError for what is no list."""
    if not isinstance(questions, (list, tuple)):
        raise ValueError(
            f"The questions are {found(questions)}: give a list of them, [{{…}}, …]."
        )
    return [check(question) for question in questions]


def check(question: Question) -> Question:
    """The question with its numbers made plain; ValueError says what it lacks."""
    if not isinstance(question, Mapping):
        raise ValueError(f"A question is {found(question)}: give a dict with `text`.")
    given = _given(question)
    try:
        made = _checked(given)
    except (TypeError, ValueError) as error:
        named, why = given.get("text", question), str(error).rstrip(".")
        raise ValueError(f"The question {named!r}: {why}.") from None
    if picture(given) is not None:
        made |= {"picture": given["picture"], "alt": given["alt"]}
    return made


def _given(entry: Mapping[str, Any]) -> Question:
    """`entry` without what counts as not given."""
    return {
        key: value
        for key, value in entry.items()
        if value is not None and not (key in OPTIONAL and _empty(value))
    }


def _empty(text: Any) -> bool:
    return isinstance(text, str) and not text.strip()


def _checked(given: Question) -> Question:
    _words(given, "text")
    if ("choices" in given) == ("answer" in given):
        raise ValueError("it needs either `choices` or `answer`")
    _known(given, "text", *PICTURE, *(CHOICES if "choices" in given else NUMERIC))
    if "picture" in given:
        _words(given, "alt")
    return _choices(given) if "choices" in given else _numeric(given)


def _known(given: Mapping[str, Any], *known: str) -> None:
    for key in given:
        if key not in known:
            raise ValueError(f"{key!r} is no key: there are {', '.join(known)}")


def _words(given: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """The text called `key`; ValueError for none, or one that no file can hold."""
    text = given.get(key, default)
    if text is None:
        raise ValueError(f"`{key}` is missing")
    if _empty(text) and text != default:
        raise ValueError(f"`{key}` is empty: give words")
    if not isinstance(text, str):
        raise ValueError(f"`{key}` is {found(text)}: give words")
    if unseen := UNSEEN.search(text):
        raise ValueError(f"`{key}` holds the sign {unseen[0]!r}: take it out")
    return text


def _plain(given: Any, key: str) -> int | float:
    """`given` with 15 digits, which hide what a sum such as 0.1 + 0.2 leaves over."""
    value = finite(given)
    if value is None:
        raise ValueError(f"`{key}` is {found(given)}: give a finite number")
    short = value if isinstance(value, int) else float(f"{value:.15g}")
    return int(short) if short == int(short) else short


def picture(question: Question) -> tuple[str, bytes] | None:
    """The ending (such as "png") and the bytes of a question's picture, if it has one.

    Raises ValueError for what is not a picture as a data: address.
    """
    if (source := question.get("picture")) is None:
        return None
    data = re.fullmatch(r"data:image/(png|jpeg|gif|svg\+xml);base64,(.+)", str(source))
    try:
        if data is None:
            raise ValueError("it is not a data: address of a PNG, JPEG, GIF or SVG")
        return data[1].partition("+")[0], base64.b64decode(data[2], validate=True)
    except ValueError as error:
        what = f"{question.get('text')!r} cannot be read: {error}"
        raise ValueError(
            f"The picture of {what}; give data:image/png;base64,…."
        ) from None


def _choices(given: Question) -> Question:
    choices = listed("`choices`", given["choices"], "give a list of dicts")
    if len(choices) > len(LETTERS):
        raise ValueError(f"it has {len(choices)} choices; give {len(LETTERS)} at most")
    plain = [_choice(choice) for choice in choices]
    if len(plain) < 2 or not any(choice["right"] for choice in plain):
        raise ValueError("it needs two choices or more, one right")
    return {"text": given["text"], "choices": shuffled(given["text"], plain)}


def _choice(choice: Any) -> Question:
    if not isinstance(choice, Mapping):
        raise ValueError(f"a choice is {found(choice)}: give a dict")
    given = _given(choice)
    try:
        _known(given, "text", "why", "right")
        made: Question = {key: _words(given, key) for key in ("text", "why")}
        return made | {"right": _right(given.get("right", False))}
    except ValueError as error:
        raise ValueError(f"in its choice {choice.get('text')!r}, {error}") from None


def _right(value: Any) -> bool:
    try:
        return truth("right", value)
    except TypeError:  # which has Python's words, not those of a file
        raise ValueError(
            f"`right` is {found(value)}: give true or false, in Python True or False"
        ) from None


def shuffled(text: str, choices: list[Question]) -> list[Question]:
    """`choices` in an order drawn from the texts: the same wherever they are shown.

    Whoever writes the right one first, or anywhere else, gives nothing away.
    """

    def draw(choice: Question) -> str:
        return hashlib.sha256(f"{text}\0{choice['text']}".encode()).hexdigest()

    return sorted(choices, key=draw)


def _numeric(given: Question) -> Question:
    tolerance = _plain(given.get("tolerance", 0), "tolerance")
    if tolerance < 0:
        raise ValueError(f"`tolerance` is {tolerance}: give 0 or more")
    wrong = listed("`wrong`", given.get("wrong", ()), "give a list, [[number, why], …]")
    return {
        "text": given["text"],
        "answer": _plain(given["answer"], "answer"),
        "tolerance": tolerance,
        "unit": _words(given, "unit", ""),
        "why": _words(given, "why"),
        "wrong": [made for slip in wrong if (made := _slip(slip)) is not None],
        "otherwise": _words(given, "otherwise", "Not yet. Try once more."),
    }


def _slip(slip: Any) -> list[Any] | None:
    """A likely slip; None for one with an empty why, to which `otherwise` is said."""
    if not isinstance(slip, (list, tuple)) or len(slip) != 2:
        raise ValueError(f"`wrong` holds {found(slip)}: give [number, why]")
    number, why = _plain(slip[0], "wrong"), slip[1]
    if why is None or _empty(why):
        return None
    return [number, _words({"wrong": why}, "wrong")]


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
        lists = [
            unpack(part) if isinstance(part, str) else check_all(part) for part in parts
        ]
        questions = [question for part in lists for question in part]
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
