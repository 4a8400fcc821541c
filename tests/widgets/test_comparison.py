"""The comparison: order, best, front and places against brute force; every input."""

import json
import math
import random
from itertools import combinations

import numpy as np
import oracle
import pytest
import torch
from traitlets import TraitError

from d2lmini.widgets import Comparison
from d2lmini.widgets.comparison import Column, short

READ = """async ([states, index]) => {
  const host = document.querySelectorAll(".d2l-host")[index], model = host.d2lModel;
  const all = (selector) => [...host.querySelectorAll(selector)];
  const box = (node) => { const b = node.getBBox(); return [b.x, b.y, b.width, b.height]; };
  const number = (node, key) => Number(node.dataset[key]);
  const answers = [];
  for (const state of states) {
    for (const [key, value] of Object.entries(state)) model.set(key, value);
    await new Promise((done) => queueMicrotask(() => queueMicrotask(done)));
    const problem = host.querySelector("[data-problem]:not([hidden])")?.textContent ?? "";
    const svg = host.querySelector("svg"), points = all("svg [data-name]");
    answers.push({ problem, plotted: svg.checkVisibility(),
      order: all("tbody tr").map((row) => row.dataset.name),
      sorts: all("thead th").map((head) => head.getAttribute("aria-sort")),
      best: Object.fromEntries(all("tbody tr").map((row) => [row.dataset.name,
        [...row.querySelectorAll(".d2l-cmp-best")].map((td) => td.dataset.key)])),
      rim: ["left", "top", "right", "bottom"].map((key) => number(svg, key)),
      dots: points.map((p) => { const dot = p.querySelector(".d2l-cmp-dot");
        return [p.dataset.name, number(dot, "x"), number(dot, "y"),
          Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))]; }),
      behind: points.filter((p) => p.matches(".d2l-cmp-behind")).map((p) => p.dataset.name),
      line: host.querySelector("[data-front]").getAttribute("d"),
      ticks: ["x", "y"].map((axis) => all(`[data-tick=${axis}]`).map((t) =>
        [number(t, "value"), Number(t.getAttribute(axis)) - (axis === "y" ? 4 : 0), t.textContent])),
      labels: points.map((p) => p.querySelector("text")).filter((t) => t.style.display !== "none").map(box),
      said: host.querySelector("[data-sum]").textContent });
  }
  return answers;
}"""  # noqa: E501  JavaScript reads better in whole lines

NETS = [
    {"name": "LeNet", "page": "#lenet", "size": 61_706, "test": 0.8904, "speed": 3900},
    {"name": "AlexNet", "page": "#alexnet", "size": 46_764_746, "test": 0.921},
    {"name": "DenseNet", "page": "#densenet", "size": 758_226, "test": 0.9337},
    {"name": "ResNet", "size": 11_175_370, "test": 0.9356, "speed": 170},
    {"name": "no plot", "size": 5, "speed": 60},
]
COLUMNS = [
    ("size", "parameters", "less", "log"),
    ("test", "test accuracy", "more", "linear", "", 4),
    {"key": "speed", "heading": "speed", "unit": "pictures/s", "better": "more"},
]


def lab(**state):
    return Comparison(NETS, COLUMNS, **{"x": "size", "y": "test", **state})


def read(page, states, index=0):
    page.wait_for_function(
        "[...document.querySelectorAll('.d2l-host')].every((host) => host.d2lModel)"
    )
    return page.evaluate(READ, [states, index])


# ---- random tables ----------------------------------------------------------


def random_value(rng, scale, few):
    if rng.random() < 0.15:
        return None
    if scale == "log":
        return (few and rng.choice([1, 10, 300, 2e6])) or 10 ** rng.uniform(-4, 9)
    return rng.randint(-3, 3) if few else rng.uniform(0.85, 0.95)


def random_table(rng):
    columns = [
        Column(f"c{i}", f"column {i}", rng.choice(("less", "more", "")), scale)
        for i, scale in enumerate(rng.choices(("linear", "log"), k=rng.randint(2, 4)))
    ]
    few = [rng.random() < 0.5 for _ in columns]
    names = rng.sample([f"{a}{b}" for a in "AbCd" for b in "xYz"], rng.randint(1, 12))
    rows = [
        {"name": name}
        | {
            c.key: random_value(rng, c.scale, f)
            for c, f in zip(columns, few, strict=True)
        }
        for name in names
    ]
    keys = [c.key for c in columns]
    return Comparison(rows, columns, x=rng.choice(keys), y=rng.choice(keys)), rows


def random_states(rng, figure, count):
    keys = [column["key"] for column in figure.data["columns"]]
    return [
        {
            "x": rng.choice(keys),
            "y": rng.choice(keys),
            "sort": rng.choice([*keys, "name", ""]),
            "descending": rng.random() < 0.5,
            "front": rng.random() < 0.7,
        }
        for _ in range(count)
    ]


def by_insertion(rows, sort, descending):
    """Names in order: each goes behind all that do not have to stand behind it."""
    if not sort:
        return [row["name"] for row in rows]
    there, missing = [], []
    for row in rows:
        value = row["name"].lower() if sort == "name" else row[sort]
        if value is None:
            missing.append(row["name"])
            continue
        at = len(there)
        while at and (
            there[at - 1][0] < value if descending else there[at - 1][0] > value
        ):
            at -= 1
        there.insert(at, (value, row["name"]))
    return [name for _, name in there] + missing


def front_by_brute_force(rows, across, up):
    def gain(a, b, column):
        sign = -1 if column["better"] == "less" else 1
        return sign * (a[column["key"]] - b[column["key"]])

    if not (across["better"] and up["better"]):
        return set()
    there = [r for r in rows if None not in (r[across["key"]], r[up["key"]])]

    def beaten(a):
        gains = [(gain(b, a, across), gain(b, a, up)) for b in there]
        return any(min(g) >= 0 and max(g) > 0 for g in gains)

    return {row["name"] for row in there if not beaten(row)}


def check_places(seen, columns):
    """Points and ticks lie in the plot, on one straight or logarithmic scale."""
    left, top, right, bottom = seen["rim"]
    for i, (column, low, high) in enumerate(
        zip(columns, (left, bottom), (right, top), strict=True)
    ):
        shape = math.log10 if column["scale"] == "log" else float
        marks = [(dot[1 + i], dot[3 + i]) for dot in seen["dots"]]
        ticks = [(value, place) for value, place, _ in seen["ticks"][i]]
        assert 2 <= len(ticks) <= 14
        assert ticks == sorted(ticks)
        assert len({text for *_, text in seen["ticks"][i]}) == len(ticks)
        both = sorted((shape(v), place) for v, place in marks + ticks)
        (v0, p0), (v1, p1) = both[0], both[-1]
        assert (p1 - p0) * (high - low) > 0  # more lies right, and up
        for value, place in both:
            assert min(low, high) - 1e-6 <= place <= max(low, high) + 1e-6
            expected = p0 + (p1 - p0) * (value - v0) / (v1 - v0)
            assert place == pytest.approx(expected, abs=1e-3)


def overlapping(boxes, slack=1.0):
    return [
        (a, b)
        for a, b in combinations(boxes, 2)
        if min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]) > slack
        and min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]) > slack
    ]


def check_state(figure, rows, state, seen):
    for name, value in state.items():
        setattr(figure, name, value)
    columns = {c["key"]: c for c in figure.data["columns"]}
    across, up = columns[state["x"]], columns[state["y"]]
    names = by_insertion(rows, state["sort"], state["descending"])
    assert seen["order"] == figure.order == names
    way = "descending" if state["descending"] else "ascending"
    heads = ["name", *columns]
    assert seen["sorts"] == [way if h == state["sort"] else "none" for h in heads]
    both = {r["name"] for r in rows if None not in (r[state["x"]], r[state["y"]])}
    assert seen["problem"] == figure.problem and seen["plotted"] == bool(both)
    assert bool(figure.problem) == (not both)
    front = front_by_brute_force(rows, across, up)
    assert set(figure.on_front) == front
    if not both:
        return 0
    assert {dot[0] for dot in seen["dots"]} == both
    on = state["front"] and bool(front)
    assert set(seen["behind"]) == (both - front if on else set())
    assert bool(seen["line"]) == on
    if on:
        assert ": " + ", ".join(figure.on_front) + "." in seen["said"]
    check_places(seen, (across, up))
    assert not overlapping(seen["labels"])
    return len(both) - len(seen["labels"])


def test_browser_and_python_agree_on_random_tables(page_of):
    rng = random.Random(0)
    nameless = 0
    for _ in range(5):  # pages of five: a page of fifty takes long to open
        tables = [random_table(rng) for _ in range(5)]
        page = page_of(*(figure for figure, _ in tables))
        for index, (figure, rows) in enumerate(tables):
            states = random_states(rng, figure, 10)
            for state, seen in zip(states, read(page, states, index), strict=True):
                nameless += check_state(figure, rows, state, seen)
                assert_best(figure, rows, seen["best"])
    assert nameless == 0


def assert_best(figure, rows, shown):
    for column in figure.data["columns"]:
        key = column["key"]
        values = {row["name"]: row[key] for row in rows if row[key] is not None}
        ends = {"less": min, "more": max}
        winners = []
        if column["better"] and len(set(values.values())) > 1:
            top = ends[column["better"]](values.values())
            winners = [name for name, v in values.items() if v == top]
        assert figure.best[key] == winners
        assert sorted(n for n, keys in shown.items() if key in keys) == sorted(winners)


@pytest.mark.parametrize("width", [390, 800])
def test_crowded_names_stay_apart_and_in_the_figure(page_of, width):
    rng = random.Random(1)
    rows = [
        {"name": f"GoogLeNet {i}", "x": rng.gauss(0, 1), "y": rng.gauss(0, 0.3)}
        for i in range(11)
    ]
    columns = [("x", "x", "less"), ("y", "y", "more")]
    page = page_of(Comparison(rows, columns, x="x", y="y"), width=width)
    fits = "document.querySelector('svg').getBoundingClientRect().width <= innerWidth"
    page.wait_for_function(fits)
    (seen,) = read(page, [{}])
    assert len(seen["labels"]) == 11 and not overlapping(seen["labels"])
    wide = page.locator("svg").bounding_box()["width"]
    assert wide <= width
    assert all(x >= 0 and x + w <= wide + 1 for x, _, w, _ in seen["labels"])


# ---- numbers in words -------------------------------------------------------

AWKWARD = [0, 1, -1, 1.125, 1.135, 12.25, 0.5, 2.5, -2.5, 999.4, 999.5, 999.96, 1000]
AWKWARD += [1125, 9999, 10_000, 61_706, 46_764_746, 999_499, 999_500, 12_345_678_901]
AWKWARD += [1e-4, 9.995e-5, 1.5e-7, 0.0004, -0.0004, 1e14, 9.99e14, 1e15, 1e21, 3e-300]
AWKWARD += [0.8903999924659729, 1 / 3, -61_706, 0.045, 0.055, 1234.5, 12_345.5]


@pytest.mark.parametrize("digits", [None, 0, 2, 4])
def test_numbers_are_written_alike_on_both_sides(page_of, digits):
    rng = random.Random(2)
    values = AWKWARD + [rng.choice((-1, 1)) * 10 ** rng.uniform(-9, 12)] * 5
    values += [round(rng.uniform(0, 10**k), 3) for k in range(6) for _ in range(30)]
    values = [v for v in values if digits is None or abs(v) < 1e15]
    rows = [{"name": str(i), "v": v} for i, v in enumerate(values)]
    column = {"key": "v", "heading": "v", "digits": digits}
    page = page_of(Comparison(rows, [column], x="v", y="v"))  # and it does not hang
    page.wait_for_selector("td[data-key]")
    cells = page.eval_on_selector_all(
        "td[data-key]",
        "cells => cells.map((c) => [Number(c.dataset.value), c.innerText])",
    )
    assert [value for value, _ in cells] == values
    assert [text for _, text in cells] == [short(v, digits) for v in values]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (46_764_746, None, "46.8 M"),
        (999_500, None, "1 M"),
        (999_499, None, "999 k"),
        (61_706, None, "61.7 k"),
        (4, None, "4"),
        (0.8904, 4, "0.8904"),
        (1294.6, 0, "1295"),
        (46_764_746, 0, "46,764,746"),
        (-0.004, 2, "0.00"),
        (-1500, None, "−1.5 k"),
        (1.5e-7, None, "1.5e−7"),
        (None, 4, "–"),
    ],
)
def test_how_numbers_are_written(value, digits, text):
    assert short(value, digits) == text


def test_cells_carry_the_exact_number(page_of):
    page = page_of(lab())
    cell = page.locator("tr[data-name=AlexNet] td").first
    assert cell.text_content() == "46.8 M"
    assert cell.get_attribute("title") == "46,764,746"
    assert cell.get_attribute("data-value") == "46764746"
    missing = page.locator("tr[data-name=AlexNet] td").last
    assert missing.text_content() == "–" and missing.get_attribute("title") is None


# ---- by hand ----------------------------------------------------------------


def lit(page):
    """Names lit in the table, and in the plot."""
    names = "nodes => nodes.map((n) => n.dataset.name)"
    return [
        page.eval_on_selector_all(f"{where} .d2l-cmp-lit", names)
        for where in ("tbody", "svg")
    ]


def names_in(page):
    return page.eval_on_selector_all(
        "tbody tr", "rows => rows.map((r) => r.dataset.name)"
    )


def test_heads_sort_by_keyboard_and_mouse_the_best_first(page_of):
    page = page_of(lab())
    head = page.get_by_role("button", name="test accuracy")
    assert names_in(page)[0] == "LeNet"
    head.focus()
    page.keyboard.press("Enter")
    expected = ["ResNet", "DenseNet", "AlexNet", "LeNet", "no plot"]
    assert names_in(page) == expected
    assert page.locator("[role=status]").text_content() == (
        "Sorted by test accuracy, descending."
    )
    page.keyboard.press("Space")
    assert names_in(page) == [*expected[3::-1], "no plot"]
    assert head.evaluate("b => b === document.activeElement")
    page.get_by_role("button", name="parameters").click()
    assert names_in(page)[:2] == ["no plot", "LeNet"]
    page.get_by_role("button", name="network").click()
    assert names_in(page)[0] == "AlexNet"
    assert oracle.state_of(page, 0, "sort", "descending") == {
        "sort": "name",
        "descending": False,
    }


BORDERS = """(rows) => Object.fromEntries(rows.map((row) =>
  [row.dataset.name, getComputedStyle(row.cells[0]).borderLeftColor]))"""


def test_rows_and_points_light_each_other(page_of):
    page = page_of(lab())
    page.locator("tr[data-name=DenseNet] td").first.hover()
    assert lit(page) == [["DenseNet"], ["DenseNet"]]
    page.locator("svg [data-name=ResNet]").hover()
    assert lit(page) == [["ResNet"], ["ResNet"]]
    assert "ResNet: parameters 11.2 M, test accuracy 0.9356. On the Pareto" in (
        page.locator("[data-sum]").text_content()
    )
    page.locator("tr[data-name='no plot'] td").first.hover()
    assert lit(page) == [["no plot"], []]
    assert "no place in the plot" in page.locator("[data-sum]").text_content()
    page.mouse.move(5, 5)
    assert lit(page) == [[], []]
    page.locator("tr[data-name=AlexNet] a").focus()
    assert lit(page) == [["AlexNet"], ["AlexNet"]]
    assert "Beaten by DenseNet, ResNet." in page.locator("[data-sum]").text_content()
    page.emulate_media(forced_colors="active")
    borders = page.locator("tbody tr").evaluate_all(BORDERS)
    alone = borders.pop("AlexNet")
    assert set(borders.values()) == {"rgb(255, 255, 255)"} != {alone}  # the ground's


def test_points_are_links_for_the_keyboard(page_of):
    page = page_of(lab())
    page.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    seen = []
    for _ in range(4):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.dataset.name"))
        assert lit(page) == [seen[-1:], seen[-1:]]
    assert seen == ["LeNet", "DenseNet", "ResNet", "AlexNet"]  # by x
    assert not page.url.endswith("#alexnet")
    page.keyboard.press("Enter")
    assert page.url.endswith("#alexnet")
    point = page.get_by_role(
        "link", name="LeNet: parameters 61.7 k, test accuracy 0.8904"
    )
    point.focus()
    assert "on the Pareto front" in point.get_attribute("aria-label")
    page.locator("tr[data-name=DenseNet] a").press("Enter")
    assert page.url.endswith("#densenet")


def test_a_point_opens_by_mouse_and_by_the_second_tap(page_of):
    page = page_of(lab())
    page.locator("svg [data-name=DenseNet] .d2l-cmp-dot").click()
    assert page.url.endswith("#densenet")
    page = page_of(lab(), has_touch=True, width=390)
    dot = page.locator("svg [data-name=DenseNet] .d2l-cmp-dot")
    dot.tap()
    assert lit(page) == [["DenseNet"], ["DenseNet"]] and "#" not in page.url
    dot.tap()
    assert page.url.endswith("#densenet")


def test_axes_and_front_by_their_controls(page_of):
    page = page_of(lab())
    page.get_by_label("Axis across").select_option("speed")
    page.get_by_role("checkbox").check()
    state = oracle.state_of(page, 0, "x", "front")
    assert state == {"x": "speed", "front": True}
    (seen,) = read(page, [{}])
    assert [dot[0] for dot in seen["dots"]] == ["ResNet", "LeNet"]
    note = "Not in the plot, for want of a value: AlexNet, DenseNet, no plot."
    assert note in page.locator(".d2l").inner_text()


def test_no_link_is_dead_in_a_notebook_elsewhere(page_of):
    """Colab shows outputs on another host, where a relative address leads nowhere."""
    pages = ["../a.html", "https://example.org/b.html", ""]
    rows = [{"name": n, "page": p, "v": 1} for n, p in zip("abc", pages, strict=True)]
    figure = Comparison(rows, [("v", "v")], x="v", y="v")
    colab = "<script>globalThis.google = { colab: {} };</script>"
    for before, expected in (("", pages[:2]), (colab, pages[1:2])):
        page = page_of(before, figure)
        for where in ("tbody a", "svg a"):
            links = page.eval_on_selector_all(
                where, "all => all.map((a) => a.getAttribute('href'))"
            )
            assert links == expected
        assert page.locator("svg [tabindex='0'][role=img]").count() == 3 - len(expected)


def test_looks(page_of):
    page = page_of(lab(), lab(front=True, lit="AlexNet"), width=390)
    page.wait_for_timeout(100)

    def nothing_is_missing():
        texts = page.locator(".d2l").all_inner_texts()
        assert not {"null", "NaN", "undefined"} & set(texts)
        assert "NaN" not in page.locator("svg").last.inner_html()

    oracle.looks(page, 390, 1280, also=nothing_is_missing)


def test_still_and_one_line(page_of):
    figure = lab(sort="test", descending=True)
    page = page_of(figure, java_script_enabled=False)
    rows = page.locator(".d2l-still tbody tr")
    assert rows.all_text_contents()[0] == "ResNet11.2 M★ 0.9356170"
    assert rows.all_text_contents()[-1] == "no plot★ 5–60"
    assert rows.nth(1).locator("a").get_attribute("href") == "#densenet"
    assert repr(figure) == (
        "Comparison: 3 columns for LeNet, AlexNet, DenseNet, ResNet, no plot; "
        "plotted: test accuracy over parameters"
    )
    sly = Comparison([{"name": "<b>"}], [("a", "<i>")], x="a", y="a", title="<u>")
    assert not {"<b>", "<i>", "<u>"} & {sly.still()[i : i + 3] for i in range(999)}


LIVE = """
from d2lmini.widgets import Comparison
rows = [{"name": n, "a": a, "b": b} for n, a, b in
        (("p", 1, 5), ("q", 2, 7), ("r", 2, None), ("s", 3, 6))]
figure = Comparison(rows, [("a", "a", "less"), ("b", "b", "more")], x="a", y="b")
"""


def test_traits_in_a_kernel(kernel):
    kernel.run(LIVE)
    comm, look = kernel.comms[-1], "print(figure.order, figure.on_front)"
    assert kernel.run(look) == "['p', 'q', 'r', 's'] ['p', 'q']\n"
    kernel.update(comm, {"sort": "b", "descending": True, "y": "a"})
    assert kernel.run(look) == "['q', 's', 'p', 'r'] ['p']\n"


# ---- what is refused --------------------------------------------------------


def test_columns_and_values_in_every_form():
    rows = [{"name": "a", "v": torch.tensor(0.5), "w": None}, {"name": "b", "v": 2}]
    columns = [Column("v", "v", "less"), {"key": "w", "heading": "w"}]
    figure = Comparison(rows, columns, x="v", y="w")
    assert [row["values"] for row in figure.data["rows"]] == [[0.5, None], [2, None]]
    assert figure.best == {"v": ["a"], "w": []}
    assert figure.problem == "No network has both v and w."


ROW = {"name": "a", "v": 1}


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ([], [("v", "v")], "There is no row"),
        ([ROW, ROW], [("v", "v")], "Two rows have the name 'a'"),
        ([{"v": 1}], [("v", "v")], "needs words for name"),
        ([{"name": "a", "vv": 1}], [("v", "v")], "a has 'vv', .* the keys are v"),
        (
            [{"name": "a", "v": "9"}],
            [("v", "v")],
            "v of a is the text '9': give a finite",
        ),
        ([{"name": "a", "v": True}], [("v", "v")], "v of a is True"),
        ([{"name": "a", "v": math.nan}], [("v", "v")], "v of a is nan"),
        (
            [{"name": "a", "v": 0}],
            [("v", "v", "less", "log")],
            "v of a is 0, and a log",
        ),
        ([{"name": "a", "v": torch.ones(2)}], [("v", "v")], "v of a is a tensor"),
        ([{"name": "a", "v": 10**400}], [("v", "v")], "v of a is a whole number of"),
        ([("a", 1)], [("v", "v")], "A row is the tuple .*: give a dict"),
        ({"a": 1}, [("v", "v")], "A row is the text 'a': give a dict"),
        ([ROW], [], "There is no column"),
        ([ROW], [("v", "v"), ("v", "w")], "Two columns have the key 'v'"),
        ([ROW], [("v",)], "is no column"),
        ([ROW], [{"key": "v", "head": "v"}], "is no column"),
        ([ROW], [("name", "v")], "cannot have the key 'name'"),
        ([ROW], [("v", "v", "small")], "better of the column 'v' is 'small'"),
        ([ROW], [("v", "v", "", "cubic")], "scale of the column 'v' is 'cubic'"),
        ([ROW], [("v", "v", "", "log", "", ".4f")], "digits of the column 'v'"),
    ],
)
def test_wrong_tables_are_refused_in_words(rows, columns, words):
    with pytest.raises(ValueError, match=words) as error:
        Comparison(rows, columns, x="v", y="v")
    assert "\n" not in str(error.value)


def test_lists_and_words_are_demanded_and_digits_may_be_of_numpy():
    axes = {"x": "v", "y": "v"}
    with pytest.raises(TypeError, match="rows is None: give a list"):
        Comparison(None, [("v", "v")], **axes)
    for name in ("title", "what"):
        with pytest.raises(TypeError, match=f"{name} is 5: give words"):
            Comparison([ROW], [("v", "v")], **axes, **{name: 5})
    figure = Comparison([ROW], [("v", "v", "", "linear", "", np.int64(2))], **axes)
    assert json.dumps(figure.state)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"x": "sise"}, "x is 'sise', .* the keys are size, test, speed"),
        ({"y": "name"}, "y is 'name'"),
        ({"sort": "tests"}, "sort is 'tests'"),
        ({"lit": "Lenet"}, "No row is called 'Lenet'"),
    ],
)
def test_wrong_traits_are_refused_in_words(wrong, words):
    with pytest.raises(TraitError, match=words):
        lab(**wrong)
    figure = lab()
    with pytest.raises(TraitError, match=words):
        for name, value in wrong.items():
            setattr(figure, name, value)
