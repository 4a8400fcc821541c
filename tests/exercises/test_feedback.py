"""The pages that students read, and the files that gradebooks take."""

import csv
import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from types import SimpleNamespace

import nbformat
import pytest
from bleach import ALLOWED_TAGS
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from d2lmini.course import (
    export,
    feedback,
    gradebook,
    outputs,
    report,
    suspicion,
    tables,
    watch,
)
from d2lmini.course.exercises import new_cell
from tools.book import ROOT

SOURCE = """\
def demand(values, expected):
    assert mean(values) == expected, f"mean({values}) is wrong."
demand([1, 2], 1.5)
### BEGIN HIDDEN TESTS
demand([5], 5)  # secret
### END HIDDEN TESTS"""

HOSTILE = """\
Because <img src=x onerror="window.hit = 1"> of <script>window.hit = 2</script> this
[link](javascript:window.hit=3) <svg onload="window.hit=4"></svg>
<iframe srcdoc="<script>parent.hit = 5</script>"></iframe> $x^2$ and `$5`.
<a href="java&#10;script:alert(1)">x</a> <style>@import 'http://evil'</style>"""


def cell(kind, name, source, *errors, **role):
    made = new_cell(kind, name, source, {"nbgrader": {"grade_id": name, **role}})
    if kind == "code":
        made.outputs = list(errors)
    return made


def error(said, *frames):
    untyped = nbformat.v4
    lines = ["----", *frames, f"AssertionError: {said}"]
    return untyped.new_output(
        "error", ename="AssertionError", evalue=said, traceback=lines
    )


def graded(answer=HOSTILE):
    frames = [
        "Cell In[7], line 5\n      4 ### BEGIN\n----> 5 demand([5], 5)  # secret",
        "Cell In[3], line 2, in mean(values)\n----> 2     return 0 / values",
        "File /home/me/.venv/lib/python3.11/site-packages/torch/x.py:3, in f()",
    ]
    return nbformat.v4.new_notebook(
        cells=[
            new_cell("markdown", "mean-text", "### 1 · Mean of $\\bar{x}$\n\nWhat?"),
            cell("code", "mean", "def mean(values): ...", solution=True),
            cell("code", "mean-check", SOURCE, error("mean([5]) is wrong.", *frames)),
            new_cell("markdown", "why-text", "### 2 · Why?"),
            cell("markdown", "why", answer, solution=True, grade=True),
        ]
    )


MARKS = {
    "mean-check": feedback.Marks(1, 3, False, ""),
    "why": feedback.Marks(0, 2, True, "Read <b onclick='hit=6'>again</b>."),
}


def page(source=SOURCE, **options):
    return feedback.page(
        graded(),
        title="week3 · <jo>",
        marks=MARKS,
        sources={"mean-check": source},
        **options,
    )


def test_the_page_says_what_was_wrong_and_where_in_ones_own_code():
    text = page()
    assert "mean([5]) is wrong." in text and "1 of 5 points" in text
    assert text.index("mean([5]) is wrong.") < text.index("<details>")
    assert "Cell In[3], line 2, in mean(values)" in text
    assert "site-packages" not in text and "/home/me" not in text
    assert "<h2>Mean of" in text and "Nobody has read it yet." in text


@pytest.mark.parametrize("mark", ["### ", "# ", "#"])  # nbgrader takes all of them
def test_hidden_tests_are_shown_only_if_asked_for(mark):
    source = SOURCE.replace("### ", mark)
    assert "secret" not in page(source) and "demand([5], 5)" not in page(source)
    assert "demand([5], 5)  # secret" in page(source, show_hidden=True)


def test_formulas_are_pictures_and_prices_are_not():
    text = feedback.rendered("$x^2$, `$y$`, $$\\frac{a}{b}$$ and 3$ or 4$ a head")
    assert text.count("<img") == 2 and 'alt="x^2"' in text
    assert "<code>$y$</code>" in text and "3$ or 4$" in text
    assert "<code>\\nonsense{" in feedback.rendered("$\\nonsense{1}$")


EVERYTHING = """\
# Title of $x$

One **bold** and *thin* line.

Two, with `a < b` and 1 < 2 & 3 > 2.

    indented = 1

```python
x = 1 < 2  # $5$
```

| a | b |
|:--|--:|
| 1 | 2 |

- one
- [x] done

1. first

> quoted, ~~gone~~

term
: meaning

---

[link](https://a.org "to") and ![words of it](attachment:a.png)

<details><summary>Hint</summary>

Draw it.

</details>"""


SHOWN = (
    "p strong em code pre table thead tbody tr th td ul ol li blockquote h3 del dl dt "
    "dd hr details summary a img div span"
)


def test_all_that_markdown_has_is_shown_as_what_it_is():
    text = feedback.rendered(EVERYTHING)
    plain = re.sub(r"1 &lt; 2|a &lt; b|(?<=<span>)&lt;", "", text)
    assert "&lt;" not in plain, plain
    tags = [tag for tag, _ in Found(text).tags]
    assert {*tags} == {*SHOWN.split()}
    assert "<h3>Title of <img class=maths" in text, "below the page's own headings"
    assert re.search('<td style="text-align: ?right;">2</td>', text) and "¶" not in text
    assert '<a href="https://a.org" title="to">link</a>' in text
    assert "[words of it]" in text and "☑ done" in text


SAFE = {"a": {"href", "title"}, "td": {"style"}, "th": {"style"}, "img": {"alt"}}
DANGERS = (
    "<script>hit</script>",
    "<SCRIPT SRC=//evil></SCRIPT>",
    "<style>p { color: red }</style>",
    "<p onclick=hit() style='background: url(//evil)'>x</p>",
    "<td style='text-align: left; position: fixed'>x</td>",
    "[x](javascript:hit)",
    "[x](data:text/html,<script>hit</script>)",
    "<a href='vbscript:hit' target=_top onmouseover=hit>x</a>",
    "![x](data:image/svg+xml,<svg onload=hit>)",
    "<img src=//evil onerror=hit srcset=//evil>",
    "<iframe src=//evil></iframe><object data=//evil></object><embed src=//evil>",
    "<form action=//evil><input name=x autofocus onfocus=hit><button>x</button></form>",
    "<svg><a xlink:href='javascript:hit'>x</a></svg><math href=javascript:hit></math>",
    "<meta http-equiv=refresh content='0; url=//evil'><base href=//evil>",
    "<link rel=stylesheet href=//evil>",
    "<details open ontoggle=hit>x</details>",
    "<table background=//evil><tr><td background=//evil>x</table></div></html>",
    "```mermaid\n<script>hit</script>\n```",
    "[x](http://a/$onclick=hit//$) <a title='$ onclick=hit //$' href=http://a>x</a>",
    "![$onclick=hit$](y) <img alt='$\" onerror=hit x=\"$'>",
    "<!-- --!><script>hit</script> -->",
    "<noscript><p title='</noscript><img src=x onerror=hit>'></noscript>",
)


class Found(HTMLParser):
    """All tags and attributes of a text, as a browser reads them."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("danger", DANGERS)
def test_nothing_that_runs_or_loads_is_left(danger):
    for tag, attributes in Found(feedback.rendered(danger)).tags:
        assert tag in {*feedback.TAGS, *ALLOWED_TAGS}, tag
        if attributes.get("class") == "maths":  # a formula of ours
            assert attributes.pop("src").startswith("data:image/svg+xml;base64,")
            del attributes["class"]
        assert set(attributes) <= SAFE.get(tag, set()), attributes
        assert re.match("https?:|mailto:|$", attributes.get("href", "")), attributes
        assert re.fullmatch("(text-align: [a-z]+;)?", attributes.get("style", ""))


def test_formulas_without_end_are_text():
    text = " ".join(f"$a_{{{i}}}$" for i in range(2 * feedback.FORMULAS))
    shown = feedback.rendered(text)
    assert shown.count("<img") == feedback.FORMULAS and "$a_{199}$" in shown


def test_late_points_and_a_failed_page():
    assert "0.5 points less" in page(penalty=0.5) and "0.5 of 5 points" in page(
        penalty=0.5
    )
    text = feedback.failed("week3", ["hw.pdf: It is no <notebook>."])
    assert "hw.pdf: It is no &lt;notebook&gt;." in text


@pytest.mark.parametrize("kind", ["feedback", "formgrader", "neither"])
def test_no_script_of_a_student_runs(browser, tmp_path, kind):
    path = tmp_path / "page.html"
    nb = graded()
    nb.cells[1].outputs = [
        nbformat.v4.new_output("display_data", {"text/html": HOSTILE}),
        nbformat.v4.new_output("display_data", {"image/svg+xml": HOSTILE}),
    ]
    if kind == "feedback":
        path.write_text(page(), encoding="utf-8")
    else:  # as Formgrader does: nbconvert, with what the course's settings say
        settings = {} if kind == "neither" else formgrader_settings()
        path.write_text(as_formgrader(nb, settings), encoding="utf-8")
    shown = browser.new_page()
    shown.goto(path.as_uri(), wait_until="domcontentloaded")
    if kind == "neither":
        shown.wait_for_function("window.hit !== undefined")
    shown.wait_for_timeout(300)  # for what should not come
    assert (shown.evaluate("window.hit") is not None) == (kind == "neither")
    shown.close()


def formgrader_settings():
    return (
        PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config().HTMLExporter
    )


def as_formgrader(nb, settings):
    config = Config(HTMLExporter=settings)
    exporter = HTMLExporter(config=config, template_name="classic")
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = ""
    return exporter.from_notebook_node(nb)[0]


# --- what a kernel may say ---------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"data": 3},
        {"data": {"text/plain": 5, 7: "x", "text/html": ["a", 2]}},
        {"data": {"text/plain": "\ud800"}, "transient": {"display_id": []}},
        {"data": {"application/javascript": "hit()"}, "metadata": 3},
    ],
)
@pytest.mark.parametrize("kind", ["display_data", "execute_result", "stream", "error"])
def test_any_message_becomes_an_output_that_a_notebook_holds(kind, content):
    clean = outputs.message(kind, content | {"text": content, "name": "x"}, 1000)
    message = {"header": {"msg_type": kind}, "content": clean, "msg_type": kind}
    made = nbformat.v4.output_from_msg(message)
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[made])])
    nbformat.validate(nb)
    nbformat.writes(nb).encode("utf-8")
    assert "application/javascript" not in made.get("data", {})


def test_a_checks_stderr_does_not_decide():
    said = nbformat.v4.new_output("stream", name="stderr", text="3it [00:01]")
    assert outputs.cleaned([said], graded=True)[0].name == "stdout"
    said = nbformat.v4.new_output("stream", name="stderr", text="3it [00:01]")
    assert outputs.cleaned([said], graded=False)[0].name == "stderr"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (["10%\r20%", "\r30%\nend"], "30%\nend"),
        (["one\r\ntwo\r"], "one\r\ntwo\r"),
        (["a\rb\r\r\n"], "b\r\r\n"),
        (["x" * 10**6, "\r" * 10**6, "y"], "y"),  # a search for returns never ends here
    ],
)
def test_what_a_progress_bar_has_overwritten_is_left_out(said, shown):
    streams = [nbformat.v4.new_output("stream", text=one) for one in said]
    streams.insert(1, nbformat.v4.new_output("stream", name="stderr", text="oh"))
    found = outputs.cleaned(streams, graded=False)
    assert [(one.name, one.text) for one in found] == [
        ("stdout", shown),
        ("stderr", "oh"),
    ]


# --- signs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("import torch\ntorch.isclose = len", "sets torch.isclose"),
        ("setattr(torch, 'x', 1)", "sets an attribute of torch"),
        (
            "from d2lmini import check\nd2lmini.check.same = 1",
            "sets d2lmini.check.same",
        ),
        ("get_ipython().ast_transformers", "uses get_ipython"),
        ("import sys\nsys._getframe(1)", "uses _getframe"),
        ("f.__globals__['x']", "uses __globals__"),
        ("import ctypes", "imports ctypes"),
        ("exec('x')", "calls exec"),
        ("class Yes(int):\n    __eq__ = lambda *_: True", "defines __eq__"),
        ("class Yes:\n    def __torch_function__(): ...", "defines __torch_function__"),
        ("exit._ip.kernel", "uses _ip"),
        ("import sys\nsys.addaudithook(f)", "uses addaudithook"),
        ("from IPython import get_ipython as g", "imports get_ipython"),
        ("import threading", "imports threading"),
        ("nn.modules.module.register_module_forward_hook(f)", "uses register_module_"),
        ("Mode().__enter__()", "uses __enter__"),
        ("%timeit x\nbuiltins.len = 3", "sets builtins.len"),
        ("x = %pwd\nbuiltins.len = 3", "sets builtins.len"),
        ("len?\n/print 3\nbuiltins.len = 3", "sets builtins.len"),
        ("%time get_ipython().user_ns.clear()", "uses get_ipython"),
        ("def f(:\n    get_ipython()", "uses get_ipython"),
        ("import ipykernel.kernelapp as k", "imports ipykernel.kernelapp"),
        ("import IPython.core.interactiveshell as s", "imports IPython.core"),
        ("from traitlets.config import SingletonConfigurable", "imports traitlets"),
        ("from sys import modules", "imports modules"),
        ("from sys import _getframe as f", "imports _getframe"),
    ],
)
def test_ways_to_persuade_a_check_are_signs(code, sign):
    found = suspicion.signs([new_cell("code", "mine", code)])
    assert any(one.startswith(sign) for one in found), found


@pytest.mark.parametrize(
    "code",
    [
        "\n" * 200_000,
        ".".join(["a"] * 50_000),
        "(" * 5000,
        "\n" * 9999 + "%",
        " " * 200_000,
    ],
)
def test_no_code_holds_up_the_reading(code):
    begun = time.monotonic()
    suspicion.signs([new_cell("code", "mine", code)])
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    "code",
    [
        "net.training = True\nx.grad = None\nself.weight = nn.Parameter(w)",
        "torch.manual_seed(0)\ntorch.backends.cudnn.benchmark = True",
        "import math, random, numpy as np",
        "def f(:",
        "%matplotlib inline\n!ls\nhere = %pwd\nlen?",
        "from IPython.display import display\nfrom IPython import display as show",
        "x = (1\n    , 2)\ny = 7 \\\n    % 3",
        "self.x = 1\nprint(torch.nn.functional.relu)",
    ],
)
def test_honest_code_is_none(code):
    assert suspicion.signs([new_cell("code", "mine", code)]) == []


# --- exports -----------------------------------------------------------------------

ASSIGNMENTS = [("week3", 11.0), ("week4", 5.0)]
STUDENTS = [
    (
        {
            "id": "Jo.Smith",
            "first_name": "Jo",
            "last_name": "Smith, PhD",
            "email": "j@x",
            "lms_user_id": "7",
        },
        {"week3": 9.5, "week4": None},
    ),
    (
        dict.fromkeys(("first_name", "last_name", "email", "lms_user_id"), "")
        | {"id": "=1+1"},
        {"week3": 0.0, "week4": 5.0},
    ),
]


@pytest.fixture
def table(tmp_path):
    def read(to):
        path = tmp_path / "reports" / f"{to}.csv"
        tables.write(export.FORMATS[to](ASSIGNMENTS, STUDENTS), path)
        assert path.read_bytes().endswith(b"\r\n"), "as Excel ends a line"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    return read


def test_canvas_gets_its_columns_and_the_points_possible(table):
    head, possible, jo, odd = table("canvas")
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert possible[0].strip() == "Points Possible" and possible[5:] == ["11", "5"]
    assert jo == ["Smith, PhD, Jo", "7", "", "Jo.Smith", "", "9.5", ""]
    assert odd[3] == "'=1+1", "a spreadsheet does not compute a name"


def test_moodle_gets_user_names_and_leaves_what_is_missing(table):
    head, jo, odd = table("moodle")
    assert head[:2] == ["Username", "First name"] and head[4:] == ["week3", "week4"]
    assert jo[0] == "jo.smith" and jo[4:] == ["9.5", ""] and odd[4:] == ["0", "5"]


def test_a_spreadsheet_gets_a_line_for_each(table):
    assert len(table("csv")) == 5
    assert table("csv")[1][-3:] == ["week3", "9.5", "11"]


def of(name, *students, notebook="week3"):
    """An assignment in the gradebook, handed in by these."""
    submissions = [SimpleNamespace(student=SimpleNamespace(id=x)) for x in students]
    notebooks = [SimpleNamespace(name=notebook)]
    return SimpleNamespace(name=name, notebooks=notebooks, submissions=submissions)


def test_the_assignments_of_one_student_each_are_a_column_together():
    own = [of("week3-ada", "ada"), of("week3-bo-li", "bo-li"), of("week3-cy")]
    other = [of("week4", "ada", notebook="week4"), of("week5-x", "x", notebook="week5")]
    found = export.columns([*own, *other])
    assert found == {"week4": [other[0]], "week3": own, "week5": [other[1]]}


@pytest.mark.parametrize(
    "more",
    [
        [of("week3-ada", "ada", "bo")],  # two had it
        [of("week3-ada", "ada"), of("week3", "bo")],  # the name is another's
        [of("week3-1"), of("week3-2")],  # nobody handed in: weeks, perhaps
        [of("week3-ada", "ada", notebook="task")],  # not as we call them
    ],
)
def test_other_assignments_keep_their_columns(more):
    assert export.columns(more) == {one.name: [one] for one in more}


# --- the report, the watch -----------------------------------------------------------


def test_the_report_fits_a_screen_and_steers_no_terminal():
    rows = [
        report.Row("jo\x1b[2J", "hw.ipynb", "graded", 3, 4),
        report.Row("jo\x1b[2J", "data.csv", "kept", why="It lies beside the notebook."),
        report.Row("mo", "hw.pdf", "not taken", why="It is no notebook."),
    ]
    lines = list(report.shown(rows))
    assert len(lines) == 3 and not any("\x1b" in line for line in lines)
    assert report.left_out(rows) == ["mo"]
    assert "Without a grade: mo." in report.summary(rows, 9)


def test_the_report_has_a_line_for_each_file_and_none_is_computed(tmp_path):
    rows = [report.Row("jo", "=1+1.ipynb", "graded", 3, 4), report.Row("mo", "", "x")]
    report.write(rows, tmp_path / "reports" / "week3.csv")
    text = (tmp_path / "reports" / "week3.csv").read_text(encoding="utf-8")
    assert text.splitlines() == [
        "student,file,state,points,of,why,look",
        "jo,'=1+1.ipynb,graded,3,4,,",
        "mo,,x,,,,",
    ]


@pytest.mark.parametrize(("n", "said"), [(1, "1 student graded"), (0, "0 students")])
def test_one_is_one(n, said):
    rows = n * [report.Row("jo", "x", "graded", 1, 1)]
    assert report.summary(rows, 1).startswith(said)


def test_nobody_is_missed_in_an_assignment_of_somebody_else():
    assert gradebook.owner("week3-bob", ["week3"], ["bob"]) == "bob"
    assert gradebook.owner("week3-bob", ["week3"], []) == "bob"
    for name, notebooks, students in (
        ("week3", ["week3"], ["bob"]),
        ("week3-bob", ["week3"], ["bob", "ada"]),
        ("week3-bob", ["task"], ["bob"]),
        ("week3-bob", ["week3", "task"], ["bob"]),
        ("week3-bob", [], ["bob"]),
    ):
        assert gradebook.owner(name, notebooks, students) == ""


def test_descendants_are_found_and_their_memory():
    code = "import subprocess, sys; x = bytearray(2**26); x[::4096] = b'1' * 2**14\n"
    code += "print(1, flush=True); subprocess.run(['sleep', '5'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as it:
        it.stdout.readline()
        assert it.pid in watch.descendants(os.getpid())
        assert watch.resident(it.pid) > 2**26
        it.kill()
