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
        "slim(100, 7): layer 20 (Linear) gives shape (1, 10), expected (1, 7)",
    ),
    "always-512": (
        CONVS + DENSE.replace("width", "512"),
        "slim(64, 10): layer 14 (Linear) gives shape (1, 512), expected (1, 64)",
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
