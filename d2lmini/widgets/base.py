"""The base of every interactive figure: one ES module, two hosts.

A figure is an anywidget wherever a kernel runs, and plain inline HTML with the
very same module on a page without one.  The module computes what the reader
sees in the browser; Python computes the same from the synced traits, on demand,
with torch.  Neither waits for the other, and the tests hold them together.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets

FOLDER = Path(__file__).parent
SHARED = ("kit.js", "chart.js")  # of every page; the second builds on the first
ENGINE = "engine.js"  # a worker is given it too, so what it imports stands inside it
IMPORT = re.compile(r'^import {([^}]*)} from "\./(\w+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:const|class|function) (\w+)", re.MULTILINE)
COMMENT = re.compile(r"^\s*/\*(?:(?!\*/).)*\*/\s*$", re.MULTILINE | re.DOTALL)
TAKEN = r"const {\1} = d2lmini.kit;\n"
DEFAULT = re.compile(r"^export default", re.MULTILINE)

NO_SCRIPT = (
    '<noscript><p class="d2l-note">This is a still picture. '
    "Run the cell, or turn JavaScript on, and it is interactive.</p></noscript>"
)


@cache
def source(name: str) -> str:
    """One of this package's `.js` or `.css` files, without comments and indents.

    Only lines that are a comment from end to end are dropped, so a figure must
    not start a line inside a template literal with `//` or a comment sign.
    """
    text = (FOLDER / name).read_text(encoding="utf-8")
    text = COMMENT.sub("", text)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(x for x in lines if x and not x.startswith("//")) + "\n"


@cache
def kit_text(parts: tuple[str, ...] = SHARED) -> str:
    """The shared `parts` and the host of a page, under the one name `d2lmini`."""
    kit = IMPORT.sub("", "".join(map(source, parts)))
    names = ", ".join(EXPORTED.findall(kit))
    return (
        f"const d2lmini = (() => {{\n{EXPORT.sub('', kit + source('page.js'))}"
        f"return {{ kit: {{ {names} }}, mount, figures: {{}} }};\n}})();\n"
    )


def imported(file: str) -> list[str]:
    """The files that `file` is built on, each after those that it needs itself."""
    found: list[str] = []
    for match in IMPORT.finditer(source(file)):
        below = [] if match[2] == ENGINE else imported(match[2])
        for part in (*below, match[2]):
            if part not in found:
                found.append(part)
    return found


def parts(name: str) -> list[str]:
    """What the figure `name`.js needs beyond the shared files, in order."""
    return [part for part in imported(f"{name}.js") if part not in SHARED]


def engine_text() -> str:
    """The engine as a function, `d2lmini.engine`, that returns what it exports."""
    text = IMPORT.sub("", "".join(map(source, (*imported(ENGINE), ENGINE))))
    names = ", ".join(EXPORTED.findall(text))
    return (
        f"d2lmini.engine = () => {{\n{EXPORT.sub('', text)}return {{ {names} }};\n}};\n"
    )


def part_text(file: str) -> str:
    """A part that only some figures need: it adds what it exports to the kit."""
    if file == ENGINE:
        return f"{engine_text()}Object.assign(d2lmini.kit, d2lmini.engine());\n"
    text = IMPORT.sub(TAKEN, source(file))
    names = ", ".join(EXPORTED.findall(text))
    return (
        f"(() => {{\n{EXPORT.sub('', text)}"
        f"Object.assign(d2lmini.kit, {{ {names} }});\n}})();\n"
    )


def figure_text(name: str) -> str:
    """The figure `name`.js, which takes the kit from `d2lmini` and adds itself."""
    text = IMPORT.sub(TAKEN, source(f"{name}.js"))
    figure = DEFAULT.sub(f"d2lmini.figures.{name} =", text)
    return f"(() => {{\n{figure}}})();\n"


def alone(name: str) -> str:
    """The figure `name`.js and what it imports, in a script that needs no other."""
    used = {"kit.js", *imported(f"{name}.js")}
    kit = kit_text(tuple(part for part in SHARED if part in used))
    return kit + "".join(map(part_text, parts(name))) + figure_text(name)


def module_text(name: str) -> str:
    """The same as an ES module."""
    return f"{alone(name)}export default d2lmini.figures.{name};\n"


def style_text(name: str) -> str:
    """The style of all figures, and that of the figure `name` if it has its own."""
    return source("kit.css") + own_style(name)


def own_style(name: str) -> str:
    """What the figure `name` adds to the style of all; empty for most."""
    file = f"{name}.css"
    return source(file) if (FOLDER / file).exists() else ""


def mount_text(module: str, name: str, state: str) -> str:
    """The call that lets a figure live in its place on a page."""
    return f'd2lmini.mount(d2lmini.figures.{module}, "{name}", {state});\n'


def inline(script: str) -> str:
    """JavaScript that may stand inside a `<script>` element."""
    return script.replace("</", "<\\/").replace("<!--", "<\\!--")


def host(module: str, name: str, still: str) -> str:
    """The place of a figure on a page, with its still picture in it."""
    return (
        f'<div class="d2l-host tex2jax_ignore mathjax_ignore" data-d2l="{name}" '
        f'data-figure="{module}"><div class="d2l d2l-still">{still}{NO_SCRIPT}'
        "</div></div>\n"
    )


def page(module: str, state: dict[str, Any], still: str) -> str:
    """A figure as HTML that runs by itself, from a file too.

    `module` is the name of its JavaScript file, `state` its JSON-able traits and
    `still` the HTML that stands in its place where no script runs.
    """
    text = json.dumps(state, ensure_ascii=False, sort_keys=True)
    name = f"{zlib.crc32((module + text).encode()):08x}"
    run = alone(module) + mount_text(module, name, text)
    return (
        f"<style>\n{style_text(module)}</style>\n{host(module, name, still)}"
        f'<script type="module">\n{inline(run)}</script>\n'
    )


class Figure(anywidget.AnyWidget):
    """An interactive figure; a subclass names its module and declares its traits.

    Traits tagged `sync=True` are the figure's state and must be JSON-able.
    Results are properties computed from them, so they hold without a front end.
    """

    module: ClassVar[str] = ""
    """Name of the figure's JavaScript file, without `.js`."""

    # ipywidgets 7 would show the widget view alone; None makes IPython ask
    # `_repr_mimebundle_` there too.
    _ipython_display_ = None

    def __init__(self, *args: Any, **state: Any) -> None:
        for name in state:
            if not self.has_trait(name):
                known = ", ".join(self.state_names())
                raise TypeError(
                    f"{type(self).__name__} has no {name!r}; it has {known}."
                )
        super().__init__(*args, **state)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # anywidget derives a class once more for each object; leave that one alone
        if "module" in cls.__dict__:
            cls._esm = module_text(cls.module)
            cls._css = style_text(cls.module)

    @classmethod
    def state_names(cls) -> list[str]:
        """Names of the traits that make up the figure's state, sorted."""
        common = ipywidgets.DOMWidget.class_traits(sync=True)
        own = cls.class_traits(sync=True)
        return sorted(n for n in own if n not in common and not n.startswith("_"))

    @property
    def state(self) -> dict[str, Any]:
        """The figure's state as JSON-able values."""
        return {name: getattr(self, name) for name in self.state_names()}

    def describe(self) -> str:
        """One line that says what the figure shows; no addresses, no times."""
        return f"{type(self).__name__} (interactive figure)"

    def still(self) -> str:
        """HTML of the picture that stands where no script runs."""
        return ""

    def html(self) -> str:
        """The figure as HTML that runs by itself, from a file too."""
        return page(self.module, self.state, self.still())

    def __repr__(self) -> str:
        return self.describe()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if bundle else ({}, {})
        shown = {"text/html": self.html(), "text/plain": self.describe()}
        return {**data, **shown}, metadata
