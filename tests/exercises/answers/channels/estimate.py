"""Answers to channels-estimate: what a check must refuse, and what it must accept."""

RIGHT = {
    "from-the-layer": """
import torch

layer = torch.nn.Conv2d(n_in, n_out, 3, bias=False, device="meta")
weights_mb = layer.weight.numel() * 4 / 10**6
numbers = pictures * n_out * map_side * map_side
maps_mb = numbers * 4 / 10**6
billions = numbers * n_in * 9 / 10**9
""",
    "in-binary-megabytes": """
weights_mb = 36 * n_in * n_out / 2**20
maps_mb = pictures * n_out * map_side**2 / 2**18
billions = maps_mb * n_in * 9 / 4 / 1000
""",
}
_ANSWER = """
weights_mb = {weights} / 1e6
maps_mb = {maps} / 1e6
billions = {work} / 1e9
"""
_TRUE = {
    "weights": "36 * n_in * n_out",
    "maps": "4 * pictures * n_out * map_side**2",
    "work": "9 * n_in * n_out * map_side**2 * pictures",
}


def _wrong(**part):
    return _ANSWER.format(**{**_TRUE, **part})


WRONG = {
    "constant": ("weights_mb = maps_mb = billions = 1", "weights_mb: "),
    "no-bytes": (_wrong(weights="9 * n_in * n_out"), "weights_mb: "),
    "one-picture": (_wrong(maps="4 * n_out * map_side**2"), "maps_mb: "),
    "the-input": (
        _wrong(maps="4 * pictures * (n_in + n_out) * map_side**2"),
        "maps_mb: ",
    ),
    "products-and-sums": (
        _wrong(work="18 * n_in * n_out * map_side**2 * pictures"),
        "billions: ",
    ),
    "work-of-one": (_wrong(work="9 * n_in * n_out * map_side**2"), "billions: "),
}
