"""The site, built once and served on this machine only."""

import functools
import http.server
import subprocess
import threading
from pathlib import Path

import pytest
from visitor import Visitor

from tests import kernels
from tools import book
from tools.site import BUILD, JUPYTER_BOOK


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """The finished `jupyter-book build`, warnings as errors, and where it wrote.

    A fork, since the title page's network needs PyTorch.
    """
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            *kernels.PYTHON,
            *JUPYTER_BOOK[1:],
            *BUILD,
            "--path-output",
            folder,
            book.ROOT,
        ],
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
    )
    return done, folder / "_build" / "html"


@pytest.fixture(scope="session")
def site(build) -> Path:
    """The folder of the built pages."""
    done, html = build
    assert (html / "book" / "index.html").exists(), done.stdout + done.stderr
    return html


@pytest.fixture(scope="session")
def base(site):
    """The address where the site is served."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def visit(browser):
    """`visit(url, width=, theme=)`: an open page; a fault on it fails the test."""
    visitor = Visitor(browser)
    yield visitor.open
    visitor.close()
    assert not visitor.faults, "\n".join(visitor.faults)
