"""Answers to pooling-shape: what a check must refuse, and what it must accept."""

RIGHT = {
    "by-counting-windows": """
def count(n, up):
    starts = range(-padding, n + padding, stride)
    if up:
        return sum(s < n and s - stride + window < n + padding for s in starts)
    return sum(s + window <= n + padding for s in starts)


rounded_down = count(height, False), count(width, False)
rounded_up = count(height, True), count(width, True)
""",
    "formula-in-a-list": """
import math

down, up = [], []
for n in (height, width):
    rest = (n + 2 * padding - window) / stride
    down.append(math.floor(rest) + 1)
    above = math.ceil(rest) + 1
    up.append(above - 1 if (above - 1) * stride >= n + padding else above)
rounded_down, rounded_up = down, up
""",
}
WRONG = {
    "constant": (
        "rounded_down = rounded_up = (10, 10)",
        "height and width with ceil_mode=False",
    ),
    "exception-forgotten": (
        """
def size(n, up):
    rest = n + 2 * padding - window
    return (-(-rest // stride) if up else rest // stride) + 1


rounded_down = (size(height, False), size(width, False))
rounded_up = (size(height, True), size(width, True))
""",
        "height and width with ceil_mode=True, entry 1",
    ),
    "off-by-one": (
        """
rounded_down = tuple((n + 2 * padding - window) // stride for n in (height, width))
rounded_up = tuple(n + 1 for n in rounded_down)
""",
        "height and width with ceil_mode=False, entry 0",
    ),
    "transposed": (
        """
rounded_down = tuple((n + 2 * padding - window) // stride + 1 for n in (width, height))
rounded_up = rounded_down
""",
        "height and width with ceil_mode=False, entry 0",
    ),
    "one-number": (
        """
rounded_down = (height + 2 * padding - window) // stride + 1
rounded_up = rounded_down + 1
""",
        "and width with ceil_mode=False: found 10, which is no tuple.",
    ),
}
