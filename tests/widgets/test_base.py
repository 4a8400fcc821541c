"""The base: one module on both hosts, deterministic, safe, themed, still without JS."""

import base64
import io
import json
import os
import re
import subprocess
import sys

import oracle
import pytest
from PIL import Image

from d2lmini import widgets
from d2lmini.widgets import ConvolutionLab, Playground, Quiz, base, still
from tools import browser as chromium
from tools import figures

LIVE = ".d2l-host[data-live] .d2l"


def limits(module):
    """What a figure's script lets an address say: (least, most) of each number."""
    files = [*base.parts(module), f"{module}.js"]
    text = "".join(map(base.source, files))
    known = re.findall(r"\b([A-Z_]+) = (-?[\d.]+)[,;]", text)
    for several in re.findall(r"const \[([A-Z, ]+)\] = \[([\d, ]+)\]", text):
        known += zip(*(part.split(", ") for part in several), strict=True)
    for group in re.findall(r"LARGEST = {(.*)}", text):
        known += re.findall(r"(\w+): ([\d.]+)", group)
    known = {name: float(number) for name, number in known}
    found = re.findall(r"(\w+): may\.(?:whole|real|pair)\(([^()]+)\)[, ]", text)
    return {
        name: [eval(x, {}, known) for x in both.replace("LARGEST.", "").split(",")]
        for name, both in found
    }


@pytest.mark.parametrize("name", [n for n in widgets.__all__ if n[0].isupper()])
def test_python_and_the_script_have_the_same_limits(name):
    """Else one of them shows, without a word, what the other refuses."""
    figure = getattr(widgets, name)
    traits = figure.class_traits()
    for trait, both in limits(figure.module).items() if figure.module else ():
        if trait in traits and trait != "selected":  # that one is led back to its grid
            assert [traits[trait].low, traits[trait].high] == both, trait


def test_limits_are_found_in_the_scripts():
    assert limits("convolution")["stride"] == [1, 6]
    assert limits("playground")["epochs"] == [1, 50]
    assert limits("descent")["lr"] == [1e-3, 10**0.5]


IN_A_NEW_PROCESS = """
import sys, torch
seed = torch.initial_seed()
from d2lmini.widgets import ConvolutionLab
assert torch.initial_seed() == seed
assert "matplotlib.pyplot" not in sys.modules
print(ConvolutionLab().html(), end="")
"""


def test_import_does_nothing_and_html_is_the_same_in_every_process():
    done = subprocess.run(
        [sys.executable, "-c", IN_A_NEW_PROCESS],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )
    assert done.stdout == ConvolutionLab().html()
    assert done.stderr == ""


def test_html_name_follows_the_state():
    names = {ConvolutionLab(stride=s).html().split('data-d2l="')[1][:8] for s in (1, 2)}
    assert len(names) == 2


def test_text_has_no_address():
    data, _ = ConvolutionLab()._repr_mimebundle_()
    assert data["text/plain"] == repr(ConvolutionLab())
    assert "0x" not in data["text/plain"]


def test_module_stands_alone():
    text = ConvolutionLab._esm
    assert "import " not in text.split("export default")[0].split("function")[0]
    assert text.count("export ") == 1
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")  # no address


def test_same_figure_twice_on_a_page_lives_twice(page_of):
    page = page_of(ConvolutionLab(), ConvolutionLab())
    assert page.locator(LIVE).count() == 2
    first = oracle.read(page, [{"stride": [2, 2]}], 0)[0]
    second = oracle.read(page, [{}], 1)[0]
    assert first["grids"]["output"] == [[19]]
    assert second["grids"]["output"] == [[19, 25], [37, 43]]


def test_still_picture_without_javascript(page_of):
    page = page_of(ConvolutionLab(), java_script_enabled=False)
    assert page.locator("table").count() == 3
    assert page.locator("caption").all_inner_texts() == ["Input", "Kernel", "Output"]
    assert "still picture" in page.inner_text(".d2l-still")
    assert page.locator("button").count() == 0


def test_text_in_the_state_cannot_leave_it(page_of):
    text = "</script><img src=x onerror='throw 1'><!-- `a<b` ]]>"
    quiz = Quiz([{"text": text, "answer": 1, "why": text}], title=text)
    page = page_of(quiz, ConvolutionLab())
    assert page.locator(LIVE).count() == 2
    assert page.locator("img").count() == 0
    shown = page.inner_text(".d2l-question p")
    assert shown == text.replace("`", "")


IMPORT = (
    oracle.RENDERED
    + """
  const seen = el.querySelector("[data-sum]").textContent;
  stop();
  return [seen, heard.size];
}"""
)


def test_the_kernels_module_renders_and_cleans_up(page_of):
    lab = ConvolutionLab()
    seen, left = page_of("").evaluate(IMPORT, [lab._esm, lab.state])
    assert seen.endswith("0·0 + 1·1 + 3·2 + 4·3 = 19")
    assert left == 0


@pytest.mark.parametrize(
    ("node", "name", "value", "theme"),
    [
        ("documentElement", "data-theme", "dark", "dark"),
        ("documentElement", "theme", "dark", "dark"),
        ("body", "data-jp-theme-light", "false", "dark"),
        ("body", "data-jp-theme-light", "true", "light"),
        ("body", "class", "vscode-dark", "dark"),
        ("body", "class", "vscode-light", "light"),
        ("body", "class", "vscode-high-contrast-light", "light"),
    ],
)
def test_theme_follows_the_host(page_of, node, name, value, theme):
    other = "light" if theme == "dark" else "dark"
    page = page_of(ConvolutionLab(), theme="auto", color_scheme=other)
    assert page.get_attribute(LIVE, "data-theme") == other
    page.evaluate(f"document.{node}.setAttribute({name!r}, {value!r})")
    page.wait_for_selector(f"{LIVE}[data-theme={theme}]")


def test_where_a_reader_forces_colours_their_ground_decides(page_of):
    page = page_of(ConvolutionLab(), theme="light")
    page.emulate_media(color_scheme="dark", forced_colors="active")
    page.wait_for_selector(f"{LIVE}[data-theme=dark]")
    page.emulate_media(forced_colors="none")
    page.wait_for_selector(f"{LIVE}[data-theme=light]")


def test_reader_and_system_agree_on_motion(page_of):
    lab = ConvolutionLab()
    assert page_of(lab).get_by_role("button", name="Play").count() == 1
    calm = page_of(lab, reduced_motion="reduce")
    assert calm.get_by_role("button", name="Play").count() == 0
    calm.get_by_role("button", name="Step ›").click()
    calm.wait_for_function("document.querySelector('[data-sum]').dataset.value == 25")


@pytest.mark.parametrize("value", ["</b>", "<!--", "</SCRIPT >"])
def test_inline_script_keeps_its_meaning(page_of, value):
    page = page_of("")
    code = base.inline(json.dumps(value))
    assert "</" not in code and "<!--" not in code
    assert page.evaluate(code) == value


def test_still_pictures_are_true_to_the_pixel():
    values = [[0, 51, 255], [102, 204, 153]]
    image = Image.open(io.BytesIO(base64.b64decode(still.grey_png(values))))
    assert list(image.tobytes()) == [0, 51, 255, 102, 204, 153]
    compared = still.grey_png([[-1, 0.2, 0.5, 3]], (0, 1))
    image = Image.open(io.BytesIO(base64.b64decode(compared)))
    assert list(image.tobytes()) == [0, 51, 128, 255]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.001, "0"), (-1.5, "−1.5"), (100, "100"), (2 / 3, "0.67")],
)
def test_numbers_in_still_pictures(value, text):
    assert still.number(value) == text


def test_the_checkers_see_faults(page_of):
    page = page_of(
        '<div class="d2l" style="width: 3000px; color: #aaa; background: #fff">'
        "pale <b>text</b><button></button></div>"
    )
    assert oracle.overflow(page) > 1000
    assert len(oracle.low_contrast(page)) == 1
    assert len(oracle.unnamed(page)) == 1
    assert not oracle.close([[1.0]], [[1.0001]])
    assert not oracle.close([[1.0]], [1.0])


def test_a_missing_browser_is_said_in_words(monkeypatch):
    monkeypatch.delenv("D2LMINI_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LookupError, match="install Chromium"):
        chromium.find()


def test_no_name_is_exported_by_two_parts():
    """The parts of all figures of a page put their names into one kit."""
    shared = dict.fromkeys(
        base.EXPORTED.findall("".join(map(base.source, base.SHARED)))
    )
    owners: dict[str, str] = dict.fromkeys(shared, "kit.js")
    for part in sorted({p for name in figures.CLASSES for p in base.parts(name)}):
        for name in base.EXPORTED.findall(base.source(part)):
            assert name not in owners, f"{part} and {owners[name]} export {name}"
            owners[name] = part


def test_a_misspelt_trait_is_refused_by_name():
    with pytest.raises(TypeError, match=r"has no 'learning_rate'; it has .*, lr, "):
        Playground(learning_rate=0.1)
