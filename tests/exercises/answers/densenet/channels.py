"""Answers to densenet-channels: what a check must refuse, and what it must accept."""

RIGHT = {
    "list": """
channels, n = [], growth * 2
for i, convs in enumerate(blocks):
    if i:
        n //= 2
        channels.append(n)
    n += convs * growth
    channels.append(n)
""",
    "walked": """
from d2lmini import summary
from d2lmini.nets import densenet

rows = summary(densenet(blocks=blocks, growth=growth), (1, 96, 96)).rows
named = [row for row in rows if row.layer in ("DenseBlock", "Sequential")]
channels = tuple(row.shape[1] for row in named)
""",
}
_LOOP = """
now, channels = {start}, []
for convs in blocks:
    channels += [now + convs * growth, (now + convs * growth) // 2]
    now = channels[-1]
channels = tuple(channels[:{end}])
"""
WRONG = {
    "constant": (
        "channels = (192, 96, 224, 112, 240, 120, 248)",
        "channels, entry 0",
    ),
    "stem-of-64": (
        _LOOP.format(start=64, end=-1),
        "found 112, expected 72",
    ),
    "stem-of-growth": (
        _LOOP.format(start="growth", end=-1),
        "found 60, expected 72",
    ),
    "one-transition-too-many": (
        _LOOP.format(start="2 * growth", end=None),
        "with 8 entries, expected (72, 36, 84, 42, 90, 45, 93) with 7",
    ),
    "never-halved": (
        """
channels = [2 * growth + growth * sum(blocks[: i + 1]) for i in range(len(blocks))]
""",
        "with 4 entries",
    ),
    "input-lost": (
        "channels = (48, 24, 48, 24, 48, 24, 48)",
        "found 48, expected 72",
    ),
}
