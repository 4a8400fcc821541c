"""Which function of ATen follows which rule."""

from collections.abc import Callable
from typing import Any

from d2lmini.analysis.field.mixing import (
    _attended,
    _mixed,
    _multiplied,
    _normalised,
    _reduced,
)
from d2lmini.analysis.field.shapes import (
    _expanded,
    _indexed,
    _joined,
    _permuted,
    _slice,
    _split,
    _view,
)
from d2lmini.analysis.field.spans import _Call, _same
from d2lmini.analysis.field.windows import (
    _adapted,
    _convolved,
    _drawn,
    _flipped,
    _halved,
    _padded,
    _pooled,
    _regrouped,
    _resampled,
    _rolled,
    _shuffled,
)

Rule = Callable[[_Call], Any]
#: By name; those of the last lines are pointwise, though not tagged so.
_BY_NAME: tuple[tuple[Rule, str], ...] = (
    (_view, "view _unsafe_view _reshape_alias unsqueeze squeeze"),
    (_expanded, "expand"),
    (_permuted, "permute transpose t"),
    (_slice, "slice select"),
    (_split, "split split_with_sizes unsafe_split unsafe_split_with_sizes unbind"),
    (_joined, "cat stack"),
    (_indexed, "index index_select"),
    (_rolled, "roll"),
    (_flipped, "flip"),
    (_shuffled, "pixel_shuffle pixel_unshuffle"),
    (_convolved, "convolution _convolution"),
    (_multiplied, "mm bmm addmm baddbmm"),
    (_drawn, "fractional_max_pool2d"),
    (_same, "alias detach lift_fresh _to_copy copy fill zero dropout native_dropout"),
    (_halved, "glu"),
    (_regrouped, "channel_shuffle native_channel_shuffle"),
    (_same, "hardswish log_sigmoid_forward rrelu_with_noise _prelu_kernel"),
)
RULES = {name: rule for rule, names in _BY_NAME for name in names.split()}
#: What only has the size of its argument, or draws by it.
UNSEEING = {
    *("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    *("new_zeros", "new_ones", "new_empty", "new_full", "size"),
}


def _rule(call: _Call) -> Rule | None:
    """By the kind of function: its name, or what its arguments are called."""
    name = call.name.lstrip("_")
    for start, rule in (
        ("adaptive_", _adapted),
        *((f"{kind}_pool{n}d", _pooled) for kind in ("max", "avg") for n in "123"),
        ("upsample", _resampled),
        *(
            (f"{kind}_pad", _padded)
            for kind in ("constant", "reflection", "replication")
        ),
        ("scaled_dot_product", _attended),
    ):
        if name.startswith(start):
            return rule
    if any(f"{kind}_norm" in name for kind in ("batch", "layer", "group", "rms")):
        return _normalised
    if name in ("softmax", "log_softmax", "safe_softmax"):
        return lambda call: _mixed(call, [call["dim"]])
    if "keepdim" in call.given:
        return _reduced
    if name in ("mean", "sum", "max", "min", "prod", "std", "var") and not call.shape:
        return lambda call: _mixed(call, None)
    return _same if call.pointwise else None
