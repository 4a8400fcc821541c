"""Interactive figures that run with a kernel and without one."""

from d2lmini.widgets.augment import AugmentLab
from d2lmini.widgets.base import Figure
from d2lmini.widgets.batch_norm import BatchNormLab
from d2lmini.widgets.bottleneck import BottleneckLab
from d2lmini.widgets.channels import ChannelsLab
from d2lmini.widgets.comparison import Comparison
from d2lmini.widgets.convolution import ConvolutionLab
from d2lmini.widgets.descent import DescentLab
from d2lmini.widgets.dropout import DropoutLab
from d2lmini.widgets.explore import Explore, explore
from d2lmini.widgets.network_lab import NetworkLab
from d2lmini.widgets.playground import Playground
from d2lmini.widgets.pooling import PoolingLab
from d2lmini.widgets.quiz import Quiz
from d2lmini.widgets.receptive_field import ReceptiveField
from d2lmini.widgets.schedule import ScheduleLab
from d2lmini.widgets.shape_walk import ShapeWalk
from d2lmini.widgets.signal import SignalLab
from d2lmini.widgets.skip import SkipLab
from d2lmini.widgets.softmax import SoftmaxLab
from d2lmini.widgets.stack import StackLab

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
