"""Interactive figures that run with a kernel and without one."""

from .base import Figure
from .batch_norm import BatchNormLab
from .channels import ChannelsLab
from .comparison import Comparison
from .convolution import ConvolutionLab
from .explore import Explore, explore
from .pooling import PoolingLab
from .quiz import Quiz
from .receptive_field import ReceptiveField
from .shape_walk import ShapeWalk

__all__ = [
    "BatchNormLab",
    "ChannelsLab",
    "Comparison",
    "ConvolutionLab",
    "Explore",
    "Figure",
    "PoolingLab",
    "Quiz",
    "ReceptiveField",
    "ShapeWalk",
    "explore",
]
