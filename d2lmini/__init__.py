"""The helper package of the book: data, training, figures.

The public names; each room has its own below. What needs more than PyTorch and
matplotlib (interactive figures, the checks of exercises) loads when first used.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from d2lmini import nets, plot
from d2lmini.analysis.attribution import gradient_map, occlusion
from d2lmini.analysis.cost import cost
from d2lmini.analysis.gradients import gradient_sizes
from d2lmini.analysis.mistakes import confusion_matrix, worst_mistakes
from d2lmini.analysis.speed import speed
from d2lmini.analysis.summary import summary
from d2lmini.data import (
    CLASSES,
    Batches,
    ImageSet,
    Splits,
    augment,
    load_fashion_mnist,
)
from d2lmini.device import setup
from d2lmini.plot.diagrams import diagram
from d2lmini.plot.table import Table
from d2lmini.training import report, runs, schedules
from d2lmini.training.history import History
from d2lmini.training.loop import evaluate, predict, train

if TYPE_CHECKING:
    from d2lmini import widgets
    from d2lmini.course import check
    from d2lmini.widgets.replay import replay

__all__ = [
    "CLASSES",
    "Batches",
    "History",
    "ImageSet",
    "Splits",
    "Table",
    "augment",
    "check",
    "confusion_matrix",
    "cost",
    "diagram",
    "evaluate",
    "gradient_map",
    "gradient_sizes",
    "load_fashion_mnist",
    "nets",
    "occlusion",
    "plot",
    "predict",
    "replay",
    "report",
    "runs",
    "schedules",
    "setup",
    "speed",
    "summary",
    "train",
    "widgets",
    "worst_mistakes",
]

# The short paths of chapters that were saved before the package had rooms.
sys.modules.update(
    {
        f"d2lmini.{module.__name__.rpartition('.')[2]}": module
        for module in (augment, report, runs, schedules)
    }
)


def __getattr__(name: str) -> Any:
    if name == "check":
        return import_module("d2lmini.course.check")
    if name == "replay":
        return import_module("d2lmini.widgets.replay").replay
    if name == "widgets":
        return import_module("d2lmini.widgets")
    raise AttributeError(f"module 'd2lmini' has no attribute {name!r}")
