"""Pages that hold figures, with the network cut off; and a live kernel."""

from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Figures</title></head>
<body style="margin: 12px; background: {paper}">{body}</body></html>"""


class Pages:
    """Pages that a test leaves to the next: a new one costs a tenth of a second more.

    What a test may have set of a page is set anew; one with a clock of its own, or of
    another kind than usual, is closed.
    """

    def __init__(self, browser):
        self.browser, self.free = browser, []

    def take(self, width, options):
        """A page with nothing on it; with ``options`` one that is nobody else's."""
        if options or not self.free:
            return self._new(width, options)
        page = self.free.pop()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(**USUAL)
        return page

    def _new(self, width, options):
        viewport = {"width": width, "height": 900}
        context = self.browser.new_context(viewport=viewport, offline=True, **options)
        context.set_default_timeout(60_000)
        return context.new_page()

    def give_back(self, page, options):
        """Keep the page as if it were new, or close it."""
        if options or page.is_closed() or not page.evaluate(FORGET):
            page.context.close()
            return
        page.mouse.move(0, 0)
        page.goto("about:blank")
        self.free.append(page)


USUAL = {
    "media": "null",
    "color_scheme": "light",
    "reduced_motion": "no-preference",
    "forced_colors": "none",
}

# Forgets what the page keeps; says whether its clock is the browser's own.
FORGET = """() => {
  localStorage.clear();
  sessionStorage.clear();
  return /native code/.test(setTimeout);
}"""


@pytest.fixture(scope="session")
def pages(browser):
    return Pages(browser)


@pytest.fixture
def page_of(pages, tmp_path: Path):
    """`page_of(*figures, theme=, width=, **context)`: an open page that holds them.

    The page lies in a file, the network is off, and any error on it, or any
    request beyond that file, fails the test at its end.
    """
    opened, faults = [], []
    heard = {
        "pageerror": lambda error: faults.append(f"error: {error}"),
        "console": lambda m: m.type == "error" and faults.append(f"console: {m.text}"),
        "request": lambda r: (
            r.url.startswith(("file:", "data:", "blob:"))
            or faults.append(f"request: {r.url}")
        ),
    }

    def open_page(*figures, theme="light", width=1280, **options):
        body = "\n".join(f if isinstance(f, str) else f.html() for f in figures)
        paper = "#121212" if theme == "dark" else "#ffffff"
        file = tmp_path / f"page{len(opened)}.html"
        file.write_text(
            PAGE.format(theme=theme, paper=paper, body=body), encoding="utf-8"
        )
        page = pages.take(width, options)
        opened.append((page, options))
        for event, hear in heard.items():
            page.on(event, hear)
        page.goto(file.as_uri())
        return page

    yield open_page
    for page, options in opened:
        for event, hear in heard.items():
            page.remove_listener(event, hear)
        pages.give_back(page, options)
    assert not faults, faults


class Kernel:
    """A running Jupyter kernel, and the front end's side of its comms."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3")
        self.comms = []  # identifiers of the widgets opened, in order
        self.displayed = []  # mime bundles shown

    def run(self, code):
        """Runs code and returns what it printed; an error in it fails the test."""
        printed = []

        def hear(message):
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            elif kind == "comm_open":
                self.comms.append(content["comm_id"])
            elif kind in ("display_data", "execute_result"):
                self.displayed.append(content["data"])
            elif kind == "error":
                pytest.fail("\n".join(content["traceback"]))

        self.client.execute_interactive(code, timeout=60, output_hook=hear)
        return "".join(printed)

    def update(self, comm, state):
        """Sends new traits as a front end does when the reader moves a control."""
        content = {"comm_id": comm, "data": {"method": "update", "state": state}}
        session, channel = self.client.session, self.client.shell_channel
        session.send(
            channel.socket,
            session.msg("comm_msg", {**content, "target_name": "jupyter.widget"}),
        )


@pytest.fixture(scope="session")
def kernel():
    live = Kernel()
    yield live
    live.client.stop_channels()
    live.manager.shutdown_kernel(now=True)
