"""The table of results: what stands in it, how numbers read, what it refuses."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from d2lmini import Table
from d2lmini.plot.table import readable

HEAD = ("network", "parameters", "test accuracy", "change")
ROWS = [
    ("LeNet", 61_706, 0.8904, "sigmoid & pooling"),
    ("AlexNet", 46_764_746, 0.92, None),
]


def results() -> Table:
    return Table(HEAD, ROWS, formats={"test accuracy": ".4f"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (5977, "5977"),
        (-9999, "−9999"),
        (10_000, "10,000"),
        (11_175_370, "11,175,370"),
        (0.9356, "0.9356"),
        (0.5, "0.5"),
        (-12.3456, "−12.35"),
        (1234.5678, "1235"),
        (12_345.6, "12,346"),
        (float("inf"), "∞"),
        (float("nan"), "nan"),
        (1e300, "1e+300"),
        (-0.0, "0"),
    ],
)
def test_a_number_reads_as_in_the_book(value, text):
    assert readable(value) == text


def test_text_lines_up():
    lines = str(results()).splitlines()
    assert lines == [
        "network  parameters  test accuracy  change",
        "LeNet        61,706         0.8904  sigmoid & pooling",
        "AlexNet  46,764,746         0.9200  –",
    ]
    assert repr(results()) == str(results())


def test_html_names_rows_and_columns_and_escapes():
    page = results()._repr_html_()
    assert page.startswith('<table class="d2l-table">')
    assert page.count('<th scope="col"') == 4
    assert re.findall(r'<th scope="row">(\w+)<', page) == ["LeNet", "AlexNet"]
    assert "sigmoid &amp; pooling" in page
    right = re.findall(r'text-align: right">([^<]+)<', page)
    assert right == [*HEAD[1:3], "61,706", "0.8904", "46,764,746", "0.9200"]


def test_numbers_first_and_words_among_numbers():
    table = Table(["n", "speed"], [(1, 2.5), (2, "unknown")])
    assert str(table).splitlines() == ["n  speed", "1  2.5", "2  unknown"]
    assert '<th scope="row" style="text-align: right">2<' in table._repr_html_()


def test_a_zero_has_no_sign():
    rows = [(-0.0, -0.00001), (0, -0.00004)]
    table = Table(["a", "b"], rows, formats={"a": ".1%", "b": ".4f"})
    assert str(table).split() == ["a", "b", "0.0%", "0.0000", "0.0%", "0.0000"]
    assert "−0.0001" in str(Table(["a"], [(-0.00005001,)], formats={"a": ".4f"}))


def test_no_rows_is_a_head():
    assert str(Table(["a", "b"], [])) == "a  b"


def test_a_format_is_for_numbers_only():
    table = Table(
        ["a", "b"], [("x", "few"), ("y", -1.0), ("z", None)], formats={"b": ".1f"}
    )
    assert [line.split()[1] for line in str(table).splitlines()[1:]] == [
        "few",
        "−1.0",
        "–",
    ]


@pytest.mark.parametrize(
    ("head", "rows", "formats", "words"),
    [
        (HEAD, [ROWS[0], ("NiN", 1)], {}, "row 2 has 2 entries under 4 columns"),
        ((), [], {}, "a table needs a column"),
        (("a",), [], {"b": ".1f"}, "'b', which is no column: the columns are a"),
        (("a",), [(0.5,)], {"a": "d"}, "'d' of the column 'a' does not suit 0.5"),
        (("a",), [(0.5,)], {"a": 4}, "format 4 of the column 'a' does not suit 0.5"),
        (("a",), [(0.5,)], [".4f"], "formats is the list .*: give a dict"),
        (("a",), [([0.5],)], {}, "entry of the column 'a' is the list"),
        (("a",), [(torch.ones(2),)], {}, "'a' is a tensor .*: give a number"),
        (("a",), [(torch.ones((), device="meta"),)], {}, "'a' is a meta tensor .*: gi"),
        ("ab", [], {}, "head is the text 'ab': give a list"),
        (("a",), None, {}, "rows is None: give a list"),
        (("a", "b"), ["xy"], {}, "row 1 is the text 'xy'"),
    ],
)
def test_what_is_no_table_is_one_sentence(head, rows, formats, words):
    with pytest.raises((TypeError, ValueError), match=words):
        Table(head, rows, formats=formats)


def test_numbers_of_every_kind_read_alike():
    given = [0.75, np.float32(0.75), np.float16(0.75), torch.tensor(0.75)]
    given += [Fraction(3, 4), Decimal("0.75")]
    rows = [(i, value, value) for i, value in enumerate(given)]
    lines = str(Table(["n", "a", "b"], rows, formats={"b": ".1f"})).splitlines()[1:]
    assert [line.split()[1:] for line in lines] == [["0.75", "0.8"]] * 6
    row = (np.int64(3), np.float32("nan"), torch.tensor(True))
    assert str(Table(["n", "a", "b"], [row])).split()[3:] == ["3", "nan", "True"]
