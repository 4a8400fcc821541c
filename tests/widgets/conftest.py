"""Pages that hold figures, with the network cut off; and a live kernel."""

from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Figures</title></head>
<body style="margin: 12px; background: {paper}">{body}</body></html>"""


@pytest.fixture
def page_of(browser, tmp_path: Path):
    """`page_of(*figures, theme=, width=, **context)`: an open page that holds them.

    The page lies in a file, the network is off, and any error on it, or any
    request beyond that file, fails the test at its end.
    """
    contexts, faults = [], []

    def open_page(*figures, theme="light", width=1280, **options):
        body = "\n".join(f if isinstance(f, str) else f.html() for f in figures)
        paper = "#121212" if theme == "dark" else "#ffffff"
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(
            PAGE.format(theme=theme, paper=paper, body=body), encoding="utf-8"
        )
        context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, **options
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on(
            "console",
            lambda m: m.type == "error" and faults.append(f"console: {m.text}"),
        )
        page.on(
            "request",
            lambda r: (
                r.url.startswith(("file:", "data:", "blob:"))
                or faults.append(f"request: {r.url}")
            ),
        )
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
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
