"""The shape walk: what each layer of a network makes of an image."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from d2lmini.analysis.field import Field, ReceptiveFields
from d2lmini.analysis.products import counter
from d2lmini.arguments import image_shape
from d2lmini.nets.misfit import walk
from d2lmini.nets.twin import class_of, tensors
from d2lmini.plot.table import as_html, as_text


class Row(NamedTuple):
    """One layer: its output for a batch of one, and what it costs."""

    name: str
    layer: str
    shape: tuple[int, ...]  # of the first tensor, where it puts out several
    parameters: int  # shared ones where they are used first
    multiply_adds: int  # of convolutions and matrix products, one image
    field: Field  # pixels high and wide; None after flattening, "?" if unknown


@dataclass(frozen=True)
class Summary:
    """The rows of :func:`summary`, shown as a table."""

    input: tuple[int, ...]
    rows: tuple[Row, ...]
    parameters: int
    multiply_adds: int
    note: str = ""

    _HEAD = ("layer", "output shape", "parameters", "multiply–adds", "field")

    def _cells(self) -> Iterator[tuple[str, ...]]:
        yield "input", str((1, *self.input)), "", "", ""
        for row in self.rows:
            costs = (
                f"{n:,}" if n else "–" for n in (row.parameters, row.multiply_adds)
            )
            shape = str(row.shape) if row.shape else ""
            name = f"{row.name} {row.layer}".strip()
            yield name, shape, *costs, shown_field(row.field)
        yield "total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", ""

    def __str__(self) -> str:
        table = as_text([self._HEAD, *self._cells()], right=(2, 3, 4))
        return f"{table}\n{self.note}" if self.note else table

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = as_html([self._HEAD, *self._cells()], right=())
        return f"{table}<p>{escape(self.note)}</p>" if self.note else table


def shown_field(field: Field) -> str:
    """A receptive field as "5×5"; "" after flattening, "?" if it is not known."""
    if field is None or isinstance(field, str):
        return field or ""
    return f"{field[0]}×{field[1]}"


def summary(
    net: nn.Module, input_shape: tuple[int, int, int], *rest: object
) -> Summary:
    """Walk one image (channels, height, width) through ``net``.

    A row for each layer that runs, in the order of the forward pass; a block counts
    as one row, and what no layer accounts for (parameters used by the net itself) is
    in a row "rest".  Multiply–adds are those of PyTorch's own FLOP counter, halved,
    and those of products with vectors and of bilinear forms, which it leaves out.
    The receptive field is how many input pixels, padding included, can change one
    place of the output, in evaluation mode: a batch normalisation adds nothing, as
    the statistics of a batch would in training.  It is "?" where a function is not
    known.  Nothing is computed, unless the ``forward`` of the net asks for values.
    The net, its mode, buffers, hooks and the random state stay as they are.  Raises
    TypeError for what is no network, and ValueError, naming the layer, for an input
    that does not fit.
    """
    shape = image_shape("input_shape", input_shape, *rest)
    passed = Passage()
    passed.through(net, shape)
    rows = [
        Row(s.name, s.kind, s.shape or (), s.parameters, s.work, s.field)
        for s in (*passed.steps, *passed.rest)
    ]
    return Summary(shape, tuple(rows), passed.parameters, passed.work, passed.note)


@dataclass
class Step:
    """One layer on the way; without a shape if the way ends inside it."""

    depth: int
    name: str
    kind: str
    parameters: int
    work: int  # multiply–adds; while it runs, the FLOPs spent before
    shape: tuple[int, ...] | None = None
    field: Field = None


@dataclass
class Passage:
    """A pass through a network, layer by layer, blocks opened to ``depth``."""

    depth: int = 1
    steps: list[Step] = field(default_factory=list)  # in the order they begin
    parameters: int = 0
    work: int = 0
    note: str = ""

    def through(self, net: nn.Module, shape: tuple[int, int, int]) -> None:
        """Walk an image through a copy of ``net``.

        A Misfit leaves the steps so far, the last of which have no shape.
        """
        walk(net, shape, self._look)

    @property
    def rest(self) -> list[Step]:
        """What no step of the lowest depth accounts for, if there is anything."""
        stages = [step for step in self.steps if step.depth == 0]
        parameters = self.parameters - sum(step.parameters for step in stages)
        work = self.work - sum(step.work for step in stages)
        one = Step(0, "rest", "", parameters, work, ())
        return [one] if parameters or work else []

    def _look(self, net: nn.Module, X: Tensor) -> None:
        self.steps = []
        self._open: list[Step] = []  # the layers that are running
        self._counted: dict[int, dict[int, Step]] = {}  # parameters, by depth
        with (
            counter() as flops,
            ReceptiveFields(X) as self._fields,
            _Strangers(net) as strangers,
            ExitStack() as hooks,
        ):
            self._flops = flops.get_total_flops
            # Begun before anybody refuses the input: a misfit's layer is the last.
            for path, layer in net.named_modules():
                if path and "parametrizations" not in path.split("."):
                    hooks.enter_context(
                        layer.register_forward_pre_hook(self._begin(path), prepend=True)
                    )
                    hooks.enter_context(layer.register_forward_hook(self._end))
            out = net(X)
        self.parameters = _parameters(net)
        self.work = int(self._flops()) // 2
        self.note = strangers.note
        if not self.steps:  # a layer alone
            alone = Step(0, "", class_of(net), self.parameters, self.work)
            self._finish(alone, out)
            self.steps.append(alone)

    def _begin(self, path: str) -> Any:
        def hook(layer: nn.Module, args: object) -> None:
            depth = len(self._open)
            name = path.rsplit(".", 1)[-1] if depth else path
            step = Step(depth, name, class_of(layer), 0, self._flops())
            step.parameters = self._new(layer, step)
            self._open.append(step)
            if depth < self.depth and (not depth or path.count(".") < self.depth):
                self.steps.append(step)

        return hook

    def _end(self, layer: nn.Module, args: object, out: Any) -> None:
        step = self._open.pop()
        step.work = (self._flops() - step.work) // 2
        # a lazy layer has become another, with parameters
        step.kind, step.parameters = class_of(layer), self._new(layer, step)
        self._finish(step, out)

    def _finish(self, step: Step, out: Any) -> None:
        first = next(tensors([out]), None)
        step.shape = () if first is None else tuple(first.shape)
        step.field = None if first is None else self._fields.of(first)

    def _new(self, layer: nn.Module, step: Step) -> int:
        """Parameters of ``layer`` that no earlier step of its depth has."""
        counted = self._counted.setdefault(step.depth, {})
        return sum(
            p.numel()
            for p in layer.parameters()
            if not is_lazy(p) and counted.setdefault(id(p), step) is step
        )


class _Strangers(TorchFunctionMode):
    """Finds weights that take part and are not among ``net.parameters()``."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self._known = {id(p) for p in net.parameters()}
        self._found: dict[int, int] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        for X in tensors((args, kwargs or {})):
            if isinstance(X, nn.Parameter) and id(X) not in self._known:
                self._found[id(X)] = X.numel()
        return func(*args, **(kwargs or {}))

    @property
    def note(self) -> str:
        count = sum(self._found.values())
        if not count:
            return ""
        return (
            f"{count:,} weights take part that are not among net.parameters(), so "
            "that training leaves them as they are: keep layers in an nn.ModuleList, "
            "not in a plain list."
        )


def _parameters(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters() if not is_lazy(p))
