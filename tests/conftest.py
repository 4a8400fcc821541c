"""What all tests share: quick mode for chapters, a browser, the closing table."""

import json
import os
import signal

import pytest

from tests import kernels
from tests.kernels import ports
from tools import book, data
from tools import browser as chromium

NOBODY = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"


class Rehearsal:
    """Run the chapters in quick mode, everything else as a user would."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if item.path.suffix == ".ipynb":
            os.environ["D2LMINI_QUICK"] = "1"
        else:
            os.environ.pop("D2LMINI_QUICK", None)


def skip_drawing():
    """Leave out the initial weights of layers without data, which have no values.

    PyTorch draws them in Python then, which takes longer than all that is tested.
    """
    from torch import nn

    for layer in (nn.Linear, nn.modules.conv._ConvNd):

        def draw(self, drawn=layer.reset_parameters):
            return None if self.weight.is_meta else drawn(self)

        layer.reset_parameters = draw


def repeat_drawing():
    """Draw some of the numbers of large weights, and the same again for the others.

    AlexNet's take half a second, and its tests and exercises make it a hundred times.
    """
    import torch

    for name in ("normal_", "uniform_"):
        setattr(torch.Tensor, name, repeated(getattr(torch.Tensor, name)))


def repeated(drawn, large=2**22, some=2**16 + 1):
    """``drawn`` for ``some`` of a large tensor: odd, so that no two rows are alike."""

    def draw(self, *given, **options):
        if self.is_meta or self.numel() < large or not self.is_contiguous():
            return drawn(self, *given, **options)
        first, *others = self.view(-1).split(some)
        drawn(first, *given, **options)
        for part in others:
            part.copy_(first[: len(part)])
        return self

    return draw


def hear_interrupts():
    """Let Ctrl-C be tried where a shell that runs tests behind it has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    hear_interrupts()
    data.settle()  # before the kernels of chapters, which start in other folders
    # As a plugin: a hook in this file would not be asked about chapters, which
    # lie in another folder.
    config.pluginmanager.register(Rehearsal())
    dealt = config.getoption("dist", "no") != "no"
    if not hasattr(config, "workerinput"):  # workers have what their master has set
        config.kernels = kernels.Forge(eager=dealt or config.getoption("nbval", False))
    if dealt:  # the master runs no test
        config.option.tx = config.kernels.workers(config.option.tx)
    else:
        skip_drawing()
        repeat_drawing()
        ports.reserve()


def pytest_unconfigure(config):
    if hasattr(config, "kernels"):
        config.kernels.end()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium that knows this machine and no other."""
    from playwright.sync_api import sync_playwright

    try:
        path = chromium.find()
    except LookupError as error:
        pytest.fail(str(error))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=[*chromium.ARGUMENTS, NOBODY]
        )
        yield started
        started.close()


def pytest_terminal_summary(terminalreporter):
    """Say how kernels were started, and how much of each chapter nbval compares."""
    terminalreporter.section("kernels")
    for line in terminalreporter.config.kernels.said():
        terminalreporter.write_line(line)
    terminalreporter.section("cells whose output is compared")
    for path in book.chapters():
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        tags = [cell["metadata"].get("tags", ()) for cell in code]
        kept = sum("nbval-ignore-output" not in tag for tag in tags)
        share = kept / max(len(code), 1)
        name = path.relative_to(book.ROOT)
        terminalreporter.write_line(f"{name}: {kept} of {len(code)} ({share:.0%})")
