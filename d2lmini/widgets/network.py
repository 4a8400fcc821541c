"""A module as JSON for the engine of the figures; the rest is refused by name."""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn
from torch.fx.node import map_arg
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
    its own, and the other numbers take 16.  Moving averages, and what is too large or
    too small for 16 bits, take 32.  Raises ValueError, which names the layer, for
    whatever the engine cannot compute, and for a net that does not fit ``shape``.
    """
    if bits not in BITS:
        raise ValueError(f"bits is {bits!r}: give 8, 16 or 32.")
    plain: Any = {"dtype": torch.float32, "device": "cpu"}
    first = next(net.parameters(), torch.zeros(1, **plain))
    generator = torch.Generator("cpu").manual_seed(0)
    X = torch.rand(1, *shape, generator=generator, **plain).to(first)
    return {"shape": list(shape), "nodes": _followed(net, X, bits)[0]}


def outputs(net: nn.Module, X: Tensor) -> list[Tensor]:
    """What each node of :func:`export` puts out for ``X`` (N, C, H, W), in order.

    In evaluation mode; ``net`` comes back as it was.  Raises as `export` does.
    """
    return _followed(net, X, 16)[1]


def _followed(net: nn.Module, X: Tensor, bits: int) -> tuple[list[Node], list[Tensor]]:
    """The nodes of ``net`` in evaluation mode, and what each puts out for ``X``."""
    with evaluating(net), torch.inference_mode(False), torch.no_grad():
        packer, traced = _walked(net, bits)
        run = _Run(traced, packer.at)
        run.run(X.clone())  # since the first layer may write into it
        made = [run.kept[node] for node in packer.made]
        if not _alike(net(X.clone()), made[-1]):
            raise ValueError(
                f"{type(net).__name__} puts out other numbers than its layers one by "
                "one: remove its hooks, and write h = h + z in place of h += z."
            )
    return packer.nodes, made


def _alike(a: object, b: Tensor) -> bool:
    """Whether both are the same numbers, but for rounding."""
    if not isinstance(a, torch.Tensor) or a.shape != b.shape:
        return False
    a, b = a.nan_to_num(), b.nan_to_num()
    return bool((a - b).norm() <= b.norm() / 1000)


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


class _Run(fx.Interpreter):
    """A run of a traced net, which keeps what each node puts out.

    Refuses what a list of nodes cannot say: that a tensor is read after somebody has
    written into it by another of its names, and that an addition repeats one side.
    """

    def __init__(self, traced: fx.GraphModule, at: dict[fx.Node, int]) -> None:
        super().__init__(traced)
        self.extra_traceback = False  # an error stays one sentence
        self.at = at
        self.kept: dict[fx.Node, Tensor] = {}
        self.versions: dict[int, int] = {}  # of each result, as the engine knows it

    def run_node(self, n: fx.Node) -> Any:
        read = {one: self.env[one] for one in n.all_input_nodes}
        for one, Y in read.items():
            if Y._version != self.versions[self.at[one]]:
                raise ValueError(
                    f"{n.name} reads {one.name}, which has been changed in place "
                    "meanwhile: do without inplace=True there."
                )
        shapes = [tuple(Y.shape[1:]) for Y in read.values()]
        if n.target in ADDITIONS and len(set(shapes)) > 1:
            raise ValueError(
                f"{n.name} adds {' and '.join(map(str, shapes))}: the engine adds only "
                "tensors of one shape."
            )
        try:
            made = super().run_node(n)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            shape = tuple(next(iter(self.kept.values())).shape[1:])
            raise ValueError(
                f"An image of shape {shape} does not fit the net: {_first_line(error)}"
            ) from None
        if n in self.at:
            self.kept[n] = made.clone()  # since a later layer may write into it
            self.versions[self.at[n]] = made._version
        return made


class _Packer:
    """Walks a traced graph and packs each node for the engine."""

    def __init__(self, modules: dict[str, nn.Module], dtype: torch.dtype) -> None:
        self.modules, self.dtype = modules, dtype
        self.nodes: list[Node] = []
        self.made: list[fx.Node] = []  # for each of them the graph's
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
        del self.nodes[at + 1 :], self.made[at + 1 :]

    def _pack(self, node: fx.Node) -> None:
        layer = None
        if node.op == "call_module":
            layer = self.modules[str(node.target)]
            packed = self._layer(layer, str(node.target))
        else:
            packed = self._function(node)
        from_ = [self.at[one] for one in _tensors(node)]
        if packed is None:  # it hands its input on
            self.at[node] = from_[0]
            return
        new = self.at[node] = len(self.nodes)
        self.made.append(node)
        self.nodes.append({"name": node.name, "from": from_, **packed})
        if _in_place(node, layer):  # whoever reads the old one from now on gets this
            old = [one for one, at in self.at.items() if at == from_[0]]
            self.at.update(dict.fromkeys(old, new))

    def _layer(self, layer: nn.Module, name: str) -> Node | None:
        kind = type(layer)
        if kind not in (nn.Identity, *UNITS, *LAYERS):
            raise _unknown(name, kind.__name__)
        if layer._forward_hooks or layer._forward_pre_hooks:
            raise ValueError(
                f"{name} has a hook, which the engine cannot run: remove it (with its "
                "handle's remove(), or remove_weight_norm, or prune.remove)."
            )
        if kind not in LAYERS:
            return {"op": UNITS[kind]} if kind in UNITS else None
        if layer in self.used and next(layer.parameters(), None) is not None:
            raise ValueError(f"{name} runs twice: the engine keeps one use of a layer.")
        self.used.add(layer)
        return LAYERS[kind](layer, name, self._packed)

    def _function(self, node: fx.Node) -> Node:
        target: Any = node.target
        if node.op == "get_attr":
            raise ValueError(
                f"{target} is used outside a layer, which the engine cannot follow."
            )
        tensors, given = len(_tensors(node)), len(node.args) + len(node.kwargs)
        if target in UNITS and tensors == 1:
            return {"op": UNITS[target]}
        if target in ADDITIONS and tensors == given == 2:  # and no factor for one
            return {"op": "add"}
        concatenates = target in (torch.cat, torch.concat) and given == 2
        if concatenates and _argument(node, 1, "dim", 0) == 1:
            return {"op": "concatenate"}
        if target in (torch.flatten, "flatten"):
            start = _argument(node, 1, "start_dim", 0)
            flat = nn.Flatten(start, _argument(node, 2, "end_dim", -1))
            return _flatten(flat, node.name, self._packed)
        if target in (F.max_pool2d, F.avg_pool2d):
            kind: Any = nn.MaxPool2d if target is F.max_pool2d else nn.AvgPool2d
            named = {k: v for k, v in node.kwargs.items() if k != "input"}
            made = kind(*node.args[1:], **named)
            return LAYERS[kind](made, node.name, self._packed)
        raise _unknown(node.name, getattr(target, "__name__", str(target)))

    def _packed(self, values: Tensor | None) -> dict[str, Any] | None:
        if values is None:
            return None
        plain = values.detach().cpu()
        if self.dtype == torch.float32:
            return exactly(plain)
        if self.dtype == torch.float16 or plain.dim() < 2:
            return _halved(plain)
        rows = plain.float().flatten(1)
        scale = rows.abs().amax(1, keepdim=True).clamp(min=1e-30) / LEVELS
        whole = (rows / scale).round().to(torch.int8)
        return {**packed(whole), "scale": packed(scale.flatten())}


def packed(values: Tensor) -> dict[str, Any]:
    """The numbers as base64, and the bits of each."""
    text = base64.b64encode(values.contiguous().numpy().tobytes()).decode()
    return {"base64": text, "bits": 8 * values.dtype.itemsize}


def exactly(values: Tensor) -> dict[str, Any]:
    """The numbers in 32 bits."""
    return packed(values.detach().cpu().float())


def _halved(values: Tensor) -> dict[str, Any]:
    """The numbers in 16 bits; in 32 where those end at 65,504 or begin too late."""
    half, wide = values.half(), values.float()
    near = (half.float() - wide).abs().max() <= wide.abs().max() / 1000
    return packed(half if near else wide)


Pack = Callable[["Tensor | None"], "dict[str, Any] | None"]


def _tensors(node: fx.Node) -> list[fx.Node]:
    """The results that a node reads, in order; also those in a list, as of cat."""
    found: list[fx.Node] = []
    map_arg((node.args, node.kwargs), found.append)
    return found


def _argument(node: fx.Node, place: int, name: str, default: object) -> Any:
    """What a call is given at a place or by name."""
    if place < len(node.args):
        return node.args[place]
    return node.kwargs.get(name, default)


def _in_place(node: fx.Node, layer: nn.Module | None) -> bool:
    """Whether a node writes its result into the first tensor that it reads."""
    if layer is not None:
        return bool(getattr(layer, "inplace", False))
    return node.target is F.relu and bool(_argument(node, 1, "inplace", False))


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
    many = list(value) if isinstance(value, (list, tuple)) else [value]
    return [int(v) for v in (2 * many)[:2]]


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
        if layer.output_size not in (1, (1, 1), [1, 1]):
            raise _refuse(name, "the output size", layer.output_size)
        if getattr(layer, "return_indices", False):
            raise _refuse(name, "return_indices", True)
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
        "mean": exactly(layer.running_mean),  # what is left of x − mean may be small
        "variance": exactly(layer.running_var),  # and a divisor smaller still
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
