"""The networks of the book, one a file, each as its chapter writes it."""

from d2lmini.nets.initial import he, initialise, xavier
from d2lmini.nets.lenet import lenet

__all__ = ["he", "initialise", "lenet", "xavier"]
