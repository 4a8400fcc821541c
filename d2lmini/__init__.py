"""The helper package of the book: data, training, figures.

Here stand the public names and where each lives. A room is imported when one of its
names is first asked for, so that ``import d2lmini`` itself costs next to nothing.
"""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers
    from d2lmini import nets as nets
    from d2lmini import plot as plot
    from d2lmini import widgets as widgets
    from d2lmini.analysis import compare as compare
    from d2lmini.analysis.attribution import gradient_map as gradient_map
    from d2lmini.analysis.attribution import occlusion as occlusion
    from d2lmini.analysis.cost import cost as cost
    from d2lmini.analysis.gradients import gradient_sizes as gradient_sizes
    from d2lmini.analysis.mistakes import confusion_matrix as confusion_matrix
    from d2lmini.analysis.mistakes import worst_mistakes as worst_mistakes
    from d2lmini.analysis.speed import speed as speed
    from d2lmini.analysis.summary import summary as summary
    from d2lmini.course import check as check
    from d2lmini.data import CLASSES as CLASSES
    from d2lmini.data import Batches as Batches
    from d2lmini.data import ImageSet as ImageSet
    from d2lmini.data import Splits as Splits
    from d2lmini.data import augment as augment
    from d2lmini.data import load_fashion_mnist as load_fashion_mnist
    from d2lmini.device import setup as setup
    from d2lmini.plot.diagrams import diagram as diagram
    from d2lmini.plot.diagrams import overview as overview
    from d2lmini.plot.table import Table as Table
    from d2lmini.training import report as report
    from d2lmini.training import runs as runs
    from d2lmini.training import schedules as schedules
    from d2lmini.training.history import History as History
    from d2lmini.training.loop import train as train
    from d2lmini.training.measure import evaluate as evaluate
    from d2lmini.training.measure import predict as predict
    from d2lmini.widgets.replay import replay as replay

_HOMES = {
    "CLASSES": "data:CLASSES",
    "Batches": "data:Batches",
    "History": "training.history:History",
    "ImageSet": "data:ImageSet",
    "Splits": "data:Splits",
    "Table": "plot.table:Table",
    "augment": "data.augment",
    "check": "course.check",
    "compare": "analysis.compare",
    "confusion_matrix": "analysis.mistakes:confusion_matrix",
    "cost": "analysis.cost:cost",
    "diagram": "plot.diagrams:diagram",
    "evaluate": "training.measure:evaluate",
    "gradient_map": "analysis.attribution:gradient_map",
    "gradient_sizes": "analysis.gradients:gradient_sizes",
    "load_fashion_mnist": "data:load_fashion_mnist",
    "nets": "nets",
    "occlusion": "analysis.attribution:occlusion",
    "overview": "plot.diagrams:overview",
    "plot": "plot",
    "predict": "training.measure:predict",
    "replay": "widgets.replay:replay",
    "report": "training.report",
    "runs": "training.runs",
    "schedules": "training.schedules",
    "setup": "device:setup",
    "speed": "analysis.speed:speed",
    "summary": "analysis.summary:summary",
    "train": "training.loop:train",
    "widgets": "widgets",
    "worst_mistakes": "analysis.mistakes:worst_mistakes",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'd2lmini' has no attribute {name!r}")
    return resolve_name(f"d2lmini.{_HOMES[name]}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
