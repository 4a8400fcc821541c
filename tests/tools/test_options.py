"""Tools that take no words, or one."""

import pytest

from tools import book, options


def test_words_for_places_are_given_back(monkeypatch):
    monkeypatch.setattr("sys.argv", ["oldest", "python3.11"])
    assert options.read("oldest", "About it.", "PYTHON") == ["python3.11"]
    monkeypatch.setattr("sys.argv", ["oldest"])
    assert options.read("oldest", "About it.", "PYTHON") == []


@pytest.mark.parametrize("word", ["--help", "--fast", "word"])
def test_a_word_without_a_place_ends_the_tool(word, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["walks", word])
    with pytest.raises(SystemExit) as ended:
        options.read("walks", "About it.\n\nAnd more.")
    said = capsys.readouterr()
    assert "python -m tools.walks" in said.out + said.err
    assert (ended.value.code == 0) == (word == "--help")
    assert ("About it.\n\nAnd more." in said.out) == (word == "--help")


def test_every_tool_reads_its_words():
    """Or ``--help`` would begin its work."""
    for path in (book.ROOT / "tools").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "__main__" in text:
            assert "options.read(" in text or "ArgumentParser(" in text, path.name
