"""Quiz questions as packages: read back by readers written from the formats' own texts.

Each reader answers a question as a platform would, and says points and words.  The
readers of others (QTI in pyslet, GIFT in pygiftparser, Moodle's XML in
moodle_xml_parser) open the same files in `make course-test`, which fetches them.
"""

import ast
import base64
import io
import json
import logging
import re
import zipfile
from functools import cache
from html import unescape
from xml.etree import ElementTree

import pytest

from d2lmini.course import bank, quizzes
from d2lmini.widgets.quiz import Quiz, check, rich
from tools.book import ROOT

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
ADDRESS = "data:image/png;base64," + base64.b64encode(PNG).decode()
OWN = [
    {
        "text": 'What is *this*: `x < y`, {a} & "b" = ~c#?',
        "picture": ADDRESS,
        "alt": 'One "dot" & <nothing>',
        "choices": [
            {"text": "a ~dot: = {1}", "why": "It is #1.", "right": True},
            {"text": "`a < b`", "why": "a\\b"},
        ],
    },
    {
        "text": "Which are even?",
        "choices": [
            {"text": "2", "why": "Twice 1.", "right": True},
            {"text": "3", "why": "Odd."},
            {"text": "4", "why": "Twice 2.", "right": True},
        ],
    },
    {
        "text": "A third of −1, in thousandths?",
        "answer": -333.3333,
        "tolerance": 0.5,
        "unit": "m‰",
        "why": "−1000 / 3",
        "wrong": [[333.3333, "The sign."], [0.00001, "Nearly nothing."]],
    },
    {"text": "How little?", "answer": 2.5e-13, "why": "½ · ½ · 10⁻¹²"},
    {
        "text": "Which comes last?",
        "choices": [
            {"text": f"the {x}", "why": "…", "right": x == "h"} for x in "abcdefgh"
        ],
    },
]
MINE = [bank.Item(f"own-{n}", "Mine/own", check(x)) for n, x in enumerate(OWN, 1)]


@cache
def items():
    """The questions of the book."""
    return bank.of_book(ROOT / "book", [])


@cache
def every():
    return [*items(), *MINE]


def local(element):
    return element.tag.rpartition("}")[2]


def inner(element):
    """The HTML in an element of XML, without the names of spaces."""
    text = ElementTree.tostring(element, encoding="unicode")
    return re.sub(r"</?[\w:]+[^>]*>\s*$|^<[^>]+>", "", text).replace("ns0:", "")


def tries(one):
    """Answers that somebody may give, with the points and the words that are due."""
    if one.choices:
        for letter, choice in one.choices.items():
            yield letter, float(one.right == [letter]), choice["why"]
        return
    slack = one.question["tolerance"]
    yield one.question["answer"], 1.0, one.question["why"]
    yield one.question["answer"] + slack * 0.99, 1.0, one.question["why"]
    for number, why in one.question["wrong"]:
        yield number, 0.0, why
    yield 123456.789, 0.0, one.question["otherwise"]


# --- the readers ------------------------------------------------------------------


class Moodle:
    """As question/format/xml/format.php and the question types judge."""

    def __init__(self, content):
        root = ElementTree.fromstring(content)
        assert root.tag == "quiz"
        kinds = {one.get("type") for one in root}
        assert kinds <= {"category", "multichoice", "numerical"}
        asked = [one for one in root if one.get("type") != "category"]
        self.by_id = {one.findtext("name/text"): one for one in asked}
        assert len(self.by_id) == len(asked)

    def ask(self, name, answer):
        one = self.by_id[name]
        for option in one.findall("answer"):
            text = option.findtext("text")
            if one.get("type") == "multichoice":
                hit = answer == text
            else:
                slack = float(option.findtext("tolerance"))
                hit = text == "*" or abs(float(text) - answer) <= slack + 1e-15
            if hit:
                share = float(option.get("fraction")) / 100
                return share, option.findtext("feedback/text")
        return 0.0, ""

    def options(self, name):
        return [x.findtext("text") for x in self.by_id[name].findall("answer")]


class Qti12:
    """As the specification of ASI 1.2 says: conditions in turn, `continue` or not."""

    def __init__(self, content):
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        root = ElementTree.fromstring(self.archive.read("quiz/quiz.xml"))
        for one in root.iter():
            one.tag = local(one)
        self.by_id = {one.get("title"): one for one in root.iter("item")}

    def ask(self, name, answer):
        one, score, said = self.by_id[name], 0.0, []
        given = answer if isinstance(answer, list) else [answer]
        for rule in one.iter("respcondition"):
            if not all(self.holds(x, given) for x in rule.find("conditionvar")):
                continue
            score = float(rule.findtext("setvar") or score)
            said += [x.get("linkrefid") for x in rule.findall("displayfeedback")]
            if rule.get("continue") == "No":
                break
        texts = {
            x.get("ident"): x.find(".//mattext").text for x in one.iter("itemfeedback")
        }
        return score / 100, texts[said[0]] if said else ""

    def holds(self, test, given):
        parts = (self.holds(x, given) for x in test)
        match local(test):
            case "and":
                return all(parts)
            case "or":
                return any(parts)
            case "not":
                return not all(parts)
            case "other":
                return True
            case "varequal":
                return any(same(x, test.text) for x in given)
            case "vargte":
                return given[0] >= float(test.text)
            case "varlte":
                return given[0] <= float(test.text)
        raise AssertionError(test.tag)


def same(given, text):
    return given == text if isinstance(given, str) else given == float(text)


class Qti21:
    """As the specification of QTI 2.1 says, for what is used of it."""

    def __init__(self, content):
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        self.by_id = {}
        for name in self.archive.namelist():
            if re.fullmatch(r"items/.*\.xml", name):
                one = ElementTree.fromstring(self.archive.read(name))
                for x in one.iter():
                    x.tag = local(x)
                self.by_id[one.get("title")] = one

    def ask(self, name, answer):
        one = self.by_id[name]
        many = isinstance(answer, list)
        state = {"RESPONSE": answer, "SCORE": 0.0, "FEEDBACK": None}
        right = [x.text for x in one.find("responseDeclaration/correctResponse")]
        state["CORRECT"] = sorted(right) if many else right[0]
        for rule in one.find("responseProcessing"):
            self.run(rule, state)
        said = state["FEEDBACK"][0] if many else state["FEEDBACK"]
        (words,) = (x for x in one.iter("modalFeedback") if x.get("identifier") == said)
        return state["SCORE"], inner(words[0])

    def run(self, rule, state):
        if rule.tag == "setOutcomeValue":
            state[rule.get("identifier")] = self.value(rule[0], state)
            return
        for branch in rule:
            steps = list(branch)
            if branch.tag == "responseElse" or self.value(steps.pop(0), state):
                for step in steps:
                    self.run(step, state)
                return

    def value(self, one, state):
        parts = [self.value(x, state) for x in one]
        match one.tag:
            case "variable":
                return state[one.get("identifier")]
            case "correct":
                return state["CORRECT"]
            case "baseValue":
                return float(one.text) if one.get("baseType") == "float" else one.text
            case "match":
                return parts[0] == parts[1]
            case "gte":
                return parts[0] >= parts[1]
            case "lte":
                return parts[0] <= parts[1]
            case "and":
                return all(parts)
        raise AssertionError(one.tag)


@pytest.fixture(scope="module")
def made():
    return {
        k: make("A & B", every())
        for k, (make, _) in bank.FORMATS.items()
        if k != "gift"
    }


@pytest.mark.parametrize("reader", [Moodle, Qti12, Qti21])
def test_every_answer_gets_its_points_and_its_words(reader, made):
    read = reader(made[reader.__name__.lower()])
    assert set(read.by_id) == {one.id for one in every()}
    for one in every():
        for answer, points, why in tries(one):
            if len(one.right) > 1 and reader is not Moodle:
                answer = [answer]
            if one.choices and reader is Moodle:
                answer = rich(one.choices[answer]["text"])
                points = (answer in ("2", "4")) / 2 if len(one.right) > 1 else points
            found, said = read.ask(one.id, answer)
            words = unescape(said.strip()), unescape(rich(why))
            assert (found, words[0]) == (points, words[1]), (one.id, answer)


def test_of_several_right_choices_all_are_wanted(made):
    for reader in (Qti12(made["qti12"]), Qti21(made["qti21"])):
        right = next(one.right for one in MINE if len(one.right) > 1)
        assert reader.ask("own-2", right)[0] == 1
        assert reader.ask("own-2", ["A", "B", "C"])[0] == 0


def test_the_texts_arrive_as_they_are(made):
    moodle, old, new = (
        Moodle(made["moodle"]),
        Qti12(made["qti12"]),
        Qti21(made["qti21"]),
    )
    for one in every():
        wanted = f"<p>{rich(one.question['text'])}</p>"
        assert moodle.by_id[one.id].findtext("questiontext/text").startswith(wanted)
        assert old.by_id[one.id].find("presentation//mattext").text.startswith(wanted)
        body = new.by_id[one.id].find("itemBody")
        plain = re.sub(r"<[^>]+>", "", rich(one.question["text"]))
        assert (
            "".join(body[0].itertext())
            == ElementTree.fromstring(f"<p>{plain}</p>").text
        )
        texts = [rich(x["text"]) for x in one.choices.values()]
        if one.choices:
            assert moodle.options(one.id) == texts
            labels = old.by_id[one.id].iter("response_label")
            assert [x.find(".//mattext").text for x in labels] == texts
            shown = [inner(x).strip() for x in body.iter("simpleChoice")]
            assert [*map(unescape, shown)] == [*map(unescape, texts)]


def test_pictures_come_along(made):
    one = Moodle(made["moodle"]).by_id["own-1"]
    file = one.find("questiontext/file")
    assert base64.b64decode(file.text) == PNG
    assert f'src="@@PLUGINFILE@@/{file.get("name")}"' in one.findtext(
        "questiontext/text"
    )
    old = Qti12(made["qti12"])
    shown = old.by_id["own-1"].find("presentation//mattext").text
    (source,) = re.findall(r'src="\$IMS-CC-FILEBASE\$/([^"]+)"', shown)
    assert old.archive.read(f"files/{source}") == PNG
    new = Qti21(made["qti21"])
    (image,) = new.by_id["own-1"].find("itemBody").iter("img")
    assert new.archive.read(f"items/{image.get('src')}") == PNG
    assert image.get("alt") == OWN[0]["alt"]


@pytest.mark.parametrize("kind", ["qti12", "qti21"])
def test_the_manifest_names_every_file_and_nothing_else(kind, made):
    archive = zipfile.ZipFile(io.BytesIO(made[kind]))
    root = ElementTree.fromstring(archive.read("imsmanifest.xml"))
    named = [x.get("href") for x in root.iter() if local(x) == "file"]
    assert sorted([*named, "imsmanifest.xml"]) == sorted(archive.namelist())
    names = [x.get("identifier") for x in root.iter() if x.get("identifier")]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in names)
    wanted = {x.get("identifierref") for x in root.iter() if local(x) == "dependency"}
    assert wanted <= set(names)
    assert bank.FORMATS[kind][0]("A & B", every()) == made[kind], (
        "it is always the same"
    )


def test_gift_holds_no_pictures_and_escapes_its_signs():
    with pytest.raises(ValueError, match="own-1 has a picture"):
        bank.gift("A", MINE)
    odd = bank.Item("odd", "B", check(OWN[0] | {"picture": None}))
    text = bank.gift("A", [odd]).decode()
    assert r"\{a\} &amp; &quot;b&quot; \= \~c\#?" in text
    assert r"=a \~dot\: \= \{1\}#It is \#1." in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"picture": "dot.png"}, "not a data: address"),
        ({"picture": "data:image/png;base64,%%"}, "cannot be read"),
        ({"picture": "data:text/html;base64,eA=="}, "not a data: address"),
        ({"alt": " "}, "`alt` is empty"),
    ],
)
def test_a_picture_that_is_none_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        check(OWN[0] | change)


def test_a_picture_is_shown_in_the_quiz_and_in_an_assignment():
    assert f'<img src="{ADDRESS}"' in Quiz(OWN).still()
    text = quizzes.graded("own", 1, check(OWN[0])).cells[0]
    assert "](attachment:picture)" in text.source
    assert text.attachments == {"picture": {"image/png": ADDRESS.partition(",")[2]}}


def test_the_command_takes_chapters_questions_and_files(tmp_path):
    def run(*given):
        place = f"--file={tmp_path / 'made'}"
        asked = bank.parser().parse_args([*given, place, f"--book={ROOT}"])
        said = bank.run(asked)
        return int(said.split()[-2]), (tmp_path / "made").read_bytes()

    count, content = run("lenet", "quiz:pooling:4", "quiz:lenet:2", "--to=moodle")
    names = list(Moodle(content).by_id)
    assert count == len(names) and names[:2] == ["lenet-1", "lenet-2"]
    assert names[-1] == "pooling-4"
    with pytest.raises(ValueError, match=r"no questions lemet: name chapters \(cross"):
        run("lemet", "--to=gift")
    own = tmp_path / "own.json"
    own.write_text(json.dumps(OWN), encoding="utf-8-sig")  # as Notepad writes it
    assert run("--to=qti12", f"--questions={own}")[0] == len(OWN)
    own.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"own\.json holds no questions"):
        run("--to=qti12", f"--questions={own}")


def test_the_guide_gives_commands_that_there_are():
    guide = (ROOT / "book/guide/instructor.md").read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^d2lmini-quizzes ([^#\n]+)", guide)
    assert {bank.parser().parse_args(one.split()).to for one in lines} >= {"qti12"}
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", guide)) == set(bank.FORMATS)


# --- the readers of others --------------------------------------------------------


@pytest.mark.course
def test_another_reader_opens_and_runs_qti_2(made, tmp_path):
    package = pytest.importorskip("pyslet.imscpv1p2")
    xml = pytest.importorskip("pyslet.qtiv2.xml")
    variables = pytest.importorskip("pyslet.qtiv2.variables")
    (tmp_path / "quiz.zip").write_bytes(made["qti21"])
    content = package.ContentPackage(str(tmp_path / "quiz.zip"))
    files = {str(x) for x in content.fileTable}
    assert {f"items/{one.id}.xml" for one in every()} <= files
    archive = zipfile.ZipFile(io.BytesIO(made["qti21"]))
    for one in every():
        document = xml.QTIDocument()
        document.read(src=io.BytesIO(archive.read(f"items/{one.id}.xml")))
        item = document.root
        names = {f.identifier: f for f in item.QTIModalFeedback}
        (declared,) = item.ResponseDeclaration
        for answer, points, _ in tries(one):
            session = variables.ItemSessionState(item)
            session.begin_session()
            value = variables.Value.new_value(declared.cardinality, declared.baseType)
            answer = answer if one.choices else float(answer)
            value.set_value([answer] if len(one.right) > 1 else answer)
            session["RESPONSE"] = value
            item.ResponseProcessing.run(session)
            assert session["SCORE"].value == points, (one.id, answer)
            if len(one.right) < 2:
                assert session["FEEDBACK"].value in names


@pytest.mark.course
def test_another_reader_opens_qti_1(made):
    xml = pytest.importorskip("pyslet.qtiv1.xml")
    archive = zipfile.ZipFile(io.BytesIO(made["qti12"]))
    document = xml.QTIDocument()
    logging.disable(logging.WARNING)  # of text in HTML that is no paragraph
    try:
        document.read(src=io.BytesIO(archive.read("quiz/quiz.xml")))
    finally:
        logging.disable(logging.NOTSET)
    (section,) = document.root.Assessment.SectionMixin
    items = {x.title: x for x in section.SectionItemMixin}
    assert set(items) == {one.id for one in every()}
    for one in every():
        feedback = {x.ident for x in items[one.id].ItemFeedback}
        due = set(one.choices) or {name for _, name, _ in one.said} | {"OTHERWISE"}
        assert feedback == {f"{name}_fb" for name in due}


@pytest.mark.course
def test_another_reader_opens_gift():
    parser = pytest.importorskip("pygiftparser.parser")
    plain = [*items(), MINE[1]]  # it knows no number below 0
    read = parser.parseFile(io.StringIO(bank.gift("A", plain).decode()))
    assert [x.title for x in read] == [one.id for one in plain]
    assert not [x.source for x in read if not x.valid]
    for one, found in zip(plain, read, strict=True):
        if one.choices:
            assert len(found.answers.answers) == len(one.choices)
        else:
            first = found.answers.answers[0]
            assert first.value == pytest.approx(one.question["answer"], abs=1e-9)
            assert first.tolerance == pytest.approx(one.tolerance)


@pytest.mark.course
def test_another_reader_opens_moodle(made):
    parser = pytest.importorskip("moodle_xml_parser.parser")
    read = {x.name: x for x in parser.parse_bytes(made["moodle"])["multichoice"]}
    asked = [one for one in every() if one.choices]
    assert set(read) == {one.id for one in asked}
    for one in asked:
        options = read[one.id].options
        full = [x.score_fraction > 0 for x in options]
        assert full == [x["right"] for x in one.choices.values()]
        assert read[one.id].single == (len(one.right) == 1)


def test_what_was_named_is_written_or_refused(tmp_path):
    """Never one of two things without a word."""
    path = tmp_path / "own.json"
    path.write_text(json.dumps(OWN[1:2]), encoding="utf-8")
    goal = tmp_path / "own.txt"
    given = ["--to", "gift", "--questions", str(path), "--file", str(goal)]
    with pytest.raises(ValueError, match=r"either .*\(lenet\) or --questions"):
        bank.run(bank.parser().parse_args(["lenet", *given]))
    assert not goal.exists()
    said = bank.run(bank.parser().parse_args(given))
    assert said == f"{goal}: 1 question"


@pytest.mark.parametrize("path", sorted((ROOT / "d2lmini" / "course").glob("*.py")))
def test_no_command_does_its_work_twice(path):
    found = [ast.dump(one) for one in ast.parse(path.read_text("utf-8")).body]
    assert len(found) == len({*found}), f"{path.name} says a thing twice"
