"""The shape walk: what each layer of a network makes of an image."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from d2lmini.nets.misfit import explain_misfit
from d2lmini.plot.table import as_html, as_text


class Row(NamedTuple):
    """One layer: its output for a batch of one, and what it costs."""

    name: str
    layer: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int  # of convolutions and matrix products, one image
    field: tuple[int, int] | None  # pixels high and wide; None after flattening


@dataclass(frozen=True)
class Summary:
    """The rows of :func:`summary`, shown as a table."""

    input: tuple[int, ...]
    rows: tuple[Row, ...]
    parameters: int
    multiply_adds: int

    _HEAD = ("layer", "output shape", "parameters", "multiply–adds", "field")

    def _cells(self) -> Iterator[tuple[str, ...]]:
        yield "input", str((1, *self.input)), "", "", ""
        for row in self.rows:
            field = "" if row.field is None else f"{row.field[0]}×{row.field[1]}"
            costs = (
                f"{n:,}" if n else "–" for n in (row.parameters, row.multiply_adds)
            )
            yield f"{row.name} {row.layer}", str(row.shape), *costs, field
        yield "total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", ""

    def __str__(self) -> str:
        return as_text([self._HEAD, *self._cells()], right=(2, 3, 4))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html([self._HEAD, *self._cells()], right=())


def summary(net: nn.Module, input_shape: tuple[int, int, int]) -> Summary:
    """Walk one image (channels, height, width) through ``net``'s children.

    A row per child in the order of the forward pass; a child that is itself a
    block counts as one row.  Multiply–adds are those of PyTorch's own FLOP
    counter, halved.  The receptive field is how many input pixels, padding
    included, can change one output element; where paths meet it is the
    larger.  Nothing is computed: the walk runs on tensors without data.
    Raises ValueError, naming the layer, for an input that does not fit.
    """
    twin = copy.deepcopy(net).to("meta").eval()
    X = torch.empty(1, *input_shape, device="meta")
    rows: list[Row] = []
    # explain_misfit tries other sizes: outside the counter and without its hooks.
    with (
        explain_misfit(twin, X),
        FlopCounterMode(display=False) as counter,
        ReceptiveFields(X) as fields,
    ):
        total = counter.get_total_flops
        hooks = _observe(twin, rows, total, fields)
        try:
            with torch.no_grad():
                twin(X)
        finally:
            for hook in hooks:
                hook.remove()
    parameters = sum(p.numel() for p in net.parameters())
    return Summary(input_shape, tuple(rows), parameters, total() // 2)


def _observe(
    net: nn.Module,
    rows: list[Row],
    flops: Callable[[], int],
    fields: "ReceptiveFields",
) -> list[Any]:
    """Hooks that add a row to ``rows`` as each child of ``net`` is done."""
    begun: dict[str, int] = {}

    def before(name: str) -> Any:
        return lambda layer, args: begun.update({name: flops()})

    def after(name: str) -> Any:
        def hook(layer: nn.Module, args: object, out: Tensor) -> None:
            parameters = sum(p.numel() for p in layer.parameters())
            spent = (flops() - begun[name]) // 2
            kind, field = type(layer).__name__, fields.of(out)
            rows.append(Row(name, kind, tuple(out.shape), parameters, spent, field))

        return hook

    hooks: list[Any] = []
    for name, layer in net.named_children():
        hooks.append(layer.register_forward_pre_hook(before(name)))
        hooks.append(layer.register_forward_hook(after(name)))
    return hooks


class _Seen(NamedTuple):
    """How much of the input one element sees, and how far apart two look."""

    size: tuple[int, int] = (1, 1)
    step: tuple[int, int] = (1, 1)


class ReceptiveFields(TorchFunctionMode):
    """Follows the receptive field through every function called within.

    With kernel k, dilation d and stride s, a field r whose elements lie j
    input pixels apart becomes r + (k - 1)·d·j, and j becomes j·s (Araujo et
    al., 2019).  A function of several tensors (a sum, a concatenation) keeps
    the larger field.
    """

    def __init__(self, X: Tensor) -> None:
        super().__init__()
        # Keyed by identity; the tensors are kept, so that no id is reused.
        self._seen: dict[int, tuple[Tensor, _Seen]] = {id(X): (X, _Seen())}

    def of(self, X: Tensor) -> tuple[int, int] | None:
        """The field of one element of ``X`` (N, C, H, W); None without H, W."""
        seen = self._seen.get(id(X))
        return seen[1].size if seen and X.ndim == 4 else None

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        known = [self._seen[id(t)][1] for t in tensors(args) if id(t) in self._seen]
        if known and isinstance(out, Tensor):
            widest = _Seen(*(_larger(pairs) for pairs in zip(*known, strict=True)))
            window = _window(func, args, kwargs)
            self._seen[id(out)] = (out, _wider(widest, *window) if window else widest)
        return out


def _larger(pairs: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    return max(p[0] for p in pairs), max(p[1] for p in pairs)


def tensors(values: Any) -> Iterator[Tensor]:
    """The tensors among ``values``, however deep in tuples and lists."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from tensors(value)


def _wider(
    seen: _Seen, kernel: tuple[int, int], stride: tuple[int, int], gap: tuple[int, int]
) -> _Seen:
    size = (
        seen.size[0] + (kernel[0] - 1) * gap[0] * seen.step[0],
        seen.size[1] + (kernel[1] - 1) * gap[1] * seen.step[1],
    )
    return _Seen(size, (seen.step[0] * stride[0], seen.step[1] * stride[1]))


def _window(
    func: Any, args: Any, kwargs: Any
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None:
    """Kernel, stride and dilation of a windowed function; None for others."""

    def option(position: int, name: str, default: object) -> Any:
        value = args[position] if len(args) > position else kwargs.get(name)
        if value is None or value == []:
            value = default
        return (value, value) if isinstance(value, int) else value

    if func in (torch.conv2d, F.conv2d):
        kernel = args[1].shape[-2:]
        return tuple(kernel), option(3, "stride", 1), option(5, "dilation", 1)
    if func in (F.max_pool2d, torch.max_pool2d):
        kernel = option(1, "kernel_size", 1)
        return kernel, option(2, "stride", kernel), option(4, "dilation", 1)
    if func is F.avg_pool2d:
        kernel = option(1, "kernel_size", 1)
        return kernel, option(2, "stride", kernel), (1, 1)
    if func is F.adaptive_avg_pool2d:
        size = option(1, "output_size", 1)
        spans = [-(-n // m) for n, m in zip(args[0].shape[-2:], size, strict=True)]
        return (spans[0], spans[1]), (spans[0], spans[1]), (1, 1)
    return None
