"""The figures of the book, all in one look.

What they are given stays as it is, and so do the settings of matplotlib and the
figures of pyplot.  An argument of another type is a TypeError, one that cannot be drawn
a ValueError.
"""

from d2lmini.plot.canvas import SIGNED, canvas, finish, look
from d2lmini.plot.classwise import confusion, per_class
from d2lmini.plot.curves import curves
from d2lmini.plot.distributions import histograms
from d2lmini.plot.gradients import gradients
from d2lmini.plot.heat import heat
from d2lmini.plot.lines import lines
from d2lmini.plot.pictures import (
    class_name,
    feature_maps,
    filters,
    images,
)
from d2lmini.plot.ranges import ranges
from d2lmini.plot.scatter import pareto, scatter
from d2lmini.plot.stacked import stacked

__all__ = [
    "SIGNED",
    "canvas",
    "class_name",
    "confusion",
    "curves",
    "feature_maps",
    "filters",
    "finish",
    "gradients",
    "heat",
    "histograms",
    "images",
    "lines",
    "look",
    "pareto",
    "per_class",
    "ranges",
    "scatter",
    "stacked",
]
