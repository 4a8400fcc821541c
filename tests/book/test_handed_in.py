"""Reports to hand in: what stays, what goes, and that they stand on their own."""

import base64
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import book, citations, report

ORIGIN = "CPU (1 thread) · float32 · seed 0"
PNG = (  # one grey pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAA"
    "AABJRU5ErkJggg=="
)
FIGURE = (
    '<div class="d2l-host mathjax_ignore" data-d2l="1"><div class="d2l-still">'
    '<a href="../networks/lenet.html">LeNet</a> stands still.'
    '<noscript><p>Run the cell.</p></noscript></div></div>\n<script type="module">\n'
    'const state = {"page": "../networks/lenet.html"};\n'
    'document.querySelector("[data-d2l]").dataset.live = "<\\/script>";\n</script>\n'
)


def shown(source, kind="display_data", metadata=None, **data):
    output = new_output(kind, data={k.replace("_", "/"): v for k, v in data.items()})
    output.metadata = metadata or {}
    return new_code_cell(source, outputs=[output])


def said(source, text):
    outputs = [new_output("stream", name="stdout", text=text)]
    return new_code_cell(source, outputs=outputs, execution_count=7)


@pytest.fixture
def study(tmp_path):
    """A small study with one of everything, as a file."""
    alt = {"image/png": {"alt": "A curve that falls.", "width": 30, "height": 30}}
    table = '<table class="d2l-table"><tbody><tr><td>0.9</td>'
    table += f"<td>{'x' * 90}</td></tr></tbody></table>"  # wider than a telephone
    work = "A sum $1 + x_1$ and [Kingma and Ba, 2015](../references.md)."
    cells = [
        new_markdown_cell("# 13 · Slim & small\n\nHow small? [It](lenet.ipynb)."),
        said("import d2lmini\nd2lmini.setup(seed=0)", f"{ORIGIN}\n"),
        new_markdown_cell(f"## Method\n\n{work}"),
        new_code_cell("secret_code = 1"),
        shown("curves", metadata=alt, image_png=PNG, text_plain="<Picture>"),
        shown("Table()", text_html=table, text_plain="0.9"),
        shown("Walk()", text_html=FIGURE, text_plain="Walk"),
        new_markdown_cell("## Check yourself\n\nFive questions."),
        said("Quiz()", "the quiz"),
        new_markdown_cell("## Summary\n\n- It is small."),
        new_markdown_cell("## Exercises\n\nSix of them."),
        new_markdown_cell("### 1 · First\n\nThe exercise."),
        said("check()", "correct"),
    ]
    path = tmp_path / "slim.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_text_tables_and_figures_stay(study):
    page = report.report(study)
    assert "<title>Slim &amp; small</title>" in page
    assert page.count("<h1>") == 1
    assert f'<p class="origin">{ORIGIN}</p>' in page
    for part in ("How small?", "<h2>Method</h2>", "<td>0.9</td>", "It is small."):
        assert part in page
    assert f"data:image/png;base64,{PNG}" in page
    assert 'alt="A curve that falls."' in page


def test_code_quiz_and_exercises_go(study):
    page = report.report(study)
    body = page[page.index("<body>") :]
    gone = ("secret_code", "d2lmini.setup", "questions", "quiz", "xercise", "correct")
    assert [part for part in gone if part in body] == []
    assert not re.search(r"(In|Out)(&nbsp;| )\[", body)


def test_no_sentence_announces_code_that_has_gone(study):
    nb = nbformat.read(study, as_version=4)
    nb.cells[2:2] = [
        new_markdown_cell("## A plan\n\nIt has stages. AlexNet is one of many:"),
        new_code_cell("PLAN = 1"),
        new_markdown_cell("AlexNet is another:"),
        new_code_cell("PLAN = 2"),
        new_markdown_cell("And here is a number:"),
        said("PLAN", "2"),
    ]
    nbformat.write(nb, study)
    page = report.report(study)
    assert "It has stages." in page and "And here is a number:" in page
    assert "one of many" not in page and "AlexNet is another" not in page


def test_links_that_lead_nowhere_are_text(study):
    page = report.report(study)
    assert "How small? It." in page
    assert "Kingma and Ba, 2015." in page
    assert re.findall(r'href="(?!https?://)', page[page.index("<body>") :]) == []
    assert '"page": ""' in page


def test_stills_have_no_script_of_theirs(study):
    live, still = report.report(study), report.report(study, stills=True)
    assert "const state" in live
    assert "const state" not in still
    assert "Run the cell" not in still
    assert "LeNet stands still." in still


def test_a_report_without_formulas_carries_no_program_for_them(study):
    assert "window.MathJax" in report.report(study)
    nb = nbformat.read(study, as_version=4)
    nb.cells[2].source = "No sum."
    nbformat.write(nb, study)
    page = report.report(study)
    assert "window.MathJax" not in page
    assert "References" not in page


def test_the_name_is_blank_or_given(study):
    assert "<span>Name</span>" in report.report(study)
    assert "<b>Ada &amp; Bo</b>" in report.report(study, author="Ada & Bo")


def test_the_file_stands_on_its_own_in_a_browser(study, tmp_path, browser):
    """Formulas are set, the figure lives, and nothing else is asked for."""
    file = tmp_path / "slim.html"
    file.write_text(report.report(study), encoding="utf-8")
    page = browser.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.evaluate("MathJax.startup.promise.then(() => true)")
    assert errors == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert page.locator("mjx-container svg").count() == 1
    assert page.locator("mjx-assistive-mml").count() == 1
    assert page.locator("[data-live]").count() == 1
    assert page.evaluate("document.images[0].naturalWidth") == 1
    whole = "table, img, .d2l-host, pre, mjx-container"
    rules = page.evaluate(
        "s => [...document.querySelectorAll(s)]"
        ".map(e => getComputedStyle(e).breakInside)",
        whole,
    )
    assert set(rules) == {"avoid"}
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


@pytest.mark.parametrize("path", book.chapters(), ids=lambda path: path.stem)
def test_every_work_that_a_chapter_names_is_found(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    names, works = set(citations.NAMED.findall(text)), citations.cited(text)
    assert bool(works) == bool(names)
    years = {year for name in names for year in re.findall(r"\d{4}", name)}
    assert [year for year in years if not any(year in work for work in works)] == []


def test_one_author_two_and_more_are_told_apart():
    two = "[Simonyan and Zisserman (2014)](../references.md)"
    (work,) = citations.cited(two)
    assert "Vedaldi" not in work
    assert citations.cited("no link: Simonyan and Zisserman (2014)") == []
    with pytest.raises(ValueError, match="'Nobody, 1999', which fits no entry"):
        citations.cited("[Nobody, 1999](references.md)")


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tools.report", *arguments],
        cwd=book.ROOT,
        capture_output=True,
        encoding="utf-8",
    )


def test_a_chapter_as_pdf(tmp_path):
    done = command("resnet", "--pdf", "--to", str(tmp_path), "--author", "Ada")
    assert done.returncode == 0, done.stderr
    pdf = (tmp_path / "resnet.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1
    assert b"/ToUnicode" in pdf  # its text can be searched and copied
    assert b"/StructTreeRoot" in pdf  # and read aloud
    pictures = re.findall(
        r'<img[^>]+src="data:image', report.report(resnet(), stills=True)
    )
    assert len(re.findall(rb"/Subtype\s*/Image", pdf)) >= len(pictures)


def resnet():
    return report.find("resnet")


def test_every_picture_of_a_chapter_is_in_its_report():
    page = report.report(resnet())
    for cell in report._kept(nbformat.read(resnet(), as_version=4).cells):
        for output in cell.get("outputs", ()):
            if png := output.get("data", {}).get("image/png"):
                assert base64.b64decode(png) in [
                    base64.b64decode(text)
                    for text in re.findall(r'"data:image/png;base64,([^"]+)"', page)
                ]
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=\"(?!data:)", page)


def test_what_cannot_be_reported_is_one_sentence(study):
    with pytest.raises(
        ValueError, match=r"no chapter resnett; the chapters are .*resnet"
    ):
        report.find("resnett")
    nb = nbformat.read(study, as_version=4)
    nb.cells[1].outputs = []
    nbformat.write(nb, study)
    with pytest.raises(ValueError, match=r"does not store what .*setup"):
        report.report(study)
    for cell in nb.cells:
        cell.pop("outputs", None)
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), study)
    with pytest.raises(ValueError, match=r"no outputs.*make outputs CHAPTERS=slim"):
        report.report(study)


def test_a_notebook_can_be_named_by_its_path(study):
    assert report.find(str(study)) == study
    assert report.find("book/networks/lenet.ipynb").stem == "lenet"


@pytest.mark.parametrize("name", ["lenet.ipynb", "my work/lenet.ipynb", "a/lenet"])
def test_a_mistyped_path_is_no_chapter_of_that_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lenet.ipynb").mkdir()
    with pytest.raises(ValueError, match=rf"^There is no (file|chapter) .*{name}"):
        report.find(name)


@pytest.mark.parametrize(
    ("sources", "title", "text"),
    [
        (["# 3 · Mine\n\nOn.", "More."], "Mine", "On."),
        (["## Mine\n\nOn."], "Mine", "On."),
        (['<a href="colab">Badge</a>\n\n# Mine', "On."], "Mine", "Badge"),
        (["Badge", "# Mine\n\nOn."], "Mine", "On."),
        (["On.", "## Method"], "slim", "On."),
        (["```\n# code\n```\nOn."], "slim", "On."),
        (["On.\n\n~~~\n# code\n~~~"], "slim", "# code"),
        (["```\n# code\n```\n\n# Mine"], "Mine", "# code"),
        (["## Mine\n\nOn.", "# Appendix"], "Mine", "# Appendix"),
        (["**On**.\n\n## Intro"], "slim", "## Intro"),
        (["3 · Mine\n====\n\nOn."], "Mine", "On."),
        (["Mine\n---\n\nOn."], "Mine", "On."),
        (["On and\n  on\n---"], "slim", "on\n---"),
        (["  # Mine #\n\nOn."], "Mine", "On."),
        ([], "slim", ""),
    ],
)
def test_the_title_is_the_first_heading_else_the_files_name(sources, title, text):
    cells = [new_code_cell("import numpy"), *map(new_markdown_cell, sources)]
    found, kept = report._titled(cells, "slim")
    assert found == title and len(kept) == len(cells)
    assert text in "".join(cell.source for cell in kept)
    assert not any("Mine" in cell.source for cell in kept)


def test_a_notebook_of_nothing_but_its_setup_is_titled_by_its_name(study):
    nb = nbformat.read(study, as_version=4)
    nb.cells = nb.cells[1:2]
    nbformat.write(nb, study)
    assert "<h1>slim</h1>" in report.report(study)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"nbformat": 5}'])
def test_what_is_no_notebook_is_named(tmp_path, text):
    path = tmp_path / "mine.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.ipynb cannot be read as a notebook"):
        report.report(path)


def test_without_a_browser_there_is_a_sentence(study, monkeypatch):
    monkeypatch.setenv("D2LMINI_CHROMIUM", "no-such-browser")
    done = command(str(study), "--pdf", "--to", str(study.parent))
    assert done.returncode == 1
    assert "A PDF is printed by a browser" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (study.parent / "slim.pdf").exists()


SAMPLE = book.ROOT / "examples/report/batch-norm-or-recipe.ipynb"


def test_the_sample_has_two_pages(tmp_path):
    done = command(str(SAMPLE), "--pdf", "--to", str(tmp_path), "--author", "Ada")
    assert done.returncode == 0, done.stderr
    pdf = (tmp_path / f"{SAMPLE.stem}.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2


def test_the_sample_shows_what_its_code_computes_and_says_what_it_shows():
    cells = {cell["id"]: cell for cell in nbformat.read(SAMPLE, as_version=4).cells}
    *before, last = cells["table"].source.rpartition("\n")
    space = {}
    exec("".join(before), space)
    shown = cells["table"].outputs[0].data["text/plain"]
    assert repr(eval(last, space)) == shown
    p, gains = space["p"], space["gains"]
    plain, other = p["LeNet", "SGD"], p["LeNet", "Adam"]
    error = sum(x * (1 - x) for x in (plain, other)) ** 0.5 / 100
    derived = (gains[0] + other, gains[0] - gains[1], plain + gains[0] - other, error)
    known = {*re.findall(r"\d\.\d{4}", shown), *(f"{x:.4f}" for x in derived)}
    said = re.findall(r"\b0\.\d{4}", cells["reading"].source + cells["limits"].source)
    assert said and set(said) <= known


def test_the_marks_of_a_project_add_up():
    text = (book.ROOT / "book/guide/project.md").read_text(encoding="utf-8")
    points = re.findall(r"(?m)^\| [^|]+ \| (\d+) \|", text)
    assert sum(map(int, points)) == int(re.search(r"That makes (\d+)\.", text)[1])
    assert SAMPLE.relative_to(book.ROOT).as_posix() in text
