"""What `make outputs` stores, and when it refuses to."""

import copy
import dataclasses
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from d2lmini.training.history import History
from tools import address, outputs

RUN = outputs.RUNS / "lenet.json"


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"D2LMINI_QUICK": "1"}, "D2LMINI_QUICK"),
        ({"D2LMINI_DATA": "offline"}, "offline"),
    ],
)
def test_a_rehearsal_is_refused(environment, word):
    assert word in outputs.refusal(environment)


@pytest.mark.parametrize(
    "environment", [{}, {"D2LMINI_QUICK": "0"}, {"D2LMINI_DATA": "data"}]
)
def test_a_full_run_is_not(environment):
    assert outputs.refusal(environment) is None


def test_new_code_makes_outputs_stale_and_new_prose_does_not(good):
    assert outputs.is_fresh(good)
    good.cells[1].source = "Other words."
    assert outputs.is_fresh(good)
    good.cells[-1].source += " + 1"
    assert not outputs.is_fresh(good)


def test_a_new_address_does_not_make_outputs_stale(good, monkeypatch):
    here, there = address.current(), address.Address("ada", "book")
    good.cells[2].source = f"%pip install git+https://{here.forms[0]}"
    before = outputs.hashes(good)
    good.cells[2].source = address.replaced(good.cells[2].source, here, there)
    monkeypatch.setattr(address, "current", lambda: there)
    assert outputs.hashes(good) == before


def test_cells_that_move_or_go_make_a_chapter_stale(good):
    good.cells[2], good.cells[4] = good.cells[4], good.cells[2]
    assert not outputs.is_fresh(good)
    del good.cells[4]
    assert not outputs.is_fresh(good)


SINGLE = {
    "setup": "import os, random\nquick = os.environ.get('D2LMINI_QUICK')",
    "trained": "net = random.random()\nprint(quick, net)",  # another in each run
    "walk": "print('walk')",
    "given": "side = 3",
    "answer": "area = side * side\narea",
    "drawn": "print(quick, 'a figure')",
}
UNCOMPARED = ("setup", "trained", "drawn")


@pytest.fixture
def chapter(tmp_path):
    """A chapter that was run in full, once."""
    tags = {"tags": ["nbval-ignore-output"]}
    cells = [
        new_code_cell(code, id=name, metadata=tags if name in UNCOMPARED else {})
        for name, code in SINGLE.items()
    ]
    cells[3].metadata["nbgrader"] = cells[4].metadata["nbgrader"] = {}
    nb = new_notebook(cells=[new_markdown_cell("# 1 · Title\n\nWhy?", id="t"), *cells])
    outputs.run(nb, tmp_path)
    return nb


def by_id(nb):
    return {cell["id"]: cell for cell in nb.cells}


def shown(nb, name):
    return "".join(
        out.get("text", out.get("data", {}).get("text/plain", ""))
        for out in by_id(nb)[name].outputs
    )


def test_one_cell_is_run_and_all_others_stay(chapter, tmp_path):
    before = copy.deepcopy(chapter)
    by_id(chapter)["answer"].source = "area = side + side\narea"
    assert outputs.stale(chapter) == ["answer"]
    outputs.run_cells(chapter, tmp_path, ["answer"], [])
    assert outputs.is_fresh(chapter)
    assert shown(chapter, "answer") == "6"
    for old, new in zip(before.cells, chapter.cells, strict=True):
        assert old == new or new["id"] == "answer"
    assert list(tmp_path.iterdir()) == []


def test_a_cell_whose_output_may_differ_is_run_in_full(chapter, tmp_path):
    before = shown(chapter, "trained")
    by_id(chapter)["drawn"].source = "print(quick, side, 'a new figure')"
    with pytest.raises(CellExecutionError, match="side"):
        outputs.run_cells(copy.deepcopy(chapter), tmp_path, ["drawn"], [])
    outputs.run_cells(chapter, tmp_path, ["drawn"], ["given"])
    assert shown(chapter, "drawn") == "None 3 a new figure\n"
    assert shown(chapter, "trained") == before
    assert outputs.is_fresh(chapter)


def test_a_changed_cell_that_was_not_run_stays_stale(chapter, tmp_path):
    for name in ("walk", "answer"):
        by_id(chapter)[name].source += "\n0"
    assert outputs.stale(chapter) == ["walk", "answer"]
    outputs.run_cells(chapter, tmp_path, ["answer"], [])
    assert outputs.stale(chapter) == ["walk"]
    assert not outputs.is_fresh(chapter)


def test_what_reads_a_changed_name_unseen_has_to_be_named(chapter, tmp_path):
    by_id(chapter)["setup"].source += "\nchance = random.Random(1)"
    with pytest.raises(ValueError, match="trained, drawn may show something else"):
        outputs.run_cells(chapter, tmp_path, ["setup"], [])
    outputs.run_cells(chapter, tmp_path, ["setup", "trained", "drawn"], [])
    assert outputs.is_fresh(chapter)


def test_what_others_show_may_not_change(chapter, tmp_path):
    by_id(chapter)["given"].source = "side = 4"
    with pytest.raises(ValueError, match="answer would show something else"):
        outputs.run_cells(chapter, tmp_path, ["given"], [])
    outputs.run_cells(chapter, tmp_path, outputs.pick(chapter, ["exercises"]), [])
    assert outputs.is_fresh(chapter)
    assert shown(chapter, "answer") == "16"


def test_only_what_a_cell_needs_is_run_with_it(chapter, tmp_path):
    by_id(chapter)["trained"].source = "net = 1 / 0"  # as long as a training
    by_id(chapter)["answer"].source = "side + 1"
    outputs.run_cells(chapter, tmp_path, ["answer"], [])
    assert shown(chapter, "answer") == "4"
    by_id(chapter)["answer"].source = "side + net"
    with pytest.raises(CellExecutionError, match="division by zero"):
        outputs.run_cells(chapter, tmp_path, ["answer"], [])


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("x = x + 1", "x"),
        ("x += y", "xy"),
        ("x, z = y, z\nx += 1", "yz"),
        ("for x in y:\n    z = x", "y"),
        ("%time\nx = 1\nx = x + 1", ""),
    ],
)
def test_a_cell_may_read_a_name_before_it_binds_it_anew(source, reads):
    assert outputs._reads_first(source) == set(reads)


def test_a_new_cell_and_one_that_went_leave_the_others_in_order(chapter, tmp_path):
    del chapter.cells[2 + list(SINGLE).index("walk") - 1]
    chapter.cells.insert(4, new_code_cell("side + 1", id="new"))
    outputs.run_cells(chapter, tmp_path, outputs.pick(chapter, ["changed"]), [])
    assert outputs.is_fresh(chapter)
    assert shown(chapter, "new") == "4"
    counts = [cell.execution_count for cell in outputs.code_cells(chapter)]
    assert counts == [1, 2, 3, 4, 5, 6]
    assert by_id(chapter)["answer"].outputs[0].execution_count == 5


def test_a_rehearsal_of_cells_leaves_no_trace_of_runs(chapter, tmp_path, monkeypatch):
    monkeypatch.setenv("D2LMINI_RUNS", "somewhere")
    by_id(chapter)["answer"].source = "os.environ.get('D2LMINI_RUNS'), quick"
    outputs.run_cells(chapter, tmp_path, ["answer"], [])
    assert shown(chapter, "answer") == "(None, '1')"


def test_words_stand_for_cells(chapter):
    chapter.cells.append(new_code_cell("Quiz(part)", id="quiz"))
    assert outputs.pick(chapter, ["exercises"]) == ["given", "answer"]
    assert outputs.pick(chapter, ["quizzes", "walk"]) == ["walk", "quiz"]
    assert outputs.pick(chapter, ["changed"]) == ["quiz"]
    with pytest.raises(ValueError, match="no code cell answre"):
        outputs.pick(chapter, ["answre"])


def test_a_chapter_runs_in_its_folder_and_two_runs_agree(tmp_path):
    (tmp_path / "word.txt").write_text("boot", encoding="utf-8")
    source = "import sys\nprint(open('word.txt').read())\nfor i in 1, 2: print(i)"
    noise = "print('10%\\r20%', end='', file=sys.stderr)"
    nb = new_notebook(
        cells=[
            new_markdown_cell("# 1 · A title\n\nWords."),
            new_code_cell(source),
            new_code_cell(noise),
            new_code_cell("6 * 7"),
        ]
    )
    outputs.run(nb, tmp_path)
    first = nbformat.writes(nb)
    assert [c.get("execution_count") for c in nb.cells[1:]] == [1, 2, 3]
    assert [out.text for out in nb.cells[1].outputs] == ["boot\n1\n2\n"]
    assert nb.cells[2].outputs == []
    assert nb.cells[3].outputs[0].data == {"text/plain": "42"}
    assert outputs.is_fresh(nb)
    outputs.run(nb, tmp_path)
    assert nbformat.writes(nb) == first


def test_a_file_is_replaced_whole(good, tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text("old", encoding="utf-8")
    outputs.write(good, path)
    assert nbformat.read(path, as_version=4) == good
    assert list(tmp_path.iterdir()) == [path]


def test_names_are_kept_given_and_unique():
    cells = [
        new_markdown_cell("# 6 · LeNet\n\nHow?", id="title"),
        new_code_cell("1", id="0f3a92bc"),
        new_markdown_cell("## The idea, in short", id="89abcdef-1"),
        new_code_cell("2"),
        new_code_cell("3", id="walk"),
    ]
    nb = new_notebook(cells=cells)
    cells[3]["id"] = "title"
    outputs.name_cells(nb)
    names = [cell["id"] for cell in nb.cells]
    assert names == [
        "title",
        "6-lenet-1",
        "the-idea-in-short-1",
        "the-idea-in-short-2",
        "walk",
    ]
    outputs.name_cells(nb)
    assert [cell["id"] for cell in nb.cells] == names


def test_tidying_keeps_every_output_that_is_read(good):
    good.cells[-1].outputs.append(new_output("stream", name="stderr", text="careful"))
    before = [cell.get("outputs") for cell in good.cells]
    outputs.tidy(good)
    assert [cell.get("outputs") for cell in good.cells] == before


def test_an_unknown_chapter_is_named():
    with pytest.raises(ValueError, match="no chapter alexnett"):
        outputs.select(["alexnett"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["lenet", "--after", "x"], "--after runs cells before those of --cells"),
        (["lenet", "--force", "--cells", "x"], "--force trains a whole chapter"),
        (["--cells", "x"], "--cells needs the name of a chapter"),
    ],
)
def test_options_that_would_do_nothing_are_refused(monkeypatch, capsys, given, said):
    monkeypatch.setattr(sys, "argv", ["outputs", *given])
    with pytest.raises(SystemExit):
        outputs.main()
    assert said in capsys.readouterr().err


def test_small_new_weights_are_shipped_whatever_names_them(tmp_path, monkeypatch):
    weights, shipped = tmp_path / "runs" / "weights", tmp_path / "shipped"
    monkeypatch.setattr(outputs, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(outputs.trained, "SHIPPED", shipped)
    sizes = {"lenet": 900, "vgg": 2_000_000, "lenet-sgd": 900, "slim-fast": 900}
    for name, size in sizes.items():
        kept(weights / f"{name}.npz", "\0" * size)
    outputs.ship_weights()
    assert {x.name for x in shipped.iterdir()} == {"lenet.npz", "slim-fast.npz"}
    for name, when in {"lenet": 1, "slim-fast": 2**33}.items():
        kept(weights / f"{name}.npz", "another")
        os.utime(weights / f"{name}.npz", (when, when))
    outputs.ship_weights()
    assert (shipped / "lenet.npz").read_bytes() == bytes(900)  # git's may be newer
    assert (shipped / "slim-fast.npz").read_bytes() == b"another"


def kept(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class Training:
    """In place of a kernel: trains by the recipe in cell 1, then does as it says."""

    def __init__(self, nb, **options):
        self.recipe, *self.rest = nb.cells[1].source.split()

    def execute(self, env):
        for name in ("many/0", "many/1"):
            state = Path(env["D2LMINI_RUNS"], "checkpoints", f"{name}.pt")
            if state.exists() and self.recipe not in state.read_text(encoding="utf-8"):
                said = f"{state} belongs to another run: delete this one."
                raise CellExecutionError("", "CheckpointError", said)
            kept(state, state.exists() * "again " + self.recipe)
        if "fails" in self.rest:
            raise CellExecutionError("", "NameError", "")
        if "clashes" in self.rest:  # names two trainings alike
            raise CellExecutionError("", "CheckpointError", f"{state} is another's")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A book and a package of its own, for ``main``."""
    for name in ("D2LMINI_DATA", "D2LMINI_RUNS", "JUPYTER_PREFER_ENV_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(outputs.book, "ROOT", tmp_path)
    monkeypatch.setattr(outputs, "RUNS", tmp_path / "runs")
    for module in (outputs.runs, outputs.trained):
        (shipped := tmp_path / "package" / module.__name__).mkdir(parents=True)
        monkeypatch.setattr(module, "SHIPPED", shipped)
    paths = [tmp_path / "lenet.ipynb", tmp_path / "nin.ipynb"]
    for path in paths:
        cells = [new_markdown_cell("# T"), new_code_cell(path.stem)]
        outputs.write(new_notebook(cells=cells), path)
    monkeypatch.setattr(outputs, "select", lambda names: paths)
    return tmp_path


@pytest.mark.parametrize("options", [[], ["--force"]])
def test_a_chapter_reads_what_the_one_before_has_trained(shelf, monkeypatch, options):
    read = []

    class Chapter:
        def __init__(self, nb, **_):
            self.source = nb.cells[1].source

        def execute(self, env):
            weights = outputs.trained.SHIPPED / "lenet.npz"
            read.append(outputs.runs.load("lenet").seed)
            read.append(weights.exists() and weights.read_text(encoding="utf-8"))
            if self.source == "lenet":
                trained(Path(env["D2LMINI_RUNS"]), seed=7)

    def trained(folder, seed):
        dataclasses.replace(any_run, seed=seed).save(folder / "lenet.json")
        kept(folder / "weights" / "lenet.npz", str(seed))

    any_run = History.load(RUN)
    trained(outputs.RUNS, seed=6)  # by a process that was killed before it shipped
    monkeypatch.setattr(outputs, "NotebookClient", Chapter)
    monkeypatch.setattr(sys, "argv", ["outputs", *options])
    outputs.main()
    assert read == [6, "6", 7, "7"]


@pytest.fixture
def begin(shelf, monkeypatch):
    """A function that runs a chapter of this code, and gives the states it leaves."""
    monkeypatch.setattr(outputs, "NotebookClient", Training)
    path = shelf / "lenet.ipynb"
    for name in ("many/0", "many/1", "other"):
        kept(outputs.RUNS / "checkpoints" / f"{name}.pt", "old")

    def states(source, *, force=False):
        nb = new_notebook(cells=[new_markdown_cell("# T"), new_code_cell(source)])
        outputs.write(nb, path)
        try:
            outputs._update(path, force=force)
        except SystemExit as error:
            assert "because a cell failed" in str(error)
            assert " " in source
        files = (outputs.RUNS / "checkpoints").glob("[!.]*/*.pt")
        return [file.read_text(encoding="utf-8") for file in sorted(files)]

    return states


def test_a_run_anew_finds_no_state_and_replaces_them_at_its_end(begin):
    states = outputs.RUNS / "checkpoints"
    assert begin("A", force=True) == ["A", "A"]
    assert begin("A fails", force=True) == ["A", "A"]
    assert begin("B", force=True) == ["B", "B"]
    assert (states / "other.pt").read_text(encoding="utf-8") == "old"
    assert list((states / ".anew").iterdir()) == []


def test_a_run_anew_that_failed_is_gone_on_with_unless_forced(begin, capsys):
    assert begin("A fails", force=True) == ["old", "old"]
    assert "without --force the next run goes on" in capsys.readouterr().out
    assert begin("A fails") == ["old", "old"]
    assert begin("A") == ["again A", "again A"]
    assert "running on, where --force has stopped" in capsys.readouterr().out
    assert begin("A fails", force=True) and begin("A", force=True) == ["A", "A"]


def test_a_chapter_whose_run_anew_was_stopped_is_not_current(begin, capsys):
    begin("A", force=True)
    kept(outputs._apart(Path("lenet.ipynb")) / "checkpoints" / "many" / "0.pt", "A")
    path = outputs.book.ROOT / "lenet.ipynb"
    outputs._update(path, force=False)
    assert "running on" in capsys.readouterr().out
    outputs._update(path, force=False)
    assert "has not changed" in capsys.readouterr().out


def test_a_run_anew_drops_the_states_of_what_is_trained_no_longer(begin, capsys):
    begin("A fails", force=True)
    left = ["again B", "B"]  # the chapter was begun twice
    assert begin("B") == left
    assert "delete this one.\nIt is deleted" in capsys.readouterr().out
    begin("C fails", force=True)
    assert begin("C clashes") == left  # and no end of trying


def test_what_was_trained_anew_is_shipped_however_long_it_has_waited(begin):
    begin("A fails", force=True)
    waited = outputs._apart(Path("lenet.ipynb")) / "weights" / "lenet.npz"
    kept(waited, "new")
    os.utime(waited, (1, 1))
    kept(outputs.trained.SHIPPED / "lenet.npz", "git's")
    begin("A")
    outputs.ship_weights()
    shipped = outputs.trained.SHIPPED / "lenet.npz"
    assert shipped.read_text(encoding="utf-8") == "new"
