"""A convolutional network to choose and to train, in the page itself."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Enum, Int, List, TraitError, Unicode, observe, validate

from d2lmini.widgets import still
from d2lmini.widgets.base import Figure
from d2lmini.widgets.traits import Controls, Whole, Within, whole

ACTIVATIONS = ("ReLU", "sigmoid", "tanh")
WEIGHTS = ("zero", "small", "Glorot", "He", "He × 4")
OPTIMIZERS = ("SGD", "momentum", "Adam")
SCHEDULES = ("constant", "cosine", "one cycle")
POOLS = ("none", "max", "average")
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PICTURES = (500, *range(1000, 6001, 1000))
SIZES = (1, 3, 5, 7)
LENET = [[6, 5, 1, 2, "max"], [16, 5, 1, 0, "max"]]


class Playground(Figure):
    """A network is put together and trained, and every part of it watched.

    `layers` are up to three convolutions, each [kernels, size, stride, padding,
    pooling], and `dense` the units of up to three dense layers before the ten outputs.
    `weights` says how they start, the other traits how they are trained.  `data` are
    the "drawn" garments, which need no file, or "fashion", Fashion-MNIST: on a page
    the script at the address `source` brings it, in a kernel the package does.
    `controls` are the groups of controls that show.
    """

    module = "playground"

    layers: List[Any] = List(LENET).tag(sync=True)
    dense: List[Any] = List([120, 84]).tag(sync=True)
    activation = Enum(ACTIVATIONS, "ReLU").tag(sync=True)
    norm = Bool(False).tag(sync=True)
    dropout = Within(0, 0, 0.8).tag(sync=True)
    weights = Enum(WEIGHTS, "He").tag(sync=True)
    optimizer = Enum(OPTIMIZERS, "Adam").tag(sync=True)
    lr = Within(0.003, 1e-5, 10).tag(sync=True)
    schedule = Enum(SCHEDULES, "one cycle").tag(sync=True)
    batch = Enum(BATCHES, 64).tag(sync=True)
    mirror = Bool(False).tag(sync=True)
    data = Enum(("drawn", "fashion"), "drawn").tag(sync=True)
    pictures = Enum(PICTURES, 6000).tag(sync=True)
    epochs = Whole(5, 1, 50).tag(sync=True)
    seed = Whole(0, 0, 9999).tag(sync=True)
    watch = Enum(("maps", "sizes", "mistakes"), "maps").tag(sync=True)
    picture = Whole(1, 1, 1000).tag(sync=True)
    controls = Controls(
        ("network", "training", "pictures", "watch", "compare", "code")
    ).tag(sync=True)
    source = Unicode("").tag(sync=True)
    asked = Int(0).tag(sync=True)
    packed = Unicode("").tag(sync=True)

    @validate("layers")
    def _valid_layers(self, proposal: Any) -> Any:
        layers = [_numbers(layer) for layer in proposal["value"]]
        if len(layers) > 3 or not all(map(_is_layer, layers)):
            raise TraitError(
                f"layers is {proposal['value']!r}; give at most three convolutions, "
                "each [kernels (1–32), size (1, 3, 5, 7), stride (1, 2), padding (0 or "
                f"more, below half the size), one of {POOLS}]."
            )
        return layers

    @validate("dense")
    def _valid_dense(self, proposal: Any) -> Any:
        units = _numbers(proposal["value"])
        if len(units) > 3 or not all(type(n) is int and 1 <= n <= 256 for n in units):
            raise TraitError(
                f"dense is {proposal['value']!r}; give at most three numbers from 1 to "
                "256."
            )
        return units

    @observe("asked")
    def _deliver(self, change: Any) -> None:
        """Sends Fashion-MNIST to the front end, or the sentence why it cannot."""
        from d2lmini.data import files
        from d2lmini.widgets.pictures import COUNT, packed

        try:
            images, labels, _, _ = files.load(None)
        except files.DataError as error:
            self.packed = f"!{error}"
            return
        self.packed = packed(images[:COUNT, 0].numpy(), labels[:COUNT].numpy())

    @property
    def state(self) -> dict[str, Any]:
        """The figure's state as JSON-able values, without what the kernel has sent."""
        return {**super().state, "asked": 0, "packed": ""}

    def describe(self) -> str:
        """One line: the network and how it is trained."""
        convolutions = [f"{k} kernels {s}×{s}" for k, s, *_ in self.layers]
        layers = ", ".join([*convolutions, *map(str, self.dense), "10"])
        return (
            f"Playground: {layers}; {self.activation}; {self.optimizer}, lr "
            f"{self.lr:g}, {self.epochs} epochs of {self.pictures} pictures"
        )

    def still(self) -> str:
        """The layers as a table: kernels or units, size, stride, padding."""
        rows = [layer[:4] for layer in self.layers] or [[0, 0, 0, 0]]
        table = still.table(rows, "Convolutions: kernels, size, stride, padding")
        return still.row(table, caption=self.describe())


def _numbers(values: Any) -> list[Any]:
    """A list with its whole numbers as Python's own; empty for what is no list."""
    if not isinstance(values, (list, tuple)):
        return []
    return [one if (number := whole(one)) is None else number for one in values]


def _is_layer(layer: list[Any]) -> bool:
    if len(layer) != 5 or not all(type(number) is int for number in layer[:4]):
        return False
    kernels, size, stride, padding, pooling = layer
    return (
        1 <= kernels <= 32
        and size in SIZES
        and stride in (1, 2)
        and 0 <= padding <= (size - 1) // 2
        and pooling in POOLS
    )
