"""The helper package of the book: data, training, figures."""

from d2lmini import augment, nets, plot, runs, schedules
from d2lmini.cost import cost
from d2lmini.data import CLASSES, Batches, ImageSet, Splits, load_fashion_mnist
from d2lmini.device import setup
from d2lmini.diagrams import diagram
from d2lmini.gradients import gradient_sizes
from d2lmini.history import History
from d2lmini.looking import gradient_map, occlusion
from d2lmini.measure import confusion_matrix, worst_mistakes
from d2lmini.replay import replay
from d2lmini.speed import speed
from d2lmini.summary import summary
from d2lmini.table import Table
from d2lmini.train import evaluate, predict, train

__all__ = [
    "CLASSES",
    "Batches",
    "History",
    "ImageSet",
    "Splits",
    "Table",
    "augment",
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
    "runs",
    "schedules",
    "setup",
    "speed",
    "summary",
    "train",
    "worst_mistakes",
]
