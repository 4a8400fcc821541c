"""Which file is meant, and what a notebook is made of: without running any."""

import gzip
import io
import json
import os
import re
import tarfile
from types import SimpleNamespace

import attacks
import nbformat
import numpy
import pytest
import submissions
import torch
import toy
from submissions import RIGHT

from d2lmini.course import grade, intake, memory, quizzes, repair, report
from tools.book import ROOT

GUIDE = (ROOT / "book/guide/instructor.md").read_text(encoding="utf-8")

OURS = [
    repair.Cell("setup", "code", "import math", True),
    repair.Cell("toy-mean", "code", "def mean(values):\n    raise 1", False),
    repair.Cell("toy-mean-check", "code", "assert mean([1]) == 1", True),
]


def notebook(**sources):
    """The notebook handed out, with other sources by name (_ for -)."""
    other = {name.replace("_", "-"): text for name, text in sources.items()}
    cells = [
        {
            "cell_type": one.kind,
            "id": one.name,
            "source": other.get(one.name, one.source),
            "metadata": {"nbgrader": {"grade_id": one.name}},
            "outputs": [],
            "execution_count": None,
        }
        for one in OURS
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


SOLVED = notebook(toy_mean="def mean(values):\n    return 1")


def names(nb):
    return [repair.grade_id(cell) for cell in nb.cells]


def read(nb, ours=OURS):
    return repair.notebook(json.dumps(nb).encode(), ours)


def test_a_sound_notebook_is_read_as_it_is():
    nb, notes = read(SOLVED)
    assert names(nb) == [one.name for one in OURS]
    assert nb.cells[1].source == "def mean(values):\n    return 1"
    assert notes == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_any_encoding_is_read(encoding):
    text = json.dumps(notebook(toy_mean="x = 'Łé😀'"), ensure_ascii=False)
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    nb, _ = repair.notebook(mark + text.encode(encoding), OURS)
    assert nb.cells[1].source == "x = 'Łé😀'"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (lambda c: c.update(metadata={}), "the id"),
        (lambda c: c["metadata"].update(id=c.pop("id"), nbgrader=None), "Colab's id"),
        (lambda c: (c.update(metadata={}), c.pop("id")), "the text"),
    ],
)
def test_cells_that_lost_their_metadata_are_recognised_by(change, kept):
    nb = json.loads(json.dumps(SOLVED))
    for cell in nb["cells"]:
        change(cell)
    found, notes = read(nb)
    assert names(found) == [one.name for one in OURS], kept
    assert notes == ["3 cells had lost what they are"]


def test_pasted_pictures_stay():
    nb = json.loads(json.dumps(SOLVED))
    picture = {"a.png": {"image/png": "iVBORw0="}, "b": {"text/html": "<script>"}}
    text = {"cell_type": "markdown", "source": "![](attachment:a.png)", "metadata": {}}
    nb["cells"].append(text | {"attachments": picture})
    found, _ = read(nb)
    assert found.cells[-1].attachments == {"a.png": {"image/png": "iVBORw0="}}


def test_a_student_does_not_say_when_it_came(tmp_path):
    one = intake.Handin("jo")
    files = {"week3.ipynb": json.dumps(SOLVED), "timestamp.txt": "1999-01-01 UTC"}
    intake.add("x.zip", attacks.zipped("x", files)["x"], one)
    one.files.append(intake.File("./timestamp.txt", b"1999-01-01 UTC"))
    intake.choose(one, {"week3": OURS})
    grade.stage(one, tmp_path / "stage")
    assert not list((tmp_path / "stage").glob("timestamp*"))


def test_of_copies_the_last_counts():
    nb = json.loads(json.dumps(SOLVED))
    nb["cells"] += nb["cells"][1:2]
    found, _ = read(nb)
    assert names(found) == ["setup", "", "toy-mean-check", "toy-mean"]
    assert len({cell.id for cell in found.cells}) == 4


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\0\0\0", "The file is empty."),
        (b"by post", "It is no notebook"),
        (b"[1]", "there are no cells"),
        (b'{"cells": 3}', "there are no cells"),
        (b'{"cells": ' + b"[" * 10**6, "It is no notebook"),
        (b"\x89PNG\r\n", "It is no notebook"),
        (json.dumps(SOLVED).encode()[:200], "It is no notebook"),
        (b'{"cells": [' + b"{}," * 2000 + b"{}]}", "2,001 cells"),
        (b'{"cells": [' + b"[]," * 2**20 + b"[]]}", "parts"),
    ],
)
def test_what_is_no_notebook_is_refused_in_a_sentence(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        repair.notebook(data, OURS)


@pytest.mark.parametrize(
    "value", [None, 3, "x", [], {}, {"nbgrader": 3}, {"nbgrader": {"grade_id": 3}}]
)
def test_odd_parts_of_cells_stop_nobody(value):
    nb = json.loads(json.dumps(SOLVED))
    nb["cells"].append({"cell_type": value, "source": value, "metadata": value})
    nb["cells"].append(value)
    nb["cells"][0] |= {"metadata": value, "outputs": value, "execution_count": value}
    nb["metadata"] = value
    found, _ = read(nb)
    assert names(found)[:3] == [one.name for one in OURS]


def test_a_script_is_split_at_its_marks_or_into_statements():
    marked = b"# %%\nimport math\n# %%\ndef mean(values):\n    return 1\n"
    nb, _ = repair.script(marked, OURS)
    assert names(nb) == ["setup", "toy-mean"]
    plain = b"import math\n\n@str\ndef mean(values):\n    return 1\nx = 3\n"
    nb, _ = repair.script(plain, OURS)
    sources = [cell.source for cell in nb.cells]
    assert sources == ["import math", "@str\ndef mean(values):\n    return 1", "x = 3"]
    with pytest.raises(ValueError, match="no Python"):
        repair.script(b"def x(:", OURS)
    odd = "a = 'x\x0cy\u2028z'\n\x0c\ndef mean(values):\n    return 1\n"
    nb, _ = repair.script(odd.encode(), OURS)
    assert nb.cells[0].source == "a = 'x\x0cy\u2028z'"
    assert names(nb) == ["", "toy-mean"]


@pytest.mark.parametrize(
    "pictures", [{"a": {"image/png": 5}}, {"\ud800": {"image/png": "AA"}}, 3, {"a": 3}]
)
def test_odd_pictures_stop_nobody(pictures):
    nb = json.loads(json.dumps(SOLVED))
    picture = {"a.png": {"image/png": 'A" onerror="x', "image/jpeg": ["\ud800"]}}
    nb["cells"][0] |= {"cell_type": "markdown", "attachments": pictures}
    nb["cells"].append(nb["cells"][0] | {"attachments": picture})
    found, _ = read(nb)
    text = nbformat.writes(found)
    assert text.encode() and "onerror" not in text


def test_a_file_that_cannot_be_read_is_its_owners_alone(tmp_path, monkeypatch):
    def broken(*_):
        raise RecursionError

    monkeypatch.setattr(repair, "notebook", broken)
    _, files = handin(tmp_path, week3__ipynb=SOLVED)
    assert files["week3.ipynb"] == ("not taken", "It cannot be read (RecursionError).")


def handin(tmp_path, **files):
    """A student's folder with these files; __ stands for a dot in a name."""
    folder = tmp_path / "submitted" / "jo" / "week3"
    folder.mkdir(parents=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    found = intake.submitted(tmp_path, "week3")["jo"]
    intake.choose(found, {"week3": OURS})
    return found, {file.name: (file.state, file.why) for file in found.files}


def test_the_notebook_of_that_name_is_taken(tmp_path):
    found, files = handin(tmp_path, week3__ipynb=SOLVED, data__csv="1")
    assert files["week3.ipynb"][0] == "taken" and files["data.csv"][0] == "kept"
    assert names(found.notebooks["week3"]) == [one.name for one in OURS]


@pytest.mark.parametrize(
    "name",
    ["week3 (1).ipynb", "week3_jane.ipynb", "Week3.ipynb", "hw.ipynb.txt", "hw.json"],
)
def test_the_only_notebook_is_taken_whatever_its_name(tmp_path, name):
    found, files = handin(tmp_path, **{name: SOLVED})
    assert files[name][0] == "taken" and found.notebooks


def test_a_solved_notebook_goes_before_an_untouched_one(tmp_path):
    found, files = handin(tmp_path, week3__ipynb=notebook(), copy__ipynb=SOLVED)
    assert files["copy.ipynb"][0] == "taken"
    assert files["week3.ipynb"] == ("not taken", "Another file was taken.")
    assert "return 1" in found.notebooks["week3"].cells[1].source


def test_equal_copies_are_no_riddle_and_others_are(tmp_path):
    found, files = handin(tmp_path, a__ipynb=SOLVED, b__ipynb=SOLVED)
    assert [state for state, _ in files.values()] == ["taken", "not taken"]
    other = notebook(toy_mean="def mean(values):\n    return 2")
    (tmp_path / "second").mkdir()
    found, files = handin(tmp_path / "second", a__ipynb=SOLVED, b__ipynb=other)
    assert not found.notebooks
    assert all("leave one" in why for _, why in files.values())


def lines(tmp_path, students=(), **handed_in):
    """The report's lines of what was handed in, with `students` in the gradebook."""
    course = SimpleNamespace(
        folder=tmp_path,
        name="week3",
        students=lambda: [*students],
        expected=lambda: {"week3": OURS},
    )
    known = memory.Memory(tmp_path, "week3", memory.Share())
    return list(report.reported(course, handed_in, intake.Handin(""), {}, known))


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_who_hands_in_no_notebook_stands_in_the_table_with_a_reason(tmp_path, count):
    found, _ = handin(tmp_path, **{f"{n}__pdf": "x" for n in range(count)})
    rows = lines(tmp_path, jo=found)
    shown = list(report.shown(rows))
    assert len(shown) == 2 and shown[1].startswith("jo "), "40 need no 40 lines"
    assert ("no notebook among the files: " if count else "empty") in shown[1]
    assert shown[1].count(".pdf") == min(count, 3)
    assert shown[1].endswith(" and 37 more.") == (count == 40)
    assert not any("beside" in row.why for row in rows) and len(rows) == count + 1
    assert report.left_out(rows) == ["jo"]


def test_a_damaged_notebook_gives_way_to_a_sound_one(tmp_path):
    found, files = handin(tmp_path, week3__ipynb="{", other__ipynb=SOLVED)
    assert found.notebooks and files["week3.ipynb"][0] == "not taken"


def test_nothing_but_plain_files_is_read(tmp_path):
    folder = tmp_path / "submitted" / "jo" / "week3"
    folder.mkdir(parents=True)
    attacks.beside(folder, json.dumps(SOLVED))
    found = intake.submitted(tmp_path, "week3")["jo"]
    intake.choose(found, {"week3": OURS})
    states = {file.name: file.state for file in found.files}
    assert states["week3.ipynb"] == "taken"
    assert states["pipe"] == states["link"] == states["folder"] == "not taken"
    assert found.stamp == "the day before yesterday"
    assert not any(b"root:" in file.data for file in found.files)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_archives_in_archives_are_opened_as_deep_as_is_sane(tmp_path, depth):
    one = intake.Handin("jo")
    data = json.dumps(SOLVED).encode()
    name = "week3.ipynb"
    for _ in range(depth):
        data, name = attacks.zipped("x.zip", {name: data, "._x": "m"})["x.zip"], "x.zip"
    intake.add(name, data, one)
    intake.choose(one, {"week3": OURS})
    assert bool(one.notebooks) == (depth <= intake.DEPTH), one.files
    assert depth <= intake.DEPTH or "archive" in one.files[0].why


def test_a_tape_brings_plain_files_only(tmp_path):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tape:
        link = tarfile.TarInfo("week3.ipynb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tape.addfile(link)
        data = json.dumps(SOLVED).encode()
        good = tarfile.TarInfo("../../hw.ipynb")
        good.size = len(data)
        tape.addfile(good, io.BytesIO(data))
    one = intake.Handin("jo")
    intake.add("x.tar.gz", made.getvalue(), one)
    intake.choose(one, {"week3": OURS})
    assert [file.state for file in one.files] == ["not taken", "taken"]


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(intake, "LARGEST", 1000)
    one = intake.Handin("jo")
    data = attacks.zipped("x.zip", {"a.txt": b"0" * 10**6})["x.zip"]
    intake.add("x.zip", data[:], one)
    assert [file.state for file in one.files] == ["not taken"]


@pytest.mark.parametrize("name", ["__MACOSX/{}", "{}.zip", "{}.txt"])
def test_all_that_comes_out_of_archives_is_counted(monkeypatch, name):
    monkeypatch.setattr(intake, "MOST", 10**6)
    inner = attacks.zipped("x", {"__MACOSX/x": b"0" * 10**5})["x"]
    inner += b"\0" * 10**5 if "zip" not in name else b""
    files = {name.format(i): inner.ljust(10**5, b"\0") for i in range(40)}
    one = intake.Handin("jo")
    intake.add("x.zip", attacks.zipped("x", files)["x"], one)
    assert one.unpacked <= 2 * 10**6
    assert ("MACOSX" in name) == (not one.files)


def test_a_tape_of_any_size_is_read_within_bounds(monkeypatch):
    monkeypatch.setattr(intake, "MOST", 10**6)
    one = intake.Handin("jo")
    intake.add("x.tgz", gzip.compress(b"\0" * 10**7), one)
    assert "more than" in one.files[0].why


def test_names_in_old_encodings_stay_apart(tmp_path):
    for name in (b"J\xf6rg", b"J\xe4rg", "José".encode(), b"two\nlines"):
        folder = tmp_path / "submitted" / os.fsdecode(name) / "week3"
        folder.mkdir(parents=True)
    assert set(intake.submitted(tmp_path, "week3")) == {
        "Jörg",
        "Järg",
        "José",
        "two\ufffdlines",  # nbgrader's patterns end at a line
    }


def test_what_is_too_large_is_named_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "LARGEST", 2000)
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    made = attacks.zipped("x", {"week3_jo.ipynb": b"0" * 3000})["x"]
    (folder / "all.zip").write_bytes(made)
    found = {}
    intake.downloaded(tmp_path, "week3", "", found)
    assert "too large" in found["jo"].files[0].why


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("week3_jo.smith.ipynb", "jo.smith"),
        ("week3_jo.miller.ipynb", "jo.miller"),
        ("Jane Doe_1234_assignsubmission_file_/hw.ipynb", "Jane Doe"),
        ("Jane Doe_1234_assignsubmission_file_hw.ipynb", "Jane Doe"),
        ("doejane_12345_67890_hw.ipynb", "doejane"),
        ("doejane_LATE_12345_67890_hw-1.ipynb", "doejane"),
        ("Łukasz/hw.ipynb", "Łukasz"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_platforms_names_say_whose_a_file_is(tmp_path, name, student, packed):
    folder = tmp_path / "downloaded" / "week3" / "archive"
    text = json.dumps(SOLVED)
    (folder / name).parent.mkdir(parents=True)
    if packed:
        folder.mkdir(exist_ok=True)
        made = attacks.zipped("all.zip", {name: text})["all.zip"]
        (folder / "all.zip").write_bytes(made)
    else:
        (folder / name).write_text(text, encoding="utf-8")
    found = {}
    stray = intake.downloaded(tmp_path, "week3", "", found)
    assert list(found) == [student] and not stray.files
    intake.choose(found[student], {"week3": OURS})
    assert found[student].notebooks


@pytest.mark.parametrize(
    "form", ["{}_{}_assignsubmission_file_/week3.ipynb", "{}_{}_9{}_week3.ipynb"]
)
def test_two_students_of_one_name_are_not_taken_for_one(tmp_path, form):
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    both = [form.format("Ada Smith", number, number) for number in (101, 102)]
    again = form.format("Jo", 103, 104).replace("week3.", "other.")
    names = [*both, form.format("Jo", 103, 103), again]
    made = attacks.zipped("x", dict.fromkeys(names, json.dumps(SOLVED)))["x"]
    (folder / "all.zip").write_bytes(made)
    found = {}
    stray = intake.downloaded(tmp_path, "week3", "", found)
    for one in found.values():
        intake.choose(one, {"week3": OURS})
    assert not stray.files and found["Jo"].notebooks, "who hands in twice is one"
    files = found["Ada Smith"].files
    assert not found["Ada Smith"].notebooks, "nobody gets another's file"
    assert [file.name for file in files] == [f"all.zip/{one}" for one in both]
    assert all("as 2 students are called so" in file.why for file in files)
    assert report.left_out(lines(tmp_path, **{"Ada Smith": found["Ada Smith"]})) == [
        "Ada Smith"
    ]


def test_a_number_in_the_name_tells_two_of_one_name_apart(tmp_path):
    (pattern,) = re.findall(r'`r"(.*_assignsubmission_\.\*)"`', GUIDE)
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    both = [f"Ada Smith_{n}_assignsubmission_file_/week3.ipynb" for n in (101, 102)]
    made = attacks.zipped("x", dict.fromkeys(both, json.dumps(SOLVED)))["x"]
    (folder / "all.zip").write_bytes(made)
    found = {}
    intake.downloaded(tmp_path, "week3", pattern, found)
    assert sorted(found) == ["Ada Smith_101", "Ada Smith_102"]


@pytest.mark.parametrize("outer", ["week3_jo.zip", "jo_1_2_hw.zip"])
def test_what_a_student_packs_names_nobody_else(tmp_path, outer):
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    files = {"week3_mo.ipynb": json.dumps(SOLVED), "x.zip/mo_1_2_hw.ipynb": "{}"}
    (folder / outer).write_bytes(attacks.zipped("x", files)["x"])
    found = {}
    intake.downloaded(tmp_path, "week3", "", found)
    assert list(found) == ["jo"]


def test_misplaced_files_are_named(tmp_path):
    for place in ("jo.ipynb", "mo/hw.ipynb", "bo/WEEK3/hw.ipynb"):
        path = tmp_path / "submitted" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(SOLVED), encoding="utf-8")
    found = intake.submitted(tmp_path, "week3")
    assert set(found) == {"?", "mo", "bo"}
    assert [file.state for file in found["mo"].files] == ["not taken"]
    assert "submitted/STUDENT/week3" in found["?"].files[0].why
    intake.choose(found["bo"], {"week3": OURS})
    assert found["bo"].notebooks


def test_what_names_nobody_is_listed(tmp_path):
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    (folder / "mystery.ipynb").write_text("{}", encoding="utf-8")
    made = attacks.zipped("x", {f"{'x' * 300}/hw.ipynb": "{}"})["x"]
    (folder / "all.zip").write_bytes(made)  # a name that no folder can have
    stray = intake.downloaded(tmp_path, "week3", "", {})
    assert [file.why for file in stray.files] == 2 * [intake.NAMELESS]


@pytest.mark.parametrize("pack", ["CS101-week3.zip", "CS 101.ZIP", "week3.zip"])
@pytest.mark.parametrize("folders", ["", "{}/", "week3/", "Week3/{}/", "{}/week3/"])
def test_what_packs_the_class_is_no_student(tmp_path, pack, folders):
    """Neither the archive nor a folder in it that is called as it is."""
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    top = folders.format(pack[:-4])
    text = json.dumps(SOLVED)
    names = [f"{top}{one}" for one in ("mo--week3.ipynb", "jo--week3.ipynb", "bo/x.py")]
    made = attacks.zipped("x", dict.fromkeys(names, text))["x"]
    (folder / pack).write_bytes(made)
    found = {}
    stray = intake.downloaded(tmp_path, "week3", "", found)
    assert [file.why for file in stray.files] == 2 * [intake.NAMELESS]
    assert "named_regexp" in intake.NAMELESS and list(found) == ["bo"]
    found = {}
    pattern = r".*/(?P<student_id>[^/]+)--week3\.ipynb"  # as the guide has it
    stray = intake.downloaded(tmp_path, "week3", pattern, found)
    assert sorted(found) == ["bo", "jo", "mo"] and not stray.files


@pytest.mark.parametrize("name", ["week3-jo", "week3-mo", "week3", "lab-jo"])
def test_an_assignment_of_one_student_takes_that_file_of_the_class(tmp_path, name):
    folder = tmp_path / "downloaded" / "week3" / "archive"
    folder.mkdir(parents=True)
    names = ["week3_jo.ipynb", "week3_bo.ipynb", "mystery.ipynb"]
    made = attacks.zipped("x", dict.fromkeys(names, json.dumps(SOLVED)))["x"]
    (folder / "all.zip").write_bytes(made)
    course = SimpleNamespace(
        folder=tmp_path,
        name=name,
        setting=lambda holder, name: getattr(holder, name).default(),
        expected=lambda: {"week3": OURS},
    )
    found, stray = grade.collected(course)
    due = {"week3-jo": ["jo"], "week3": ["bo", "jo"]}.get(name, [])
    assert sorted(found) == due and all(one.notebooks for one in found.values())
    assert len(stray.files) == (name == "week3")


@pytest.mark.parametrize("file", ["CS.zip", "CS.zip/CS.zip", "a.zip/week3/a/b.zip/x"])
def test_an_unwrapped_file_keeps_its_name(file):
    assert intake._unwrapped(file, "week3") == {"a": "b.zip/x"}.get(file[0], "CS.zip")


def test_what_cannot_be_laid_out_fails_alone(tmp_path):
    course = SimpleNamespace(
        folder=tmp_path,
        name="week3",
        setting=lambda holder, name: getattr(holder, name).default(),
    )
    known = memory.Memory(tmp_path, "week3", memory.Share())
    todo = {"x" * 300: intake.Handin("x" * 300)}
    found = grade._graded_all(course, todo, 1, memory.Share(), known)
    assert "laid out" in found["x" * 300].error


def test_the_toy_course_knows_its_students():
    everybody = [one.student for one in (*submissions.CLASS, *attacks.ALL)]
    assert len(everybody) == len(set(everybody))
    assert os.sep not in "".join(everybody) and RIGHT


@pytest.mark.parametrize(
    "answer", ["4", "4.0", "np.int64(4)", "np.float32(4)", "t(4.0)"]
)
@pytest.mark.parametrize("right", [True, False])
def test_a_quiz_takes_a_number_of_any_kind(answer, right):
    question = toy.QUESTIONS[0] | {"tolerance": 0, "unit": ""}
    check = quizzes.graded("toy", 1, question).cells[-1].source
    space = {"np": numpy, "t": torch.tensor}
    exec(f"answer_toy_1 = {answer} + {int(not right)}", space)
    if right:
        exec(check, space)
    else:
        with pytest.raises(AssertionError, match="Count them"):
            exec(check, space)
