"""The receptive field of every tensor that a network makes of an image."""

from d2lmini.analysis.field.follow import ReceptiveFields
from d2lmini.analysis.field.spans import UNKNOWN, Field

__all__ = ["UNKNOWN", "Field", "ReceptiveFields"]
