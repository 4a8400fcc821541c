"""A block drawn from the module itself."""

from d2lmini.diagrams.drawing import diagram

__all__ = ["diagram"]
