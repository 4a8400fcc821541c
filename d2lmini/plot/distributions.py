"""How the numbers inside a network are spread, layer by layer."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from d2lmini.arguments import listed
from d2lmini.plot.canvas import COLOURS, WIDTH, canvas, finish, in_legend, look
from d2lmini.plot.numbers import Numbers, nested, numbers
from d2lmini.plot.picture import Picture

BINS = 80
TAIL = 0.02  # share of the numbers that may lie beyond either end of the axis
STYLES = ("--", "-", ":", "-.")

Layers = Sequence[Numbers]


def histograms(
    rows: Mapping[str, Mapping[str, Layers]],
    *,
    titles: Sequence[str],
    alt: str | None = None,
) -> Picture:
    """Densities of tensors of any shape: a row per network, a column per layer.

    ``rows`` maps the name of a row to its series, and a series' name to one
    tensor per column; series share a panel and differ in colour and dash.
    All panels share one axis, which leaves out the outermost two per cent of a
    tensor at either end.  ``titles`` name the columns.  Raises ValueError where a
    series has another number of tensors.
    """
    titles = listed("titles", titles, "give a list, one for each column")
    rows = _checked(rows, titles)
    edges = torch.linspace(*_span(rows), BINS + 1, dtype=torch.float32, device="cpu")
    names = list(dict.fromkeys(name for series in rows.values() for name in series))
    across = len(titles)
    with look():
        figure, axes = canvas(len(rows), across, WIDTH, 0.5 + 1.35 * len(rows))
        for place, (row, series) in enumerate(rows.items()):
            panels = axes[place * across : (place + 1) * across]
            panels[0].set_ylabel(row)
            for name, layers in series.items():
                for ax, values in zip(panels, layers, strict=True):
                    _draw(ax, values, edges, names.index(name), name)
        for ax, title in zip(axes, titles, strict=False):
            ax.set_title(title, fontsize=9)
        handles: dict[str, Artist] = {}
        for ax in axes[::across]:  # the first of each row has all of its series
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside upper center",
            ncols=len(names),
        )
        return finish(figure, alt or _read(rows, titles))


def _checked(
    rows: Mapping[str, Mapping[str, Layers]], titles: Sequence[str]
) -> dict[str, dict[str, list[Tensor]]]:
    """The same with all numbers as tensors on the CPU."""
    nested("rows", "the row", rows)
    lists = {
        row: {
            name: listed(f"{row!r}, {name!r}", layers, "give a tensor per column")
            for name, layers in series.items()
        }
        for row, series in rows.items()
    }
    if not lists or not all(lists.values()) or not titles:
        raise ValueError("there is nothing to draw: give a row and a title at least.")
    for row, series in lists.items():
        for name, layers in series.items():
            if len(layers) != len(titles):
                raise ValueError(
                    f"{row!r}, {name!r} has {len(layers)} tensors for {len(titles)} "
                    "titles: give one tensor per column."
                )
    return {
        row: {
            name: [numbers(f"{row!r}, {name!r}", values) for values in layers]
            for name, layers in series.items()
        }
        for row, series in lists.items()
    }


def _span(rows: Mapping[str, Mapping[str, Layers]]) -> tuple[float, float]:
    """The axis that holds nearly all numbers of every panel."""
    tails = torch.tensor([TAIL, 1 - TAIL], dtype=torch.float32, device="cpu")
    ends = [
        torch.quantile(_sample(values), tails)
        for series in rows.values()
        for layers in series.values()
        for values in layers
    ]
    low = min(float(end[0]) for end in ends)
    high = max(float(end[1]) for end in ends)
    return (low, high) if high > low else (low - 1, high + 1)


def _sample(values: Tensor) -> Tensor:
    """At most a million of the numbers, flat: more change no picture."""
    flat = values.float().flatten()
    return flat[:: len(flat) // 1_000_000 + 1]


def _draw(ax: Axes, values: Tensor, edges: Tensor, number: int, name: str) -> None:
    density = torch.histogram(_sample(values), edges, density=True).hist
    ax.stairs(
        density.numpy(),
        edges.numpy(),
        color=COLOURS[number % len(COLOURS)],
        linestyle=STYLES[number % len(STYLES)],
        linewidth=1.5,
        label=in_legend(name),
    )
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set(yticks=[], xlim=(float(edges[0]), float(edges[-1])), ylim=(0, None))


def _read(rows: Mapping[str, Mapping[str, Layers]], titles: Sequence[str]) -> str:
    """The alt text: mean and standard deviation of every curve."""
    parts = []
    for row, series in rows.items():
        for name, layers in series.items():
            spreads = ", ".join(
                f"{title} {float(v.float().mean()):.1f} ± {_deviation(v):.1f}"
                for title, v in zip(titles, layers, strict=True)
            )
            parts.append(f"{row}, {name}: {spreads}")
    said = "Histograms by layer, as mean ± standard deviation. "
    return f"{said}{'; '.join(parts)}."


def _deviation(values: Tensor) -> float:
    """The standard deviation; that of one number is 0."""
    return float(values.float().std(correction=min(1, values.numel() - 1)))
