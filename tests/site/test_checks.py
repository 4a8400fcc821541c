"""The checks of a page find what is wrong with a page that is wrong."""

import pytest
from checks import CONTRAST, CUT, FORMULAS, MISREAD, OVERFLOW, PICTURES, STRETCHED
from visitor import Visitor

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42m"
    "NkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)


@pytest.fixture
def findings(browser):
    """`findings(check, html)`: what `check` says of a page with this content."""
    page = browser.new_page(viewport={"width": 390, "height": 800})

    def look(check, html):
        page.set_content(f"<main><article class='bd-article'>{html}</article></main>")
        return page.evaluate(check)

    yield look
    page.close()


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (
            OVERFLOW,
            "<div style='overflow-x: auto'><p style='width: 800px'>wide</p></div>",
            "<p style='width: 800px'>wide</p>",
        ),
        (
            CUT,
            "<div class=prev-next-area><a href=#>short</a></div>",
            "<div class=prev-next-area><a href=# style='display: block; width: 20px'>"
            "convolutional</a></div>",
        ),
        (PICTURES, f"<img src='{PIXEL}' alt='a dot'>", f"<img src='{PIXEL}'>"),
        (PICTURES, "<p>none</p>", "<img src='data:image/png;base64,AA' alt='a dot'>"),
        (
            STRETCHED,
            f"<img src='{PIXEL}' style='width: 50px; padding: 5px'>",
            f"<img src='{PIXEL}' style='width: 50px; height: 60px'>",
        ),
        (MISREAD, "<table><th>a</th><td></table>", "<table><th></th></table>"),
        (
            MISREAD,
            "<div role=list><p role=listitem>a</p></div>",
            "<div role=list><p role=doc-biblioentry>a</p></div>",
        ),
        (FORMULAS, "<i class=math><mjx-container/></i>", "<i class=math>\\(x\\)</i>"),
        (
            FORMULAS,
            "<p>none</p>",
            "<i class=math><mjx-container><mjx-merror>?</mjx-merror></mjx-container>",
        ),
        (CONTRAST, "<p style='color: #595959'>x", "<p style='color: #999'>x"),
        (
            CONTRAST,
            "<div style='background: #111'><p style='color: #ddd'>x",
            "<div style='background: #111'><p style='color: #333'>x",
        ),
    ],
)
def test_a_check_tells_right_from_wrong(findings, check, right, wrong):
    assert findings(check, right) == []
    assert len(findings(check, wrong)) >= 1


FAULTY = {
    "another host": "<img src='https://example.invalid/x.png' alt='x'>",
    "a script error": "<script>throw new Error('no')</script>",
    "an error on the console": "<script>console.error('no')</script>",
    "a missing file": "<img src='gone.png' alt='x'>",
}


@pytest.fixture
def faults(browser, tmp_path):
    """`faults(html)`: what a visitor notices on a page with this content."""

    def look(html):
        file = tmp_path / "page.html"
        file.write_text(f"<!doctype html><title>x</title>{html}", encoding="utf-8")
        visitor = Visitor(browser)
        visitor.open(file.as_uri())
        visitor.close()
        return visitor.faults

    return look


def test_a_visitor_notices_nothing_on_a_good_page(faults):
    assert faults(f"<img src='{PIXEL}' alt='a dot'>") == []


@pytest.mark.parametrize("what", FAULTY)
def test_a_visitor_notices(faults, what):
    assert faults(FAULTY[what])
