"""Build the site and say where it is: ``python -m tools.site [--serve PORT]``."""

import argparse
import errno
import functools
import os
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from tools.book import ROOT

SITE = ROOT / "_build" / "html"
#: The command of Jupyter Book, wherever its program lies.
JUPYTER_BOOK = (
    sys.executable,
    "-c",
    "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')",
)
BUILD = ("build", "-W", "--keep-going")


class Server(ThreadingHTTPServer):
    """One that notices a used port; Windows would let two programs share it."""

    allow_reuse_address = os.name != "nt"


def build() -> None:
    """Build all pages; what is wrong is printed, and ends this program."""
    if code := subprocess.call((*JUPYTER_BOOK, *BUILD, str(ROOT))):
        sys.exit(code)
    print(f"\nThe book:  {(SITE / 'index.html').as_uri()}", flush=True)


def server(port: str) -> Server:
    """What will serve the site on ``port`` of this machine; ValueError if it cannot."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(SITE))
    try:
        return Server(("127.0.0.1", int(port)), handler)
    except (ValueError, OverflowError):
        why = "a port is a number from 0 to 65535"
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program uses it" if taken else str(error.strerror)
    raise ValueError(
        f"The site cannot be served on port {port}, because {why}: take another one, "
        "for instance make serve PORT=8001."
    )


def main() -> None:
    """Build, and with ``--serve`` serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tools.site")
    parser.add_argument("--serve", metavar="PORT")
    port = parser.parse_args().serve
    if port is None:
        build()
        return
    try:
        serving = server(port)  # before the build, which takes a while
    except ValueError as error:
        sys.exit(str(error))
    with serving:
        build()
        address = f"http://localhost:{serving.server_port}/"
        print(f"or:        {address} (Ctrl-C ends it)", flush=True)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
