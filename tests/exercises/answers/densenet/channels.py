"""Answers to densenet-channels: what a check must refuse, and what it must accept."""

RIGHT = {
    "list": """
channels_after, n = [], rate * 2
for i, convs in enumerate(blocks):
    if i:
        n //= 2
        channels_after.append(n)
    n += convs * rate
    channels_after.append(n)
""",
    "walked": """
from d2lmini import summary
from d2lmini.nets import densenet

rows = summary(densenet(blocks=blocks, growth=rate), (1, 96, 96)).rows
named = [row for row in rows if row.layer in ("DenseBlock", "Sequential")]
channels_after = tuple(row.shape[1] for row in named)
""",
}
_LOOP = """
now, channels_after = {start}, []
for convs in blocks:
    channels_after += [now + convs * rate, (now + convs * rate) // 2]
    now = channels_after[-1]
channels_after = tuple(channels_after[:{end}])
"""
WRONG = {
    "constant": (
        "channels_after = (192, 96, 224, 112, 240, 120, 248)",
        "channels_after, entry 0",
    ),
    "stem-of-64": (
        _LOOP.format(start=64, end=-1),
        "in (112, 56, 104, 52, 100, 50, 98): found 112, which is too high.",
    ),
    "stem-of-growth": (
        _LOOP.format(start="rate", end=-1),
        "0 in (60, 30, 78, 39, 87, 43, 91): found 60, which is too low.",
    ),
    "one-transition-too-many": (
        _LOOP.format(start="2 * rate", end=None),
        "(72, 36, 84, 42, 90, 45, 93, 46), which has too many entries.",
    ),
    "never-halved": (
        """
grown = [rate * sum(blocks[: i + 1]) for i in range(len(blocks))]
channels_after = [2 * rate + one for one in grown]
""",
        "found (72, 120, 168, 216), which has too few entries.",
    ),
    "input-lost": (
        "channels_after = (48, 24, 48, 24, 48, 24, 48)",
        "0 in (48, 24, 48, 24, 48, 24, 48): found 48, which is too low.",
    ),
}
