"""Answers to alexnet-head: what a check must refuse, and what it must accept."""

CONVS = """
from torch import nn


def slim(width, num_classes=10):
    convs = [
        *(nn.Conv2d(1, 96, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        nn.Flatten(),
    ]
"""
DENSE = """
    dense = [
        *(nn.Linear(6400, width), nn.ReLU(), nn.Dropout(0.5)),
        *(nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(width, num_classes),
    ]
    return nn.Sequential(*convs, *dense)
"""
RIGHT = {
    "all-anew": CONVS + DENSE,
    "by-loop": CONVS
    + """
    layers, sides = convs, [6400, width, width]
    for a, b in zip(sides[:-1], sides[1:], strict=True):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(width, num_classes))
""",
}
WRONG = {
    "one-dense-layer": (
        CONVS
        + """
    dense = [nn.Linear(6400, width), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*convs, *dense, nn.Linear(width, num_classes))
""",
        "slim(512, 10): layer 17 (Linear) gives shape (1, 10), expected (1, 512)",
    ),
    "no-dropout": (
        CONVS + DENSE.replace("nn.Dropout(0.5)", "nn.Identity()"),
        "slim(512, 10), layer 16: found 'Identity', expected 'Dropout'",
    ),
    "little-dropout": (
        CONVS + DENSE.replace("nn.Dropout(0.5)", "nn.Dropout(0.1)"),
        "p of layer 16: found 0.1, expected 0.5",
    ),
    "always-ten-classes": (
        CONVS + DENSE.replace("num_classes", "10"),
        "7): layer 20 (Linear) gives shape (1, 10), expected (1, 7).",
    ),
    "always-512": (
        CONVS + DENSE.replace("width", "512"),
        "7): layer 14 (Linear) gives shape (1, 512), expected (1, 64).",
    ),
    "without-biases": (
        CONVS + DENSE.replace("width, width", "width, width, bias=False"),
        "slim(512, 10): found",
    ),
    "sigmoids": (
        CONVS + DENSE.replace("nn.ReLU()", "nn.Sigmoid()"),
        "layer 15: found 'Sigmoid', expected 'ReLU'",
    ),
}
CHANGED = {
    "first-layer-only": (
        "net[17] = nn.Linear(width, width)",
        (
            "net[17] = nn.Linear(width, 4096)\n"
            "    net[20] = nn.Linear(4096, num_classes)\n"
            "    return net"
        ),
        "10): layer 17 (Linear) gives shape (1, 4096), expected (1, 512).",
    ),
    "head-cut-off": (
        "return nets.initialise(net, nets.he)",
        "return net[:-1]",
        "slim(512, 10): the network has 20 layers, expected 21.",
    ),
    "softmax-added": (
        "return nets.initialise(net, nets.he)",
        "return nn.Sequential(*net, nn.Softmax(1))",
        "slim(512, 10): the network has 22 layers, expected 21.",
    ),
    "narrow-maps-too": (
        "net = nets.alexnet(num_classes)",
        ("net = nets.alexnet(num_classes)\n    net[12] = nn.MaxPool2d(3, 3)"),
        "of Sequential, which takes 6400; change resize or the layer.",
    ),
    "dropout-of-0.2": (
        "return nets.initialise(net, nets.he)",
        ("net[16].p = 0.2\n    return net"),
        "slim(512, 10), p of layer 16: found 0.2, expected 0.5.",
    ),
}
