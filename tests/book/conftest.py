"""A chapter that keeps every rule, to be broken one rule at a time."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import outputs

# A chapter of this name has no module in d2lmini/nets, and so no net cell.
ANY_CHAPTER = Path(__file__).with_name("any.ipynb")


def _code(source, *stored, **metadata):
    outs = [new_output("display_data", data=data) for data in stored]
    return new_code_cell(source, outputs=outs, metadata=metadata)


@pytest.fixture
def good():
    """A new copy each time."""
    ignore = {"tags": ["nbval-ignore-output"]}
    picture = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}
    alt = {"mystnb": {"image": {"alt": "The loss falls for ten epochs."}}}
    nb = new_notebook(
        cells=[
            new_markdown_cell("# 6 · LeNet\n\nHow does a network read?"),
            new_markdown_cell("Everything that is needed:"),
            _code("device = d2l.setup()", {"text/plain": "CPU"}, **ignore),
            new_markdown_cell("## Training\n\nSee [the rules](rules.py)."),
            _code("history = d2l.train(net, data)", picture, **ignore, **alt),
            new_markdown_cell("What came of it:"),
            _code("history.test_accuracy", {"text/plain": "0.88"}, **ignore),
            new_markdown_cell("And a sum, $1 + 1$:"),
            _code("1 + 1", {"text/plain": "2"}),
        ]
    )
    code = (cell for cell in nb.cells if cell.cell_type == "code")
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
    for i, cell in enumerate(nb.cells):
        cell["id"] = f"cell-{i}"
    nb.metadata["d2lmini"] = {"code": outputs.hashes(nb)}
    return nb


@pytest.fixture
def path():
    return ANY_CHAPTER
