"""The few icons that the pages draw, cut out of the theme's fonts.

The fonts weigh 270 kB, these icons 5 kB.  A browser still takes the theme's own font
for an icon that is not among them, so that a missing name costs bytes and no icon.
"""

import base64
import io
import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
#: The names, without "fa-", of what pages, scripts and styles draw, by font.
ICONS = {
    "fa-solid-900": (
        "angle-down angle-left angle-right arrow-up bars circle-half-stroke download "
        "expand file file-pdf lightbulb list magnifying-glass magnifying-glass-minus "
        "moon pencil-alt rocket sun xmark"
    ),
    "fa-brands-400": "github",
}
NOTICE = """\
/* Icons of Font Awesome Free, cut out of its fonts.  Copyright Fonticons, Inc.
   https://fontawesome.com/license/free: icons CC BY 4.0, fonts SIL OFL 1.1 */
"""
COPYRIGHT, LICENCE, LICENCE_URL = 0, 13, 14  # of the names that a font carries


def style() -> str:
    """A style sheet that holds the icons, for use after the theme's."""
    theme = (STATIC / "styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    return NOTICE + "".join(face(theme, font, ICONS[font].split()) for font in ICONS)


def face(theme: str, font: str, names: list[str]) -> str:
    """The rule for the icons `names` of `font`, which stands beside the theme's own."""
    rule = find(rf"@font-face{{([^}}]*){font}\.ttf", theme, font)
    kept = "".join(re.findall(r"font-[a-z]+:[^;]+;", rule))
    letters = [code(theme, name) for name in names]
    whole = STATIC / "vendor/fontawesome/webfonts" / f"{font}.ttf"
    data = base64.b64encode(cut(whole, letters)).decode()
    ranges = ",".join(f"U+{letter:x}" for letter in letters)
    source = f'url("data:font/woff;base64,{data}") format("woff")'
    return f"@font-face{{{kept}src:{source};unicode-range:{ranges}}}\n"


def code(theme: str, name: str) -> int:
    """The letter that the style sheet `theme` draws the icon `name` with."""
    rule = rf'\.fa-{name}:before[^{{}}]*{{content:"\\([0-9a-f]+)"'
    return int(find(rule, theme, f"fa-{name}"), 16)


def find(pattern: str, theme: str, name: str) -> str:
    """The first group of `pattern` in the style sheet `theme`."""
    if found := re.search(pattern, theme):
        return found[1]
    raise ExtensionError(
        f"The theme's style sheet has no {name} where tools/icons.py looks for it: "
        "bring tools/icons.py in line with this version of pydata-sphinx-theme."
    )


def cut(font: Path, letters: list[int]) -> bytes:
    """The font file with these letters alone and its licence, compressed."""
    kept = TTFont(font, recalcTimestamp=False)  # the same bytes in each build
    options = subset.Options(
        hinting=False,
        layout_features=[],
        name_IDs=[COPYRIGHT, LICENCE, LICENCE_URL],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters)
    cutter.subset(kept)
    kept.flavor = "woff"
    written = io.BytesIO()
    kept.save(written)
    return written.getvalue()
