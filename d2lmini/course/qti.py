"""Quiz questions as packages of QTI 1.2 and QTI 2.1."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from d2lmini.course.items import Element, Item, make, pictures, plain, written, zipped
from d2lmini.widgets.quiz import rich

#: In a package of Canvas, the folder into which its files are unpacked.
FILES = "$IMS-CC-FILEBASE$"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
QTI12 = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
QTI21 = "http://www.imsglobal.org/xsd/imsqti_v2p1"

# --- QTI 1.2 ----------------------------------------------------------------------


def qti12(title: str, items: list[Item]) -> bytes:
    """A package of QTI 1.2 as Canvas and others import it."""
    section = make("section", *map(_qti12_item, items), ident="section")
    quiz = make("assessment", section, ident="quiz", title=title)
    root = make("questestinterop", quiz, xmlns=QTI12)
    resources = [_resource("quiz", "imsqti_xmlv1p2", "quiz/quiz.xml", [])]
    for name, _ in pictures(items):
        resources.append(_resource(_id(name), "webcontent", f"files/{name}", []))
    manifest = _manifest("IMS Content", "1.1.3", resources)
    shown = ((f"files/{name}", data) for name, data in pictures(items))
    return zipped(
        [("imsmanifest.xml", manifest), ("quiz/quiz.xml", written(root)), *shown]
    )


def _id(name: str) -> str:
    """`name` as an identifier of XML."""
    return "i-" + re.sub(r"[^A-Za-z0-9_.-]", "-", name)


def _resource(
    name: str, kind: str, place: str, needs: list[str], *more: str
) -> Element:
    files = [make("file", href=one) for one in (place, *more)]
    wanted = [make("dependency", identifierref=one) for one in needs]
    return make("resource", *files, *wanted, identifier=name, type=kind, href=place)


def _manifest(schema: str, version: str, resources: list[Element]) -> bytes:
    about = make("metadata", make("schema", schema), make("schemaversion", version))
    inner = about, make("organizations"), make("resources", *resources)
    return written(make("manifest", *inner, identifier="manifest", xmlns=PACKAGE))


def _qti12_item(one: Item) -> Element:
    kind = "numerical_question"
    if one.choices:
        single = len(one.right) == 1
        kind = "multiple_choice_question" if single else "multiple_answers_question"
    fields = (("question_type", kind), ("points_possible", "1"))
    metadata = make(
        "qtimetadata",
        *(
            make("qtimetadatafield", make("fieldlabel", k), make("fieldentry", v))
            for k, v in fields
        ),
    )
    source = f"{FILES}/{one.picture[0]}" if one.picture else ""
    made = make("item", make("itemmetadata", metadata), ident=_id(one.id), title=one.id)
    body = _qti12_choices(one) if one.choices else _qti12_number(one)
    made.append(make("presentation", _mattext(one.html(source)), body))
    outcome = make(
        "decvar", varname="SCORE", vartype="Decimal", minvalue=0, maxvalue=100
    )
    made.append(make("resprocessing", make("outcomes", outcome), *_qti12_rules(one)))
    for name, why in _qti12_said(one):
        flow = make("flow_mat", _mattext(rich(why)))
        made.append(make("itemfeedback", flow, ident=f"{name}_fb"))
    return made


def _mattext(html: str) -> Element:
    return make("material", make("mattext", html, texttype="text/html"))


def _qti12_said(one: Item) -> Iterator[tuple[str, str]]:
    if one.choices:
        yield from ((letter, x["why"]) for letter, x in one.choices.items())
    else:
        yield from ((name, why) for _, name, why in one.said)
        yield "OTHERWISE", one.question["otherwise"]


def _qti12_choices(one: Item) -> Element:
    labels = (
        make("response_label", _mattext(rich(x["text"])), ident=letter)
        for letter, x in one.choices.items()
    )
    many = "Single" if len(one.right) == 1 else "Multiple"
    choice = make("render_choice", *labels, shuffle="Yes")
    return make("response_lid", choice, ident="response1", rcardinality=many)


def _qti12_number(one: Item) -> Element:
    field = make(
        "render_fib", make("response_label", ident="answer1"), fibtype="Decimal"
    )
    return make("response_str", field, ident="response1", rcardinality="Single")


def _qti12_rules(one: Item) -> Iterator[Element]:
    """What is said to each answer, then the points.

    To an importer that looks for intervals, only what holds one is an answer: a slip
    is therefore a single number.
    """
    for name, value in _qti12_equal(one):
        yield _rule([_compared("varequal", value)], name, more=True)
    if one.choices:
        wrong = [
            make("not", _compared("varequal", x))
            for x in one.choices
            if x not in one.right
        ]
        right = [_compared("varequal", x) for x in one.right]
        found = right if len(right) == 1 else [make("and", *right, *wrong)]
        yield _rule(found, "", points=100)
    else:
        answer, slack = one.question["answer"], one.tolerance
        ends = plain(answer - slack), plain(answer + slack)
        inside = map(_compared, ("vargte", "varlte"), ends)
        exact = _compared("varequal", plain(answer))
        both = make("or", exact, make("and", *inside))
        yield _rule([both], "RIGHT", points=100)
        yield _rule([make("other")], "OTHERWISE")


def _qti12_equal(one: Item) -> Iterator[tuple[str, str]]:
    if one.choices:
        yield from zip(one.choices, one.choices, strict=True)
    else:
        yield from ((name, value) for value, name, _ in one.said if name != "RIGHT")


def _compared(tag: str, value: str) -> Element:
    return make(tag, value, respident="response1")


def _rule(
    found: list[Element], said: str, *, points: int = 0, more: bool = False
) -> Element:
    made = make(
        "respcondition",
        make("conditionvar", *found),
        continue_="Yes" if more else "No",
    )
    if points:
        made.append(make("setvar", str(points), varname="SCORE", action="Set"))
    if said:
        link = {"feedbacktype": "Response", "linkrefid": f"{said}_fb"}
        made.append(make("displayfeedback", **link))
    return made


# --- QTI 2.1 ----------------------------------------------------------------------


def qti21(title: str, items: list[Item]) -> bytes:
    """A package of QTI 2.1: a file for each question, and a test that asks them all."""
    files = [(f"items/{one.id}.xml", written(_qti21_item(one))) for one in items]
    files += [(f"items/{name}", data) for name, data in pictures(items)]
    kind, resources = "imsqti_item_xmlv2p1", []
    for one in items:
        own = [f"items/{one.picture[0]}"] if one.picture else []
        place = f"items/{one.id}.xml"
        resources.append(_resource(_id(one.id), kind, place, [], *own))
    needs = [_id(one.id) for one in items]
    resources.append(_resource("test", "imsqti_test_xmlv2p1", "test.xml", needs))
    manifest = _manifest("QTIv2.1 Package", "1.0.0", resources)
    test = ("test.xml", written(_qti21_test(title, items)))
    return zipped([("imsmanifest.xml", manifest), test, *files])


def _qti21_test(title: str, items: list[Item]) -> Element:
    asked = (
        make("assessmentItemRef", identifier=_id(one.id), href=f"items/{one.id}.xml")
        for one in items
    )
    section = make(
        "assessmentSection", *asked, identifier="section", title=title, visible="true"
    )
    modes = {"navigationMode": "nonlinear", "submissionMode": "individual"}
    part = make("testPart", section, identifier="part", **modes)
    return make("assessmentTest", part, identifier="quiz", title=title, xmlns=QTI21)


def _qti21_item(one: Item) -> Element:
    kind = "identifier" if one.choices else "float"
    many = "single" if len(one.right) < 2 else "multiple"
    right = one.right or [plain(one.question["answer"])]
    values = make("correctResponse", *(make("value", x) for x in right))
    zero = make("defaultValue", make("value", "0"))
    declared = [
        _declared("responseDeclaration", "RESPONSE", many, kind, values),
        _declared("outcomeDeclaration", "SCORE", "single", "float", zero),
        _declared("outcomeDeclaration", "FEEDBACK", many, "identifier"),
    ]
    rules = _qti21_choice_rules() if one.choices else _qti21_number_rules(one)
    said = (
        make(
            "modalFeedback",
            *_inline(rich(why)),
            outcomeIdentifier="FEEDBACK",
            identifier=name,
            showHide="show",
        )
        for name, why in _qti12_said(one)
    )
    return make(
        "assessmentItem",
        *declared,
        _qti21_body(one),
        make("responseProcessing", *rules),
        *said,
        xmlns=QTI21,
        identifier=_id(one.id),
        title=one.id,
        adaptive="false",
        timeDependent="false",
    )


def _declared(tag: str, name: str, many: str, kind: str, *inner: Element) -> Element:
    return make(tag, *inner, identifier=name, cardinality=many, baseType=kind)


def _inline(html: str) -> list[Element]:
    """A piece of HTML as one paragraph of XML."""
    return [ElementTree.fromstring(f"<p>{html}</p>")]


def _qti21_body(one: Item) -> Element:
    source = one.picture[0] if one.picture else ""
    asked = list(ElementTree.fromstring(f"<div>{one.html(source)}</div>"))
    if one.choices:
        choices = []
        for letter, x in one.choices.items():
            choice = ElementTree.fromstring(
                f"<simpleChoice>{rich(x['text'])}</simpleChoice>"
            )
            choice.set("identifier", letter)
            choices.append(choice)
        most = len(one.right) if len(one.right) < 2 else 0  # 0: as many as one likes
        field = make(
            "choiceInteraction",
            *choices,
            responseIdentifier="RESPONSE",
            shuffle="true",
            maxChoices=most,
        )
    else:
        entry = make(
            "textEntryInteraction", responseIdentifier="RESPONSE", expectedLength=12
        )
        entry.tail = f" {one.question['unit']}" if one.question["unit"] else ""
        field = make("p", entry)
    return make("itemBody", *asked, field)


def _set(name: str, value: Element) -> Element:
    return make("setOutcomeValue", value, identifier=name)


def _qti21_choice_rules() -> list[Element]:
    answer = make("variable", identifier="RESPONSE")
    right = make("match", answer, make("correct", identifier="RESPONSE"))
    point = _set("SCORE", make("baseValue", "1", baseType="float"))
    found = make("responseIf", right, point)
    return [make("responseCondition", found), _set("FEEDBACK", answer)]


def _qti21_number_rules(one: Item) -> list[Element]:
    branches: list[Element] = []
    for value, name, _ in one.said:
        ends = (float(value) + sign * one.tolerance for sign in (-1, 1))
        inside = make("and", *map(_bounded, ("gte", "lte"), map(plain, ends)))
        then = [_set("FEEDBACK", make("baseValue", name, baseType="identifier"))]
        if name == "RIGHT":
            then.append(_set("SCORE", make("baseValue", "1", baseType="float")))
        tag = "responseElseIf" if branches else "responseIf"
        branches.append(make(tag, inside, *then))
    last = make("baseValue", "OTHERWISE", baseType="identifier")
    branches.append(make("responseElse", _set("FEEDBACK", last)))
    return [make("responseCondition", *branches)]


def _bounded(tag: str, end: str) -> Element:
    answer = make("variable", identifier="RESPONSE")
    return make(tag, answer, make("baseValue", end, baseType="float"))
