"""Interactive figures that run with a kernel and without one."""

from .augment import AugmentLab
from .base import Figure
from .batch_norm import BatchNormLab
from .bottleneck import BottleneckLab
from .channels import ChannelsLab
from .comparison import Comparison
from .convolution import ConvolutionLab
from .descent import DescentLab
from .dropout import DropoutLab
from .explore import Explore, explore
from .network_lab import NetworkLab
from .playground import Playground
from .pooling import PoolingLab
from .quiz import Quiz
from .receptive_field import ReceptiveField
from .schedule import ScheduleLab
from .shape_walk import ShapeWalk
from .signal import SignalLab
from .skip import SkipLab
from .softmax import SoftmaxLab
from .stack import StackLab

__all__ = [
    "AugmentLab",
    "BatchNormLab",
    "BottleneckLab",
    "ChannelsLab",
    "Comparison",
    "ConvolutionLab",
    "DescentLab",
    "DropoutLab",
    "Explore",
    "Figure",
    "NetworkLab",
    "Playground",
    "PoolingLab",
    "Quiz",
    "ReceptiveField",
    "ScheduleLab",
    "ShapeWalk",
    "SignalLab",
    "SkipLab",
    "SoftmaxLab",
    "StackLab",
    "explore",
]
