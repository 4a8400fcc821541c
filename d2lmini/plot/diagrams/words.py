"""What the boxes of a diagram say."""

from enum import Enum, auto
from typing import Any, NamedTuple

from torch import nn

from d2lmini.nets.twin import class_of


class Kind(Enum):
    """What a step is, and so how it is drawn."""

    INPUT = auto()
    LAYER = auto()  # has weights
    POOL = auto()
    SMALL = auto()  # works on each element; shares a box with its layer
    JOIN = auto()  # of several paths
    OTHER = auto()
    NONE = auto()  # changes nothing and is not drawn


class Words(NamedTuple):
    """The name of a step, and details that are set smaller."""

    name: str
    kind: Kind
    details: tuple[str, ...] = ()
    sign: str = ""  # stands for the name in a small circle
    changes: bool = False  # works in place

    def __str__(self) -> str:
        return ", ".join((self.name, *self.details))


SMALL = {
    nn.BatchNorm1d: "batch norm",
    nn.BatchNorm2d: "batch norm",
    nn.GroupNorm: "group norm",
    nn.InstanceNorm2d: "instance norm",
    nn.LayerNorm: "layer norm",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    nn.Softmax: "softmax",
}
ACTIVATIONS = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU),
    *(nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Softplus),
)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
POOLS = {nn.MaxPool2d: "max-pooling", nn.AvgPool2d: "average pooling"}
ADAPTIVE = {
    nn.AdaptiveAvgPool2d: "average pooling",
    nn.AdaptiveMaxPool2d: "max-pooling",
}

#: Functions that join paths, by name: the word, and the sign in a circle.
JOINS = {
    "add": ("addition", "+"),
    "sub": ("subtraction", "−"),
    "mul": ("multiplication", "×"),
    "cat": ("concatenation", ""),
    "concat": ("concatenation", ""),
    "concatenate": ("concatenation", ""),
    "stack": ("stack", ""),
}
FUNCTIONS = {
    "relu": "ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softmax": "softmax",
    "dropout": "dropout",
    "batch_norm": "batch norm",
}
HANDED_ON = {"contiguous", "clone", "detach", "to", "float", "get", "view_as"}


def of_layer(layer: nn.Module) -> Words:
    """The words for a layer of ``torch.nn``; for others the name of the class."""
    if isinstance(layer, CONVOLUTIONS):
        return _convolution(layer)
    if isinstance(layer, nn.Linear):
        return Words("dense", Kind.LAYER, (_many(layer.out_features, "output"),))
    for kind, name in SMALL.items():
        if isinstance(layer, kind):
            return Words(name, Kind.SMALL)
    if isinstance(layer, DROPOUTS):
        return Words(f"dropout {layer.p:g}", Kind.SMALL)
    if isinstance(layer, ACTIVATIONS):
        return Words(class_of(layer), Kind.SMALL)
    for kind, name in POOLS.items():
        if isinstance(layer, kind):
            return _pooling(name, layer.kernel_size, layer.stride)
    for kind, name in ADAPTIVE.items():
        if isinstance(layer, kind):
            return _adaptive(name, layer.output_size)
    weighs = any(True for _ in layer.parameters())
    return Words(class_of(layer), Kind.LAYER if weighs else Kind.OTHER)


def of_function(func: Any, args: Any, kwargs: Any) -> Words:
    """The words for a function of tensors, such as ``torch.cat``."""
    raw = str(getattr(func, "__name__", "function"))
    name = raw.strip("_")
    changes = raw in ("__iadd__", "__isub__", "__imul__") or kwargs.get(
        "inplace", False
    )
    changes = bool(changes) or (raw.endswith("_") and not raw.startswith("__"))
    plain = name[1:] if name in ("iadd", "isub", "imul", "radd", "rmul") else name
    if name in HANDED_ON:
        return Words(name, Kind.NONE)
    if plain in JOINS:
        word, sign = JOINS[plain]
        return Words(word, Kind.JOIN, _parts(name, args, kwargs), sign, changes)
    if name in FUNCTIONS:
        return Words(FUNCTIONS[name], Kind.SMALL, (), "", changes)
    if name in ("conv2d", "linear"):
        return _weighted(name, args[1] if len(args) > 1 else kwargs["weight"])
    if name in ("max_pool2d", "avg_pool2d"):
        kernel = args[1] if len(args) > 1 else kwargs.get("kernel_size", 1)
        stride = args[2] if len(args) > 2 else kwargs.get("stride")
        word = "max-pooling" if name.startswith("max") else "average pooling"
        return _pooling(word, kernel, stride or kernel)
    return Words(name.replace("_", " "), Kind.OTHER, (), "", changes)


def _weighted(name: str, weight: Any) -> Words:
    """A layer that is not in the net's list of layers, by its weights."""
    if name == "linear":
        return Words("dense", Kind.LAYER, (_many(weight.shape[0], "output"),))
    size = _size(tuple(weight.shape[2:]))
    return Words(
        f"{size} convolution", Kind.LAYER, (_many(weight.shape[0], "channel"),)
    )


def _parts(name: str, args: Any, kwargs: Any) -> tuple[str, ...]:
    """The channels that a concatenation puts together: "64 + 32 channels"."""
    if not name.startswith("cat") or not args:
        return ()
    along = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis", 0))
    if along % args[0][0].ndim != 1:
        return (f"along axis {along}",)
    return (" + ".join(str(part.shape[1]) for part in args[0]) + " channels",)


def _convolution(layer: Any) -> Words:
    apart = layer.groups == layer.in_channels > 1
    name = f"{_size(layer.kernel_size)} convolution"
    if isinstance(layer, nn.ConvTranspose2d):
        name = f"{_size(layer.kernel_size)} transposed convolution"
    details = [_many(layer.out_channels, "channel")]
    if layer.stride != (1, 1):
        details.append(f"stride {_short(layer.stride)}")
    if layer.dilation != (1, 1):
        details.append(f"dilation {_short(layer.dilation)}")
    if layer.groups > 1:
        details.append("depthwise" if apart else f"{layer.groups} groups")
    return Words(name, Kind.LAYER, tuple(details))


def _pooling(name: str, kernel: Any, stride: Any) -> Words:
    return Words(f"{_size(kernel)} {name}", Kind.POOL, (f"stride {_short(stride)}",))


def _adaptive(name: str, size: Any) -> Words:
    if size in (1, (1, 1)):
        return Words(f"global {name}", Kind.POOL)
    return Words(name, Kind.POOL, (f"to {_size(size)}",))


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _size(value: Any) -> str:
    """3 or (3, 5) as "3×3" or "3×5"."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    return "×".join("any" if n is None else str(n) for n in pair)


def _short(value: Any) -> str:
    """2 or (2, 2) as "2", (2, 1) as "2×1"."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    return str(pair[0]) if pair[0] == pair[-1] else _size(pair)
