"""Stored figures: read back, renewed, and shortened for a page that loads them once."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from d2lmini import widgets
from d2lmini.widgets import base
from tools import figures

TEXT = "</script><!-- <\\/ \\u003c/ ´ ]]>"
MADE = [
    widgets.ConvolutionLab(stride=2),
    widgets.PoolingLab(),
    widgets.ChannelsLab(),
    widgets.BatchNormLab(),
    widgets.ReceptiveField(),
    widgets.DescentLab(steps=3),
    widgets.SoftmaxLab(target=2),
    widgets.Quiz([{"text": TEXT, "answer": 1, "why": TEXT}], title=TEXT),
]


@pytest.mark.parametrize("figure", MADE, ids=lambda figure: figure.module)
def test_a_figure_is_read_back_as_it_was_made(figure):
    stored = figures.Stored.of(figure.html())
    assert stored.state == figure.state and stored.still == figure.still()
    assert stored.renewed() == figure.html()


def old(html):
    """The figure as an older package would have stored it."""
    return html.replace("const figure", "/* old */ const figure").replace(
        '"stride"', '"pace"'
    )


def test_an_old_figure_is_renewed_from_its_state():
    figure = widgets.ConvolutionLab(kernel="blur")
    stored = old(figure.html())
    assert stored != figure.html()
    out = new_output("display_data", data={"text/html": stored})
    nb = new_notebook(cells=[new_code_cell("lab", outputs=[out])])
    assert [figures.renew(nb), figures.renew(nb)] == [1, 0]
    (cell,) = nbformat.reads(nbformat.writes(nb), as_version=4).cells
    assert figures.Stored.of(cell.outputs[0].data["text/html"]).state == figure.state


@pytest.mark.parametrize("html", ["", "<p>text</p>", '<div data-d2l="1"></div>'])
def test_what_is_no_figure_is_left(html):
    assert figures.shorten(html) == html and figures.modules(html) == []


def test_files_share_no_name():
    """On a page all that files export stands side by side."""
    found = [
        name
        for file in base.FOLDER.glob("*.js")
        if file.name not in ("page.js", "address.js")
        for name in base.EXPORTED.findall(base.source(file.name))
    ]
    assert len(found) == len(set(found)) > 50
    assert "Network" in found and "h" in found


def test_a_part_comes_after_what_it_needs():
    for name in figures.CLASSES:
        held = [*base.SHARED, *base.parts(name)]
        for i, part in enumerate(held):
            if part != base.ENGINE:  # which holds what it needs
                assert set(base.imported(part)) <= set(held[:i])
        assert set(base.imported(f"{name}.js")) <= set(held)


def test_a_short_figure_lives_with_the_pages_files(page_of):
    whole = widgets.ConvolutionLab(padding=1), MADE[-1]
    files = figures.files()
    scripts = ["kit.js", *(f"{name}.js" for name in ("convolution", "quiz"))]
    head = f"<style>{files['kit.css']}</style>" + "".join(
        f"<script>{files[name]}</script>" for name in scripts
    )
    short = [figures.shorten(figure.html()) for figure in whole]
    assert figures.modules("".join(short)) == ["convolution", "quiz"]
    assert all(len(a) < len(b.html()) / 3 for a, b in zip(short, whole, strict=True))
    page = page_of(head, *short)
    assert page.locator(".d2l-host[data-live] .d2l").count() == 2
    assert page.inner_text(".d2l-question p") == TEXT


@pytest.mark.parametrize(("lost", "dead"), [("kit.js", 3), ("convolution.js", 2)])
def test_a_figure_whose_script_is_lost_says_so(browser, lost, dead):
    """And that it was lost stays an error of the page; the others live."""
    files = figures.files()
    scripts = [f for f in ("kit.js", "convolution.js", "quiz.js") if f != lost]
    short = [figures.shorten(one.html()) for one in (MADE[0], MADE[0], MADE[-1])]
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(error))
    page.set_content(
        "".join([*(f"<script>{files[f]}</script>" for f in scripts), *short])
    )
    page.wait_for_function(
        f"document.querySelectorAll('[data-lost]').length === {dead}"
    )
    said = page.locator(".d2l-still [role=alert]:visible").all_inner_texts()
    assert len(said) == dead and all("Reload the page." in one for one in said)
    assert page.locator("[data-live]").count() == 3 - dead
    assert len(errors) == dead + (2 if lost == "kit.js" else 0)  # the other files' too
    page.close()


def test_a_short_figure_is_read_back_too():
    """The title page's figure is short when all figures are shortened."""
    for figure in MADE:
        short = figures.shorten(figure.html())
        assert figures.shorten(short) == short
