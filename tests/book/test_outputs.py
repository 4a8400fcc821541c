"""What `make outputs` stores, and when it refuses to."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import address, outputs


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
    before = outputs.digest(good)
    good.cells[2].source = address.replaced(good.cells[2].source, here, there)
    monkeypatch.setattr(address, "current", lambda: there)
    assert outputs.digest(good) == before


def test_a_chapter_runs_in_its_folder_and_two_runs_agree(tmp_path):
    (tmp_path / "word.txt").write_text("boot")
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
    path.write_text("old")
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


def test_small_weights_are_shipped_and_large_ones_are_not(tmp_path, monkeypatch):
    code = 'train(net, data, name="lenet")\ntrain(net, data, name="vgg")'
    nb = new_notebook(cells=[new_code_cell(code + '\ntrain(net, name="lenet-sgd")')])
    weights = tmp_path / "runs" / "weights"
    weights.mkdir(parents=True)
    for name, size in {"lenet": 900, "vgg": 2_000_000, "lenet-sgd": 900}.items():
        (weights / f"{name}.npz").write_bytes(bytes(size))
    monkeypatch.setattr(outputs, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(outputs.trained, "SHIPPED", tmp_path / "shipped")
    outputs._ship(nb)
    shipped = [file.name for file in (tmp_path / "shipped").iterdir()]
    assert shipped == ["lenet.npz"]
