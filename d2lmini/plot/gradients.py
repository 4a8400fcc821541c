"""Gradients of several networks, layer by layer, as a figure."""

import math
from collections.abc import Mapping
from typing import Any

from d2lmini.plot.canvas import (
    MOST_CURVES,
    WIDTH,
    beneath,
    canvas,
    finish,
    in_legend,
    look,
    told_apart,
)
from d2lmini.plot.numbers import few, tables
from d2lmini.plot.picture import Picture

Sizes = Mapping[str, float]


def gradients(
    nets: Mapping[str, Sizes], *, part: str = "layer", alt: str | None = None
) -> Picture:
    """The sizes found by :func:`d2lmini.gradient_sizes`, a line per network, log scale.

    ``nets`` maps a network's name to its sizes; all must have the same layers.  What
    has a size is called a ``part``: if it is not a layer, say "block", or what it is.
    A gradient of exactly 0 has no place on a log scale and is left out; ValueError for
    one that is below 0 or not finite.
    """
    nets = tables("nets", "the sizes of", "the size of", nets)
    layers = _layers(nets)
    few(nets, "networks to tell apart", MOST_CURVES)
    places = range(len(layers))
    with look():
        figure, (ax,) = canvas(1, 1, WIDTH, 3.2)
        for i, (name, sizes) in enumerate(nets.items()):
            style: Any = told_apart(i)
            ax.plot(
                places,
                [sizes[n] or math.nan for n in layers],
                label=in_legend(name),
                **style,
            )
        ax.set_yscale("log")
        beneath(ax, places, list(map(str, layers)))
        ax.set_title("Root mean square of the weights' gradient")
        ax.set_xlabel(f"{part}, from the picture (left) to the answer (right)")
        figure.legend(loc="outside upper right", ncols=min(len(nets), 6))
        return finish(figure, alt or _read(nets, layers, part))


def _layers(nets: Mapping[str, Sizes]) -> list[str]:
    """The layers that all the networks share; ValueError if they do not."""
    if not nets:
        raise ValueError("there is nothing to draw: give the sizes of a net.")
    first, *others = nets.items()
    for name, sizes in others:
        if list(sizes) != list(first[1]):
            theirs, ours = (", ".join(map(str, each)) for each in (sizes, first[1]))
            raise ValueError(
                f"{name!r} has the layers {theirs}, and {first[0]!r} has {ours}: "
                "compare networks with the same layers."
            )
    if not first[1]:
        raise ValueError(f"{first[0]!r} has no layers: give what gradient_sizes found.")
    for name, sizes in nets.items():
        for layer, size in sizes.items():
            if not (math.isfinite(size) and size >= 0):
                raise ValueError(
                    f"the size of {layer!r} of {name!r} is {size:g}: give 0 or more."
                )
    return list(first[1])


def _read(nets: Mapping[str, Sizes], layers: list[str], part: str) -> str:
    """The alt text: both ends of every line."""
    start, end = layers[0], layers[-1]
    ends = "; ".join(
        f"{name}: {sizes[start]:.1e} at {start}, {sizes[end]:.1e} at {end}"
        for name, sizes in nets.items()
    )
    return f"Size of the gradient by {part}, on a logarithmic scale. {ends}."
