"""A block or a network, drawn from the module itself."""

from d2lmini.plot.diagrams.drawing import diagram
from d2lmini.plot.diagrams.whole import overview

__all__ = ["diagram", "overview"]
