"""The one line that a session begins with."""

import io
import random
import sys

import pytest

import d2lmini


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_after_setup_every_character_can_be_printed(monkeypatch, encoding):
    """As where Windows writes into a file."""
    files = [io.BytesIO(), io.BytesIO()]
    streams = [io.TextIOWrapper(file, encoding=encoding) for file in files]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    d2lmini.setup()
    print(d2lmini.Table(("a", "b"), [("−1 · 2 – 3 → 4 × 5", -1.5)]))
    print("− · – ▸ → warns", file=sys.stderr)
    for stream in streams:
        stream.flush()
    said, warned = (file.getvalue().decode(encoding) for file in files)
    assert "seed 0" in said and "warns" in warned
    assert ("−1 · 2 – 3 → 4 × 5" in said) == (encoding == "utf-8")


def test_streams_of_a_notebook_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    d2lmini.setup(1)
    assert "seed 1" in sys.stdout.getvalue()


def test_a_seed_beyond_pytorchs_changes_nothing():
    before = random.getstate()
    with pytest.raises(ValueError, match=r"seed must be at most \d+, not \d+\.$"):
        d2lmini.setup(2**64)
    assert random.getstate() == before
