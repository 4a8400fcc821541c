"""What is hidden is what nbgrader takes out, however its marks are written."""

from contextlib import suppress
from itertools import chain, product

import pytest
from nbformat.v4 import new_code_cell
from nbgrader.preprocessors import ClearHiddenTests

from d2lmini.course import marks
from d2lmini.course.gradebook import Course

CHECKS = {
    "with a part": "a = 1\n### BEGIN HIDDEN TESTS\nsecret\n### END HIDDEN TESTS\nb",
    "at the end": "a = 1\n### BEGIN HIDDEN TESTS\nsecret\n### END HIDDEN TESTS",
    "with two": 2 * "a\n### BEGIN HIDDEN TESTS\nsecret\n### END HIDDEN TESTS\n",
    "in a block": "if a:\n  ### BEGIN HIDDEN TESTS\n  secret\n  ### END HIDDEN TESTS",
    "with none": "a = 1\nb",
}


def released(source):
    """What nbgrader hands out of a check."""
    cell = new_code_cell(source, metadata={"nbgrader": {"grade": True}})
    return ClearHiddenTests().preprocess_cell(cell, {}, 0)[0].source


@pytest.mark.parametrize("mark", ["### ", "# ", "#", "#: the "])
@pytest.mark.parametrize("check", CHECKS)
def test_students_have_what_nbgrader_hands_out(check, mark):
    source = CHECKS[check].replace("### ", mark)
    assert marks.visible(source) == released(source)
    seen, hidden = marks.parted(source)
    assert "secret" not in "\n".join(seen)
    assert ("secret" in "\n".join(hidden)) == ("secret" in source)
    assert sorted(seen + hidden) == sorted(source.split("\n")), "no line is lost"


def test_a_part_without_an_end_is_hidden():
    assert marks.visible("a\n### BEGIN HIDDEN TESTS\nsecret") == "a"


@pytest.mark.parametrize("mark", ["### ", "# ", "#"])
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_can_be_hidden_as_a_whole(check, mark):
    """Also one that hides a part of itself, which nbgrader takes for an error."""
    source = CHECKS[check].replace("### ", mark)
    whole = marks.hidden(source)
    assert released(whole) == "" and whole.count("BEGIN HIDDEN") == 1
    assert [x for x in source.split("\n") if "TESTS" not in x] == (
        whole.split("\n")[1:-1]
    )


def test_what_is_hidden_is_nbgraders_rule_whatever_stands_in_a_line():
    both = [
        "# BEGIN HIDDEN TESTS END HIDDEN TESTS",
        "# END HIDDEN TESTS, BEGIN HIDDEN TESTS",
    ]
    kinds = ["a", "# BEGIN HIDDEN TESTS", "# END HIDDEN TESTS", *both]
    tried = 0
    for lines in chain.from_iterable(product(kinds, repeat=n) for n in range(1, 5)):
        source = "\n".join(f"{line} {i}" for i, line in enumerate(lines))
        with suppress(RuntimeError):  # nbgrader hands none of these out
            assert marks.visible(source) == released(source)
            tried += 1
    assert tried > 100


@pytest.mark.parametrize(
    "source",
    [
        "if a:  # BEGIN HIDDEN TESTS\n    assert a > 1\n# END HIDDEN TESTS\nb = 2",
        "assert a > 1  # BEGIN HIDDEN TESTS\nb = 2  # END HIDDEN TESTS",
        "assert a > 1, '# BEGIN HIDDEN TESTS'\nb = '''\n# END HIDDEN TESTS'''",
    ],
)
def test_code_that_shares_its_line_with_a_mark_stays_in_a_hidden_check(source):
    whole = marks.hidden(source)
    assert released(whole) == ""
    exec(whole, given := {"a": 2})
    assert "b" in given
    with pytest.raises(AssertionError):
        exec(whole, {"a": 1})


@pytest.mark.parametrize("name", ["begin_test_delimeter", "end_test_delimeter"])
def test_a_course_with_other_marks_is_refused(tmp_path, monkeypatch, name):
    config = tmp_path / "nbgrader_config.py"
    usual = ClearHiddenTests.class_traits()[name].default_value
    line = "c = get_config()\nc.ClearHiddenTests.{} = {!r}\n"
    monkeypatch.chdir(tmp_path)
    config.write_text(line.format(name, usual), encoding="utf-8")
    Course(tmp_path, "week3")
    config.write_text(line.format(name, "GEHEIM"), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{name} is 'GEHEIM' .* must be '{usual}'"):
        Course(tmp_path, "week3")
