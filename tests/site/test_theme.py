"""What the pages change of the theme is looked for, and missed where it is gone."""

import pytest
from sphinx.errors import ExtensionError

from tools import icons
from tools.book_pages import without

HEAD = '<script defer src="../_static/a.js?v=1"></script>\n<script src="b.js"></script>'


def test_a_script_is_taken_out():
    assert without(HEAD, "a.js") == '<script src="b.js"></script>'


@pytest.mark.parametrize("head", ["", HEAD.replace("a.js", "ba.js"), HEAD + HEAD])
def test_a_script_that_is_not_there_once_stops_the_build(head):
    with pytest.raises(ExtensionError, match=r"^The theme's head loads a\.js \d times"):
        without(head, "a.js")


@pytest.mark.parametrize("theme", ["", '.fa-sunny:before{content:"\\f185"}'])
def test_an_icon_that_the_theme_does_not_name_stops_the_build(theme):
    with pytest.raises(ExtensionError, match=r"^The theme's style .* fa-sun "):
        icons.code(theme, "sun")


def test_an_icon_is_found_by_any_of_its_names():
    theme = '.fa-pencil-alt:before,.fa-pencil:before{content:"\\f303"}'
    assert icons.code(theme, "pencil") == icons.code(theme, "pencil-alt") == 0xF303


def test_the_icons_are_the_same_in_each_build():
    assert icons.style() == icons.style()
