"""The rooms of the package: light to enter, no arrow upwards, a true picture."""

import subprocess
import sys

import pytest

import d2lmini
from tools import rooms

LIGHT = ", ".join(set(d2lmini.__all__) - {"replay", "widgets", "check"})
STEPS = (
    "import d2lmini",
    "import torch; torch.manual_seed(1); before = torch.get_rng_state()",
    "from d2lmini import train, load_fashion_mnist, nets",
    f"from d2lmini import {LIGHT}",
    "assert torch.equal(before, torch.get_rng_state()), 'the seed has changed'",
)


@pytest.fixture(scope="module")
def modules():
    """Those that a fresh Python has after each step, none of which says anything."""
    said = "import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(f"{step}\n{said}" for step in STEPS)],
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = [set(line.split()) for line in done.stdout.splitlines()]
    return dict(zip(STEPS, found, strict=True))


def test_importing_the_package_imports_nothing_else(modules):
    own = {name for name in modules[STEPS[0]] if name.startswith("d2lmini.")}
    assert own == set() == {"torch", "numpy", "matplotlib"} & modules[STEPS[0]]


def test_training_needs_torch_and_numpy_alone(modules):
    """And figures matplotlib: ipywidgets and the like load when they are used.

    Nothing is drawn at random, and pyplot stays away.
    """
    heavy = {
        "IPython",
        "ipywidgets",
        "anywidget",
        "torchvision",
        "filelock",
        "nbgrader",
        "matplotlib.pyplot",
    }
    core, light = modules[STEPS[2]], modules[STEPS[3]]
    assert (
        "d2lmini.training.loop" in core and not (heavy | {"matplotlib", "PIL"}) & core
    )
    assert "matplotlib" in light and not heavy & light


@pytest.mark.parametrize("name", d2lmini.__all__)
def test_every_public_name_is_there(name):
    assert getattr(d2lmini, name) is not None
    assert name in dir(d2lmini)


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        d2lmini.trian  # noqa: B018


def test_editors_are_told_of_the_same_names():
    text = (rooms.PACKAGE / "__init__.py").read_text(encoding="utf-8")
    told = {
        line.split()[-1] for line in text.splitlines() if "    from d2lmini" in line
    }
    assert told == set(d2lmini.__all__)


def test_no_room_uses_one_above_it():
    assert rooms.upward() == []


def test_an_arrow_upwards_would_be_found(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.py").write_text(
        "def f():\n    from d2lmini import training\n", encoding="utf-8"
    )
    assert rooms.upward(tmp_path) == [
        "data/x.py imports training, which stands above data"
    ]


def test_no_modules_import_each_other_in_a_circle():
    assert rooms.circle() == []


def test_a_circle_would_be_found(tmp_path):
    """Of relative imports too, and in functions or for type checkers alone."""
    (tmp_path / "data").mkdir()
    for name, text in {
        "__init__": "from d2lmini.data.a import x",
        "a": "def f():\n    from .b import y",
        "b": "if TYPE_CHECKING:\n    from d2lmini.data import c",
        "c": "from . import a",
    }.items():
        (tmp_path / "data" / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "__init__.py").write_text("import d2lmini.data.a", encoding="utf-8")
    found = rooms.circle(tmp_path)
    assert len(found) == 4 and set(found) == {"data.a", "data.b", "data.c"}


def test_the_picture_in_the_architecture_is_that_of_the_imports():
    page = rooms.PAGE.read_text(encoding="utf-8")
    assert rooms.drawn(page) == page, "python -m tools.rooms draws it anew"


def test_every_room_is_in_the_picture():
    inside = {p.stem for p in rooms.PACKAGE.iterdir() if not p.name.startswith("_")}
    assert set(rooms.ROOMS) == inside - {"py"}


#: What loads, trains and draws, as the README counts it: its lines, to the hundred.
CORE = {
    2800: "mode.py device.py nets/borrowed.py data/__init__.py data/augment.py "
    "data/batches.py data/classes.py training/__init__.py training/average.py "
    "training/forward.py training/history.py training/loop.py training/measure.py "
    "training/memory.py training/report.py training/run.py training/schedules.py "
    "training/snapshots.py",
    800: "nets/*net*.py nets/nin.py nets/vgg.py nets/slim.py nets/inception.py "
    "nets/stages.py nets/initial.py nets/__init__.py",
    1900: "plot/*.py",
}


@pytest.mark.parametrize("told", CORE)
def test_the_core_is_as_long_as_the_readme_says(told):
    files = {f for pattern in CORE[told].split() for f in rooms.PACKAGE.glob(pattern)}
    lines = sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files)
    assert abs(lines - told) < 200
    readme = " ".join((rooms.ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"{told:,} " in readme or f"{told} " in readme
