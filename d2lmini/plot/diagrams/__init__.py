"""A block drawn from the module itself."""

from d2lmini.plot.diagrams.drawing import diagram

__all__ = ["diagram"]
