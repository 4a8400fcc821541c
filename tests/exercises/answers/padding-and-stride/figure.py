"""Answers to padding-and-stride-figure: what a check must refuse and must accept."""

_PLACES = """
figure = drawn[layer]
places = [[j for j, mark in enumerate(row) if mark == "#"] for row in figure]
whole = max(places, key=len)
"""
RIGHT = {
    "tried-out": """
figure = drawn[layer]


def picture(kernel, stride, padding, dilation):
    pixels = len(figure[0])
    count = (pixels + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    rows = []
    for i in range(count):
        met = {i * stride - padding + a * dilation for a in range(kernel)}
        rows.append("".join("#" if j in met else "." for j in range(pixels)))
    return rows


settings = next(
    (k, s, p, d)
    for k in range(2, 7)
    for s in range(1, 6)
    for p in range(7)
    for d in range(1, 5)
    if picture(k, s, p, d) == figure
)
read = {j for row in figure for j, mark in enumerate(row) if mark == "#"}
unread = len(figure[0]) - len(read)
""",
    "by-ends": _PLACES
    + """
step = places[1][-1] - places[0][-1]
apart = whole[1] - whole[0]
begin = places.index(whole) * step - whole[0]
settings = (len(whole), step, begin, apart)
unread = sum(all(row[j] == "." for row in figure) for j in range(len(figure[0])))
""",
}
WRONG = {
    "span-for-kernel": (
        _PLACES
        + """
settings = (whole[-1] - whole[0] + 1, 2, 2, 1)
unread = 5
""",
        "settings",
    ),
    "no-padding": ("settings, unread = (3, 2, 0, 2), 5", "settings"),
    "swapped": ("settings, unread = (3, 2, 2, 2)[::-1], 5", "settings"),
    "zeros-not-pixels": (
        """
settings = (3, 2, 2, 2)
unread = sum(row.count(".") for row in drawn[layer])
""",
        "unread",
    ),
    "padding-on-both-sides-together": (
        "settings, unread = (3, 2, 4, 2), 5",
        "settings",
    ),
}
