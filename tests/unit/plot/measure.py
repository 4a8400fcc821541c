"""Where the words of a finished figure stand, in pixels."""

from itertools import pairwise

from matplotlib.backends.backend_agg import FigureCanvasAgg


def below(figure):
    """The boxes of the labels below its first axes, from the left."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    ax = figure.axes[0]
    low, high = ax.get_xlim()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    return [label.get_window_extent(renderer) for x, label in ticks if low <= x <= high]


def apart(boxes, gap=3):
    """Whether ``gap`` pixels at least lie between each two neighbours."""
    return all(one.x1 + gap < other.x0 for one, other in pairwise(boxes))
