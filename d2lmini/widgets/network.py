"""A module as JSON for the engine of the figures; the rest is refused by name."""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from d2lmini.nets.borrowed import evaluating

if TYPE_CHECKING:
    from torch import Tensor

LEVELS = 63  # either side of 0 in 8 bits; 127 would take a twentieth more, compressed
BITS = {8: torch.int8, 16: torch.float16, 32: torch.float32}
UNITS: dict[Any, str] = {
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    F.relu: "relu",
    torch.relu: "relu",
    torch.sigmoid: "sigmoid",
    torch.tanh: "tanh",
    "relu": "relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
}
#: What to do instead of what people often write.
PROBABILITIES = "leave it out, since the figure makes the probabilities itself"
HINTS = {
    **dict.fromkeys(("size", "view", "reshape", "getattr"), "flatten with nn.Flatten"),
    **dict.fromkeys(("softmax", "logsoftmax", "log_softmax"), PROBABILITIES),
    "dropout": "use nn.Dropout",
}
ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "__add__")
Node = dict[str, Any]


def export(
    net: nn.Module, shape: tuple[int, int, int], *, bits: int = 32
) -> dict[str, Any]:
    """``net`` for the engine: {"shape", "nodes"}, JSON-able; ``net`` stays as it is.

    ``shape`` is that of an image, (C, H, W).  The weights travel as base64 of ``bits``
    (8, 16 or 32) a number; with 8, matrices and kernels do, each row with a scale of
    its own, and the other numbers take 16.  Raises ValueError, which names the layer,
    for whatever the engine cannot compute, and for a net that does not fit ``shape``.
    """
    if bits not in BITS:
        raise ValueError(f"bits is {bits!r}: give 8, 16 or 32.")
    nodes = _walked(net, bits)[0].nodes
    _try(net, shape)
    return {"shape": list(shape), "nodes": nodes}


def outputs(net: nn.Module, X: Tensor) -> list[Tensor]:
    """What each node of :func:`export` puts out for ``X`` (N, C, H, W), in order.

    In evaluation mode; ``net`` comes back as it was.  Raises as `export` does.
    """
    packer, traced = _walked(net, 16)
    kept: dict[fx.Node, Tensor] = {}

    class Keeper(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            made = super().run_node(n)
            if isinstance(made, torch.Tensor):
                kept[n] = made.clone()  # since a later layer may write into it
            return made

    with evaluating(net), torch.no_grad():
        Keeper(traced).run(X)
    first: dict[int, fx.Node] = {}
    for node, at in packer.at.items():
        first.setdefault(at, node)
    return [kept[first[i]] for i in range(len(packer.nodes))]


def _walked(net: nn.Module, bits: int) -> tuple[_Packer, fx.GraphModule]:
    known = type(net) in LAYERS or type(net) in UNITS
    try:  # a layer that stands alone would be taken apart
        traced = fx.symbolic_trace(nn.Sequential(net) if known else net)
    except Exception as error:  # of any kind: it runs the forward of somebody else
        raise ValueError(
            f"{type(net).__name__} cannot be followed ({_first_line(error)}): its "
            "forward must do the same for every image."
        ) from None
    packer = _Packer(dict(traced.named_modules()), BITS[bits])
    if not packer.walk(traced.graph):
        raise ValueError("The net computes nothing: give one with a layer.")
    return packer, traced


def _try(net: nn.Module, shape: tuple[int, int, int]) -> None:
    first = next(net.parameters(), torch.zeros(1))
    X = torch.zeros(1, *shape, dtype=first.dtype, device=first.device)
    try:
        with evaluating(net), torch.no_grad():
            net(X)
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"An image of shape {shape} does not fit the net: {_first_line(error)}"
        ) from None


class _Packer:
    """Walks a traced graph and packs each node for the engine."""

    def __init__(self, modules: dict[str, nn.Module], dtype: torch.dtype) -> None:
        self.modules, self.dtype = modules, dtype
        self.nodes: list[Node] = []
        self.at: dict[fx.Node, int] = {}  # where the result of a graph's node stands
        self.used: set[nn.Module] = set()

    def walk(self, graph: fx.Graph) -> list[Node]:
        inputs = 0
        for node in graph.nodes:
            if node.op == "placeholder":
                inputs += 1
                self.at[node] = -1
            elif node.op == "output":
                if node.args[0] not in self.at or inputs != 1:
                    raise ValueError(
                        "The net must turn one tensor into one: it has "
                        f"{inputs} inputs and returns {node.args[0]}."
                    )
                self._last(self.at[node.args[0]])
            else:
                self._pack(node)
        return self.nodes

    def _last(self, at: int) -> None:
        """The output stands last: what comes after is read by nobody."""
        del self.nodes[at + 1 :]

    def _pack(self, node: fx.Node) -> None:
        if node.op == "call_module":
            layer = self.modules[str(node.target)]
            packed = self._layer(layer, str(node.target))
        else:
            packed = self._function(node)
        from_ = [self.at[one] for one in _tensors(node)]
        if packed is None:  # it hands its input on
            self.at[node] = from_[0]
            return
        self.at[node] = len(self.nodes)
        self.nodes.append({"name": node.name, "from": from_, **packed})

    def _layer(self, layer: nn.Module, name: str) -> Node | None:
        if isinstance(layer, nn.Identity):
            return None
        if type(layer) in UNITS:
            return {"op": UNITS[type(layer)]}
        pack = LAYERS.get(type(layer))
        if pack is None:
            raise _unknown(name, type(layer).__name__)
        if layer in self.used and next(layer.parameters(), None) is not None:
            raise ValueError(f"{name} runs twice: the engine keeps one use of a layer.")
        self.used.add(layer)
        return pack(layer, name, self._packed)

    def _function(self, node: fx.Node) -> Node:
        target: Any = node.target
        if node.op == "get_attr":
            raise ValueError(
                f"{target} is used outside a layer, which the engine cannot follow."
            )
        if target in UNITS:
            return {"op": UNITS[target]}
        if target in ADDITIONS and len(_tensors(node)) == 2 and not node.kwargs:
            return {"op": "add"}
        if target in (torch.cat, torch.concat) and _dimension(node, 0) == 1:
            return {"op": "concatenate"}
        if target in (torch.flatten, "flatten") and _dimension(node, 0) == 1:
            return {"op": "flatten"}
        if target in (F.max_pool2d, F.avg_pool2d):
            kind: Any = nn.MaxPool2d if target is F.max_pool2d else nn.AvgPool2d
            made = kind(*node.args[1:], **node.kwargs)
            return LAYERS[kind](made, node.name, self._packed)
        raise _unknown(node.name, getattr(target, "__name__", str(target)))

    def _packed(self, values: Tensor | None) -> dict[str, Any] | None:
        if values is None:
            return None
        plain = values.detach().cpu()
        if self.dtype != torch.int8:
            return packed(plain.to(self.dtype))
        if plain.dim() < 2:
            return packed(plain.half())
        rows = plain.float().flatten(1)
        scale = rows.abs().amax(1, keepdim=True).clamp(min=1e-30) / LEVELS
        whole = (rows / scale).round().to(torch.int8)
        return {**packed(whole), "scale": packed(scale.flatten())}


def packed(values: Tensor) -> dict[str, Any]:
    """The numbers as base64, and the bits of each."""
    text = base64.b64encode(values.contiguous().numpy().tobytes()).decode()
    return {"base64": text, "bits": 8 * values.dtype.itemsize}


Pack = Callable[["Tensor | None"], "dict[str, Any] | None"]


def _tensors(node: fx.Node) -> list[fx.Node]:
    """The results that a node reads, in order; also those in a list, as of cat."""
    first = node.args[0] if node.args else ()
    many = first if isinstance(first, (list, tuple)) else node.args
    return [one for one in many if isinstance(one, fx.Node)]


def _dimension(node: fx.Node, default: int) -> Any:
    """The dimension that cat or flatten is told; flatten must go to the end."""
    name = "start_dim" if "flatten" in str(node.target) else "dim"
    rest = [arg for arg in node.args[1:] if not isinstance(arg, fx.Node)]
    if len(rest) > 1 and rest[1] != -1:
        return None
    return rest[0] if rest else node.kwargs.get(name, default)


def _unknown(name: str, kind: str) -> ValueError:
    known = ", ".join(
        sorted({kind.__name__ for kind in (*LAYERS, *UNITS) if _is(kind)})
    )
    hint = HINTS.get(kind.lower(), f"it has {known}")
    return ValueError(f"The engine has no {kind} ({name}): {hint}.")


def _is(kind: Any) -> bool:
    return isinstance(kind, type)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _two(value: Any) -> list[int]:
    return [int(v) for v in value] if isinstance(value, tuple) else [int(value)] * 2


def _refuse(name: str, what: str, value: object) -> ValueError:
    return ValueError(f"{name} has {what} {value!r}, which the engine cannot compute.")


def _convolution(layer: nn.Conv2d, name: str, pack: Pack) -> Node:
    if layer.padding_mode != "zeros":
        raise _refuse(name, "the padding mode", layer.padding_mode)
    if isinstance(layer.padding, str) and layer.padding != "valid":
        raise _refuse(name, "the padding", layer.padding)
    padding = (0, 0) if isinstance(layer.padding, str) else layer.padding
    return {
        "op": "convolution",
        "kernel": _two(layer.kernel_size),
        "stride": _two(layer.stride),
        "padding": _two(padding),
        "dilation": _two(layer.dilation),
        "groups": layer.groups,
        "out": layer.out_channels,
        "weight": pack(layer.weight),
        "bias": pack(layer.bias),
    }


def _max_pool(layer: nn.MaxPool2d, name: str, pack: Pack) -> Node:
    if layer.ceil_mode or layer.return_indices:
        raise _refuse(name, "ceil_mode or return_indices", True)
    dilation = {"dilation": _two(layer.dilation)}
    return {"op": "max_pool", **_window(layer), **dilation}


def _average_pool(layer: nn.AvgPool2d, name: str, pack: Pack) -> Node:
    if layer.ceil_mode or layer.divisor_override:
        raise _refuse(name, "ceil_mode or divisor_override", True)
    if not layer.count_include_pad and _two(layer.padding) != [0, 0]:
        raise _refuse(name, "count_include_pad", False)
    return {"op": "average_pool", **_window(layer)}


def _window(layer: nn.MaxPool2d | nn.AvgPool2d) -> Node:
    return {
        "kernel": _two(layer.kernel_size),
        "stride": _two(layer.stride),
        "padding": _two(layer.padding),
    }


def _global(op: str) -> Callable[[Any, str, Pack], Node]:
    def packed(layer: Any, name: str, pack: Pack) -> Node:
        if layer.output_size not in (1, (1, 1)):
            raise _refuse(name, "the output size", layer.output_size)
        return {"op": op, "global": True}

    return packed


def _batch_norm(layer: Any, name: str, pack: Pack) -> Node:
    if layer.running_mean is None or layer.momentum is None:
        raise _refuse(name, "no moving averages, or the momentum", layer.momentum)
    return {
        "op": "batch_norm",
        "eps": layer.eps,
        "momentum": layer.momentum,
        "weight": pack(layer.weight),
        "bias": pack(layer.bias),
        "mean": pack(layer.running_mean),
        "variance": pack(layer.running_var),
    }


def _dense(layer: nn.Linear, name: str, pack: Pack) -> Node:
    weights = {"weight": pack(layer.weight), "bias": pack(layer.bias)}
    return {"op": "dense", "out": layer.out_features, **weights}


def _flatten(layer: nn.Flatten, name: str, pack: Pack) -> Node:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise _refuse(name, "other dimensions than", (1, -1))
    return {"op": "flatten"}


def _dropout(layer: nn.Dropout, name: str, pack: Pack) -> Node:
    if layer.p >= 1:
        raise _refuse(name, "the probability", layer.p)
    return {"op": "dropout", "p": layer.p}


LAYERS: dict[Any, Callable[[Any, str, Pack], Node]] = {
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: _global("average_pool"),
    nn.AdaptiveMaxPool2d: _global("max_pool"),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: _dense,
    nn.Flatten: _flatten,
    nn.Dropout: _dropout,
}
