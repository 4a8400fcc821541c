"""Quiz questions in Moodle's XML and in GIFT."""

import base64
import re
from collections.abc import Iterator

from d2lmini.course.items import Element, Item, make, plain, written
from d2lmini.widgets.quiz import rich


def moodle(title: str, items: list[Item]) -> bytes:
    """Moodle XML: one category for each chapter, pictures inside."""
    root, chapter = make("quiz"), None
    for one in items:
        if one.chapter != chapter:
            chapter = one.chapter
            path = (
                f"$course$/top/{title.replace('/', '//')}/{chapter.replace('/', '//')}"
            )
            category = make("category", make("text", path))
            root.append(make("question", category, type="category"))
        root.append(_moodle_question(one))
    return written(root)


def _moodle_question(one: Item) -> Element:
    text = make("questiontext", format="html")
    text.append(
        make(
            "text", one.html(f"@@PLUGINFILE@@/{one.picture[0]}" if one.picture else "")
        )
    )
    if one.picture is not None:
        name, content = one.picture
        data = base64.b64encode(content).decode()
        text.append(make("file", data, name=name, path="/", encoding="base64"))
    head = [make("name", make("text", one.id)), text, make("defaultgrade", "1")]
    if one.choices:
        kind, body = "multichoice", list(_moodle_choices(one))
    else:
        kind, body = "numerical", list(_moodle_numbers(one))
    return make("question", *head, *body, type=kind)


def _moodle_answer(text: str, fraction: float, why: str, *more: Element) -> Element:
    feedback = make("feedback", make("text", rich(why)), format="html")
    return make("answer", make("text", text), feedback, *more, fraction=f"{fraction:g}")


def _moodle_choices(one: Item) -> Iterator[Element]:
    yield make("single", "true" if len(one.right) == 1 else "false")
    yield make("shuffleanswers", "true")
    yield make("answernumbering", "ABCD")
    for letter, choice in one.choices.items():
        share = 100 / len(one.right) if letter in one.right else 0
        made = _moodle_answer(rich(choice["text"]), round(share, 5), choice["why"])
        made.set("format", "html")
        yield made


def _moodle_numbers(one: Item) -> Iterator[Element]:
    tolerance = make("tolerance", plain(one.tolerance))
    for value, name, why in one.said:
        yield _moodle_answer(value, 100 * (name == "RIGHT"), why, tolerance)
    yield _moodle_answer("*", 0, one.question["otherwise"], make("tolerance", "0"))
    if one.question["unit"]:
        unit = (make("multiplier", "1"), make("unit_name", one.question["unit"]))
        yield make("units", make("unit", *unit))
        yield make("unitgradingtype", "0")  # naming the unit is free
        yield make("showunits", "3")


def gift(title: str, items: list[Item]) -> bytes:
    """GIFT, which many platforms read; it holds no pictures: ValueError for one.

    Nor does it hold what is said to a number that nobody has foreseen.
    """
    parts, chapter = [], None
    for one in items:
        if one.picture is not None:
            raise ValueError(
                f"{one.id} has a picture, which GIFT cannot hold: --to moodle."
            )
        if one.chapter != chapter:
            chapter = one.chapter
            parts.append(
                f"$CATEGORY: $course$/top/{title}/{chapter.replace('/', '//')}"
            )
        lines = _gift_choices(one) if one.choices else _gift_numbers(one)
        text = _gift(rich(one.question["text"]))
        begin = "{" if one.choices else "{#"
        parts.append(
            "\n".join([f"::{_gift(one.id)}::[html]{text} {begin}", *lines, "}"])
        )
    return ("\n\n".join(parts) + "\n").encode()


def _gift(text: str) -> str:
    return re.sub(r"([~=#{}:\\])", r"\\\1", " ".join(text.split()))


def _gift_choices(one: Item) -> Iterator[str]:
    for letter, choice in one.choices.items():
        share = f"~%{100 / len(one.right):.5g}%"
        sign = "~" if letter not in one.right else "=" if len(one.right) == 1 else share
        yield f"  {sign}{_gift(rich(choice['text']))}#{_gift(rich(choice['why']))}"


def _gift_numbers(one: Item) -> Iterator[str]:
    for value, name, why in one.said:
        share = "" if name == "RIGHT" else "%0%"
        yield f"  ={share}{value}:{plain(one.tolerance)}#{_gift(rich(why))}"
