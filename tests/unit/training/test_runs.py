"""The histories that come with the package are those of the book's runs."""

import itertools
from pathlib import Path

import pytest

from d2lmini import History, runs
from tools import outputs

STORED = sorted(outputs.RUNS.glob("*.json"))


def test_every_run_of_the_book_is_there_and_no_other():
    assert runs.names() == sorted(file.stem for file in STORED), (
        "`python -m tools.outputs` ships what is missing"
    )
    assert "lenet" in runs.names()


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
def test_a_run_is_the_stored_one_without_snapshots(file: Path):
    stored, shipped = History.load(file), runs.load(file.stem)
    assert shipped.snapshots == []
    stored.snapshots = []
    assert shipped.to_json() == stored.to_json()  # what is unknown equals nothing


def test_stored_answers_agree_with_the_accuracies():
    """Two accuracies differ by no more than the share answered otherwise."""
    kept = [run for run in map(runs.load, runs.names()) if run.answers]
    assert len(kept) >= 9
    for run, other in itertools.pairwise(kept):
        mine, theirs = run.answered(), other.answered()
        assert mine.shape == (10_000,) and 0 <= int(mine.min()) <= int(mine.max()) < 10
        differing = (mine != theirs).double().mean().item()
        assert abs(run.test_accuracy - other.test_accuracy) <= differing + 1e-6 < 1


def test_an_unknown_name_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match=r"no run 'lenett'; there are lenet,") as said:
        runs.load("lenett")
    assert len(str(said.value)) < 120


def test_a_path_is_no_name():
    with pytest.raises(ValueError, match="no run"):
        runs.load("../runs/lenet")


def test_shipping_takes_the_snapshots_out(tmp_path, monkeypatch):
    book, package = tmp_path / "book", tmp_path / "package"
    with_snapshots = next(f for f in STORED if History.load(f).snapshots)
    book.mkdir()
    (book / "run.json").write_bytes(with_snapshots.read_bytes())
    monkeypatch.setattr(outputs, "RUNS", book)
    monkeypatch.setattr(runs, "SHIPPED", package)
    outputs.ship_runs()
    assert runs.names() == ["run"]
    assert runs.load("run").snapshots == []
    assert runs.load("run").test_accuracy == History.load(with_snapshots).test_accuracy
    assert History.load(book / "run.json").snapshots  # the original keeps them


def test_shipping_writes_only_what_has_changed(tmp_path, monkeypatch):
    book, package = tmp_path / "book", tmp_path / "package"
    monkeypatch.setattr(outputs, "RUNS", book)
    monkeypatch.setattr(runs, "SHIPPED", package)
    history = History.load(STORED[0])
    for folder in (book, package):
        history.snapshots = []
        history.save(folder / "run.json")
    old = (
        (package / "run.json")
        .read_text(encoding="utf-8")
        .replace(',\n "answers": ""', "")
    )
    (package / "run.json").write_text(
        old, encoding="utf-8"
    )  # as an earlier version wrote it
    outputs.ship_runs()
    assert (package / "run.json").read_text(encoding="utf-8") == old
    history.test_accuracy = 0.5
    history.save(book / "run.json")
    outputs.ship_runs()
    assert runs.load("run").test_accuracy == 0.5
