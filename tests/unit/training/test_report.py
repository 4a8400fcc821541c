"""A run shows its progress where it runs, and leaves only what repeats."""

import itertools
import re
from types import SimpleNamespace

import nbclient
import nbformat
import pytest
from samples import quietly, small_net, splits

from d2lmini import report
from d2lmini.training.report import Notebook, Silent, Terminal, default_report

CELL = """
import sys; sys.path.insert(0, {tests!r})
from samples import quietly, small_net, splits
history = quietly(small_net(), splits(), name="mini", report=None)
"""


@pytest.fixture(scope="module")
def outputs(request):
    """What a notebook has stored after a cell that trains."""
    tests = str(request.path.parents[1])
    cell = nbformat.v4.new_code_cell(CELL.format(tests=tests))
    nb = nbformat.v4.new_notebook(cells=[cell])
    nbclient.NotebookClient(nb, timeout=120, kernel_name="python3").execute()
    return nb.cells[0].outputs


def test_a_notebook_keeps_one_sentence_and_one_figure(outputs):
    sentence, figure = outputs
    text = sentence["data"]["text/html"]
    assert "mini: 2 epochs, test accuracy" in text
    assert "<progress" not in text  # the bar is gone
    assert figure["data"]["image/png"]
    assert "validation" in figure["metadata"]["image/png"]["alt"]


def test_nothing_stored_depends_on_the_clock(outputs):
    stored = str([(out["data"].get("text/html"), out["metadata"]) for out in outputs])
    assert " s " not in stored and "second" not in stored and " left" not in stored


class Shown(Notebook):
    """A notebook report whose two places are lists."""

    def start(self, history, batches):
        super().start(history, batches)
        self.begun -= 30  # as if half a minute had passed


class Place(list):
    def show(self, content):
        self.append(content)


def test_the_bar_shows_epoch_and_time_left(monkeypatch):
    monkeypatch.setattr(report, "Slot", Place)
    monkeypatch.setattr(report, "_PATIENCE", 0)
    monkeypatch.setattr(report, "time", SimpleNamespace(monotonic=lambda: 1.0))
    shown = Shown()
    quietly(small_net(), splits(), report=shown)
    bars = [text for text in shown.bar if "<progress" in text]
    assert len(bars) == 10  # each of 2 × 5 batches
    assert 'value="0.200" max="2"' in bars[0] and "epoch 1 of 2" in bars[0]
    assert "4 min 30 s left" in bars[0]  # a tenth took half a minute
    loss = float(re.search(r"loss (\d\.\d{3}), accuracy 0\.\d{3}", bars[0])[1])
    assert 1 < loss < 4
    assert "epoch 2 of 2" in bars[-1]
    assert len(shown.figure) == 2  # after the first epoch, and at the end


def test_a_long_epoch_is_drawn_while_it_goes_on(monkeypatch):
    """Every quarter second a point; a drawing when the last has paid for itself."""
    moments = itertools.count(0, 1.5)
    monkeypatch.setattr(report, "Slot", Place)
    monkeypatch.setattr(
        report, "time", SimpleNamespace(monotonic=lambda: next(moments))
    )
    shown = Notebook()
    quietly(small_net(), splits(160), report=shown, epochs=1)
    drawn = shown.figure[0].figure.axes
    assert drawn[0].get_xlim()[1] == 1.5  # the axis of the whole run
    assert len(shown.figure) >= 2


def test_nothing_is_left_of_a_run_that_fails_at_once(monkeypatch):
    monkeypatch.setattr(report, "Slot", Place)
    shown = Notebook()
    with pytest.raises(ValueError, match="gives inf"):
        quietly(small_net(), splits(), report=shown, schedule=lambda p: float("9e999"))
    assert shown.bar == [""] and not shown.figure


def test_what_a_file_calls_itself_is_text_and_no_html(monkeypatch):
    monkeypatch.setattr(report, "Slot", Place)
    shown = Notebook()
    quietly(small_net(), splits(), report=shown, name="<img src=x onerror=alert(1)>")
    assert "<img" not in shown.bar[-1] and "&lt;img" in shown.bar[-1]


def test_a_terminal_gets_one_line_an_epoch(capsys):
    quietly(small_net(), splits(), report=Terminal(), name="mini")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("mini: ")
    assert [line.split()[1] for line in lines[1:3]] == ["1/2", "2/2"]
    assert lines[3].startswith("test accuracy") and len(lines) == 4


def test_outside_a_notebook_the_terminal_is_the_default():
    assert isinstance(default_report(), Terminal)


def test_silence(capsys):
    quietly(small_net(), splits(), report=Silent())
    assert capsys.readouterr() == ("", "")
