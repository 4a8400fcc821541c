"""The built site in a real browser: nothing missing, nothing from elsewhere."""

import base64
import gzip
import io
import re
import subprocess
import urllib.parse
from html.parser import HTMLParser

import pytest
from checks import CONTRAST, CUT, FORMULAS, MISREAD, OVERFLOW, PICTURES, STRETCHED
from fontTools.ttLib import TTFont

from tools import address, book, icons

#: Repositories of others that the pages name; links go to them and to their issues.
ELSEWHERE = (
    "https://github.com/containers/bubblewrap",
    "https://github.com/liuzhuang13/DenseNet",
    "https://github.com/zalandoresearch/fashion-mnist",
    "https://github.com/zhunzhong07/Random-Erasing",
)
PAGES = [
    path.relative_to(book.ROOT).with_suffix(".html").as_posix() for path in book.pages()
]
CHAPTERS = [
    path.relative_to(book.ROOT).with_suffix("").as_posix() for path in book.chapters()
]
EVERYTHING = [*PAGES, "search.html"]


def test_the_build_has_no_warnings(build):
    done, _ = build
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize("name", EVERYTHING)
def test_page(visit, site, name):
    """From a disk, where a page may ask for nothing; the tests below are served."""
    page = visit((site / name).as_uri(), width=1280)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f"html[data-theme={theme}]", state="attached")
        assert page.evaluate(CONTRAST) == [], theme
    if name in PAGES:
        assert page.locator("article h1:visible").count() == 1
    assert page.evaluate(PICTURES) == []
    assert page.evaluate(MISREAD) == []
    assert page.evaluate(FORMULAS) == []
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) == [], width
        assert page.evaluate(STRETCHED) == [], width
        assert page.evaluate(CUT) == [], width


def weight(page):
    """Bytes of a page and its own pictures; the theme's files are shared."""
    text = page.read_text(encoding="utf-8")
    pictures = set(re.findall(r'src="([^"]*_images/[^"]+)"', text))
    files = [page, *(page.parent / picture for picture in pictures)]
    return sum(file.stat().st_size for file in files)


@pytest.mark.parametrize("name", CHAPTERS)
def test_page_weighs_at_most_a_megabyte(site, name):
    page = site / f"{name}.html"
    assert page.stat().st_size < weight(page) <= 1_000_000


@pytest.mark.parametrize("name", ["foundations/pooling", "networks/lenet"])
def test_figures_share_their_files_and_keep_the_tab_key_short(visit, base, name):
    page = visit(f"{base}book/{name}.html")
    hosts = page.locator(".d2l-host")
    assert page.locator(".d2l-host[data-live]").count() == hosts.count() > 1
    for file in ("kit.js", "quiz.js"):
        assert page.locator(f"script[src*='figures/{file}']").count() == 1
    assert page.locator("link[href*='figures/kit.css']").count() == 1
    assert "createElementNS" not in page.locator("article").inner_html()
    # a formula is no tab stop, and a drawer is called what stands on it
    assert page.locator("mjx-container").count() > 5
    assert page.locator("mjx-container[tabindex='0'], summary[aria-label]").count() == 0


def test_the_title_page_opens_with_a_living_network(visit, base, site):
    """It adds at most 120 kB, compressed, and answers for a picture of one's own."""
    page = visit(base + "book/index.html")
    best = page.locator(".d2l-host[data-live] .d2l-net-best")
    assert best.inner_text().startswith("Ankle boot")
    page.get_by_label("Trouser").check()
    page.wait_for_function(
        "document.querySelector('.d2l-net-best').dataset.number == 'p1'"
    )
    text = (site / "book/index.html").read_text(encoding="utf-8")
    start = text.index('<div class="d2l-host')
    own = text[start : text.index("</script>", start)].encode()
    files = page.locator("[src*='_static/figures/'], [href*='_static/figures/']")
    names = files.evaluate_all("(all) => all.map((one) => one.src ?? one.href)")
    folder = site / "_static/figures"
    whole = [(folder / n.rsplit("/")[-1].split("?")[0]).read_bytes() for n in names]
    assert len(names) == 5  # kit, engine and lab, and two styles
    assert sum(len(gzip.compress(part)) for part in (own, *whole)) < 120_000


# ---- on a slow network, and where something is denied ---------------------------


def test_a_page_loads_only_what_it_uses(visit, base):
    page = visit(base + "book/index.html", width=390)
    for button in (".primary-toggle", ".search-button"):
        page.locator(f"{button}:visible").first.click()
        page.locator("dialog[open]").wait_for()
        page.keyboard.press("Escape")
    page.locator(".theme-switch-button:visible").first.click()
    asked = "performance.getEntriesByType('resource').map((one) => one.name)"
    needless = "fontawesome|webfonts|searchtools|language_data|searchindex|mathjax"
    assert re.findall(needless, " ".join(page.evaluate(asked))) == []


def test_each_icon_is_among_those_that_pages_load(site):
    """Else a browser asks for the theme's whole font; the theme's scripts add some."""
    style = (site / "_static/icons.css").read_text(encoding="utf-8")
    fonts = map(base64.b64decode, re.findall(r'base64,([^"]+)', style))
    held = {code for font in fonts for code in TTFont(io.BytesIO(font)).getBestCmap()}
    files = [*(site / name for name in EVERYTHING), *site.rglob("*-theme.js")]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    names = set(re.findall(r"\bfa-([a-z0-9-]+)", text)) - {"solid", "brands", "lg"}
    theme = (site / "_static/styles/pydata-sphinx-theme.css").read_text("utf-8")
    assert "xmark" in names and "github" in names
    assert {name for name in names if icons.code(theme, name) not in held} == set()


def test_figures_do_not_wait_for_formulas(browser, base):
    context = browser.new_context()
    context.route("**/mathjax/*.js", lambda route: None)  # never answered
    page = context.new_page()
    page.goto(base + "book/foundations/pooling.html", wait_until="commit")
    page.locator(".d2l-host[data-live]").first.wait_for(timeout=20_000)
    context.close()


def test_a_picture_has_its_room_before_it_is_here(site):
    for name in CHAPTERS:
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        for picture in re.findall(r'<img [^>]*src="[^"]*_images/[^>]*>', text):
            assert re.search(r' width="\d+" height="\d+" loading="lazy"', picture), name


def test_paper_has_all_pictures_and_divides_only_long_code(visit, base):
    page = visit(base + "book/networks/nin.html")
    lazy = page.locator("img[loading=lazy]")
    page.pdf()
    assert lazy.count() > 1
    assert all(lazy.evaluate_all("(all) => all.map((one) => one.naturalWidth)"))
    page.emulate_media(media="print")
    boxes = ("div.cell_input", "div.highlight-python", "div.highlight", "pre")
    for box, broken in zip(boxes, ("avoid", "auto", "auto", "auto"), strict=True):
        told = page.locator(f"article div.cell_input:is({box}), div.cell_input {box}")
        style = told.first.evaluate("""(one) => {
          const { breakInside, overflow } = getComputedStyle(one);
          return [breakInside, overflow];
        }""")
        assert style == [broken, "visible"], box
    title, text = page.evaluate("""() =>
      ["#jb-print-docs-body h1", "article section > p"].map((place) => {
        const words = document.createRange();
        words.selectNodeContents(document.querySelector(place));
        return words.getBoundingClientRect().toJSON();
      })""")
    assert title["left"] == text["left"] and title["bottom"] + 12 < text["top"]


OTHER_BROWSER = """{
  const asked = CSS.supports.bind(CSS);
  CSS.supports = (...what) => what[0] !== "overflow-anchor" && asked(...what);
}"""


def test_what_grows_above_does_not_move_what_is_read(browser, base):
    """In a browser that has no anchor for what is read, as Safari."""
    context = browser.new_context()
    context.add_init_script(OTHER_BROWSER)
    page = context.new_page()
    page.goto(base + "book/foundations/pooling.html")
    page.add_style_tag(content="* { overflow-anchor: none }")
    moved = page.evaluate("""async () => {
      const frames = () => new Promise((done) =>
        requestAnimationFrame(() => requestAnimationFrame(done)));
      const read = document.querySelector("#exercises");
      const [above] = document.querySelectorAll("article section > p");
      scrollBy(0, read.getBoundingClientRect().top - 100);
      await frames();
      const before = read.getBoundingClientRect().top;
      above.style.height = above.offsetHeight + 700 + "px";
      await frames();
      return read.getBoundingClientRect().top - before;
    }""")
    assert abs(moved) < 2
    context.close()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("networks/lenet.html#exercises", "#exercises"),
        ("foundations/padding-and-stride.html#convolution-4?stride=[2,2]", None),
    ],
)
def test_a_link_that_is_followed_leads_to_its_place(browser, base, address, place):
    """In such a browser, which keeps that place itself while the page loads."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(OTHER_BROWSER)
    context.add_init_script("""new MutationObserver((_, watch) => {
      if (!document.head) return;
      const style = document.createElement("style");
      style.textContent = "* { overflow-anchor: none !important }";
      document.head.append(style);
      watch.disconnect();
    }).observe(document, { childList: true, subtree: true });""")
    page = context.new_page()
    page.goto(base + "book/" + address)
    figures = "[data-figure=convolution]"
    target = page.locator(place) if place else page.locator(figures).last
    page.wait_for_function("document.querySelectorAll('[data-live]').length > 2")
    page.wait_for_function("scrollY > 1000")
    page.evaluate("new Promise((done) => setTimeout(done, 300))")  # all that may follow
    assert abs(target.evaluate("(at) => at.getBoundingClientRect().top")) < 250
    context.close()


DENIED = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {
    configurable: true,
    get() { throw new DOMException("denied", "SecurityError"); },
  });"""


def test_without_storage_menu_search_and_theme_answer(browser, base):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(DENIED)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(base + "book/foundations/pooling.html")
    for button, opened in (
        (".primary-toggle", "pst-primary-sidebar-modal"),
        (".search-button", "pst-search-dialog"),
    ):
        page.locator(f"{button}:visible").first.click()
        page.locator(f"dialog#{opened}[open]").wait_for(timeout=10_000)
        page.keyboard.press("Escape")
    page.locator(".theme-switch-button:visible").first.click()
    assert page.get_attribute("html", "data-mode") in ("light", "dark")  # not "auto"
    assert faults == []
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_links_have_one_colour(visit, base, theme):
    """Also in quotes and in tables, where the theme has another one."""
    page = visit(base + "book/guide/instructor.html", theme=theme)
    links = page.locator("article :is(p, li, td) > a.reference")
    colours = links.evaluate_all("(all) => all.map((a) => getComputedStyle(a).color)")
    assert len(set(colours)) == 1
    assert page.locator("article td a.reference").count() > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_key_shows_a_link_that_can_be_read(visit, base, theme):
    page = visit(base + "book/glossary.html", theme=theme)
    page.keyboard.press("Tab")
    link = page.locator(".skip-link a:focus")
    colour, surface = link.evaluate(
        "(a) => [a, a.closest('.skip-link')].map((el, i) =>"
        " getComputedStyle(el)[i ? 'backgroundColor' : 'color'])"
    )
    light, dark = sorted(map(luminance, (colour, surface)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 4.5, (colour, surface)


# What can have the focus outside the text, as a key gives it, but shows no ring then.
RINGLESS = """() => {
  for (const e of document.querySelectorAll(".dropdown-menu")) e.classList.add("show");
  const seen = [...document.querySelectorAll("body :is(a[href], button, summary)")]
    .filter((e) => !e.closest("article, .skip-link") && e.checkVisibility());
  const bare = seen.filter((e) => {
    e.focus({ focusVisible: true, preventScroll: true });
    const { outlineStyle, outlineWidth } = getComputedStyle(e);
    return outlineStyle !== "solid" || parseFloat(outlineWidth) < 2;
  });
  return [seen.length, bare.map((e) => e.outerHTML.slice(0, 200))];
}"""


def test_what_has_the_focus_has_a_ring_that_few_colours_keep(visit, base):
    """An outline, also where the theme draws a shadow; the text has that already."""
    page = visit(base + "book/glossary.html", settle=False)
    seen, bare = page.evaluate(RINGLESS)
    assert seen > 40 and bare == []


def luminance(colour):
    """Of a CSS colour without transparency, by WCAG 2."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)]
    assert len(parts) == 3, colour
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("guide/project", ".pst-scrollable-table-container"),
        ("networks/vgg", ".text_html:has(> .d2l-table)"),
    ],
)
def test_a_table_that_goes_on_beyond_an_edge_shows_it(visit, base, name, table):
    page = visit(f"{base}book/{name}.html", width=390, settle=False)
    told = page.locator(table).evaluate_all("""(all) => all.map((one) => [
      one.scrollWidth > one.clientWidth, getComputedStyle(one).backgroundAttachment
    ])""")
    assert any(wide for wide, _ in told)
    assert {how for _, how in told} == {"local, local, scroll, scroll"}


def test_the_start_leads_to_the_title_page(visit, base):
    page = visit(base + "index.html", settle=False)
    page.wait_for_url("**/book/index.html")
    assert page.locator("article h1").inner_text().startswith("Convolutional")


def test_search_finds_a_chapter_without_a_network(visit, base):
    page = visit(base + "search.html?q=pooling")
    found = page.locator("ul.search li a[href*='book/networks/lenet']")
    found.first.wait_for(timeout=10_000)


def test_the_search_field_opens_by_keyboard(visit, base):
    page = visit(base + "book/index.html")
    page.keyboard.press("Control+k")
    field = page.locator("input[type=search]:focus")
    field.wait_for()
    icon = page.locator("dialog[open] .fa-magnifying-glass").bounding_box()
    assert icon["x"] + icon["width"] <= field.bounding_box()["x"]
    page.keyboard.type("LeCun")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=LeCun")


def test_light_and_dark_can_be_chosen_by_hand(visit, base):
    page = visit(base + "book/index.html")
    seen = set()
    for _ in range(3):
        seen.add(page.get_attribute("html", "data-theme"))
        page.locator("button.theme-switch-button:visible").first.click()
    assert seen == {"light", "dark"}


def test_without_scripts_the_text_is_there(browser, base):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + "book/index.html")
    assert page.locator("article h1").is_visible()
    context.close()


# ---- links -------------------------------------------------------------------


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places, self.figures = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.places |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.add(values["href"])
        if values.get("data-figure"):
            self.figures.append(values["data-figure"])

    def has(self, fragment):
        """Whether `fragment` is a place, or a state of a figure: lab-2?stride=[2,2]."""
        figure = re.match(r"(\w+)-(\d+)\?", fragment)
        if figure is None:
            return fragment in self.places
        return 1 <= int(figure[2]) <= self.figures.count(figure[1])


@pytest.fixture(scope="module")
def parsed(site):
    read = {p: Page(p.read_text(encoding="utf-8")) for p in site.rglob("*.html")}
    return {p: page for p, page in read.items() if "_static" not in p.parts}


def test_a_link_leads_to_every_page(parsed, site):
    """From another one, but to the start, and to the search, which has a field."""
    linked = {
        (page.parent / urllib.parse.urlsplit(link).path).resolve()
        for page, found in parsed.items()
        for link in found.links
        if urllib.parse.urlsplit(link).path and "://" not in link
    }
    unknown = set(parsed) - linked - {site / "index.html", site / "search.html"}
    assert unknown == set()


@pytest.mark.parametrize("name", EVERYTHING)
def test_links_within_the_site_lead_somewhere(parsed, site, name):
    here = site / name
    for link in parsed[here].links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or link == "#":
            continue
        there = here
        if parts.path:
            there = (here.parent / urllib.parse.unquote(parts.path)).resolve()
        assert there.is_file(), f"{name} links to {link}"
        if parts.fragment and there in parsed:
            assert parsed[there].has(parts.fragment), f"{name} links to {link}"


def published():
    """The files that are, or are about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=book.ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:  # a copy without its history
        return {p.relative_to(book.ROOT).as_posix() for p, _ in address.texts()}
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("name", PAGES)
def test_links_to_the_repository_lead_to_its_files(parsed, site, name):
    files, here = published(), address.current()
    repository, colab = (f"https://{here.forms[i]}" for i in (0, 2))
    assert repository in parsed[site / name].links
    for link in parsed[site / name].links:
        parts = urllib.parse.urlsplit(link)
        if link.startswith(ELSEWHERE):
            continue
        if parts.netloc in ("github.com", "colab.research.google.com"):
            assert link.startswith((repository, colab)), link
        if "/blob/" in link or "/tree/" in link or "/edit/" in link:
            on_binder = parts.netloc == "mybinder.org"
            _, _, path = link.partition("lab/tree/" if on_binder else "/main/")
            assert path in files, f"{name} links to {link}"


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_opens_as_the_students_edition(parsed, site, name):
    colab = f"https://{address.current().forms[2]}/blob/main/student/{name}.ipynb"
    assert colab in parsed[site / f"{name}.html"].links
    binder = f"main?urlpath=lab/tree/student/{name}.ipynb"
    assert any(
        "mybinder.org" in link and binder in link
        for link in parsed[site / f"{name}.html"].links
    )


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_can_be_edited_at_its_source(parsed, site, name):
    edit = f"https://{address.current().forms[0]}/edit/main/{name}.ipynb"
    assert edit in parsed[site / f"{name}.html"].links


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_page_shows_nbgraders_marks(site, name):
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", text)
    assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
