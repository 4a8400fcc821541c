"""The networks of the book, one a file, each as its chapter writes it.

Each function returns a new network, in training mode, whose weights PyTorch's random
state draws.  ValueError for stages that describe no network; what else is no number of
channels, pixels or classes is left to PyTorch's layers to refuse.  The options of a
function are explained at the head of its file.
"""

from d2lmini.nets.alexnet import alexnet
from d2lmini.nets.densenet import densenet
from d2lmini.nets.googlenet import googlenet
from d2lmini.nets.initial import he, initialise, xavier
from d2lmini.nets.lenet import lenet
from d2lmini.nets.lenet_bn import lenet_bn
from d2lmini.nets.nin import nin
from d2lmini.nets.resnet import resnet18
from d2lmini.nets.slim import SLIM_FAST, SLIM_SMALL, Plan, slim
from d2lmini.nets.small import small_resnet
from d2lmini.nets.trained import load
from d2lmini.nets.vgg import vgg11

__all__ = [
    "SLIM_FAST",
    "SLIM_SMALL",
    "Plan",
    "alexnet",
    "densenet",
    "googlenet",
    "he",
    "initialise",
    "lenet",
    "lenet_bn",
    "load",
    "nin",
    "resnet18",
    "slim",
    "small_resnet",
    "vgg11",
    "xavier",
]
