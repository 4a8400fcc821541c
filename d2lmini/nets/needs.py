"""What a layer of ``torch.nn`` needs of its input, and what is wrong with one."""

from typing import Any, NamedTuple

from torch import Tensor, nn

from d2lmini.arguments import dtype_name

POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d),
    *(nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
INSTANCE_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
_KINDS = (CONVOLUTIONS, TRANSPOSED, POOLS[:3], POOLS[3:], BATCH_NORMS, INSTANCE_NORMS)
SIDED = tuple(zip(*_KINDS, strict=True))  # those of one side, of two, of three
SIDES = ("length", "height, width", "depth, height, width")


class Wrong(NamedTuple):
    """Why an input does not fit a layer."""

    reaches: str  # "12 channels reach"
    takes: str
    remedy: str = ""  # "" for channels, where it hangs on who made them
    window: bool = False  # larger than what is left of the image


def wrong(layer: nn.Module, X: Tensor) -> Wrong | None:
    """What keeps ``layer`` from taking ``X``, by shape; None if nothing is seen."""
    shape = tuple(X.shape)
    return _rank(layer, shape) or _sizes(layer, shape) or _numbers(layer, X)


def too_small(layer: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether the window of ``layer`` is larger than the padded input."""
    if not isinstance(layer, (*CONVOLUTIONS, *POOLS)):
        return False
    sides = _sides(layer)
    kernel = _each(layer.kernel_size, sides)
    padding: Any = layer.padding
    if isinstance(padding, str):  # "same" always fits, "valid" pads nothing
        padding = 0 if padding == "valid" else kernel
    dilation = _each(getattr(layer, "dilation", 1), sides)
    stride = _each(layer.stride, sides)
    beyond = int(getattr(layer, "ceil_mode", False))  # the last one may stick out
    return any(
        n + 2 * p + beyond * (s - 1) < d * (k - 1) + 1
        for n, p, d, k, s in zip(
            shape[-sides:], _each(padding, sides), dilation, kernel, stride, strict=True
        )
    )


def _rank(layer: nn.Module, shape: tuple[int, ...]) -> Wrong | None:
    """Too few or too many dimensions."""
    sides = _sides(layer)
    known = {sides + 2}
    if not isinstance(layer, BATCH_NORMS):
        known.add(sides + 1)  # one image, without a batch
    elif sides == 1:
        known.add(2)
    if not sides or len(shape) in known:
        return None
    form = f"(N, channels, {SIDES[sides - 1]})"
    if len(shape) <= sides:
        remedy = "put it in front of what flattens the image"
    else:
        remedy = (
            f"take the layer for {len(shape) - 2} sides, or flatten the image first"
        )
    takes = f"(N, channels) or {form}" if 2 in known else form
    return Wrong(f"a tensor of shape {shape} reaches", takes, remedy)


def _sizes(layer: nn.Module, shape: tuple[int, ...]) -> Wrong | None:
    """The wrong number of channels or features, or too few pixels."""
    found, takes = shape[-1] if shape else 0, _features(layer)
    if takes and found != takes:
        return Wrong(
            f"{found} features reach", f"{takes}", "change resize or the layer"
        )
    where, takes = _channels(layer)
    found = shape[where] if -len(shape) <= where < len(shape) else 0
    if takes and found and found != takes:
        return Wrong(f"{found} channels reach", f"{takes}")
    if isinstance(layer, (nn.LayerNorm, nn.RMSNorm)):
        normal = tuple(layer.normalized_shape)
        last = shape[-len(normal) :]
        if last != normal:
            return Wrong(f"{last} reaches", f"{normal}", "change resize or the layer")
    if isinstance(layer, (nn.PixelShuffle, nn.PixelUnshuffle)) and len(shape) > 2:
        return _shuffled(layer, shape)
    if too_small(layer, shape):
        return Wrong("", "", window=True)
    return None


def _shuffled(layer: Any, shape: tuple[int, ...]) -> Wrong | None:
    if isinstance(layer, nn.PixelShuffle):
        n = layer.upscale_factor**2
        if shape[-3] % n:
            return Wrong(f"{shape[-3]} channels reach", f"a multiple of {n}")
        return None
    n = layer.downscale_factor
    if shape[-1] % n or shape[-2] % n:
        size = f"{shape[-2]}×{shape[-1]}"
        return Wrong(f"{size} pixels reach", f"sides that {n} divides", "change resize")
    return None


def _numbers(layer: nn.Module, X: Tensor) -> Wrong | None:
    if isinstance(layer, (nn.Embedding, nn.EmbeddingBag)) and X.is_floating_point():
        kind = dtype_name(X.dtype)
        return Wrong(f"{kind} numbers reach", "whole numbers", "give it .long() ones")
    return None


def _features(layer: nn.Module) -> int:
    """How long the last dimension must be; 0 when it may be anything."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    if isinstance(layer, (nn.RNNBase, nn.RNNCellBase)):
        return layer.input_size
    return layer.embed_dim if isinstance(layer, nn.MultiheadAttention) else 0


def _channels(layer: nn.Module) -> tuple[int, int]:
    """Along which dimension how many channels a layer takes; 0 when any."""
    if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED)):
        return -1 - _sides(layer), layer.in_channels
    if isinstance(layer, BATCH_NORMS):
        return 1, layer.num_features
    if isinstance(layer, INSTANCE_NORMS):
        tied = layer.affine or layer.track_running_stats
        return -1 - _sides(layer), layer.num_features if tied else 0
    if isinstance(layer, nn.GroupNorm):
        return 1, layer.num_channels
    if isinstance(layer, nn.PReLU) and layer.num_parameters > 1:
        return 1, layer.num_parameters
    return 0, 0


def _sides(layer: nn.Module) -> int:
    """1 for Conv1d, 2 for MaxPool2d, …; 0 for a layer of another kind."""
    fits = (sides for sides, kinds in enumerate(SIDED, 1) if isinstance(layer, kinds))
    return next(fits, 0)


def _each(value: Any, sides: int) -> tuple[int, ...]:
    """One number for each side, from one for all or from a tuple."""
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return given * sides if len(given) == 1 else given
