"""Interactive figures as they are stored, and as pages carry them.

``python -m tools.figures`` brings every figure that a chapter stores up to the
package's scripts and styles.  Nothing is executed: a figure's HTML holds the state
it was made with, and a trait that is newer than it takes its default.  What a cell
computes is left as it is; where that has changed, the cell must be run again.

A chapter repeats scripts and styles in each figure, since a notebook shows every
output by itself.  A page of the site loads them once, from files of its own
(``shorten`` and ``files``).
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from d2lmini import widgets
from d2lmini.widgets import base, network_lab
from tools import book, outputs

HOST = re.compile(r'<div class="d2l-host[^>]* data-d2l="(\w+)" data-figure="(\w+)">')
STILL, END = '<div class="d2l d2l-still">', ");\n"
#: Scripts that only a site loads.
SITE = ("address.js", "steady.js")
#: What the page of a site does with a figure that fails: it says so, and that it failed
#: stays an error of the page.
FAILED = """catch (error) {{
const host = document.querySelector('[data-d2l="{name}"]:not([data-live],[data-lost])');
host.dataset.lost = "";
host.firstElementChild.insertAdjacentHTML("afterbegin", `{words}`);
throw error;
}}
"""
LOST = (
    '<p class="d2l-warn" role="alert">The figure did not start, so this is a still '
    "picture: a file of the page seems not to have arrived. Reload the page.</p>"
)
CLASSES = {
    kind.module: kind
    for kind in vars(widgets).values()
    if isinstance(kind, type) and issubclass(kind, widgets.Figure) and kind.module
}


@dataclass(frozen=True)
class Stored:
    """A figure read from its HTML."""

    name: str
    """Its mark on the page."""
    module: str
    state: dict[str, Any]
    still: str

    @classmethod
    def of(cls, html: str) -> Stored | None:
        """The figure that `html` holds, or None."""
        host = HOST.search(html)
        if host is None:
            return None
        begin = html.index(STILL, host.end()) + len(STILL)
        still = html[begin : html.index("<noscript>", begin)]
        call = f'"{host[1]}", '  # the script's last call
        start = html.rindex(call) + len(call)
        text = html[start : html.index(END, start)]
        # as inline() wrote it; neither escape is JSON's own, so both can be undone
        text = text.replace("<\\/", "</").replace("<\\!--", "<!--")
        return cls(host[1], host[2], json.loads(text), still)

    def renewed(self) -> str:
        """Its HTML with the package's scripts and styles of now."""
        traits = CLASSES[self.module].class_traits(sync=True)
        names = CLASSES[self.module].state_names()
        state = {n: self.state.get(n, traits[n].default_value) for n in names}
        return base.page(self.module, state, self.still)

    def short(self) -> str:
        """Its HTML for a page that loads scripts and styles from `files`."""
        text = json.dumps(self.state, ensure_ascii=False, sort_keys=True)
        run = f"try {{\n{base.mount_text(self.module, self.name, text)}}} "
        run += FAILED.format(name=self.name, words=LOST)
        return (
            base.host(self.module, self.name, self.still)
            + f'<script type="module">\n{base.inline(run)}</script>\n'
        )


def named(name: str, traits: str) -> str:
    """Markdown of a figure: the class `name` of the package, its `traits` as JSON."""
    kind = {kind.__name__: kind for kind in CLASSES.values()}[name]
    return f"```{{raw}} html\n{kind(**json.loads(traits)).html()}\n```"


def shorten(html: str) -> str:
    """`html` of an output without what the page loads once; others as they are."""
    figure = Stored.of(html)
    return html if figure is None else figure.short()


def modules(html: str) -> list[str]:
    """Names of the modules that the figures of a page need, sorted."""
    return sorted({host[2] for host in HOST.finditer(html)})


def scripts(html: str) -> list[str]:
    """The files of scripts that a page with figures needs, in order."""
    names = modules(html)
    used = dict.fromkeys(part for name in names for part in base.parts(name))
    parts = [part for part in used if part in common()]
    return ["kit.js", *parts, *(f"{name}.js" for name in names)] if names else []


def styles(html: str) -> list[str]:
    """The same for styles."""
    own = [f"{name}.css" for name in modules(html) if base.own_style(name)]
    return ["kit.css", *own] if modules(html) else []


@cache
def common() -> set[str]:
    """The parts that several figures need; others go in the file of their figure."""
    count = Counter(part for name in CLASSES for part in base.parts(name))
    return {part for part, users in count.items() if users > 1}


def files() -> dict[str, str]:
    """The files that short figures need, by name."""
    own = {part: base.part_text(part) for part in sorted(common())}
    for name in sorted(CLASSES):
        parts = [part for part in base.parts(name) if part not in common()]
        text = "".join(map(base.part_text, parts)) + base.figure_text(name)
        own[f"{name}.js"] = text
    own |= {f"{n}.css": text for n in CLASSES if (text := base.own_style(n))}
    own |= {f"network-{n}.js": network_text(n) for n in network_lab.others()}
    site = (f"(() => {{\n{base.source(name)}}})();\n" for name in SITE)
    kit = base.kit_text() + "".join(site) + sizes_text()
    return {"kit.css": base.source("kit.css"), "kit.js": kit, **own}


def network_text(name: str) -> str:
    """The script that hands a page one of the book's networks when it is asked for."""
    text = json.dumps(network_lab.trained(name), sort_keys=True)
    return f'(globalThis.d2lminiNetworks ??= {{}})["{name}"] = {text};\n'


def sizes_text() -> str:
    """What those scripts weigh on their way, compressed, for the menu that has them."""
    weights = {
        n: len(gzip.compress(network_text(n).encode(), 6)) for n in network_lab.others()
    }
    sizes = {name: f"{weight / 1e6:.1f} MB" for name, weight in weights.items()}
    return f"globalThis.d2lminiSizes = {json.dumps(sizes)};\n"


def renew(nb: NotebookNode) -> int:
    """Renews every figure that `nb` stores; how many have changed."""
    changed = 0
    for cell in nb.cells:
        for out in cell.get("outputs", ()):
            html = out.get("data", {}).get("text/html", "")
            figure = Stored.of(html)
            if figure is not None and html != figure.renewed():
                out["data"]["text/html"] = figure.renewed()
                changed += 1
    return changed


def _renew_file(path: Path) -> None:
    nb = nbformat.read(path, as_version=4)
    if changed := renew(nb):
        outputs.write(nb, path)
        print(f"{path.relative_to(book.ROOT)}: {changed} figures")


def main() -> None:
    """Renews the figures of every chapter."""
    for path in book.chapters():
        _renew_file(path)


if __name__ == "__main__":
    main()
