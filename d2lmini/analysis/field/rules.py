"""Which function of ATen follows which rule."""

from collections.abc import Callable
from typing import Any

from d2lmini.analysis.field.mixing import (
    attended,
    mixed,
    multiplied,
    normalised,
    reduced,
)
from d2lmini.analysis.field.shapes import (
    expanded,
    indexed,
    joined,
    parted,
    permuted,
    sliced,
    view,
)
from d2lmini.analysis.field.spans import Call, same
from d2lmini.analysis.field.windows import (
    adapted,
    convolved,
    drawn,
    flipped,
    halved,
    padded,
    pooled,
    regrouped,
    resampled,
    rolled,
    shuffled,
)

Rule = Callable[[Call], Any]
#: By name; those of the last lines are pointwise, though not tagged so.
_BY_NAME: tuple[tuple[Rule, str], ...] = (
    (view, "view _unsafe_view _reshape_alias unsqueeze squeeze"),
    (expanded, "expand"),
    (permuted, "permute transpose t"),
    (sliced, "slice select"),
    (parted, "split split_with_sizes unsafe_split unsafe_split_with_sizes unbind"),
    (joined, "cat stack"),
    (indexed, "index index_select"),
    (rolled, "roll"),
    (flipped, "flip"),
    (shuffled, "pixel_shuffle pixel_unshuffle"),
    (convolved, "convolution _convolution"),
    (multiplied, "mm bmm addmm baddbmm"),
    (drawn, "fractional_max_pool2d"),
    (same, "alias detach lift_fresh _to_copy copy fill zero dropout native_dropout"),
    (halved, "glu"),
    (regrouped, "channel_shuffle native_channel_shuffle"),
    (same, "hardswish log_sigmoid_forward rrelu_with_noise _prelu_kernel"),
)
RULES = {name: rule for rule, names in _BY_NAME for name in names.split()}
#: What only has the size of its argument, or draws by it.
UNSEEING = {
    *("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    *("new_zeros", "new_ones", "new_empty", "new_full", "size"),
}


def rule_of(call: Call) -> Rule | None:
    """By the kind of function: its name, or what its arguments are called."""
    name = call.name.lstrip("_")
    for start, rule in (
        ("adaptive_", adapted),
        *((f"{kind}_pool{n}d", pooled) for kind in ("max", "avg") for n in "123"),
        ("upsample", resampled),
        *(
            (f"{kind}_pad", padded)
            for kind in ("constant", "reflection", "replication")
        ),
        ("scaled_dot_product", attended),
    ):
        if name.startswith(start):
            return rule
    if any(f"{kind}_norm" in name for kind in ("batch", "layer", "group", "rms")):
        return normalised
    if name in ("softmax", "log_softmax", "safe_softmax"):
        return lambda call: mixed(call, [call["dim"]])
    if "keepdim" in call.given:
        return reduced
    if name in ("mean", "sum", "max", "min", "prod", "std", "var") and not call.shape:
        return lambda call: mixed(call, None)
    return same if call.pointwise else None
