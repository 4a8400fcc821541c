"""Answers to vgg-replace: what a check must refuse, and what it must accept."""

START = """
from torch import nn


def stacked(conv):
    k, a, b = conv.kernel_size[0], conv.in_channels, conv.out_channels
    if k not in range(3, 100, 2):
        raise ValueError("nothing to stack")
"""
RIGHT = {
    "first-then-the-rest": START
    + """
    layers = [nn.Conv2d(a, b, 3, padding=1)]
    for _ in range(k // 2 - 1):
        layers += [nn.ReLU(), nn.Conv2d(b, b, 3, padding=1)]
    return nn.Sequential(*layers)
""",
    "drop-the-last": START
    + """
    net = nn.Sequential()
    for i in range(k // 2):
        net.append(nn.Conv2d(b if i else a, b, 3, 1, 1))
        net.append(nn.ReLU())
    return net[:-1]
""",
}
WRONG = {
    "nothing": (
        "def stacked(conv):\n    pass",
        "'NoneType' object is not iterable: did you forget `return`",
    ),
    "always-refuses": (
        "def stacked(conv):\n    raise ValueError",
        "2 of 7 cases are right",
    ),
    "relu-at-the-end": (
        START
        + """
    layers = []
    for i in range(k // 2):
        layers += [nn.Conv2d(b if i else a, b, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)
""",
        "its layers",
    ),
    "one-too-many": (
        START
        + """
    layers = [nn.Conv2d(a, b, 3, padding=1)]
    for _ in range(k // 2):
        layers += [nn.ReLU(), nn.Conv2d(b, b, 3, padding=1)]
    return nn.Sequential(*layers)
""",
        "its layers",
    ),
    "no-padding": (
        START
        + """
    layers = [nn.Conv2d(a, b, 3)]
    for _ in range(k // 2 - 1):
        layers += [nn.ReLU(), nn.Conv2d(b, b, 3)]
    return nn.Sequential(*layers)
""",
        "gives shape (1, 24, 10, 10), expected (1, 24, 12, 12)",
    ),
    "channels-at-the-end": (
        START
        + """
    layers = []
    for _ in range(k // 2 - 1):
        layers += [nn.Conv2d(a, a, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(a, b, 3, padding=1))
""",
        "gives shape (1, 8, 12, 12), expected (1, 24, 12, 12)",
    ),
    "without-biases": (
        START
        + """
    layers = [nn.Conv2d(a, b, 3, padding=1)]
    for _ in range(k // 2 - 1):
        layers += [nn.ReLU(), nn.Conv2d(b, b, 3, padding=1, bias=False)]
    return nn.Sequential(*layers)
""",
        "parameters, expected",
    ),
    "kernels-of-five": (
        START
        + """
    layers = [nn.Conv2d(a, b, 5, padding=2)]
    for _ in range(k // 2 - 1):
        layers += [nn.ReLU(), nn.Conv2d(b, b, 5, padding=2)]
    return nn.Sequential(*layers)
""",
        "its field",
    ),
    "takes-even-kernels": (
        """
from torch import nn


def stacked(conv):
    k, a, b = conv.kernel_size[0], conv.in_channels, conv.out_channels
    if k == 1:
        raise ValueError("nothing to stack")
    layers = [nn.Conv2d(a, b, 3, padding=1)]
    for _ in range(k // 2 - 1):
        layers += [nn.ReLU(), nn.Conv2d(b, b, 3, padding=1)]
    return nn.Sequential(*layers)
""",
        "a kernel of 2×2",
    ),
}
CHANGED = {
    "relu-after-the-last": (
        "return net",
        ("net.append(nn.ReLU())\n    return net"),
        "expected ('Conv2d', 'ReLU', 'Conv2d', 'ReLU', 'Conv2d') with 5.",
    ),
    "one-layer-too-few": (
        "for i in range((size - 1) // 2):",
        "for i in range(max((size - 3) // 2, 1)):",
        "expected ('Conv2d', 'ReLU', 'Conv2d', 'ReLU', 'Conv2d') with 5.",
    ),
    "widens-last": (
        (
            "net.append(nn.Conv2d(channels, conv.out_channels, 3, padding=1))\n"
            "        channels = conv.out_channels"
        ),
        (
            "wide = conv.out_channels if i == (size - 3) // 2 else channels\n"
            "        net.append(nn.Conv2d(channels, wide, 3, padding=1))\n"
            "        channels = wide"
        ),
        "0 (Conv2d) gives shape (1, 8, 12, 12), expected (1, 24, 12, 12).",
    ),
    "even-kernels-taken": (
        "if size < 3 or size % 2 == 0:",
        "if size < 3:",
        "returned a Sequential and raised nothing, expected ValueError.",
    ),
    "without-biases": (
        "3, padding=1))",
        "3, padding=1, bias=False))",
        "24, 7)): found 12,096 parameters, expected 12,168.",
    ),
}
